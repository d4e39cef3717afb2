/* SPDX-License-Identifier: BSD-2-Clause */
/* phrase.c - see phrase.h */
#include "feedback/phrase.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define STATES_MAX	UINT16_MAX
#define NONE		UINT16_MAX

struct phrases {
	uint8_t		 cls[256];	/* octet -> column; 0 = in no phrase */
	unsigned	 ncls;
	uint16_t	*next;		/* states x 256 while it grows, then
					   states x ncls */
	uint16_t	*out;		/* phrase that ends here, or NONE */
	uint16_t	*fail, *dict;	/* dict: next suffix with an output */
	unsigned	 n, cap, nphrases;
};

/* fold_wide - the same in UTF-8's two octets, Western European and Cyrillic:
 * there, too, a sentence begins with a capital */
static unsigned char
fold_wide(const char *p, size_t i, size_t n)
{
	unsigned char	c = (unsigned char)p[i];
	unsigned char	before = i > 0 ? (unsigned char)p[i - 1] : 0;
	unsigned char	after = i + 1 < n ? (unsigned char)p[i + 1] : 0;

	if (before == 0xc3 && c <= 0x9e && c != 0x97)
		return (unsigned char)(c | 0x20);
	if (before == 0xd0 && c >= 0x90 && c <= 0x9f)
		return (unsigned char)(c | 0x20);
	if (before == 0xd0 && c >= 0xa0 && c <= 0xaf)
		return (unsigned char)(c - 0x20);
	return c == 0xd0 && after >= 0xa0 && after <= 0xaf ? 0xd1 : c;
}

/* fold - how the i-th octet counts */
static unsigned char
fold(const char *p, size_t i, size_t n)
{
	unsigned char	c = (unsigned char)p[i];

	if (c >= 'A' && c <= 'Z')
		return (unsigned char)(c | 0x20);
	if (c >= 0x80)
		return fold_wide(p, i, n);
	return c == '\t' || c == '\n' || c == '\r' || c == '\f' ? ' ' : c;
}

static int
grow(struct phrases *ps)
{
	unsigned	 cap = ps->cap == 0 ? 1024 : ps->cap * 2;
	uint16_t	*next, *out;

	if (cap > STATES_MAX)
		cap = STATES_MAX;
	if (cap == ps->cap)
		return -1;
	if ((next = realloc(ps->next, (size_t)cap * 256 *
	    sizeof *next)) == NULL)
		return -1;
	ps->next = next;
	if ((out = realloc(ps->out, cap * sizeof *out)) == NULL)
		return -1;
	ps->out = out;
	ps->cap = cap;
	return 0;
}

/* state_new - index of a fresh state, or -1 */
static int
state_new(struct phrases *ps)
{
	if (ps->n == ps->cap && grow(ps) == -1)
		return -1;
	memset(ps->next + (size_t)ps->n * 256, 0, 256 * sizeof *ps->next);
	ps->out[ps->n] = NONE;
	return (int)ps->n++;
}

int
phrases_new(struct phrases **out, struct err *e)
{
	struct phrases	*ps = calloc(1, sizeof *ps);

	*out = ps;
	if (ps == NULL || state_new(ps) == -1) {
		phrases_free(out);
		return err_set(e, "out of memory");
	}
	ps->ncls = 1;
	return 0;
}

void
phrases_free(struct phrases **pp)
{
	struct phrases	*ps = *pp;

	if (ps == NULL)
		return;
	free(ps->next);
	free(ps->out);
	free(ps->fail);
	free(ps->dict);
	free(ps);
	*pp = NULL;
}

int
phrases_add(struct phrases *ps, const char *p, size_t n, struct err *e)
{
	unsigned char	c, last = 0;
	unsigned	state = 0;
	uint16_t	*to;
	size_t		i;
	int		fresh;

	for (i = 0; i < n; i++) {
		c = fold(p, i, n);
		if (c == ' ' && last == ' ')
			continue;
		last = c;
		if (ps->cls[c] == 0)
			ps->cls[c] = (uint8_t)ps->ncls++;
		if (ps->next[state * 256 + c] == 0) {
			if ((fresh = state_new(ps)) == -1)
				return err_set(e, "too many phrases");
			ps->next[state * 256 + c] = (uint16_t)fresh;
		}
		to = &ps->next[state * 256 + c];
		state = *to;
	}
	if (state == 0)
		return err_set(e, "an empty phrase");
	if (ps->out[state] == NONE) {
		if (ps->nphrases == PHRASES_MAX)
			return err_set(e, "more than %d phrases", PHRASES_MAX);
		ps->out[state] = (uint16_t)ps->nphrases++;
	}
	return ps->out[state];
}

/* columns - from 256 columns to those that are used */
static int
columns(struct phrases *ps)
{
	uint16_t	*next = calloc((size_t)ps->n * ps->ncls, sizeof *next);
	unsigned	 s, c;

	if (next == NULL)
		return -1;
	for (s = 0; s < ps->n; s++)
		for (c = 0; c < 256; c++)
			if (ps->cls[c] != 0)
				next[s * ps->ncls + ps->cls[c]] =
				    ps->next[s * 256 + c];
	free(ps->next);
	ps->next = next;
	return 0;
}

/* link - failure links, breadth first, folded into the transitions */
static void
link_states(struct phrases *ps, uint16_t *queue)
{
	unsigned	head = 0, tail = 0, s, c, t, f;

	for (c = 1; c < ps->ncls; c++)
		if ((t = ps->next[c]) != 0)
			queue[tail++] = (uint16_t)t;
	while (head < tail) {
		s = queue[head++];
		f = ps->fail[s];
		ps->dict[s] = ps->out[f] != NONE ? (uint16_t)f : ps->dict[f];
		for (c = 1; c < ps->ncls; c++) {
			t = ps->next[s * ps->ncls + c];
			if (t == 0) {
				ps->next[s * ps->ncls + c] =
				    ps->next[f * ps->ncls + c];
				continue;
			}
			ps->fail[t] = ps->next[f * ps->ncls + c];
			queue[tail++] = (uint16_t)t;
		}
	}
}

int
phrases_build(struct phrases *ps, struct err *e)
{
	uint16_t	*queue = calloc(ps->n, sizeof *queue);

	ps->fail = calloc(ps->n, sizeof *ps->fail);
	ps->dict = calloc(ps->n, sizeof *ps->dict);
	if (queue == NULL || ps->fail == NULL || ps->dict == NULL ||
	    columns(ps) == -1) {
		free(queue);
		return err_set(e, "out of memory");
	}
	link_states(ps, queue);
	free(queue);
	return 0;
}

void
phrases_scan(const struct phrases *ps, const char *p, size_t n,
    struct phrase_hits *hits)
{
	unsigned	state = 0, s;
	unsigned char	c, last = 0;
	size_t		i;

	for (i = 0; i < n; i++) {
		c = fold(p, i, n);
		if (c == ' ' && last == ' ')
			continue;
		last = c;
		state = ps->next[state * ps->ncls + ps->cls[c]];
		s = ps->out[state] != NONE ? state : ps->dict[state];
		for (; s != 0; s = ps->dict[s])
			hits->w[ps->out[s] / 64] |=
			    UINT64_C(1) << ps->out[s] % 64;
	}
}

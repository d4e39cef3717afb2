/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefilter.c - see prefilter.h
 *
 * Of each word one piece of four octets, its rarest, stands in a hash table;
 * words shorter than that have a piece of two. At each place of a text both
 * pieces are looked up in a table of bits, which is small enough to stay in
 * the nearest cache and nearly always says no. Only where it does not, the
 * words are compared. Words of a single octet are left to memchr().
 */
#include "rules/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WORDS_MAX	(1u << 20)
#define NONE		0xffffffffu
#define HASH_BITS	16		/* of a table of bits: 8 KB */

struct word {
	uint32_t	at, len;	/* of the text of all words */
	uint32_t	who;		/* owner */
	uint32_t	next;		/* same word, another owner */
	uint32_t	chain;		/* another word with the same piece */
	uint32_t	off;		/* of the piece in the word */
};

/* Pieces of one width. */
struct pieces {
	uint32_t	bits[(1u << HASH_BITS) / 32];
	struct slot {
		uint32_t	piece;
		uint32_t	first;		/* word, or NONE */
	}		*slot;
	size_t		 cap, n;	/* cap: a power of 2 */
};

struct prefilter {
	struct word	*word;
	size_t		 n, cap;
	char		*text;
	size_t		 len, text_cap;
	struct pieces	 two, four;
	uint32_t	 single[256];	/* words of one octet, or NONE */
	unsigned char	 singles[256];	/* the octets that have one */
	size_t		 nsingles;
};

struct prefilter *
prefilter_new(void)
{
	return calloc(1, sizeof(struct prefilter));
}

void
prefilter_free(struct prefilter **fp)
{
	if (fp == NULL || *fp == NULL)
		return;
	free((*fp)->word);
	free((*fp)->text);
	free((*fp)->two.slot);
	free((*fp)->four.slot);
	free(*fp);
	*fp = NULL;
}

/* room - for one more word of n octets */
static int
room(struct prefilter *f, size_t n)
{
	struct word	*word;
	char		*text;
	size_t		 cap;

	if (f->n == f->cap) {
		cap = f->cap == 0 ? 256 : 2 * f->cap;
		if (cap > WORDS_MAX || (word = realloc(f->word, cap *
		    sizeof *word)) == NULL)
			return -1;
		f->word = word;
		f->cap = cap;
	}
	if (f->text_cap - f->len < n) {
		cap = 2 * (f->text_cap + n);
		if (cap > NONE || (text = realloc(f->text, cap)) == NULL)
			return -1;
		f->text = text;
		f->text_cap = cap;
	}
	return 0;
}

int
prefilter_add(struct prefilter *f, const char *p, size_t n, uint32_t who)
{
	struct word	*w;
	size_t		 i;

	/* The empty word would be in every text: nobody asks for it. */
	if (n == 0 || room(f, n) == -1)
		return -1;
	w = &f->word[f->n++];
	w->at = (uint32_t)f->len;
	w->len = (uint32_t)n;
	w->who = who;
	for (i = 0; i < n; i++)
		f->text[f->len++] = (char)literal_fold((unsigned char)p[i]);
	return 0;
}

static int
by_text(const void *a, const void *b, void *arg)
{
	const struct word	*x = a, *y = b;
	const char		*text = arg;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(text + x->at, text + y->at, x->len);
}

/* rarity - how seldom an octet is in mail, roughly */
static unsigned
rarity(char c)
{
	static const char	often[] = " etaoinsrhldcu0m/pfg.wyb=v-\"<>,k:";
	const char		*p = c == '\0' ? NULL : strchr(often, c);

	return p == NULL ? sizeof often : (unsigned)(p - often);
}

/* rarest - where the rarest piece of that width begins in a word */
static uint32_t
rarest(const char *p, uint32_t len, uint32_t width)
{
	uint32_t	i, k, best = 0;
	unsigned	sum, most = 0;

	for (i = 0; i + width <= len; i++) {
		for (sum = 0, k = 0; k < width; k++)
			sum += rarity(p[i + k]);
		if (sum > most) {
			most = sum;
			best = i;
		}
	}
	return best;
}

static uint32_t
hash(uint32_t piece)
{
	return piece * 0x9e3779b1u >> (32 - HASH_BITS);
}

/* find - the slot of a piece, or the free one where it belongs */
static struct slot *
find(const struct pieces *t, uint32_t piece)
{
	size_t	i = hash(piece) & (t->cap - 1);

	while (t->slot[i].first != NONE && t->slot[i].piece != piece)
		i = (i + 1) & (t->cap - 1);
	return &t->slot[i];
}

/* put - a word under its piece of 2 or 4 octets */
static void
put(struct prefilter *f, struct pieces *t, uint32_t w, uint32_t width)
{
	struct word	*word = &f->word[w];
	struct slot	*s;
	uint32_t	 piece = 0;

	word->off = rarest(f->text + word->at, word->len, width);
	memcpy(&piece, f->text + word->at + word->off, width);
	s = find(t, piece);
	s->piece = piece;
	word->chain = s->first;
	s->first = w;
	t->bits[hash(piece) / 32] |= 1u << hash(piece) % 32;
}

/* make_table - room for n pieces */
static int
make_table(struct pieces *t, size_t n)
{
	size_t	i;

	t->n = n;
	for (t->cap = 16; t->cap < 2 * n; t->cap *= 2)
		;
	if ((t->slot = calloc(t->cap, sizeof *t->slot)) == NULL)
		return -1;
	for (i = 0; i < t->cap; i++)
		t->slot[i].first = NONE;
	return 0;
}

int
prefilter_build(struct prefilter *f)
{
	uint32_t	i, last = NONE;
	size_t		four = 0;

	/* The same words side by side: the last of them stands for all. */
	if (f->n > 0)
		qsort_r(f->word, f->n, sizeof *f->word, by_text, f->text);
	for (i = 0; i < f->n; i++)
		four += f->word[i].len >= 4;
	if (make_table(&f->four, four) == -1 ||
	    make_table(&f->two, f->n - four) == -1)
		return -1;
	memset(f->single, 0xff, sizeof f->single);
	for (i = 0; i < f->n; i++) {
		f->word[i].next = last;
		last = i;
		if (i + 1 < f->n && by_text(&f->word[i], &f->word[i + 1],
		    f->text) == 0)
			continue;
		last = NONE;
		if (f->word[i].len >= 4)
			put(f, &f->four, i, 4);
		else if (f->word[i].len >= 2)
			put(f, &f->two, i, 2);
		else {
			unsigned char	c = (unsigned char)
					    f->text[f->word[i].at];

			f->single[c] = i;
			f->singles[f->nsingles++] = c;
		}
	}
	return 0;
}

/* One scan. */
struct pass {
	const struct prefilter	*f;
	uint32_t		*stamp, *seen, now, *out;
	size_t			 n;
};

/* met - a word is there: give its owners */
static void
met(struct pass *s, uint32_t w)
{
	const struct word	*word = s->f->word;

	s->seen[w] = s->now;
	for (; w != NONE; w = word[w].next)
		if (s->stamp[word[w].who] != s->now) {
			s->stamp[word[w].who] = s->now;
			s->out[s->n++] = word[w].who;
		}
}

/* compare - the words with this piece, which stands at p[i] */
static void
compare(struct pass *s, const struct pieces *t, uint32_t piece,
    const char *p, size_t n, size_t i)
{
	const struct word	*word;
	uint32_t		 w;

	for (w = find(t, piece)->first; w != NONE; w = word->chain) {
		word = &s->f->word[w];
		if (s->seen[w] != s->now && i >= word->off &&
		    n - (i - word->off) >= word->len &&
		    memcmp(p + i - word->off, s->f->text + word->at,
		    word->len) == 0)
			met(s, w);
	}
}

static inline int
has(const struct pieces *t, uint32_t piece)
{
	uint32_t	h = hash(piece);

	return t->bits[h / 32] >> h % 32 & 1;
}

size_t
prefilter_scan(const struct prefilter *f, const char *p, size_t n,
    uint32_t *stamp, uint32_t *seen, uint32_t now, uint32_t *out)
{
	struct pass	s = { f, stamp, seen, now, out, 0 };
	uint32_t	piece, two;
	uint16_t	half;
	size_t		i;

	for (i = 0; i < f->nsingles; i++)
		if (n > 0 && memchr(p, f->singles[i], n) != NULL)
			met(&s, f->single[f->singles[i]]);
	for (i = 0; i + 1 < n; i++) {
		memcpy(&piece, p + i, sizeof piece);
		if (has(&f->four, piece))
			compare(&s, &f->four, piece, p, n, i);
		if (f->two.n == 0)
			continue;
		memcpy(&half, p + i, sizeof half);
		two = half;
		if (has(&f->two, two))
			compare(&s, &f->two, two, p, n, i);
	}
	return s.n;
}

size_t
prefilter_words(const struct prefilter *f)
{
	return f->n;
}

size_t
prefilter_octets(const struct prefilter *f)
{
	return sizeof *f + f->cap * sizeof *f->word + f->text_cap +
	    (f->two.cap + f->four.cap) * sizeof *f->two.slot;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* header.c - see header.h */
#include "mail/header.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define NAME_MAX_OWN	76	/* octets of a name that we write */
#define NAME_MAX_READ	998	/* of one that we read, RFC 5322 2.1.1 */
#define LINE_WANT	76	/* octets of a folded line, if possible */

static inline bool
wsp(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool
blank(char c)
{
	return wsp(c) || c == '\r' || c == '\n';
}

void
header_list_init(struct header_list *l)
{
	*l = (struct header_list){ NULL, 0, 0, 0 };
}

void
header_list_free(struct header_list *l)
{
	size_t	i;

	for (i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
	header_list_init(l);
}

/* make - a field in one allocation: name, NUL, value, NUL */
static int
make(struct header *h, const char *name, size_t name_len, const char *value,
    size_t value_len)
{
	char	*p;

	if (value_len > SIZE_MAX - name_len - 2 ||
	    (p = malloc(name_len + value_len + 2)) == NULL)
		return -1;
	memcpy(p, name, name_len);
	p[name_len] = '\0';
	h->name = p;
	h->value = p + name_len + 1;
	if (value_len > 0)
		memcpy(h->value, value, value_len);
	h->value[value_len] = '\0';
	h->value_len = value_len;
	return 0;
}

/* insert - header_insert() for a name that has no NUL behind it */
static int
insert(struct header_list *l, size_t pos, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	struct header	*v, h;
	size_t		 cap;

	if (l->n == l->cap) {
		cap = l->cap == 0 ? 32 : l->cap * 2;
		if (cap > SIZE_MAX / sizeof *v ||
		    (v = realloc(l->v, cap * sizeof *v)) == NULL)
			return -1;
		l->v = v;
		l->cap = cap;
	}
	if (make(&h, name, name_len, value, value_len) == -1)
		return -1;
	if (pos < l->n)
		memmove(l->v + pos + 1, l->v + pos, (l->n - pos) * sizeof h);
	else
		pos = l->n;
	l->v[pos] = h;
	l->n++;
	l->octets += name_len + value_len;
	return 0;
}

int
header_insert(struct header_list *l, size_t pos, const char *name,
    const char *value, size_t value_len)
{
	return insert(l, pos, name, strlen(name), value, value_len);
}

int
header_change(struct header_list *l, size_t i, const char *value,
    size_t value_len)
{
	struct header	h, *old = &l->v[i];

	if (make(&h, old->name, strlen(old->name), value, value_len) == -1)
		return -1;
	l->octets = l->octets - old->value_len + value_len;
	free(old->name);
	*old = h;
	return 0;
}

void
header_delete(struct header_list *l, size_t i)
{
	l->octets -= strlen(l->v[i].name) + l->v[i].value_len;
	free(l->v[i].name);
	l->n--;
	memmove(l->v + i, l->v + i + 1, (l->n - i) * sizeof *l->v);
}

size_t
header_index(const struct header_list *l, const char *name, size_t nth)
{
	size_t	i;

	if (nth == 0)
		return (size_t)-1;
	for (i = 0; i < l->n; i++)
		if (strcasecmp(l->v[i].name, name) == 0 && --nth == 0)
			return i;
	return (size_t)-1;
}

const struct header *
header_first(const struct header_list *l, const char *name)
{
	size_t	i = header_index(l, name, 1);

	return i == (size_t)-1 ? NULL : &l->v[i];
}

size_t
header_count(const struct header_list *l, const char *name)
{
	size_t	i, n = 0;

	for (i = 0; i < l->n; i++)
		n += strcasecmp(l->v[i].name, name) == 0;
	return n;
}

/* name_octet - may stand in a field name, RFC 5322 3.6.8 */
static inline bool
name_octet(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

bool
header_name_ok(const char *name)
{
	size_t	n;

	for (n = 0; name_octet(name[n]); n++)
		;
	return name[n] == '\0' && n > 0 && n <= NAME_MAX_OWN;
}

int
header_unfold(const char *value, size_t len, struct buf *out)
{
	const char	*p = value, *end = value + len, *nl, *stop;

	for (; p < end && blank(*p); p++)
		;
	for (; end > p && blank(end[-1]); end--)
		;
	while (p < end) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			return buf_add(out, p, (size_t)(end - p));
		stop = nl > p && nl[-1] == '\r' ? nl - 1 : nl;
		if (buf_add(out, p, (size_t)(stop - p)) == -1)
			return -1;
		/* no fold, though a header has no other line ends: keep the
		 * words apart */
		if (!wsp(nl[1]) && buf_addc(out, ' ') == -1)
			return -1;
		p = nl + 1;
	}
	return out->failed ? -1 : 0;
}

/*
 * piece - octets at p up to where a line may end
 *
 * That is before white space or, with at_commas, behind a comma.
 */
static size_t
piece(const char *p, bool at_commas)
{
	size_t	n;

	for (n = 0; p[n] != '\0' && !blank(p[n]); n++)
		if (at_commas && p[n] == ',')
			return n + 1;
	return n;
}

int
header_fold(size_t name_len, const char *value, bool at_commas,
    struct buf *out)
{
	const char	*p = value, *gap;
	size_t		 col = name_len + 2, n, space;
	bool		 first = true;

	for (;;) {
		for (gap = p; blank(*p); p++)
			;
		if (*p == '\0')
			return out->failed ? -1 : 0;
		space = first ? 0 : (size_t)(p - gap);
		n = piece(p, at_commas);
		if (!first && col + space + n > LINE_WANT) {
			(void)buf_adds(out, "\n\t");
			col = 1;
		} else if (space > 0) {
			/* a line end in the value is no fold of ours */
			for (; gap < p; gap++)
				(void)buf_addc(out, wsp(*gap) ? *gap : ' ');
			col += space;
		}
		if (buf_add(out, p, n) == -1)
			return -1;
		col += n;
		p += n;
		first = false;
	}
}

/* line_end - the octet behind the line that begins at p */
static const char *
line_end(const char *p, const char *end)
{
	const char	*nl = memchr(p, '\n', (size_t)(end - p));

	return nl == NULL ? end : nl + 1;
}

/* strip_cr - the value of a field, CR LF made LF, the last one dropped */
static size_t
strip_cr(const char *from, const char *to, char *out)
{
	size_t	n = 0;

	for (; from < to; from++)
		if (*from != '\r' || from + 1 == to || from[1] != '\n')
			out[n++] = *from;
	if (n > 0 && out[n - 1] == '\n')
		n--;
	return n;
}

/*
 * add_field - name and value at p..to into the list
 *
 * value: behind the colon. Returns 1 when the limits keep it out.
 */
static int
add_field(const char *p, size_t name_len, const char *value, const char *to,
    size_t max_n, size_t max_octets, struct header_list *out)
{
	struct header	*h;
	size_t		 room;

	room = out->octets < max_octets ? max_octets - out->octets : 0;
	if (out->n >= max_n || (size_t)(to - p) > room)
		return 1;
	if (insert(out, out->n, p, name_len, value, (size_t)(to - value)) ==
	    -1)
		return -1;
	h = &out->v[out->n - 1];
	out->octets -= h->value_len;
	h->value_len = strip_cr(value, to, h->value);
	h->value[h->value_len] = '\0';
	out->octets += h->value_len;
	return 0;
}

long
header_parse(const char *raw, size_t len, size_t max_n, size_t max_octets,
    struct header_list *out, bool *truncated)
{
	const char	*p = raw, *end = raw + len, *colon, *to;
	size_t		 name_len;
	int		 rc;

	*truncated = false;
	/* the line that an mbox puts in front of a message */
	if (len > 5 && memcmp(raw, "From ", 5) == 0 && raw[5] != ':' &&
	    !wsp(raw[5]))
		p = line_end(p, end);
	while (p < end) {
		if (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n'))
			return (long)(line_end(p, end) - raw);
		for (colon = p; colon < end && name_octet(*colon); colon++)
			;
		name_len = (size_t)(colon - p);
		for (; colon < end && wsp(*colon); colon++)
			;
		if (name_len == 0 || name_len > NAME_MAX_READ ||
		    colon == end || *colon != ':')
			return (long)(p - raw);
		for (to = line_end(p, end); to < end && wsp(*to);
		    to = line_end(to, end))
			;
		rc = *truncated ? 1 : add_field(p, name_len, colon + 1, to,
		    max_n, max_octets, out);
		if (rc == -1)
			return -1;
		if (rc == 1)
			*truncated = true;
		p = to;
	}
	return (long)len;
}

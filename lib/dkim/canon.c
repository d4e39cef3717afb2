/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canon.c - see canon.h
 *
 * Nearly all mail is already canonical but for some blanks and its last lines.
 * fast() finds the octets that can go to the hash where they lie, 64 at a time;
 * the slow path looks at single octets and only at the places that need it.
 */
#include "dkim/canon.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/banned.h"

const char *
canon_name(enum canon kind)
{
	return kind == CANON_RELAXED ? "relaxed" : "simple";
}

void
canon_body_begin(struct canon_body *b, enum canon kind, size_t limit,
    canon_sink sink, void *arg)
{
	b->kind = kind;
	b->limit = limit;
	b->sink = sink;
	b->arg = arg;
	b->octets = b->empty = 0;
	b->column = 0;
	b->cr = b->edge_cr = b->lone_cr = b->wsp = b->failed = false;
	b->bol = true;
	b->n = 0;
}

/* flush - what is gathered goes to the sink */
static void
flush(struct canon_body *b)
{
	if (b->n > 0 && !b->failed && b->sink(b->arg, b->out, b->n) == -1)
		b->failed = true;
	b->n = 0;
}

static void
put(struct canon_body *b, unsigned char c)
{
	if (b->n == sizeof b->out)
		flush(b);
	b->out[b->n++] = c;
	b->octets++;
}

static void
put_crlf(struct canon_body *b)
{
	put(b, '\r');
	put(b, '\n');
}

/* put_held - empty lines and white space that turned out not to be last */
static void
put_held(struct canon_body *b)
{
	for (; b->empty > 0; b->empty--)
		put_crlf(b);
	if (b->wsp) {
		put(b, ' ');
		b->wsp = false;
	}
}

/* put_span - k octets as they lie: long ones straight to the sink, short ones
 * gathered, for each call of the sink has its price */
static void
put_span(struct canon_body *b, const unsigned char *p, size_t k)
{
	put_held(b);
	b->octets += k;
	if (k > sizeof b->out - b->n)
		flush(b);
	if (k <= sizeof b->out / 4) {
		memcpy(b->out + b->n, p, k);
		b->n += k;
		return;
	}
	flush(b);
	if (!b->failed && b->sink(b->arg, p, k) == -1)
		b->failed = true;
}

/* octet - one octet that is neither line end nor CR before one */
static void
octet(struct canon_body *b, unsigned char c)
{
	if (b->kind == CANON_RELAXED && (c == ' ' || c == '\t')) {
		b->wsp = true;
		return;
	}
	if (c == '\r')
		b->lone_cr = true;
	put_held(b);
	put(b, c);
	b->bol = false;
}

/* line_end - white space at the end goes, empty lines wait */
static void
line_end(struct canon_body *b)
{
	b->wsp = false;
	if (b->bol)
		b->empty++;
	else
		put_crlf(b);
	b->bol = true;
}

/* is_odd - does the octet at i keep it from being copied as it is? */
static bool
is_odd(const unsigned char *p, size_t i, unsigned char before, bool relaxed)
{
	unsigned char	next = p[i + 1];

	switch (p[i]) {
	case '\n':
		return before != '\r';
	case '\r':
		return next != '\n' || before == '\n';
	case '\t':
		return relaxed;
	case ' ':
		return relaxed && (next == ' ' || next == '\t' ||
		    next == '\r' || next == '\n');
	}
	return false;
}

#ifdef __SSE2__
/* matches - one bit for each of 64 octets that equals c */
static uint64_t
matches(const unsigned char *p, char c)
{
	const __m128i	 want = _mm_set1_epi8(c);
	uint64_t	 m = 0;
	int		 k;

	for (k = 3; k >= 0; k--)
		m = m << 16 | (uint64_t)(unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(_mm_loadu_si128(
		    (const __m128i *)(const void *)(p + 16 * k)), want));
	return m;
}

/* odd64 - is_odd() for 64 octets; bit 0 is the first */
static uint64_t
odd64(const unsigned char *p, unsigned char before, bool relaxed)
{
	const uint64_t	cr = matches(p, '\r'), lf = matches(p, '\n');
	const uint64_t	first = 1, last = (uint64_t)1 << 63;
	uint64_t	odd, after, tab, sp;

	after = lf >> 1 | (p[64] == '\n' ? last : 0);
	odd = cr & ~after;
	odd |= cr & (lf << 1 | (before == '\n' ? first : 0));
	odd |= lf & ~(cr << 1 | (before == '\r' ? first : 0));
	if (!relaxed)
		return odd;
	tab = matches(p, '\t');
	sp = matches(p, ' ');
	after = (sp | tab | cr | lf) >> 1;
	if (p[64] == ' ' || p[64] == '\t' || p[64] == '\r' || p[64] == '\n')
		after |= last;
	return odd | tab | (sp & after);
}
#endif

/* drops - is the odd octet at i a blank that just goes: one of several, or the
 * last of a line that has something else? */
static bool
drops(const struct canon_body *b, const unsigned char *p, size_t i, size_t n)
{
	if (p[i] != ' ' || n - i <= 2 || (i == 0 ? b->bol : p[i - 1] == '\n'))
		return false;
	return p[i + 1] == ' ' || (p[i + 1] == '\r' && p[i + 2] == '\n');
}

/*
 * fast - give to the sink, where they lie, the octets at p that are canonical,
 * leaving out blanks that drop
 *
 * Returns how many are done with. It looks ahead, so the last of a chunk is
 * never among them, nor is a CR parted from its LF.
 */
static size_t
fast(struct canon_body *b, const unsigned char *p, size_t n)
{
	const bool	relaxed = b->kind == CANON_RELAXED;
	unsigned char	before = b->bol ? '\n' : 'x';
	size_t		i = 0, from = 0, at;

	n--;
#ifdef __SSE2__
	for (; i + 64 <= n; i += 64) {
		uint64_t odd = odd64(p + i, before, relaxed);

		before = p[i + 63];
		for (; odd != 0; odd &= odd - 1) {
			at = i + (size_t)__builtin_ctzll(odd);
			if (!drops(b, p, at, n + 1)) {
				i = at;
				goto done;
			}
			put_span(b, p + from, at - from);
			from = at + 1;
		}
	}
#endif
	for (; i < n; i++) {
		if (is_odd(p, i, before, relaxed)) {
			if (!drops(b, p, i, n + 1))
				goto done;
			put_span(b, p + from, i - from);
			from = i + 1;
		}
		before = p[i];
	}
	if (i > from && p[i - 1] == '\r')
		i--;
done:
	if (i > from)
		put_span(b, p + from, i - from);
	if (i > 0)
		b->bol = p[i - 1] == '\n';
	return i;
}

/* span - canonicalise n octets whose lines are short enough */
static void
span(struct canon_body *b, const unsigned char *p, size_t n)
{
	size_t	i = 0, k;

	while (i < n) {
		if (!b->cr && !b->wsp && (k = fast(b, p + i, n - i)) > 0) {
			i += k;
			continue;
		}
		if (p[i] == '\n') {
			b->cr = false;
			line_end(b);
		} else {
			if (b->cr)
				octet(b, '\r');
			b->cr = p[i] == '\r';
			if (!b->cr)
				octet(b, p[i]);
		}
		i++;
	}
}

/*
 * limited - the same, with lines broken as Postfix's smtp(8) breaks them:
 * `limit` octets, then CRLF and, if there is more, a space
 */
static void
limited(struct canon_body *b, const unsigned char *p, size_t n)
{
	const unsigned char	*nl;
	size_t			 from = 0, i = 0, len, end;

	if (b->edge_cr && p[0] != '\n')
		b->column++;
	b->edge_cr = false;
	while (i < n) {
		/* lines that end within the limit need no closer look */
		len = b->limit > b->column ? b->limit + 1 - b->column : 0;
		nl = memrchr(p + i, '\n', len < n - i ? len : n - i);
		if (nl != NULL) {
			i = (size_t)(nl - p) + 1;
			b->column = 0;
			continue;
		}
		nl = memchr(p + i, '\n', n - i);
		len = nl != NULL ? (size_t)(nl - p) - i : n - i;
		end = len;
		if (end > 0 && p[i + end - 1] == '\r')
			end--;		/* of the line end, or soon known */
		b->edge_cr = nl == NULL && end < len;
		while (b->column + end > b->limit) {
			size_t room = b->limit > b->column ?
			    b->limit - b->column : 0;

			span(b, p + from, i - from + room);
			span(b, (const unsigned char *)"\r\n ", 3);
			i += room;
			from = i;
			len -= room;
			end -= room;
			b->column = 1;
		}
		b->column += end;
		i += len;
		if (nl != NULL) {
			i++;
			b->column = 0;
		}
	}
	span(b, p + from, n - from);
}

int
canon_body_add(struct canon_body *b, const void *p, size_t n)
{
	if (n == 0)
		return b->failed ? -1 : 0;
	if (b->limit > 0)
		limited(b, p, n);
	else
		span(b, p, n);
	return b->failed ? -1 : 0;
}

int
canon_body_end(struct canon_body *b)
{
	if (b->cr)
		octet(b, '\r');
	b->cr = false;
	b->wsp = false;
	if (!b->bol)
		put_crlf(b);
	/* RFC 6376 3.4.3: an empty body is one CRLF; 3.4.4: nothing at all */
	if (b->octets == 0 && b->kind == CANON_SIMPLE)
		put_crlf(b);
	b->bol = true;
	b->empty = 0;
	flush(b);
	return b->failed ? -1 : 0;
}

/* lower - ASCII only, whatever the locale */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* relaxed_value - unfolded, runs of white space as one space, none outside */
static void
relaxed_value(const char *v, size_t len, struct buf *out)
{
	bool	wsp = false, any = false;
	size_t	i, from;

	for (i = 0; i < len; ) {
		/* a CR is white space only as part of a fold */
		if (v[i] == ' ' || v[i] == '\t' || v[i] == '\n' ||
		    (v[i] == '\r' && i + 1 < len && v[i + 1] == '\n')) {
			wsp = true;
			i++;
			continue;
		}
		for (from = i++; i < len && v[i] != ' ' && v[i] != '\t' &&
		    v[i] != '\n' && v[i] != '\r'; i++)
			;
		if (wsp && any)
			(void)buf_addc(out, ' ');
		(void)buf_add(out, v + from, i - from);
		any = true;
		wsp = false;
	}
}

/* simple_value - as it stands, with folds as CRLF */
static void
simple_value(const char *v, size_t len, struct buf *out)
{
	size_t		 i = 0, k;
	const char	*nl;

	while ((nl = memchr(v + i, '\n', len - i)) != NULL) {
		k = (size_t)(nl - v) - i;
		if (k > 0 && v[i + k - 1] == '\r')
			k--;
		(void)buf_add(out, v + i, k);
		(void)buf_add(out, "\r\n", 2);
		i = (size_t)(nl - v) + 1;
	}
	(void)buf_add(out, v + i, len - i);
}

/* fold_long - value with lines cut at limit, as smtp(8) will cut them */
static void
fold_long(size_t column, const char *v, size_t len, size_t limit,
    struct buf *out)
{
	size_t	i = 0, room;

	while (i < len) {
		const char	*nl = memchr(v + i, '\n', len - i);
		size_t		 n;

		n = nl != NULL ? (size_t)(nl - v) - i : len - i;
		while (column + n > limit) {
			room = column < limit ? limit - column : 0;
			(void)buf_add(out, v + i, room);
			(void)buf_adds(out, "\n ");
			i += room;
			n -= room;
			column = 1;
		}
		(void)buf_add(out, v + i, n + (nl != NULL));
		i += n + (nl != NULL);
		column = 0;
	}
}

/* has_long - is any line of the field longer than limit? */
static bool
has_long(size_t column, const char *v, size_t len, size_t limit)
{
	size_t		 i = 0, n;
	const char	*nl;

	if (limit == 0 || column + len <= limit)
		return false;
	while (i < len) {
		nl = memchr(v + i, '\n', len - i);
		n = nl != NULL ? (size_t)(nl - v) - i : len - i;
		if (column + n > limit)
			return true;
		i += n + 1;
		column = 0;
	}
	return false;
}

int
canon_header(enum canon kind, const char *name, const char *value,
    size_t len, size_t limit, bool crlf, struct buf *out)
{
	struct buf	folded = BUF_INIT(out->max);
	const char	*p;

	for (p = name; *p != '\0'; p++)
		(void)buf_addc(out, kind == CANON_RELAXED ? lower(*p) : *p);
	(void)buf_addc(out, ':');
	if (has_long(strlen(name) + 1, value, len, limit)) {
		fold_long(strlen(name) + 1, value, len, limit, &folded);
		if (folded.failed)
			out->failed = true;
		value = buf_str(&folded);
		len = folded.len;
	}
	if (kind == CANON_RELAXED)
		relaxed_value(value, len, out);
	else
		simple_value(value, len, out);
	buf_free(&folded);
	if (crlf)
		(void)buf_add(out, "\r\n", 2);
	return out->failed ? -1 : 0;
}

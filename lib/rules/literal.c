/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * literal.c - see literal.h
 *
 * The pattern is read as PCRE2 reads it. Of each piece is kept either the
 * whole list of what it can match ("exact"), while that is short, or a list
 * of which any match holds one. A sequence joins exact neighbours; where one
 * is not exact the list so far is a candidate, and the best candidate stays.
 */
#include "rules/literal.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define DEPTH_MAX	40	/* of groups */
#define EXACT_MAX	32	/* strings of an exact list */
#define SET_MAX		6	/* octets of a set that are listed */
#define SPANS		32	/* of a sequence, before they become one */

struct info {
	bool			exact;
	struct literal_set	set;	/* not exact: n == 0 asks for nothing */
	struct span		span;
};

struct reader {
	const char	*p;
	bool		 squeezed;
	bool		 icase;		/* of the pattern, or seen in it */
	unsigned	 depth;
	bool		 lost;		/* something that is not understood */
	bool		 whole;		/* a part would mean something else */
	const char	*atom[LITERAL_PARTS];	/* where the outer ones begin */
	size_t		 natoms;
};

static char
fold(unsigned char c)
{
	return (char)literal_fold(c);
}

/* add - one string to a list, unless it is there; false when it is full */
static bool
add(struct literal_set *s, const char *p, size_t n)
{
	size_t	i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].len == n && memcmp(s->v[i].s, p, n) == 0)
			return true;
	if (s->n == LITERAL_SET || n > LITERAL_LEN)
		return false;
	memcpy(s->v[s->n].s, p, n);
	s->v[s->n++].len = (unsigned char)n;
	return true;
}

/* empty - the exact list of what matches nothing but the empty string */
static void
empty(struct info *out)
{
	out->exact = true;
	out->set.n = 0;
	(void)add(&out->set, "", 0);
	span_nothing(&out->span);
}

/* unknown - anything */
static void
unknown(struct info *out)
{
	out->exact = false;
	out->set.n = 0;
}

static bool
is_kept(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static void
one_char(const struct reader *r, struct info *out, unsigned char c)
{
	bool	in[256] = { false };
	char	f = fold(c);

	if (r->squeezed && !is_kept(c)) {
		empty(out);
		return;
	}
	out->exact = true;
	out->set.n = 0;
	(void)add(&out->set, &f, 1);
	in[c] = true;
	span_one(&out->span, in, r->icase);
}

/* common - in so many texts that looking for it tells nothing */
static bool
common(const char *p, size_t n)
{
	static const char *const	texts[] = {
		"https://www.", "http://www.", "httpswww", "httpwww", ".com/",
		".com.", "<a href=\"http", "ahrefhttp", "mailto:", "style=\"",
		"font-", "color", "<table", "border=\"0\"", "<img src=\"",
		"imgsrchttp", "width=\"", "height=\"", "<span", "<div",
		" received: from ", " message-id: ", " subject: ", " content-",
		" from: ", " to: ", " date: ", " with esmtp",
		"[ ip=000.000.0.0 rdns=", " helo=", " by=", " ident= envfrom=",
		" intl=0 id=", " auth= msa=0 ]", " ; ",
		" the ", " and ", " you ", " your ", " for ", " this ",
		" that ", " with ", " from ", "ing ", "tion ",
	};
	size_t	i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (memmem(texts[i], strlen(texts[i]), p, n) != NULL)
			return true;
	return false;
}

double
literal_cost(const struct literal_set *s)
{
	double	sum = 0, one;
	size_t	i, k;

	for (i = 0; i < s->n; i++) {
		for (one = 1, k = 0; k < s->v[i].len; k++)
			one *= s->v[i].s[k] == ' ' ? 0.2 :
			    s->v[i].s[k] == '0' ? 0.15 :
			    isalpha((unsigned char)s->v[i].s[k]) ? 0.06 :
			    0.02;
		if (common(s->v[i].s, s->v[i].len))
			one = 0.09;
		sum += one;
	}
	return s->n == 0 ? 1000 : sum;
}

/* has_empty - a list with the empty string asks for nothing */
static bool
has_empty(const struct literal_set *s)
{
	size_t	i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].len == 0)
			return true;
	return s->n == 0;
}

/* keep_better - best = the cheaper of two lists */
static void
keep_better(struct literal_set *best, const struct literal_set *s)
{
	if (!has_empty(s) && (best->n == 0 || literal_cost(s) <
	    literal_cost(best)))
		*best = *s;
}

/* cross - every string of a with every one of b behind it; false when that is
 * too much */
static bool
cross(struct literal_set *a, const struct literal_set *b)
{
	struct literal_set	r;
	char			t[2 * LITERAL_LEN];
	size_t			i, k;

	if (a->n * b->n > EXACT_MAX)
		return false;
	r.n = 0;
	for (i = 0; i < a->n; i++)
		for (k = 0; k < b->n; k++) {
			memcpy(t, a->v[i].s, a->v[i].len);
			memcpy(t + a->v[i].len, b->v[k].s, b->v[k].len);
			if (!add(&r, t, (size_t)a->v[i].len + b->v[k].len))
				return false;
		}
	*a = r;
	return true;
}

static void	alternatives(struct reader *, struct info *);

/* hex_value - up to max hex digits */
static unsigned long
hex_value(struct reader *r, unsigned max)
{
	unsigned long	v = 0;
	unsigned	n = 0;

	while (n++ < max && isxdigit((unsigned char)*r->p)) {
		v = v * 16 + (unsigned long)(isdigit((unsigned char)*r->p) ?
		    *r->p - '0' : (*r->p | 0x20) - 'a' + 10);
		r->p++;
	}
	return v;
}

/* escaped_char - behind the backslash: one octet, or -1 when it is no plain
 * octet; *width is 0 for what matches no octet, 1 for one, 2 for who knows */
static int
escaped_char(struct reader *r, unsigned *width)
{
	unsigned long	v;
	char		c = *r->p++;

	*width = 1;
	switch (c) {
	case 't':	return '\t';
	case 'n':	return '\n';
	case 'r':	return '\r';
	case 'f':	return '\f';
	case 'a':	return '\a';
	case 'e':	return 0x1b;
	case 'x':
		if (*r->p == '{') {
			r->p++;
			v = hex_value(r, 8);
			if (*r->p++ != '}' || v > 0xff)
				break;
			return (int)v;
		}
		return (int)hex_value(r, 2);
	case '0':
		for (v = 0, *width = 0; *width < 2 && *r->p >= '0' &&
		    *r->p <= '7'; (*width)++)
			v = v * 8 + (unsigned long)(*r->p++ - '0');
		*width = 1;
		return (int)v;
	case 'd':
		return '0';		/* as all digits fold */
	case 's':
		return ' ';
	case 'D': case 'w': case 'W': case 'S':
	case 'h': case 'H': case 'v': case 'V':
		return -1;
	case 'G': case 'K':
		r->whole = true;
		*width = 0;
		return -1;
	case 'b': case 'B': case 'A': case 'z': case 'Z':
		*width = 0;
		return -1;
	case 'R': case 'X':
		*width = 2;
		return -1;
	default:
		if (!isalnum((unsigned char)c) && c != '\0')
			return (unsigned char)c;
		if (isdigit((unsigned char)c)) {
			while (isdigit((unsigned char)*r->p))
				r->p++;
			r->whole = true;
			*width = 2;
			return -1;
		}
		break;
	}
	r->lost = true;		/* \Q \p \g \k \c \o \N ... */
	return -1;
}

/* is_class - does \d, \w, \s ... take the octet? */
static bool
is_class(char class, unsigned c)
{
	bool	in;

	switch (class | 0x20) {
	case 'd':
		in = c >= '0' && c <= '9';
		break;
	case 'w':
		in = is_kept((unsigned char)c) || c == '_';
		break;
	case 's':
		in = c == ' ' || (c >= '\t' && c <= '\r');
		break;
	case 'h':
		in = c == ' ' || c == '\t' || c == 0xa0;
		break;
	default:
		in = (c >= '\n' && c <= '\r') || c == 0x85;
		break;
	}
	return in == (class >= 'a');
}

static bool
names_class(char c)
{
	return strchr("dwshvDWSHV", c) != NULL && c != '\0';
}

static void
add_class(char class, bool in[256])
{
	unsigned	c;

	for (c = 0; c < 256; c++)
		in[c] |= is_class(class, c);
}

/* posix - "[:alpha:]" inside of a set; the letters do for our purpose */
static void
posix(struct reader *r, bool in[256])
{
	static const struct {
		const char	*name;
		int		(*test)(int);
	} names[] = {
		{ "alpha", isalpha }, { "digit", isdigit },
		{ "alnum", isalnum }, { "upper", isupper },
		{ "lower", islower }, { "punct", ispunct },
		{ "space", isspace }, { "xdigit", isxdigit },
		{ "print", isprint }, { "graph", isgraph },
		{ "cntrl", iscntrl }, { "blank", isblank },
	};
	const char	*end = strstr(r->p + 2, ":]");
	size_t		 i, n;
	int		 c;

	if (r->p[1] != ':' || end == NULL) {
		r->lost = true;
		return;
	}
	n = (size_t)(end - r->p) - 2;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i].name) == n &&
		    memcmp(names[i].name, r->p + 2, n) == 0)
			break;
	if (i == sizeof names / sizeof names[0]) {
		r->lost = true;
		return;
	}
	for (c = 0; c < 128; c++)
		in[c] |= names[i].test(c) != 0;
	r->p = end + 2;
}

/* set_item - one octet of a set; -1 for a class, which is taken in */
static int
set_item(struct reader *r, bool in[256])
{
	unsigned	width;

	if (*r->p == '\\') {
		r->p++;
		if (*r->p == 'b') {
			r->p++;
			return '\b';
		}
		if (names_class(*r->p)) {
			add_class(*r->p++, in);
			return -1;
		}
		/* Octal here, a reference elsewhere. */
		r->lost |= *r->p >= '1' && *r->p <= '9';
		return escaped_char(r, &width);
	}
	if (*r->p == '[' && (r->p[1] == ':' || r->p[1] == '.' ||
	    r->p[1] == '=')) {
		posix(r, in);
		return -1;
	}
	return (unsigned char)*r->p++;
}

/* members - "[...]", behind the bracket: which octets it takes */
static void
members(struct reader *r, bool in[256])
{
	bool	negated = *r->p == '^', first = true;
	int	c, to;

	if (negated)
		r->p++;
	while (*r->p != '\0' && !r->lost && (*r->p != ']' || first)) {
		first = false;
		c = to = set_item(r, in);
		if (c != -1 && r->p[0] == '-' && r->p[1] != ']' &&
		    r->p[1] != '\0') {
			r->p++;
			if ((to = set_item(r, in)) == -1) {
				in['-'] = true;	/* "[a-\d]" */
				to = c;
			}
		}
		for (; c != -1 && c <= to; c++)
			in[c] = true;
	}
	if (*r->p != ']')
		r->lost = true;
	else
		r->p++;
	for (c = 0; negated && c < 256; c++)
		in[c] = !in[c];
}

/* set - the octets of a set as an exact list, if they are few */
static void
set(struct reader *r, struct info *out)
{
	bool	in[256] = { false }, other = false;
	int	c;
	char	f;

	members(r, in);
	span_one(&out->span, in, r->icase);
	out->exact = true;
	out->set.n = 0;
	for (c = 0; c < 256; c++) {
		if (!in[c])
			continue;
		if (r->squeezed && !is_kept((unsigned char)c)) {
			other = true;
			continue;
		}
		f = fold((unsigned char)c);
		(void)add(&out->set, &f, 1);
		if (out->set.n > SET_MAX) {
			unknown(out);
			return;
		}
	}
	if (other)
		(void)add(&out->set, "", 0);
	if (out->set.n == 0)
		unknown(out);
}

/* skip_group - to behind the parenthesis that closes what is open */
static void
skip_group(struct reader *r)
{
	struct info	ignore;

	alternatives(r, &ignore);
	if (*r->p == ')')
		r->p++;
	else
		r->lost = true;
}

/* flags - "(?i)" or "(?i-s:"; true when a group follows */
static bool
flags(struct reader *r)
{
	for (; isalpha((unsigned char)*r->p) || *r->p == '-' ||
	    *r->p == '^'; r->p++) {
		r->lost |= *r->p == 'x';
		r->icase |= *r->p == 'i';
		r->whole = true;
	}
	if (*r->p == ')') {
		r->p++;
		return false;
	}
	if (*r->p == ':') {
		r->p++;
		return true;
	}
	r->lost = true;
	return false;
}

/* name - behind "(?<", "(?P<" or "(?'": the group's name */
static void
name(struct reader *r, char close)
{
	while (isalnum((unsigned char)*r->p) || *r->p == '_')
		r->p++;
	if (*r->p == close)
		r->p++;
	else
		r->lost = true;
}

/* group - behind "(" */
static void
group(struct reader *r, struct info *out)
{
	if (++r->depth > DEPTH_MAX) {
		r->lost = true;
		return;
	}
	if (*r->p == '*') {
		r->lost = true;
		return;
	}
	if (*r->p == '?') {
		r->p++;
		switch (*r->p) {
		case '=': case '!':
			r->p++;
			skip_group(r);
			empty(out);
			r->depth--;
			return;
		case '<':
			if (r->p[1] == '=' || r->p[1] == '!') {
				r->p += 2;
				skip_group(r);
				empty(out);
				r->depth--;
				return;
			}
			r->p++;
			name(r, '>');
			break;
		case '\'':
			r->p++;
			name(r, '\'');
			break;
		case 'P':
			if (r->p[1] != '<') {
				r->lost = true;
				return;
			}
			r->p += 2;
			name(r, '>');
			break;
		case ':': case '>': case '|':
			r->p++;
			break;
		case '#':
			/* A quantifier behind it is for what is before it. */
			r->lost = true;
			return;
		default:
			if (!flags(r)) {
				empty(out);
				r->depth--;
				return;
			}
			break;
		}
	}
	if (r->lost)
		return;
	alternatives(r, out);
	if (*r->p == ')')
		r->p++;
	else
		r->lost = true;
	r->depth--;
}

/* atom - one thing that a quantifier may follow */
static void
atom(struct reader *r, struct info *out)
{
	bool		in[256] = { false };
	unsigned	width;
	char		class;
	int		c;

	unknown(out);
	span_unknown(&out->span);
	switch (*r->p) {
	case '(':
		r->p++;
		group(r, out);
		return;
	case '[':
		r->p++;
		set(r, out);
		return;
	case '.':
		r->p++;
		out->span.min = 1;
		return;
	case '^': case '$':
		r->p++;
		empty(out);
		return;
	case '\\':
		r->p++;
		if (*r->p == '\0') {
			r->lost = true;
			return;
		}
		/* What lies between words is nothing when squeezed. */
		if (r->squeezed && strchr("WshvR", *r->p) != NULL) {
			r->p++;
			empty(out);
			return;
		}
		class = *r->p;
		c = escaped_char(r, &width);
		if (c >= 0)
			one_char(r, out, (unsigned char)c);
		else if (width == 0)
			empty(out);
		if (names_class(class)) {
			add_class(class, in);
			span_one(&out->span, in, false);
		}
		return;
	default:
		one_char(r, out, (unsigned char)*r->p++);
		return;
	}
}

/* braces - "{2}", "{2,}", "{2,5}"; false: a brace like any octet */
static bool
braces(struct reader *r, unsigned long *min, unsigned long *max)
{
	char	*end;

	if (!isdigit((unsigned char)r->p[1]))
		return false;
	*min = *max = strtoul(r->p + 1, &end, 10);
	if (*end == ',') {
		*max = (unsigned long)-1;
		end++;
		if (isdigit((unsigned char)*end))
			*max = strtoul(end, &end, 10);
	}
	if (*end != '}')
		return false;
	r->p = end + 1;
	return true;
}

/* quantifier - how often; at most and at least once if there is none */
static void
quantifier(struct reader *r, unsigned long *min, unsigned long *max)
{
	*min = *max = 1;
	switch (*r->p) {
	case '*':
		*min = 0;
		*max = (unsigned long)-1;
		r->p++;
		break;
	case '+':
		*max = (unsigned long)-1;
		r->p++;
		break;
	case '?':
		*min = 0;
		r->p++;
		break;
	case '{':
		if (!braces(r, min, max))
			return;
		break;
	default:
		return;
	}
	if (*r->p == '?' || *r->p == '+')
		r->p++;
}

/* A sequence while it is read. */
struct sequence {
	struct literal_set	cur;	/* what stands last, all of it */
	struct literal_set	best;
	bool			exact;	/* cur is all there is */
};

/* cut - what stands last is complete; something unknown follows */
static void
cut(struct sequence *s)
{
	keep_better(&s->best, &s->cur);
	s->cur.n = 0;
	(void)add(&s->cur, "", 0);
	s->exact = false;
}

/* join - an exact list behind what is there */
static void
join(struct sequence *s, const struct literal_set *a)
{
	if (cross(&s->cur, a))
		return;
	cut(s);
	s->cur = *a;
}

/* repeat - an atom, as often as its quantifier says */
static void
repeat(struct sequence *s, struct info *a, unsigned long min,
    unsigned long max)
{
	unsigned long	i;

	if (!a->exact) {
		cut(s);
		if (min > 0)
			keep_better(&s->best, &a->set);
		return;
	}
	if (a->set.n == 1 && a->set.v[0].len == 0)
		return;		/* nothing, however often */
	if (min == 0 && max == 1 && a->set.n < EXACT_MAX) {
		(void)add(&a->set, "", 0);
		join(s, &a->set);
		return;
	}
	for (i = 0; i < min && i < LITERAL_LEN; i++)
		join(s, &a->set);
	if (min != max || i < min)
		cut(s);
}

static void
sequence(struct reader *r, struct info *out)
{
	struct sequence	s;
	struct info	a;
	struct span	span[SPANS], all;
	unsigned long	min, max;
	size_t		n = 0;

	s.best.n = s.cur.n = 0;
	s.exact = true;
	(void)add(&s.cur, "", 0);
	while (*r->p != '\0' && *r->p != '|' && *r->p != ')' && !r->lost) {
		if (r->depth == 0 && r->natoms < LITERAL_PARTS)
			r->atom[r->natoms++] = r->p;
		atom(r, &a);
		if (r->lost)
			break;
		quantifier(r, &min, &max);
		if (n == SPANS) {
			span_sequence(&all, span, n);
			span[0] = all;
			n = 1;
		}
		span[n] = a.span;
		span_repeat(&span[n++], min);
		repeat(&s, &a, min, max);
	}
	span_sequence(&out->span, span, n);
	out->exact = s.exact;
	if (s.exact)
		out->set = s.cur;
	else {
		keep_better(&s.best, &s.cur);
		out->set = s.best;
	}
}

static void
alternatives(struct reader *r, struct info *out)
{
	struct info	next;
	bool		nothing;
	size_t		i;

	sequence(r, out);
	nothing = !out->exact && has_empty(&out->set);
	while (*r->p == '|' && !r->lost) {
		r->p++;
		r->whole |= r->depth == 0;
		sequence(r, &next);
		span_either(&out->span, &next.span);
		nothing |= !next.exact && has_empty(&next.set);
		out->exact &= next.exact;
		for (i = 0; i < next.set.n && !nothing; i++)
			nothing = !add(&out->set, next.set.v[i].s,
			    next.set.v[i].len);
		if (out->set.n > EXACT_MAX)
			out->exact = false;
	}
	if (nothing || (!out->exact && has_empty(&out->set)))
		unknown(out);
}

void
literal_fold_text(const char *restrict p, size_t n, char *restrict out)
{
	size_t	i;

	/* A known number of turns lets the compiler do them at once. */
	for (; n >= 32; n -= 32, p += 32, out += 32)
		for (i = 0; i < 32; i++)
			out[i] = (char)literal_fold((unsigned char)p[i]);
	for (i = 0; i < n; i++)
		out[i] = (char)literal_fold((unsigned char)p[i]);
}

size_t
literal_squeeze(const char *p, size_t n, char *out)
{
	size_t	i, k = 0;

	for (i = 0; i < n; i++) {
		out[k] = fold((unsigned char)p[i]);
		k += is_kept((unsigned char)p[i]);
	}
	return k;
}

void
literal_find(const struct regex_text *t, bool squeezed,
    struct literal_set *out)
{
	struct reader	r = { .p = t->pattern, .squeezed = squeezed };
	struct info	info;

	out->n = 0;
	if (t->extended)
		return;
	alternatives(&r, &info);
	if (r.lost || *r.p != '\0' || has_empty(&info.set))
		return;
	*out = info.set;
}

void
literal_shape(const struct regex_text *t, struct literal_shape *out)
{
	struct reader	r = { .p = t->pattern, .icase = t->icase };
	struct info	info;
	size_t		i;

	memset(out, 0, sizeof *out);
	if (t->extended)
		return;
	alternatives(&r, &info);
	if (r.lost || *r.p != '\0')
		return;
	out->run = info.span.best;
	if (r.whole)
		return;
	for (i = 0; i < r.natoms; i++)
		out->part[i] = (size_t)(r.atom[i] - t->pattern);
	out->nparts = r.natoms;
}

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
#define EXACT_MAX	24	/* strings of an exact list */

struct info {
	bool			exact;
	struct literal_set	set;	/* not exact: n == 0 asks for nothing */
};

struct reader {
	const char	*p;
	unsigned	 depth;
	bool		 lost;		/* something that is not understood */
};

static char
fold(unsigned char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
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
}

/* unknown - anything */
static void
unknown(struct info *out)
{
	out->exact = false;
	out->set.n = 0;
}

static void
one_char(struct info *out, unsigned char c)
{
	char	f = fold(c);

	out->exact = true;
	out->set.n = 0;
	(void)add(&out->set, &f, 1);
}

/* cost - how often a list would be found by chance; less is better */
static double
cost(const struct literal_set *s)
{
	double	sum = 0, one;
	size_t	i, k;

	for (i = 0; i < s->n; i++) {
		for (one = 1, k = 0; k < s->v[i].len; k++)
			one *= s->v[i].s[k] == ' ' ? 0.2 :
			    isalpha((unsigned char)s->v[i].s[k]) ? 0.06 :
			    0.02;
		sum += one;
	}
	return s->n == 0 ? 1000 : sum;
}

/* keep_better - best = the cheaper of two lists */
static void
keep_better(struct literal_set *best, const struct literal_set *s)
{
	if (s->n > 0 && (best->n == 0 || cost(s) < cost(best)))
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
	case 'd': case 'D': case 'w': case 'W': case 's': case 'S':
	case 'h': case 'H': case 'v': case 'V':
		return -1;
	case 'b': case 'B': case 'A': case 'z': case 'Z': case 'G':
	case 'K':
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
			*width = 2;
			return -1;
		}
		break;
	}
	r->lost = true;		/* \Q \p \g \k \c \o \N ... */
	return -1;
}

/* set_item - one octet of a set; -1 for a class inside of it */
static int
set_item(struct reader *r)
{
	unsigned	width;

	if (*r->p == '\\') {
		r->p++;
		if (*r->p == 'b') {
			r->p++;
			return '\b';
		}
		return escaped_char(r, &width);
	}
	if (*r->p == '[' && (r->p[1] == ':' || r->p[1] == '.' ||
	    r->p[1] == '=')) {
		const char	*end = strstr(r->p + 2, ":]");

		if (end == NULL || r->p[1] != ':') {
			r->lost = true;
			return -1;
		}
		r->p = end + 2;
		return -1;
	}
	return (unsigned char)*r->p++;
}

/* set - "[...]", behind the bracket: its octets, if they are few */
static void
set(struct reader *r, struct info *out)
{
	bool	negated = *r->p == '^', many, first = true;
	int	c, to;
	char	f;

	out->exact = true;
	out->set.n = 0;
	many = negated;
	if (negated)
		r->p++;
	while (*r->p != '\0' && !r->lost && (*r->p != ']' || first)) {
		first = false;
		c = to = set_item(r);
		if (r->p[0] == '-' && r->p[1] != ']' && r->p[1] != '\0') {
			r->p++;
			to = set_item(r);
		}
		if (c == -1 || to == -1 || to - c > 8)
			many = true;
		for (; !many && c <= to; c++) {
			f = fold((unsigned char)c);
			many = !add(&out->set, &f, 1) || out->set.n > 6;
		}
	}
	if (*r->p != ']')
		r->lost = true;
	else
		r->p++;
	if (many)
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
	    *r->p == '^'; r->p++)
		if (*r->p == 'x')
			r->lost = true;
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
			while (*r->p != '\0' && *r->p != ')')
				r->p++;
			r->lost |= *r->p != ')';
			r->p += *r->p == ')';
			empty(out);
			r->depth--;
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
	unsigned	width;
	int		c;

	unknown(out);
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
		c = escaped_char(r, &width);
		if (c >= 0)
			one_char(out, (unsigned char)c);
		else if (width == 0)
			empty(out);
		return;
	default:
		one_char(out, (unsigned char)*r->p++);
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
	unsigned long	min, max;

	s.best.n = s.cur.n = 0;
	s.exact = true;
	(void)add(&s.cur, "", 0);
	while (*r->p != '\0' && *r->p != '|' && *r->p != ')' && !r->lost) {
		atom(r, &a);
		if (r->lost)
			break;
		quantifier(r, &min, &max);
		repeat(&s, &a, min, max);
	}
	out->exact = s.exact;
	if (s.exact)
		out->set = s.cur;
	else {
		keep_better(&s.best, &s.cur);
		out->set = s.best;
	}
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
		sequence(r, &next);
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
literal_find(const struct regex_text *t, struct literal_set *out)
{
	struct reader	r = { .p = t->pattern };
	struct info	info;

	out->n = 0;
	if (t->extended)
		return;
	alternatives(&r, &info);
	if (r.lost || *r.p != '\0' || has_empty(&info.set))
		return;
	*out = info.set;
}

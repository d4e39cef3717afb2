/* SPDX-License-Identifier: BSD-2-Clause */
/* text.c - looking at text that somebody else owns */
#include "feedback/parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define LOCAL_MAX	256	/* octets; VERP of others is long */
#define DOMAIN_MAX	255

bool
text_is(struct text t, const char *s)
{
	return strlen(s) == t.n && strncasecmp(t.p, s, t.n) == 0;
}

bool
text_begins(struct text t, const char *s)
{
	size_t	n = strlen(s);

	return t.n >= n && strncasecmp(t.p, s, n) == 0;
}

const char *
text_find(struct text t, const char *s)
{
	size_t		 n = strlen(s);
	const char	*p = t.p, *end;
	char		 c0, c1;

	if (n == 0 || t.n < n)
		return NULL;
	/* two letters, roughly folded, spare most of the calls */
	c0 = (char)(s[0] | 0x20);
	c1 = (char)((n > 1 ? s[1] : 0) | 0x20);
	for (end = t.p + t.n - n; p <= end; p++)
		if ((char)(p[0] | 0x20) == c0 &&
		    (n == 1 || (char)(p[1] | 0x20) == c1) &&
		    strncasecmp(p, s, n) == 0)
			return p;
	return NULL;
}

struct text
text_trim(struct text t)
{
	while (t.n > 0 && (unsigned char)t.p[0] <= ' ')
		t.p++, t.n--;
	while (t.n > 0 && (unsigned char)t.p[t.n - 1] <= ' ')
		t.n--;
	return t;
}

bool
text_line(struct text *rest, struct text *line)
{
	const char	*nl;

	if (rest->n == 0)
		return false;
	nl = memchr(rest->p, '\n', rest->n);
	line->p = rest->p;
	line->n = nl != NULL ? (size_t)(nl - rest->p) : rest->n;
	rest->p += line->n + (nl != NULL);
	rest->n -= line->n + (nl != NULL);
	if (line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool
is_local(unsigned char c)
{
	return isalnum(c) || c >= 0x80 ||
	    (c != 0 && strchr("!#$%&'*+/=?^_`{|}~.-", c) != NULL);
}

static bool
is_domain(unsigned char c)
{
	return isalnum(c) || c >= 0x80 || c == '.' || c == '-' || c == '_';
}

/* wide_mark - octets of a full-width colon, bracket, blank ... of East Asian
 * text at i, which separate as ASCII's do; 0 if none stands there */
static size_t
wide_mark(struct text t, size_t i)
{
	const unsigned char	*p = (const unsigned char *)t.p + i;

	if (i + 3 > t.n)
		return 0;
	if (p[0] == 0xe3 && p[1] == 0x80)	/* U+3000 to U+303F */
		return 3;
	if (p[0] == 0xe2 && p[1] == 0x80)	/* U+2000 to U+203F */
		return 3;
	return p[0] == 0xef && p[1] == 0xbc &&	/* U+FF01 to U+FF20, no digit */
	    (p[2] < 0x90 || (p[2] > 0x99 && p[2] <= 0xa0)) ? 3 : 0;
}

/* quoted_start - where the quoted string that ends before at begins */
static size_t
quoted_start(struct text t, size_t at, size_t floor)
{
	size_t	i;

	if (at < floor + 2 || t.p[at - 1] != '"')
		return at;
	for (i = at - 1; i > floor && at - i < LOCAL_MAX; ) {
		i--;
		if (t.p[i] == '\n')
			break;
		if (t.p[i] == '"' && (i == floor || t.p[i - 1] != '\\'))
			return i;
	}
	return at;
}

/* strip_label - "to=ann" -> "ann": logs put labels right before an address */
static size_t
strip_label(struct text t, size_t start, size_t at)
{
	static const char *const labels[] = { "to=", "rcpt=", "for=",
	    "recipient=", "from=", "address=", "user=", NULL };
	struct text		 l = { t.p + start, at - start };
	int			 i;

	for (i = 0; labels[i] != NULL; i++)
		if (text_begins(l, labels[i]))
			return start + strlen(labels[i]);
	return start;
}

/* span_local - where the local part before the '@' at `at` begins */
static size_t
span_local(struct text t, size_t at, size_t floor)
{
	size_t	i = quoted_start(t, at, floor), start;

	if (i < at)
		return i;
	while (i > floor && at - i <= LOCAL_MAX &&
	    is_local((unsigned char)t.p[i - 1]) &&
	    (i < 3 || wide_mark(t, i - 3) == 0))
		i--;
	start = strip_label(t, i, at);
	while (start < at && strchr("'`.*", t.p[start]) != NULL)
		start++;
	/* an address inside a URL is none */
	if (memmem(t.p + start, at - start, "//", 2) != NULL)
		return at;
	return at - start > LOCAL_MAX ? at : start;
}

/* span_domain - where the domain behind the '@' at `at` ends */
static size_t
span_domain(struct text t, size_t at)
{
	size_t	i = at + 1;

	if (i < t.n && t.p[i] == '[') {
		while (i < t.n && i - at < 64 && t.p[i] != ']' &&
		    t.p[i] > ' ')
			i++;
		return i < t.n && t.p[i] == ']' ? i + 1 : at + 1;
	}
	while (i < t.n && i - at <= DOMAIN_MAX &&
	    is_domain((unsigned char)t.p[i]) && wide_mark(t, i) == 0)
		i++;
	while (i > at + 1 && strchr(".-_", t.p[i - 1]) != NULL)
		i--;
	return i;
}

bool
text_address(struct text t, size_t *from, struct text *addr)
{
	const char	*at;
	size_t		 pos = *from, start, end, a;

	while (pos < t.n &&
	    (at = memchr(t.p + pos, '@', t.n - pos)) != NULL) {
		a = (size_t)(at - t.p);
		start = span_local(t, a, *from);
		end = span_domain(t, a);
		pos = end > a ? end : a + 1;
		if (start == a || end == a + 1)
			continue;
		*addr = (struct text){ t.p + start, end - start };
		*from = end;
		return true;
	}
	*from = t.n;
	return false;
}

const char *
text_header(struct parse *ps, const struct header_list *hl, const char *name)
{
	const struct header	*h;
	struct buf		 b = BUF_INIT(VALUE_MAX);
	const char		*out;

	if (hl == NULL || (h = header_first(hl, name)) == NULL)
		return "";
	(void)mime_header_text(h->value, h->value_len > VALUE_MAX ?
	    VALUE_MAX : h->value_len, &b);
	out = arena_line(ps->arena, buf_str(&b), b.len, VALUE_MAX);
	buf_free(&b);
	return out;
}

const char *
text_header_address(struct parse *ps, const struct header_list *hl,
    const char *name)
{
	const struct header	*h;
	struct text		 addr, t;
	const char		*lt;
	size_t			 from = 0;

	if (hl == NULL || (h = header_first(hl, name)) == NULL)
		return "";
	t = (struct text){ h->value, h->value_len };
	/* what stands in brackets before what stands in a display name */
	if ((lt = memrchr(t.p, '<', t.n)) != NULL)
		from = (size_t)(lt - t.p);
	if (!text_address(t, &from, &addr)) {
		from = 0;
		if (lt == NULL || !text_address(t, &from, &addr))
			return "";
	}
	return arena_dup(ps->arena, addr.p, addr.n);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* html.c - see html.h */
#include "mail/html.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/charset.h"
#include "mail/html_entity.h"
#include "mail/uri.h"
#include "base/banned.h"

#define ATTRS_MAX	64	/* of a tag; later ones are not looked at */
#define NAME_SIZE	24	/* longer than any tag that means something */

struct span {
	const char	*p;
	size_t		 n;
};

struct attr {
	struct span	 name, value;	/* as written, quotes taken off */
};

/* Elements whose content is text up to their own end tag. */
struct literal {
	const char	*name;
	bool		 raw;		/* no character references inside */
	bool		 to_end;	/* without an end tag: rest of file */
};

struct html {
	const char	*s, *end;
	struct buf	*out;
	html_link_fn	*link;
	void		*arg;
	struct buf	 tmp, base;
	unsigned	 in_script, in_style;
	bool		 any;		/* something was written before */
	bool		 after_space;	/* the last piece was white space */
	size_t		 last;		/* where the last piece begins */
	bool		 loose_comments; /* one has no end: '>' ends them */
	unsigned	 endless;	/* bit i: no end tag of literals[i]
					   follows, do not look again */
};

static const struct literal literals[] = {
	{ "script", true, true }, { "style", true, true },
	{ "xmp", true, true }, { "iframe", true, true },
	{ "plaintext", true, true }, { "title", false, false },
	{ "textarea", false, true },
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* span_is - ASCII case-insensitive comparison with a literal */
static bool
span_is(struct span s, const char *lit)
{
	return strlen(lit) == s.n && strncasecmp(s.p, lit, s.n) == 0;
}

static int
entity_cmp(const void *key, const void *item)
{
	const struct span		*k = key;
	const struct html_entity	*e = item;
	int				 r = strncmp(k->p, e->name, k->n);

	return r != 0 ? r : -(e->name[k->n] != '\0');
}

/* entity - code point of a name of n octets, 0 if there is none */
static unsigned long
entity(const char *p, size_t n)
{
	struct span			 key = { p, n };
	const struct html_entity	*e;

	if (n == 0 || n > HTML_ENTITY_MAX)
		return 0;
	e = bsearch(&key, html_entities,
	    sizeof html_entities / sizeof html_entities[0],
	    sizeof html_entities[0], entity_cmp);
	return e == NULL ? 0 : e->cp;
}

/* numeric - "#123" or "#x7b" after '&'; octets taken, 0 if it is none */
static size_t
numeric(const char *p, size_t n, unsigned long *cp)
{
	size_t		i = 1, first;
	unsigned	d, radix = 10;

	if (n > 1 && (p[1] == 'x' || p[1] == 'X')) {
		radix = 16;
		i = 2;
	}
	*cp = 0;
	for (first = i; i < n; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			d = (unsigned)(p[i] - '0');
		else if (radix == 16 && is_letter(p[i]) &&
		    (p[i] | 0x20) <= 'f')
			d = (unsigned)((p[i] | 0x20) - 'a') + 10;
		else
			break;
		if (*cp < 0x110000)
			*cp = *cp * radix + d;
	}
	if (i == first)
		return 0;
	return i < n && p[i] == ';' ? i + 1 : i;
}

/* named - the same for "amp;" and, for the old ones, "amp" */
static size_t
named(const char *p, size_t n, unsigned long *cp)
{
	size_t	len = 0;

	while (len < n && len <= HTML_ENTITY_MAX &&
	    (is_letter(p[len]) || (len > 0 && p[len] >= '0' &&
	    p[len] <= '9')))
		len++;
	if (len < n && p[len] == ';' && (*cp = entity(p, len)) != 0)
		return len + 1;
	for (; len > 1; len--)
		if ((*cp = entity(p, len)) != 0 && *cp < 256 && *cp != '\'')
			return len;
	return 0;
}

int
html_unescape(const char *s, size_t n, struct buf *out)
{
	const char	*amp, *end = s + n;
	unsigned long	 cp;
	size_t		 taken;

	while ((amp = memchr(s, '&', (size_t)(end - s))) != NULL) {
		if (buf_add(out, s, (size_t)(amp - s)) == -1)
			return -1;
		s = amp + 1;
		if (s == end)
			taken = 0;
		else if (*s == '#')
			taken = numeric(s, (size_t)(end - s), &cp);
		else
			taken = named(s, (size_t)(end - s), &cp);
		if (taken == 0) {
			if (buf_addc(out, '&') == -1)
				return -1;
			continue;
		}
		/* A no-break space separates words like any other. */
		if ((cp == 0xa0 ? buf_addc(out, ' ') :
		    charset_put(cp, out)) == -1)
			return -1;
		s += taken;
	}
	return buf_add(out, s, (size_t)(end - s));
}

/* put_space - what a tag that ends a line or a cell leaves behind */
static void
put_space(struct html *h, const char *space)
{
	if (h->any && !h->after_space && h->out->len > h->last &&
	    h->out->data[h->out->len - 1] == ' ')
		h->out->data[--h->out->len] = '\0';
	h->last = h->out->len;
	(void)buf_adds(h->out, space);
	h->any = h->after_space = true;
}

/* put_text - text, its runs of white space made one */
static void
put_text(struct html *h, const char *p, size_t n, bool unescape)
{
	size_t	i, from, start;

	if (n == 0 || h->in_script > 0 || h->in_style > 0)
		return;
	if (unescape && memchr(p, '&', n) != NULL) {
		buf_reset(&h->tmp);
		(void)html_unescape(p, n, &h->tmp);
		p = buf_str(&h->tmp);
		n = h->tmp.len;
	}
	start = h->out->len;
	i = h->any && h->after_space && n > 0 && is_space(p[0]) ? 1 : 0;
	if (i == 1)
		while (i < n && is_space(p[i]))
			i++;
	while (i < n) {
		for (from = i; i < n && !is_space(p[i]); i++)
			;
		if (buf_add(h->out, p + from, i - from) == -1) {
			(void)buf_add_some(h->out, p + from, i - from);
			return;
		}
		if (i < n && buf_addc(h->out, ' ') == -1)
			return;
		while (i < n && is_space(p[i]))
			i++;
	}
	h->last = start;
	h->any = true;
	h->after_space = false;
}

/* whitespace - the separator that an element stands for, NULL if none */
static const char *
whitespace(struct span tag)
{
	static const struct {
		const char	*name, *space;
	} table[] = {
		{ "br", "\n" }, { "div", "\n" }, { "p", "\n\n" },
		{ "li", " " }, { "td", " " }, { "th", " " }, { "dd", " " },
		{ "dt", " " }, { "embed", " " }, { "h1", " " },
		{ "h2", " " }, { "h3", " " }, { "h4", " " }, { "h5", " " },
		{ "h6", " " }, { "hr", "\n\n" }, { "blockquote", "\n\n" },
		{ "pre", "\n\n" }, { "listing", "\n\n" },
		{ "plaintext", "\n\n" }, { "xmp", "\n\n" },
		{ "title", "\n\n" },
	};
	size_t	i;

	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if (span_is(tag, table[i].name))
			return table[i].space;
	return NULL;
}

/* attr - the first attribute of that name; `tail`: "x/href" counts, too */
static const struct attr *
attr(const struct attr *v, size_t n, const char *name, bool tail)
{
	const struct attr	*found = NULL;
	size_t			 i, len = strlen(name);

	for (i = 0; i < n; i++) {
		if (found == NULL && span_is(v[i].name, name))
			found = &v[i];
		if (tail && v[i].name.n > len + 1 &&
		    v[i].name.p[v[i].name.n - len - 1] == '/' &&
		    strncasecmp(v[i].name.p + v[i].name.n - len, name,
		    len) == 0)
			return &v[i];
	}
	return found;
}

static struct span
trim(const char *p, size_t n)
{
	struct span	s = { p, n };

	while (s.n > 0 && (is_space(*s.p) ||
	    (s.n > 1 && memcmp(s.p, "\xc2\xa0", 2) == 0))) {
		s.n -= is_space(*s.p) ? 1 : 2;
		s.p += is_space(*s.p) ? 1 : 2;
	}
	while (s.n > 0 && (is_space(s.p[s.n - 1]) ||
	    (s.n > 1 && memcmp(s.p + s.n - 2, "\xc2\xa0", 2) == 0)))
		s.n -= is_space(s.p[s.n - 1]) ? 1 : 2;
	if (s.n > HTML_URI_MAX)
		s.n = HTML_URI_MAX;
	return s;
}

/* opaque - schemes that no base applies to */
static bool
opaque(struct span u)
{
	static const char *const schemes[] = {
		"data:", "mailto:", "file:", "cid:", "tel:"
	};
	size_t	i;

	for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (u.n >= strlen(schemes[i]) && strncasecmp(u.p, schemes[i],
		    strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* push - hand over one link, made whole */
static void
push(struct html *h, const char *tag, struct span u)
{
	struct buf	whole = BUF_INIT(2 * HTML_URI_MAX + 16);

	if (u.n == 0 || h->link == NULL)
		return;
	if (opaque(u)) {
		h->link(h->arg, tag, u.p, u.n);
		return;
	}
	if (uri_resolve(buf_str(&h->base), h->base.len, u.p, u.n,
	    &whole) == 0 && whole.len > 0)
		h->link(h->arg, tag, whole.data, whole.len);
	buf_free(&whole);
}

/* push_attr - the link in an attribute, if it is there */
static void
push_attr(struct html *h, const char *tag, const struct attr *a)
{
	struct buf	v = BUF_INIT(4 * HTML_URI_MAX);
	size_t		i, k;

	if (a == NULL || a->value.p == NULL)
		return;
	if (html_unescape(a->value.p, a->value.n < 2 * HTML_URI_MAX ?
	    a->value.n : 2 * HTML_URI_MAX, &v) == 0 && v.len > 0) {
		/* A byte order mark inside a link only hides it. */
		for (i = k = 0; i < v.len; i++) {
			if (i + 2 < v.len && memcmp(v.data + i,
			    "\xef\xbb\xbf", 3) == 0) {
				i += 2;
				continue;
			}
			v.data[k++] = v.data[i];
		}
		push(h, tag, trim(v.data, k));
	}
	buf_free(&v);
}

/* set_base - <base href>: later relative links are read against it */
static void
set_base(struct html *h, const struct attr *a)
{
	struct buf	 v = BUF_INIT(4 * HTML_URI_MAX);
	struct span	 u;
	const char	*slash, *dot;
	size_t		 tail;

	if (a == NULL || a->value.p == NULL ||
	    html_unescape(a->value.p, a->value.n < HTML_URI_MAX ?
	    a->value.n : HTML_URI_MAX, &v) == -1 || v.len == 0) {
		buf_free(&v);
		return;
	}
	u = trim(v.data, v.len);
	push(h, "base", u);
	if ((u.n > 5 && strncasecmp(u.p, "http:", 5) == 0) ||
	    (u.n > 6 && strncasecmp(u.p, "https:", 6) == 0) ||
	    (u.n > 4 && strncasecmp(u.p, "ftp:", 4) == 0)) {
		/* Drop a file name, "page.html", behind the last slash. */
		for (slash = u.p + u.n; slash > u.p && slash[-1] != '/';
		    slash--)
			;
		tail = (size_t)(u.p + u.n - slash);
		dot = tail > 0 ? memchr(slash, '.', tail) : NULL;
		if (dot != NULL && slash - u.p > 8 && dot > slash &&
		    tail - (size_t)(dot - slash) >= 3 &&
		    tail - (size_t)(dot - slash) <= 5)
			u.n = (size_t)(slash - u.p);
		buf_reset(&h->base);
		(void)buf_add(&h->base, u.p, u.n);
		if (u.n > 0 && u.p[u.n - 1] != '/')
			(void)buf_addc(&h->base, '/');
	}
	buf_free(&v);
}

/* meta_refresh - <meta http-equiv=refresh content="0; url=..."> */
static void
meta_refresh(struct html *h, const struct attr *v, size_t n)
{
	const struct attr	*equiv = attr(v, n, "http-equiv", false);
	const struct attr	*content = attr(v, n, "content", false);
	struct span		 c;
	size_t			 i, k;

	if (equiv == NULL || content == NULL || content->value.p == NULL ||
	    !span_is(trim(equiv->value.p, equiv->value.n), "refresh"))
		return;
	c = content->value;
	for (i = 0; i + 4 < c.n; i++) {
		if (strncasecmp(c.p + i, "url", 3) != 0)
			continue;
		for (k = i + 3; k < c.n && is_space(c.p[k]); k++)
			;
		if (k < c.n && c.p[k] == '=') {
			struct attr	a = { { "url", 3 },
			    { c.p + k + 1, c.n - k - 1 } };
			const char	*semi = memchr(a.value.p, ';',
					    a.value.n);

			if (semi != NULL)
				a.value.n = (size_t)(semi - a.value.p);
			push_attr(h, "meta", &a);
			return;
		}
	}
}

/* links - those of a start tag */
static void
links(struct html *h, const char *tag, const struct attr *v, size_t n)
{
	static const struct {
		const char	*tag, *attr;
		bool		 tail;
	} table[] = {
		{ "a", "href", true }, { "area", "href", true },
		{ "link", "href", true }, { "img", "src", true },
		{ "frame", "src", true }, { "iframe", "src", true },
		{ "embed", "src", true }, { "script", "src", true },
		{ "bgsound", "src", true }, { "form", "action", false },
		{ "body", "background", false },
		{ "table", "background", false },
		{ "tr", "background", false }, { "td", "background", false },
	};
	size_t	i;

	if (h->link == NULL)
		return;
	for (i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strcmp(tag, table[i].tag) == 0) {
			push_attr(h, tag, attr(v, n, table[i].attr,
			    table[i].tail));
			if (i < 3)
				push_attr(h, tag, attr(v, n,
				    "data-saferedirecturl", false));
			return;
		}
	if (strcmp(tag, "base") == 0)
		set_base(h, attr(v, n, "href", false));
	else if (strcmp(tag, "meta") == 0)
		meta_refresh(h, v, n);
}

/* tag_name - lower case copy; a "/" at the end of <br/> is not part of it */
static struct span
tag_name(struct span as_is, char out[NAME_SIZE])
{
	struct span	t = as_is;
	size_t		i;

	if (t.n > 1 && t.p[t.n - 1] == '/')
		t.n--;
	if (t.n >= NAME_SIZE)
		t.n = NAME_SIZE - 1;
	for (i = 0; i < t.n; i++)
		out[i] = t.p[i] >= 'A' && t.p[i] <= 'Z' ?
		    (char)(t.p[i] | 0x20) : t.p[i];
	out[t.n] = '\0';
	t.p = out;
	return t;
}

/* literal_end - where "</name >" begins in the rest; NULL if nowhere */
static const char *
literal_end(const struct html *h, const char *name, const char **after)
{
	const char	*p = h->s, *q;
	size_t		 n = strlen(name);

	while ((p = memchr(p, '<', (size_t)(h->end - p))) != NULL) {
		if ((size_t)(h->end - p) > n + 2 && p[1] == '/' &&
		    strncasecmp(p + 2, name, n) == 0) {
			for (q = p + 2 + n; q < h->end && is_space(*q); q++)
				;
			if (q < h->end && *q == '>') {
				*after = q + 1;
				return p;
			}
		}
		p++;
	}
	return NULL;
}

static void	end_tag(struct html *h, struct span tag);

/* literal_text - the content of script, title and the like, and its end */
static void
literal_text(struct html *h, struct span tag)
{
	const struct literal	*l;
	const char		*at = NULL, *after = NULL;
	size_t			 i;

	for (i = 0; i < sizeof literals / sizeof literals[0]; i++)
		if (span_is(tag, literals[i].name))
			break;
	if (i == sizeof literals / sizeof literals[0])
		return;
	l = &literals[i];
	if ((h->endless & 1u << i) == 0 && strcmp(l->name, "plaintext") != 0)
		at = literal_end(h, l->name, &after);
	if (at == NULL) {
		h->endless |= 1u << i;
		if (!l->to_end)
			return;		/* read on as if it were no literal */
		at = after = h->end;
	}
	put_text(h, h->s, (size_t)(at - h->s), !l->raw);
	h->s = after;
	end_tag(h, tag);
}

static void
start_tag(struct html *h, struct span as_is, const struct attr *v, size_t n)
{
	char		 name[NAME_SIZE];
	struct span	 tag = tag_name(as_is, name);
	const char	*space;

	if (strcmp(name, "script") == 0)
		h->in_script++;
	else if (strcmp(name, "style") == 0)
		h->in_style++;
	if ((space = whitespace(tag)) != NULL)
		put_space(h, space);
	links(h, name, v, n);
	literal_text(h, tag);
}

static void
end_tag(struct html *h, struct span as_is)
{
	char		 name[NAME_SIZE];
	struct span	 tag = tag_name(as_is, name);
	const char	*space;

	if (strcmp(name, "script") == 0)
		h->in_script -= h->in_script > 0;
	else if (strcmp(name, "style") == 0)
		h->in_style -= h->in_style > 0;
	if ((space = whitespace(tag)) != NULL)
		put_space(h, space);
}

/* value - an attribute's value at h->s; false when the tag never ends */
static bool
value(const char **sp, const char *end, struct span *out)
{
	const char	*s = *sp, *from;
	char		 quote;

	while (s < end && is_space(*s))
		s++;
	if (s == end)
		return false;
	out->p = s;
	out->n = 0;
	if (*s == '>') {
		*sp = s;
		return true;
	}
	if (*s == '"' || *s == '\'') {
		quote = *s++;
		from = s;
		if ((s = memchr(s, quote, (size_t)(end - s))) == NULL)
			return false;
		out->p = from;
		out->n = (size_t)(s - from);
		s++;
	} else {
		for (from = s; s < end && !is_space(*s) && *s != '>'; s++)
			;
		out->n = (size_t)(s - from);
	}
	while (s < end && is_space(*s))
		s++;
	*sp = s;
	return s < end;
}

/*
 * open_tag - "<name attr=value ...>" at h->s
 *
 * Returns false when it has no end: the rest of the file is then nothing that
 * anybody would see.
 */
static bool
open_tag(struct html *h)
{
	struct attr	 v[ATTRS_MAX], a;
	struct span	 tag;
	const char	*s = h->s + 1, *end = h->end;
	size_t		 n = 0;

	for (tag.p = s; s < end && !is_space(*s) && *s != '>'; s++)
		;
	tag.n = (size_t)(s - tag.p);
	while (s < end && is_space(*s))
		s++;
	while (s < end && *s != '>') {
		memset(&a, 0, sizeof a);
		a.name.p = s++;
		while (s < end && !is_space(*s) && *s != '=' && *s != '>')
			s++;
		a.name.n = (size_t)(s - a.name.p);
		while (s < end && is_space(*s))
			s++;
		if (s < end && *s == '=') {
			s++;
			if (!value(&s, end, &a.value))
				return false;
		}
		if (n < ATTRS_MAX)
			v[n++] = a;
	}
	if (s == end)
		return false;
	h->s = s + 1;
	start_tag(h, tag, v, n);
	return true;
}

/* close_tag - "</name ...>"; false as above */
static bool
close_tag(struct html *h)
{
	struct span	 tag;
	const char	*s = h->s + 2, *gt;

	if ((gt = memchr(s, '>', (size_t)(h->end - s))) == NULL)
		return false;
	h->s = gt + 1;
	if (!is_letter(*s) && !(*s >= '0' && *s <= '9'))
		return true;		/* "</ x>" is a comment */
	for (tag.p = s; s < gt && !is_space(*s); s++)
		;
	tag.n = (size_t)(s - tag.p);
	end_tag(h, tag);
	return true;
}

/* comment - behind the end of "<!-- ... -- >"; NULL if it has none */
static const char *
comment(struct html *h, const char *s)
{
	const char	*p = s, *q;

	while (!h->loose_comments &&
	    (p = memchr(p, '-', (size_t)(h->end - p))) != NULL) {
		if (h->end - p > 2 && p[1] == '-') {
			for (q = p + 2; q < h->end && is_space(*q); q++)
				;
			if (q < h->end && *q == '>')
				return q + 1;
		}
		p++;
	}
	h->loose_comments = true;
	p = memchr(s, '>', (size_t)(h->end - s));
	return p == NULL ? NULL : p + 1;
}

/* declaration - "<!...>": comment, doctype, CDATA; false as above */
static bool
declaration(struct html *h)
{
	const char	*s = h->s + 2, *gt;

	if (h->end - s >= 7 && strncasecmp(s, "[CDATA[", 7) == 0) {
		for (gt = s + 7; (gt = memchr(gt, ']', (size_t)(h->end -
		    gt))) != NULL && (h->end - gt < 3 ||
		    memcmp(gt, "]]>", 3) != 0); gt++)
			;
		if (gt == NULL)
			return false;
		put_text(h, s + 7, (size_t)(gt - s - 7), false);
		h->s = gt + 3;
		return true;
	}
	if (h->end - s >= 2 && memcmp(s, "--", 2) == 0)
		gt = comment(h, s + 2);
	else if ((gt = memchr(s, '>', (size_t)(h->end - s))) != NULL)
		gt++;
	if (gt == NULL)
		return false;
	h->s = gt;
	return true;
}

/* markup - at a '<'; 1 read, 0 it is text after all, -1 it never ends */
static int
markup(struct html *h)
{
	const char	*gt;
	char		 c = h->end - h->s > 1 ? h->s[1] : '\0';

	if (is_letter(c))
		return open_tag(h) ? 1 : -1;
	if (c == '/' && h->end - h->s > 2)
		return close_tag(h) ? 1 : -1;
	if (c == '!')
		return declaration(h) ? 1 : -1;
	if (c == '?') {
		gt = memchr(h->s, '>', (size_t)(h->end - h->s));
		if (gt == NULL)
			return -1;
		h->s = gt + 1;
		return 1;
	}
	return 0;
}

int
html_render(const char *p, size_t n, struct buf *out, html_link_fn *link,
    void *arg)
{
	struct html	 h = {
		.s = p, .end = p + n, .out = out, .link = link, .arg = arg,
		.tmp = BUF_INIT(n + 1), .base = BUF_INIT(HTML_URI_MAX + 1),
	};
	const char	*lt, *from;
	bool		 starved;

	while (h.s < h.end && out->len < out->max) {
		from = h.s;
		lt = memchr(h.s, '<', (size_t)(h.end - h.s));
		h.s = lt == NULL ? h.end : lt;
		put_text(&h, from, (size_t)(h.s - from), true);
		if (lt == NULL)
			break;
		switch (markup(&h)) {
		case 0:
			/* "a < b": text up to the next tag */
			lt = h.end - h.s < 2 ? NULL : memchr(h.s + 1, '<',
			    (size_t)(h.end - h.s) - 1);
			if (lt == NULL)
				lt = h.end;
			put_text(&h, h.s, (size_t)(lt - h.s), true);
			h.s = lt;
			break;
		case -1:
			h.s = h.end;
			break;
		default:
			break;
		}
	}
	starved = h.tmp.starved || h.base.starved || out->starved;
	buf_free(&h.tmp);
	buf_free(&h.base);
	if (starved)
		return -1;
	return out->failed && out->len + 4 < out->max ? -1 : 0;
}

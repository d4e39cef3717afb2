/* SPDX-License-Identifier: BSD-2-Clause */
/* view_parse.c - see view_int.h: header sections and the MIME walk */
#include "mail/view_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define KEY_MAX		256	/* octets of a field name that are kept */
#define VALUE_MAX	8192	/* octets of a field's value that are kept */
#define BLANKS_MAX	20	/* empty lines in a row that are kept */
#define BAD_FIELDS	3	/* lines that are no field, before the body
				   is taken to have begun */

/* What the walk remembers of one multipart. */
struct multi {
	struct view_part	*part;		/* the multipart itself */
	struct view_text	 boundary;
	size_t			 depth;
	bool			 nested;	/* a child has our boundary */
	bool			 message;	/* the part is a message */
};

/* One part while it is read. */
struct reading {
	struct view_part	*part;
	const char		*body;		/* NULL: still in its header */
	const char		*field;		/* the field being collected */
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

static bool
is_field_char(char c)
{
	return (unsigned char)c > 32 && (unsigned char)c < 127 && c != ':';
}

/* field_name - octets before the colon of "Name :", 0 if p is no field */
static size_t
field_name(const char *p, size_t n, bool blanks)
{
	size_t	i, k;

	for (i = 0; i < n && is_field_char(p[i]); i++)
		;
	for (k = i; blanks && k < n && (p[k] == ' ' || p[k] == '\t'); k++)
		;
	return i > 0 && k < n && p[k] == ':' ? k : 0;
}

static const char *
line_end(const char *p, const char *end)
{
	const char	*nl = memchr(p, '\n', (size_t)(end - p));

	return nl == NULL ? end : nl + 1;
}

static bool
blank(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p == end;
}

/* add_field - keep one field of a header section */
static int
add_field(struct view *v, struct view_part *part, struct view_text name,
    struct view_text raw)
{
	struct view_header	*h, *more;
	struct buf		 text = BUF_INIT(8 * VALUE_MAX);
	char			*copy;

	if (part->nheaders >= v->lim.headers) {
		v->truncated = true;
		return 0;
	}
	if (part->nheaders == part->cap) {
		size_t	cap = part->cap == 0 ? 16 : 2 * part->cap;

		if ((more = realloc(part->headers, cap * sizeof *more)) ==
		    NULL)
			return -1;
		part->headers = more;
		part->cap = cap;
	}
	if (name.n > KEY_MAX)
		name.n = KEY_MAX;
	if (raw.n > VALUE_MAX) {
		raw.n = VALUE_MAX;
		v->truncated = true;
	}
	h = &part->headers[part->nheaders];
	h->name = name;
	h->raw = raw;
	if ((copy = view_dup(v, name.p, name.n)) == NULL)
		return -1;
	if (view_decode_header(copy, raw.p, raw.n, &text) == -1)
		goto fail;
	h->text.n = text.len;
	h->text.p = view_dup(v, buf_str(&text), text.len);
	h->name.p = copy;
	buf_free(&text);
	if (h->text.p == NULL)
		return -1;
	part->nheaders++;
	return 0;
fail:
	buf_free(&text);
	return -1;
}

/* split_field - "Name: value" at p; part fields lose the blanks behind the
 * colon, the message's lose those before it */
static int
split_field(struct view *v, struct view_part *part, const char *p,
    const char *end, bool of_part)
{
	struct view_text	 name, raw;
	const char		*colon = memchr(p, ':', (size_t)(end - p));

	if (colon == NULL)
		return 0;
	name.p = p;
	name.n = (size_t)(colon - p);
	raw.p = colon + 1;
	if (of_part)
		while (raw.p < end && is_space(*raw.p))
			raw.p++;
	else
		while (name.n > 0 && (name.p[name.n - 1] == ' ' ||
		    name.p[name.n - 1] == '\t'))
			name.n--;
	raw.n = (size_t)(end - raw.p);
	return name.n == 0 ? 0 : add_field(v, part, name, raw);
}

/*
 * head - the header section at p
 *
 * Returns where the body begins, NULL without memory. Up to three lines that
 * are no field are passed over, the fourth ends the section, as does what
 * looks like a MIME boundary.
 */
static const char *
head(struct view *v, struct view_part *part, const char *p, const char *end)
{
	const char	*field = NULL, *eol;
	unsigned	 bad = 0;
	int		 rc = 0;

	for (;; p = eol) {
		eol = p < end ? line_end(p, end) : p;
		if (p < end && (*p == ' ' || *p == '\t')) {
			if (field == NULL)
				field = p;
			continue;
		}
		if (field != NULL)
			rc = split_field(v, part, field, p, false);
		field = NULL;
		if (rc == -1)
			return NULL;
		if (p == end)
			return p;
		if (*p == '\n')
			return eol;
		if (end - p >= 2 && p[0] == '-' && p[1] == '-')
			return p;
		if (field_name(p, (size_t)(eol - p), true) == 0 &&
		    ++bad > BAD_FIELDS)
			return p;
		field = p;
	}
}

/* last_field - the decoded value of the last field of that name, "" if none */
static struct view_text
last_field(const struct view_part *part, const char *name)
{
	struct view_text	none = { "", 0 };
	size_t			i;

	for (i = part->nheaders; i-- > 0;)
		if (part->headers[i].name.n == strlen(name) &&
		    strncasecmp(part->headers[i].name.p, name,
		    part->headers[i].name.n) == 0)
			return part->headers[i].text;
	return none;
}

/* param_at - behind "NAME =" at a word's beginning; NULL if it is not there */
static const char *
param_at(struct view_text t, const char *name)
{
	size_t		 i, n = strlen(name);
	const char	*p, *end = t.p + t.n;

	for (i = 0; i + n < t.n; i++) {
		if (strncasecmp(t.p + i, name, n) != 0 || (i > 0 &&
		    is_word(t.p[i - 1])))
			continue;
		for (p = t.p + i + n; p < end && is_space(*p); p++)
			;
		if (p == end || *p != '=')
			continue;
		for (p++; p < end && is_space(*p); p++)
			;
		return p;
	}
	return NULL;
}

/* plain_param - up to ';', without the quotes around it */
static struct view_text
plain_param(struct view_text t, const char *name)
{
	struct view_text	 r = { "", 0 };
	const char		*p = param_at(t, name), *end = t.p + t.n, *q;

	if (p == NULL)
		return r;
	if (p < end && (*p == '"' || *p == '\''))
		p++;
	q = p < end ? memchr(p, ';', (size_t)(end - p)) : NULL;
	if (q == NULL)
		q = end;
	if (q > p && (q[-1] == '"' || q[-1] == '\''))
		q--;
	r.p = p;
	r.n = (size_t)(q - p);
	return r;
}

/* boundary_param - to the closing quote, or to the next blank, ';' or end */
static struct view_text
boundary_param(struct view_text t)
{
	struct view_text	 r = { NULL, 0 };
	const char		*p = param_at(t, "boundary"), *q;
	const char		*end = t.p + t.n;

	if (p == NULL || p == end)
		return r;
	if (*p == '"') {
		for (q = ++p; q < end && *q != '"'; q++)
			;
	} else {
		for (q = p; q < end && !is_space(*q) && *q != '"' &&
		    *q != ';'; q++)
			;
		if (q < end && *q == '"')
			return r;
	}
	if (q > p) {
		r.p = p;
		r.n = (size_t)(q - p);
	}
	return r;
}

/* type_of - "text/plain"; every text but three is plain. *missing: not said */
static char *
type_of(struct view *v, struct view_text ct, bool *missing)
{
	char	*t, *p;
	size_t	 n = 0, i, k;

	while (ct.n > 0 && is_space(*ct.p)) {
		ct.p++;
		ct.n--;
	}
	while (n < ct.n && ct.p[n] != ';' && ct.p[n] != '/')
		n++;
	if (n > 0 && n < ct.n && ct.p[n] == '/')
		for (n++; n < ct.n && ct.p[n] != ';' && ct.p[n] != '/' &&
		    !is_space(ct.p[n]); n++)
			;
	*missing = n == 0;
	if (n == 0)
		return view_dup(v, "text/plain", 10);
	if ((t = view_dup(v, ct.p, n)) == NULL)
		return NULL;
	for (p = t; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	if (strncmp(t, "text", 4) == 0 && !is_word(t[4]) &&
	    strcmp(t, "text/html") != 0 && strcmp(t, "text/calendar") != 0 &&
	    strcmp(t, "text/x-vcard") != 0)
		return view_dup(v, "text/plain", 10);
	for (i = k = 0; t[i] != '\0'; i++)
		if (is_field_char(t[i]) && strchr("\"(),;<=>?@[\\]",
		    t[i]) == NULL)
			t[k++] = t[i];
	t[k] = '\0';
	return t;
}

/* html_name - does ".html", ".htm", ".shtml" end the part's name? */
static bool
html_name(struct view_text ct, struct view_text disp)
{
	static const char *const	 ends[] = {
		".htm", ".html", ".shtm", ".shtml"
	};
	struct view_text		 name;
	size_t				 i, n;

	name = plain_param(disp, "filename");
	if (name.n == 0)
		name = plain_param(disp, "name");
	if (name.n == 0)
		name = plain_param(ct, "filename");
	if (name.n == 0)
		name = plain_param(ct, "name");
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		n = strlen(ends[i]);
		if (name.n >= n && strncasecmp(name.p + name.n - n, ends[i],
		    n) == 0)
			return true;
	}
	return false;
}

/* describe - type, charset, name and encoding from the part's fields */
static int
describe(struct view *v, struct view_part *part, bool digest,
    struct view_text *boundary)
{
	struct view_text	ct = last_field(part, "content-type"), cs, te;
	bool			missing;
	char			*p;

	part->type = type_of(v, ct, &missing);
	if (missing && digest)
		part->type = view_dup(v, "message/rfc822", 14);
	cs = plain_param(ct, "charset");
	part->charset = view_dup(v, cs.p, cs.n);
	part->html_name = html_name(ct,
	    last_field(part, "content-disposition"));
	te = last_field(part, "content-transfer-encoding");
	part->encoding = view_dup(v, te.p, te.n);
	*boundary = boundary_param(ct);
	if (part->type == NULL || part->charset == NULL ||
	    part->encoding == NULL)
		return -1;
	for (p = part->encoding; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	return 0;
}

static struct view_part *
new_part(struct view *v)
{
	struct view_part	*part, **more;

	if (v->nparts == v->cap) {
		size_t	cap = v->cap == 0 ? 16 : 2 * v->cap;

		if ((more = realloc(v->parts, cap * sizeof *more)) == NULL)
			return NULL;
		v->parts = more;
		v->cap = cap;
	}
	if ((part = calloc(1, sizeof *part)) == NULL)
		return NULL;
	part->type = part->charset = part->encoding = (char *)"";
	v->parts[v->nparts++] = part;
	return part;
}

static int	walk(struct view *v, struct view_part *part,
		    struct view_text boundary, size_t depth, bool message);

/* boundary_line - 0 none, 1 the boundary, 2 the last one */
static int
boundary_line(const char *p, const char *end, struct view_text b)
{
	size_t	n = (size_t)(end - p);

	if (b.p == NULL || n < b.n + 2 || p[0] != '-' || p[1] != '-' ||
	    memcmp(p + 2, b.p, b.n) != 0)
		return 0;
	p += 2 + b.n;
	if (blank(p, end))
		return 1;
	return end - p >= 2 && p[0] == '-' && p[1] == '-' &&
	    blank(p + 2, end) ? 2 : 0;
}

/* finish - a child is complete: find out what it is and walk it */
static int
finish(struct view *v, struct multi *m, struct reading *r, const char *end,
    bool at_boundary)
{
	struct view_part	*part = r->part;
	struct view_text	 own;

	part->body = r->body != NULL ? r->body : end;
	part->len = (size_t)(end - part->body);
	if (at_boundary && part->len > 0 && end[-1] == '\n')
		part->len--;		/* belongs to the boundary */
	part->wraps = m->part->wraps + 1;
	if (describe(v, part, strcmp(m->part->type, "multipart/digest") == 0,
	    &own) == -1)
		return -1;
	return walk(v, part, own.p != NULL ? own : m->boundary, m->depth - 1,
	    false);
}

/* part_line - one line of a child that is no boundary. 0, or -1 */
static int
part_line(struct view *v, struct multi *m, struct reading *r, const char *p,
    const char *eol)
{
	struct view_text	own;

	if (r->body != NULL)
		return 0;
	if (field_name(p, (size_t)(eol - p), true) > 0) {
		if (r->field != NULL && split_field(v, r->part, r->field, p,
		    true) == -1)
			return -1;
		r->field = p;
		return 0;
	}
	if ((*p == ' ' || *p == '\t') && r->field != NULL)
		return 0;
	if (r->field != NULL) {
		if (split_field(v, r->part, r->field, p, true) == -1)
			return -1;
		own = boundary_param(last_field(r->part, "content-type"));
		if (own.p != NULL && own.n == m->boundary.n &&
		    memcmp(own.p, m->boundary.p, own.n) == 0)
			m->nested = true;
	}
	r->body = *p == '\n' || (*p == '\r' && p + 1 < eol && p[1] == '\n') ?
	    eol : p;
	return 0;
}

/* preamble - behind the first boundary line; where it was if there is none */
static const char *
preamble(const char *p, const char *end, struct view_text boundary)
{
	const char	*q = p, *eol;

	for (; q < end; q = eol) {
		eol = line_end(q, end);
		if (boundary_line(q, eol, boundary) == 1)
			return eol;
	}
	return p;
}

/* multipart - the children of a part */
static int
multipart(struct view *v, struct multi *m)
{
	const char	*end = m->part->body + m->part->len, *p, *eol;
	struct reading	 r = { NULL, NULL, NULL };
	bool		 last, headless;
	int		 b;

	p = preamble(m->part->body, end, m->boundary);
	/* A message's header has been read: nothing here is part of one. */
	headless = m->message && p == m->part->body;
	for (; p < end; p = eol) {
		eol = line_end(p, end);
		last = eol == end;
		if (r.part == NULL) {
			if (v->nparts >= v->lim.parts) {
				v->truncated = true;
				return 0;
			}
			if ((r.part = new_part(v)) == NULL)
				return -1;
			r.body = headless ? p : NULL;
			headless = false;
		}
		b = boundary_line(p, eol, m->boundary);
		if (b != 0 && m->nested) {
			if (b == 2)
				m->nested = false;
			b = 0;
		}
		if (b == 0 && !last) {
			if (part_line(v, m, &r, p, eol) == -1)
				return -1;
			continue;
		}
		if (b == 0 && r.body == NULL)
			r.body = p;	/* the last line is never a field */
		if (finish(v, m, &r, b == 0 ? eol : p, b != 0) == -1)
			return -1;
		if (b == 2)
			break;
		memset(&r, 0, sizeof r);
	}
	return 0;
}

/* nested - the message inside a message/rfc822 part */
static int
nested(struct view *v, struct view_part *part, size_t depth)
{
	struct buf	 b = BUF_INIT(v->lim.octets);
	char		*text;
	int		 rc = 0;

	if (view_part_decode(v, part, &b) == -1)
		rc = -1;
	else if (b.len > 0) {
		part->leaf = false;
		text = view_dup(v, b.data, b.len);
		rc = text == NULL ? -1 :
		    view_parse(v, text, b.len, depth - 1, false);
	}
	buf_free(&b);
	return rc;
}

/* walk - what kind of part is it, and what is inside? */
static int
walk(struct view *v, struct view_part *part, struct view_text boundary,
    size_t depth, bool message)
{
	struct multi	m = { .part = part, .boundary = boundary,
			    .depth = depth, .message = message };
	bool		multi = strncmp(part->type, "multipart/", 10) == 0;

	if (multi && boundary.p != NULL && depth > 0)
		return multipart(v, &m);
	part->leaf = true;
	/* A multipart without a boundary is text that lies. */
	if (multi && boundary.p == NULL)
		part->type = (char *)"text/plain";
	if (depth > 0 && (strcmp(part->type, "message/rfc822") == 0 ||
	    strcmp(part->type, "message/global") == 0))
		return nested(v, part, depth);
	return 0;
}

/* tidy - CRLF as LF, long runs of empty lines cut; NULL without memory */
static const char *
tidy(struct view *v, const char *p, size_t *len, bool crlf)
{
	struct buf	 b = BUF_INIT(*len + 1);
	const char	*end = p + *len, *q, *eol;
	size_t		 blanks = 0, at = 0, first_end = 0;
	char		*copy;

	for (q = p; q < end; q = eol) {
		size_t	n;

		eol = line_end(q, end);
		n = (size_t)(eol - q);
		blanks = blank(q, eol) ? blanks + 1 : 0;
		if (crlf && n > 1 && eol[-2] == '\r' && eol[-1] == '\n') {
			if (buf_add(&b, q, n - 2) == -1 ||
			    buf_addc(&b, '\n') == -1)
				goto fail;
		} else if (buf_add(&b, q, n) == -1)
			goto fail;
		if (blanks == 1)
			first_end = b.len;
		/* The first of the run stays, then its last ones. */
		if (blanks > BLANKS_MAX) {
			at = first_end;
			n = (size_t)((const char *)memchr(b.data + at, '\n',
			    b.len - at) - (b.data + at)) + 1;
			memmove(b.data + at, b.data + at + n,
			    b.len - at - n);
			b.len -= n;
			b.data[b.len] = '\0';
			blanks--;
		}
	}
	*len = b.len;
	copy = view_dup(v, buf_str(&b), b.len);
	buf_free(&b);
	return copy;
fail:
	buf_free(&b);
	return NULL;
}

/* long_blanks - is there a run of empty lines worth cutting? */
static bool
long_blanks(const char *p, const char *end)
{
	size_t		 blanks = 0;
	const char	*eol;

	for (; p < end; p = eol) {
		eol = line_end(p, end);
		if (!is_space(*p) || !blank(p, eol))
			blanks = 0;
		else if (++blanks > BLANKS_MAX)
			return true;
	}
	return false;
}

/* separator - "From ann@example.com ..." of a mailbox file, to be skipped */
static const char *
separator(const char *p, const char *end)
{
	const char	*q = p + 5;

	if (end - p < 6 || memcmp(p, "From", 4) != 0 || !is_space(p[4]))
		return p;
	while (q < end && is_space(*q))
		q++;
	return q < end && *q == ':' ? p : line_end(p, end);
}

int
view_parse(struct view *v, const char *raw, size_t len, size_t depth,
    bool top)
{
	struct view_part	*part;
	struct view_text	 boundary;
	const char		*end = raw + len, *p, *eol, *body;
	bool			 crlf;
	size_t			 n;

	if (v->nparts >= v->lim.parts) {
		v->truncated = true;
		return 0;
	}
	if ((part = new_part(v)) == NULL)
		return -1;
	p = separator(raw, end);
	eol = p < end ? line_end(p, end) : p;
	crlf = eol - p > 1 && eol[-2] == '\r';
	if (!crlf && len > 1)
		crlf = memcmp(end - 2, "\r\n", 2) == 0;
	if (crlf || long_blanks(p, end)) {
		n = (size_t)(end - p);
		if ((p = tidy(v, p, &n, crlf)) == NULL)
			return -1;
		end = p + n;
	}
	if ((body = head(v, part, p, end)) == NULL)
		return -1;
	if (top) {
		v->head.p = p;
		v->head.n = (size_t)(body - p);
	}
	part->body = body;
	part->len = (size_t)(end - body);
	if (describe(v, part, false, &boundary) == -1)
		return -1;
	return walk(v, part, boundary, depth, true);
}

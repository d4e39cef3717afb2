/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime.c - see mime.h; finding the parts
 *
 * The tree is found here, line by line over the raw octets, without recursion
 * and without a copy: GMime's own parser makes objects of 1.4 KB for each part
 * before anyone can count them. What GMime knows best, parameters and transfer
 * encodings, is asked of it once a part is known to be wanted (mime_param.c,
 * mime_text.c).
 *
 * A boundary of an outer multipart ends all that is open inside it, so a part
 * without its closing line cannot swallow its neighbours.
 */
#include "mail/mime.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/mime_int.h"

#include "base/banned.h"

#define SNIFF_LINES	50	/* of a multipart without boundary */

struct part {
	struct mime_part	 pub;	/* first: mime_at() hands it out */
	struct mime_param	 param;
	size_t			 boundary_len;	/* 0 = no multipart */
};

struct mime {
	const char		*raw;
	size_t			 len;
	struct mime_limits	 lim;
	struct part		*v;
	size_t			 n, cap;
	bool			 truncated;
};

/* What the line scanner is at. */
struct scan {
	struct mime	*m;
	size_t		 pos;		/* start of the next line */
	size_t		 open;		/* innermost open part */
	bool		 ended;		/* limits: the rest is nobody's */
};

/* line_end - offset behind the line that begins at pos */
static size_t
line_end(const struct mime *m, size_t pos)
{
	const char	*nl = memchr(m->raw + pos, '\n', m->len - pos);

	return nl == NULL ? m->len : (size_t)(nl - m->raw) + 1;
}

/* text_end - the line's end without CRLF or LF */
static size_t
text_end(const struct mime *m, size_t pos, size_t end)
{
	if (end > pos && m->raw[end - 1] == '\n')
		end--;
	if (end > pos && m->raw[end - 1] == '\r')
		end--;
	return end;
}

/* is_boundary - "--B" (1) or "--B--" (2) of part p, else 0 */
static int
is_boundary(const struct part *p, const char *line, size_t n)
{
	size_t	bl = p->boundary_len;

	if (bl == 0 || n < bl + 2 ||
	    memcmp(line + 2, p->param.boundary, bl) != 0)
		return 0;
	line += bl + 2;
	n -= bl + 2;
	while (n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	if (n == 0)
		return 1;
	return n == 2 && line[0] == '-' && line[1] == '-' ? 2 : 0;
}

/*
 * find_boundary - which open multipart does this line belong to?
 *
 * Innermost first. Returns 0 = none, 1 = next part, 2 = close; *which is the
 * multipart's index.
 */
static int
find_boundary(const struct scan *s, size_t pos, size_t end, size_t *which)
{
	const struct mime	*m = s->m;
	size_t			 i = s->open, stop = text_end(m, pos, end);
	int			 kind;

	if (m->n == 0 || stop - pos < 3 || m->raw[pos] != '-' ||
	    m->raw[pos + 1] != '-')
		return 0;
	for (;;) {
		kind = is_boundary(&m->v[i], m->raw + pos, stop - pos);
		if (kind != 0) {
			*which = i;
			return kind;
		}
		if (m->v[i].pub.parent == i)
			return 0;
		i = m->v[i].pub.parent;
	}
}

/* close_to - end every open part inside `which` where the boundary begins */
static void
close_to(struct scan *s, size_t which, size_t pos)
{
	struct mime	*m = s->m;
	size_t		 end = text_end(m, 0, pos);	/* the line break
							   belongs to it */
	struct mime_part *p;

	while (s->open != which) {
		p = &m->v[s->open].pub;
		p->raw_len = end > p->raw ? end - p->raw : 0;
		s->open = p->parent;
	}
}

/* is_field - does the line look like "Name: ..." or like a fold of one? */
static bool
is_field(const char *p, size_t n, bool first)
{
	size_t	i = 0;

	if (n == 0)
		return false;
	if (p[0] == ' ' || p[0] == '\t')
		return !first;
	while (i < n && p[i] > ' ' && p[i] < 0x7f && p[i] != ':')
		i++;
	if (i == 0)
		return false;
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i < n && p[i] == ':';
}

/* header_end - offset behind the last line of the section that begins here */
static size_t
header_end(const struct scan *s, size_t pos)
{
	const struct mime	*m = s->m;
	size_t			 end, which;
	bool			 first = true;

	for (; pos < m->len; pos = end, first = false) {
		end = line_end(m, pos);
		if (find_boundary(s, pos, end, &which) != 0 ||
		    !is_field(m->raw + pos, text_end(m, pos, end) - pos,
		    first))
			break;
	}
	return pos;
}

/* grow - room for one more part */
static int
grow(struct mime *m)
{
	size_t		 cap = m->cap == 0 ? 8 : m->cap * 2;
	struct part	*v;

	if (m->n < m->cap)
		return 0;
	if (cap > m->lim.parts)
		cap = m->lim.parts;
	if ((v = realloc(m->v, cap * sizeof *v)) == NULL)
		return -1;
	m->v = v;
	m->cap = cap;
	return 0;
}

/* wraps - is this type one more message, legibly (RFC 2046 5.2.1)? */
static bool
wraps(const struct mime_param *p)
{
	if (strcmp(p->type, "message/rfc822") != 0 &&
	    strcmp(p->type, "message/global") != 0 &&
	    strcmp(p->type, "message/news") != 0)
		return false;
	return strcmp(p->encoding, "base64") != 0 &&
	    strcmp(p->encoding, "quoted-printable") != 0;
}

/* publish - fill what callers see from what was read */
static void
publish(struct part *p)
{
	p->pub.type = p->param.type;
	p->pub.charset = p->param.charset;
	p->pub.report_type = p->param.report_type;
	p->pub.filename = p->param.filename;
	p->pub.disposition = p->param.disposition;
	p->pub.encoding = p->param.encoding;
}

/* skip_from - step over mbox lines: "From ", or ">From " of a careless MTA */
static void
skip_from(struct scan *s)
{
	const struct mime	*m = s->m;
	const char		*p;
	size_t			 n;
	int			 i;

	for (i = 0; i < 3; i++) {
		p = m->raw + s->pos;
		n = m->len - s->pos;
		if (!(n > 5 && memcmp(p, "From ", 5) == 0) &&
		    !(n > 6 && memcmp(p, ">From ", 6) == 0))
			return;
		s->pos = line_end(m, s->pos);
	}
}

/* fallback_type - of a part of this parent without Content-Type */
static const char *
fallback_type(const struct mime *m, size_t parent, bool root)
{
	if (!root && strcmp(m->v[parent].param.type, "multipart/digest") == 0)
		return "message/rfc822";
	return "text/plain";
}

/*
 * sniff - a multipart that does not say its boundary: the first line of two
 * dashes that a Content- field follows gives it away. -1 without memory.
 */
static int
sniff(const struct scan *s, struct part *p)
{
	const struct mime	*m = s->m;
	size_t			 pos = s->pos, end, stop;
	char			*b;
	int			 lines;

	for (lines = 0; lines < SNIFF_LINES && pos < m->len; lines++) {
		end = line_end(m, pos);
		stop = text_end(m, pos, end);
		if (stop - pos > 4 && stop - pos < MIME_BOUNDARY_MAX &&
		    m->raw[pos] == '-' && m->raw[pos + 1] == '-' &&
		    m->len - end > 8 &&
		    strncasecmp(m->raw + end, "Content-", 8) == 0) {
			b = strndup(m->raw + pos + 2, stop - pos - 2);
			if (b == NULL)
				return -1;
			free(p->param.boundary);
			p->param.boundary = b;
			return 0;
		}
		pos = end;
	}
	return 0;
}

/*
 * begin - a part, whose header begins at s->pos, inside s->open
 *
 * message: it is the root of a message (the whole, or one that is wrapped).
 * Returns 1 when another message begins right behind (the part wraps it), 0
 * when its body follows; 0 and s->ended at a limit; -1 without memory.
 */
static int
begin(struct scan *s, bool message)
{
	struct mime	*m = s->m;
	size_t		 parent = s->open, depth, end;
	struct part	*p;
	bool		 cut = false;
	long		 off;

	if (m->n >= m->lim.parts) {
		m->truncated = s->ended = true;
		return 0;
	}
	if (message)
		skip_from(s);
	end = header_end(s, s->pos);
	if (grow(m) == -1)
		return -1;
	depth = m->n == 0 ? 0 : m->v[parent].pub.depth + 1;
	p = &m->v[m->n];
	memset(p, 0, sizeof *p);
	header_list_init(&p->pub.headers);
	m->n++;
	p->pub.depth = depth;
	p->pub.parent = m->n == 1 ? 0 : parent;
	off = header_parse(m->raw + s->pos, end - s->pos, m->lim.headers,
	    m->lim.header_octets, &p->pub.headers, &cut);
	m->truncated |= cut;
	if (off == -1 || mime_param_read(&p->pub.headers,
	    fallback_type(m, parent, m->n == 1), &p->param) == -1)
		return -1;
	publish(p);
	/* the empty line, if that is what ended the section */
	s->pos = end;
	if (end < m->len && text_end(m, end, line_end(m, end)) == end)
		s->pos = line_end(m, end);
	p->pub.raw = s->pos;
	p->pub.raw_len = m->len - s->pos;
	s->open = m->n - 1;
	if (depth >= m->lim.depth) {
		m->truncated = true;
		return 0;
	}
	if (strncmp(p->param.type, "multipart/", 10) == 0) {
		if (p->param.boundary[0] == '\0' && sniff(s, p) == -1)
			return -1;
		p->boundary_len = strlen(p->param.boundary);
		p->pub.container = p->boundary_len > 0;
		return 0;
	}
	p->pub.container = wraps(&p->param);
	return p->pub.container ? 1 : 0;
}

/* begin_all - a part and the messages it wraps, one in the other */
static int
begin_all(struct scan *s, bool message)
{
	int	rc;

	while ((rc = begin(s, message)) == 1)
		message = true;
	return rc;
}

/* scan - every line behind the first header */
static int
scan(struct scan *s)
{
	struct mime	*m = s->m;
	size_t		 end, which;
	int		 kind;

	while (s->pos < m->len && !s->ended) {
		end = line_end(m, s->pos);
		kind = find_boundary(s, s->pos, end, &which);
		if (kind == 0) {
			s->pos = end;
			continue;
		}
		close_to(s, which, s->pos);
		s->pos = end;
		if (kind == 2) {
			m->v[which].boundary_len = 0;
			continue;
		}
		if (begin_all(s, false) == -1)
			return -1;
	}
	return 0;
}

/*
 * second_look - the stated boundary was not in the body: is another one?
 *
 * What is left without parts is no container, so that its text is read.
 */
static int
second_look(struct scan *s)
{
	struct mime	*m = s->m;
	struct part	*root = &m->v[0];

	if (m->n > 1 || !root->pub.container || s->ended)
		return 0;
	s->pos = root->pub.raw;
	s->open = 0;
	if (strncmp(root->param.type, "multipart/", 10) == 0) {
		if (sniff(s, root) == -1)
			return -1;
		root->boundary_len = strlen(root->param.boundary);
		if (scan(s) == -1)
			return -1;
	}
	if (m->n == 1)
		m->v[0].pub.container = false;
	return 0;
}

int
mime_parse(const char *raw, size_t len, const struct mime_limits *lim,
    struct mime **out, struct err *e)
{
	static const struct mime_limits	 dflt = MIME_LIMITS;
	struct scan			 s = { 0 };
	struct mime			*m;

	mime_init();
	*out = NULL;
	if ((m = calloc(1, sizeof *m)) == NULL)
		return err_set(e, "out of memory");
	m->lim = lim != NULL ? *lim : dflt;
	if (m->lim.parts == 0)
		m->lim.parts = 1;
	m->raw = raw;
	m->len = len;
	if (len > m->lim.octets) {
		m->len = m->lim.octets;
		m->truncated = true;
	}
	s.m = m;
	if (begin_all(&s, true) == -1 || scan(&s) == -1 ||
	    second_look(&s) == -1) {
		mime_free(&m);
		return err_set(e, "out of memory");
	}
	*out = m;
	return 0;
}

void
mime_free(struct mime **mp)
{
	struct mime	*m = *mp;
	size_t		 i;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++) {
		header_list_free(&m->v[i].pub.headers);
		mime_param_free(&m->v[i].param);
	}
	free(m->v);
	free(m);
	*mp = NULL;
}

size_t
mime_count(const struct mime *m)
{
	return m->n;
}

const struct mime_part *
mime_at(const struct mime *m, size_t i)
{
	return i < m->n ? &m->v[i].pub : NULL;
}

bool
mime_truncated(const struct mime *m)
{
	return m->truncated;
}

int
mime_decode(const struct mime *m, size_t i, struct buf *out)
{
	const struct mime_part	*p = &m->v[i].pub;

	return mime_undo(p->container ? "" : p->encoding, m->raw + p->raw,
	    p->raw_len, out);
}

int
mime_text(const struct mime *m, size_t i, struct buf *out)
{
	const struct mime_part	*p = &m->v[i].pub;
	struct buf		 raw = BUF_INIT(out->max - out->len);
	int			 rc;

	if (p->encoding[0] == '\0' || p->container)
		return mime_to_utf8(p->charset, m->raw + p->raw, p->raw_len,
		    out);
	rc = mime_decode(m, i, &raw);
	if (rc == 0)
		rc = mime_to_utf8(p->charset, buf_str(&raw), raw.len, out);
	buf_free(&raw);
	return rc;
}

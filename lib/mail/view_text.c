/* SPDX-License-Identifier: BSD-2-Clause */
/* view_text.c - see view.h: the texts */
#include "mail/view_int.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/charset.h"
#include "mail/html.h"
#include "base/banned.h"

#define SLACK	1024	/* octets behind a limit in which a line end or a
			   blank may still be the cut */

/* space_len - octets of the (Unicode) white space at p, 0 if it is none */
static size_t
space_len(const char *p, size_t n)
{
	const unsigned char	*u = (const unsigned char *)p;

	if (u[0] < 0x80)
		return u[0] == ' ' || (u[0] >= '\t' && u[0] <= '\r');
	if (n > 1 && u[0] == 0xc2)
		return u[1] == 0x85 || u[1] == 0xa0 ? 2 : 0;
	if (n < 3 || u[0] < 0xe1 || u[0] > 0xe3)
		return 0;
	if (u[0] == 0xe1)
		return u[1] == 0x9a && u[2] == 0x80 ? 3 : 0;
	if (u[0] == 0xe3)
		return u[1] == 0x80 && u[2] == 0x80 ? 3 : 0;
	if (u[1] == 0x80)
		return u[2] <= 0x8a || u[2] == 0xa8 || u[2] == 0xa9 ||
		    u[2] == 0xaf ? 3 : 0;
	return u[1] == 0x81 && u[2] == 0x9f ? 3 : 0;
}

/* squeeze - each run of white space becomes one space, or, when it holds an
 * empty line, a line end between what spaces surround it */
static int
squeeze(const char *p, size_t n, struct buf *out)
{
	const char	*end = p + n, *q, *first, *last;
	size_t		 k;

	while (p < end) {
		for (q = p; q < end && (k = space_len(q,
		    (size_t)(end - q))) == 0; q++)
			;
		if (buf_add(out, p, (size_t)(q - p)) == -1)
			return -1;
		if (q == end)
			break;
		first = last = NULL;
		for (p = q; p < end && (k = space_len(p,
		    (size_t)(end - p))) > 0; p += k)
			if (*p == '\n') {
				if (first == NULL)
					first = p;
				last = p;
			}
		if (first == last) {
			if (buf_addc(out, ' ') == -1)
				return -1;
			continue;
		}
		if ((first > q && buf_addc(out, ' ') == -1) ||
		    buf_addc(out, '\n') == -1 ||
		    (last + 1 < p && buf_addc(out, ' ') == -1))
			return -1;
	}
	return 0;
}

/* add_lines - text cut at line ends and, beyond 2,048 octets, at blanks */
static int
add_lines(struct view_list *l, const char *p, size_t n)
{
	const char	*end = p + n, *nl, *cut;
	size_t		 len;

	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		len = (size_t)((nl == NULL ? end : nl + 1) - p);
		while (len > VIEW_LINE_MAX) {
			cut = memrchr(p, ' ', VIEW_LINE_MAX + 1);
			cut = cut == NULL ? p + VIEW_LINE_MAX : cut + 1;
			if (view_list_add(l, p, (size_t)(cut - p)) == -1)
				return -1;
			len -= (size_t)(cut - p);
			p = cut;
		}
		if (len > 0 && view_list_add(l, p, len) == -1)
			return -1;
		p += len;
	}
	return 0;
}

/* near - the first c at or behind `from`, if it is near; behind it */
static size_t
near(const char *p, size_t n, size_t from, char c)
{
	size_t		 room = n - from < SLACK + 1 ? n - from : SLACK + 1;
	const char	*q = memchr(p + from, c, room);

	return q == NULL ? 0 : (size_t)(q - p) + 1;
}

/* characters - the octets that hold the first `limit` characters */
static size_t
characters(const char *p, size_t n, size_t limit)
{
	size_t	i = 0;

	if (n <= limit)
		return n;
	for (; i < n; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80 && limit-- == 0)
			break;
	return i;
}

/* is_html - by its type or its name; SpamAssassin does not guess here */
static bool
is_html(const struct view_part *part)
{
	return part->html_name || strcmp(part->type, "text/html") == 0;
}

/* keep_link - remember one link of an HTML part */
static void
keep_link(void *arg, const char *tag, const char *uri, size_t len)
{
	struct view	*v = arg;

	(void)tag;
	if (v->links.n >= v->lim.uris)
		v->truncated = true;
	else if (view_list_add(&v->links, uri, len) == -1)
		v->no_memory = true;
}

/* html - an HTML part as text, as long as the budget of the message lasts */
static int
html(struct view *v, const struct buf *text, struct buf *out)
{
	size_t	room = v->lim.render > v->rendered ?
		    v->lim.render - v->rendered : 0;
	size_t	n = text->len < room ? text->len : room;

	if (n < text->len)
		v->truncated = true;
	v->rendered += n;
	return html_render(buf_str(text), n, out, keep_link, v);
}

/* render - one leaf's text, cut to its limit, appended to out */
static int
render(struct view *v, const struct view_part *part, struct buf *out)
{
	struct buf	 octets = BUF_INIT(v->lim.octets * 2),
			 text = BUF_INIT(v->lim.octets * 4),
			 shown = BUF_INIT(v->lim.octets * 4);
	const struct buf *from = &text;
	size_t		 n, cut;
	int		 rc = -1;

	if (view_part_decode(v, part, &octets) == -1 ||
	    charset_utf8(part->charset[0] != '\0' ? part->charset :
	    "us-ascii", buf_str(&octets), octets.len, false, &text) == -1)
		goto done;
	if (is_html(part)) {
		if (html(v, &text, &shown) == -1)
			goto done;
		from = &shown;
	}
	/* full is one thing, a text that is less than there was another */
	if (text.starved || shown.starved || v->no_memory)
		goto done;
	n = characters(buf_str(from), from->len, v->lim.body_scan);
	if (n < from->len) {
		v->truncated = true;
		if ((cut = near(from->data, from->len, n, '\n')) != 0 ||
		    (cut = near(from->data, from->len, n, ' ')) != 0)
			n = cut;
	}
	rc = buf_add(out, buf_str(from), n) == -1 ? -1 : 0;
done:
	buf_free(&shown);
	buf_free(&text);
	buf_free(&octets);
	return rc;
}

/* subject - the last Subject field's text and a line end */
static int
subject(const struct view *v, struct buf *out)
{
	const struct view_part	*top = v->parts[0];
	size_t			 i;

	for (i = top->nheaders; i-- > 0;)
		if (top->headers[i].name.n == 7 &&
		    strncasecmp(top->headers[i].name.p, "subject", 7) == 0) {
			if (buf_add(out, top->headers[i].text.p,
			    top->headers[i].text.n) == -1)
				return -1;
			break;
		}
	return buf_addc(out, '\n');
}

int
view_body(struct view *v, struct view_texts *out)
{
	struct buf	 text = BUF_INIT(64u << 20), tidy = BUF_INIT(64u << 20);
	size_t		 i, leaves = 0;
	int		 rc = -1;
	char		*p;

	if (v->body.built)
		goto built;
	for (i = 0; i < v->nparts; i++) {
		const struct view_part	*part = v->parts[i];

		if (!part->leaf)
			continue;
		leaves++;
		if (text.len > 0 && buf_addc(&text, '\n') == -1)
			goto done;
		if ((is_html(part) || strcmp(part->type, "text/plain") ==
		    0) && render(v, part, &text) == -1)
			goto done;
	}
	if (leaves == 0) {		/* then the subject is none, too */
		view_list_done(&v->body);
		view_list_done(&v->links);
		goto built;
	}
	if (subject(v, &tidy) == -1)
		goto done;
	i = tidy.len;
	if (squeeze(buf_str(&text), text.len, &tidy) == -1)
		goto done;
	for (p = tidy.data + i; (p = memchr(p, '\0', (size_t)(tidy.data +
	    tidy.len - p))) != NULL; p++)
		*p = '\n';
	if (add_lines(&v->body, tidy.data, tidy.len) == -1)
		goto done;
	view_list_done(&v->body);
	view_list_done(&v->links);
built:
	out->v = v->body.v;
	out->n = v->body.n;
	rc = 0;
done:
	buf_free(&tidy);
	buf_free(&text);
	return rc;
}

/* chunk_end - where the piece that begins at p should end: at the first line
 * end, '>' or blank after 2 KB, before 4 KB */
static size_t
chunk_end(const char *p, size_t n)
{
	static const char	at[] = "\n> ";
	const char		*q;
	size_t			 i;

	if (n <= 2 * VIEW_LINE_MAX)
		return n;
	for (i = 0; i < sizeof at - 1; i++)
		if ((q = memchr(p + VIEW_LINE_MAX, at[i], VIEW_LINE_MAX)) !=
		    NULL)
			return (size_t)(q - p) + 1;
	return VIEW_LINE_MAX + 1;
}

/* raw_leaf - one leaf of text, undecoded but for its transfer encoding */
static int
raw_leaf(struct view *v, const struct view_part *part)
{
	struct buf	 b = BUF_INIT(v->lim.octets * 2);
	size_t		 n, cut, k, lim = v->lim.raw_scan;
	const char	*p;
	int		 rc = -1;

	if (view_part_decode(v, part, &b) == -1)
		goto done;
	n = b.len;
	if (n > lim) {
		v->truncated = true;
		if ((cut = near(b.data, n, lim, '\n')) == 0 &&
		    (cut = near(b.data, n, lim, '>')) == 0 &&
		    (cut = near(b.data, n, lim, ' ')) == 0)
			cut = lim;
		n = cut;
	}
	p = buf_str(&b);
	rc = 0;
	if (n <= VIEW_LINE_MAX)
		rc = view_list_add(&v->rawbody, p, n);
	else
		for (; n > 0 && rc == 0; p += k, n -= k) {
			k = chunk_end(p, n);
			rc = view_list_add(&v->rawbody, p, k);
		}
done:
	buf_free(&b);
	return rc;
}

int
view_rawbody(struct view *v, struct view_texts *out)
{
	size_t	i;

	for (i = 0; !v->rawbody.built && i < v->nparts; i++) {
		const struct view_part	*part = v->parts[i];

		if (!part->leaf || strcmp(part->type, "text/calendar") == 0)
			continue;
		if (!part->html_name &&
		    strncmp(part->type, "text/", 5) != 0 &&
		    strncmp(part->type, "message/", 8) != 0)
			continue;
		if (raw_leaf(v, part) == -1)
			return -1;
	}
	if (!v->rawbody.built)
		view_list_done(&v->rawbody);
	out->v = v->rawbody.v;
	out->n = v->rawbody.n;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* footer.c - see footer.h; which parts, and the message around them */
#include "mail/footer_int.h"

#include <string.h>
#include <strings.h>

#include "mail/mime.h"

#include "base/banned.h"

#define TARGETS_MAX	16
#define VALUE_MAX	4096	/* octets of a Content-Type */

struct target {
	size_t			i;		/* part */
	struct footer_piece	piece;
};

struct job {
	const struct mime	*m;
	struct target		 t[TARGETS_MAX];
	size_t			 n;
	const char		*why;
};

static bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* is_attached - meant to be saved, not to be read in place */
static bool
is_attached(const struct mime_part *p)
{
	return strcmp(p->disposition, "attachment") == 0 ||
	    *p->filename != '\0';
}

/* next_child - of part i, behind part k; 0: no more (the root is nobody's) */
static size_t
next_child(const struct mime *m, size_t i, size_t k)
{
	for (k++; k < mime_count(m); k++)
		if (mime_at(m, k)->parent == i)
			return k;
	return 0;
}

/* visit - find the texts that a reader sees first; depth is bounded by mime */
static void
visit(struct job *j, size_t i)
{
	const struct mime_part	*p = mime_at(j->m, i);
	bool			 all;
	size_t			 k;

	if (starts(p->type, "multipart/signed") ||
	    starts(p->type, "multipart/encrypted") ||
	    starts(p->type, "application/pkcs7") ||
	    starts(p->type, "application/x-pkcs7") ||
	    starts(p->type, "application/pgp")) {
		j->why = "signed or encrypted";
	} else if (starts(p->type, "multipart/report") ||
	    starts(p->type, "multipart/digest") ||
	    starts(p->type, "message/")) {
		j->why = "not a letter";
	} else if (starts(p->type, "multipart/")) {
		all = starts(p->type, "multipart/alternative");
		for (k = next_child(j->m, i, i); k != 0 && j->why == NULL;
		    k = all || j->n == 0 ? next_child(j->m, i, k) : 0)
			visit(j, k);
	} else if ((strcmp(p->type, "text/plain") == 0 ||
	    strcmp(p->type, "text/html") == 0) && !is_attached(p)) {
		if (j->n == TARGETS_MAX)
			j->why = "too many parts";
		else
			j->t[j->n++].i = i;
	}
}

/* fill - make each piece; added, linked, or the first reason why not */
static int
fill(struct job *j, const char *raw, const struct footer *f,
    struct footer_out *out)
{
	const struct mime_part	*p;
	struct footer_piece	*piece;
	size_t			 k;

	for (k = 0; k < j->n && j->why == NULL; k++) {
		p = mime_at(j->m, j->t[k].i);
		piece = &j->t[k].piece;
		if (footer_piece(f, strcmp(p->type, "text/html") == 0,
		    p->charset, p->encoding, raw + p->raw, p->raw_len,
		    piece) == -1)
			return -1;
		j->why = piece->why;
		if (piece->linked)
			out->linked++;
		else if (piece->why == NULL)
			out->added++;
	}
	if (j->why != NULL)
		out->added = out->linked = 0;
	out->why = j->why;
	return 0;
}

/* param_end - the end of a parameter: a semicolon that is not quoted */
static const char *
param_end(const char *p)
{
	bool	quoted = false;

	for (; *p != '\0' && (quoted || *p != ';'); p++) {
		if (*p == '\\' && quoted && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

/* type_utf8 - a Content-Type with its charset replaced; NULL: there is none */
static int
type_utf8(const struct header *h, struct buf *out)
{
	struct buf	 flat = BUF_INIT(VALUE_MAX);
	const char	*p, *end, *name;

	if (h != NULL && header_unfold(h->value, h->value_len, &flat) == -1) {
		buf_free(&flat);
		return -1;
	}
	p = flat.len > 0 ? flat.data : "text/plain";
	end = param_end(p);
	(void)buf_add(out, p, (size_t)(end - p));
	while (*end == ';') {
		p = end + 1;
		end = param_end(p);
		for (name = p; *name == ' ' || *name == '\t'; name++)
			;
		if (strncasecmp(name, "charset", 7) == 0 || name == end)
			continue;
		(void)buf_adds(out, ";\n\t");
		(void)buf_add(out, name, (size_t)(end - name));
	}
	(void)buf_adds(out, ";\n\tcharset=utf-8");
	buf_free(&flat);
	return out->failed ? -1 : 0;
}

/* header_begin - of a nested part: behind the boundary line over it */
static size_t
header_begin(const char *raw, size_t floor, size_t body)
{
	size_t	at = body, line;

	while (at > floor) {
		for (line = at - 1; line > floor && raw[line - 1] != '\n';
		    line--)
			;
		if (at - line > 2 && raw[line] == '-' && raw[line + 1] == '-')
			return at;
		at = line;
	}
	return floor;
}

/* put_field - one field with CRLF in its folds */
static void
put_field(const char *name, const char *value, struct buf *out)
{
	(void)buf_addf(out, "%s: ", name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			(void)buf_addc(out, '\r');
		(void)buf_addc(out, *value);
	}
	(void)buf_adds(out, "\r\n");
}

/* put_header - a part's header [at, end) without the fields that change, and
 * these behind the others */
static int
put_header(const char *raw, size_t at, size_t end,
    const struct mime_part *part, const struct footer_piece *p,
    struct buf *out)
{
	struct buf	type = BUF_INIT(VALUE_MAX);
	const char	*nl;
	size_t		next;
	bool		skip = false;

	for (; at < end; at = next) {
		nl = memchr(raw + at, '\n', end - at);
		next = nl == NULL ? end : (size_t)(nl - raw) + 1;
		if (raw[at] == '\r' || raw[at] == '\n')
			break;			/* the empty line */
		if (raw[at] != ' ' && raw[at] != '\t')
			skip = (p->utf8 && strncasecmp(raw + at,
			    "Content-Type:", 13) == 0) ||
			    (p->encoding != NULL && strncasecmp(raw + at,
			    "Content-Transfer-Encoding:", 26) == 0);
		if (!skip)
			(void)buf_add(out, raw + at, next - at);
	}
	if (p->utf8) {
		if (type_utf8(header_first(&part->headers, "Content-Type"),
		    &type) == -1) {
			buf_free(&type);
			return -1;
		}
		put_field("Content-Type", buf_str(&type), out);
	}
	if (p->encoding != NULL)
		put_field("Content-Transfer-Encoding", p->encoding, out);
	buf_free(&type);
	return buf_adds(out, "\r\n");
}

/* put_piece - header and text of one part, and where the rest goes on */
static int
put_piece(const struct job *j, const struct target *t, const char *raw,
    size_t *from, size_t floor, struct footer_out *out)
{
	const struct mime_part		*p = mime_at(j->m, t->i);
	const struct footer_piece	*piece = &t->piece;
	size_t				 at, n = piece->text.len;
	const char			*end = raw + p->raw + p->raw_len;

	if (t->i == 0) {
		if ((piece->utf8 && type_utf8(header_first(&p->headers,
		    "Content-Type"), &out->content_type) == -1) ||
		    (piece->encoding != NULL && buf_adds(&out->encoding,
		    piece->encoding) == -1))
			return -1;
	} else if (piece->utf8 || piece->encoding != NULL) {
		at = header_begin(raw, floor, p->raw);
		(void)buf_add(&out->body, raw + *from, at - *from);
		if (put_header(raw, at, p->raw, p, piece, &out->body) == -1)
			return -1;
		*from = p->raw;
	}
	(void)buf_add(&out->body, raw + *from, p->raw - *from);
	/* the line end before a boundary is the boundary's */
	if (n >= 2 && t->i != 0 && (*end == '\r' || *end == '\n') &&
	    memcmp(piece->text.data + n - 2, "\r\n", 2) == 0)
		n -= 2;
	*from = p->raw + p->raw_len;
	return buf_add(&out->body, buf_str(&piece->text), n);
}

/* assemble - the body with the pieces in their places */
static int
assemble(const struct job *j, const char *raw, size_t len, size_t floor,
    struct footer_out *out)
{
	size_t	k, from = floor;

	for (k = 0; k < j->n; k++)
		if (!j->t[k].piece.linked &&
		    put_piece(j, &j->t[k], raw, &from, floor, out) == -1)
			return -1;
	(void)buf_add(&out->body, raw + from, len - from);
	if (out->body.len < 2 || memcmp(out->body.data + out->body.len - 2,
	    "\r\n", 2) != 0)
		(void)buf_adds(&out->body, "\r\n");
	return out->body.failed ? -1 : 0;
}

/* message_of - the fields that say what the body is, and the body */
static int
message_of(const struct header_list *l, const char *body, size_t len,
    struct buf *out)
{
	size_t	i;

	for (i = 0; i < l->n; i++)
		if (strncasecmp(l->v[i].name, "Content-", 8) == 0 ||
		    strcasecmp(l->v[i].name, "MIME-Version") == 0)
			(void)buf_addf(out, "%s:%s\r\n", l->v[i].name,
			    l->v[i].value);
	(void)buf_adds(out, "\r\n");
	return buf_add(out, body, len);
}

int
footer_add(const struct header_list *l, const char *body, size_t len,
    const struct footer *f, struct footer_out *out, struct err *e)
{
	static const struct mime_limits	lim = MIME_LIMITS;
	struct buf	raw;
	struct job	j = { .n = 0 };
	struct mime	*m = NULL;
	size_t		k;
	int		rc = -1;

	memset(out, 0, sizeof *out);
	buf_init(&out->body, 12 * len + FOOTER_ROOM);
	buf_init(&out->content_type, VALUE_MAX);
	buf_init(&out->encoding, VALUE_MAX);
	buf_init(&raw, len + l->octets + 8 * l->n + 4);
	if (message_of(l, body, len, &raw) == -1 ||
	    mime_parse(raw.data, raw.len, &lim, &m, e) == -1)
		goto done;
	j.m = m;
	if (mime_truncated(m) || raw.len > lim.octets)
		j.why = "beyond a limit";
	else if (mime_at(m, 0)->raw != raw.len - len)
		j.why = "a field with a line end in it";
	else if (memchr(body, '\0', len) != NULL)
		j.why = "NUL octet";
	else
		visit(&j, 0);
	if (j.why == NULL && j.n == 0)
		j.why = "no text";
	if ((rc = fill(&j, raw.data, f, out)) == 0 && out->added > 0)
		rc = assemble(&j, raw.data, raw.len, raw.len - len, out);
done:
	for (k = 0; k < j.n; k++)
		buf_free(&j.t[k].piece.text);
	mime_free(&m);
	buf_free(&raw);
	return rc == -1 ? err_set(e, "footer: out of memory") : 0;
}

void
footer_out_free(struct footer_out *out)
{
	buf_free(&out->body);
	buf_free(&out->content_type);
	buf_free(&out->encoding);
}

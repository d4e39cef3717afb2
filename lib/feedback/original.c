/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * original.c - the mail that a report returns: found, and our token in it
 *
 * It comes as a message/rfc822 part, as its header alone, encoded, or pasted
 * behind the prose. Our token may stand in its List-Unsubscribe, CFBL header or
 * envelope sender. What is found here proves nothing yet (belief.h).
 */
#include "feedback/parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define ORIG_HEADERS_MAX	200
#define ORIG_OCTETS_MAX		65536

/* A header section is believed to be one when it has two of these. */
static const char *const known[] = { "Received:", "From:", "To:", "Subject:",
    "Date:", "Message-ID:", "Return-Path:", "MIME-Version:",
    "Content-Type:", "Reply-To:", "X-Mailer:", NULL };

/* well_known - does the line begin a usual header field? */
static bool
well_known(struct text line)
{
	int	i;

	for (i = 0; known[i] != NULL; i++)
		if (text_begins(line, known[i]))
			return true;
	return false;
}

/* is_fieldish - "Name: ..." */
static bool
is_fieldish(struct text line)
{
	size_t	i = 0;

	while (i < line.n && (isalnum((unsigned char)line.p[i]) ||
	    line.p[i] == '-' || line.p[i] == '_'))
		i++;
	return i > 1 && i < line.n && line.p[i] == ':';
}

/* header_like - does a header section begin here? */
static bool
header_like(struct text t)
{
	struct text	line;
	int		lines = 0, hits = 0;

	while (lines < 60 && text_line(&t, &line)) {
		if (line.n == 0)
			break;
		if (line.p[0] == ' ' || line.p[0] == '\t') {
			if (lines == 0)
				return false;
		} else if (lines == 0 && text_begins(line, "From ")) {
			;
		} else if (!is_fieldish(line)) {
			break;
		} else {
			hits += well_known(line);
		}
		lines++;
	}
	return hits >= 3;
}

/* own_headers - parse a header section that stands in decoded text */
static void
own_headers(struct parse *ps, struct text t)
{
	bool	cut;
	struct text line, rest = t;

	if (ps->orig != NULL)
		return;
	if (text_line(&rest, &line) && (text_begins(line, "From ") ||
	    text_begins(line, ">From ")))
		t = rest;
	header_list_free(&ps->orig_own);
	header_list_init(&ps->orig_own);
	if (header_parse(t.p, t.n, ORIG_HEADERS_MAX, ORIG_OCTETS_MAX,
	    &ps->orig_own, &cut) == -1 || ps->orig_own.n == 0)
		return;
	ps->orig = &ps->orig_own;
}

/* decoded_headers - a part that holds a header section, maybe encoded */
static void
decoded_headers(struct parse *ps, size_t i)
{
	struct buf	b = BUF_INIT(ORIG_OCTETS_MAX);
	struct text	t;

	if (ps->orig != NULL)
		return;
	(void)mime_decode(ps->m, i, &b);
	t = (struct text){ buf_str(&b), b.len };
	while (t.n > 0 && (*t.p == '\n' || *t.p == '\r'))
		t.p++, t.n--;
	own_headers(ps, t);
	buf_free(&b);
}

/* part_original - take part i if it is a returned mail or header */
static void
part_original(struct parse *ps, size_t i)
{
	const struct mime_part	*p = mime_at(ps->m, i), *up;

	up = mime_at(ps->m, p->parent);
	if (i > 0 && up->container &&
	    strncmp(up->type, "message/", 8) == 0) {
		if (ps->orig != NULL)
			return;
		if (p->headers.n == 0) {
			/* an empty line too many before the header */
			decoded_headers(ps, i);
		} else {
			ps->orig = &p->headers;
			ps->fb->original.whole = true;
			ps->fb->original.off = up->raw;
			ps->fb->original.len = up->raw_len;
		}
	} else if (strcmp(p->type, "text/rfc822-headers") == 0 ||
	    strcmp(p->type, "text/rfc822-header") == 0 ||
	    strcmp(p->type, "message/rfc822-headers") == 0 ||
	    strcmp(p->type, "message/global-headers") == 0) {
		decoded_headers(ps, i);
		if (p->encoding[0] == '\0' || p->encoding[1] == 'b') {
			ps->fb->original.off = p->raw;
			ps->fb->original.len = p->raw_len;
		}
	} else if (!p->container && (strcmp(p->type, "message/rfc822") == 0 ||
	    strcmp(p->type, "message/global") == 0)) {
		decoded_headers(ps, i);
	}
}

/* Words that open an element whose text is no prose. */
static size_t
skip_element(const char *p, size_t n)
{
	static const char *const names[] = { "style", "script", "head", NULL };
	struct text	t = { p + 1, n - 1 };
	const char	*end;
	char		close[12];
	int		i;

	for (i = 0; names[i] != NULL; i++) {
		size_t	l = strlen(names[i]);

		if (!text_begins(t, names[i]) || t.n <= l ||
		    isalnum((unsigned char)t.p[l]))
			continue;
		close[0] = '<';
		close[1] = '/';
		memcpy(close + 2, names[i], l + 1);
		end = text_find(t, close);
		return end != NULL ? (size_t)(end - p) : n;
	}
	return 0;
}

/* entity - "&lt;" at p as an octet; octets taken, 0 = leave it */
static size_t
entity(struct text t, char *c)
{
	static const struct { const char *name; char c; } e[] = {
	    { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' },
	    { "&quot;", '"' }, { "&nbsp;", ' ' }, { "&#39;", '\'' },
	    { "&#64;", '@' }, { "&apos;", '\'' } };
	size_t	i;

	for (i = 0; i < sizeof e / sizeof e[0]; i++)
		if (text_begins(t, e[i].name)) {
			*c = e[i].c;
			return strlen(e[i].name);
		}
	return 0;
}

/* breaks - does the tag end a line? */
static bool
breaks(struct text tag)
{
	static const char *const names[] = { "<br", "<p", "</p", "<div",
	    "</div", "<tr", "</tr", "<li", "<h", "</h", "<pre", "</pre",
	    "<td", "<blockquote", NULL };
	int	i;

	for (i = 0; names[i] != NULL; i++)
		if (text_begins(tag, names[i]))
			return true;
	return false;
}

/* unhtml - enough of HTML's text to find a bounce in it */
static void
unhtml(struct text t, struct buf *out)
{
	const char	*gt;
	size_t		 i, k;
	char		 c;

	for (i = 0; i < t.n && !out->failed; i += k) {
		k = 1;
		c = t.p[i];
		if (c == '<') {
			gt = memchr(t.p + i, '>', t.n - i);
			k = skip_element(t.p + i, t.n - i);
			if (k == 0)
				k = gt != NULL ?
				    (size_t)(gt - t.p) - i + 1 : t.n - i;
			if (breaks((struct text){ t.p + i, t.n - i }))
				(void)buf_add_some(out, "\n", 1);
			continue;
		}
		if (c == '&' && (k = entity((struct text){ t.p + i,
		    t.n - i }, &c)) == 0) {
			k = 1;
			c = '&';
		}
		if (out->len < out->max)
			(void)buf_addc(out, c);
	}
}

/* add_prose - the text of part i; its returned mail cut off */
static void
add_prose(struct parse *ps, size_t i, bool html)
{
	struct buf	b = BUF_INIT(FEEDBACK_TEXT_MAX);
	struct text	t;

	(void)mime_text(ps->m, i, &b);
	t = (struct text){ buf_str(&b), b.len };
	if (i > 0 && !html && header_like(t)) {
		own_headers(ps, t);
	} else if (html) {
		unhtml(t, &ps->prose);
	} else {
		(void)buf_add_some(&ps->prose, t.p, t.n);
	}
	if (ps->prose.len > 0 && ps->prose.len < ps->prose.max)
		(void)buf_add_some(&ps->prose, "\n", 1);
	buf_free(&b);
}

/* misnamed - prose under the type of a delivery status */
static bool
misnamed(const struct parse *ps, size_t i)
{
	const struct mime_part	*p = mime_at(ps->m, i);
	struct text		 t = { ps->raw + p->raw, p->raw_len };

	if (t.n > 2048)
		t.n = 2048;
	return strcmp(p->type, "message/delivery-status") == 0 &&
	    p->encoding[0] == '\0' && text_find(t, "-mta:") == NULL &&
	    text_find(t, "-recipient:") == NULL;
}

/* gather - the prose of every part that is not the returned mail's */
static void
gather(struct parse *ps)
{
	const struct mime_part	*p;
	size_t			 i, n = mime_count(ps->m);
	bool			 plain = false;

	for (i = 0; i < n; i++) {
		p = mime_at(ps->m, i);
		part_original(ps, i);
		if (p->container || parse_in_message(ps, i))
			continue;
		if (strcmp(p->type, "text/plain") == 0 ||
		    misnamed(ps, i) ||
		    (i == 0 && strncmp(p->type, "multipart/", 10) == 0) ||
		    strcmp(p->type, "application/octet-stream") == 0) {
			add_prose(ps, i, false);
			plain |= ps->prose.len > 2;
		}
	}
	for (i = 0; i < n && !plain; i++) {
		p = mime_at(ps->m, i);
		if (strcmp(p->type, "text/html") == 0 &&
		    !parse_in_message(ps, i))
			add_prose(ps, i, true);
	}
}

/* pasted - a returned mail inside the prose: cut it off there */
static void
pasted(struct parse *ps)
{
	struct text	rest = { buf_str(&ps->prose), ps->prose.len }, here;
	struct text	line;
	bool		empty = true;

	for (here = rest; text_line(&rest, &line); here = rest) {
		if ((empty || text_begins(line, "Return-Path:") ||
		    text_begins(line, "Received:")) &&
		    line.n > 0 && header_like(here)) {
			own_headers(ps, here);
			ps->pasted = here;
			ps->prose.len = (size_t)(here.p - ps->prose.data);
			return;
		}
		/* a rule of dashes is as good as an empty line */
		line = text_trim(line);
		empty = line.n == 0 || line.p[0] == '-' || line.p[0] == '=' ||
		    line.p[0] == '*' || line.p[line.n - 1] == ':';
	}
}

/* in_alphabet - of base64url, which holds that of base32 */
static bool
in_alphabet(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

void
original_token(struct parse *ps, struct text t, enum feedback_token_at at)
{
	struct feedback_event	*ev = &ps->base;
	const struct feedback_ctx *ctx = ps->ctx;
	enum token_result	 r;
	struct token		 tok;
	size_t			 i, k;

	if (ctx->tokens == NULL || ev->token_state == TOKEN_VALID)
		return;
	for (i = 0; i < t.n; i = k + 1) {
		for (k = i; k < t.n && in_alphabet(t.p[k]); k++)
			;
		if (k - i != TOKEN_URL_SIZE - 1 && k - i != TOKEN_MAIL_SIZE - 1)
			continue;
		r = token_read(ctx->tokens, t.p + i, k - i,
		    ctx->token_today, ctx->token_days, &tok);
		if (r == TOKEN_NONE || (ev->token_state != TOKEN_NONE &&
		    r != TOKEN_VALID))
			continue;
		ev->token_state = r;
		ev->token_at = at;
		if (r == TOKEN_VALID || r == TOKEN_EXPIRED)
			ev->token = tok;
		if (r == TOKEN_VALID)
			return;
	}
}

/* header_token - look for one in every field of that name */
static void
header_token(struct parse *ps, const char *name)
{
	size_t	i;

	for (i = 0; i < ps->orig->n; i++)
		if (strcasecmp(ps->orig->v[i].name, name) == 0)
			original_token(ps, (struct text){
			    ps->orig->v[i].value, ps->orig->v[i].value_len },
			    FEEDBACK_TOKEN_RETURNED);
}

void
original_find(struct parse *ps)
{
	const char	*id;

	gather(ps);
	if (ps->orig == NULL)
		pasted(ps);
	if (ps->orig == NULL)
		return;
	ps->fb->original.present = true;
	id = text_header(ps, ps->orig, "Message-ID");
	ps->base.message_id = id;
	ps->base.list_id = text_header(ps, ps->orig, "List-Id");
	ps->base.feedback_id = text_header(ps, ps->orig, "Feedback-ID");
	header_token(ps, "List-Unsubscribe");
	header_token(ps, "CFBL-Feedback-ID");
	header_token(ps, "Return-Path");
	header_token(ps, "X-Envelope-From");
}

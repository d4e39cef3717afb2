/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * public.c - what the world may ask: one click, the page, undo, proof
 *
 *	POST PATH TOKEN		List-Unsubscribe=One-Click (RFC 8058)
 *				action=off, all: a press; undo: takes it back;
 *				again, ask: a link by mail
 *	GET  PATH TOKEN		the page; changes nothing
 *	GET  PATH confirm/TICKET	the button that the mail leads to
 *	POST PATH confirm/TICKET	subscribes again
 *	GET  PATH logo, /robots.txt
 *	POST /hooks/NAME	what a mail provider reports (hook.h)
 *
 * Everything else, and every token that is not genuine, gets one and the same
 * answer.
 */
#include "web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "web/answer.h"
#include "web/bymail.h"
#include "web/form.h"
#include "web/hook.h"
#include "web/http.h"
#include "web/limit.h"
#include "web/press.h"
#include "web/ticket.h"

#include "base/banned.h"

#define DAY	86400

/* -- tokens ---------------------------------------------------------------- */

/* unescape - %XX of letters, digits, - and _, which are the same URL (RFC 3986
 * 6.2.2.2); anything else stays and makes it no token */
static size_t
unescape(const char *s, char *out, size_t size)
{
	static const char	hex[] = "0123456789abcdef";
	const char		*a, *b;
	size_t			 n = 0;
	int			 c;

	for (; *s != '\0' && n < size; s++) {
		out[n++] = *s;
		if (*s != '%' || s[1] == '\0' || s[2] == '\0' ||
		    (a = strchr(hex, s[1] | 0x20)) == NULL ||
		    (b = strchr(hex, s[2] | 0x20)) == NULL)
			continue;
		c = (int)((a - hex) << 4 | (b - hex));
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c == '-' || c == '_') {
			out[n - 1] = (char)c;
			s += 2;
		}
	}
	return *s == '\0' ? n : 0;
}

/*
 * read_token - is it one of ours, for this page?
 *
 * What does not even look like a token is measured against one that does, so
 * that the time does not tell them apart.
 */
static bool
read_token(const struct http_req *q, const char *text, struct token *t)
{
	static const char	 decoy[] = "EQcBoKGio6SlpqeoqaqrrK2ur96tvu8J"
				     "1ABlnL7g0XJWcoHw";
	struct token		 scrap;
	enum token_result	 rc;
	char			 buf[TOKEN_MAIL_SIZE + 1];
	size_t			 n = unescape(text, buf, sizeof buf);
	uint32_t		 today = (uint32_t)(clock_now() / DAY);

	rc = token_read(q->snap->tokens, buf, n, today,
	    (uint32_t)(q->snap->web.token_max_age / DAY), t);
	if (rc == TOKEN_NONE)
		(void)token_read(q->snap->tokens, decoy, sizeof decoy - 1,
		    today, 0, &scrap);
	if (rc == TOKEN_VALID &&
	    (t->kind == TOKEN_UNSUB || t->kind == TOKEN_PAGE))
		return true;
	answer_note_bad(q, rc == TOKEN_VALID ? "kind" : token_result_name(rc));
	return false;
}

/* -- requests -------------------------------------------------------------- */

/* scope_named - of a form's field, eight hex digits, that this page offers */
static const struct web_scope *
scope_named(const struct http_req *q, const struct token *t,
    const char *text)
{
	struct page_view	v = { .n = 0 };
	char			id[16];
	size_t			i;

	if (text == NULL)
		return NULL;
	answer_choose(q->snap, answer_scope(q, t->scope), &v);
	for (i = 0; i < v.n; i++) {
		(void)snprintf(id, sizeof id, "%08x", v.v[i].scope->id);
		if (strcmp(id, text) == 0)
			return v.v[i].scope;
	}
	return NULL;
}

/* refused - a form that says nothing we understand */
static enum http_next
refused(struct http_resp *r, int status)
{
	answer_text(r, status, status == 415 ? "Send a form: "
	    "application/x-www-form-urlencoded or multipart/form-data.\n" :
	    "This form says nothing that is understood here; want "
	    "List-Unsubscribe=One-Click.\n");
	return HTTP_DONE;
}

/* post_token - a form sent to a genuine token */
static enum http_next
post_token(struct http_req *q, struct http_resp *r, const struct token *t,
    const struct form *f)
{
	const struct web_scope	*s;
	const char		*click, *action, *scope, *text;
	bool			 twice = false;

	click = form_get(f, "List-Unsubscribe", &twice);
	action = form_get(f, "action", &twice);
	scope = form_get(f, "scope", &twice);
	if (twice || (click != NULL && action != NULL))
		return refused(r, 400);
	if (click != NULL)
		return strcmp(click, "One-Click") == 0 &&
		    t->kind == TOKEN_UNSUB ? press_off(q, r, P_ONE_CLICK, t,
		    answer_scope(q, t->scope)) : refused(r, 400);
	if (action == NULL)
		return refused(r, 400);
	if (t->kind == TOKEN_PAGE) {
		text = form_get(f, "address", &twice);
		if (strcmp(action, "ask") != 0 || text == NULL || twice)
			return refused(r, 400);
		return bymail(q, r, t, NULL, text);
	}
	if (strcmp(action, "all") == 0)
		return press_off(q, r, P_ALL, t, snap_scope(q->snap,
		    store_scope_id("*")));
	if (strcmp(action, "undo") == 0) {
		text = form_get(f, "ticket", &twice);
		return text == NULL || twice ? refused(r, 400) :
		    press_undo(q, r, t, text);
	}
	if ((s = scope_named(q, t, scope)) == NULL)
		return refused(r, 400);
	if (strcmp(action, "off") == 0)
		return press_off(q, r, P_OFF, t, s);
	text = form_get(f, "address", &twice);
	if (strcmp(action, "again") != 0 || text == NULL || twice)
		return refused(r, 400);
	return bymail(q, r, t, s, text);
}

/* get_token - the page; the store is only read */
static void
get_token(const struct http_req *q, struct http_resp *r,
    const struct token *t)
{
	struct page_view	v = { .title = T_TITLE };
	struct store_id		id = answer_id(t);
	enum lang		l = answer_lang(q);

	if (t->kind == TOKEN_UNSUB) {
		answer_lists(q, r, &id, answer_scope(q, t->scope), &v);
		return;
	}
	r->status = 200;
	page_ask(&r->body, q->snap, l);
	answer_headers(q, r, l);
}

/* read_form - 0, or the status to refuse with */
static int
read_form(const struct http_req *q, struct form *f)
{
	switch (form_parse(http_get(q, "Content-Type"), buf_str(&q->body),
	    q->body.len, f)) {
	case FORM_OK:
		return 0;
	case FORM_TYPE:
		return 415;
	default:
		return 400;
	}
}

static enum http_next
on_token(struct http_req *q, struct http_resp *r, const char *text)
{
	struct token	 t;
	struct form	*f;
	enum http_next	 next;
	int		 status;

	if (!read_token(q, text, &t)) {
		answer_bad(q, r);
		return HTTP_DONE;
	}
	if (q->method != HTTP_POST) {
		get_token(q, r, &t);
		return HTTP_DONE;
	}
	if ((f = malloc(sizeof *f)) == NULL)
		return answer_no_memory(q, r);
	if ((status = read_form(q, f)) != 0)
		next = refused(r, status);
	else
		next = post_token(q, r, &t, f);
	free(f);
	return next;
}

static enum http_next
on_confirm(struct http_req *q, struct http_resp *r, const char *text)
{
	const struct web_scope	*s;
	struct ticket		 k;
	struct form		*f;
	enum lang		 l = answer_lang(q);
	const char		*action;
	bool			 twice = false, yes = false;

	if (ticket_read(q->snap->ticket_key, text, strlen(text), TICKET_PROOF,
	    clock_now(), q->snap->web.proof_time, &k) == 0 ||
	    (s = snap_scope(q->snap, k.scopes[0])) == NULL) {
		answer_note_bad(q, "proof");
		answer_bad(q, r);
		return HTTP_DONE;
	}
	if (q->method != HTTP_POST) {
		r->status = 200;
		page_confirm(&r->body, q->snap, l, web_title(s, l));
		answer_headers(q, r, l);
		return HTTP_DONE;
	}
	if ((f = malloc(sizeof *f)) == NULL)
		return answer_no_memory(q, r);
	if (read_form(q, f) == 0) {
		action = form_get(f, "action", &twice);
		yes = action != NULL && !twice &&
		    strcmp(action, "confirm") == 0;
	}
	free(f);
	return yes ? press_confirm(q, r, &k, s) : refused(r, 400);
}

/* logo - may be kept by the browser for a day; it is everybody's */
static void
logo(const struct http_req *q, struct http_resp *r)
{
	r->status = 200;
	r->type = q->snap->logo_type;
	(void)buf_add(&r->body, q->snap->logo, q->snap->logo_len);
	http_header(r, "Cache-Control", "public, max-age=86400");
	http_header(r, "Content-Security-Policy", "default-src 'none'; "
	    "style-src 'unsafe-inline'");
}

/* method_other - OPTIONS, and what we do not do */
static enum http_next
method_other(const struct http_req *q, struct http_resp *r)
{
	answer_text(r, q->method == HTTP_OPTIONS ? 204 : 405,
	    q->method == HTTP_OPTIONS ? "" : "GET or POST, please.\n");
	http_header(r, "Allow", "GET, HEAD, POST, OPTIONS");
	return HTTP_DONE;
}

/* public_begin - is a body of that length wanted? */
static int
public_begin(struct http_req *q)
{
	const char	*len = http_get(q, "Content-Length");

	if (q->snap->hooks->list.n > 0 &&
	    strncmp(q->path, HOOK_PATH, strlen(HOOK_PATH)) == 0)
		return hook_begin(q);
	return len != NULL && strtoull(len, NULL, 10) > q->body.max ? 413 : 0;
}

static enum http_next
public_handle(struct http_req *q, struct http_resp *r)
{
	const struct snap	*s = q->snap;
	size_t			 n = strlen(s->web.path);

	if (hook_is(q))
		return hook_handle(q, r);
	metrics_add(q->web->metrics, "web_requests_total", "method",
	    q->method == HTTP_POST ? "post" : q->method == HTTP_GET ? "get" :
	    "other", 1);
	if (!limit_client(q->web->limit, 'r', q->client, s->web.client_rate,
	    60)) {
		answer_plain(q, r, 429, T_MANY_TITLE, T_LATER, NULL);
		return HTTP_DONE;
	}
	if (q->method == HTTP_OPTIONS || q->method == HTTP_OTHER)
		return method_other(q, r);
	if (strcmp(q->path, "/robots.txt") == 0) {
		answer_text(r, 200, "User-agent: *\nDisallow: /\n");
		return HTTP_DONE;
	}
	if (strncmp(q->path, s->web.path, n) != 0) {
		answer_note_bad(q, "path");
		answer_bad(q, r);
		return HTTP_DONE;
	}
	if (strcmp(q->path + n, "logo") == 0 && s->logo != NULL) {
		logo(q, r);
		return HTTP_DONE;
	}
	if (strncmp(q->path + n, "confirm/", 8) == 0)
		return on_confirm(q, r, q->path + n + 8);
	return on_token(q, r, q->path + n);
}

const struct http_handlers public_handlers = {
	.begin = public_begin,
	.handle = public_handle,
};

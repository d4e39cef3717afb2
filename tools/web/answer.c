/* SPDX-License-Identifier: BSD-2-Clause */
/* answer.c - see answer.h */
#include "web/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/limit.h"

#include "base/banned.h"

#define HITS_MAX	128
#define BAD_LINES	10	/* of log a second */

enum lang
answer_lang(const struct http_req *q)
{
	return lang_choose(http_get(q, "Accept-Language"));
}

void
answer_headers(const struct http_req *q, struct http_resp *r, enum lang l)
{
	r->type = "text/html; charset=utf-8";
	http_header(r, "Content-Language", lang_tag(l));
	http_header(r, "Vary", "Accept-Language");
	http_header(r, "Content-Security-Policy", q->snap->csp);
	http_header(r, "Referrer-Policy", "no-referrer");
	http_header(r, "X-Robots-Tag", "noindex, nofollow");
	http_header(r, "Cache-Control", "no-store");
}

void
answer_plain(const struct http_req *q, struct http_resp *r, int status,
    enum text title, enum text message, const char *arg)
{
	enum lang	l = answer_lang(q);

	r->status = status;
	page_plain(&r->body, q->snap, l, title, message, arg);
	answer_headers(q, r, l);
	if (status == 503 || status == 429)
		http_header(r, "Retry-After", "120");
}

void
answer_bad(const struct http_req *q, struct http_resp *r)
{
	answer_plain(q, r, 404, T_BAD_TITLE, T_BAD, NULL);
}

void
answer_later(const struct http_req *q, struct http_resp *r, const struct err *e,
    const char *what)
{
	log_event(LOG_ERR, "web_store_failed", LOG_STR("what", what),
	    LOG_STR("client", q->client), LOG_STR("why", e->msg));
	metrics_add(q->web->metrics, "web_store_failed_total", NULL, NULL, 1);
	answer_plain(q, r, 503, T_LATER_TITLE, T_LATER, NULL);
}

void
answer_text(struct http_resp *r, int status, const char *text)
{
	r->status = status;
	r->fixed = text;
	http_header(r, "Cache-Control", "no-store");
	http_header(r, "X-Robots-Tag", "noindex, nofollow");
	http_header(r, "Referrer-Policy", "no-referrer");
}

enum http_next
answer_no_memory(const struct http_req *q, struct http_resp *r)
{
	struct err	e = { "", 0 };

	(void)err_set(&e, "out of memory");
	answer_later(q, r, &e, "press");
	return HTTP_DONE;
}

void
answer_note_bad(const struct http_req *q, const char *why)
{
	metrics_add(q->web->metrics, "web_bad_tokens_total", "why", why, 1);
	if (limit_take(q->web->limit, 'b', why, strlen(why), BAD_LINES, 1))
		log_event(LOG_NOTICE, "web_bad_token", LOG_STR("why", why),
		    LOG_STR("client", q->client));
}

const struct web_scope *
answer_scope(const struct http_req *q, uint32_t id)
{
	const struct web_scope	*s = snap_scope(q->snap, id);

	if (s != NULL)
		return s;
	log_event(LOG_WARNING, "web_scope_unknown", LOG_INT("scope", id));
	return snap_scope(q->snap, store_scope_id("*"));
}

struct store_id
answer_id(const struct token *t)
{
	struct store_id	id = { .key = t->store_key };

	memcpy(id.digest, t->digest, STORE_DIGEST);
	return id;
}

/* -- what the recipient gets ----------------------------------------------- */

/* show - one more list on the page */
static void
show(struct page_view *v, const struct web_scope *s)
{
	size_t	i;

	if (s == NULL || strcmp(s->name, "*") == 0 || v->n == PAGE_LISTS)
		return;
	for (i = 0; i < v->n; i++)
		if (v->v[i].scope == s)
			return;
	v->v[v->n++].scope = s;
}

void
answer_choose(const struct snap *s, const struct web_scope *from,
    struct page_view *v)
{
	const struct stream	*st;
	size_t			 i, k;

	show(v, from);
	for (i = 0; i < stream_count(s->streams); i++) {
		st = stream_at(s->streams, i);
		if (st->scope_ids[0] != from->id)
			continue;
		for (k = 0; k < st->page_scopes.n; k++)
			show(v, snap_scope(s,
			    store_scope_id(st->page_scopes.v[k])));
	}
}

/* state_by - what one entry does to one list */
static void
state_by(struct page_list *p, const struct store_entry *h, uint32_t all)
{
	const struct stream	*st = p->scope->stream;

	if (!h->in_force || (h->scope != p->scope->id && h->scope != all))
		return;
	if (h->reason == STORE_OPTOUT)
		p->state = PAGE_OFF;
	else if (p->state == PAGE_ON && (st == NULL ||
	    st->stops[h->reason]))
		p->state = PAGE_OFF_OTHER;
}

int
answer_look_up(const struct http_req *q, const struct store_id *id,
    struct page_view *v, struct err *e)
{
	struct store_entry	*h;
	struct store		*st = snap_store(q->snap, e);
	uint32_t		 ids[PAGE_LISTS + 1];
	size_t			 i;
	int			 k, n;

	if (st == NULL)
		return -1;
	if ((h = malloc(HITS_MAX * sizeof *h)) == NULL)
		return err_set(e, "out of memory");
	for (i = 0; i < v->n; i++)
		ids[i] = v->v[i].scope->id;
	ids[i] = store_scope_id("*");
	n = store_find_id(st, id, ids, v->n + 1, h, HITS_MAX, e);
	for (k = 0; k < n; k++) {
		if (h[k].in_force && h[k].scope == ids[v->n] &&
		    h[k].reason == STORE_OPTOUT)
			v->all_off = true;
		for (i = 0; i < v->n; i++)
			state_by(&v->v[i], &h[k], ids[v->n]);
	}
	free(h);
	return n < 0 ? -1 : 0;
}

void
answer_lists(const struct http_req *q, struct http_resp *r,
    const struct store_id *id, const struct web_scope *from,
    struct page_view *v)
{
	struct err	e = { "", 0 };
	enum lang	l = answer_lang(q);

	answer_choose(q->snap, from, v);
	v->mail = q->snap->web.smtp[0] != '\0';
	if (answer_look_up(q, id, v, &e) == -1) {
		answer_later(q, r, &e, "page");
		return;
	}
	r->status = 200;
	page_lists(&r->body, q->snap, l, v);
	answer_headers(q, r, l);
}


/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * api.c - the JSON API: bearer keys, roles, one address or very many
 *
 *	POST /api/v1/get	read	{"address"}
 *	POST /api/v1/add	add	{"address", "scope", "reason", ...}
 *	POST /api/v1/remove	remove	the same
 *	POST /api/v1/bulk	add	a line of that for each address
 *	GET  /api/v1/events	read	?after=N&limit=M
 *
 * Addresses stand in bodies, never in URLs. Every change is in the journal as
 * "key:NAME".
 */
#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "web/keys.h"
#include "web/limit.h"

#include "base/banned.h"

#define PREFIX		"/api/v1/"

enum verb { V_GET, V_ADD, V_REMOVE, V_BULK, V_EVENTS, V_NONE };

static const struct {
	const char	*name;
	enum http_method method;
	unsigned	 role;
} verbs[] = {
	[V_GET] = { "get", HTTP_POST, API_READ },
	[V_ADD] = { "add", HTTP_POST, API_ADD },
	[V_REMOVE] = { "remove", HTTP_POST, API_REMOVE },
	[V_BULK] = { "bulk", HTTP_POST, API_ADD },
	[V_EVENTS] = { "events", HTTP_GET, API_READ },
};

/* -- answers --------------------------------------------------------------- */

/* api_say - a JSON object, taken; NULL is no memory */
enum http_next
api_say(struct http_resp *r, int status, json_t *j)
{
	char	*text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;

	json_decref(j);
	r->status = text != NULL ? status : 503;
	r->type = "application/json";
	http_header(r, "Cache-Control", "no-store");
	if (r->status == 503)
		http_header(r, "Retry-After", "30");
	if (text == NULL)
		r->fixed = "{\"error\":\"out of memory\"}\n";
	else {
		(void)buf_adds(&r->body, text);
		(void)buf_addc(&r->body, '\n');
	}
	free(text);
	return HTTP_DONE;
}

enum http_next
api_fail(struct http_resp *r, int status, const char *why)
{
	return api_say(r, status, json_pack("{s:s}", "error", why));
}

enum http_next
api_store_failed(const struct http_req *q, struct http_resp *r,
    const struct err *e)
{
	log_event(LOG_ERR, "web_store_failed", LOG_STR("what", "api"),
	    LOG_STR("client", q->client), LOG_STR("why", e->msg));
	metrics_add(q->web->metrics, "web_store_failed_total", NULL, NULL, 1);
	return api_fail(r, 503, "the store cannot take it now");
}

/* -- one change ------------------------------------------------------------ */

/* change - add or remove one */
static enum http_next
change(struct http_req *q, struct http_resp *r, int op)
{
	struct api_work	*a = q->work;
	struct err	 e = { "", 0 };
	struct store	*st;
	struct api_row	*w;
	const char	*why;
	enum http_next	 next;

	if ((w = malloc(sizeof *w)) == NULL)
		return api_fail(r, 503, "out of memory");
	if (api_row_parse(w, q, op, buf_str(&q->body), q->body.len,
	    &why) == -1) {
		free(w);
		return api_fail(r, 400, why);
	}
	if ((st = snap_store(q->snap, &e)) == NULL)
		next = api_store_failed(q, r, &e);
	else if (store_apply(st, a->actor, &w->c, 1, &e) == 0)
		next = api_say(r, 200, json_pack("{s:b}", "changed",
		    w->c.result == 1));
	else if (w->c.result == -1)
		next = api_fail(r, 409, w->c.why);
	else
		next = api_store_failed(q, r, &e);
	api_row_free(w);
	free(w);
	return next;
}

/* -- requests -------------------------------------------------------------- */

static enum verb
verb_of(const char *path)
{
	enum verb	v;

	if (strncmp(path, PREFIX, sizeof PREFIX - 1) != 0)
		return V_NONE;
	for (v = 0; v < V_NONE; v++)
		if (strcmp(verbs[v].name, path + sizeof PREFIX - 1) == 0)
			break;
	return v;
}

static void
work_free(struct http_req *q)
{
	struct api_work	*a = q->work;

	api_bulk_free(a->bulk);
	free(a);
}

static const struct http_care	care = { .free = work_free };

/* api_begin - who asks, and may he; before any of the body is read */
static int
api_begin(struct http_req *q)
{
	const struct api_key	*k;
	struct api_work		*a;
	enum verb		 v = verb_of(q->path);

	k = api_keys_find(q->snap->api, http_get(q, "Authorization"));
	if (k == NULL || v == V_NONE || (k->roles & verbs[v].role) == 0) {
		log_event(LOG_NOTICE, "web_api_refused",
		    LOG_STR("key", k != NULL ? k->name : NULL),
		    LOG_STR("client", q->client),
		    LOG_STR("why", k == NULL ? "key" : v == V_NONE ? "path" :
		    "role"));
		metrics_add(q->web->metrics, "web_api_refused_total", NULL,
		    NULL, 1);
		return k == NULL ? 401 : v == V_NONE ? 404 : 403;
	}
	if (q->method != verbs[v].method)
		return 405;
	if (!limit_take(q->web->limit, 'k', k->name, strlen(k->name),
	    q->snap->web.api_rate, 1))
		return 429;
	if ((a = calloc(1, sizeof *a)) == NULL)
		return 503;
	a->key = k;
	a->verb = (int)v;
	(void)snprintf(a->actor, sizeof a->actor, "key:%s", k->name);
	q->work = a;
	q->care = &care;
	if (v == V_BULK && (a->bulk = api_bulk_new()) == NULL)
		return 503;
	metrics_add(q->web->metrics, "web_api_requests_total", "verb",
	    verbs[v].name, 1);
	return 0;
}

static int
api_piece(struct http_req *q, const char *p, size_t n)
{
	struct api_work	*a = q->work;

	if (a->bulk != NULL)
		return api_bulk_piece(q, p, n);
	return buf_add(&q->body, p, n);
}

static enum http_next
api_handle(struct http_req *q, struct http_resp *r)
{
	struct api_work	*a = q->work;

	if (q->early != 0 && a->bulk == NULL)
		return api_fail(r, 413, "too large");
	switch ((enum verb)a->verb) {
	case V_GET:
		return api_get(q, r);
	case V_ADD:
		return change(q, r, STORE_ADD);
	case V_REMOVE:
		return change(q, r, STORE_REMOVE);
	case V_BULK:
		return api_bulk_end(q, r);
	default:
		return api_events(q, r);
	}
}

const struct http_handlers api_handlers = {
	.begin = api_begin,
	.piece = api_piece,
	.handle = api_handle,
};

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
 * "key:NAME". A bulk body is worked on as it arrives, BATCH lines a commit.
 */
#include "web/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"
#include "store/admin.h"
#include "web/http.h"
#include "web/keys.h"
#include "web/limit.h"

#include "base/banned.h"

#define BATCH		500	/* lines of a bulk that share a commit */
#define LINE_MAX_	8192	/* octets of one */
#define REFUSED_MAX	100	/* that the answer names */
#define ENTRIES		512
#define EVENTS_MAX	1000
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

/* One change with the memory that it points into. */
struct row {
	struct store_change	 c;
	struct addr		 addr;
	char			 domain[ADDR_DOMAIN_MAX + 1];
	json_t			*j;		/* holds the texts */
	uint64_t		 line;
};

struct bulk {
	struct buf	 line;
	bool		 skip;			/* a line that is too long */
	struct row	 rows[BATCH];
	size_t		 n;
	uint64_t	 lines, done, changed, refused;
	json_t		*why;			/* of the refused */
	struct err	 err;			/* the store failed */
};

struct api_work {
	const struct api_key	*key;
	char			 actor[8 + API_NAME_MAX];
	enum verb		 verb;
	struct bulk		*bulk;
};

/* -- answers --------------------------------------------------------------- */

/* say - a JSON object, taken; NULL is no memory */
static enum http_next
say(struct http_resp *r, int status, json_t *j)
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

static enum http_next
fail(struct http_resp *r, int status, const char *why)
{
	return say(r, status, json_pack("{s:s}", "error", why));
}

static enum http_next
store_failed(const struct http_req *q, struct http_resp *r,
    const struct err *e)
{
	log_event(LOG_ERR, "web_store_failed", LOG_STR("what", "api"),
	    LOG_STR("client", q->client), LOG_STR("why", e->msg));
	metrics_add(q->web->metrics, "web_store_failed_total", NULL, NULL, 1);
	return fail(r, 503, "the store cannot take it now");
}

/* -- changes --------------------------------------------------------------- */

static void
row_free(struct row *w)
{
	json_decref(w->j);
	w->j = NULL;
}

/* string - a member that is a string of at most max octets, or absent */
static int
string(json_t *j, const char *name, size_t max, const char **out,
    const char **why)
{
	json_t	*v = json_object_get(j, name);

	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_string(v) || json_string_length(v) > max) {
		*why = "a text is none, or too long";
		return -1;
	}
	*out = json_string_value(v);
	return 0;
}

/* known - no member but these */
static bool
known(json_t *j)
{
	static const char *const	names[] = { "address", "scope",
	    "reason", "expires", "source", "evidence", "note", "override" };
	const char			*key;
	json_t				*v;
	size_t				 i;

	json_object_foreach(j, key, v) {
		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strcmp(key, names[i]) == 0)
				break;
		if (i == sizeof names / sizeof names[0])
			return false;
	}
	return true;
}

/* whom - "ann@example.com", or "@example.com" for a domain */
static int
whom(struct row *w, const struct snap *s, const char *text,
    const char **why)
{
	if (text == NULL) {
		*why = "no address";
		return -1;
	}
	if (text[0] == '@') {
		if (addr_domain(text + 1, strlen(text + 1), w->domain,
		    why) != ADDR_OK)
			return -1;
		w->c.domain = w->domain;
		return 0;
	}
	if (addr_normal(text, strlen(text), s->rules, &w->addr,
	    why) != ADDR_OK)
		return -1;
	w->c.addr = &w->addr;
	return 0;
}

/* meaning - what the texts stand for */
static int
meaning(struct row *w, int op, const char *reason, const char *expires,
    const char **why)
{
	time_t	t;

	if (!store_scope_ok(w->c.scope)) {
		*why = "a scope is 1 to 64 of a-z 0-9 . _ - or *";
		return -1;
	}
	if (reason == NULL)
		w->c.reason = op == STORE_ADD ? STORE_MANUAL : 0;
	else if ((w->c.reason = store_reason_parse(reason)) == 0) {
		*why = "no such reason";
		return -1;
	}
	if (expires == NULL)
		return 0;
	if (clock_parse_iso(expires, &t) == -1 || t <= clock_now()) {
		*why = "expires is no time to come, as 2027-01-31";
		return -1;
	}
	w->c.expires = t;
	return 0;
}

/* row_parse - JSON to a change; -1 and *why */
static int
row_parse(struct row *w, const struct http_req *q, int op, const char *text,
    size_t len, const char **why)
{
	const struct api_work	*a = q->work;
	const char		*address = NULL, *reason = NULL;
	const char		*expires = NULL;
	json_error_t		 je;

	memset(w, 0, sizeof *w);
	w->c.op = op;
	w->c.scope = "*";
	w->c.source = "api";
	*why = "no JSON object";
	w->j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(w->j))
		goto bad;
	*why = "a member that is not known";
	if (!known(w->j))
		goto bad;
	if (string(w->j, "address", 1024, &address, why) == -1 ||
	    string(w->j, "scope", STORE_SCOPE_MAX, &w->c.scope, why) == -1 ||
	    string(w->j, "reason", 32, &reason, why) == -1 ||
	    string(w->j, "expires", 32, &expires, why) == -1 ||
	    string(w->j, "source", STORE_SOURCE_MAX, &w->c.source,
	    why) == -1 ||
	    string(w->j, "evidence", STORE_EVIDENCE_MAX, &w->c.evidence,
	    why) == -1 ||
	    string(w->j, "note", STORE_NOTE_MAX, &w->c.note, why) == -1)
		goto bad;
	if (json_is_true(json_object_get(w->j, "override"))) {
		*why = "override is for keys of role admin";
		if ((a->key->roles & API_ADMIN) == 0)
			goto bad;
		w->c.override = true;
	}
	if (whom(w, q->snap, address, why) == -1 ||
	    meaning(w, op, reason, expires, why) == -1)
		goto bad;
	return 0;
bad:
	row_free(w);
	return -1;
}

/* change - add or remove one */
static enum http_next
change(struct http_req *q, struct http_resp *r, int op)
{
	struct api_work	*a = q->work;
	struct err	 e = { "", 0 };
	struct store	*st;
	struct row	*w;
	const char	*why;
	enum http_next	 next;

	if ((w = malloc(sizeof *w)) == NULL)
		return fail(r, 503, "out of memory");
	if (row_parse(w, q, op, buf_str(&q->body), q->body.len, &why) == -1) {
		free(w);
		return fail(r, 400, why);
	}
	if ((st = snap_store(q->snap, &e)) == NULL)
		next = store_failed(q, r, &e);
	else if (store_apply(st, a->actor, &w->c, 1, &e) == 0)
		next = say(r, 200, json_pack("{s:b}", "changed",
		    w->c.result == 1));
	else if (w->c.result == -1)
		next = fail(r, 409, w->c.why);
	else
		next = store_failed(q, r, &e);
	row_free(w);
	free(w);
	return next;
}

/* -- bulk ------------------------------------------------------------------ */

/* refuse - one line, with the reason */
static void
refuse(struct bulk *b, uint64_t line, const char *why)
{
	b->refused++;
	if (json_array_size(b->why) < REFUSED_MAX)
		(void)json_array_append_new(b->why, json_pack("{s:I, s:s}",
		    "line", (json_int_t)line, "why", why));
}

/* one_by_one - a refused change must not stop its neighbours */
static int
one_by_one(struct bulk *b, struct store *st, const char *actor)
{
	size_t	i;

	for (i = 0; i < b->n; i++) {
		struct row	*w = &b->rows[i];

		if (store_apply(st, actor, &w->c, 1, &b->err) == 0)
			b->changed += w->c.result == 1;
		else if (w->c.result == -1)
			refuse(b, w->line, w->c.why);
		else
			return -1;
		b->done = w->line;
	}
	b->err.msg[0] = '\0';
	return 0;
}

/* flush - a commit for what has been collected; -1: the store failed */
static int
flush(struct http_req *q)
{
	struct api_work		*a = q->work;
	struct bulk		*b = a->bulk;
	struct store_change	*v;
	struct store		*st = snap_store(q->snap, &b->err);
	size_t			 i;
	bool			 refused = false;
	int			 rc = -1;

	if (b->n == 0)
		return 0;
	if (st != NULL && (v = calloc(b->n, sizeof *v)) != NULL) {
		for (i = 0; i < b->n; i++)
			v[i] = b->rows[i].c;
		rc = store_apply(st, a->actor, v, b->n, &b->err);
		for (i = 0; i < b->n; i++) {
			refused |= v[i].result == -1;
			if (rc == 0)
				b->changed += v[i].result == 1;
		}
		free(v);
		if (rc == 0)
			b->done = b->rows[b->n - 1].line;
		else if (refused)
			rc = one_by_one(b, st, a->actor);
	}
	for (i = 0; i < b->n; i++)
		row_free(&b->rows[i]);
	b->n = 0;
	if (rc == -1 && b->err.msg[0] == '\0')
		(void)err_set(&b->err, "out of memory");
	return rc;
}

/* bulk_line - one line that is complete */
static int
bulk_line(struct http_req *q)
{
	struct api_work	*a = q->work;
	struct bulk	*b = a->bulk;
	struct row	*w = &b->rows[b->n];
	const char	*why = "longer than 8192 octets";
	bool		 skip = b->skip;

	b->lines++;
	b->skip = false;
	if (!skip && strspn(buf_str(&b->line), " \t\r") == b->line.len)
		return 0;
	if (skip || row_parse(w, q, STORE_ADD, buf_str(&b->line),
	    b->line.len, &why) == -1) {
		refuse(b, b->lines, why);
		return 0;
	}
	w->line = b->lines;
	b->n++;
	return b->n < BATCH ? 0 : flush(q);
}

/* bulk_piece - as it comes from the wire */
static int
bulk_piece(struct http_req *q, const char *p, size_t n)
{
	struct api_work	*a = q->work;
	struct bulk	*b = a->bulk;
	const char	*eol;
	size_t		 len;

	for (; n > 0; p += len, n -= len) {
		eol = memchr(p, '\n', n);
		len = eol != NULL ? (size_t)(eol - p) : n;
		if (!b->skip && buf_add(&b->line, p, len) == -1)
			b->skip = true;
		if (eol == NULL)
			return 0;
		len++;
		if (bulk_line(q) == -1)
			return -1;
		buf_reset(&b->line);
	}
	return 0;
}

/* bulk_end - the last lines, and what became of all */
static enum http_next
bulk_end(struct http_req *q, struct http_resp *r)
{
	struct api_work	*a = q->work;
	struct bulk	*b = a->bulk;
	json_t		*j;

	if (b->err.msg[0] == '\0' && (b->line.len > 0 || b->skip))
		(void)bulk_line(q);
	if (b->err.msg[0] == '\0')
		(void)flush(q);
	log_event(LOG_INFO, "web_bulk", LOG_STR("key", a->key->name),
	    LOG_INT("lines", b->lines), LOG_INT("changed", b->changed),
	    LOG_INT("refused", b->refused), LOG_STR("why", b->err.msg));
	if (b->err.msg[0] == '\0')
		b->done = b->lines;
	j = json_pack("{s:I, s:I, s:I, s:I, s:O}",
	    "lines", (json_int_t)b->lines, "done", (json_int_t)b->done,
	    "changed", (json_int_t)b->changed,
	    "refused", (json_int_t)b->refused, "why", b->why);
	if (b->err.msg[0] != '\0')
		(void)json_object_set_new(j, "error", json_string("the store "
		    "cannot take more now: send again what is behind line "
		    "`done`"));
	return say(r, b->err.msg[0] == '\0' ? 200 : 503, j);
}

/* -- reading --------------------------------------------------------------- */

/* id_text - "KEY:DIGEST" */
static const char *
id_text(const struct store_id *id, char out[40])
{
	size_t	n = (size_t)snprintf(out, 40, "%u:", id->key);

	(void)codec_hex(id->digest, STORE_DIGEST, out + n);
	return out;
}

/* iso - a time, NULL for none */
static const char *
iso(int64_t t, char out[CLOCK_ISO_SIZE])
{
	return t == 0 ? NULL : clock_iso((time_t)t, out);
}

static json_t *
entry(struct store *st, const struct store_entry *en)
{
	char		t[3][CLOCK_ISO_SIZE], id[40];
	char		scope[STORE_SCOPE_MAX + 1];
	struct err	e;

	if (store_scope_name(st, en->scope, scope, &e) == -1)
		return NULL;
	return json_pack("{s:s, s:s, s:b, s:b, s:b, s:s?, s:s?, s:s?, s:I, "
	    "s:s, s:s, s:s}", "scope", scope,
	    "reason", store_reason_name(en->reason), "in_force", en->in_force,
	    "domain", en->domain, "imported", en->imported,
	    "first", iso(en->first, t[0]), "last", iso(en->last, t[1]),
	    "expires", iso(en->expires, t[2]), "count", (json_int_t)en->count,
	    "source", en->source, "evidence", en->evidence,
	    "id", id_text(&en->id, id));
}

/* get - all that the store holds of one address */
static enum http_next
get(struct http_req *q, struct http_resp *r)
{
	struct store_entry	*v = NULL;
	struct err		 e = { "", 0 };
	struct store		*st;
	struct row		*w = malloc(sizeof *w);
	const char		*why;
	json_t			*a = json_array();
	enum http_next		 next;
	int			 i, n = -1;

	if (w == NULL || a == NULL ||
	    (v = malloc(ENTRIES * sizeof *v)) == NULL) {
		next = fail(r, 503, "out of memory");
		goto out;
	}
	if (row_parse(w, q, STORE_ADD, buf_str(&q->body), q->body.len,
	    &why) == -1) {
		next = fail(r, 400, why);
		goto out;
	}
	if (w->c.addr == NULL)
		next = fail(r, 400, "an address, please");
	else if ((st = snap_store(q->snap, &e)) == NULL ||
	    (n = store_find(st, w->c.addr, NULL, 0, v, ENTRIES, &e)) == -1)
		next = store_failed(q, r, &e);
	else {
		for (i = 0; i < n; i++)
			(void)json_array_append_new(a, entry(st, &v[i]));
		next = say(r, 200, json_pack("{s:O}", "entries", a));
	}
	row_free(w);
out:
	json_decref(a);
	free(v);
	free(w);
	return next;
}

struct listing {
	json_t		*a;
	uint64_t	 next;
	size_t		 limit;
	bool		 more;
};

static int
event(void *arg, const struct store_event *ev)
{
	struct listing	*l = arg;
	char		 id[40], hash[CODEC_HEX_SIZE(32)];
	char		 t[2][CLOCK_ISO_SIZE];
	json_t		*j;

	if (json_array_size(l->a) == l->limit) {
		l->more = true;
		return 1;
	}
	(void)codec_hex(ev->hash, sizeof ev->hash, hash);
	j = json_pack("{s:I, s:s, s:I, s:s, s:s, s:s?, s:s?, s:b, s:s, s:s, "
	    "s:s, s:s, s:s?, s:s}", "seq", (json_int_t)ev->seq,
	    "time", clock_iso((time_t)(ev->time_ms / 1000), t[0]),
	    "time_ms", (json_int_t)ev->time_ms,
	    "op", ev->op != NULL ? ev->op : "?", "scope", ev->scope,
	    "id", ev->id.key != 0 ? id_text(&ev->id, id) : NULL,
	    "reason", ev->reason != 0 ? store_reason_name(ev->reason) : NULL,
	    "domain", ev->domain, "actor", ev->actor, "source", ev->source,
	    "evidence", ev->evidence, "note", ev->note,
	    "expires", iso(ev->expires, t[1]), "hash", hash);
	l->next = ev->seq;
	/* a text that is no UTF-8 gives no object: the number alone, then */
	if (j == NULL)
		j = json_pack("{s:I, s:s}", "seq", (json_int_t)ev->seq,
		    "op", ev->op != NULL ? ev->op : "?");
	return json_array_append_new(l->a, j) == -1;
}

/* number - a query argument; dflt when it is not there, -1 broken */
static long long
number(const struct http_req *q, const char *name, long long dflt)
{
	const char	*s = http_arg(q, name);
	char		*end;
	long long	 v;

	if (s == NULL)
		return dflt;
	v = strtoll(s, &end, 10);
	return *s < '0' || *s > '9' || *end != '\0' ? -1 : v;
}

/* events - the journal from a number on */
static enum http_next
events(struct http_req *q, struct http_resp *r)
{
	long long		after = number(q, "after", 0);
	long long		limit = number(q, "limit", 100);
	struct store_filter	f = { .addr = NULL };
	struct listing		l = { .a = json_array() };
	struct err		e = { "", 0 };
	struct store		*st;

	if (after < 0 || limit < 1 || limit > EVENTS_MAX) {
		json_decref(l.a);
		return fail(r, 400, "after is a number, limit is 1 to 1000");
	}
	l.limit = (size_t)limit;
	l.next = f.after = (uint64_t)after;
	if (l.a == NULL)
		return fail(r, 503, "out of memory");
	if ((st = snap_store(q->snap, &e)) == NULL ||
	    store_journal_each(st, &f, event, &l, &e) == -1) {
		json_decref(l.a);
		return store_failed(q, r, &e);
	}
	return say(r, 200, json_pack("{s:o, s:I, s:b}", "events", l.a,
	    "next", (json_int_t)l.next, "more", l.more));
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

/* bulk_new - for one request; NULL without memory */
static struct bulk *
bulk_new(void)
{
	struct bulk	*b = calloc(1, sizeof *b);

	if (b == NULL || (b->why = json_array()) == NULL) {
		free(b);
		return NULL;
	}
	buf_init(&b->line, LINE_MAX_);
	return b;
}

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
	a->verb = v;
	(void)snprintf(a->actor, sizeof a->actor, "key:%s", k->name);
	q->work = a;
	if (v == V_BULK && (a->bulk = bulk_new()) == NULL)
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
		return bulk_piece(q, p, n);
	return buf_add(&q->body, p, n);
}

static enum http_next
api_handle(struct http_req *q, struct http_resp *r)
{
	struct api_work	*a = q->work;

	if (q->early != 0 && a->bulk == NULL)
		return fail(r, 413, "too large");
	switch (a->verb) {
	case V_GET:
		return get(q, r);
	case V_ADD:
		return change(q, r, STORE_ADD);
	case V_REMOVE:
		return change(q, r, STORE_REMOVE);
	case V_BULK:
		return bulk_end(q, r);
	default:
		return events(q, r);
	}
}

static void
api_done(struct http_req *q)
{
	struct api_work	*a = q->work;
	size_t		 i;

	if (a->bulk != NULL) {
		for (i = 0; i < a->bulk->n; i++)
			row_free(&a->bulk->rows[i]);
		json_decref(a->bulk->why);
		buf_free(&a->bulk->line);
		free(a->bulk);
	}
	free(a);
}

const struct http_handlers api_handlers = {
	.begin = api_begin,
	.piece = api_piece,
	.handle = api_handle,
	.done = api_done,
};

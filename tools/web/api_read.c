/* SPDX-License-Identifier: BSD-2-Clause */
/* api_read.c - what the store holds of one, and what happened; see api.h */
#include "web/api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codec.h"
#include "store/admin.h"

#include "base/banned.h"

#define ENTRIES		512
#define EVENTS_MAX	1000

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

/* api_get - all that the store holds of one address */
enum http_next
api_get(struct http_req *q, struct http_resp *r)
{
	struct store_entry	*v = NULL;
	struct err		 e = { "", 0 };
	struct store		*st;
	struct api_row		*w = malloc(sizeof *w);
	const char		*why;
	json_t			*a = json_array();
	enum http_next		 next;
	int			 i, n = -1;

	if (w == NULL || a == NULL ||
	    (v = malloc(ENTRIES * sizeof *v)) == NULL) {
		next = api_fail(r, 503, "out of memory");
		goto out;
	}
	if (api_row_parse(w, q, STORE_ADD, buf_str(&q->body), q->body.len,
	    &why) == -1) {
		next = api_fail(r, 400, why);
		goto out;
	}
	if (w->c.addr == NULL)
		next = api_fail(r, 400, "an address, please");
	else if ((st = snap_store(q->snap, &e)) == NULL ||
	    (n = store_find(st, w->c.addr, NULL, 0, v, ENTRIES, &e)) == -1)
		next = api_store_failed(q, r, &e);
	else {
		for (i = 0; i < n; i++)
			(void)json_array_append_new(a, entry(st, &v[i]));
		next = api_say(r, 200, json_pack("{s:O}", "entries", a));
	}
	api_row_free(w);
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

/* api_events - the journal from a number on */
enum http_next
api_events(struct http_req *q, struct http_resp *r)
{
	long long		after = number(q, "after", 0);
	long long		limit = number(q, "limit", 100);
	struct store_filter	f = { .addr = NULL };
	struct listing		l = { .a = json_array() };
	struct err		e = { "", 0 };
	struct store		*st;

	if (after < 0 || limit < 1 || limit > EVENTS_MAX) {
		json_decref(l.a);
		return api_fail(r, 400, "after is a number, limit is 1 to "
		    "1000");
	}
	l.limit = (size_t)limit;
	l.next = f.after = (uint64_t)after;
	if (l.a == NULL)
		return api_fail(r, 503, "out of memory");
	if ((st = snap_store(q->snap, &e)) == NULL ||
	    store_journal_each(st, &f, event, &l, &e) == -1) {
		json_decref(l.a);
		return api_store_failed(q, r, &e);
	}
	return api_say(r, 200, json_pack("{s:o, s:I, s:b}", "events", l.a,
	    "next", (json_int_t)l.next, "more", l.more));
}

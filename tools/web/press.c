/* SPDX-License-Identifier: BSD-2-Clause */
/* press.c - see press.h */
#include "web/press.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/answer.h"
#include "web/commit.h"
#include "web/ticket.h"

#include "base/banned.h"

#define DAY	86400

static const char *const press_names[] = {
	"one-click", "page", "all", "undo", "confirm"
};

/* What waits for the disk. */
struct work {
	enum press		 what;
	struct store_id		 id;
	const struct web_scope	*from;		/* the token's, for the page */
	const struct web_scope	*scope;		/* that changes */
	uint32_t		 day;		/* the token's */
	bool			 fresh;		/* nothing of it was there: it
						   may be taken back */
	struct commit_job	 job;
	size_t			 n;
	struct store_change	*changes;	/* &one, or allocated */
	struct store_change	 one;
};

enum known { K_ERROR = -1, K_NO, K_ENDS, K_EVER };

/* already - does the store hold just this opt-out, and for how long? */
static enum known
already(struct store *st, const struct store_id *id, uint32_t scope,
    struct err *e)
{
	struct store_entry	h[STORE_HITS_MAX];
	enum known		known = K_NO;
	int			i, n;

	n = store_find_id(st, id, &scope, 1, h, STORE_HITS_MAX, e);
	for (i = 0; i < n; i++)
		if (h[i].in_force && h[i].reason == STORE_OPTOUT &&
		    h[i].scope == scope && !h[i].domain && !h[i].imported)
			known = h[i].expires == 0 ? K_EVER : K_ENDS;
	return n < 0 ? K_ERROR : known;
}

/* told_press - the log and the counters of one that is over */
static void
told_press(const struct http_req *q, const struct work *w, bool changed)
{
	char	id[4 + CODEC_HEX_SIZE(STORE_DIGEST)];
	size_t	n = (size_t)snprintf(id, sizeof id, "%u:", w->id.key);

	(void)codec_hex(w->id.digest, STORE_DIGEST, id + n);
	log_event(LOG_INFO, "web_press",
	    LOG_STR("how", press_names[w->what]),
	    LOG_STR("scope", w->scope->name),
	    LOG_STR("result", changed ? "changed" : "known"),
	    LOG_STR("id", id), LOG_INT("days", w->day == 0 ? 0 :
	    clock_now() / DAY - w->day), LOG_STR("client", q->client),
	    LOG_INT("ms", (clock_mono_us() - q->began_us) / 1000));
	metrics_add(q->web->metrics, "web_presses_total", "how",
	    press_names[w->what], 1);
	if (changed && w->what <= P_ALL)
		metrics_add(q->web->metrics, "web_optouts_total", "scope",
		    w->scope->name, 1);
}

/* answer_press - the page after a press that is on disk */
static void
answer_press(const struct http_req *q, struct http_resp *r,
    const struct work *w, bool changed)
{
	struct page_view	 v = { .told = true };
	struct ticket		 t = { .kind = TICKET_UNDO, .id = w->id };
	char			 undo[TICKET_SIZE];
	enum lang		 l = answer_lang(q);

	switch (w->what) {
	case P_ONE_CLICK:
		answer_text(r, 200, "Unsubscribed.\n");
		return;
	case P_UNDO:
		v.title = T_UNDONE_TITLE;
		v.message = T_UNDONE;
		break;
	case P_CONFIRM:
		v.title = T_BACK_TITLE;
		v.message = T_BACK;
		break;
	default:
		v.title = T_DONE_TITLE;
		v.message = w->what == P_ALL ? T_DONE_ALL : changed ? T_DONE :
		    T_ALREADY;
		t.made = clock_now();
		t.scopes[0] = w->scope->id;
		if (changed && w->fresh && ticket_write(q->snap->ticket_key, &t,
		    undo) == 0)
			v.undo = undo;
		break;
	}
	v.message_arg = web_title(w->scope, l);
	answer_lists(q, r, &w->id, w->from, &v);
}

/* on_disk - the committing thread says so */
static void
on_disk(struct commit_job *j, void *arg)
{
	(void)j;
	http_resume(arg);
}

static void
start(struct http_req *q)
{
	struct work	*w = q->work;

	commit_push(q->web->commit, &w->job);
}

static void
work_free(struct http_req *q)
{
	struct work	*w = q->work;

	if (w->changes != &w->one)
		free(w->changes);
	free(w);
}

static enum http_next
finish(struct http_req *q, struct http_resp *r)
{
	struct work	*w = q->work;
	bool		 changed = false;
	size_t		 i;

	if (w->job.rc == -1) {
		answer_later(q, r, &w->job.err, press_names[w->what]);
		return HTTP_DONE;
	}
	for (i = 0; i < w->n; i++)
		if (w->changes[i].result == 1)
			changed = true;
	told_press(q, w, changed);
	answer_press(q, r, w, changed);
	return HTTP_DONE;
}

static const struct http_care	care = { start, finish, work_free };

/* add_change - one more of a press */
static void
add_change(struct work *w, int op, const char *scope, const char *source,
    const char *note)
{
	struct store_change	*c = &w->changes[w->n++];

	memset(c, 0, sizeof *c);
	c->op = op;
	c->id = &w->id;
	c->scope = scope;
	c->reason = STORE_OPTOUT;
	c->source = source;
	c->note = note;
}

/* new_work - with room for n changes; NULL without memory */
static struct work *
new_work(struct http_req *q, enum press what, const struct store_id *id,
    const struct web_scope *from, const struct web_scope *scope, size_t n)
{
	struct work	*w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->what = what;
	w->id = *id;
	w->from = from;
	w->scope = scope;
	w->changes = n == 1 ? &w->one : calloc(n, sizeof *w->changes);
	if (w->changes == NULL) {
		free(w);
		return NULL;
	}
	q->work = w;
	q->care = &care;
	return w;
}

/* submit - to the disk, if there is room and a store */
static enum http_next
submit(struct http_req *q, struct http_resp *r)
{
	struct work	*w = q->work;
	struct err	 e = { "", 0 };

	if ((w->job.store = snap_store(q->snap, &e)) == NULL) {
		answer_later(q, r, &e, press_names[w->what]);
		return HTTP_DONE;
	}
	if (atomic_load(&q->web->stopping) || !commit_room(q->web->commit)) {
		(void)err_set(&e, "max_pending presses wait already, or this "
		    "program is about to stop");
		answer_later(q, r, &e, press_names[w->what]);
		return HTTP_DONE;
	}
	w->job.changes = w->changes;
	w->job.n = w->n;
	w->job.done = on_disk;
	w->job.arg = q;
	return HTTP_WAIT;
}

/* What the store holds is not written again however often somebody comes. */
enum http_next
press_off(struct http_req *q, struct http_resp *r, enum press what,
    const struct token *t, const struct web_scope *scope)
{
	struct store_id	 id = answer_id(t);
	struct store	*st;
	struct work	*w;
	struct err	 e = { "", 0 };
	enum known	 known;

	w = new_work(q, what, &id, answer_scope(q, t->scope), scope, 1);
	if (w == NULL)
		return answer_no_memory(q, r);
	w->day = t->day;
	if ((st = snap_store(q->snap, &e)) == NULL ||
	    (known = already(st, &id, scope->id, &e)) == K_ERROR) {
		answer_later(q, r, &e, press_names[what]);
		return HTTP_DONE;
	}
	w->fresh = known == K_NO;
	if (known == K_EVER) {
		told_press(q, w, false);
		answer_press(q, r, w, false);
		return HTTP_DONE;
	}
	add_change(w, STORE_ADD, scope->name,
	    what == P_ONE_CLICK ? "one-click" : "page", NULL);
	return submit(q, r);
}

enum http_next
press_undo(struct http_req *q, struct http_resp *r, const struct token *t,
    const char *text)
{
	struct store_id		 id = answer_id(t);
	struct ticket		 k;
	struct work		*w;
	const struct web_scope	*s, *from = answer_scope(q, t->scope);
	struct page_view	 v = { .told = true, .title = T_TITLE,
				    .message = T_UNDO_LATE };

	if (ticket_read(q->snap->ticket_key, text, strlen(text), TICKET_UNDO,
	    clock_now(), q->snap->web.undo_time, &k) == 0 ||
	    k.id.key != id.key || CRYPTO_memcmp(k.id.digest, id.digest,
	    STORE_DIGEST) != 0 ||
	    (s = snap_scope(q->snap, k.scopes[0])) == NULL) {
		answer_note_bad(q, "undo");
		answer_lists(q, r, &id, from, &v);
		return HTTP_DONE;
	}
	if ((w = new_work(q, P_UNDO, &id, from, s, 1)) == NULL)
		return answer_no_memory(q, r);
	add_change(w, STORE_REMOVE, s->name, "page", "undo on the page");
	return submit(q, r);
}

/*
 * Who had stopped everything gets that one list, not all of them: "*" is
 * taken away and each other list of the configuration stopped by itself.
 */
enum http_next
press_confirm(struct http_req *q, struct http_resp *r, const struct ticket *k,
    const struct web_scope *s)
{
	struct page_view	 v = { .n = 0 };
	struct err		 e = { "", 0 };
	const struct web_scope	*o;
	struct work		*w;
	size_t			 i;

	if (answer_look_up(q, &k->id, &v, &e) == -1) {
		answer_later(q, r, &e, press_names[P_CONFIRM]);
		return HTTP_DONE;
	}
	if ((w = new_work(q, P_CONFIRM, &k->id, s, s,
	    q->snap->nscopes + 2)) == NULL)
		return answer_no_memory(q, r);
	add_change(w, STORE_REMOVE, s->name, "page", "confirmed by mail");
	if (v.all_off && strcmp(s->name, "*") != 0)
		add_change(w, STORE_REMOVE, "*", "page", "confirmed by mail");
	for (i = 0; v.all_off && i < q->snap->nscopes; i++) {
		o = &q->snap->scopes[i];
		if (o != s && strcmp(o->name, "*") != 0 &&
		    strcmp(s->name, "*") != 0 && o->stream != NULL &&
		    o->stream->klass == STREAM_BULK)
			add_change(w, STORE_ADD, o->name, "page",
			    "had stopped all lists");
	}
	return submit(q, r);
}


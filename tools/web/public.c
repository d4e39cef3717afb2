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
 *
 * Everything else, and every token that is not genuine, gets one and the same
 * answer.
 */
#include "web/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/commit.h"
#include "web/form.h"
#include "web/http.h"
#include "web/limit.h"
#include "web/mailer.h"
#include "web/page.h"
#include "web/ticket.h"

#include "base/banned.h"

#define HITS_MAX	128
#define BAD_LINES	10	/* of log a second */
#define DAY		86400

enum press { P_ONE_CLICK, P_OFF, P_ALL, P_UNDO, P_CONFIRM };

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
	struct commit_job	 job;
	size_t			 n;
	struct store_change	*changes;	/* &one, or allocated */
	struct store_change	 one;
};

/* -- answers --------------------------------------------------------------- */

static enum lang
lang_of(const struct http_req *q)
{
	return lang_choose(http_get(q, "Accept-Language"));
}

/* headers - of every page */
static void
headers(const struct http_req *q, struct http_resp *r, enum lang l)
{
	r->type = "text/html; charset=utf-8";
	http_header(r, "Content-Language", lang_tag(l));
	http_header(r, "Vary", "Accept-Language");
	http_header(r, "Content-Security-Policy", q->snap->csp);
	http_header(r, "Referrer-Policy", "no-referrer");
	http_header(r, "X-Robots-Tag", "noindex, nofollow");
	http_header(r, "Cache-Control", "no-store");
}

static void
plain(const struct http_req *q, struct http_resp *r, int status,
    enum text title, enum text message, const char *arg)
{
	enum lang	l = lang_of(q);

	r->status = status;
	page_plain(&r->body, q->snap, l, title, message, arg);
	headers(q, r, l);
	if (status == 503 || status == 429)
		http_header(r, "Retry-After", "120");
}

/* bad - the one answer for all that leads nowhere */
static void
bad(const struct http_req *q, struct http_resp *r)
{
	plain(q, r, 404, T_BAD_TITLE, T_BAD, NULL);
}

static void
later(const struct http_req *q, struct http_resp *r, const struct err *e,
    const char *what)
{
	log_event(LOG_ERR, "web_store_failed", LOG_STR("what", what),
	    LOG_STR("client", q->client), LOG_STR("why", e->msg));
	metrics_add(q->web->metrics, "web_store_failed_total", NULL, NULL, 1);
	plain(q, r, 503, T_LATER_TITLE, T_LATER, NULL);
}

static void
text_only(struct http_resp *r, int status, const char *text)
{
	r->status = status;
	r->fixed = text;
	http_header(r, "Cache-Control", "no-store");
	http_header(r, "X-Robots-Tag", "noindex, nofollow");
	http_header(r, "Referrer-Policy", "no-referrer");
}

/* -- tokens ---------------------------------------------------------------- */

/* note_bad - count it; the log has at most BAD_LINES of a kind a second */
static void
note_bad(const struct http_req *q, const char *why)
{
	metrics_add(q->web->metrics, "web_bad_tokens_total", "why", why, 1);
	if (limit_take(q->web->limit, 'b', why, strlen(why), BAD_LINES, 1))
		log_event(LOG_NOTICE, "web_bad_token", LOG_STR("why", why),
		    LOG_STR("client", q->client));
}

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
	note_bad(q, rc == TOKEN_VALID ? "kind" : token_result_name(rc));
	return false;
}

static struct store_id
id_of(const struct token *t)
{
	struct store_id	id = { .key = t->store_key };

	memcpy(id.digest, t->digest, STORE_DIGEST);
	return id;
}

/* scope_of - a genuine token of a scope that the configuration has lost still
 * counts: it stops all bulk mail rather than none */
static const struct web_scope *
scope_of(const struct http_req *q, uint32_t id)
{
	const struct web_scope	*s = snap_scope(q->snap, id);

	if (s != NULL)
		return s;
	log_event(LOG_WARNING, "web_scope_unknown", LOG_INT("scope", id));
	return snap_scope(q->snap, store_scope_id("*"));
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

/* choose - the token's scope first, then those its streams offer */
static void
choose(const struct snap *s, const struct web_scope *from,
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

/* look_up - fill the states; -1 and *e when the store cannot say */
static int
look_up(const struct http_req *q, const struct store_id *id,
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

/* lists - the page, with or without a message on top */
static void
lists(const struct http_req *q, struct http_resp *r,
    const struct store_id *id, const struct web_scope *from,
    struct page_view *v)
{
	struct err	e = { "", 0 };
	enum lang	l = lang_of(q);

	choose(q->snap, from, v);
	v->mail = q->snap->web.smtp[0] != '\0';
	if (look_up(q, id, v, &e) == -1) {
		later(q, r, &e, "page");
		return;
	}
	r->status = 200;
	page_lists(&r->body, q->snap, l, v);
	headers(q, r, l);
}

/* -- presses --------------------------------------------------------------- */

/* already - does the store hold just this opt-out, for ever? 1, 0, -1 */
static int
already(struct store *st, const struct store_id *id, uint32_t scope,
    struct err *e)
{
	struct store_entry	h[STORE_HITS_MAX];
	int			i, n;

	n = store_find_id(st, id, &scope, 1, h, STORE_HITS_MAX, e);
	for (i = 0; i < n; i++)
		if (h[i].in_force && h[i].reason == STORE_OPTOUT &&
		    h[i].scope == scope && !h[i].domain && !h[i].imported &&
		    h[i].expires == 0)
			return 1;
	return n < 0 ? -1 : 0;
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
	enum lang		 l = lang_of(q);

	switch (w->what) {
	case P_ONE_CLICK:
		text_only(r, 200, "Unsubscribed.\n");
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
		if (changed && ticket_write(q->snap->ticket_key, &t,
		    undo) == 0)
			v.undo = undo;
		break;
	}
	v.message_arg = web_title(w->scope, l);
	lists(q, r, &w->id, w->from, &v);
}

/* on_disk - the committing thread says so */
static void
on_disk(struct commit_job *j, void *arg)
{
	(void)j;
	http_resume(arg);
}

static void
public_wait(struct http_req *q)
{
	struct work	*w = q->work;

	commit_push(q->web->commit, &w->job);
}

static void
public_done(struct http_req *q)
{
	struct work	*w = q->work;

	if (w->changes != &w->one)
		free(w->changes);
	free(w);
}

/* finished - after the commit */
static enum http_next
finished(struct http_req *q, struct http_resp *r)
{
	struct work	*w = q->work;
	bool		 changed = false;
	size_t		 i;

	if (w->job.rc == -1) {
		later(q, r, &w->job.err, press_names[w->what]);
		return HTTP_DONE;
	}
	for (i = 0; i < w->n; i++)
		if (w->changes[i].result == 1)
			changed = true;
	told_press(q, w, changed);
	answer_press(q, r, w, changed);
	return HTTP_DONE;
}

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
	return w;
}

/* submit - to the disk, if there is room and a store */
static enum http_next
submit(struct http_req *q, struct http_resp *r)
{
	struct work	*w = q->work;
	struct err	 e = { "", 0 };

	if ((w->job.store = snap_store(q->snap, &e)) == NULL) {
		later(q, r, &e, press_names[w->what]);
		return HTTP_DONE;
	}
	if (atomic_load(&q->web->stopping) || !commit_room(q->web->commit)) {
		(void)err_set(&e, "max_pending presses wait already, or this "
		    "program is about to stop");
		later(q, r, &e, press_names[w->what]);
		return HTTP_DONE;
	}
	w->job.changes = w->changes;
	w->job.n = w->n;
	w->job.done = on_disk;
	w->job.arg = q;
	return HTTP_WAIT;
}

static enum http_next
no_memory(const struct http_req *q, struct http_resp *r)
{
	struct err	e = { "", 0 };

	(void)err_set(&e, "out of memory");
	later(q, r, &e, "press");
	return HTTP_DONE;
}

/* press_off - one scope, or "*"; one that the store holds is not written again
 * however often somebody comes */
static enum http_next
press_off(struct http_req *q, struct http_resp *r, enum press what,
    const struct token *t, const struct web_scope *scope)
{
	struct store_id	 id = id_of(t);
	struct store	*st;
	struct work	*w;
	struct err	 e = { "", 0 };
	int		 known;

	w = new_work(q, what, &id, scope_of(q, t->scope), scope, 1);
	if (w == NULL)
		return no_memory(q, r);
	w->day = t->day;
	if ((st = snap_store(q->snap, &e)) == NULL ||
	    (known = already(st, &id, scope->id, &e)) == -1) {
		later(q, r, &e, press_names[what]);
		return HTTP_DONE;
	}
	if (known == 1) {
		told_press(q, w, false);
		answer_press(q, r, w, false);
		return HTTP_DONE;
	}
	add_change(w, STORE_ADD, scope->name,
	    what == P_ONE_CLICK ? "one-click" : "page", NULL);
	return submit(q, r);
}

/* press_undo - what the ticket names */
static enum http_next
press_undo(struct http_req *q, struct http_resp *r, const struct token *t,
    const char *text)
{
	struct store_id		 id = id_of(t);
	struct ticket		 k;
	struct work		*w;
	const struct web_scope	*s, *from = scope_of(q, t->scope);
	struct page_view	 v = { .told = true, .title = T_TITLE,
				    .message = T_UNDO_LATE };

	if (ticket_read(q->snap->ticket_key, text, strlen(text), TICKET_UNDO,
	    clock_now(), q->snap->web.undo_time, &k) == 0 ||
	    k.id.key != id.key || CRYPTO_memcmp(k.id.digest, id.digest,
	    STORE_DIGEST) != 0 ||
	    (s = snap_scope(q->snap, k.scopes[0])) == NULL) {
		note_bad(q, "undo");
		lists(q, r, &id, from, &v);
		return HTTP_DONE;
	}
	if ((w = new_work(q, P_UNDO, &id, from, s, 1)) == NULL)
		return no_memory(q, r);
	add_change(w, STORE_REMOVE, s->name, "page", "undo on the page");
	return submit(q, r);
}

/*
 * confirm - subscribe again to one list, with proof
 *
 * Who had stopped everything gets that one list, not all of them: "*" is
 * taken away and each other list of the configuration stopped by itself.
 */
static enum http_next
press_confirm(struct http_req *q, struct http_resp *r, const struct ticket *k,
    const struct web_scope *s)
{
	struct page_view	 v = { .n = 0 };
	struct err		 e = { "", 0 };
	const struct web_scope	*o;
	struct work		*w;
	size_t			 i;

	if (look_up(q, &k->id, &v, &e) == -1) {
		later(q, r, &e, press_names[P_CONFIRM]);
		return HTTP_DONE;
	}
	if ((w = new_work(q, P_CONFIRM, &k->id, s, s,
	    q->snap->nscopes + 2)) == NULL)
		return no_memory(q, r);
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

/* -- links by mail --------------------------------------------------------- */

/* send_link - at most so many to one recipient and for one client */
static void
send_link(const struct http_req *q, const struct addr *to,
    const struct store_id *id, enum text subject, enum text text,
    const char *title, const char *rest)
{
	const struct web_conf	*c = &q->snap->web;
	enum lang		 l = lang_of(q);
	char			 url[512];
	struct buf		 s = BUF_INIT(1024), b = BUF_INIT(8192);

	if (!limit_take(q->web->limit, 'm', id, sizeof *id, c->mail_rate,
	    3600)) {
		log_event(LOG_NOTICE, "web_mail_refused",
		    LOG_STR("why", "mail_rate"), LOG_STR("client", q->client));
		return;
	}
	(void)snprintf(url, sizeof url, "%s%s%s", c->base_url, c->path, rest);
	page_fill(&s, text_of(l, subject), title, NULL);
	page_fill(&b, text_of(l, text), title, url);
	if (s.failed || b.failed || mailer_push(q->web->mailer, c, to,
	    buf_str(&s), lang_tag(l), buf_str(&b)) == -1)
		log_event(LOG_WARNING, "web_mail_refused",
		    LOG_STR("why", "queue full"), LOG_STR("client",
		    q->client));
	buf_free(&s);
	buf_free(&b);
}

/* same_recipient - is this the address that the token was made for? */
static bool
same_recipient(const struct http_req *q, const struct addr *a,
    const struct store_id *id)
{
	struct store_id	x;
	unsigned	i;
	bool		same = false;

	for (i = 0; i < store_keys_count(q->snap->keys); i++) {
		store_keys_address(q->snap->keys, i, a, &x);
		if (x.key == id->key && CRYPTO_memcmp(x.digest, id->digest,
		    STORE_DIGEST) == 0)
			same = true;
	}
	return same;
}

/* sent - whatever became of it, the answer is this */
static void
sent(const struct http_req *q, struct http_resp *r)
{
	char	hours[24];

	(void)snprintf(hours, sizeof hours, "%ld",
	    q->snap->web.proof_time / 3600);
	plain(q, r, 200, T_SENT_TITLE, T_SENT, hours);
}

/* by_mail - action=again (a recipient's token) and ask (a list's) */
static void
by_mail(const struct http_req *q, struct http_resp *r, const struct token *t,
    const struct web_scope *scope, const char *address)
{
	const struct web_conf	*c = &q->snap->web;
	struct ticket		 k = { .kind = TICKET_PROOF,
				    .made = clock_now() };
	struct token		 own = { .kind = TOKEN_UNSUB,
				    .scope = t->scope };
	struct addr		 a;
	char			 rest[8 + TICKET_SIZE + TOKEN_URL_SIZE];
	char			 text[TICKET_SIZE + TOKEN_URL_SIZE];
	struct err		 e;

	if (c->smtp[0] == '\0') {
		bad(q, r);
		return;
	}
	if (!limit_take(q->web->limit, 'c', q->client, strlen(q->client),
	    c->mail_client_rate, 3600)) {
		plain(q, r, 429, T_MANY_TITLE, T_LATER, NULL);
		return;
	}
	sent(q, r);
	if (addr_normal(address, strlen(address), q->snap->rules, &a,
	    NULL) != ADDR_OK)
		return;
	if (t->kind == TOKEN_PAGE) {
		store_keys_address(q->snap->keys, 0, &a, &k.id);
		own.store_key = k.id.key;
		memcpy(own.digest, k.id.digest, STORE_DIGEST);
		own.day = (uint32_t)(clock_now() / DAY);
		if (token_url(q->snap->tokens, &own, text, &e) == 0)
			send_link(q, &a, &k.id, T_MAIL_LINK_SUBJECT,
			    T_MAIL_LINK, NULL, text);
		return;
	}
	k.id = id_of(t);
	k.scopes[0] = scope->id;
	if (!same_recipient(q, &a, &k.id))
		return;
	if (ticket_write(q->snap->ticket_key, &k, text) == -1)
		return;
	(void)snprintf(rest, sizeof rest, "confirm/%s", text);
	send_link(q, &a, &k.id, T_MAIL_AGAIN_SUBJECT, T_MAIL_AGAIN,
	    web_title(scope, lang_of(q)), rest);
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
	choose(q->snap, scope_of(q, t->scope), &v);
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
	text_only(r, status, status == 415 ? "Send a form: "
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
		    scope_of(q, t->scope)) : refused(r, 400);
	if (action == NULL)
		return refused(r, 400);
	if (t->kind == TOKEN_PAGE) {
		text = form_get(f, "address", &twice);
		if (strcmp(action, "ask") != 0 || text == NULL || twice)
			return refused(r, 400);
		by_mail(q, r, t, NULL, text);
		return HTTP_DONE;
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
	by_mail(q, r, t, s, text);
	return HTTP_DONE;
}

/* get_token - the page; the store is only read */
static void
get_token(const struct http_req *q, struct http_resp *r,
    const struct token *t)
{
	struct page_view	v = { .title = T_TITLE };
	struct store_id		id = id_of(t);
	enum lang		l = lang_of(q);

	if (t->kind == TOKEN_UNSUB) {
		lists(q, r, &id, scope_of(q, t->scope), &v);
		return;
	}
	r->status = 200;
	page_ask(&r->body, q->snap, l);
	headers(q, r, l);
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
		bad(q, r);
		return HTTP_DONE;
	}
	if (q->method != HTTP_POST) {
		get_token(q, r, &t);
		return HTTP_DONE;
	}
	if ((f = malloc(sizeof *f)) == NULL)
		return no_memory(q, r);
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
	enum lang		 l = lang_of(q);
	const char		*action;
	bool			 twice = false, yes = false;

	if (ticket_read(q->snap->ticket_key, text, strlen(text), TICKET_PROOF,
	    clock_now(), q->snap->web.proof_time, &k) == 0 ||
	    (s = snap_scope(q->snap, k.scopes[0])) == NULL) {
		note_bad(q, "proof");
		bad(q, r);
		return HTTP_DONE;
	}
	if (q->method != HTTP_POST) {
		r->status = 200;
		page_confirm(&r->body, q->snap, l, web_title(s, l));
		headers(q, r, l);
		return HTTP_DONE;
	}
	if ((f = malloc(sizeof *f)) == NULL)
		return no_memory(q, r);
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
	text_only(r, q->method == HTTP_OPTIONS ? 204 : 405,
	    q->method == HTTP_OPTIONS ? "" : "GET or POST, please.\n");
	http_header(r, "Allow", "GET, HEAD, POST, OPTIONS");
	return HTTP_DONE;
}

static enum http_next
public_handle(struct http_req *q, struct http_resp *r)
{
	const struct snap	*s = q->snap;
	size_t			 n = strlen(s->web.path);

	if (q->waited)
		return finished(q, r);
	metrics_add(q->web->metrics, "web_requests_total", "method",
	    q->method == HTTP_POST ? "post" : q->method == HTTP_GET ? "get" :
	    "other", 1);
	if (!limit_take(q->web->limit, 'r', q->client, strlen(q->client),
	    s->web.client_rate, 60)) {
		plain(q, r, 429, T_MANY_TITLE, T_LATER, NULL);
		return HTTP_DONE;
	}
	if (q->method == HTTP_OPTIONS || q->method == HTTP_OTHER)
		return method_other(q, r);
	if (strcmp(q->path, "/robots.txt") == 0) {
		text_only(r, 200, "User-agent: *\nDisallow: /\n");
		return HTTP_DONE;
	}
	if (strncmp(q->path, s->web.path, n) != 0) {
		note_bad(q, "path");
		bad(q, r);
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
	.handle = public_handle,
	.wait = public_wait,
	.done = public_done,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/* hook.c - see hook.h */
#include "web/hook.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "feedback/tell.h"
#include "web/answer.h"
#include "web/commit.h"
#include "web/hook_fetch.h"
#include "web/hook_proof.h"
#include "web/limit.h"
#include "web/web.h"

#include "base/banned.h"

#define LINES	10	/* of log a second about what is refused */

struct hook_state {
	struct hook_tokens	*tokens;
	struct hook_fetch	*fetch;
	atomic_long		 memory;	/* octets of bodies */
};

/* One request. */
struct hook_work {
	long			 memory;	/* of state->memory */
	const struct webhook	*hook;
	struct feedback		*fb;
	size_t			 bad;
	struct apply_events	 events;
	struct commit_job	 job;
};

int
hook_state_new(struct hook_state **out, struct err *e)
{
	struct hook_state	*s = calloc(1, sizeof *s);

	if ((*out = s) == NULL || (s->tokens = hook_tokens_new()) == NULL ||
	    (s->fetch = hook_fetch_new()) == NULL) {
		hook_state_free(out);
		return err_set(e, "out of memory");
	}
	atomic_init(&s->memory, 0);
	return 0;
}

void
hook_state_free(struct hook_state **s)
{
	if (*s == NULL)
		return;
	hook_tokens_free(&(*s)->tokens);
	hook_fetch_free(&(*s)->fetch);
	free(*s);
	*s = NULL;
}

int
hooks_load(const struct snap *s, struct hooks **out, struct err *e)
{
	struct hooks	*h = calloc(1, sizeof *h);

	*out = NULL;
	if (h == NULL)
		return err_set(e, "out of memory");
	if (webhooks_load(s->file, &h->list, e) == -1 ||
	    feedback_conf_load(s->file, &h->feedback, e) == -1 ||
	    bounces_load(h->feedback.bounces, &h->bounces, e) == -1) {
		hooks_free(&h);
		return -1;
	}
	h->apply = (struct apply){
		.conf = &h->feedback, .ctx = { .bounces = h->bounces },
		.keys = s->keys, .rules = s->rules, .streams = s->streams,
		.actor = WEB_ACTOR,
	};
	*out = h;
	return 0;
}

void
hooks_free(struct hooks **h)
{
	if (*h == NULL)
		return;
	webhooks_free(&(*h)->list);
	bounces_free(&(*h)->bounces);
	free(*h);
	*h = NULL;
}

/* -- answers --------------------------------------------------------------- */

static enum http_next
say(struct http_resp *r, int status, const char *text)
{
	answer_text(r, status, text);
	if (status == 503)
		http_header(r, "Retry-After", "60");
	if (status == 405)
		http_header(r, "Allow", "POST");
	return HTTP_DONE;
}

/* count - a request by its end; the log of bad ones has a limit */
static void
count(const struct http_req *q, const char *name, const char *result,
    const char *why)
{
	metrics_add(q->web->metrics, "web_hooks_total", "result", result, 1);
	if (why != NULL && limit_take(q->web->limit, 'h', why, strlen(why),
	    LINES, 1))
		log_event(LOG_NOTICE, "web_hook_refused",
		    LOG_STR("hook", name), LOG_STR("client", q->client),
		    LOG_STR("why", why));
}

/* refused - one answer for whoever does not prove to be the provider */
static enum http_next
refused(const struct http_req *q, struct http_resp *r, const char *name,
    const char *why)
{
	count(q, name, "refused", why);
	return say(r, 403, "Not proven.\n");
}

static enum http_next
later(const struct http_req *q, struct http_resp *r, const struct err *e)
{
	log_event(LOG_ERR, "web_store_failed", LOG_STR("what", "hook"),
	    LOG_STR("client", q->client), LOG_STR("why", e->msg));
	metrics_add(q->web->metrics, "web_store_failed_total", NULL, NULL, 1);
	count(q, "", "later", NULL);
	return say(r, 503, "Try again later.\n");
}

/* finished - all is on disk, or nothing had to be */
static enum http_next
finished(const struct http_req *q, struct http_resp *r)
{
	const struct hook_work	*w = q->work;
	struct metrics		*m = q->web->metrics;
	size_t			 i;

	for (i = 0; i < w->fb->n; i++)
		feedback_tell(m, w->hook->name, NULL, w->fb, &w->fb->v[i],
		    &w->events.v[i]);
	metrics_add(m, "web_hook_events_total", "hook", w->hook->name,
	    w->fb->n);
	if (w->bad > 0) {
		log_event(LOG_WARNING, "web_hook_bad",
		    LOG_STR("hook", w->hook->name), LOG_INT("n", w->bad),
		    LOG_STR("client", q->client));
		metrics_add(m, "web_hook_bad_total", "hook", w->hook->name,
		    w->bad);
	}
	count(q, w->hook->name, "taken", NULL);
	return say(r, 200, "Thank you.\n");
}

/* -- the disk -------------------------------------------------------------- */

/* submit - the changes to the disk, if there are any */
static enum http_next
submit(struct http_req *q, struct http_resp *r)
{
	struct hook_work	*w = q->work;
	struct err		 e = { "", 0 };

	if (w->events.n == 0)
		return finished(q, r);
	if ((w->job.store = snap_store(q->snap, &e)) == NULL)
		return later(q, r, &e);
	if (atomic_load(&q->web->stopping) || !commit_room(q->web->commit)) {
		(void)err_set(&e, "max_pending requests wait already, or this "
		    "program is about to stop");
		return later(q, r, &e);
	}
	w->job.changes = w->events.changes;
	w->job.n = w->events.n;
	return HTTP_WAIT;
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
	struct hook_work	*w = q->work;

	w->job.done = on_disk;
	w->job.arg = q;
	commit_push(q->web->commit, &w->job);
}

/* finish - the committing thread is done with it */
static enum http_next
finish(struct http_req *q, struct http_resp *r)
{
	struct hook_work	*w = q->work;
	size_t			 before = w->events.n;

	(void)apply_events_told(&w->events, w->job.rc == 0);
	/* the store failed, rather than refuse some of it */
	if (w->job.rc == -1 && w->events.n == before)
		return later(q, r, &w->job.err);
	return submit(q, r);
}

static void
work_free(struct http_req *q)
{
	struct hook_work	*w = q->work;

	(void)atomic_fetch_sub(&q->web->hook_state->memory, w->memory);
	apply_events_free(&w->events);
	feedback_free(&w->fb);
	free(w);
}

static const struct http_care	care = { start, finish, work_free };

/* -- a request's life ------------------------------------------------------ */

bool
hook_is(const struct http_req *q)
{
	return q->hook;
}

int
hook_begin(struct http_req *q)
{
	const struct web_conf	*c = &q->snap->web;
	const char		*len = http_get(q, "Content-Length");
	struct hook_state	*s = q->web->hook_state;
	struct hook_work	*w;
	unsigned long long	 n = (unsigned long long)c->hook_max_body;

	q->hook = true;
	if (q->method != HTTP_POST)
		return 0;
	if (len != NULL)
		n = strtoull(len, NULL, 10);
	if (n > (unsigned long long)c->hook_max_body)
		return 413;
	if ((w = calloc(1, sizeof *w)) == NULL)
		return 503;
	q->work = w;
	q->care = &care;
	w->memory = (long)n;
	q->body.max = (size_t)n;
	/* a body stays small until its sender is proven, and all together do */
	return atomic_fetch_add(&s->memory, w->memory) + w->memory >
	    c->hook_max_memory ? 503 : 0;
}

/* good_type - JSON; SNS calls it text */
static bool
good_type(const struct http_req *q, const struct webhook *h)
{
	const char	*t = http_get(q, "Content-Type");
	size_t		 n = t == NULL ? 0 : strcspn(t, "; \t");

	return (n == 16 && strncasecmp(t, "application/json", n) == 0) ||
	    (h->conf.provider == HOOK_SES && n == 10 &&
	    strncasecmp(t, "text/plain", n) == 0);
}

/* prove - is it the provider? */
static enum hook_proof
prove(const struct http_req *q, const struct webhook *h, const json_t *doc,
    const char **why)
{
	struct hook_state	*s = q->web->hook_state;
	const struct hook_claim	 c = {
		.body = buf_str(&q->body), .len = q->body.len, .doc = doc,
		.signature = http_get(q,
		    "X-Twilio-Email-Event-Webhook-Signature"),
		.timestamp = http_get(q,
		    "X-Twilio-Email-Event-Webhook-Timestamp"),
		.secret = http_get(q, h->conf.header[0] != '\0' ?
		    h->conf.header : "Authorization"),
		.now = clock_now(),
	};

	return hook_prove(h->keys, s->tokens, s->fetch, &c, why);
}

/* take - the events of a proven request */
static enum http_next
take(struct http_req *q, struct http_resp *r, json_t *doc)
{
	struct hook_work	*w = q->work;
	const struct hooks	*h = q->snap->hooks;
	struct err		 e = { "", 0 };

	if (hook_parse(&h->apply.ctx, (enum hook_provider)
	    w->hook->conf.provider, &w->hook->scopes, doc, &w->fb, &w->bad,
	    &e) == -1) {
		if (e.code != EX_DATAERR)
			return later(q, r, &e);
		count(q, w->hook->name, "bad", e.msg);
		return say(r, 413, "Too many events.\n");
	}
	if (apply_events(&h->apply, w->fb, w->hook->name, &w->events,
	    &e) == -1)
		return later(q, r, &e);
	return submit(q, r);
}

/* confirm - SNS asks whether we want this topic's notices: visit its link, or
 * have somebody do it */
static enum http_next
confirm(const struct http_req *q, struct http_resp *r,
    const struct webhook *h, const json_t *doc)
{
	const char	*url = json_string_value(json_object_get(doc,
	    "SubscribeURL"));
	bool		 visit = h->conf.confirm && hook_sns_url(url);

	log_event(LOG_NOTICE, "web_hook_confirm", LOG_STR("hook", h->name),
	    LOG_STR("topic", json_string_value(json_object_get(doc,
	    "TopicArn"))), LOG_STR("visited", visit ? "yes" : "no"),
	    LOG_STR("url", url));
	if (visit)
		hook_fetch_visit(q->web->hook_state->fetch, url);
	count(q, h->name, "taken", NULL);
	return say(r, 200, "Thank you.\n");
}

/* notice - what stands in SNS's envelope */
static enum http_next
notice(struct http_req *q, struct http_resp *r, const json_t *doc)
{
	struct hook_work	*w = q->work;
	const char		*type = json_string_value(json_object_get(doc,
	    "Type")), *text;
	enum http_next		 next;
	json_t			*in;

	if (strcmp(type, "SubscriptionConfirmation") == 0)
		return confirm(q, r, w->hook, doc);
	text = json_string_value(json_object_get(doc, "Message"));
	if (strcmp(type, "Notification") != 0 ||
	    (in = hook_json(text, strlen(text))) == NULL) {
		/* the end of a subscription, SES's own test of the topic */
		count(q, w->hook->name, "other", "no notice of SES");
		return say(r, 200, "Thank you.\n");
	}
	next = take(q, r, in);
	json_decref(in);
	return next;
}

/* inside - does the proof stand in the body, which is then read unproven? */
static bool
inside(const struct webhook *h)
{
	return h->conf.provider == HOOK_SES ||
	    h->conf.provider == HOOK_MAILGUN;
}

/* judge - doc: the body, NULL if it is no JSON or not read yet */
static enum http_next
judge(struct http_req *q, struct http_resp *r, json_t **doc)
{
	struct hook_work	*w = q->work;
	const char		*why = "";

	switch (prove(q, w->hook, *doc, &why)) {
	case HOOK_REFUSED:
		return refused(q, r, w->hook->name, why);
	case HOOK_LATER:
		count(q, w->hook->name, "later", NULL);
		return say(r, 503, "Try again later.\n");
	case HOOK_PROVEN:
		break;
	}
	if (*doc == NULL && (*doc = hook_json(buf_str(&q->body),
	    q->body.len)) == NULL) {
		count(q, w->hook->name, "bad", "no JSON, or too much");
		return say(r, 400, "This is no JSON, or too much of it.\n");
	}
	return w->hook->conf.provider == HOOK_SES ? notice(q, r, *doc) :
	    take(q, r, *doc);
}

enum http_next
hook_handle(struct http_req *q, struct http_resp *r)
{
	const struct webhook	*h;
	struct hook_work	*w = q->work;
	enum http_next		 next;
	json_t			*doc = NULL;

	if (q->method != HTTP_POST)
		return say(r, 405, "POST, please.\n");
	h = webhooks_find(&q->snap->hooks->list, q->path +
	    strlen(HOOK_PATH));
	if (h == NULL)
		return refused(q, r, "", "unknown");
	if (!good_type(q, h)) {
		count(q, h->name, "bad", "no JSON, by its Content-Type");
		return say(r, 415, "Send application/json.\n");
	}
	w->hook = h;
	if (inside(h))
		doc = hook_json(buf_str(&q->body), q->body.len);
	next = judge(q, r, &doc);
	json_decref(doc);
	return next;
}

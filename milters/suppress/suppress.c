/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suppress.c - recipients that the store stops, at RCPT or at the end
 *
 *	recipient	stream known	judged	`hit`	verdict
 *	null or bad	-		-	-	continue: the MTA's
 *							business
 *	good		at RCPT		pass	-	continue
 *	good		at RCPT		stop	reject	550, or the deletion
 *							of sendmail(1)'s
 *	good		at RCPT		stop	discard	deleted at the end
 *	good		at RCPT		stop	observe	continue, logged
 *	good		at RCPT		unknown	-	451 4.3.0; for
 *							sendmail(1) judged
 *							again at the end
 *	good		by headers	-	-	continue, judged at the
 *							end:
 *
 *	at the end	some stop			they are deleted
 *			all stop, `hit` reject, SMTP	550 for the message
 *			all stop, else			discarded
 *			one unknown			451 4.3.0 for all
 *
 * A RCPT of sendmail(1) is never refused: Postfix would keep the message in
 * its maildrop and try for ever. A temporary failure at the end is no such
 * trap: the message stays queued and is tried again, which is what "cannot
 * say" asks for.
 */
#include "suppress/suppress.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "conf/common.h"
#include "mail/addr.h"
#include "store/conf.h"
#include "store/store.h"
#include "stream/stream.h"
#include "suppress/handle.h"
#include "suppress/judge.h"
#include "suppress/late.h"
#include "suppress/watch.h"

#include "base/banned.h"

struct settings {
	long	optout_alarm;
	bool	optout_journal;
};

static const struct conf_param params[] = {
	CONF_SECS(struct settings, optout_alarm, "2d", 0, 31536000,
	    "Bulk mail let through to somebody who unsubscribed longer ago "
	    "than this is an error in the log and a count of its own. 0: "
	    "never."),
	CONF_BOOL(struct settings, optout_journal, "yes",
	    "Have the journal say of each opt-out when the last bulk mail was "
	    "let through after it; for that the store is opened for writing, "
	    "if it can be. Takes a restart."),
	CONF_END
};

/* One configuration, loaded. */
struct snap {
	struct settings		 set;
	struct conf_common	 common;
	struct addr_rules	*rules;
	struct store_keys	*keys;
	struct stream_set	*streams;
	struct handle		*handle;
	struct late		*late;		/* NULL: not kept */
};

/* One recipient to be deleted at the end; logged when judged at RCPT. */
struct stopped {
	char			*rcpt;
	bool			 logged;
	struct judgement	 j;	/* unless logged */
};

/* One message. */
struct local {
	bool			 matched;
	const struct stream	*stream;	/* NULL: headers decide */
	bool			 late;		/* judge at the end */
	struct stopped		*v;
	size_t			 n, cap;
};

static const struct conf_schema schemas[] = {
	{ "stream", true, { stream_params } },
	STORE_SCHEMA,
	{ NULL, false, { NULL } }
};

/* ---- configuration ---- */

static void
policy_unload(void *p)
{
	struct snap	*s = p;

	late_free(&s->late);		/* writes to the store */
	handle_free(&s->handle);
	stream_set_free(&s->streams);
	store_keys_free(&s->keys);
	addr_rules_free(&s->rules);
	free(s);
}

/* try_replies - a template that would fail must fail now */
static int
try_replies(const struct conf *conf, const struct stream_set *set,
    struct err *e)
{
	const struct judgement	 j = { .entry = { .reason = STORE_MANUAL },
				    .scope = "*" };
	const struct stream	*s;
	struct buf		 text = BUF_INIT(JUDGE_TEXT_MAX);
	const char		*status;
	size_t			 i;
	int			 rc = 0;

	for (i = 0; i < stream_count(set) && rc == 0; i++) {
		s = stream_at(set, i);
		buf_reset(&text);
		if ((rc = judge_reply(s, &j, &status, &text, e)) == -1 &&
		    conf_find(conf, "stream", s->name) != NULL)
			(void)conf_blame(conf_find(conf, "stream", s->name),
			    "reply", e);
	}
	buf_free(&text);
	return rc;
}

static int
policy_load(const struct conf *conf, void **snap, struct err *e)
{
	struct snap	*s;

	if ((s = calloc(1, sizeof *s)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (conf_bind(conf, conf_find(conf, "", NULL), conf_common_params,
	    &s->common, e) == -1 ||
	    conf_bind(conf, conf_find(conf, "suppress", NULL), params,
	    &s->set, e) == -1 ||
	    addr_rules_load(s->common.fold_local, &s->common.address_rules,
	    &s->rules, e) == -1 ||
	    stream_set_load(conf, &s->streams, e) == -1 ||
	    try_replies(conf, s->streams, e) == -1)
		goto fail;
	if (store_keys_load(s->common.store_key_file, &s->keys, e) == -1) {
		(void)conf_blame(conf_find(conf, "", NULL), "store_key_file",
		    e);
		goto fail;
	}
	if ((s->handle = handle_new(conf, &s->common, s->keys,
	    s->set.optout_journal)) == NULL || (s->set.optout_journal &&
	    (s->late = late_new(s->handle)) == NULL)) {
		(void)err_code(e, EX_OSERR, "no memory");
		goto fail;
	}
	*snap = s;
	return 0;
fail:
	policy_unload(s);
	return -1;
}

static void
policy_needs(const void *snap, struct frame_needs *needs)
{
	const struct snap	*s = snap;

	needs->rcpts = true;
	needs->headers = stream_uses_headers(s->streams);
	needs->edits_rcpts = true;
}

/* ---- a message ---- */

static void *
policy_begin(struct frame_msg *m)
{
	(void)m;
	return calloc(1, sizeof(struct local));
}

static void
policy_finish(void *p)
{
	struct local	*l = p;
	size_t		 i;

	for (i = 0; i < l->n; i++)
		free(l->v[i].rcpt);
	free(l->v);
	free(l);
}

/* find_stream - by what is known so far; headers NULL before the end */
static const struct stream *
find_stream(struct frame_msg *m, const struct header_list *headers)
{
	const struct snap		*snap = frame_snap(m);
	const struct frame_conn		*c = frame_conn(m);
	const char			*sender = frame_sender(m);
	struct addr			 a;
	const struct stream_facts	 facts = {
		.sender = addr_normal(sender, strlen(sender), snap->rules, &a,
		    NULL) == ADDR_BAD ? sender : a.text,
		.sasl_login = c->sasl_login,
		.client_addr = c->client_addr,
		.daemon_name = c->daemon_name,
		.daemon_port = c->daemon_port,
		.headers = headers,
	};

	return stream_match(snap->streams, &facts);
}

/* ask - the judgement on one recipient; false: his address is no address */
static bool
ask(struct frame_msg *m, const struct stream *stream, const char *rcpt,
    struct judgement *j, struct err *e)
{
	const struct snap	*snap = frame_snap(m);
	const char		*why = "null";
	struct store		*store;
	struct addr		 a;

	if (addr_normal(rcpt, strlen(rcpt), snap->rules, &a, &why) !=
	    ADDR_OK) {
		frame_event(m, LOG_DEBUG, "rcpt_unparsed",
		    LOG_STR("rcpt", rcpt), LOG_STR("why", why));
		frame_count(m, "suppress_verdicts_total", "verdict",
		    "unparsed");
		return false;
	}
	store = handle_store(snap->handle, e);
	judge(store, stream, &a, j, e);
	if (j->answer == JUDGE_PASS || (j->answer == JUDGE_STOP &&
	    stream->hit == STREAM_HIT_OBSERVE))
		watch_passed(m, stream, rcpt, j, snap->set.optout_alarm,
		    snap->late);
	return true;
}

/* tell - the event and the counters of a recipient that is stopped */
static void
tell(struct frame_msg *m, const struct stream *s, const char *rcpt,
    const struct judgement *j, const char *action)
{
	const char	*reason = store_reason_name(j->entry.reason);

	frame_event(m, LOG_INFO, "suppressed", LOG_STR("rcpt", rcpt),
	    LOG_STR("sender", frame_sender(m)), LOG_STR("stream", s->name),
	    LOG_STR("class", stream_class_name(s->klass)),
	    LOG_STR("reason", reason), LOG_STR("scope", j->scope),
	    LOG_STR("action", action), LOG_STR("case", j->case_id),
	    LOG_STR("source", j->entry.source));
	frame_count(m, "suppress_verdicts_total", "verdict", action);
	frame_count(m, "suppressed_total", "reason", reason);
	frame_count(m, "suppressed_stream_total", "stream", s->name);
}

/* keep - remember a recipient for the end; -1 without memory */
static int
keep(struct local *l, const char *rcpt, const struct judgement *j)
{
	struct stopped	*v;
	size_t		 cap;

	if (l->n == l->cap) {
		cap = l->cap == 0 ? 4 : l->cap * 2;
		if ((v = realloc(l->v, cap * sizeof *v)) == NULL)
			return -1;
		l->v = v;
		l->cap = cap;
	}
	v = &l->v[l->n];
	if ((v->rcpt = strdup(rcpt)) == NULL)
		return -1;
	v->logged = j == NULL;
	if (j != NULL)
		v->j = *j;
	l->n++;
	return 0;
}

static enum frame_verdict
later(struct frame_msg *m, const char *rcpt, const char *why)
{
	frame_event(m, LOG_ERR, "store_error", LOG_STR("rcpt", rcpt),
	    LOG_STR("why", why));
	frame_count(m, "suppress_verdicts_total", "verdict", "unknown");
	frame_reply(m, "451", "4.3.0", "Cannot tell now whether this "
	    "recipient may be mailed; try again later");
	return FRAME_TEMPFAIL;
}

static enum frame_verdict
refuse(struct frame_msg *m, const struct stream *s, const struct judgement *j)
{
	struct buf	 text = BUF_INIT(JUDGE_TEXT_MAX);
	const char	*status;

	if (judge_reply(s, j, &status, &text, NULL) == 0)
		frame_reply(m, "550", status, buf_str(&text));
	else
		frame_reply(m, "550", "5.7.1", "Recipient suppressed");
	buf_free(&text);
	return FRAME_REJECT;
}

/* stop - what the stream does with a hit at RCPT */
static enum frame_verdict
stop(struct frame_msg *m, struct local *l, const char *rcpt,
    const struct judgement *j)
{
	const struct stream	*s = l->stream;

	if (s->hit == STREAM_HIT_OBSERVE) {
		tell(m, s, rcpt, j, "observe");
		return FRAME_CONTINUE;
	}
	if (s->hit == STREAM_HIT_REJECT && frame_conn(m)->smtp) {
		tell(m, s, rcpt, j, "reject");
		return refuse(m, s, j);
	}
	if (keep(l, rcpt, NULL) == -1)
		return later(m, rcpt, "no memory");
	tell(m, s, rcpt, j, s->hit == STREAM_HIT_DISCARD ? "discard" :
	    "delete");
	return FRAME_CONTINUE;
}

static enum frame_verdict
policy_rcpt(struct frame_msg *m, const char *rcpt)
{
	struct local		*l = frame_local(m);
	struct judgement	 j;
	struct err		 e;

	if (!l->matched) {
		l->stream = find_stream(m, NULL);
		l->matched = true;
	}
	if (l->stream == NULL) {
		l->late = true;
		return FRAME_CONTINUE;
	}
	if (!ask(m, l->stream, rcpt, &j, &e))
		return FRAME_CONTINUE;
	switch (j.answer) {
	case JUDGE_PASS:
		frame_count(m, "suppress_verdicts_total", "verdict", "pass");
		return FRAME_CONTINUE;
	case JUDGE_STOP:
		return stop(m, l, rcpt, &j);
	default:
		if (frame_conn(m)->smtp)
			return later(m, rcpt, e.msg);
		l->late = true;
		return FRAME_CONTINUE;
	}
}

/* ---- the end of the message ---- */

static int
by_rcpt(const void *a, const void *b)
{
	return strcmp(((const struct stopped *)a)->rcpt,
	    ((const struct stopped *)b)->rcpt);
}

static struct stopped *
find(struct stopped *v, size_t n, const char *rcpt)
{
	struct stopped	key = { .rcpt = NULL };

	if (n == 0)
		return NULL;
	/* bsearch takes the key as it takes the elements; it is not written */
	memcpy(&key.rcpt, &rcpt, sizeof rcpt);
	return bsearch(&key, v, n, sizeof *v, by_rcpt);
}

/* sort - by recipient, each once */
static void
sort(struct local *l)
{
	size_t	i, to = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof *l->v, by_rcpt);
	for (i = 1; i < l->n; i++)
		if (strcmp(l->v[to].rcpt, l->v[i].rcpt) == 0)
			free(l->v[i].rcpt);
		else
			l->v[++to] = l->v[i];
	l->n = to + 1;
}

/* judge_rest - recipients that could not be judged at RCPT */
static enum frame_verdict
judge_rest(struct frame_msg *m, struct local *l)
{
	struct judgement	 j;
	struct err		 e;
	const char		*rcpt;
	size_t			 i, early;

	if (l->stream == NULL)
		l->stream = find_stream(m, frame_headers(m));
	if (l->stream == NULL)
		return later(m, "-", "no stream matched");
	sort(l);
	early = l->n;
	for (i = 0; i < frame_rcpt_count(m); i++) {
		rcpt = frame_rcpt(m, i);
		if (find(l->v, early, rcpt) != NULL ||
		    !ask(m, l->stream, rcpt, &j, &e))
			continue;
		if (j.answer == JUDGE_UNKNOWN)
			return later(m, rcpt, e.msg);
		if (j.answer == JUDGE_PASS)
			frame_count(m, "suppress_verdicts_total", "verdict",
			    "pass");
		else if (l->stream->hit == STREAM_HIT_OBSERVE)
			tell(m, l->stream, rcpt, &j, "observe");
		else if (keep(l, rcpt, &j) == -1)
			return later(m, rcpt, "no memory");
	}
	return FRAME_CONTINUE;
}

/* drop_all - nobody is left: refuse if we may, else take it and drop it */
static enum frame_verdict
drop_all(struct frame_msg *m, struct local *l)
{
	const struct stream	*s = l->stream;
	const struct judgement	*first = NULL;
	bool			 may;
	size_t			 i;

	for (i = 0; i < l->n; i++)
		if (!l->v[i].logged && first == NULL)
			first = &l->v[i].j;
	may = s->hit == STREAM_HIT_REJECT && frame_conn(m)->smtp &&
	    first != NULL;
	for (i = 0; i < l->n; i++)
		if (!l->v[i].logged)
			tell(m, s, l->v[i].rcpt, &l->v[i].j, may ? "reject" :
			    "discard");
	if (may)
		return refuse(m, s, first);
	frame_event(m, LOG_INFO, "discarded", LOG_STR("stream", s->name),
	    LOG_STR("sender", frame_sender(m)), LOG_INT("rcpts", l->n));
	return FRAME_DISCARD;
}

static enum frame_verdict
policy_eom(struct frame_msg *m)
{
	struct local		*l = frame_local(m);
	enum frame_verdict	 v;
	size_t			 i, here = 0;

	if (l->late && (v = judge_rest(m, l)) != FRAME_CONTINUE)
		return v;
	if (l->n == 0)
		return FRAME_CONTINUE;
	sort(l);
	for (i = 0; i < frame_rcpt_count(m); i++)
		here += find(l->v, l->n, frame_rcpt(m, i)) != NULL;
	if (here > 0 && here == frame_rcpt_count(m))
		return drop_all(m, l);
	for (i = 0; i < l->n; i++) {
		/* another milter may have refused him since */
		if (!l->v[i].logged)
			tell(m, l->stream, l->v[i].rcpt, &l->v[i].j,
			    l->stream->hit == STREAM_HIT_DISCARD ? "discard" :
			    "delete");
	}
	for (i = frame_rcpt_count(m); i > 0; i--) {
		/* one deletion takes all of the same text */
		if (i <= frame_rcpt_count(m) &&
		    find(l->v, l->n, frame_rcpt(m, i - 1)) != NULL &&
		    frame_delete_rcpt(m, frame_rcpt(m, i - 1)) == -1)
			return FRAME_TEMPFAIL;
	}
	return FRAME_CONTINUE;
}

const struct frame_policy suppress_policy = {
	.name = "suppress",
	.params = params,
	.schemas = schemas,
	.load = policy_load,
	.unload = policy_unload,
	.needs = policy_needs,
	.begin = policy_begin,
	.finish = policy_finish,
	.rcpt = policy_rcpt,
	.eom = policy_eom,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unsubscribe.c - see unsubscribe.h
 *
 * All is decided at the end of the message, when all recipients are known;
 * those that a milter before us deletes there are counted still, for nobody
 * tells us. What stands in the message x what the stream wants:
 *
 *	existing	add, require	keep	replace
 *	none		ours		ours	ours
 *	valid		theirs		theirs	ours
 *	invalid		ours		theirs	ours
 *
 * "Ours" by recipients (spellings of one mailbox are one recipient):
 *
 *	one		a personal token, one-click
 *	one, no address	none: skip
 *	several		`multiple`: page - a link that names nobody, without
 *			one-click; skip; reject - 550; split - a copy for
 *			each goes back into Postfix (split.c), this one ends
 *	none		nothing is done at all
 *
 * skip leaves theirs, or none; with `require` the message is refused instead,
 * or held (unsubscribe_missing).
 *
 * The footer (visible.c) shows the link that the header has, ours or theirs;
 * with `footer = require` a message that cannot show one is refused or held.
 */
#include "unsubscribe/unsubscribe.h"

#include <stdio.h>
#include <string.h>

#include "unsubscribe/edits.h"
#include "unsubscribe/work.h"

#include "base/banned.h"

#define TEXT_SIZE	400	/* octets of a refusal */

static void
policy_needs(const void *snap, struct frame_needs *needs)
{
	const struct snap	*s = snap;

	needs->rcpts = s->headers || s->sender;
	/* headers also tell which stream it is */
	needs->headers = s->headers ||
	    (s->sender && stream_uses_headers(s->streams));
	needs->edits_headers = s->headers;
	needs->edits_sender = s->sender;
	needs->edits_body = s->body;
	needs->quarantines = s->holds;
	/* max_body, then */
	needs->keep_body = s->body || s->split != NULL ? SIZE_MAX : 0;
}

/* find_stream - what kind of mail this is */
static void
find_stream(struct work *w)
{
	const struct frame_conn	*c = frame_conn(w->m);
	const char		*from = frame_sender(w->m);
	struct stream_facts	 f = {
		.sasl_login = c->sasl_login, .client_addr = c->client_addr,
		.daemon_name = c->daemon_name, .daemon_port = c->daemon_port,
		.headers = w->headers,
	};

	f.sender = addr_normal(from, strlen(from), w->snap->rules, &w->sender,
	    NULL) == ADDR_BAD ? NULL : w->sender.text;
	w->stream = stream_match(w->snap->streams, &f);
}

/* look_at_rcpts - whom the message goes to now */
static void
look_at_rcpts(struct work *w)
{
	size_t			 i, n = frame_rcpt_count(w->m);
	struct addr		 a;
	const char		*first, *rcpt;
	enum addr_result	 rc;

	w->who = WHO_NONE;
	for (i = 0; i < n; i++) {
		rcpt = frame_rcpt(w->m, i);
		rc = addr_normal(rcpt, strlen(rcpt), w->snap->rules, &a,
		    NULL);
		if (i == 0) {
			w->who = rc == ADDR_OK ? WHO_ONE : WHO_BAD;
			w->rcpt = a;
			first = rcpt;
		} else if (rc == ADDR_OK ? w->who == WHO_BAD ||
		    strcmp(a.text, w->rcpt.text) != 0 :
		    w->who == WHO_ONE || strcmp(rcpt, first) != 0) {
			w->who = WHO_SEVERAL;
			return;
		}
	}
}

/* ours - a header of ours is wanted: which kind can it be? */
static enum action
ours(struct work *w)
{
	const struct stream	*s = w->stream;
	enum action		 none = DO_SKIP;

	if (s->unsubscribe == STREAM_UNSUB_REQUIRE)
		none = s->unsubscribe_missing == STREAM_MISSING_HOLD ?
		    DO_HOLD : DO_REFUSE;
	if (w->who == WHO_ONE)
		return DO_PERSONAL;
	if (w->who == WHO_BAD) {
		w->why = "the recipient is no address";
		return none;
	}
	w->why = "several recipients";
	switch (s->multiple) {
	case STREAM_MULTI_REJECT:
		return DO_REFUSE;
	case STREAM_MULTI_PAGE:
		if (*s->unsubscribe_url != '\0')
			return DO_PAGE;
		w->why = "several recipients and no unsubscribe_url";
		return none;
	case STREAM_MULTI_SPLIT:
		if (!frame_held(w->m))
			return DO_SPLIT;
		/* its copies would not be: it is held, and leaves, as one */
		w->why = "several recipients, and held";
		return DO_SKIP;
	case STREAM_MULTI_SKIP:
		break;
	}
	return none;
}

/* decide - the tables above */
static void
decide(struct work *w)
{
	w->existing = existing_judge(w->headers, &w->why);
	switch (w->stream->unsubscribe) {
	case STREAM_UNSUB_KEEP:
		if (w->existing != EXISTING_NONE) {
			w->action = DO_KEEP;
			return;
		}
		break;
	case STREAM_UNSUB_ADD:
	case STREAM_UNSUB_REQUIRE:
		if (w->existing == EXISTING_VALID) {
			w->action = DO_KEEP;
			return;
		}
		break;
	default:
		break;
	}
	w->action = ours(w);
}

/* report - one line and one count for the decision */
static void
report(const struct work *w)
{
	static const char *const	names[] = {
		[DO_KEEP] = "kept", [DO_PERSONAL] = "personal",
		[DO_PAGE] = "page", [DO_SKIP] = "skipped",
		[DO_REFUSE] = "refused", [DO_HOLD] = "held",
		[DO_SPLIT] = "split",
	};
	static const char *const	was[] = {
		[EXISTING_NONE] = "none", [EXISTING_VALID] = "valid",
		[EXISTING_INVALID] = "invalid",
	};
	const char			*action = "off", *there = "-";

	if (w->stream->unsubscribe != STREAM_UNSUB_OFF) {
		action = names[w->action];
		there = was[w->existing];
		frame_count(w->m, "unsubscribe_messages_total", "action",
		    action);
		if (w->who == WHO_SEVERAL)
			frame_count(w->m, "unsubscribe_several_total",
			    "action", action);
	}
	if (w->verp)
		frame_count(w->m, "unsubscribe_verp_total", NULL, NULL);
	frame_event(w->m, w->action == DO_REFUSE || w->action == DO_HOLD ?
	    LOG_NOTICE : LOG_INFO, "unsubscribe",
	    LOG_STR("stream", w->stream->name),
	    LOG_STR("action", action), LOG_STR("was", there),
	    LOG_INT("recipients", frame_rcpt_count(w->m)),
	    LOG_STR("verp", w->verp ? "yes" : "no"),
	    LOG_STR("why", *w->why != '\0' ? w->why : NULL));
}

/* report_footer - one line and one count for it; true when it is wanting */
static bool
report_footer(const struct work *w)
{
	static const char *const	names[] = {
		[VISIBLE_ADDED] = "added", [VISIBLE_THERE] = "there",
		[VISIBLE_NONE] = "none",
	};
	bool		 wanting = w->visible == VISIBLE_NONE &&
			    w->stream->footer == STREAM_FOOTER_REQUIRE;
	const char	*name;

	if (w->visible == VISIBLE_OFF)
		return false;
	name = !wanting ? names[w->visible] : w->stream->unsubscribe_missing ==
	    STREAM_MISSING_HOLD ? "held" : "refused";
	frame_count(w->m, "unsubscribe_footers_total", "result", name);
	frame_event(w->m, w->visible == VISIBLE_NONE ? LOG_NOTICE : LOG_INFO,
	    "unsubscribe_footer", LOG_STR("stream", w->stream->name),
	    LOG_STR("result", name),
	    LOG_STR("why", *w->hidden != '\0' ? w->hidden : NULL));
	return wanting;
}

/* fault - nothing is changed, the sender comes again */
static enum frame_verdict
fault(const struct work *w, const char *why)
{
	frame_event(w->m, LOG_ERR, "unsubscribe_error", LOG_STR("stream",
	    w->stream != NULL ? w->stream->name : "-"), LOG_STR("why", why));
	frame_reply(w->m, "451", "4.3.0", "Try again later");
	return FRAME_TEMPFAIL;
}

/* end - refuse or hold, for that reason */
static enum frame_verdict
end(const struct work *w, bool hold, const char *text)
{
	if (hold)
		return frame_quarantine(w->m, text) == -1 ?
		    fault(w, "the plan refused to hold it") : FRAME_CONTINUE;
	frame_reply(w->m, "550", "5.7.1", text);
	return FRAME_REJECT;
}

/* end_hidden - footer = require, and there can be none */
static enum frame_verdict
end_hidden(const struct work *w)
{
	char	text[TEXT_SIZE];

	(void)snprintf(text, sizeof text, "Mail of stream %.64s must show an "
	    "unsubscribe link and can show none: %s", w->stream->name,
	    w->hidden);
	return end(w, w->stream->unsubscribe_missing == STREAM_MISSING_HOLD,
	    text);
}

/* end_missing - say what the sender can do about it */
static enum frame_verdict
end_missing(const struct work *w)
{
	char	text[TEXT_SIZE];

	if (w->action == DO_REFUSE && w->who == WHO_SEVERAL &&
	    w->stream->multiple == STREAM_MULTI_REJECT)
		(void)snprintf(text, sizeof text, "Mail of stream %.64s "
		    "carries a personal unsubscribe link: send one message "
		    "per recipient", w->stream->name);
	else
		(void)snprintf(text, sizeof text, "Mail of stream %.64s needs "
		    "an unsubscribe link and can get none: %s",
		    w->stream->name, w->why);
	return end(w, w->action == DO_HOLD, text);
}

/* take_mark - a copy of ours comes back; a loop, or a forged one, is told */
static enum frame_verdict
take_mark(struct work *w)
{
	const struct snap	*s = w->snap;
	enum split_mark		 mark;

	if (s->split == NULL)
		return FRAME_CONTINUE;
	if (split_mark(w->m, s->tokens, s->store, s->rules, &mark) == -1)
		return fault(w, "the plan refused X-Mailweir-Split");
	if (mark == SPLIT_MARK_FORGED || mark == SPLIT_MARK_LOOP) {
		frame_event(w->m, LOG_WARNING, "split_mark",
		    LOG_STR("what", mark == SPLIT_MARK_LOOP ? "loop" :
		    "forged"));
		frame_count(w->m, "unsubscribe_marks_total", "what",
		    mark == SPLIT_MARK_LOOP ? "loop" : "forged");
	}
	w->copy = mark == SPLIT_MARK_COPY;
	if (mark != SPLIT_MARK_LOOP)
		return FRAME_CONTINUE;
	frame_reply(w->m, "554", "5.4.6", "A copy made for one recipient "
	    "comes back with several: mail loop at split_server");
	return FRAME_REJECT;
}

static enum frame_verdict
policy_eom(struct frame_msg *m)
{
	struct work	w = { .m = m, .snap = frame_snap(m),
	    .headers = frame_headers(m), .action = DO_SKIP, .why = "",
	    .hidden = "" };
	struct err	e = { "", 0 };
	enum frame_verdict v;

	if ((v = take_mark(&w)) != FRAME_CONTINUE)
		return v;
	find_stream(&w);
	if (w.stream->unsubscribe == STREAM_UNSUB_OFF &&
	    *w.stream->verp_address == '\0')
		return FRAME_CONTINUE;
	look_at_rcpts(&w);
	if (w.who == WHO_NONE)
		return FRAME_CONTINUE;
	if (w.stream->unsubscribe != STREAM_UNSUB_OFF) {
		decide(&w);
		if (w.action == DO_REFUSE || w.action == DO_HOLD) {
			report(&w);
			return end_missing(&w);
		}
		if (w.action == DO_SPLIT) {
			report(&w);
			return split_send(w.snap->split, m, w.stream);
		}
		if (w.action == DO_PERSONAL && !w.copy &&
		    w.stream->multiple == STREAM_MULTI_SPLIT &&
		    (v = split_again(w.snap->split, m, w.stream)) !=
		    FRAME_CONTINUE)
			return v;
	}
	if (edits_plan(&w, &e) == -1)
		return fault(&w, e.msg);
	report(&w);
	return report_footer(&w) ? end_hidden(&w) : FRAME_CONTINUE;
}

const struct frame_policy unsubscribe_policy = {
	.name = "unsubscribe",
	.params = settings_params,
	.schemas = settings_schemas,
	.load = settings_load,
	.unload = settings_free,
	.needs = policy_needs,
	.eom = policy_eom,
};

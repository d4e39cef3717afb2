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

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "conf/common.h"
#include "mail/addr.h"
#include "store/key.h"
#include "stream/stream.h"
#include "token/token.h"
#include "unsubscribe/existing.h"
#include "unsubscribe/fid.h"
#include "unsubscribe/lines.h"
#include "unsubscribe/links.h"
#include "unsubscribe/split.h"
#include "unsubscribe/visible.h"

#include "base/banned.h"

#define VALUE_MAX	4096	/* octets of a header of ours */
#define TEXT_SIZE	400	/* octets of a refusal */

struct settings {
	const char		*mailto_subject;
	struct split_conf	 split;
};

struct snap {
	struct conf_common	 common;
	struct settings		 set;
	struct addr_rules	*rules;
	struct stream_set	*streams;
	struct token_keys	*tokens;	/* NULL: no stream needs them */
	struct store_keys	*store;
	struct split		*split;		/* NULL: no stream splits */
	bool			 headers, sender, body;	/* what is edited */
	bool			 holds;		/* some stream does */
};

enum who { WHO_NONE, WHO_ONE, WHO_BAD, WHO_SEVERAL };
enum action { DO_KEEP, DO_PERSONAL, DO_PAGE, DO_SKIP, DO_SPLIT,
	DO_REFUSE, DO_HOLD };

/* One message, as this policy sees it. */
struct work {
	struct frame_msg	*m;
	const struct snap	*snap;
	const struct stream	*stream;
	const struct header_list *headers;
	struct addr		 sender;	/* text "" for <> or broken */
	enum who		 who;
	struct addr		 rcpt;		/* WHO_ONE */
	enum existing		 existing;
	enum action		 action;
	bool			 copy;		/* ours, of a split message */
	const char		*why;		/* of skip, refuse, hold,
						   invalid */
	bool			 verp;
	enum visible		 visible;
	const char		*hidden;	/* why VISIBLE_NONE */
};

static const struct conf_param params[] = {
	CONF_STR(struct settings, mailto_subject, "unsubscribe",
	    "Subject that the mailto link asks for; letters and digits. Empty: "
	    "none."),
	{ "split_server", CONF_T_STR, "",
	  offsetof(struct settings, split.split_server), 0, 0, NULL,
	  "Where copies go for multiple = split: HOST:PORT of an smtpd that "
	  "has these milters, too." },
	{ "split_timeout", CONF_T_SECS, "120s",
	  offsetof(struct settings, split.split_timeout), 1, 280, NULL,
	  "How long handing over all copies of a message may take; less than "
	  "milter_content_timeout of Postfix." },
	{ "split_memory", CONF_T_SECS, "5d",
	  offsetof(struct settings, split.split_memory), 60, 2592000, NULL,
	  "How long it is remembered who got a copy: longer than senders try "
	  "again." },
	CONF_END
};

static const struct conf_schema schemas[] = {
	{ "stream", true, { stream_params } },
	{ NULL, false, { NULL } }
};

/* check_settings - what the tables cannot say */
static int
check_settings(const struct conf *c, const struct snap *s, struct err *e)
{
	const struct conf_section	*sec;
	const struct stream		*st;
	char				 where[512];
	const char			*p = s->set.mailto_subject, *name;

	if (p[strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789._-")] != '\0')
		return err_set(e, "%s: \"%s\" has more than letters, digits "
		    "and . _ -", conf_where(conf_find(c, "unsubscribe", NULL),
		    "mailto_subject", where, sizeof where), p);
	for (sec = NULL; (sec = conf_next(c, "stream", sec)) != NULL;) {
		st = stream_find(s->streams, conf_section_name(sec));
		if (st != NULL && lines_check(st, &name, e) == -1)
			return conf_blame(sec, name, e);
		if (st != NULL && *st->feedback_id != '\0' &&
		    fid_check(st->feedback_id, e) == -1)
			return conf_blame(sec, "feedback_id", e);
	}
	return 0;
}

/* check_signing - require_signing is kept by mailweir-dkim (milters/dkim/
 * cover.c); a configuration without any would promise what nobody keeps */
static int
check_signing(const struct conf *c, const struct stream_set *set,
    struct err *e)
{
	const struct stream	*st;
	char			 where[512];
	size_t			 i;

	if (conf_next(c, "dkim", NULL) != NULL ||
	    conf_next(c, "key", NULL) != NULL)
		return 0;
	for (i = 0; (st = stream_at(set, i)) != NULL; i++)
		if (st->require_signing)
			return err_set(e, "%s: nothing signs here: there is "
			    "neither a [dkim] section nor a [key]",
			    conf_where(conf_find(c, "stream", st->name),
			    "require_signing", where, sizeof where));
	return 0;
}

/* load_split - if any stream wants it, what it needs must be there */
static int
load_split(const struct conf *c, struct snap *s, struct err *e)
{
	const struct stream	*st;
	const char		*name;
	char			 where[512];
	size_t			 i;

	for (i = 0; (st = stream_at(s->streams, i)) != NULL; i++) {
		if (st->multiple != STREAM_MULTI_SPLIT ||
		    st->unsubscribe == STREAM_UNSUB_OFF)
			continue;
		if (st->match_sasl.n > 0)
			return err_set(e, "%s: a copy comes back without a "
			    "login, and would not be of this stream: use "
			    "another condition", conf_where(conf_find(c,
			    "stream", st->name), "match_sasl", where,
			    sizeof where));
		if (s->split == NULL && split_new(&s->set.split,
		    s->common.state_dir, s->tokens, s->store, s->rules,
		    &s->split, &name, e) == -1)
			return conf_blame(conf_find(c, "unsubscribe", NULL),
			    name, e);
	}
	return 0;
}

/* load_keys - both files, if any stream makes tokens */
static int
load_keys(const struct conf *c, struct snap *s, struct err *e)
{
	const struct conf_section	*top = conf_find(c, "", NULL);
	const struct stream		*st;
	size_t				 i;

	for (i = 0; (st = stream_at(s->streams, i)) != NULL; i++) {
		s->headers |= st->unsubscribe != STREAM_UNSUB_OFF;
		s->sender |= *st->verp_address != '\0';
		s->body |= st->footer != STREAM_FOOTER_OFF;
		s->holds |= st->unsubscribe_missing == STREAM_MISSING_HOLD;
	}
	if (!s->headers && !s->sender)
		return 0;
	if (token_keys_load(s->common.token_key_file, &s->tokens, e) == -1)
		return conf_blame(top, "token_key_file", e);
	if (store_keys_load(s->common.store_key_file, &s->store, e) == -1)
		return conf_blame(top, "store_key_file", e);
	return 0;
}

static void
policy_unload(void *snap)
{
	struct snap	*s = snap;

	split_free(&s->split);
	store_keys_free(&s->store);
	token_keys_free(&s->tokens);
	stream_set_free(&s->streams);
	addr_rules_free(&s->rules);
	free(s);
}

static int
policy_load(const struct conf *c, void **out, struct err *e)
{
	struct snap	*s;

	if ((s = calloc(1, sizeof *s)) == NULL)
		return err_set(e, "out of memory");
	if (conf_bind(c, conf_find(c, "", NULL), conf_common_params,
	    &s->common, e) == -1 ||
	    conf_bind(c, conf_find(c, "unsubscribe", NULL), params, &s->set,
	    e) == -1 || stream_set_load(c, &s->streams, e) == -1)
		goto fail;
	if (addr_rules_load(s->common.fold_local, &s->common.address_rules,
	    &s->rules, e) == -1) {
		(void)conf_blame(conf_find(c, "", NULL), "address_rules", e);
		goto fail;
	}
	if (check_settings(c, s, e) == -1 ||
	    check_signing(c, s->streams, e) == -1 || load_keys(c, s, e) == -1 ||
	    load_split(c, s, e) == -1)
		goto fail;
	*out = s;
	return 0;
fail:
	policy_unload(s);
	return -1;
}

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

/* delete_all - every field of that name */
static int
delete_all(struct frame_msg *m, const char *name)
{
	size_t	n = header_count(frame_headers(m), name);

	for (; n > 0; n--)
		if (frame_delete_header(m, name, n) == -1)
			return -1;
	return 0;
}

/* put_unsubscribe - List-Unsubscribe and, for one recipient, one-click */
static int
put_unsubscribe(const struct work *w, const struct links *l, struct err *e)
{
	struct buf	b = BUF_INIT(VALUE_MAX);
	int		rc;

	if ((rc = links_unsubscribe(l, &b, e)) == 0 &&
	    (delete_all(w->m, "List-Unsubscribe") == -1 ||
	    delete_all(w->m, "List-Unsubscribe-Post") == -1 ||
	    frame_append_header(w->m, "List-Unsubscribe", buf_str(&b)) == -1 ||
	    (l->rcpt != NULL && *w->stream->unsubscribe_url != '\0' &&
	    frame_append_header(w->m, "List-Unsubscribe-Post",
	    "List-Unsubscribe=One-Click") == -1)))
		rc = err_set(e, "the plan refused the header");
	buf_free(&b);
	return rc;
}

/* put_list_id - if the stream names one and the message has none */
static int
put_list_id(const struct work *w, struct err *e)
{
	struct buf	 b = BUF_INIT(VALUE_MAX);
	const char	*id = w->stream->list_id;
	int		 rc = 0;

	if (*id == '\0' || header_first(w->headers, "List-Id") != NULL)
		return 0;
	if (strchr(id, '<') != NULL)
		(void)header_fold(sizeof "List-Id" - 1, id, false, &b);
	else
		(void)buf_addf(&b, "<%s>", id);
	if (b.failed || frame_append_header(w->m, "List-Id", buf_str(&b)) ==
	    -1)
		rc = err_set(e, "List-Id: the plan refused the header");
	buf_free(&b);
	return rc;
}

/* put_feedback_id - ours in place of any other: a forged one would put our
 * figures under someone else's name */
static int
put_feedback_id(const struct work *w, struct err *e)
{
	struct buf	b = BUF_INIT(FID_MAX);
	int		rc = 0;

	if (*w->stream->feedback_id == '\0')
		return 0;
	if (fid_expand(w->stream, w->sender.text, w->headers, &b) == -1)
		rc = err_set(e, "feedback_id of stream %s is longer than %d "
		    "octets for this message", w->stream->name, FID_MAX);
	else if (delete_all(w->m, "Feedback-ID") == -1 ||
	    frame_append_header(w->m, "Feedback-ID", buf_str(&b)) == -1)
		rc = err_set(e, "Feedback-ID: the plan refused the header");
	buf_free(&b);
	return rc;
}

/* put_cfbl - where complaints go (RFC 9477), and whose they are */
static int
put_cfbl(const struct work *w, const struct links *l, struct err *e)
{
	struct buf	b = BUF_INIT(VALUE_MAX);
	int		rc = 0;

	if (*w->stream->cfbl_address == '\0')
		return 0;
	(void)buf_addf(&b, "%s; report=arf", w->stream->cfbl_address);
	if (b.failed || delete_all(w->m, "CFBL-Address") == -1 ||
	    delete_all(w->m, "CFBL-Feedback-ID") == -1 ||
	    frame_append_header(w->m, "CFBL-Address", buf_str(&b)) == -1)
		rc = err_set(e, "CFBL-Address: the plan refused the header");
	buf_reset(&b);
	if (rc == 0 && (rc = links_cfbl(l, &b, e)) == 0 &&
	    frame_append_header(w->m, "CFBL-Feedback-ID", buf_str(&b)) == -1)
		rc = err_set(e, "CFBL-Feedback-ID: the plan refused it");
	buf_free(&b);
	return rc;
}

/* put_sender - VERP; a bounce has no return path to rewrite */
static int
put_sender(struct work *w, const struct links *l, struct err *e)
{
	struct buf	b = BUF_INIT(VALUE_MAX);
	int		rc;

	if (*w->stream->verp_address == '\0' || l->rcpt == NULL ||
	    w->sender.text[0] == '\0')
		return 0;
	if ((rc = links_sender(l, &b, e)) == 0 &&
	    frame_change_sender(w->m, buf_str(&b)) == -1)
		rc = err_set(e, "the plan refused the sender");
	w->verp = rc == 0;
	buf_free(&b);
	return rc;
}

/* put_footer - the link that the message has, for readers to see */
static int
put_footer(struct work *w, const struct links *l, struct err *e)
{
	struct buf	url = BUF_INIT(VALUE_MAX);
	int		rc = 0;

	if (w->action == DO_PERSONAL || w->action == DO_PAGE)
		rc = links_url(l, &url, e);
	else if (existing_url(w->headers, &url) == -1)
		buf_reset(&url);
	if (rc == 0)
		rc = visible_add(w->m, l, buf_str(&url), &w->visible,
		    &w->hidden, e);
	buf_free(&url);
	return rc;
}

/* edit - everything that goes into the plan */
static int
edit(struct work *w, struct err *e)
{
	struct links	l = { .tokens = w->snap->tokens,
	    .store = w->snap->store, .stream = w->stream,
	    .rcpt = w->who == WHO_ONE ? &w->rcpt : NULL,
	    .subject = w->snap->set.mailto_subject };

	if (w->stream->unsubscribe != STREAM_UNSUB_OFF) {
		if (put_footer(w, &l, e) == -1)
			return -1;
		if (w->visible == VISIBLE_NONE &&
		    w->stream->footer == STREAM_FOOTER_REQUIRE)
			return 0;	/* it will not leave */
		if ((w->action == DO_PERSONAL || w->action == DO_PAGE) &&
		    put_unsubscribe(w, &l, e) == -1)
			return -1;
		if (put_list_id(w, e) == -1 || put_feedback_id(w, e) == -1 ||
		    put_cfbl(w, &l, e) == -1)
			return -1;
	}
	return put_sender(w, &l, e);
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
	if (edit(&w, &e) == -1)
		return fault(&w, e.msg);
	report(&w);
	return report_footer(&w) ? end_hidden(&w) : FRAME_CONTINUE;
}

const struct frame_policy unsubscribe_policy = {
	.name = "unsubscribe",
	.params = params,
	.schemas = schemas,
	.load = policy_load,
	.unload = policy_unload,
	.needs = policy_needs,
	.eom = policy_eom,
};

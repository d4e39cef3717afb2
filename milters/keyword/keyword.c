/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyword.c - mail is scored by rule files; the score decides
 *
 *	score			rule's action	verdict
 *	below all		none		continue, score in the header
 *	>= tag_score		tag LABEL	the same, and the tag header
 *	>= hold_score		hold		the same; Postfix holds it
 *	>= reject_score		reject TEXT	550 5.7.1
 *	time budget spent	-		over_budget
 *	rules cannot be run	-		451 4.3.0: never "no hits"
 *
 * The strongest wins. Thresholds are the stream's, or those of [keyword] where
 * it has none. Header fields that bear our names when the message comes in
 * are forged, or another site's: they are taken out, whatever happens.
 */
#include "keyword/keyword.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf/common.h"
#include "keyword/act.h"
#include "keyword/counts.h"
#include "keyword/message.h"
#include "mail/addr.h"
#include "rules/rules.h"
#include "rules/source.h"
#include "stream/stream.h"

#include "base/banned.h"

struct keyword_conf {
	struct conf_list rules;
	const char	*score_header, *hits_header, *tag_header;
	const char	*tag_text, *reject_text;
	double		 tag_score, hold_score, reject_score;
	long		 scan_size;
	long		 time_budget_ms;
	int		 over_budget;
	int		 over_size;
	bool		 plugins;
	long		 score_set, match_limit;
	long		 rule_counters;
};

struct snap {
	struct keyword_conf	 conf;
	struct conf_common	 common;
	struct addr_rules	*addrs;
	struct stream_set	*streams;
	struct rules		*rules;
	struct act_limits	 dflt;
	const char		*ours[4];	/* our header names */
};

static const char *const over_words[] = {
	"pass", "tag", "hold", "tempfail", NULL
};
static const enum act_verdict over_acts[] = {
	ACT_PASS, ACT_TAG, ACT_HOLD, ACT_TEMPFAIL
};
/* no tempfail: the message would be as large when it comes again */
static const char *const size_words[] = {
	"pass", "tag", "hold", "reject", NULL
};
static const enum act_verdict size_acts[] = {
	ACT_PASS, ACT_TAG, ACT_HOLD, ACT_REJECT
};

static const struct conf_param params[] = {
	CONF_LIST(struct keyword_conf, rules, "",
	    "Rule files, or folders of *.cf, of which nothing is demanded. "
	    "Sections [rules] name those of which more is."),
	CONF_STR(struct keyword_conf, score_header, "X-Mailweir-Score",
	    "Field that gets the score. Empty: none."),
	CONF_STR(struct keyword_conf, hits_header, "X-Mailweir-Hits",
	    "Field that gets the rules that hit. Empty: none."),
	CONF_STR(struct keyword_conf, tag_header, "X-Mailweir-Tag",
	    "Field that gets the labels of what was found. Empty: none."),
	CONF_STR(struct keyword_conf, tag_text, "suspect",
	    "Label for a score of tag_score."),
	CONF_STR(struct keyword_conf, reject_text,
	    "Message refused for what it says",
	    "Reply when no rule has one of its own."),
	CONF_REAL(struct keyword_conf, tag_score, "0", 0, 10000,
	    "Tag from this score on, in streams that do not say. 0: never."),
	CONF_REAL(struct keyword_conf, hold_score, "0", 0, 10000,
	    "Hold from this score on, in streams that do not say. 0: never."),
	CONF_REAL(struct keyword_conf, reject_score, "0", 0, 10000,
	    "Refuse from this score on, in streams that do not say. 0: "
	    "never."),
	CONF_SIZE(struct keyword_conf, scan_size, "1M", 1024, 16 << 20,
	    "How much of the body is looked at."),
	CONF_ENUM(struct keyword_conf, over_size, "pass", size_words,
	    "What becomes of a message with a larger body; what its beginning "
	    "says counts as well."),
	CONF_INT(struct keyword_conf, time_budget_ms, "500", 1, 60000,
	    "Milliseconds that a message may take; what is known by then "
	    "counts, with over_budget."),
	CONF_ENUM(struct keyword_conf, over_budget, "tag", over_words,
	    "What becomes of a message that took too long."),
	CONF_BOOL(struct keyword_conf, plugins, "yes",
	    "Read mimeheader and replace_rules, as SpamAssassin does with "
	    "those plugins."),
	CONF_INT(struct keyword_conf, score_set, "0", 0, 3,
	    "Which of four scores counts (SpamAssassin: 0 without network "
	    "tests and Bayes)."),
	CONF_INT(struct keyword_conf, match_limit, "100000", 1000, 10000000,
	    "Steps that one match of one pattern may take."),
	CONF_INT(struct keyword_conf, rule_counters, "500", 0, COUNTS_MAX,
	    "Rules whose hits, time and limits are counted by name; the others "
	    "are counted together as \"other\". 0: none are counted."),
	CONF_END
};

static const struct conf_schema schemas[] = {
	{ "stream", true, { stream_params } },
	RULES_SCHEMA,
	{ NULL, false, { NULL } }
};

/* ---- configuration ---- */

static void
policy_unload(void *p)
{
	struct snap	*s = p;

	rules_free(&s->rules);
	stream_set_free(&s->streams);
	addr_rules_free(&s->addrs);
	free(s);
}

/* check_names - our header fields must be fields */
static int
check_names(const struct conf_section *sec, struct snap *s, struct err *e)
{
	static const char *const	params_of[] = {
		"score_header", "hits_header", "tag_header"
	};
	const char *const		names[] = {
		s->conf.score_header, s->conf.hits_header, s->conf.tag_header
	};
	char				where[256];
	size_t				i, n = 0;

	for (i = 0; i < 3; i++) {
		if (*names[i] == '\0')
			continue;
		if (!header_name_ok(names[i]))
			return err_code(e, EX_CONFIG, "%s: \"%.60s\" is no "
			    "name of a header field", conf_where(sec,
			    params_of[i], where, sizeof where), names[i]);
		s->ours[n++] = names[i];
	}
	return 0;
}

static int
load_rules(const struct conf *conf, struct snap *s, struct err *e)
{
	struct rules_source	*src;
	struct rules_options	 opt = {
		.plugins = s->conf.plugins,
		.score_set = (int)s->conf.score_set,
		.match_limit = s->conf.match_limit,
	};
	size_t			 n;
	int			 rc;

	if (rules_sources(conf, &s->conf.rules, &src, &n, e) == -1)
		return -1;
	rc = rules_load(src, n, &opt, NULL, NULL, &s->rules, e);
	free(src);
	return rc;
}

static int
policy_load(const struct conf *conf, void **snap, struct err *e)
{
	const struct conf_section	*sec = conf_find(conf, "keyword",
					    NULL);
	struct snap			*s;

	if ((s = calloc(1, sizeof *s)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (conf_bind(conf, sec, params, &s->conf, e) == -1 ||
	    conf_bind(conf, conf_find(conf, "", NULL), conf_common_params,
	    &s->common, e) == -1 ||
	    check_names(sec, s, e) == -1 ||
	    addr_rules_load(s->common.fold_local, &s->common.address_rules,
	    &s->addrs, e) == -1 ||
	    stream_set_load(conf, &s->streams, e) == -1 ||
	    load_rules(conf, s, e) == -1) {
		policy_unload(s);
		return -1;
	}
	s->dflt.tag = s->conf.tag_score;
	s->dflt.hold = s->conf.hold_score;
	s->dflt.reject = s->conf.reject_score;
	*snap = s;
	return 0;
}

static void
policy_needs(const void *snap, struct frame_needs *needs)
{
	const struct snap	*s = snap;

	needs->headers = true;
	needs->keep_body = (size_t)s->conf.scan_size;
	needs->edits_headers = true;
	needs->quarantines = true;
}

/* ---- a message ---- */

static const struct stream *
find_stream(struct frame_msg *m)
{
	const struct snap	*snap = frame_snap(m);
	const struct frame_conn	*c = frame_conn(m);
	const char		*sender = frame_sender(m);
	struct addr		 a;
	struct stream_facts	 facts = {
		.sender = addr_normal(sender, strlen(sender), snap->addrs,
		    &a, NULL) == ADDR_BAD ? sender : a.text,
		.sasl_login = c->sasl_login,
		.client_addr = c->client_addr,
		.daemon_name = c->daemon_name,
		.daemon_port = c->daemon_port,
		.headers = frame_headers(m),
	};

	return stream_match(snap->streams, &facts);
}

/* scan - the rules over the message as it is now */
static int
scan(struct frame_msg *m, const struct stream *stream,
    struct rules_result **res, struct err *e)
{
	static const struct view_limits	 lim = VIEW_LIMITS;
	const struct snap		*s = frame_snap(m);
	struct rules_scan_options	 opt = {
		.stream = stream->name,
		.budget_us = s->conf.time_budget_ms * 1000,
		.profile = s->conf.rule_counters > 0 && counts_timed(),
	};
	struct buf			 raw = BUF_INIT((size_t)64 << 20);
	struct view			*v;
	int				 rc = -1;

	if (message_text(m, s->ours, &raw) == -1) {
		(void)err_set(e, "no memory for the message");
		goto done;
	}
	if (view_open(raw.data, raw.len, &lim, &v, e) == -1)
		goto done;
	rc = rules_scan(s->rules, v, &opt, res, e);
	view_free(&v);
	if (rc == 0)
		counts_message(m, s->rules, *res, opt.profile,
		    s->conf.rule_counters);
done:
	buf_free(&raw);
	return rc;
}

/* clean - no field of ours comes from outside */
static int
clean(struct frame_msg *m)
{
	const struct snap	*s = frame_snap(m);
	size_t			 i, n;

	for (i = 0; s->ours[i] != NULL; i++)
		for (n = header_count(frame_headers(m), s->ours[i]); n > 0;
		    n--) {
			if (frame_delete_header(m, s->ours[i], n) == -1)
				return -1;
			frame_event(m, LOG_INFO, "forged_removed",
			    LOG_STR("header", s->ours[i]));
		}
	return 0;
}

/* insert - one field at the end of the header, folded at commas */
static int
insert(struct frame_msg *m, const char *name, const char *value)
{
	struct buf	b = BUF_INIT(2 * ACT_HITS_MAX);
	int		rc = 0;

	if (*name == '\0' || *value == '\0')
		return 0;
	if (header_fold(strlen(name), value, true, &b) == -1)
		rc = -1;
	else
		rc = frame_append_header(m, name, buf_str(&b));
	buf_free(&b);
	return rc;
}

/* mark - score, hits and tags into the header */
static int
mark(struct frame_msg *m, const struct rules_result *res,
    const struct act *act, const char *hits)
{
	const struct snap	*s = frame_snap(m);
	struct buf		 tags = BUF_INIT(ACT_HITS_MAX);
	char			 score[32];
	int			 rc = -1;

	(void)snprintf(score, sizeof score, "%.1f", res->score);
	if (act_tags(s->rules, res, &tags) == -1)
		goto done;
	if (act->verdict != ACT_PASS && tags.len == 0 &&
	    buf_adds(&tags, s->conf.tag_text) == -1)
		goto done;
	if (insert(m, s->conf.score_header, score) == 0 &&
	    insert(m, s->conf.hits_header, hits) == 0 &&
	    insert(m, s->conf.tag_header, buf_str(&tags)) == 0)
		rc = 0;
done:
	buf_free(&tags);
	return rc;
}

/* notify - an event for each `action NAME notify WHOM` */
static void
notify(struct frame_msg *m, const struct rules_result *res,
    const struct stream *stream)
{
	const struct snap	*s = frame_snap(m);
	struct rules_info	 info;
	size_t			 i, k;

	for (i = 0; i < res->n; i++) {
		rules_info(s->rules, res->v[i].rule, &info);
		for (k = 0; k < info.nacts; k++)
			if (info.acts[k].what == RULES_NOTIFY)
				frame_event(m, LOG_NOTICE, "keyword_notify",
				    LOG_STR("notify", info.acts[k].arg),
				    LOG_STR("rule", info.name),
				    LOG_STR("owner", info.owner),
				    LOG_STR("stream", stream->name),
				    LOG_STR("sender", frame_sender(m)));
	}
}

/* tell_limits - rules that took more than they may */
static void
tell_limits(struct frame_msg *m, const struct rules_result *res)
{
	const struct snap	*s = frame_snap(m);
	struct rules_info	 info;

	if (res->over_budget != (size_t)-1) {
		rules_info(s->rules, res->over_budget, &info);
		frame_event(m, LOG_WARNING, "over_time_budget",
		    LOG_STR("rule", info.name), LOG_INT("us", res->us),
		    LOG_STR("verdict", over_words[s->conf.over_budget]));
		frame_count(m, "keyword_over_budget_total", NULL, NULL);
	}
	if (res->over_limit != (size_t)-1) {
		rules_info(s->rules, res->over_limit, &info);
		frame_event(m, LOG_WARNING, "match_limit",
		    LOG_STR("rule", info.name), LOG_STR("file", info.file),
		    LOG_INT("line", info.line));
	}
}

/* larger - is there more of the body than was looked at? */
static bool
larger(const struct frame_msg *m)
{
	uint64_t	total;
	size_t		len;

	(void)frame_body(m, &len, &total);
	return total > len;
}

/* tell - the decision, and who hit */
static void
tell(struct frame_msg *m, const struct rules_result *res,
    const struct act *act, const struct stream *stream, const char *hits)
{
	frame_event(m, LOG_INFO, "scored", LOG_REAL("score", res->score),
	    LOG_STR("verdict", act_verdict_name(act->verdict)),
	    LOG_STR("by", act->why), LOG_STR("stream", stream->name),
	    LOG_STR("hits", *hits == '\0' ? "-" : hits),
	    LOG_STR("sender", frame_sender(m)), LOG_INT("us", res->us),
	    LOG_INT("truncated", res->truncated || larger(m)));
	frame_count(m, "keyword_verdicts_total", "verdict",
	    act_verdict_name(act->verdict));
}

/* carry_out - the verdict, and the edits that go with it */
static enum frame_verdict
carry_out(struct frame_msg *m, const struct rules_result *res,
    const struct act *act, const char *hits)
{
	const struct snap	*s = frame_snap(m);
	char			 reason[128];

	switch (act->verdict) {
	case ACT_REJECT:
		frame_reply(m, "550", "5.7.1", *act->text != '\0' ?
		    act->text : s->conf.reject_text);
		return FRAME_REJECT;
	case ACT_TEMPFAIL:
		frame_reply(m, "451", "4.7.1", "Message could not be "
		    "examined in time; try again later");
		return FRAME_TEMPFAIL;
	default:
		break;
	}
	if (mark(m, res, act, hits) == -1)
		return FRAME_TEMPFAIL;
	if (act->verdict == ACT_HOLD) {
		(void)snprintf(reason, sizeof reason, "mailweir-keyword: "
		    "score %.1f (%s)", res->score, act->why);
		if (frame_quarantine(m, reason) == -1)
			return FRAME_TEMPFAIL;
	}
	return FRAME_CONTINUE;
}

static enum frame_verdict
policy_eom(struct frame_msg *m)
{
	const struct snap	*s = frame_snap(m);
	const struct stream	*stream = find_stream(m);
	struct rules_result	*res;
	struct act_limits	 lim;
	struct buf		 hits = BUF_INIT(ACT_HITS_MAX);
	struct act		 act;
	struct err		 e;
	enum frame_verdict	 v = FRAME_TEMPFAIL;

	if (stream == NULL || scan(m, stream, &res, &e) == -1) {
		frame_event(m, LOG_ERR, "scan_failed", LOG_STR("why",
		    stream == NULL ? "no stream matched" : e.msg));
		frame_reply(m, "451", "4.3.0", "Message cannot be examined "
		    "now; try again later");
		return FRAME_TEMPFAIL;
	}
	act_limits(stream, &s->dflt, &lim);
	act_decide(s->rules, res, &lim, over_acts[s->conf.over_budget],
	    larger(m) ? size_acts[s->conf.over_size] : ACT_PASS, &act);
	if (act_hits(s->rules, res, &hits) == 0 && clean(m) == 0) {
		tell(m, res, &act, stream, buf_str(&hits));
		tell_limits(m, res);
		notify(m, res, stream);
		v = carry_out(m, res, &act, buf_str(&hits));
	}
	buf_free(&hits);
	rules_result_free(&res);
	return v;
}

const struct frame_policy keyword_policy = {
	.name = "keyword",
	.params = params,
	.schemas = schemas,
	.load = policy_load,
	.unload = policy_unload,
	.needs = policy_needs,
	.eom = policy_eom,
};

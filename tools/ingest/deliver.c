/* SPDX-License-Identifier: BSD-2-Clause */
/* deliver.c - one mail: judged, stored or parked, logged, counted */
#include "ingest/ingest.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

static const char *
or_dash(const char *s)
{
	return s == NULL || s[0] == '\0' ? "-" : s;
}

/* receiver - whose mailbox it is, coarsely: a counter's label must not be
 * anything that a sender chooses */
static const char *
receiver(const char *address)
{
	static const struct { const char *domain, *name; } known[] = {
		{ "gmail.com", "google" }, { "googlemail.com", "google" },
		{ "outlook.com", "microsoft" }, { "hotmail.com", "microsoft" },
		{ "live.com", "microsoft" }, { "msn.com", "microsoft" },
		{ "yahoo.com", "yahoo" }, { "aol.com", "yahoo" },
		{ "ymail.com", "yahoo" }, { "icloud.com", "apple" },
		{ "me.com", "apple" }, { "mac.com", "apple" },
		{ "comcast.net", "comcast" }, { "gmx.de", "gmx" },
		{ "gmx.net", "gmx" }, { "web.de", "gmx" },
		{ "t-online.de", "t-online" }, { "orange.fr", "orange" },
		{ "wanadoo.fr", "orange" }, { "mail.ru", "mail.ru" },
		{ "docomo.ne.jp", "docomo" }, { "qq.com", "tencent" },
	};
	const char	*at = strrchr(address, '@');
	size_t		 i;

	if (at == NULL)
		return "unknown";
	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcasecmp(at + 1, known[i].domain) == 0)
			return known[i].name;
	return "other";
}

/* tell - one line for one event, and its counters */
static void
tell(const struct ingest *in, const char *id, const char *rcpt,
    const struct feedback *fb, const struct feedback_event *ev,
    const struct apply_event *ae)
{
	const char	*kind = feedback_kind_name(ev->kind);
	const char	*result = apply_result_name(ae->result);

	log_event(LOG_INFO, "feedback", LOG_STR("id", id),
	    LOG_STR("to", or_dash(rcpt)), LOG_STR("kind", kind),
	    LOG_STR("recipient", or_dash(ev->recipient)),
	    LOG_STR("result", result),
	    LOG_STR("scope", or_dash(ae->scope)),
	    LOG_STR("stored", ae->reason != 0 ?
	    store_reason_name(ae->reason) : "-"),
	    LOG_STR("status", or_dash(ev->status)),
	    LOG_STR("reason", or_dash(ev->reason)),
	    LOG_STR("token", feedback_token_name(ev->token_state)),
	    LOG_STR("source", or_dash(ae->source)),
	    LOG_STR("why", or_dash(ae->why)),
	    LOG_STR("report", or_dash(fb->report_id)),
	    LOG_STR("diagnostic", or_dash(ev->diagnostic)));
	metrics_add(in->metrics, "feedback_events_total", "kind", kind, 1);
	metrics_add(in->metrics, "feedback_results_total", "result", result,
	    1);
	if (ev->reason[0] != '\0')
		metrics_add(in->metrics, "feedback_reasons_total", "reason",
		    ev->reason, 1);
	metrics_add(in->metrics, "feedback_receivers_total", "receiver",
	    receiver(ev->recipient), 1);
	if (ae->scope[0] != '\0')
		metrics_add(in->metrics, "feedback_scopes_total", "scope",
		    ae->scope, 1);
}

bool
deliver(struct ingest *in, const struct apply *a, const char *id,
    const char *raw, size_t len, const char *sender, const char *rcpt)
{
	struct apply		now = *a;
	struct apply_mail	m;
	size_t			i;

	now.ctx.token_today = (uint32_t)(clock_now() / 86400);
	apply_mail(&now, raw, len, sender, rcpt, false, &m);
	if (m.result == APPLY_FAILED) {
		log_event(LOG_ERR, "feedback_failed", LOG_STR("id", id),
		    LOG_STR("to", or_dash(rcpt)), LOG_STR("why", m.err.msg));
		metrics_add(in->metrics, "feedback_failed_total", NULL, NULL,
		    1);
		apply_mail_free(&m);
		return false;
	}
	for (i = 0; i < m.fb->n; i++)
		tell(in, id, rcpt, m.fb, &m.fb->v[i], &m.v[i]);
	if (m.park_id[0] != '\0') {
		log_event(LOG_NOTICE, "feedback_parked", LOG_STR("id", id),
		    LOG_STR("to", or_dash(rcpt)),
		    LOG_STR("parked", m.park_id),
		    LOG_STR("from", or_dash(m.fb->from)),
		    LOG_STR("subject", or_dash(m.fb->subject)),
		    LOG_STR("why", m.fb->n == 0 ? m.fb->why :
		    "see the events before"));
		metrics_add(in->metrics, "feedback_parked_total", NULL, NULL,
		    1);
	}
	apply_mail_free(&m);
	return true;
}

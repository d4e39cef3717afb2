/* SPDX-License-Identifier: BSD-2-Clause */
/* tell.c - see tell.h */
#include "feedback/tell.h"

#include <string.h>
#include <strings.h>

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

void
feedback_tell(struct metrics *m, const char *id, const char *rcpt,
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
	metrics_add(m, "feedback_events_total", "kind", kind, 1);
	metrics_add(m, "feedback_results_total", "result", result, 1);
	if (ev->reason[0] != '\0')
		metrics_add(m, "feedback_reasons_total", "reason",
		    ev->reason, 1);
	metrics_add(m, "feedback_receivers_total", "receiver",
	    receiver(ev->recipient), 1);
	if (ae->stream[0] != '\0')
		metrics_add(m, "feedback_streams_total", "stream", ae->stream,
		    1);
	if (ae->scope[0] != '\0')
		metrics_add(m, "feedback_scopes_total", "scope", ae->scope, 1);
}

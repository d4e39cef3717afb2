/* SPDX-License-Identifier: BSD-2-Clause */
/* deliver.c - one mail: judged, stored or parked, logged, counted */
#include "ingest/ingest.h"

#include "base/clock.h"
#include "base/log.h"
#include "feedback/spool.h"
#include "feedback/tell.h"

#include "base/banned.h"

static const char *
or_dash(const char *s)
{
	return s == NULL || s[0] == '\0' ? "-" : s;
}

/* respond - hand a new complaint to who answers it. That fails now and then;
 * the store has it, so the report is done all the same. */
static void
respond(struct ingest *in, const struct apply *a, const char *id,
    const struct apply_mail *m, size_t i)
{
	struct err	e = { "", 0 };
	const char	*dir;

	if (m->fb->v[i].kind != FEEDBACK_COMPLAINT ||
	    m->v[i].result != APPLY_CHANGED)
		return;
	dir = belief_complaint_dir(a->belief, m->v[i].reporter,
	    a->conf->complaint_dir);
	if (dir[0] == '\0')
		return;
	if (spool_complaint(dir, m->fb, i, &m->v[i], &e) == -1)
		log_event(LOG_ERR, "complaint_not_handed_on",
		    LOG_STR("id", id), LOG_STR("why", e.msg));
	else
		metrics_add(in->metrics, "feedback_complaints_handed_on_total",
		    NULL, NULL, 1);
}

bool
deliver(struct ingest *in, const struct apply *a, const char *id,
    const char *raw, size_t len, const struct belief_way *way,
    const char *rcpt)
{
	struct apply		now = *a;
	struct apply_mail	m;
	size_t			i;

	now.ctx.token_today = (uint32_t)(clock_now() / 86400);
	apply_mail(&now, raw, len, way, rcpt, false, &m);
	if (m.result == APPLY_FAILED) {
		log_event(LOG_ERR, "feedback_failed", LOG_STR("id", id),
		    LOG_STR("to", or_dash(rcpt)), LOG_STR("why", m.err.msg));
		metrics_add(in->metrics, "feedback_failed_total", NULL, NULL,
		    1);
		apply_mail_free(&m);
		return false;
	}
	for (i = 0; i < m.fb->n; i++) {
		feedback_tell(in->metrics, id, rcpt, m.fb, &m.fb->v[i],
		    &m.v[i]);
		respond(in, &now, id, &m, i);
	}
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
	if (m.result == APPLY_PARKED && m.park_id[0] == '\0') {
		log_event(LOG_WARNING, "feedback_dropped", LOG_STR("id", id),
		    LOG_STR("to", or_dash(rcpt)),
		    LOG_STR("client", or_dash(way->client)),
		    LOG_STR("sender", or_dash(way->sender)),
		    LOG_STR("from", or_dash(m.fb->from)));
		metrics_add(in->metrics, "feedback_dropped_total", NULL, NULL,
		    1);
	}
	apply_mail_free(&m);
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c - see watch.h */
#include "suppress/watch.h"

#include "base/clock.h"

#include "base/banned.h"

void
watch_passed(struct frame_msg *m, const struct stream *s, const char *rcpt,
    const struct judgement *j, long alarm, struct late *keep)
{
	const char	*scope = j->optout_scope;
	char		 case_id[JUDGE_CASE_SIZE];
	int64_t		 late;
	bool		 over;

	if (!j->has_optout)
		return;
	if (s->klass != STREAM_BULK) {
		frame_count(m, "optout_exempt_total", "scope", scope);
		return;
	}
	late = clock_now() - j->optout.first;
	if (late < 0)		/* another node's clock */
		late = 0;
	over = alarm > 0 && late > alarm;
	judge_case(&j->optout.id, case_id);
	frame_event(m, over ? LOG_ERR : LOG_NOTICE, "optout_late",
	    LOG_STR("rcpt", rcpt), LOG_STR("stream", s->name),
	    LOG_STR("scope", scope), LOG_INT("seconds", late),
	    LOG_STR("alarm", over ? "yes" : "no"), LOG_STR("case", case_id),
	    LOG_STR("source", j->optout.source));
	if (keep != NULL)
		late_note(keep, &j->optout.id, scope, s->name,
		    j->optout.first);
	frame_count(m, "optout_late_total", "scope", scope);
	frame_sum(m, "optout_late_seconds_total", "scope", scope,
	    (uint64_t)late);
	frame_peak(m, "optout_late_seconds_max", "scope", scope,
	    (uint64_t)late);
	if (over)
		frame_count(m, "optout_alarms_total", "scope", scope);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* tell.h - one line of the log for one event, and its counters */
#ifndef FEEDBACK_TELL_H
#define FEEDBACK_TELL_H

#include "feedback/apply.h"
#include "metrics/metrics.h"

/* id: of the mail or request; rcpt: whom it came to, NULL = nobody. */
void	feedback_tell(struct metrics *, const char *id, const char *rcpt,
	    const struct feedback *, const struct feedback_event *,
	    const struct apply_event *);

#endif

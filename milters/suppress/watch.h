/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - the clock of opt-outs: mail that goes to somebody who left
 *
 *	stream's class		the opt-out	what is written
 *	bulk			covers it	event optout_late, counters and
 *						the longest time of its scope
 *	another			does not	a counter
 *
 * Bulk mail passes only where a stream observes or its `reasons` say so. The
 * time is that from the opt-out, as the store and its journal have it, to now;
 * the last of a recipient's events is the one that counts. late: what the
 * journal is to say (late.h).
 */
#ifndef SUPPRESS_WATCH_H
#define SUPPRESS_WATCH_H

#include "frame/frame.h"
#include "suppress/judge.h"
#include "suppress/late.h"

/* One recipient that m may go to. alarm: seconds, 0 = never; late may be
 * NULL. */
void	watch_passed(struct frame_msg *m, const struct stream *,
	    const char *rcpt, const struct judgement *, long alarm,
	    struct late *);

#endif

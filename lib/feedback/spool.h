/* SPDX-License-Identifier: BSD-2-Clause */
/* spool.h - believed complaints as files, for programs that answer them */
#ifndef FEEDBACK_SPOOL_H
#define FEEDBACK_SPOOL_H

#include "feedback/apply.h"

/* One JSON object (doc/FEEDBACK 6) in a file of its own, DIR/NAME.json, on disk
 * when this returns 0. Threads: safe. */
int	spool_complaint(const char *dir, const struct feedback *, size_t i,
	    const struct apply_event *, struct err *e);

#endif

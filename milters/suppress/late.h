/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * late.h - the journal proves when the last mail went to somebody who left
 *
 * The one thing that a milter writes to the store: records "late", that change
 * no entry. A thread collects what passed for a second and commits it as one;
 * messages to one recipient of one scope make one record. No mail waits for it
 * or fails by it: what cannot be written is tried again and told in the log
 * (optout_unrecorded), where each message stands by itself anyway
 * (optout_late).
 */
#ifndef SUPPRESS_LATE_H
#define SUPPRESS_LATE_H

#include "store/key.h"
#include "suppress/handle.h"

struct late;

/* NULL without memory. A thread exists while something waits. */
struct late *late_new(struct handle *);
/* Write what waits, then end. */
void	late_free(struct late **);

/* A message was let through, now, to somebody who left at `since`. */
void	late_note(struct late *, const struct store_id *, const char *scope,
	    const char *stream, int64_t since);

#endif

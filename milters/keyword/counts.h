/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counts.h - hits, limits and time of single rules, as counters
 *
 * There may be thousands of rules, and a program has room for some thousands
 * of counters: the first `max` rules for which there is something to count get
 * their own, the others share rule="other". Who has one keeps it through
 * reloads.
 */
#ifndef KEYWORD_COUNTS_H
#define KEYWORD_COUNTS_H

#include "frame/frame.h"
#include "rules/rules.h"

#define COUNTS_MAX	1000	/* rules with counters, at most */
#define COUNTS_EVERY	64	/* messages; one of them is timed */

/* Is this message one that rules are timed on? */
bool	counts_timed(void);

/* What the scan of this message found; after it. max 0: nothing. */
void	counts_message(struct frame_msg *, const struct rules *,
	    const struct rules_result *, bool timed, long max);

#endif

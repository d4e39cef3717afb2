/* SPDX-License-Identifier: BSD-2-Clause */
/* act.h - from a score and hits to what happens */
#ifndef KEYWORD_ACT_H
#define KEYWORD_ACT_H

#include "base/buf.h"
#include "rules/rules.h"
#include "stream/stream.h"

/* What is to be done, strongest last; a stronger one wins. */
enum act_verdict { ACT_PASS, ACT_TAG, ACT_HOLD, ACT_TEMPFAIL, ACT_REJECT };

struct act_limits {		/* 0 = never */
	double	tag, hold, reject;
};

struct act {
	enum act_verdict	 verdict;
	const char		*why;	/* rule that decided, or "score",
					   "budget", "size"; "-" */
	const char		*text;	/* of its refusal; "" = default */
};

#define ACT_HITS_MAX	4000	/* octets of the hits as text */

/* Thresholds of a stream, [keyword]'s where it says 0. */
void	act_limits(const struct stream *, const struct act_limits *dflt,
	    struct act_limits *out);

/* slow: what a scan that ran out of time means; large: what it means that a
 * part of the body was not looked at, ACT_PASS when all of it was. */
void	act_decide(const struct rules *, const struct rules_result *,
	    const struct act_limits *, enum act_verdict slow,
	    enum act_verdict large, struct act *out);

/* "RULE=2.0, OTHER=1.5", in order of definition; cut after whole hits. */
int	act_hits(const struct rules *, const struct rules_result *,
	    struct buf *out);
/* Labels of `action NAME tag LABEL`, each once, ", " between. */
int	act_tags(const struct rules *, const struct rules_result *,
	    struct buf *out);

const char *act_verdict_name(enum act_verdict);

#endif

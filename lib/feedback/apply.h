/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.h - from what a report says to what the store holds
 *
 *	event				believed: change of the store
 *	bounce, hard			hard-bounce in bounce_scope; a dead
 *					domain: invalid-domain
 *	bounce, soft			soft-bounce in bounce_scope (the store
 *					counts, decays, has the threshold)
 *	bounce, ours to mend		none; counted for the operator
 *	delayed, vacation, other	none; counted
 *	delivered			takes back soft bounces
 *	complaint			complaint in the token's scope, or
 *					complaint_scope
 *	optout				optout in the token's scope
 *	not-spam			takes back the complaint
 *
 * Not believed, or nothing recognised: parked, whole, with the reason. All
 * changes of one mail are one transaction; the same report twice counts once.
 */
#ifndef FEEDBACK_APPLY_H
#define FEEDBACK_APPLY_H

#include "conf/common.h"
#include "feedback/belief.h"
#include "feedback/conf.h"
#include "feedback/feedback.h"
#include "feedback/proof.h"
#include "store/store.h"
#include "stream/stream.h"

enum apply_result {
	APPLY_CHANGED,		/* the store holds it now */
	APPLY_KNOWN,		/* it did before: reported twice */
	APPLY_COUNTED,		/* no change is due */
	APPLY_PARKED,		/* not believed, see why */
	APPLY_REFUSED,		/* a web hook's, see why; counted */
	APPLY_FAILED		/* nothing is done; try again later */
};

/* What became of one event. */
struct apply_event {
	enum apply_result	 result;
	const char		*scope;		/* "" if none */
	const char		*stream;	/* by its token; "" unknown */
	const char		*reporter;	/* listed and proven; "" none */
	enum store_reason	 reason;	/* 0 if none */
	char			 source[STORE_SOURCE_MAX + 1];
	char			 why[BELIEF_WHY];
};

/* One configuration; threads may share it. */
struct apply {
	const struct feedback_conf *conf;
	struct feedback_ctx	 ctx;
	struct belief		*belief;
	struct proof		*proof;		/* DKIM; NULL: none verifies */
	struct store		*store;
	const struct store_keys	*keys;
	const struct addr_rules	*rules;
	const struct stream_set	*streams;
	const char		*actor;		/* for the journal */
};

/* Everything of one mail. */
struct apply_mail {
	enum apply_result	 result;	/* FAILED, PARKED, ... the most
						   serious of its events */
	struct feedback		*fb;
	struct apply_event	*v;		/* fb->n of them */
	char			 park_id[40];	/* when parked; "" when its
						   source had its share */
	struct err		 err;		/* when FAILED */
};

/*
 * apply_mail - read it, judge it, change the store, park what is left over
 *
 * way:     how it came; rcpt: envelope recipient, or NULL.
 * trust:   somebody looked at it and believes it (parked accept).
 * Always:  fills *out; apply_mail_free() it. Only after APPLY_FAILED is the
 *          mail still the caller's to keep.
 * Threads: safe.
 */
void	apply_mail(const struct apply *, const char *raw, size_t len,
	    const struct belief_way *way, const char *rcpt, bool trust,
	    struct apply_mail *out);
void	apply_mail_free(struct apply_mail *);

/* The events of a web hook (hook.h), whose sender proved who it is. */
struct apply_events {
	struct apply_event	*v;		/* one for each event */
	size_t			 nv;
	struct store_change	*changes;	/* n, for store_apply() */
	size_t			 n;
	size_t			*event;		/* whose change it is */
	struct slot		*slots;		/* apply.c's */
};

/*
 * apply_events - what they change, for the caller to commit as one
 *
 * reporter: who says so, by the name of its section; it is believed.
 * Returns:  0 and *out (apply_events_free(); fb must stay); -1 without memory.
 */
int	apply_events(const struct apply *, struct feedback *fb,
	    const char *reporter, struct apply_events *out, struct err *e);
void	apply_events_free(struct apply_events *);

/* After store_apply(): results of changes to those of events. applied: it
 * returned 0; otherwise those that the store refused are taken out. True when
 * there is something left to apply. */
bool	apply_events_told(struct apply_events *, bool applied);

const char *apply_result_name(enum apply_result);

#endif

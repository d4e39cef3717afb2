/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook.h - what a mail provider's web hook says, as events about recipients
 *
 * The same events as feedback.h makes of mail, from the JSON forms of Amazon
 * SES (by SNS), SendGrid, Mailgun and Postmark. Whether the provider said so is
 * for the caller to prove first (tools/web/hook_proof.h); what the events do
 * is apply.h's.
 *
 *	bounced			bounce; the reason by bounces.h, and where the
 *				text does not tell, the provider's own word
 *	will be tried again	delayed
 *	complained, unsubscribed	complaint, optout
 *	delivered, opened, clicked	delivered: the mailbox is there
 *	on the provider's own list	what put it there
 *	subscribed again	other: only the recipient's proof lifts
 *				an opt-out
 *	everything else		other
 */
#ifndef FEEDBACK_HOOK_H
#define FEEDBACK_HOOK_H

#include <jansson.h>

#include "conf/conf.h"
#include "feedback/feedback.h"

#define HOOK_EVENTS_MAX	10000	/* of one request */
#define HOOK_VALUES_MAX	200000	/* JSON values of one */
#define HOOK_DEPTH_MAX	16

enum hook_provider { HOOK_SES, HOOK_SENDGRID, HOOK_MAILGUN, HOOK_POSTMARK };

/* Their names in that order, NULL at the end. */
extern const char *const hook_providers[];

/* The scope of an event: that of the first of its labels (a category, group,
 * tag, message stream) that stands in the map. */
struct hook_scopes {
	const struct conf_list	*map;	/* items "LABEL:SCOPE" */
	const char		*other;	/* "" = default_scope */
};

/* A JSON text within the bounds above, without any name twice in an object;
 * NULL if it is none. json_decref() it. */
json_t	*hook_json(const char *p, size_t n);

/*
 * hook_parse - the events of a request
 *
 * doc:     of SES what SNS calls Message, else the whole body.
 * Returns: 0 and *out (feedback_free), *bad: elements that name no event or
 *          no recipient; -1 with *e, EX_DATAERR when there are too many.
 */
int	hook_parse(const struct feedback_ctx *, enum hook_provider,
	    const struct hook_scopes *, json_t *doc, struct feedback **out,
	    size_t *bad, struct err *e);

#endif

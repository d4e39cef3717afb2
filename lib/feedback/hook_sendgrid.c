/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_sendgrid.c - an element of SendGrid's Event Webhook */
#include "feedback/hook_int.h"

#include <string.h>

#include "base/banned.h"

static const struct hook_word events[] = {
	{ "bounce", FEEDBACK_BOUNCE, NULL, false },
	{ "dropped", FEEDBACK_OTHER, NULL, false },	/* see drops */
	{ "deferred", FEEDBACK_DELAYED, NULL, false },
	{ "delivered", FEEDBACK_DELIVERED, NULL, false },
	{ "open", FEEDBACK_DELIVERED, NULL, false },
	{ "click", FEEDBACK_DELIVERED, NULL, false },
	{ "spamreport", FEEDBACK_COMPLAINT, NULL, false },
	{ "unsubscribe", FEEDBACK_OPTOUT, NULL, false },
	{ "group_unsubscribe", FEEDBACK_OPTOUT, NULL, false },
	{ "group_resubscribe", FEEDBACK_OTHER, NULL, false },
	{ "processed", FEEDBACK_OTHER, NULL, false },
	{ NULL, 0, NULL, false }
};

/* why it was not even tried: the recipient stands on a list of SendGrid's */
static const struct hook_word drops[] = {
	{ "Bounced Address", FEEDBACK_BOUNCE, "suppressed", true },
	{ "Invalid", FEEDBACK_BOUNCE, "userunknown", true },
	{ "Spam Reporting Address", FEEDBACK_COMPLAINT, NULL, false },
	{ "Unsubscribed Address", FEEDBACK_OPTOUT, NULL, false },
	{ NULL, 0, NULL, false }
};

/* bounce_classification */
static const struct hook_word classes[] = {
	{ "Invalid Address", FEEDBACK_BOUNCE, "userunknown", true },
	{ "Mailbox Unavailable", FEEDBACK_BOUNCE, "mailboxfull", false },
	{ "Reputation", FEEDBACK_BOUNCE, "badreputation", false },
	{ "Content", FEEDBACK_BOUNCE, "contenterror", false },
	{ "Technical Failure", FEEDBACK_BOUNCE, "systemerror", false },
	{ "Technical", FEEDBACK_BOUNCE, "systemerror", false },
	{ "Frequency or Volume Too High", FEEDBACK_BOUNCE, "speeding", false },
	{ NULL, 0, NULL, false }
};

void
hook_sendgrid(struct hook *h, const json_t *o)
{
	const char		*reason = hook_str(h, o, "reason");
	const struct hook_word	*w = hook_find(events, hook_str(h, o,
	    "event")), *d;
	struct feedback_event	*ev;

	if (w == NULL) {
		h->bad++;
		return;
	}
	if (strcmp(w->word, "dropped") == 0 &&
	    (d = hook_find(drops, reason)) != NULL)
		w = d;
	ev = hook_add(h, w->kind, hook_str(h, o, "email"), hook_str(h, o,
	    "sg_event_id"));
	if (ev == NULL)
		return;
	ev->message_id = hook_str(h, o, "smtp-id");
	if (reason[0] == '\0')
		reason = hook_str(h, o, "response");
	if (w->reason != NULL) {
		ev->reason = w->reason;
		ev->hard = w->hard;
		ev->diagnostic = reason;
	} else if (ev->kind == FEEDBACK_BOUNCE ||
	    ev->kind == FEEDBACK_DELAYED)
		hook_reason(h, ev, reason, hook_str(h, o, "status"), "",
		    hook_find(classes, hook_str(h, o,
		    "bounce_classification")));
	hook_label(h, ev, json_object_get(o, "asm_group_id"));
	hook_label(h, ev, json_object_get(o, "category"));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_mailgun.c - the event-data of a Mailgun web hook */
#include "feedback/hook_int.h"

#include <string.h>

#include "base/banned.h"

static const struct hook_word events[] = {
	{ "failed", FEEDBACK_BOUNCE, NULL, false },
	{ "complained", FEEDBACK_COMPLAINT, NULL, false },
	{ "unsubscribed", FEEDBACK_OPTOUT, NULL, false },
	{ "delivered", FEEDBACK_DELIVERED, NULL, false },
	{ "opened", FEEDBACK_DELIVERED, NULL, false },
	{ "clicked", FEEDBACK_DELIVERED, NULL, false },
	{ "accepted", FEEDBACK_OTHER, NULL, false },
	{ "rejected", FEEDBACK_OTHER, NULL, false },
	{ "stored", FEEDBACK_OTHER, NULL, false },
	{ NULL, 0, NULL, false }
};

/* reason: the recipient stands on a list of Mailgun's */
static const struct hook_word drops[] = {
	{ "suppress-bounce", FEEDBACK_BOUNCE, "suppressed", true },
	{ "suppress-complaint", FEEDBACK_COMPLAINT, NULL, false },
	{ "suppress-unsubscribe", FEEDBACK_OPTOUT, NULL, false },
	{ NULL, 0, NULL, false }
};

/* failed - why; a temporary one is tried again until it is permanent */
static void
failed(struct hook *h, struct feedback_event *ev, const json_t *o)
{
	const json_t	*st = json_object_get(o, "delivery-status");
	const char	*said = hook_str(h, st, "message");

	if (strcmp(hook_str(h, o, "severity"), "temporary") == 0)
		ev->kind = FEEDBACK_DELAYED;
	if (said[0] == '\0')
		said = hook_str(h, st, "description");
	hook_reason(h, ev, said, hook_str(h, st, "enhanced-code"),
	    hook_str(h, st, "code"), NULL);
}

void
hook_mailgun(struct hook *h, const json_t *doc)
{
	const json_t		*o = json_object_get(doc, "event-data");
	const struct hook_word	*w = hook_find(events, hook_str(h, o,
	    "event")), *d;
	struct feedback_event	*ev;

	if (w == NULL) {
		h->bad++;
		return;
	}
	if (strcmp(w->word, "failed") == 0 && (d = hook_find(drops,
	    hook_str(h, o, "reason"))) != NULL)
		w = d;
	ev = hook_add(h, w->kind, hook_str(h, o, "recipient"), hook_str(h, o,
	    "id"));
	if (ev == NULL)
		return;
	ev->message_id = hook_str(h, json_object_get(json_object_get(o,
	    "message"), "headers"), "message-id");
	if (w->reason != NULL) {
		ev->reason = w->reason;
		ev->hard = w->hard;
	} else if (w->kind == FEEDBACK_BOUNCE)
		failed(h, ev, o);
	hook_label(h, ev, json_object_get(o, "tags"));
}

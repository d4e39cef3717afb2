/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook_ses.c - Amazon SES: notices of an identity, events of a configuration
 * set
 *
 * Bounce, Complaint and Delivery are the same by mail (vendor.c).
 */
#include "feedback/hook_int.h"

#include <string.h>

#include "base/banned.h"

/* bounceSubType, where the diagnostic does not tell; Permanent or not is the
 * other half of what SES says */
static const struct hook_word words[] = {
	{ "General", FEEDBACK_BOUNCE, "userunknown", true },
	{ "NoEmail", FEEDBACK_BOUNCE, "userunknown", true },
	{ "Suppressed", FEEDBACK_BOUNCE, "suppressed", true },
	{ "OnAccountSuppressionList", FEEDBACK_BOUNCE, "suppressed", true },
	{ "MailboxFull", FEEDBACK_BOUNCE, "mailboxfull", false },
	{ "MessageTooLarge", FEEDBACK_BOUNCE, "mesgtoobig", false },
	{ "ContentRejected", FEEDBACK_BOUNCE, "contenterror", false },
	{ "AttachmentRejected", FEEDBACK_BOUNCE, "contenterror", false },
	{ NULL, 0, NULL, false }
};

/* by_word - what SES makes of a bounce that the table cannot place */
static void
by_word(struct feedback_event *ev, const char *type, const char *sub)
{
	const struct hook_word	*w = hook_find(words, sub);
	bool			 permanent = strcmp(type, "Permanent") == 0;

	if (w == NULL || w->hard != permanent)
		return;
	if (strcmp(ev->reason, "undefined") != 0 &&
	    strcmp(ev->reason, "onhold") != 0 &&
	    strcmp(ev->reason, "suppressed") != 0)
		return;
	ev->reason = w->reason;
	ev->hard = w->hard;
}

/* label - by the values of the message's tags, its configuration set's too */
static void
label(struct hook *h, struct feedback_event *ev, json_t *mail)
{
	const char	*key;
	json_t		*v;

	json_object_foreach(json_object_get(mail, "tags"), key, v)
		hook_label(h, ev, v);
}

/* kin - what only a configuration set reports */
static void
kin(struct hook *h, const json_t *o, const char *type, const json_t *mail,
    const char *id)
{
	const json_t		*to = json_object_get(mail, "destination");
	const json_t		*v, *list;
	struct feedback_event	*ev;
	enum feedback_kind	 kind = FEEDBACK_OTHER;
	size_t			 i;

	if (strcmp(type, "DeliveryDelay") == 0) {
		v = json_object_get(o, "deliveryDelay");
		list = json_object_get(v, "delayedRecipients");
		for (i = 0; i < json_array_size(list); i++) {
			v = json_array_get(list, i);
			ev = hook_add(h, FEEDBACK_DELAYED, hook_str(h, v,
			    "emailAddress"), id);
			if (ev != NULL)
				hook_reason(h, ev, hook_str(h, v,
				    "diagnosticCode"), hook_str(h, v,
				    "status"), "", NULL);
		}
		return;
	}
	v = json_object_get(json_object_get(json_object_get(o,
	    "subscription"), "newTopicPreferences"), "unsubscribeAll");
	if (strcmp(type, "Subscription") == 0 && json_is_true(v))
		kind = FEEDBACK_OPTOUT;
	if (strcmp(type, "Open") == 0 || strcmp(type, "Click") == 0)
		kind = FEEDBACK_DELIVERED;
	/* of several recipients nobody knows which one it was */
	if (kind != FEEDBACK_OTHER && json_array_size(to) != 1)
		kind = FEEDBACK_OTHER;
	for (i = 0; i < json_array_size(to); i++) {
		v = json_array_get(to, i);
		(void)hook_add(h, kind, json_is_string(v) ?
		    json_string_value(v) : "", id);
	}
	if (json_array_size(to) == 0)
		h->bad++;
}

void
hook_ses(struct hook *h, const json_t *o)
{
	json_t		*mail = json_object_get(o, "mail");
	const json_t	*b = json_object_get(o, "bounce"), *part = b;
	const char	*type = hook_str(h, o, "notificationType");
	const char	*id;
	size_t		 i, first = h->ps.fb->n;

	if (type[0] == '\0')
		type = hook_str(h, o, "eventType");
	if (part == NULL)
		part = json_object_get(o, "complaint");
	id = hook_str(h, part, "feedbackId");
	if (id[0] == '\0')
		id = hook_str(h, mail, "messageId");
	if (!json_is_object(mail) || type[0] == '\0')
		h->bad++;
	else if (!vendor_ses(&h->ps, o))
		kin(h, o, type, mail, id);
	for (i = first; i < h->ps.fb->n; i++) {
		struct feedback_event	*ev = &h->ps.fb->v[i];

		ev->event_id = id;
		ev->scope = h->scopes->other;
		if (b != NULL)
			by_word(ev, hook_str(h, b, "bounceType"), hook_str(h,
			    b, "bounceSubType"));
		label(h, ev, mail);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_postmark.c - a Postmark web hook, by its RecordType */
#include "feedback/hook_int.h"

#include <string.h>

#include "base/banned.h"

/* Type of a Bounce, where its text does not tell */
static const struct hook_word types[] = {
	{ "HardBounce", FEEDBACK_BOUNCE, "userunknown", true },
	{ "BadEmailAddress", FEEDBACK_BOUNCE, "userunknown", true },
	{ "SoftBounce", FEEDBACK_BOUNCE, "undefined", false },
	{ "Undeliverable", FEEDBACK_BOUNCE, "undefined", false },
	{ "Unknown", FEEDBACK_BOUNCE, "undefined", false },
	{ "DnsError", FEEDBACK_BOUNCE, "networkerror", false },
	{ "Blocked", FEEDBACK_BOUNCE, "blocked", false },
	{ "SpamNotification", FEEDBACK_BOUNCE, "spamdetected", false },
	{ "VirusNotification", FEEDBACK_BOUNCE, "virusdetected", false },
	{ "DMARCPolicy", FEEDBACK_BOUNCE, "authfailure", false },
	{ "Transient", FEEDBACK_DELAYED, NULL, false },
	{ "SpamComplaint", FEEDBACK_COMPLAINT, NULL, false },
	{ "Unsubscribe", FEEDBACK_OPTOUT, NULL, false },
	{ "AutoResponder", FEEDBACK_VACATION, NULL, false },
	{ NULL, 0, NULL, false }
};

static const struct hook_word other = { "", FEEDBACK_OTHER, NULL, false };

/* SuppressionReason of a SubscriptionChange */
static const struct hook_word changes[] = {
	{ "HardBounce", FEEDBACK_BOUNCE, "suppressed", true },
	{ "SpamComplaint", FEEDBACK_COMPLAINT, NULL, false },
	{ "ManualSuppression", FEEDBACK_OPTOUT, NULL, false },
	{ NULL, 0, NULL, false }
};

/* change - who stopped it? What the sender's own people do in Postmark, and
 * all that starts again, is no wish of the recipient's */
static const struct hook_word *
change(struct hook *h, const json_t *o)
{
	const struct hook_word	*w = hook_find(changes, hook_str(h, o,
	    "SuppressionReason"));

	if (!json_is_true(json_object_get(o, "SuppressSending")) || w == NULL)
		return &other;
	if (w->kind == FEEDBACK_OPTOUT &&
	    strcmp(hook_str(h, o, "Origin"), "Recipient") != 0)
		return &other;
	return w;
}

/* id_of - bounces have a number; the rest a message and a moment */
static const char *
id_of(struct hook *h, const json_t *o)
{
	static const char *const parts[] = { "RecordType", "MessageID",
	    "ChangedAt", "DeliveredAt", "ReceivedAt", NULL };
	const char	*id = hook_str(h, o, "ID");
	struct buf	 b = BUF_INIT(VALUE_MAX);
	int		 i;

	if (id[0] != '\0')
		return id;
	for (i = 0; parts[i] != NULL; i++)
		(void)buf_addf(&b, "%s/", hook_str(h, o, parts[i]));
	id = arena_dup(h->ps.arena, buf_str(&b), b.len);
	buf_free(&b);
	return id;
}

/* bounced - an event of that type, with its reason */
static void
bounced(struct hook *h, struct feedback_event *ev, const json_t *o,
    const struct hook_word *w)
{
	const char	*said = hook_str(h, o, "Details");

	if (w->kind != FEEDBACK_BOUNCE && w->kind != FEEDBACK_DELAYED)
		return;
	if (said[0] == '\0')
		said = hook_str(h, o, "Description");
	hook_reason(h, ev, said, "", "", w);
}

void
hook_postmark(struct hook *h, const json_t *o)
{
	const char		*rt = hook_str(h, o, "RecordType");
	const char		*to = hook_str(h, o, "Email");
	const struct hook_word	*w = &other;
	enum feedback_kind	 kind;
	struct feedback_event	*ev;

	if (strcmp(rt, "Bounce") == 0 || strcmp(rt, "SpamComplaint") == 0)
		w = hook_find(types, hook_str(h, o, "Type"));
	else if (strcmp(rt, "SubscriptionChange") == 0)
		w = change(h, o);
	if (w == NULL)
		w = &other;
	kind = strcmp(rt, "Delivery") == 0 || strcmp(rt, "Open") == 0 ||
	    strcmp(rt, "Click") == 0 ? FEEDBACK_DELIVERED :
	    strcmp(rt, "SpamComplaint") == 0 ? FEEDBACK_COMPLAINT : w->kind;
	if (to[0] == '\0')
		to = hook_str(h, o, "Recipient");
	if ((ev = hook_add(h, kind, to, id_of(h, o))) == NULL)
		return;
	ev->message_id = hook_str(h, o, "MessageID");
	bounced(h, ev, o, w);
	hook_label(h, ev, json_object_get(o, "MessageStream"));
	hook_label(h, ev, json_object_get(o, "Tag"));
}

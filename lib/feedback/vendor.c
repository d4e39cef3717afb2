/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vendor.c - what providers send in forms of their own
 *
 * Amazon SES: a JSON notice, by way of SNS (maybe wrapped in its envelope).
 * Microsoft JMRP: the mail complained about, as an attachment, and nothing
 * else; X-HmXmrOriginalRecipient in it names the recipient.
 */
#include "feedback/parse.h"

#include <string.h>

#include <jansson.h>

#include "base/banned.h"

#define JSON_TEXT_MAX	(256u << 10)

static struct text
as_text(const char *s)
{
	return (struct text){ s, strlen(s) };
}

/* str - a member as a string in the arena, "" if it is none */
static const char *
str(struct parse *ps, const json_t *o, const char *key)
{
	const char	*s = json_string_value(json_object_get(o, key));

	return s == NULL ? "" : arena_line(ps->arena, s, strlen(s),
	    VALUE_MAX);
}

/* add - one recipient of a notice */
static struct feedback_event *
add(struct parse *ps, const json_t *who, enum feedback_kind kind)
{
	struct feedback_event	*ev = parse_event(ps);
	struct text		 addr;
	const char		*to;
	size_t			 from = 0;

	if (ev == NULL)
		return NULL;
	ev->kind = kind;
	to = json_is_string(who) ? json_string_value(who) :
	    str(ps, who, "emailAddress");
	if (text_address(as_text(to), &from, &addr))
		ev->recipient = arena_dup(ps->arena, addr.p, addr.n);
	ev->agent = "amazon-ses";
	ev->confidence = 1.0;
	ev->message_id = str(ps, json_object_get(ps->json, "mail"),
	    "messageId");
	return ev;
}

/* ses_bounce - bouncedRecipients */
static void
ses_bounce(struct parse *ps, const json_t *b)
{
	const json_t		*list = json_object_get(b,
	    "bouncedRecipients");
	struct feedback_event	*ev;
	const char		*diag;
	size_t			 i;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t	*who = json_array_get(list, i);

		if ((ev = add(ps, who, FEEDBACK_BOUNCE)) == NULL)
			return;
		diag = str(ps, who, "diagnosticCode");
		if (text_begins(as_text(diag), "smtp; "))
			diag += 6;
		ev->diagnostic = diag;
		ev->action = str(ps, who, "action");
		ev->status = status_find(ps, as_text(str(ps, who, "status")));
		if (ev->status[0] == '\0')
			ev->status = status_find(ps, as_text(diag));
		ev->code = status_code(ps, as_text(diag));
		ev->reporter = str(ps, b, "reportingMTA");
		parse_reason(ps, ev, "");
		if (strcmp(ev->reason, "undefined") == 0 && strcmp(str(ps, b,
		    "bounceSubType"), "Suppressed") == 0)
			ev->reason = "suppressed";
	}
}

static void
ses_complaint(struct parse *ps, const json_t *c)
{
	const json_t		*list = json_object_get(c,
	    "complainedRecipients");
	struct feedback_event	*ev;
	size_t			 i;

	for (i = 0; i < json_array_size(list); i++) {
		ev = add(ps, json_array_get(list, i), FEEDBACK_COMPLAINT);
		if (ev == NULL)
			return;
		ev->feedback_type = str(ps, c, "complaintFeedbackType");
		if (strcmp(ev->feedback_type, "not-spam") == 0)
			ev->kind = FEEDBACK_NOT_SPAM;
		else if (strcmp(ev->feedback_type, "auth-failure") == 0)
			ev->kind = FEEDBACK_OTHER;
	}
}

static void
ses_delivery(struct parse *ps, const json_t *d)
{
	const json_t		*list = json_object_get(d, "recipients");
	struct feedback_event	*ev;
	size_t			 i;

	for (i = 0; i < json_array_size(list); i++) {
		ev = add(ps, json_array_get(list, i), FEEDBACK_DELIVERED);
		if (ev == NULL)
			return;
		ev->action = "delivered";
		ev->reason = "delivered";
		ev->diagnostic = str(ps, d, "smtpResponse");
	}
}

/* unfold - a JSON text that a mailer has folded: drop every line break */
static void
unfold(struct text t, struct buf *out)
{
	size_t	i;

	for (i = 0; i < t.n; i++) {
		if (t.p[i] == '\r')
			continue;
		if (t.p[i] == '\n') {
			/* a fold is a break and one blank */
			i += i + 1 < t.n && t.p[i + 1] == ' ';
			continue;
		}
		(void)buf_addc(out, t.p[i]);
	}
}

bool
vendor_ses(struct parse *ps, const void *json)
{
	const json_t	*o = json;
	size_t		 before = ps->fb->n;

	ps->json = o;
	ses_bounce(ps, json_object_get(o, "bounce"));
	ses_complaint(ps, json_object_get(o, "complaint"));
	ses_delivery(ps, json_object_get(o, "delivery"));
	ps->json = NULL;
	return ps->fb->n > before;
}

/* ses - is the text such a notice? */
static bool
ses(struct parse *ps)
{
	struct text	 t = { buf_str(&ps->prose), ps->prose.len };
	struct buf	 b = BUF_INIT(JSON_TEXT_MAX);
	json_error_t	 je;
	json_t		*o, *in;
	const char	*msg;
	bool		 found = false;

	t = text_trim(t);
	if (t.n < 2 || t.p[0] != '{')
		return false;
	unfold(t, &b);
	o = json_loadb(buf_str(&b), b.len, JSON_DISABLE_EOF_CHECK, &je);
	buf_free(&b);
	if (o == NULL)
		return false;
	msg = json_string_value(json_object_get(o, "Message"));
	if (msg != NULL && (in = json_loads(msg, 0, &je)) != NULL) {
		found = vendor_ses(ps, in);
		json_decref(in);
	} else {
		found = vendor_ses(ps, o);
	}
	json_decref(o);
	return found;
}

/* jmrp - Microsoft's complaint: no report part, a header in the mail */
static bool
jmrp(struct parse *ps)
{
	struct feedback_event	*ev;
	const char		*to;

	if (ps->orig == NULL)
		return false;
	to = text_header_address(ps, ps->orig, "X-HmXmrOriginalRecipient");
	if (to[0] == '\0' && text_find(as_text(ps->fb->subject),
	    "complaint about message from") == NULL)
		return false;
	if ((ev = parse_event(ps)) == NULL)
		return true;
	ev->kind = FEEDBACK_COMPLAINT;
	ev->feedback_type = "abuse";	/* JMRP carries no other */
	ev->recipient = to;
	ev->reporter = ps->fb->from;
	ev->agent = "jmrp";
	ev->confidence = 0.9;
	return true;
}

bool
vendor_parse(struct parse *ps)
{
	return ses(ps) || jmrp(ps);
}

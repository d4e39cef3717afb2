/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dsn.c - delivery status notifications, RFC 3464 and 6533
 *
 *	Action		kind
 *	failed		bounce
 *	delayed		delayed
 *	delivered	delivered	(relayed, expanded: the same)
 *	absent		bounce where a 4 or 5 status is stated, or nothing is
 *
 * A block is a recipient's when it names one; what stands in the block of the
 * whole message (or in none) serves those that do not say it themselves.
 */
#include "feedback/parse.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define BLOCKS_OCTETS_MAX	(1u << 20)	/* of a delivery-status part */

/* recipient_of - the fields that may name the recipient, best first */
static const char *
recipient_of(struct parse *ps, const struct fields *fs)
{
	static const char *const names[] = { "Final-Recipient",
	    "X-Actual-Recipient", "X-Final-Recipient", "Original-Recipient",
	    "X-Supplementary-Recipient", "To", NULL };
	const char	*a;
	int		 i;

	for (i = 0; names[i] != NULL; i++) {
		a = fields_address(ps, fields_get(fs, names[i]));
		if (a[0] != '\0')
			return a;
	}
	return "";
}

/* is_recipient - does the block speak of one recipient? */
static bool
is_recipient(const struct fields *fs)
{
	return fields_get(fs, "Final-Recipient").n > 0 ||
	    fields_get(fs, "Original-Recipient").n > 0 ||
	    fields_get(fs, "X-Actual-Recipient").n > 0 ||
	    fields_get(fs, "Action").n > 0 || fields_get(fs, "Status").n > 0;
}

/* kind_of - the table above */
static enum feedback_kind
kind_of(struct text action, struct text status)
{
	if (text_begins(action, "delayed"))
		return FEEDBACK_DELAYED;
	if (text_begins(action, "deliver") || text_begins(action, "relayed") ||
	    text_begins(action, "expanded"))
		return FEEDBACK_DELIVERED;
	if (action.n == 0 && text_begins(status, "2."))
		return FEEDBACK_DELIVERED;
	return FEEDBACK_BOUNCE;
}

/* action_word - the first word, lower case */
static const char *
action_word(struct parse *ps, struct text v)
{
	static const char *const words[] = { "failed", "delayed",
	    "delivered", "relayed", "expanded", NULL };
	int	i;

	for (i = 0; words[i] != NULL; i++)
		if (text_begins(v, words[i]))
			return words[i];
	if (text_begins(v, "failure") || text_begins(v, "fail"))
		return "failed";
	return arena_line(ps->arena, v.p, v.n, 20);
}

/* plain_type - the text behind "smtp;", "x-unix;" */
static struct text
plain_type(struct text v)
{
	size_t	i;

	for (i = 0; i < v.n && i < 24; i++) {
		if (v.p[i] == ';')
			return text_trim((struct text){ v.p + i + 1,
			    v.n - i - 1 });
		if (v.p[i] == ' ')
			break;
	}
	return v;
}

/* vague - a status that says no more than its class */
static bool
vague(const char *s)
{
	return s[0] == '\0' || strcmp(s + 1, ".0.0") == 0;
}

/* set_status - the field's, or what the diagnostic says more exactly */
static void
set_status(struct parse *ps, struct feedback_event *ev, struct text field,
    struct text diag)
{
	const char	*s;

	ev->status = status_find(ps, field);
	s = status_find(ps, diag);
	if (s[0] != '\0' && !(vague(s) && ev->status[0] != '\0'))
		ev->status = s;
	ev->code = status_code(ps, diag);
	if (!vague(ev->status))
		return;
	s = status_find(ps, prose_section(ps, ev->recipient));
	if (!vague(s) && s[0] == (ev->status[0] != '\0' ? ev->status[0] :
	    s[0]))
		ev->status = s;
}

/* block - one recipient's fields as an event */
static void
block(struct parse *ps, const struct fields *fs, const char *mta)
{
	struct feedback_event	*ev;
	struct text		 diag, action, status;
	const char		*to, *host;

	to = recipient_of(ps, fs);
	action = fields_get(fs, "Action");
	status = fields_get(fs, "Status");
	if ((ev = parse_event(ps)) == NULL)
		return;
	ev->kind = kind_of(action, status);
	ev->recipient = to;
	ev->original_recipient = fields_address(ps,
	    fields_get(fs, "Original-Recipient"));
	if (ev->original_recipient[0] == '\0')
		ev->original_recipient = fields_address(ps,
		    fields_get(fs, "X-Actual-Recipient"));
	ev->action = action_word(ps, action);
	diag = fields_get(fs, "Diagnostic-Code");
	if (diag.n == 0)
		diag = fields_get(fs, "X-Display-Diagnostic");
	diag = plain_type(diag);
	if (diag.n == 0)
		diag = prose_section(ps, to);
	set_status(ps, ev, status, diag);
	ev->diagnostic = arena_line(ps->arena, diag.p, diag.n, VALUE_MAX);
	host = fields_address(ps, fields_get(fs, "Remote-MTA"));
	if (host[0] == '\0') {
		struct text	r = plain_type(fields_get(fs, "Remote-MTA"));

		host = arena_line(ps->arena, r.p, r.n, 255);
	}
	ev->reporter = mta;
	ev->agent = "rfc3464";
	ev->confidence = to[0] != '\0' ? 1.0 : 0.5;
	ps->host = host;
	if (ev->kind == FEEDBACK_DELIVERED)
		ev->reason = "delivered";
	else
		parse_reason(ps, ev, host);
}

/* part - every block of a delivery-status part */
static void
part(struct parse *ps, size_t i)
{
	struct buf	b = BUF_INIT(BLOCKS_OCTETS_MAX);
	struct fields	fs;
	struct text	rest, mta;
	const char	*reporter = "";

	(void)mime_text(ps->m, i, &b);
	rest = (struct text){ buf_str(&b), b.len };
	while (fields_next(ps, &rest, &fs)) {
		mta = fields_get(&fs, "Reporting-MTA");
		if (mta.n > 0) {
			mta = plain_type(mta);
			reporter = arena_line(ps->arena, mta.p, mta.n, 255);
		}
		if (is_recipient(&fs))
			block(ps, &fs, reporter);
	}
	buf_free(&b);
}

/* is_status - a delivery-status part, by its type */
static bool
is_status(const struct mime_part *p)
{
	return !p->container && (
	    strcmp(p->type, "message/delivery-status") == 0 ||
	    strcmp(p->type, "message/global-delivery-status") == 0 ||
	    strcmp(p->type, "message/xdelivery-status") == 0);
}

/* in_prose - its parts were lost: the fields stand in the text */
static void
in_prose(struct parse *ps)
{
	struct text	rest = { buf_str(&ps->prose), ps->prose.len };
	struct fields	fs;
	const char	*p = text_find(rest, "\nfinal-recipient:");

	if (p == NULL)
		return;
	while (fields_next(ps, &rest, &fs))
		if (fields_get(&fs, "Final-Recipient").n > 0)
			block(ps, &fs, "");
}

bool
dsn_parse(struct parse *ps)
{
	size_t	i, before = ps->fb->n;

	for (i = 0; i < mime_count(ps->m); i++)
		if (is_status(mime_at(ps->m, i)) && !parse_in_message(ps, i))
			part(ps, i);
	if (ps->fb->n == before)
		in_prose(ps);
	return ps->fb->n > before;
}

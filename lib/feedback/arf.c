/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arf.c - complaint reports, RFC 5965, 6591, 6692
 *
 *	Feedback-Type		kind
 *	abuse, fraud, virus	complaint
 *	opt-out, opt-out-list	optout
 *	not-spam		not-spam
 *	auth-failure, dmarc	other (counted)
 *	miscategorized, other	other
 *	absent			complaint, as the vendor forms without a type
 *				are sent for nothing else
 */
#include "feedback/parse.h"

#include <ctype.h>
#include <string.h>

#include "base/banned.h"

#define REPORT_OCTETS_MAX	(256u << 10)

static enum feedback_kind
kind_of(const char *type)
{
	static const struct { const char *type; enum feedback_kind kind; }
	kinds[] = {
		{ "abuse", FEEDBACK_COMPLAINT },
		{ "fraud", FEEDBACK_COMPLAINT },
		{ "virus", FEEDBACK_COMPLAINT }, { "", FEEDBACK_COMPLAINT },
		{ "opt-out", FEEDBACK_OPTOUT },
		{ "opt-out-list", FEEDBACK_OPTOUT },
		{ "not-spam", FEEDBACK_NOT_SPAM },
	};
	size_t	i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(type, kinds[i].type) == 0)
			return kinds[i].kind;
	return FEEDBACK_OTHER;
}

/* word - the type in lower case, without a comment */
static const char *
word(struct parse *ps, struct text v)
{
	char	out[40];
	size_t	i;

	for (i = 0; i < v.n && i < sizeof out && v.p[i] > ' ' &&
	    v.p[i] != '(' && v.p[i] != ';'; i++)
		out[i] = (char)tolower((unsigned char)v.p[i]);
	return arena_dup(ps->arena, out, i);
}

/* add - one event for one recipient of the report */
static void
add(struct parse *ps, const struct fields *fs, const char *to)
{
	struct feedback_event	*ev = parse_event(ps);
	struct text		 mta, agent;

	if (ev == NULL)
		return;
	ev->feedback_type = word(ps, fields_get(fs, "Feedback-Type"));
	ev->kind = kind_of(ev->feedback_type);
	ev->recipient = to;
	mta = fields_get(fs, "Reporting-MTA");
	ev->reporter = fields_address(ps, mta);
	if (mta.n > 4 && ev->reporter[0] == '\0' && text_begins(mta, "dns;"))
		ev->reporter = arena_line(ps->arena, mta.p + 4, mta.n - 4,
		    255);
	agent = fields_get(fs, "User-Agent");
	ev->agent = agent.n > 0 ?
	    arena_line(ps->arena, agent.p, agent.n, 80) : "arf";
	ev->diagnostic = arena_line(ps->arena, buf_str(&ps->prose),
	    ps->prose.len, 500);
	ev->confidence = ev->feedback_type[0] != '\0' ? 1.0 : 0.8;
}

/* recipients - Original-Rcpt-To (may repeat), Removal-Recipient, else the To
 * of the returned mail */
static void
recipients(struct parse *ps, const struct fields *fs)
{
	const char	*to;
	size_t		 i, n = 0;

	for (i = 0; i < fs->n; i++) {
		if (text_is(fs->v[i].name, "Original-Mail-From"))
			original_token(ps, fs->v[i].value,
			    FEEDBACK_TOKEN_RETURNED);
		if (text_is(fs->v[i].name, "CFBL-Feedback-ID"))
			original_token(ps, fs->v[i].value,
			    FEEDBACK_TOKEN_RETURNED);
	}
	for (i = 0; i < fs->n; i++) {
		if (!text_is(fs->v[i].name, "Original-Rcpt-To") &&
		    !text_is(fs->v[i].name, "Removal-Recipient") &&
		    !text_is(fs->v[i].name, "X-HmXmrOriginalRecipient"))
			continue;
		to = fields_address(ps, fs->v[i].value);
		if (to[0] == '\0')
			continue;
		add(ps, fs, to);
		n++;
	}
	if (n > 0)
		return;
	to = text_header_address(ps, ps->orig, "X-HmXmrOriginalRecipient");
	if (to[0] == '\0')
		to = text_header_address(ps, ps->orig, "X-Original-To");
	if (to[0] == '\0')
		to = text_header_address(ps, ps->orig, "Delivered-To");
	if (to[0] == '\0')
		to = text_header_address(ps, ps->orig, "To");
	add(ps, fs, to);
}

bool
arf_parse(struct parse *ps)
{
	const struct mime_part	*p;
	struct fields		 fs;
	struct buf		 b = BUF_INIT(REPORT_OCTETS_MAX);
	struct text		 rest;
	size_t			 i;
	bool			 found = false;

	for (i = 0; i < mime_count(ps->m) && !found; i++) {
		p = mime_at(ps->m, i);
		if (strcmp(p->type, "message/feedback-report") != 0 ||
		    parse_in_message(ps, i))
			continue;
		buf_reset(&b);
		(void)mime_text(ps->m, i, &b);
		rest = (struct text){ buf_str(&b), b.len };
		while (text_trim(rest).n > 0 && fields_next(ps, &rest, &fs)) {
			recipients(ps, &fs);
			found = true;
			break;		/* one report, one block */
		}
	}
	buf_free(&b);
	return found;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unsub.c - mail that asks for no more mail
 *
 * Our token in the address it came to is the request, whatever the mail says
 * (Apple's arrive as Auto-Submitted: auto-replied). A bare "unsubscribe" as
 * subject or first line names its author as the recipient; belief.h says when
 * that is enough.
 */
#include "feedback/parse.h"

#include <string.h>

#include "base/banned.h"

/* says_unsubscribe - a short line with the word in it, unless it is denied */
static bool
says_unsubscribe(struct text t)
{
	static const char *const begins[] = { "remove me", "opt out",
	    "opt-out", "abmelden", "abbestellen", "d\xc3\xa9sabonn",
	    "d\xc3\xa9sinscri", "darme de baja", "cancelar suscrip",
	    "cancellami", "disiscri", "descadastr", "afmelden",
	    "uitschrijven", "wypisz",
	    "\xd0\xbe\xd1\x82\xd0\xbf\xd0\xb8\xd1\x81",
	    "\xd0\x9e\xd1\x82\xd0\xbf\xd0\xb8\xd1\x81",
	    "\xe9\x80\x80\xe8\xae\xa2",
	    "\xe9\x85\x8d\xe4\xbf\xa1\xe5\x81\x9c\xe6\xad\xa2", NULL };
	int	i;

	t = text_trim(t);
	while (text_begins(t, "re:"))
		t = text_trim((struct text){ t.p + 3, t.n - 3 });
	if (t.n >= 64)
		return false;
	for (i = 0; begins[i] != NULL; i++)
		if (text_begins(t, begins[i]))
			return true;
	return text_find(t, "unsubscribe") != NULL &&
	    text_find(t, "not ") == NULL && text_find(t, "n't ") == NULL;
}

/* by_text - an answer in words */
static bool
by_text(struct parse *ps)
{
	struct text	rest = { buf_str(&ps->prose), ps->prose.len };
	struct text	line;

	if (says_unsubscribe((struct text){ ps->fb->subject,
	    strlen(ps->fb->subject) }))
		return true;
	while (text_line(&rest, &line))
		if (text_trim(line).n > 0)
			return says_unsubscribe(line);
	return false;
}

/* quoted_token - of the mail that is answered, in the answer's text */
static void
quoted_token(struct parse *ps)
{
	original_token(ps, (struct text){ buf_str(&ps->prose),
	    ps->prose.len }, FEEDBACK_TOKEN_RETURNED);
}

/* asks - is the token one that an unsubscribe address has? VERP, CFBL ids and
 * the addresses of our own copies ask for nothing. */
static bool
asks(const struct parse *ps)
{
	return ps->base.token_at == FEEDBACK_TOKEN_RCPT &&
	    (ps->base.token.kind == TOKEN_UNSUB ||
	    ps->base.token.kind == TOKEN_PAGE);
}

bool
unsub_parse(struct parse *ps, bool words)
{
	struct feedback_event	*ev;
	bool			 token = asks(ps);

	if (!token && !(words && by_text(ps)))
		return false;
	if (!token)
		quoted_token(ps);
	if ((ev = parse_event(ps)) == NULL)
		return true;
	ev->kind = FEEDBACK_OPTOUT;
	ev->recipient = ps->fb->from;
	ev->reporter = ps->fb->from;
	ev->agent = token ? "mailto" : "reply";
	ev->confidence = token ? 1.0 : 0.7;
	return true;
}

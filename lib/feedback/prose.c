/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prose.c - bounces that are written for people
 *
 * No two systems write them alike, but all of them put the address on a line
 * of its own, behind a label, or into the sentence that says what failed; and
 * what was said about it stands below. So every address of the text gets a
 * weight by how it stands there, the best are taken, and the lines up to the
 * next one are its diagnostic. Addresses of the sender's side never count.
 */
#include "feedback/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "feedback/words.h"

#include "base/banned.h"

#define CANDS_MAX	256	/* addresses looked at */
#define MARKS_MAX	4000	/* addresses whose place is remembered */
#define MENTIONS_MAX	50	/* events that may search the whole prose */
#define BOUNCE_TEXT	4096	/* octets that must speak of a bounce */
#define NEAR		300	/* octets around an address that weigh it */
#define SECTION_MAX	2000	/* octets of a diagnostic */
#define SHORT_SECTION	12	/* less than this is no diagnostic */

enum weight { W_NONE, W_WEAK, W_NAMED, W_LINE };

struct cand {
	struct text	addr;
	enum weight	w;
	bool		ours;		/* the side that the mail came from */
};

struct cands {
	struct cand	v[CANDS_MAX];
	size_t		n;
};

static struct text
as_text(const char *s)
{
	return (struct text){ s, strlen(s) };
}

static bool
has_any(struct text t, const char *const *words)
{
	int	i;

	for (i = 0; words[i] != NULL; i++)
		if (text_find(t, words[i]) != NULL)
			return true;
	return false;
}

static bool
begins_any(struct text t, const char *const *words)
{
	int	i;

	for (i = 0; words[i] != NULL; i++)
		if (text_begins(t, words[i]))
			return true;
	return false;
}

/* -- is it a bounce at all? ----------------------------------------------- */

/* by_author - From a mail system, not from a person */
static bool
by_author(struct parse *ps)
{
	static const char *const names[] = { "mailer-daemon", "mailerdaemon",
	    "mail delivery", "mail-daemon", "postmaster", "maildaemon",
	    "mail administrator", "mailsubsystem", "mail router",
	    "delivery subsystem", "message delivery", "mmdf", "mailmaster",
	    "system administrator", NULL };
	const char	*from = text_header(ps, ps->hl, "From");

	return has_any(as_text(from), names);
}

/* by_daemon - From the daemon itself, which never goes on vacation */
static bool
by_daemon(struct parse *ps)
{
	static const char *const names[] = { "mailer-daemon", "mailerdaemon",
	    "mail delivery s", "mail-daemon", "delivery subsystem", NULL };
	const char	*from = text_header(ps, ps->hl, "From");

	return has_any(as_text(from), names);
}

/* by_subject - the subject of a report */
static bool
by_subject(const char *subject)
{
	static const char *const words[] = { "undeliver", "undelivered",
	    "delivery status notification", "delivery notification",
	    "delivery fail", "delivery has failed", "failure notice",
	    "mail failure", "mail delivery", "returned mail", "mail returned",
	    "delivery problem", "could not send", "non-deliver",
	    "nondeliver", "not delivered", "can't deliver", "cannot deliver",
	    "rejected mail", "delivery report", "mail error", "user unknown",
	    "unknown user", "delivery error", "failed delivery", "mail could",
	    "message delivery", "delivery delayed", "warning: could not",
	    "unzustellbar", "zustellung", "returned to sender",
	    "delivery failure", "bounce", "mail system error",
	    "unable to deliver", "delivery attempt", "message status",
	    "email delivery", "rejected:", "message not", "delayed",
	    "not yet been delivered", "loop alert", NULL };
	struct phrase_hits	hits;

	return has_any(as_text(subject), words) ||
	    (words_scan(as_text(subject), &hits) &&
	    words_any(&hits, WORDS_BOUNCE));
}

/* by_text - sentences that only a report has */
static bool
by_text(const struct parse *ps)
{
	struct text		t = { buf_str(&ps->prose), ps->prose.len };
	struct phrase_hits	hits;

	if (t.n > BOUNCE_TEXT)
		t.n = BOUNCE_TEXT;
	return words_scan(t, &hits) && words_any(&hits, WORDS_BOUNCE);
}

/* -- where do addresses stand? -------------------------------------------- */

/* label - "To:", "Recipient address:" in front of an address */
static bool
label(struct text before)
{
	static const char *const labels[] = { "to:", "recipient:",
	    "recipient address:", "recipients:", "final-recipient:",
	    "original-recipient:", "rcpt to:", "failed recipient:",
	    "user:", "address:", "failed address:", "failed to:",
	    "email address:", "e-mail address:", "undeliverable address:",
	    "intended recipient:", "mailbox:", "sent to:", "name:",
	    "recipient :", "user: ", "addressee:", "receiver:",
	    "x-failed-recipients:", NULL };

	while (before.n > 0 && strchr(" \t*>-<;'\"", before.p[0]) != NULL)
		before.p++, before.n--;
	return begins_any(before, labels);
}

/* of_sender - "MAIL FROM:<", "From:", "Sender:" in front of an address */
static bool
of_sender(struct text before, struct text line)
{
	static const char *const begins[] = { "from:", "from ", "sender:",
	    "reply-to:", "message-id:", "message id:", "return-path:",
	    "in-reply-to:", "references:", "cc:", "subject:", "received:",
	    "mail from", ">>> mail", "errors-to:", "x-sender", "> from",
	    ">from", "contact", "for assistance", "envelope-from",
	    "original-sender", "x-envelope-from", "message-ID", "id:", NULL };
	static const char *const within[] = { "mail from:", "mailto:",
	    "contact ", "e-mail to ", "please send", "report this",
	    "envelope-from", "sender <", "sender address", "from=<",
	    "from <", "forward this", "questions", "assistance",
	    "message-id", "http:", "https:", "you may also", "complain",
	    "write to", "postmaster if", "email us", "sent by ", "from: ",
	    NULL };
	struct text	t = text_trim(line);

	while (t.n > 0 && (t.p[0] == '>' || t.p[0] == ' ' || t.p[0] == '*'))
		t.p++, t.n--;
	return begins_any(t, begins) || has_any(before, within);
}

/* tells - does the line say that something failed? */
static bool
tells(struct text line)
{
	static const char *const words[] = { "fail", "deliver", "reject",
	    "unknown", "recipient", "user", "mailbox", "rcpt", "not exist",
	    "55", "45", "account", "quota", "refused", "bounce", "reach",
	    "returned", "not found", "invalid", "error", NULL };

	return has_any(line, words);
}

/* near - the line, or so much of a long one as is about the address: a line of
 * a hundred thousand addresses must not be read for each */
static struct text
near(struct text line, struct text addr)
{
	const char	*end = line.p + line.n;

	if (addr.p - line.p > NEAR)
		line.p = addr.p - NEAR;
	if (end - (addr.p + addr.n) > NEAR)
		end = addr.p + addr.n + NEAR;
	line.n = (size_t)(end - line.p);
	return line;
}

/* weigh - how does this address stand in its line? */
static enum weight
weigh(struct text whole, struct text addr)
{
	struct text	line = near(whole, addr);
	struct text	before = { line.p, (size_t)(addr.p - line.p) };
	struct text	after = { addr.p + addr.n, line.n - before.n - addr.n };
	size_t		i;

	if (of_sender(before, line))
		return W_NONE;
	before = text_trim(before);
	while (before.n > 0 && (isdigit((unsigned char)before.p[0]) ||
	    strchr("<\"'*->([=.,;: \t", before.p[0]) != NULL))
		before.p++, before.n--;
	after = text_trim(after);
	for (i = 0; i < after.n && strchr(">\"'*)]", after.p[i]) != NULL; i++)
		;
	after.p += i;
	after.n -= i;
	after = text_trim(after);
	if (before.n == 0 && (after.n == 0 || after.p[0] == ':' ||
	    after.p[0] == '.' || after.p[0] == ';' || after.p[0] == ',' ||
	    after.p[0] == '(' || after.p[0] == '-' || after.p[0] == '<' ||
	    after.p[0] == '[' || text_begins(after, "on ") ||
	    tells(after)))
		return W_LINE;
	if (label((struct text){ line.p, (size_t)(addr.p - line.p) }))
		return W_LINE;
	return tells(line) ? W_NAMED : W_WEAK;
}

/* same_address - ASCII case aside */
static bool
same_address(struct text a, struct text b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

/* is_one_of_ours - the side that the report came to */
static bool
is_senders(const struct parse *ps, struct text a)
{
	static const char *const locals[] = { "postmaster@", "mailer-daemon@",
	    "mailerdaemon@", "abuse@", "support@", "helpdesk@", "noc@",
	    "hostmaster@", "webmaster@", "admin@", NULL };

	return text_is(a, ps->senders[0]) || text_is(a, ps->senders[1]) ||
	    text_is(a, ps->fb->from) || begins_any(a, locals);
}

/* note - an address of the text, or one more sight of it */
static void
note(struct cands *cs, struct text addr, enum weight w, bool ours)
{
	size_t	i;

	for (i = 0; i < cs->n; i++)
		if (same_address(cs->v[i].addr, addr))
			break;
	if (i == CANDS_MAX)
		return;
	if (i < cs->n && cs->v[i].w >= w)
		return;
	cs->v[i] = (struct cand){ addr, w, ours };
	cs->n += i == cs->n;
}

/* plausible - a domain with a dot and no dots where none may be */
static bool
plausible(struct text a)
{
	const char	*at = memrchr(a.p, '@', a.n);
	size_t		 d = (size_t)(a.p + a.n - at) - 1;

	if (at == a.p || d < 3 || memchr(at, '.', d + 1) == NULL)
		return false;
	return at[1] != '.' && at[1] != '-' && a.n < 255 &&
	    !(isdigit((unsigned char)a.p[0]) && a.n > 60);
}

/* in_header_block - "To: x" above "Subject: y": the mail's, not the fault's */
static bool
in_header_block(struct text rest, struct text line)
{
	struct text	next;

	if (!text_begins(text_trim(line), "to:") || !text_line(&rest, &next))
		return false;
	next = text_trim(next);
	if (next.n == 0 && text_line(&rest, &next))
		next = text_trim(next);
	return text_begins(next, "subject:") || text_begins(next, "sent:") ||
	    text_begins(next, "date:") || text_begins(next, "from:") ||
	    text_begins(next, "cc:");
}

/* collect - every address of the prose with its weight */
static void
collect(const struct parse *ps, struct cands *cs)
{
	struct text	rest = { buf_str(&ps->prose), ps->prose.len }, line;
	struct text	addr;
	size_t		from;
	enum weight	w;

	while (text_line(&rest, &line)) {
		from = 0;
		while (text_address(line, &from, &addr)) {
			if (!plausible(addr))
				continue;
			w = weigh(line, addr);
			if (w == W_NONE)
				continue;
			if (w == W_LINE && in_header_block(rest, line))
				w = W_WEAK;
			note(cs, addr, w, is_senders(ps, addr));
		}
	}
}

/* -- what was said about one ---------------------------------------------- */

/* mentions - the lines that name the address, with those that continue them */
static void
mentions(const struct parse *ps, struct text addr, struct buf *out)
{
	struct text	rest = { buf_str(&ps->prose), ps->prose.len }, line;
	char		want[256];
	bool		on = false;

	if (addr.n >= sizeof want)
		return;
	memcpy(want, addr.p, addr.n);
	want[addr.n] = '\0';
	while (text_line(&rest, &line) && out->len < SECTION_MAX) {
		if (text_find(line, want) != NULL)
			on = true;
		else if (text_trim(line).n == 0 ||
		    memchr(line.p, '@', line.n) != NULL)
			on = false;
		if (!on)
			continue;
		(void)buf_add_some(out, line.p, line.n);
		(void)buf_add_some(out, "\n", 1);
	}
}

/* mark_all - every address of the prose and how it stands, once a mail */
static void
mark_all(struct parse *ps)
{
	struct text	rest = { buf_str(&ps->prose), ps->prose.len };
	struct text	line, addr;
	struct mark	*m;
	size_t		from;

	ps->marked = true;
	ps->marks = calloc(MARKS_MAX, sizeof *ps->marks);
	if (ps->marks == NULL) {
		ps->arena->failed = true;
		return;
	}
	while (ps->nmarks < MARKS_MAX && text_line(&rest, &line)) {
		from = 0;
		while (ps->nmarks < MARKS_MAX &&
		    text_address(line, &from, &addr)) {
			m = &ps->marks[ps->nmarks++];
			m->addr = addr;
			m->line = line.p;
			m->begins = weigh(line, addr) == W_LINE;
			m->ours = is_senders(ps, addr);
		}
	}
}

/* span_of - from the line where the address stands best to the next one that
 * begins another's; n = 0 when it does not stand there */
static struct text
span_of(struct parse *ps, struct text a)
{
	const char	*end = buf_str(&ps->prose) + ps->prose.len;
	const char	*start = NULL, *named = NULL;
	struct mark	*m;

	if (!ps->marked)
		mark_all(ps);
	for (m = ps->marks; m < ps->marks + ps->nmarks; m++) {
		if (same_address(m->addr, a)) {
			if (start == NULL && m->begins)
				start = m->line;
			if (named == NULL)
				named = m->line;
		} else if (start != NULL && m->line > start && !m->ours &&
		    m->begins) {
			return (struct text){ start,
			    (size_t)(m->line - start) };
		}
	}
	if (start == NULL)
		start = named;
	if (start == NULL)
		return (struct text){ "", 0 };
	return (struct text){ start, (size_t)(end - start) };
}

struct text
prose_section(struct parse *ps, const char *address)
{
	struct text	all = { buf_str(&ps->prose), ps->prose.len };
	struct text	a = as_text(address), sec;
	struct buf	b = BUF_INIT(SECTION_MAX);

	if (a.n > 0) {
		sec = text_trim(span_of(ps, a));
		if (sec.n > SECTION_MAX)
			sec.n = SECTION_MAX;
		if (sec.n > a.n + SHORT_SECTION)
			return sec;
		if (ps->fb->n < MENTIONS_MAX)
			mentions(ps, a, &b);
		sec.n = 0;
		if (b.len > 2 * (a.n + SHORT_SECTION)) {
			sec.p = arena_dup(ps->arena, b.data, b.len);
			sec.n = strlen(sec.p);
		}
		buf_free(&b);
		if (sec.n > 0)
			return sec;
	}
	if (all.n > SECTION_MAX)
		all.n = SECTION_MAX;
	return all;
}

/* still_trying - a warning, not the end */
static bool
still_trying(const struct parse *ps)
{
	struct text		t = { buf_str(&ps->prose), ps->prose.len };
	struct phrase_hits	hits;

	return words_scan(t, &hits) && words_any(&hits, WORDS_TRYING) &&
	    !words_any(&hits, WORDS_OVER);
}

/* -- events --------------------------------------------------------------- */

/* expanded - "(expanded from: <alias@example.com>)", Exim's "(generated from
 * alias@example.com)": the one we wrote to */
static const char *
expanded(struct parse *ps, struct text sec, struct text addr)
{
	const char	*p = text_find(sec, "expanded from");
	struct text	found;
	size_t		from;

	if (p == NULL)
		p = text_find(sec, "generated from");
	if (p == NULL)
		return "";
	from = (size_t)(p - sec.p);
	if (!text_address(sec, &from, &found) || same_address(found, addr))
		return "";
	return arena_dup(ps->arena, found.p, found.n);
}

/* event - a bounce of this address */
static void
event(struct parse *ps, struct text addr, double confidence)
{
	struct feedback_event	*ev = parse_event(ps);
	struct text		 all = { buf_str(&ps->prose), ps->prose.len };
	struct text		 sec;

	if (ev == NULL)
		return;
	ev->kind = ps->trying ? FEEDBACK_DELAYED : FEEDBACK_BOUNCE;
	ev->recipient = arena_dup(ps->arena, addr.p, addr.n);
	sec = prose_section(ps, ev->recipient);
	ev->diagnostic = arena_line(ps->arena, sec.p, sec.n, SECTION_MAX);
	ev->status = status_find(ps, as_text(ev->diagnostic));
	ev->code = status_code(ps, as_text(ev->diagnostic));
	if (ev->status[0] == '\0' && ev->code[0] == '\0' && ps->single) {
		/* the reason may stand above the recipient */
		ev->status = status_find(ps, all);
		ev->code = status_code(ps, all);
	}
	ev->original_recipient = expanded(ps, sec, addr);
	ev->agent = "prose";
	ev->reporter = ps->fb->from;
	ev->confidence = confidence;
	parse_reason(ps, ev, "");
}

/* header_failed - X-Failed-Recipients and its kin: what a program says */
static size_t
header_failed(struct parse *ps)
{
	static const char *const names[] = { "X-Failed-Recipients",
	    "X-Failed-Recipient", NULL };
	const char	*v;
	struct text	addr;
	size_t		from, n = 0;
	int		i;

	for (i = 0; names[i] != NULL && n == 0; i++) {
		v = text_header(ps, ps->hl, names[i]);
		from = 0;
		while (text_address(as_text(v), &from, &addr)) {
			event(ps, addr, 0.95);
			n++;
		}
	}
	return n;
}

/* from_original - nobody is named: the one that the original went to */
static bool
from_original(struct parse *ps)
{
	static const char *const names[] = { "X-Original-To", "Delivered-To",
	    "Envelope-To", "To", NULL };
	const char	*a = "";
	int		 i;

	for (i = 0; names[i] != NULL && a[0] == '\0'; i++)
		a = text_header_address(ps, ps->orig, names[i]);
	if (a[0] == '\0')
		return false;
	event(ps, as_text(a), 0.5);
	return true;
}

/* senders - whose mail came back: never the failing address */
static void
senders(struct parse *ps)
{
	ps->senders[0] = text_header_address(ps, ps->hl, "To");
	ps->senders[1] = text_header_address(ps, ps->orig, "From");
}

/* rank - foreign addresses before ours, lines before sentences */
static int
rank(const struct cand *c)
{
	if (c->ours)
		return c->w == W_LINE ? 3 : 0;
	return c->w == W_LINE ? 4 : c->w == W_NAMED ? 2 : 1;
}

/* read_prose - the best addresses of the text as events */
static bool
read_prose(struct parse *ps)
{
	static const double confidence[] = { 0.2, 0.4, 0.7, 0.6, 0.9 };
	struct cands	 cs;
	int		 best = 0;
	size_t		 i, n = 0, before = ps->fb->n;

	senders(ps);
	ps->trying = still_trying(ps);
	if (header_failed(ps) > 0)
		return true;
	cs.n = 0;
	collect(ps, &cs);
	for (i = 0; i < cs.n; i++)
		if (rank(&cs.v[i]) > best)
			best = rank(&cs.v[i]);
	for (i = 0; i < cs.n; i++)
		n += rank(&cs.v[i]) == best;
	ps->single = best == 0 || n == 1;
	for (i = 0; best > 0 && i < cs.n; i++)
		if (rank(&cs.v[i]) == best)
			event(ps, cs.v[i].addr, confidence[best]);
	if (ps->fb->n > before)
		return true;
	if (from_original(ps))
		return true;
	event(ps, (struct text){ "", 0 }, confidence[0]);
	return ps->fb->n > before;
}

bool
prose_likely(struct parse *ps)
{
	return header_first(ps->hl, "X-Failed-Recipients") != NULL ||
	    by_daemon(ps) || ((by_author(ps) ||
	    strcmp(mime_at(ps->m, 0)->report_type, "delivery-status") == 0) &&
	    (by_text(ps) || by_subject(ps->fb->subject)));
}

bool
prose_titled(const struct parse *ps)
{
	/* people answer; they quote the subject of what we wrote */
	return !text_begins(as_text(ps->fb->subject), "re:") &&
	    by_subject(ps->fb->subject);
}

bool
prose_parse(struct parse *ps)
{
	bool	verp = ps->base.token_at == FEEDBACK_TOKEN_RCPT &&
		    ps->base.token.kind == TOKEN_VERP;

	if (!verp && !prose_likely(ps) && !prose_titled(ps) && !by_text(ps))
		return false;
	return read_prose(ps);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse.c - see feedback.h; which kind of mail is it?
 *
 * Asked in this order, the first that knows its own wins: a complaint report, a
 * delivery status, our token in the address (unsubscribe), a web service's
 * notice, what a mail system says in prose, an automatic reply, the subject of
 * a bounce, "unsubscribe" in words, whatever else speaks of a failed delivery.
 */
#include "feedback/parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PARTS_MAX	200	/* no report has more */
#define DEPTH_MAX	12
#define NESTED_MAX	3	/* reports about reports */

/* What feedback_parse() hands out: the result and what it stands on. */
struct result {
	struct feedback	 pub;	/* first */
	struct arena	 arena;
};

bool
parse_in_message(const struct parse *ps, size_t i)
{
	const struct mime_part	*p;

	while (i > 0) {
		p = mime_at(ps->m, mime_at(ps->m, i)->parent);
		if (p->container && strncmp(p->type, "message/", 8) == 0)
			return true;
		i = mime_at(ps->m, i)->parent;
	}
	return false;
}

struct feedback_event *
parse_event(struct parse *ps)
{
	struct feedback_event	*v;
	size_t			 cap;

	if (ps->fb->n >= ps->max) {
		ps->fb->truncated = true;
		return NULL;
	}
	if (ps->fb->n == ps->cap) {
		cap = ps->cap == 0 ? 4 : ps->cap * 2;
		if ((v = realloc(ps->fb->v, cap * sizeof *v)) == NULL) {
			ps->arena->failed = true;
			return NULL;
		}
		ps->fb->v = v;
		ps->cap = cap;
	}
	v = &ps->fb->v[ps->fb->n++];
	*v = ps->base;
	return v;
}

/* continued - octets of "550-5.1.1 " or "550-" that begin a further line of a
 * reply at i; 0 if none does */
static size_t
continued(struct text t, size_t i, const char *code)
{
	size_t	k = i + 3, n;

	if (code[0] == '\0' || i == 0 || t.n - i < 5 ||
	    (t.p[i - 1] != ' ' && t.p[i - 1] != '\n') ||
	    memcmp(t.p + i, code, 3) != 0 ||
	    (t.p[k] != '-' && t.p[k] != ' '))
		return 0;
	n = strspn(t.p + k + 1, "0123456789.");
	if (n >= 5 && t.p[k + 1 + n] == ' ')
		return 3 + 1 + n + 1;
	return t.p[k] == '-' && n == 0 ? 4 : 0;
}

/*
 * plain - what the table is asked: the text without addresses, as a local part
 * may say anything, and without the code that begins each line of a reply
 */
static void
plain(struct text t, const char *code, struct buf *out)
{
	struct text	addr;
	size_t		from = 0, i = 0, stop, skip;
	bool		more;

	do {
		more = text_address(t, &from, &addr);
		stop = more ? (size_t)(addr.p - t.p) : t.n;
		while (i < stop) {
			if ((skip = continued(t, i, code)) > 0) {
				i += skip;
				continue;
			}
			(void)buf_add_some(out, t.p + i++, 1);
		}
		if (more) {
			(void)buf_add_some(out, "@", 1);
			i = stop + addr.n;
		}
	} while (more);
}

/* ask - the table about this text; context: where the command may stand */
static const struct bounces_row *
ask(struct parse *ps, const struct feedback_event *ev, struct text t,
    struct text context, struct text all, const char *host)
{
	struct bounces_facts	 f = { .status = ev->status,
	    .code = ev->code, .prose = all.p, .host = host,
	    .command = status_command(t), .agent = ev->agent,
	    .delayed = ev->kind == FEEDBACK_DELAYED };
	struct buf		 b = BUF_INIT(VALUE_MAX * 2);
	const struct bounces_row *row;

	if (f.command[0] == '\0')
		f.command = status_command(context);
	plain(t, ev->code, &b);
	f.text = buf_str(&b);
	row = bounces_find(ps->ctx->bounces, &f);
	buf_free(&b);
	return row;
}

/* one_line - phrases of several words must not break at a line's end */
static struct text
one_line(struct parse *ps, struct text t)
{
	const char	*s = arena_line(ps->arena, t.p, t.n, VALUE_MAX);

	return (struct text){ s, strlen(s) };
}

/* has_letters - a diagnostic of digits says nothing in words */
static bool
has_letters(struct text t)
{
	size_t	i;

	for (i = 0; i < t.n; i++)
		if (isalpha((unsigned char)t.p[i]) || (t.p[i] & 0x80))
			return true;
	return false;
}

/* unsure - the words that mean "cannot tell" */
static bool
unsure(const struct bounces_row *r)
{
	return strcmp(r->reason, "undefined") == 0 ||
	    strcmp(r->reason, "onhold") == 0;
}

/* better - a second answer counts only if it is one */
static const struct bounces_row *
better(const struct bounces_row *a, const struct bounces_row *b)
{
	return unsure(b) ? a : b;
}

/* temporary - 4.x.x, or 4xx where no status stands */
static bool
temporary(const struct feedback_event *ev)
{
	return (ev->status[0] != '\0' ? ev->status : ev->code)[0] == '4';
}

void
parse_reason(struct parse *ps, struct feedback_event *ev, const char *host)
{
	const struct bounces_row *row;
	struct text		 t = { ev->diagnostic,
	    strlen(ev->diagnostic) };
	struct text		 all = { buf_str(&ps->prose), ps->prose.len };
	struct text		 sec = prose_section(ps, ev->recipient);
	bool			 whole = sec.p == all.p &&
				     strcmp(ev->agent, "prose") == 0;

	ev->reason = "undefined";
	if (ps->ctx->bounces == NULL)
		return;
	sec = one_line(ps, sec);
	all = one_line(ps, all);
	row = ask(ps, ev, has_letters(t) ? t : sec, sec, all, host);
	/* what the field does not say the prose may */
	if (unsure(row))
		row = better(row, ask(ps, ev, sec, sec, all, host));
	if (all.n > VALUE_MAX)
		all.n = VALUE_MAX;
	if (unsure(row))
		row = better(row, ask(ps, ev, all, all, all, host));
	/* a text that does not even single out the recipient says nothing */
	ev->reason = whole && unsure(row) ? "undefined" : row->reason;
	ev->hard = row->hard && !(row->hard5 && temporary(ev) &&
	    ev->kind == FEEDBACK_BOUNCE);
}

/* envelope_token - in the address that the mail came to */
static void
envelope_token(struct parse *ps)
{
	static const char *const names[] = { "X-Original-To", "Delivered-To",
	    "To", NULL };
	const struct header	*h;
	int			 i;

	if (ps->rcpt != NULL) {
		original_token(ps, (struct text){ ps->rcpt,
		    strlen(ps->rcpt) }, FEEDBACK_TOKEN_RCPT);
		return;
	}
	for (i = 0; names[i] != NULL; i++)
		if ((h = header_first(ps->hl, names[i])) != NULL)
			original_token(ps, (struct text){ h->value,
			    h->value_len }, FEEDBACK_TOKEN_RCPT);
}

/* describe - what is said of the report itself */
static void
describe(struct parse *ps)
{
	struct feedback	*fb = ps->fb;

	fb->report_id = text_header(ps, ps->hl, "Message-ID");
	fb->subject = text_header(ps, ps->hl, "Subject");
	fb->from = text_header_address(ps, ps->hl, "From");
	fb->sender = text_header_address(ps, ps->hl, "Return-Path");
	fb->why = "";
}

/* prepare - the event that all events of the mail begin as */
static void
prepare(struct feedback_event *ev)
{
	memset(ev, 0, sizeof *ev);
	ev->recipient = ev->original_recipient = ev->action = ev->status =
	    ev->code = ev->reason = ev->feedback_type = ev->reporter =
	    ev->message_id = ev->list_id = ev->feedback_id =
	    ev->event_id = ev->scope = ev->diagnostic = ev->agent = "";
	ev->token_state = TOKEN_NONE;
}

struct feedback *
parse_result(struct parse *ps)
{
	struct result	*r = calloc(1, sizeof *r);
	struct feedback	*fb;

	if (r == NULL)
		return NULL;
	arena_init(&r->arena);
	fb = ps->fb = &r->pub;
	ps->arena = &r->arena;
	ps->max = FEEDBACK_EVENTS_MAX;
	prepare(&ps->base);
	ps->senders[0] = ps->senders[1] = "";
	fb->report_id = fb->from = fb->sender = fb->subject = fb->why = "";
	return fb;
}

/* run - ask each kind; false when none knows it */
static bool
run(struct parse *ps)
{
	describe(ps);
	envelope_token(ps);
	original_find(ps);
	return arf_parse(ps) || dsn_parse(ps) || unsub_parse(ps, false) ||
	    vendor_parse(ps) || (prose_likely(ps) && prose_parse(ps)) ||
	    reply_parse(ps) || (prose_titled(ps) && prose_parse(ps)) ||
	    unsub_parse(ps, true) || prose_parse(ps);
}

/* begin - raw as a message of parts; -1 without memory */
static int
begin(struct parse *ps, const char *raw, size_t len, struct err *e)
{
	const struct mime_limits lim = { FEEDBACK_OCTETS_MAX, PARTS_MAX,
	    DEPTH_MAX, 500, 65536 };

	ps->raw = raw;
	ps->len = len;
	if (mime_parse(raw, len, &lim, &ps->m, e) == -1)
		return -1;
	ps->fb->truncated |= mime_truncated(ps->m);
	ps->hl = &mime_at(ps->m, 0)->headers;
	return 0;
}

/* end - what begin() and run() hold */
static void
end(struct parse *ps)
{
	ps->orig = NULL;
	ps->pasted = (struct text){ NULL, 0 };
	header_list_free(&ps->orig_own);
	header_list_init(&ps->orig_own);
	buf_free(&ps->prose);
	free(ps->marks);
	ps->marks = NULL;
	ps->nmarks = 0;
	ps->marked = false;
	mime_free(&ps->m);
}

/* named - does any event say whom it is about, from a good source? */
static bool
named(const struct feedback *fb)
{
	size_t	i;

	for (i = 0; i < fb->n; i++)
		if (fb->v[i].kind != FEEDBACK_BOUNCE ||
		    (fb->v[i].recipient[0] != '\0' &&
		    fb->v[i].confidence > 0.5))
			return true;
	return false;
}

/* inner_of - the message that this one returns, if it is a report, too */
static struct text
inner_of(const struct parse *ps)
{
	const struct feedback	*fb = ps->fb;
	const struct mime_part	*p;
	size_t			 i;

	if (ps->pasted.n > 0 &&
	    text_find(ps->pasted, "message/delivery-status") != NULL)
		return ps->pasted;
	for (i = 0; i < mime_count(ps->m); i++) {
		p = mime_at(ps->m, i);
		if (strcmp(p->type, "message/delivery-status") == 0 &&
		    parse_in_message(ps, i) && fb->original.whole)
			return (struct text){ ps->raw + fb->original.off,
			    fb->original.len };
	}
	return (struct text){ NULL, 0 };
}

/*
 * nested - a report about a report: the innermost one names the recipient
 *
 * Only when the outer one does not. Its envelope is not the inner one's, so
 * tokens of addresses do not count.
 */
static int
nested(struct parse *ps, struct err *e)
{
	struct feedback	*fb = ps->fb;
	struct text	 in;
	char		*copy;
	size_t		 keep = fb->n;
	int		 depth, rc = 0;

	for (depth = 0; depth < NESTED_MAX && !named(fb); depth++) {
		in = inner_of(ps);
		if (in.n == 0 || (copy = malloc(in.n)) == NULL)
			break;
		memcpy(copy, in.p, in.n);
		end(ps);
		free(ps->copy);
		ps->copy = copy;
		memset(&fb->original, 0, sizeof fb->original);
		if ((rc = begin(ps, copy, in.n, e)) == -1)
			break;
		original_find(ps);
		fb->n = 0;
		if (!dsn_parse(ps) && !prose_parse(ps))
			fb->n = keep;
	}
	/* offsets are of the inner mail, which goes now; it was returned, and
	 * nothing says that it is ours, even if it returns no mail itself */
	if (depth > 0) {
		fb->original.off = fb->original.len = 0;
		fb->original.present = true;
	}
	return rc;
}

/* unwrap - what some systems put before or around the message */
static void
unwrap(const char **raw, size_t *len)
{
	const char	*p = *raw, *nl;
	size_t		 n = *len;

	/* empty lines before the header */
	while ((nl = memchr(p, '\n', n < 1000 ? n : 1000)) != NULL &&
	    text_trim((struct text){ p, (size_t)(nl - p) }).n == 0) {
		n -= (size_t)(nl + 1 - p);
		p = nl + 1;
	}
	*raw = p;
	*len = n;
}

int
feedback_parse(const struct feedback_ctx *ctx, const char *raw, size_t len,
    const char *rcpt, struct feedback **out, struct err *e)
{
	struct parse	 ps = { .ctx = ctx, .rcpt = rcpt,
	    .prose = BUF_INIT(FEEDBACK_TEXT_MAX) };
	struct feedback	*fb;
	const char	*whole;
	int		 rc;

	*out = NULL;
	if ((fb = parse_result(&ps)) == NULL)
		return err_set(e, "out of memory");
	header_list_init(&ps.orig_own);
	whole = raw;
	unwrap(&raw, &len);
	rc = begin(&ps, raw, len, e);
	if (rc == 0 && run(&ps))
		rc = nested(&ps, e);
	else if (rc == 0)
		fb->why = fb->truncated ?
		    "too large or too deep to be read whole" :
		    "neither bounce, complaint, unsubscribe nor reply";
	if (fb->original.len > 0)
		fb->original.off += (size_t)(raw - whole);
	end(&ps);
	free(ps.copy);
	*out = fb;
	if (rc == -1 || ps.arena->failed) {
		feedback_free(out);
		return err_set(e, "out of memory");
	}
	return 0;
}

void
feedback_free(struct feedback **fb)
{
	struct result	*r = (struct result *)*fb;

	if (r == NULL)
		return;
	arena_free(&r->arena);
	free(r->pub.v);
	free(r);
	*fb = NULL;
}

const char *
feedback_kind_name(enum feedback_kind k)
{
	switch (k) {
	case FEEDBACK_BOUNCE:		return "bounce";
	case FEEDBACK_DELAYED:		return "delayed";
	case FEEDBACK_COMPLAINT:	return "complaint";
	case FEEDBACK_OPTOUT:		return "optout";
	case FEEDBACK_NOT_SPAM:		return "not-spam";
	case FEEDBACK_VACATION:		return "vacation";
	case FEEDBACK_DELIVERED:	return "delivered";
	case FEEDBACK_OTHER:		return "other";
	}
	return "other";
}

const char *
feedback_token_name(enum token_result r)
{
	switch (r) {
	case TOKEN_VALID:	return "valid";
	case TOKEN_EXPIRED:	return "expired";
	case TOKEN_FORGED:
	case TOKEN_UNKNOWN_KEY:
	case TOKEN_VERSION:	return "forged";
	case TOKEN_NONE:	return "none";
	}
	return "none";
}

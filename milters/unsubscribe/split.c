/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split.c - see split.h
 *
 *	copies				verdict
 *	all taken			discard: their copies are on the way
 *	one must wait, or the server	451: the sender comes again; those
 *	is away				taken are in the ledger
 *	all refused			550 with the first reply
 *	some refused, others taken	discard, and a notice to the sender
 *	ledger cannot be written	451
 *
 * Between the server's 250 and the entry in the ledger there is a moment in
 * which our death makes a second copy of that one recipient's (RFC 1047).
 * Whoever closes it would have to risk a loss instead.
 */
#include "unsubscribe/split.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "smtp/ledger.h"
#include "smtp/smtp.h"
#include "unsubscribe/notice.h"

#include "base/banned.h"

#define MARK		"X-Mailweir-Split"
#define MARK_DAYS	30	/* a copy does not wait that long */
#define DAY_SECONDS	86400
#define SWEEP_EVERY	3600	/* seconds */
#define TEXT_SIZE	400	/* octets of a reply */

struct split {
	const struct split_conf	*conf;
	const struct token_keys	*tokens;
	const struct store_keys	*store;
	const struct addr_rules	*rules;
	char			*dir;
	uint8_t			 secret[LEDGER_SECRET];
	atomic_llong		 swept;
};

/* One message on its way. */
struct run {
	const struct split	*s;
	struct frame_msg	*m;
	const struct stream	*stream;
	struct buf		 raw;	/* the message without its mark */
	struct smtp		*smtp;
	struct ledger		*ledger;
	int64_t			 until;
	size_t			 taken, before, refused, waiting;
	struct smtp_reply	 reply;	/* the first that was no 250 */
	struct buf		 list;	/* of those refused, for the notice */
};

int
split_new(const struct split_conf *c, const char *state_dir,
    const struct token_keys *tokens, const struct store_keys *store,
    const struct addr_rules *rules, struct split **out, const char **name,
    struct err *e)
{
	struct split	*s;

	*out = NULL;
	*name = "split_server";
	if (*c->split_server == '\0')
		return err_set(e, "multiple = split needs it");
	if (smtp_server_ok(c->split_server, e) == -1)
		return -1;
	if ((s = calloc(1, sizeof *s)) == NULL || asprintf(&s->dir,
	    "%s/split", state_dir) == -1) {
		free(s);
		return err_set(e, "out of memory");
	}
	s->conf = c;
	s->tokens = tokens;
	s->store = store;
	s->rules = rules;
	store_keys_derive(store, 0, "split ledger", s->secret);
	atomic_init(&s->swept, 0);
	*out = s;
	return 0;
}

void
split_free(struct split **sp)
{
	if (*sp == NULL)
		return;
	explicit_bzero((*sp)->secret, sizeof (*sp)->secret);
	free((*sp)->dir);
	free(*sp);
	*sp = NULL;
}

/* token_of - what a mark for this recipient says, but for its day */
static void
token_of(const struct store_keys *store, const struct addr_rules *rules,
    const char *rcpt, struct token *t)
{
	struct store_id	id;
	struct addr	a;

	memset(t, 0, sizeof *t);
	t->kind = TOKEN_SPLIT;
	t->day = (uint32_t)(clock_now() / DAY_SECONDS);
	if (addr_normal(rcpt, strlen(rcpt), rules, &a, NULL) != ADDR_OK)
		return;
	store_keys_address(store, 0, &a, &id);
	t->store_key = id.key;
	memcpy(t->digest, id.digest, sizeof t->digest);
}

/* ---- the way back in ---- */

/* is_mark - a token of this kind; *mine: for this recipient */
static bool
is_mark(const struct header *h, const struct token_keys *keys,
    const struct token *want, bool *mine)
{
	struct buf	b = BUF_INIT(256);
	struct token	t;
	bool		good;

	good = header_unfold(h->value, h->value_len, &b) == 0 &&
	    token_read(keys, buf_str(&b), b.len, want->day, MARK_DAYS, &t) ==
	    TOKEN_VALID && t.kind == TOKEN_SPLIT;
	*mine = good && t.store_key == want->store_key &&
	    memcmp(t.digest, want->digest, sizeof t.digest) == 0;
	buf_free(&b);
	return good;
}

int
split_mark(struct frame_msg *m, const struct token_keys *keys,
    const struct store_keys *store, const struct addr_rules *rules,
    enum split_mark *mark)
{
	struct token	want;
	size_t		i;
	bool		good, mine;

	*mark = SPLIT_MARK_NONE;
	if (frame_rcpt_count(m) == 0)
		return 0;
	token_of(store, rules, frame_rcpt(m, 0), &want);
	while ((i = header_index(frame_headers(m), MARK, 1)) != (size_t)-1) {
		good = is_mark(&frame_headers(m)->v[i], keys, &want, &mine);
		if (good && frame_rcpt_count(m) > 1)
			*mark = SPLIT_MARK_LOOP;
		else if (mine && *mark != SPLIT_MARK_LOOP)
			*mark = SPLIT_MARK_COPY;
		else if (*mark == SPLIT_MARK_NONE)
			*mark = SPLIT_MARK_FORGED;
		if (frame_delete_header(m, MARK, 1) == -1)
			return -1;
	}
	return 0;
}

/* ---- the way out ---- */

/* compose - header and body as they are; marks of others are left out */
static int
compose(struct run *r, const char *body, size_t len)
{
	const struct header_list	*l = frame_headers(r->m);
	const char			*p;
	size_t				 i;

	buf_init(&r->raw, 4 * l->octets + 16 * l->n + len + 16);
	for (i = 0; i < l->n; i++) {
		if (strcasecmp(l->v[i].name, MARK) == 0)
			continue;
		(void)buf_addf(&r->raw, "%s:", l->v[i].name);
		for (p = l->v[i].value; p < l->v[i].value + l->v[i].value_len;
		    p++) {
			if (*p == '\n')
				(void)buf_addc(&r->raw, '\r');
			(void)buf_addc(&r->raw, *p);
		}
		(void)buf_adds(&r->raw, "\r\n");
	}
	(void)buf_adds(&r->raw, "\r\n");
	return buf_add(&r->raw, body, len);
}

/* add_field - a field's value as a piece, "" if there is none */
static struct smtp_piece
add_field(const struct header_list *l, const char *name)
{
	const struct header	*h = header_first(l, name);

	return h == NULL ? (struct smtp_piece){ "", 0 } :
	    (struct smtp_piece){ h->value, h->value_len };
}

/*
 * open_ledger - by what stays when the sender comes again
 *
 * What milters before us added may change, so of a message that has a
 * Message-ID only that and a few fields count. One that has none is known by
 * all of its octets.
 */
static enum ledger_result
open_ledger(struct run *r, const char *body, size_t len, bool make,
    struct err *e)
{
	static const char *const	names[] = { "Message-ID", "Date",
	    "From", "To", "Subject" };
	const struct header_list	*l = frame_headers(r->m);
	struct smtp_piece		 v[8];
	size_t				 i, n = 0;

	v[n++] = (struct smtp_piece){ frame_sender(r->m),
	    strlen(frame_sender(r->m)) };
	if (header_first(l, names[0]) == NULL) {
		v[n++] = (struct smtp_piece){ r->raw.data, r->raw.len };
	} else {
		for (i = 0; i < sizeof names / sizeof *names; i++)
			v[n++] = add_field(l, names[i]);
		v[n++] = (struct smtp_piece){ body, len };
	}
	return ledger_open(r->s->dir, r->s->secret, v, n, make, &r->ledger, e);
}

/* tell - the event of one copy that was not taken */
static void
tell(struct run *r, const char *rcpt, const char *result,
    const struct smtp_reply *reply)
{
	frame_count(r->m, "unsubscribe_copies_total", "result", result);
	frame_event(r->m, LOG_NOTICE, "split_copy", LOG_STR("stream",
	    r->stream->name), LOG_STR("rcpt", rcpt), LOG_STR("result",
	    result), LOG_STR("reply", reply->text));
	if (r->reply.text[0] == '\0')
		r->reply = *reply;
}

/* copy - hand over one; -1 with *e when we cannot go on */
static int
copy(struct run *r, const char *rcpt, struct err *e)
{
	struct smtp_reply	reply;
	struct smtp_piece	v[2];
	struct token		t;
	char			text[TOKEN_URL_SIZE], mark[128];

	token_of(r->s->store, r->s->rules, rcpt, &t);
	if (token_url(r->s->tokens, &t, text, e) == -1)
		return -1;
	v[0].p = mark;
	v[0].n = (size_t)snprintf(mark, sizeof mark, MARK ": %s\r\n", text);
	v[1] = (struct smtp_piece){ r->raw.data, r->raw.len };
	smtp_limit(r->smtp, (r->until - clock_mono_us()) / 1000000 + 1);
	switch (smtp_send(r->smtp, frame_sender(r->m), rcpt, v, 2, &reply)) {
	case SMTP_TAKEN:
		if (ledger_add(r->ledger, rcpt, e) == -1)
			return -1;
		frame_count(r->m, "unsubscribe_copies_total", "result",
		    "taken");
		r->taken++;
		return 0;
	case SMTP_REFUSED:
		tell(r, rcpt, "refused", &reply);
		(void)buf_addf(&r->list, "%s\n%s\n", rcpt, reply.text);
		r->refused++;
		return 0;
	case SMTP_LATER:
		tell(r, rcpt, "later", &reply);
		r->waiting++;
		return 0;
	case SMTP_AWAY:
		tell(r, rcpt, reply.sent ? "unknown" : "away", &reply);
		break;
	}
	return err_set(e, "%s: %.200s", r->s->conf->split_server, reply.text);
}

/* copies - to everyone who has none yet; -1 with *e: broken off */
static int
copies(struct run *r, struct err *e)
{
	const char	*rcpt;
	size_t		 i, n = frame_rcpt_count(r->m);

	/* one for each copy, one for the notice */
	if (ledger_room(r->ledger, n + 1, e) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		rcpt = frame_rcpt(r->m, i);
		if (ledger_has(r->ledger, rcpt)) {
			r->before++;
			continue;
		}
		if (clock_mono_us() > r->until)
			return err_set(e, "split_timeout");
		if (copy(r, rcpt, e) == -1)
			return -1;
	}
	return 0;
}

/* later - the sender comes again; what was taken is not sent again */
static enum frame_verdict
later(struct run *r, const char *why)
{
	char	text[TEXT_SIZE];

	frame_event(r->m, LOG_WARNING, "split_waits",
	    LOG_STR("stream", r->stream->name),
	    LOG_INT("recipients", frame_rcpt_count(r->m)),
	    LOG_INT("taken", r->taken + r->before), LOG_STR("why", why));
	frame_count(r->m, "unsubscribe_splits_total", "result", "later");
	(void)snprintf(text, sizeof text, "%zu of %zu recipients wait: %.200s",
	    frame_rcpt_count(r->m) - r->taken - r->before,
	    frame_rcpt_count(r->m), why);
	frame_reply(r->m, "451", "4.3.0", text);
	return FRAME_TEMPFAIL;
}

/* notify - the sender hears of those refused, once; -1 with *e */
static int
notify(struct run *r, struct err *e)
{
	static const char	entry[] = "notice to the sender";
	struct smtp_reply	reply;
	struct smtp_piece	v;
	struct buf		b = BUF_INIT(1u << 20);
	int			rc = 0;

	if (strcmp(frame_sender(r->m), "<>") == 0 ||
	    ledger_has(r->ledger, entry))
		return 0;
	rc = notice_compose(r->m, buf_str(&r->list), &b, e);
	v = (struct smtp_piece){ buf_str(&b), b.len };
	if (rc == 0)
		switch (smtp_send(r->smtp, "<>", frame_sender(r->m), &v, 1,
		    &reply)) {
		case SMTP_TAKEN:
		case SMTP_REFUSED:	/* he takes no mail: nothing helps */
			rc = ledger_add(r->ledger, entry, e);
			break;
		default:
			rc = err_set(e, "notice: %.200s", reply.text);
		}
	buf_free(&b);
	return rc;
}

/* conclude - every copy was taken or refused */
static enum frame_verdict
conclude(struct run *r, struct err *e)
{
	char	text[TEXT_SIZE];
	bool	none = r->taken + r->before == 0;

	if (none) {
		(void)snprintf(text, sizeof text, "All recipients were "
		    "refused, the first with: %.300s", r->reply.text);
		frame_reply(r->m, "550", "5.7.1", text);
	} else if (r->refused > 0 && notify(r, e) == -1) {
		return later(r, e->msg);
	}
	frame_event(r->m, none ? LOG_NOTICE : LOG_INFO, "split",
	    LOG_STR("stream", r->stream->name),
	    LOG_INT("recipients", frame_rcpt_count(r->m)),
	    LOG_INT("taken", r->taken), LOG_INT("before", r->before),
	    LOG_INT("refused", r->refused));
	frame_count(r->m, "unsubscribe_splits_total", "result",
	    none ? "refused" : "done");
	return none ? FRAME_REJECT : FRAME_DISCARD;
}

/* hand_over - with a ledger in hand */
static enum frame_verdict
hand_over(struct run *r)
{
	struct err	 e = { "", 0 };

	if (smtp_open(r->s->conf->split_server, frame_conn(r->m)->hostname,
	    r->s->conf->split_timeout, &r->smtp, &e) == -1 ||
	    copies(r, &e) == -1)
		return later(r, e.msg);
	if (r->waiting > 0)
		return later(r, r->reply.text);
	return conclude(r, &e);
}

/* sweep - old ledgers, now and then */
static void
sweep(const struct split *s)
{
	atomic_llong	*swept = (atomic_llong *)(uintptr_t)&s->swept;
	long long	 last = atomic_load(swept), now = clock_now();

	if (now - last >= SWEEP_EVERY &&
	    atomic_compare_exchange_strong(swept, &last, now))
		(void)ledger_sweep(s->dir, s->conf->split_memory);
}

/* too_large - no copy can be made of what was not kept */
static enum frame_verdict
too_large(struct frame_msg *m)
{
	frame_reply(m, "552", "5.3.4", "Message is too large to be split: "
	    "send one message per recipient");
	return FRAME_REJECT;
}

/* end_run - over: this message does not come again */
static void
end_run(struct run *r, bool over)
{
	/* without a Message-ID, the next one may be another that looks alike */
	ledger_close(&r->ledger, over &&
	    header_first(frame_headers(r->m), "Message-ID") == NULL);
	smtp_close(&r->smtp);
	buf_free(&r->raw);
	buf_free(&r->list);
}

/* with_ledger - act when it is open; there is none: go on without */
static enum frame_verdict
with_ledger(struct run *r, const char *body, size_t len, bool make,
    enum frame_verdict (*act)(struct run *))
{
	struct err	e = { "", 0 };

	switch (open_ledger(r, body, len, make, &e)) {
	case LEDGER_OPEN:
		return act(r);
	case LEDGER_NONE:
		return FRAME_CONTINUE;
	case LEDGER_BUSY:
		return later(r, "the same message is at work");
	case LEDGER_FAULT:
		break;
	}
	return later(r, e.msg);
}

enum frame_verdict
split_send(const struct split *s, struct frame_msg *m,
    const struct stream *stream)
{
	struct run		 r = { .s = s, .m = m, .stream = stream,
	    .list = BUF_INIT(1u << 18) };
	enum frame_verdict	 v;
	const char		*body;
	uint64_t		 total;
	size_t			 len;

	body = frame_body(m, &len, &total);
	if (total > len)
		return too_large(m);
	if (frame_dry(m))
		return FRAME_DISCARD;
	sweep(s);
	r.until = clock_mono_us() + s->conf->split_timeout * 1000000;
	v = compose(&r, body, len) == -1 ? later(&r, "out of memory") :
	    with_ledger(&r, body, len, true, hand_over);
	end_run(&r, v != FRAME_TEMPFAIL);
	return v;
}

/* all_before - an end, if nobody of them is still without his copy */
static enum frame_verdict
all_before(struct run *r)
{
	size_t		i, n = frame_rcpt_count(r->m);
	struct err	e = { "", 0 };

	for (i = 0; i < n && ledger_has(r->ledger, frame_rcpt(r->m, i)); i++)
		r->before++;
	return i == n ? conclude(r, &e) : FRAME_CONTINUE;
}

enum frame_verdict
split_again(const struct split *s, struct frame_msg *m,
    const struct stream *stream)
{
	struct run		 r = { .s = s, .m = m, .stream = stream };
	enum frame_verdict	 v;
	const char		*body;
	uint64_t		 total;
	size_t			 len;

	body = frame_body(m, &len, &total);
	if (total > len || frame_dry(m))
		return FRAME_CONTINUE;
	/* without a Message-ID it is known by all of its octets */
	v = header_first(frame_headers(m), "Message-ID") == NULL &&
	    compose(&r, body, len) == -1 ? later(&r, "out of memory") :
	    with_ledger(&r, body, len, false, all_before);
	end_run(&r, v == FRAME_DISCARD);
	return v;
}

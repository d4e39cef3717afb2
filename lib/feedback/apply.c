/* SPDX-License-Identifier: BSD-2-Clause */
/* apply.c - see apply.h */
#include "feedback/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/codec.h"
#include "feedback/park.h"

#include "base/banned.h"

#define DEDUP_OCTETS	16	/* of the digest that tells reports apart */
#define DEDUP_SIZE	CODEC_HEX_SIZE(DEDUP_OCTETS)

/* What one change points to, kept until the store has it. */
struct slot {
	struct addr	addr;
	struct store_id	id;
	char		dedup[DEDUP_SIZE];	/* no key: never stored */
	char		evidence[STORE_EVIDENCE_MAX + 1];
	size_t		event;
};

/* One mail on its way. */
struct job {
	const struct apply	*a;
	struct apply_mail	*m;
	const char		*raw;
	size_t			 len;
	bool			 trust;
	const struct belief_way	*way;
	const char		*reporter;	/* listed and proven, or NULL */
	struct store_change	*changes;
	struct slot		*slots;
	size_t			 n;
};

const char *
apply_result_name(enum apply_result r)
{
	switch (r) {
	case APPLY_CHANGED:	return "changed";
	case APPLY_KNOWN:	return "known";
	case APPLY_COUNTED:	return "counted";
	case APPLY_PARKED:	return "parked";
	case APPLY_REFUSED:	return "refused";
	case APPLY_FAILED:	return "failed";
	}
	return "failed";
}

static void
park_event(struct apply_event *ae, const char *why)
{
	ae->result = APPLY_PARKED;
	(void)snprintf(ae->why, sizeof ae->why, "%.*s",
	    (int)sizeof ae->why - 1, why);
}

/* scope_name - of a token's scope, among those that our streams have; the
 * first such stream's name, "" for all mail */
static const char *
scope_name(const struct apply *a, uint32_t id, const char **stream)
{
	const struct stream	*s;
	size_t			 i, k;

	if (id == store_scope_id("*"))
		return "*";
	for (i = 0; i < stream_count(a->streams); i++) {
		s = stream_at(a->streams, i);
		for (k = 0; k < s->scopes.n; k++)
			if (store_scope_id(s->scopes.v[k]) == id) {
				*stream = s->name;
				return s->scopes.v[k];
			}
	}
	return NULL;
}

/* body_of - where the report's body begins; trace fields differ each time */
static size_t
body_of(const char *raw, size_t len)
{
	const char	*p = memmem(raw, len, "\n\n", 2);
	const char	*q = memmem(raw, len, "\n\r\n", 3);

	if (q != NULL && (p == NULL || q < p))
		p = q;
	return p == NULL ? 0 : (size_t)(p - raw);
}

/* make_dedup - what is the same for the same report about the same one */
static int
make_dedup(const struct job *j, const struct feedback_event *ev,
    struct slot *s)
{
	const struct feedback	*fb = j->m->fb;
	EVP_MD_CTX		*c = EVP_MD_CTX_new();
	unsigned char		 md[EVP_MAX_MD_SIZE];
	const char		*kind = feedback_kind_name(ev->kind);
	size_t			 body = body_of(j->raw, j->len);
	unsigned		 n;
	bool			 ok;

	ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(c, kind, strlen(kind) + 1) == 1 &&
	    EVP_DigestUpdate(c, &s->id, sizeof s->id) == 1 &&
	    EVP_DigestUpdate(c, s->addr.text, strlen(s->addr.text) + 1) == 1;
	if (ok && ev->event_id[0] != '\0')
		ok = EVP_DigestUpdate(c, j->reporter, strlen(j->reporter) +
		    1) == 1 && EVP_DigestUpdate(c, ev->event_id,
		    strlen(ev->event_id)) == 1;
	else if (ok && fb->report_id[0] != '\0')
		ok = EVP_DigestUpdate(c, fb->report_id,
		    strlen(fb->report_id)) == 1;
	else if (ok)
		ok = EVP_DigestUpdate(c, j->raw + body, j->len - body) == 1;
	ok = ok && EVP_DigestFinal_ex(c, md, &n) == 1;
	EVP_MD_CTX_free(c);
	if (!ok)
		return -1;
	(void)codec_hex(md, DEDUP_OCTETS, s->dedup);
	return 0;
}

/* what - the table of apply.h: operation and reason of a believed event */
static bool
what(const struct apply *a, const struct feedback_event *ev,
    struct store_change *c)
{
	c->op = STORE_ADD;
	switch (ev->kind) {
	case FEEDBACK_BOUNCE:
		if (ev->hard)
			c->reason = strcmp(ev->reason, "hostunknown") == 0 ||
			    strcmp(ev->reason, "notaccept") == 0 ?
			    STORE_INVALID_DOMAIN : STORE_HARD_BOUNCE;
		else if (a->ctx.bounces != NULL &&
		    bounces_ours(a->ctx.bounces, ev->reason))
			return false;
		else
			c->reason = STORE_SOFT_BOUNCE;
		return true;
	case FEEDBACK_COMPLAINT:
		c->reason = STORE_COMPLAINT;
		return true;
	case FEEDBACK_OPTOUT:
		c->reason = STORE_OPTOUT;
		return true;
	case FEEDBACK_NOT_SPAM:
		c->op = STORE_REMOVE;
		c->reason = STORE_COMPLAINT;
		c->note = "the recipient says that it is not spam";
		c->override = true;
		return true;
	case FEEDBACK_DELIVERED:
		c->op = STORE_DELIVERED;
		return true;
	case FEEDBACK_DELAYED:
	case FEEDBACK_VACATION:
	case FEEDBACK_OTHER:
		return false;
	}
	return false;
}

/* where - the scope of the change; NULL and why when there is none */
static const char *
where(const struct job *j, const struct feedback_event *ev,
    const struct belief_answer *b, struct apply_event *ae)
{
	const struct feedback_conf *conf = j->a->conf;
	const char		*scope = NULL;
	size_t			 i;

	if (b->by_token)
		scope = scope_name(j->a, ev->token.scope, &ae->stream);

	/* a link gets about: what it proves stops its own scope only */
	if ((ev->kind == FEEDBACK_BOUNCE && !b->link) ||
	    ev->kind == FEEDBACK_DELIVERED)
		return conf->bounce_scope;
	if (ev->kind != FEEDBACK_OPTOUT && ev->kind != FEEDBACK_BOUNCE &&
	    conf->complaint_scope[0] != '\0')
		return conf->complaint_scope;
	if (!b->by_token)
		return ev->scope[0] != '\0' ? ev->scope :
		    conf->default_scope;
	if (scope == NULL) {
		park_event(ae, "scope-of-token-unknown");
		return NULL;
	}
	if (strcmp(ev->agent, "reply") != 0)
		return scope;
	for (i = 0; i < conf->optout_replies.n; i++)
		if (strcmp(conf->optout_replies.v[i], scope) == 0)
			return scope;
	park_event(ae, "scope-takes-no-optout-by-reply");
	return NULL;
}

/* whom - the recipient as the store wants it; false when parked */
static bool
whom(const struct job *j, const struct feedback_event *ev,
    const struct belief_answer *b, struct slot *s, struct store_change *c,
    struct apply_event *ae)
{
	memset(&s->id, 0, sizeof s->id);
	s->addr.text[0] = '\0';
	if (b->by_token) {
		s->id = b->id;
		c->id = &s->id;
		return true;
	}
	if (addr_normal(ev->recipient, strlen(ev->recipient), j->a->rules,
	    &s->addr, NULL) != ADDR_OK) {
		park_event(ae, "recipient-is-no-address");
		return false;
	}
	c->addr = &s->addr;
	return true;
}

/* source - "bounce:token", "complaint:NAME" for the store's record */
static void
source(const struct feedback_event *ev, const struct belief_answer *b,
    bool trust, struct apply_event *ae)
{
	(void)snprintf(ae->source, sizeof ae->source, "%s:%s",
	    feedback_kind_name(ev->kind), b->by_token ? "token" :
	    b->reporter[0] != '\0' ? b->reporter : trust ? "accepted" : "-");
}

/* evidence - the report's Message-ID, or a number for it when there is none or
 * it spells the recipient; keyed, or addresses could be tried against it */
static void
evidence(const struct job *j, const struct feedback_event *ev, struct slot *s)
{
	const char	*id = ev->event_id[0] != '\0' ? ev->event_id :
	    j->m->fb->report_id;
	const char	*at = strchr(ev->recipient, '@');
	size_t		 n = at == NULL ? 0 : (size_t)(at - ev->recipient);
	uint8_t		 mac[32];
	char		 hex[DEDUP_SIZE];

	if (id[0] == '\0' || strlen(id) >= sizeof s->evidence ||
	    (n > 2 && memmem(id, strlen(id), ev->recipient, n) != NULL)) {
		store_keys_mac(j->a->keys, 0, "mailweir evidence", s->dedup,
		    strlen(s->dedup), mac);
		(void)codec_hex(mac, DEDUP_OCTETS, hex);
		id = hex;
	}
	(void)snprintf(s->evidence, sizeof s->evidence, "%.*s",
	    STORE_EVIDENCE_MAX, id);
}

/* judge - one event: a change, a count, or parked. -1: cannot say now */
static int
judge(struct job *j, size_t i)
{
	const struct feedback_event *ev = &j->m->fb->v[i];
	struct apply_event	*ae = &j->m->v[i];
	struct store_change	*c = &j->changes[j->n];
	struct slot		*s = &j->slots[j->n];
	struct belief_answer	 b;

	memset(c, 0, sizeof *c);
	ae->scope = ae->stream = "";
	ae->reporter = j->reporter != NULL ? j->reporter : "";
	ae->result = APPLY_COUNTED;
	belief_event(j->a->belief, j->m->fb, i, j->a->keys, j->a->rules,
	    j->reporter, &b);
	source(ev, &b, j->trust, ae);
	if (!what(j->a, ev, c))
		return 0;
	if (b.verdict != 1 && j->trust && ev->recipient[0] != '\0')
		b.verdict = 1;
	if (b.verdict != 1) {
		park_event(ae, b.why);
		return 0;
	}
	if ((c->scope = where(j, ev, &b, ae)) == NULL ||
	    !whom(j, ev, &b, s, c, ae))
		return 0;
	if (make_dedup(j, ev, s) == -1)
		return err_set(&j->m->err, "out of memory");
	evidence(j, ev, s);
	s->event = i;
	c->source = ae->source;
	c->evidence = s->evidence;
	c->dedup = s->dedup;
	ae->scope = c->scope;
	ae->reason = c->reason;
	j->n++;
	return 0;
}

/* commit - all changes, durable when this returns 0 */
static int
commit(struct job *j)
{
	struct apply_event	*ae;
	bool			 refused = false;
	size_t			 i;

	if (j->n == 0)
		return 0;
	if (store_apply(j->a->store, j->a->actor, j->changes, j->n,
	    &j->m->err) == -1) {
		for (i = 0; i < j->n; i++)
			refused |= j->changes[i].result == -1;
		if (!refused)
			return -1;
	}
	for (i = 0; i < j->n; i++) {
		ae = &j->m->v[j->slots[i].event];
		if (refused)
			park_event(ae, j->changes[i].result == -1 ?
			    j->changes[i].why : "refused-with-others");
		else
			ae->result = j->changes[i].result == 1 ?
			    APPLY_CHANGED : APPLY_KNOWN;
	}
	return 0;
}

/* summary - the most serious result; the reason to park, or NULL */
static const char *
summary(struct apply_mail *m)
{
	const char	*why = NULL;
	size_t		 i;

	if (m->fb->n == 0) {
		m->result = APPLY_PARKED;
		return m->fb->why;
	}
	m->result = m->v[0].result;
	for (i = 0; i < m->fb->n; i++) {
		if (m->v[i].result == APPLY_PARKED && why == NULL)
			why = m->v[i].why;
		if (m->v[i].result == APPLY_CHANGED &&
		    m->result != APPLY_PARKED)
			m->result = APPLY_CHANGED;
		if (m->v[i].result == APPLY_PARKED)
			m->result = APPLY_PARKED;
	}
	return why;
}

/* vouched - where no token speaks, or only a link's: a listed reporter, and is
 * the mail that it returns ours? -1 = a key could not be looked up */
static int
vouched(struct job *j)
{
	struct feedback		*fb = j->m->fb;
	struct feedback_original *o = &fb->original;
	size_t			 i;
	int			 rc;

	for (i = 0; i < fb->n; i++)
		if (fb->v[i].token_state == TOKEN_NONE ||
		    fb->v[i].token_at == FEEDBACK_TOKEN_RETURNED)
			break;
	if (i == fb->n)
		return 0;
	rc = belief_reporter(j->a->belief, j->raw, j->len, j->way, fb,
	    &j->reporter);
	if (rc == 1 && o->len > 0 && j->a->proof != NULL) {
		rc = proof_ours(j->a->proof, j->raw + o->off, o->len,
		    o->whole);
		o->signed_by_us = rc == 1;
	}
	return rc != -1 ? 0 : err_set(&j->m->err, "a DKIM key or SPF record "
	    "could not be looked up");
}

/* run - all steps but the parking; -1 = failed */
static int
run(struct job *j, const char *rcpt)
{
	struct apply_mail	*m = j->m;
	size_t			 i, n;

	if (feedback_parse(&j->a->ctx, j->raw, j->len, rcpt, &m->fb,
	    &m->err) == -1)
		return -1;
	n = m->fb->n > 0 ? m->fb->n : 1;
	m->v = calloc(n, sizeof *m->v);
	j->changes = calloc(n, sizeof *j->changes);
	j->slots = calloc(n, sizeof *j->slots);
	if (m->v == NULL || j->changes == NULL || j->slots == NULL)
		return err_set(&m->err, "out of memory");
	if (vouched(j) == -1)
		return -1;
	for (i = 0; i < m->fb->n; i++)
		if (judge(j, i) == -1)
			return -1;
	return commit(j);
}

/* whence - what shares a part of the parked: the client, else a domain, which
 * is easily made up, but a forger has only so many clients */
static const char *
whence(const struct apply_mail *m, const struct belief_way *way)
{
	const char	*sender = way->sender != NULL ? way->sender : "", *at;

	if (way->client != NULL && way->client[0] != '\0')
		return way->client;
	at = strrchr(sender[0] != '\0' ? sender : m->fb->from, '@');
	return at != NULL ? at + 1 : "";
}

/* park - the whole of it; -1 = it is still the sender's to keep */
static int
park(const struct job *j, const char *why, const char *rcpt)
{
	const struct feedback_conf *conf = j->a->conf;
	const struct park_limits lim = { conf->park_max, conf->park_share };
	const struct park_report r = { .reason = why, .rcpt = rcpt,
	    .source = whence(j->m, j->way), .raw = j->raw, .len = j->len,
	    .sender = j->way->sender != NULL ? j->way->sender : "" };

	return park_add(conf->park_dir, &lim, &r, j->m->park_id,
	    &j->m->err) == -1 ? -1 : 0;
}

void
apply_mail(const struct apply *a, const char *raw, size_t len,
    const struct belief_way *way, const char *rcpt, bool trust,
    struct apply_mail *m)
{
	struct job	j = { .a = a, .m = m, .raw = raw, .len = len,
	    .trust = trust, .way = way };
	const char	*why;
	int		 rc;

	memset(m, 0, sizeof *m);
	rc = run(&j, rcpt);
	free(j.changes);
	free(j.slots);
	if (rc == -1) {
		m->result = APPLY_FAILED;
		return;
	}
	if ((why = summary(m)) != NULL && !trust && park(&j, why, rcpt) == -1)
		m->result = APPLY_FAILED;
}

int
apply_events(const struct apply *a, struct feedback *fb, const char *reporter,
    struct apply_events *out, struct err *e)
{
	struct apply_mail	m = { .fb = fb };
	struct job		j = { .a = a, .m = &m, .raw = "",
	    .reporter = reporter };
	size_t			i, before, n = fb->n > 0 ? fb->n : 1;

	out->nv = fb->n;
	out->v = m.v = calloc(n, sizeof *m.v);
	out->changes = j.changes = calloc(n, sizeof *j.changes);
	out->slots = j.slots = calloc(n, sizeof *j.slots);
	out->event = calloc(n, sizeof *out->event);
	out->n = 0;
	if (m.v == NULL || j.changes == NULL || j.slots == NULL ||
	    out->event == NULL)
		goto fail;
	for (i = 0; i < fb->n; i++) {
		before = j.n;
		if (judge(&j, i) == -1)
			goto fail;
		if (m.v[i].result == APPLY_PARKED)
			m.v[i].result = APPLY_REFUSED;
		if (j.n == before)
			continue;
		/* very many, once more does nothing: not to be remembered */
		if (j.changes[before].op == STORE_DELIVERED)
			j.changes[before].dedup = NULL;
		out->event[before] = i;
	}
	out->n = j.n;
	return 0;
fail:
	apply_events_free(out);
	return err_set(e, "out of memory");
}

bool
apply_events_told(struct apply_events *p, bool applied)
{
	struct apply_event	*ae;
	size_t			 i, left = 0;

	for (i = 0; i < p->n; i++) {
		ae = &p->v[p->event[i]];
		if (applied) {
			ae->result = p->changes[i].result == 1 ?
			    APPLY_CHANGED : APPLY_KNOWN;
		} else if (p->changes[i].result == -1) {
			park_event(ae, p->changes[i].why);
			ae->result = APPLY_REFUSED;
		} else {
			p->changes[left] = p->changes[i];
			p->event[left++] = p->event[i];
		}
	}
	p->n = left;
	return left > 0;
}

void
apply_events_free(struct apply_events *p)
{
	free(p->v);
	free(p->changes);
	free(p->slots);
	free(p->event);
	memset(p, 0, sizeof *p);
}

void
apply_mail_free(struct apply_mail *m)
{
	feedback_free(&m->fb);
	free(m->v);
	memset(m, 0, sizeof *m);
}

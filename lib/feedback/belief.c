/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * belief.c - see belief.h
 *
 *	token		at		event		believed
 *	forged		any		any		no
 *	expired		address		optout		yes
 *	expired		any		others		no
 *	valid		address		optout		yes, about its recipient
 *	valid, VERP	address		others		yes, about its recipient
 *	valid, not VERP	address		others		no: a link that was
 *							passed on ends a list's
 *							mail, not all mail
 *	valid		returned	complaint	yes, about its recipient
 *	valid		returned	bounce		if it names that one;
 *							a link's token stops
 *							its scope only
 *	valid, not VERP	returned	not-spam,	if a listed reporter
 *					delivered	vouches, too
 *	valid		quoted		optout		if the author matches
 *	none		-		any		if a listed reporter
 *							says so and returns no
 *							mail of others
 */
#include "feedback/belief.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "feedback/client.h"
#include "mail/header.h"

#include "base/banned.h"

#define HEADERS_MAX	500
#define OCTETS_MAX	65536

struct reporter {
	const char		*name;
	struct conf_list	 local, dkim, spf, border, authserv, from;
	const char		*complaint_dir;
};

struct belief {
	struct reporter	*v;
	size_t		 n;
	belief_dkim	 dkim;
	belief_spf	 spf;
	void		*dkim_arg, *spf_arg;
};

const struct conf_param reporter_params[] = {
	CONF_LIST(struct reporter, local, "",
	    "Names of our own MTAs, as they write them after \"by\" in "
	    "Received: what such an MTA itself reports is believed."),
	CONF_LIST(struct reporter, dkim, "",
	    "Domains (d=), one of whose DKIM signatures must verify."),
	CONF_LIST(struct reporter, spf, "",
	    "Domains of the envelope sender, one of which must pass SPF; "
	    "instead of a signature. The client is the one that Postfix tells "
	    "(lmtp_send_xforward_command = yes), or border."),
	CONF_LIST(struct reporter, border, "",
	    "Names of our own borders, as they write them after \"by\" in "
	    "Received: where Postfix tells no client, SPF asks about the one "
	    "in the topmost such line."),
	CONF_LIST(struct reporter, authserv, "",
	    "Names of our own borders, whose Authentication-Results are "
	    "taken for the verification of dkim and spf. They must remove "
	    "foreign fields of their name. Empty: verify here."),
	CONF_LIST(struct reporter, from, "",
	    "Author addresses (\"a@b.example\", \"@b.example\") that this "
	    "reporter writes from. Empty: any."),
	CONF_STR(struct reporter, complaint_dir, "",
	    "Folder for this reporter's complaints, as complaint_dir of "
	    "[feedback] is for all. Empty: that one."),
	CONF_END
};

int
belief_load(const struct conf *c, struct belief **out, struct err *e)
{
	const struct conf_section	*s = NULL;
	struct belief			*b = calloc(1, sizeof *b);
	struct reporter			*v;
	char				 where[300];

	*out = NULL;
	if (b == NULL)
		return err_set(e, "out of memory");
	while ((s = conf_next(c, "reporter", s)) != NULL) {
		v = realloc(b->v, (b->n + 1) * sizeof *v);
		if (v == NULL) {
			belief_free(&b);
			return err_set(e, "out of memory");
		}
		b->v = v;
		v += b->n++;
		if (conf_bind(c, s, reporter_params, v, e) == -1) {
			belief_free(&b);
			return -1;
		}
		v->name = conf_section_name(s);
		if (v->local.n == 0 && v->dkim.n == 0 && v->spf.n == 0) {
			(void)err_set(e, "%s: not local, dkim or spf: "
			    "nothing would prove this reporter",
			    conf_where(s, "dkim", where, sizeof where));
			belief_free(&b);
			return -1;
		}
	}
	*out = b;
	return 0;
}

void
belief_free(struct belief **b)
{
	if (*b == NULL)
		return;
	free((*b)->v);
	free(*b);
	*b = NULL;
}

void
belief_notes(const struct belief *b, void (*note)(void *arg,
    const char *what), void *arg)
{
	char	what[400];
	size_t	i;

	for (i = 0; i < b->n; i++) {
		if (b->v[i].from.n > 0 || b->v[i].local.n > 0)
			continue;
		(void)snprintf(what, sizeof what, "[reporter %s]: from is "
		    "empty: whoever writes by this provider is believed",
		    b->v[i].name);
		note(arg, what);
	}
}

void
belief_set_dkim(struct belief *b, belief_dkim f, void *arg)
{
	b->dkim = f;
	b->dkim_arg = arg;
}

void
belief_set_spf(struct belief *b, belief_spf f, void *arg)
{
	b->spf = f;
	b->spf_arg = arg;
}

/* word_in - does the host's name stand in the list? */
static bool
word_in(const struct conf_list *l, const char *p, size_t n)
{
	size_t	i;

	for (i = 0; i < l->n; i++)
		if (strlen(l->v[i]) == n && strncasecmp(l->v[i], p, n) == 0)
			return true;
	return false;
}

/* from_ok - is the author one of the reporter's? */
static bool
from_ok(const struct reporter *r, const char *from)
{
	const char	*at = strchr(from, '@');
	size_t		 i;

	for (i = 0; i < r->from.n; i++)
		if (strcasecmp(r->from.v[i], from) == 0 || (at != NULL &&
		    r->from.v[i][0] == '@' &&
		    strcasecmp(r->from.v[i], at) == 0))
			return true;
	return r->from.n == 0;
}

/*
 * is_local - was it our MTA that wrote it?
 *
 * "Received: by mx.example.com (Postfix) id ..." has no "from": Postfix writes
 * it so for what it makes itself. What came by SMTP or sendmail(1) has one.
 */
static bool
is_local(const struct reporter *r, const struct header_list *hl)
{
	const struct header	*h;
	const char		*p, *end;

	if (r->local.n == 0 || (h = header_first(hl, "Received")) == NULL)
		return false;
	p = h->value;
	end = p + h->value_len;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n'))
		p++;
	if (end - p < 4 || strncasecmp(p, "by ", 3) != 0 ||
	    memmem(p, (size_t)(end - p), "from ", 5) != NULL)
		return false;
	p += 3;
	return word_in(&r->local, p, strcspn(p, " \t\n(;"));
}

/*
 * bare - a structured value without comments; quoted text becomes "?", white
 * space one blank. What a sender chose (a quoted local part, a reason) can
 * then not be read as a result.
 */
static void
bare(const char *p, struct buf *out)
{
	bool	quoted = false;
	int	depth = 0;

	for (; *p != '\0'; p++) {
		if ((quoted || depth > 0) && *p == '\\' && p[1] != '\0') {
			p++;
		} else if (*p == '"' && depth == 0) {
			quoted = !quoted;
			if (quoted)
				(void)buf_addc(out, '?');
		} else if (*p == '(' && !quoted) {
			depth++;
		} else if (*p == ')' && depth > 0) {
			depth--;
		} else if (quoted || depth > 0) {
			;
		} else if (strchr(" \t\r\n", *p) == NULL) {
			(void)buf_addc(out, *p);
		} else if (out->len > 0 && out->data[out->len - 1] != ' ') {
			(void)buf_addc(out, ' ');
		}
	}
}

/* result - "dkim=pass ... header.d=domain": does one result of a bare value
 * pass, for a domain of the list? Of an address only its domain counts. */
static bool
result(const struct conf_list *domains, const char *method,
    const char *property, const char *p, const char *end)
{
	size_t		 m = strlen(method), k = strlen(property), n;
	const char	*at;

	p += strspn(p, " ");
	if (strncasecmp(p, method, m) != 0 || strchr(" ;", p[m]) == NULL)
		return false;
	for (; p < end; p += strcspn(p, " ;"), p += *p == ' ') {
		if (strncasecmp(p, property, k) != 0)
			continue;
		p += k;
		n = strcspn(p, " ;");
		at = memrchr(p, '@', n);
		if (at != NULL) {
			n -= (size_t)(at + 1 - p);
			p = at + 1;
		}
		return word_in(domains, p, n);
	}
	return false;
}

/* passed - one result that proves the reporter */
static bool
passed(const struct reporter *r, const char *p, const char *end)
{
	return result(&r->dkim, "dkim=pass", "header.d=", p, end) ||
	    result(&r->spf, "spf=pass", "smtp.mailfrom=", p, end);
}

/* by_border - "host; dkim=pass header.d=domain" in the topmost field */
static int
by_border(const struct reporter *r, const struct header_list *hl)
{
	const struct header	*h;
	struct buf		 b = BUF_INIT(OCTETS_MAX);
	const char		*p, *end;
	int			 rc = 0;

	if ((h = header_first(hl, "Authentication-Results")) == NULL)
		return 0;
	bare(h->value + strspn(h->value, " \t\n"), &b);
	p = buf_str(&b);
	if (b.failed)
		rc = -1;
	else if (word_in(&r->authserv, p, strcspn(p, " ;")))
		for (p += strcspn(p, ";"); rc == 0 && *p == ';'; p = end) {
			end = p + 1 + strcspn(p + 1, ";");
			rc = passed(r, p + 1, end);
		}
	buf_free(&b);
	return rc;
}

/* by_dkim - verify here */
static int
by_dkim(const struct belief *b, const struct reporter *r, const char *raw,
    size_t len)
{
	size_t	i;
	int	rc, worst = 0;

	for (i = 0; i < r->dkim.n && b->dkim != NULL; i++) {
		rc = b->dkim(b->dkim_arg, raw, len, r->dkim.v[i]);
		if (rc == 1)
			return 1;
		if (rc == -1)
			worst = -1;
	}
	return worst;
}

/* by_spf - ask about the client and the envelope sender's domain */
static int
by_spf(const struct belief *b, const struct reporter *r,
    const struct header_list *hl, const struct belief_way *way)
{
	const struct header	*h = header_first(hl, "Received");
	const char		*at, *client = way->client;
	char			 topmost[CLIENT_SIZE];

	if (b->spf == NULL || way->sender == NULL ||
	    (at = strrchr(way->sender, '@')) == NULL ||
	    !word_in(&r->spf, at + 1, strlen(at + 1)))
		return 0;
	if (client == NULL || client[0] == '\0') {
		if (h == NULL || !client_of(h->value, h->value_len,
		    &r->border, topmost))
			return 0;
		client = topmost;
	}
	return b->spf(b->spf_arg, client, at + 1);
}

/* proves - is this mail the reporter's? */
static int
proves(const struct belief *b, const struct reporter *r,
    const struct header_list *hl, const char *raw, size_t len,
    const struct belief_way *way)
{
	int	dkim, spf;

	if (is_local(r, hl))
		return 1;
	if (r->authserv.n > 0)
		return by_border(r, hl);
	if ((dkim = by_dkim(b, r, raw, len)) == 1)
		return 1;
	spf = by_spf(b, r, hl, way);
	return spf != 0 ? spf : dkim;
}

/* twice - fields that stand once: who reads the first believes other than what
 * a signature of the last one says */
static bool
twice(const struct header_list *hl)
{
	return header_count(hl, "From") > 1 ||
	    header_count(hl, "Content-Type") > 1 ||
	    header_count(hl, "Content-Transfer-Encoding") > 1;
}

int
belief_reporter(const struct belief *b, const char *raw, size_t len,
    const struct belief_way *way, const struct feedback *fb,
    const char **name)
{
	struct header_list	 hl;
	const struct reporter	*r;
	bool			 cut;
	int			 rc = 0, one;

	if (b->n == 0)
		return 0;
	header_list_init(&hl);
	if (header_parse(raw, len, HEADERS_MAX, OCTETS_MAX, &hl, &cut) == -1)
		rc = -1;
	for (r = b->v; rc != -1 && !twice(&hl) && r < b->v + b->n; r++) {
		if (!from_ok(r, fb->from))
			continue;
		if ((one = proves(b, r, &hl, raw, len, way)) == 1) {
			*name = r->name;
			rc = 1;
			break;
		}
		if (one == -1)
			rc = -1;
	}
	header_list_free(&hl);
	return rc;
}

const char *
belief_complaint_dir(const struct belief *b, const char *reporter,
    const char *common)
{
	size_t	i;

	for (i = 0; i < b->n; i++)
		if (strcmp(b->v[i].name, reporter) == 0 &&
		    b->v[i].complaint_dir[0] != '\0')
			return b->v[i].complaint_dir;
	return common;
}

/* names - is this address the token's recipient? */
static bool
names(const struct token *t, const char *address,
    const struct store_keys *keys, const struct addr_rules *rules)
{
	struct store_id	id;
	struct addr	a;
	unsigned	i;

	if (address[0] == '\0' || addr_normal(address, strlen(address), rules,
	    &a, NULL) != ADDR_OK)
		return false;
	for (i = 0; i < store_keys_count(keys); i++) {
		if (store_keys_id(keys, i) != t->store_key)
			continue;
		store_keys_address(keys, i, &a, &id);
		if (CRYPTO_memcmp(id.digest, t->digest,
		    sizeof id.digest) == 0)
			return true;
	}
	return false;
}

static void
refuse(struct belief_answer *a, const char *why)
{
	a->verdict = 0;
	(void)snprintf(a->why, sizeof a->why, "%s", why);
}

/* by_token - the upper part of the table */
static void
by_token(const struct feedback *fb, const struct feedback_event *ev,
    const struct store_keys *keys, const struct addr_rules *rules,
    const char *reporter, struct belief_answer *a)
{
	const struct token	*t = &ev->token;
	bool			 link = t->kind != TOKEN_VERP &&
	    ev->token_at == FEEDBACK_TOKEN_RETURNED && reporter == NULL;

	if (t->kind == TOKEN_PAGE) {
		refuse(a, "token-names-no-recipient");
		return;
	}
	if (ev->token_at == FEEDBACK_TOKEN_RCPT && t->kind != TOKEN_VERP &&
	    ev->kind != FEEDBACK_OPTOUT) {
		refuse(a, "token-only-unsubscribes");
		return;
	}
	if (link && (ev->kind == FEEDBACK_NOT_SPAM ||
	    ev->kind == FEEDBACK_DELIVERED)) {
		refuse(a, "token-only-suppresses");
		return;
	}
	if (ev->token_at == FEEDBACK_TOKEN_RETURNED) {
		if (ev->kind == FEEDBACK_OPTOUT &&
		    ev->feedback_type[0] == '\0' &&
		    !names(t, fb->from, keys, rules)) {
			refuse(a, "author-is-not-tokens-recipient");
			return;
		}
		if ((ev->kind == FEEDBACK_BOUNCE ||
		    ev->kind == FEEDBACK_DELAYED ||
		    ev->kind == FEEDBACK_DELIVERED) &&
		    !names(t, ev->recipient, keys, rules) &&
		    !names(t, ev->original_recipient, keys, rules)) {
			refuse(a, "recipient-is-not-tokens");
			return;
		}
	}
	a->verdict = 1;
	a->by_token = true;
	a->link = link;
	a->id.key = t->store_key;
	memcpy(a->id.digest, t->digest, sizeof a->id.digest);
}

/*
 * ours - may the returned mail be one that we sent?
 *
 * It has no token (that was asked before). Our own MTA returns only what it
 * had in its queue; anybody else must return our signature.
 */
static bool
ours(const struct belief *b, const struct feedback *fb, const char *reporter)
{
	const struct reporter	*r;

	if (fb->original.signed_by_us)
		return true;
	for (r = b->v; r < b->v + b->n; r++)
		if (strcmp(r->name, reporter) == 0)
			return r->local.n > 0;
	return false;
}

void
belief_event(const struct belief *b, const struct feedback *fb, size_t i,
    const struct store_keys *keys, const struct addr_rules *rules,
    const char *reporter, struct belief_answer *a)
{
	const struct feedback_event	*ev = &fb->v[i];

	memset(a, 0, sizeof *a);
	a->reporter = "";
	switch (ev->token_state) {
	case TOKEN_VALID:
		by_token(fb, ev, keys, rules, reporter, a);
		return;
	case TOKEN_EXPIRED:
		if (ev->kind == FEEDBACK_OPTOUT &&
		    ev->token_at == FEEDBACK_TOKEN_RCPT)
			by_token(fb, ev, keys, rules, reporter, a);
		else
			refuse(a, "token-expired");
		return;
	case TOKEN_FORGED:
		refuse(a, "token-forged");
		return;
	case TOKEN_UNKNOWN_KEY:
		refuse(a, "token-of-unknown-key");
		return;
	case TOKEN_VERSION:
		refuse(a, "token-of-later-version");
		return;
	case TOKEN_NONE:
		break;
	}
	if (reporter == NULL) {
		refuse(a, "no-token-and-no-listed-reporter");
		return;
	}
	if (fb->original.present && !ours(b, fb, reporter)) {
		refuse(a, "returns-a-mail-that-is-not-ours");
		return;
	}
	if (ev->recipient[0] == '\0') {
		refuse(a, "names-no-recipient");
		return;
	}
	a->verdict = 1;
	a->reporter = reporter;
}

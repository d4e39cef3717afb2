/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose.c - which keys sign this message
 *
 *	stream names keys			those keys
 *	sign_by has from, From has addresses	for each distinct address its
 *						keys (dtable.h)
 *	sign_by has sender, sasl		the keys of the envelope sender
 *						or login; the first of sign_by
 *						that finds a key wins
 *	two From fields, or none		none: the message is at fault
 *	only groups or nothing in From		none by from
 *	a key's skip_rcpt_domains hits		not that key
 */
#include "dkim/choose.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

#include "base/banned.h"

#define FROM_MAX	10	/* addresses of From that are looked up */

/* What collect() is given. */
struct seen {
	const struct dkim_snap	*s;
	struct choice		*out;
	size_t			 n;
};

/* set_identity - i= with the address' domain for "%"; none when it is not in
 * or below d=, where receivers would refuse it */
static void
set_identity(char out[ADDR_SIZE], const char *text, const char *domain,
    const char *d)
{
	struct buf	 b = BUF_INIT(ADDR_SIZE - 1);
	const char	*at;
	size_t		 n, k = strlen(d);

	for (; *text != '\0'; text++)
		if (*text == '%')
			(void)buf_adds(&b, domain);
		else
			(void)buf_addc(&b, *text);
	(void)snprintf(out, ADDR_SIZE, "%s", b.failed ? "" : buf_str(&b));
	buf_free(&b);
	at = strrchr(out, '@');
	n = at != NULL ? strlen(at + 1) : 0;
	if (n < k || strcasecmp(at + 1 + n - k, d) != 0 ||
	    (n > k && at[n - k] != '.'))
		out[0] = '\0';
}

/* is_ldh - could it be a domain in a signature? */
static bool
is_ldh(const char *d)
{
	return d[strspn(d, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] ==
	    '\0' && d[0] != '.' && strstr(d, "..") == NULL;
}

/* add - one entry, once; d= is the address' domain where the entry says so */
static void
add(struct choice *c, const struct dtable_entry *entry, const char *domain)
{
	const char	*d = strcmp(entry->domain, "%") == 0 ? domain :
			    entry->domain;
	size_t		 i;

	for (i = 0; i < c->n; i++)
		if (c->v[i].entry == entry && strcmp(c->v[i].domain, d) == 0)
			return;
	if (c->n == DTABLE_FOUND || d[0] == '\0' || !is_ldh(d))
		return;
	c->v[c->n].entry = entry;
	set_identity(c->v[c->n].identity, entry->identity, domain, d);
	(void)snprintf(c->v[c->n++].domain, sizeof c->v[0].domain, "%s", d);
}

/* add_for - the keys of one address */
static void
add_for(const struct dkim_snap *s, const char *local, const char *domain,
    struct choice *c)
{
	const struct dtable_entry	*v[DTABLE_FOUND];
	size_t				 n, i;

	n = dtable_find(s->table, local, domain, v);
	for (i = 0; i < n; i++)
		add(c, v[i], domain);
}

/* lower - ASCII only, whatever the locale */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* split - an address into its normal parts; false when it has no domain */
static bool
split(const char *spec, size_t len, char *local, size_t size, char *domain)
{
	struct addr	 a;
	const char	*at;
	size_t		 i;

	if (addr_normal(spec, len, NULL, &a, NULL) == ADDR_OK) {
		(void)snprintf(local, size, "%.*s", (int)a.local_len, a.text);
		(void)snprintf(domain, ADDR_DOMAIN_MAX + 1, "%s",
		    a.text + a.local_len + 1);
		return true;
	}
	/* a local part that is out of bounds does not change the domain */
	local[0] = '\0';
	if ((at = memrchr(spec, '@', len)) == NULL)
		return false;
	len -= (size_t)(++at - spec);
	if (addr_domain(at, len, domain, NULL) == ADDR_OK)
		return true;
	/* a domain that cannot be is still an address for a key with "*" */
	for (i = 0; i < len && i < ADDR_DOMAIN_MAX; i++) {
		if (at[i] <= ' ' || at[i] >= 127 || at[i] == '>')
			break;
		domain[i] = lower(at[i]);
	}
	domain[i] = '\0';
	return i > 0;
}

/* collect - one address of the From field */
static int
collect(void *arg, const char *spec, size_t len)
{
	struct seen	*seen = arg;
	char		 local[ADDR_SIZE], domain[ADDR_DOMAIN_MAX + 1];

	if (!split(spec, len, local, sizeof local, domain))
		return 0;
	if (seen->out->domain[0] == '\0')
		memcpy(seen->out->domain, domain, sizeof domain);
	add_for(seen->s, local, domain, seen->out);
	return ++seen->n == FROM_MAX;
}

/* guess - the first word with an '@', for what is no address list: a key with
 * "*" may still sign it, and the domain is known to the log */
static void
guess(const struct header *from, struct seen *seen)
{
	static const char	 ends[] = " \t\r\n,;:<>()\"";
	const char		*v = from->value, *at, *p, *end;

	if ((at = memchr(v, '@', from->value_len)) == NULL)
		return;
	for (p = at; p > v && strchr(ends, p[-1]) == NULL; p--)
		;
	for (end = at; end < v + from->value_len && *end != '\0' &&
	    strchr(ends, *end) == NULL; end++)
		;
	(void)collect(seen, p, (size_t)(end - p));
}

/* by_from - the keys of every address in From */
static void
by_from(const struct dkim_snap *s, const struct header *from,
    struct choice *c)
{
	struct seen	seen = { s, c, 0 };

	(void)addr_list(from->value, from->value_len, collect, &seen);
	if (seen.n == 0)
		guess(from, &seen);
	if (seen.n == 0)
		c->why = "no address in From";
}

/* by_address - the keys of the envelope sender or of a login */
static void
by_address(const struct dkim_snap *s, const char *text, bool login,
    struct choice *c)
{
	char	local[ADDR_SIZE], domain[ADDR_DOMAIN_MAX + 1];
	size_t	i;

	/* the table is in lower case, and servers differ in what they say */
	if (login) {
		for (i = 0; text[i] != '\0' && i < sizeof local - 1; i++)
			local[i] = lower(text[i]);
		local[i] = '\0';
		if (text[i] == '\0')
			add_for(s, local, "", c);
	}
	if (c->n == 0 && split(text, strlen(text), local, sizeof local,
	    domain))
		add_for(s, local, domain, c);
}

const struct stream *
choose_stream(struct frame_msg *m, const struct dkim_snap *s)
{
	const struct frame_conn	*conn = frame_conn(m);
	const char		*sender = frame_sender(m);
	struct stream_facts	 facts;
	struct addr		 a;

	if (addr_normal(sender, strlen(sender), NULL, &a, NULL) != ADDR_OK)
		a.text[0] = '\0';
	memset(&facts, 0, sizeof facts);
	facts.sender = a.text;
	facts.sasl_login = conn->sasl_login;
	facts.client_addr = conn->client_addr;
	facts.daemon_name = conn->daemon_name;
	facts.daemon_port = conn->daemon_port;
	facts.headers = frame_headers(m);
	return stream_match(s->streams, &facts);
}

/* by_stream - the keys that the message's stream names; false if none */
static bool
by_stream(struct frame_msg *m, const struct dkim_snap *s, struct choice *c)
{
	const struct stream		*st;
	const struct dtable_entry	*entry;
	size_t				 i;

	if (!s->by_stream || (st = choose_stream(m, s)) == NULL ||
	    st->dkim_keys.n == 0)
		return false;
	c->n = 0;
	for (i = 0; i < st->dkim_keys.n; i++)
		if ((entry = dtable_named(s->table, st->dkim_keys.v[i])) !=
		    NULL)
			add(c, entry, c->domain);
	return true;
}

/* goes_to - is a recipient in one of these domains? */
static bool
goes_to(struct frame_msg *m, const struct conf_list *domains)
{
	char		 local[ADDR_SIZE], dom[ADDR_DOMAIN_MAX + 1];
	const char	*r, *want;
	size_t		 i, k, n, w;

	for (i = 0; i < frame_rcpt_count(m); i++) {
		r = frame_rcpt(m, i);
		if (!split(r, strlen(r), local, sizeof local, dom))
			continue;
		for (k = 0; k < domains->n; k++) {
			want = domains->v[k];
			n = strlen(dom);
			w = strlen(want);
			if (strcasecmp(dom, want) == 0 || (want[0] == '.' &&
			    n > w && strcasecmp(dom + n - w, want) == 0))
				return true;
		}
	}
	return false;
}

/* drop_skipped - without the keys that some receiver must not see */
static void
drop_skipped(struct frame_msg *m, struct choice *c)
{
	size_t	i, n = 0;

	for (i = 0; i < c->n; i++) {
		if (c->v[i].entry->skip_rcpt_domains.n > 0 &&
		    goes_to(m, &c->v[i].entry->skip_rcpt_domains))
			continue;
		if (n != i)
			c->v[n] = c->v[i];
		n++;
	}
	if (n == 0 && c->n > 0)
		c->why = "no key is for this recipient's domain";
	c->n = n;
}

void
choose(struct frame_msg *m, const struct dkim_snap *s, struct choice *c)
{
	const struct header_list	*h = frame_headers(m);
	const struct frame_conn		*conn = frame_conn(m);
	const struct header		*from = header_first(h, "From");
	size_t				 i;

	memset(c, 0, sizeof *c);
	c->why = "no key for the domain";
	if (from == NULL || header_count(h, "From") > 1) {
		c->bad = true;
		c->why = from == NULL ? "no From field" :
		    "more than one From field";
		return;
	}
	by_from(s, from, c);
	if (s->nby == 0 || s->by[0] != DKIM_BY_FROM)
		c->n = 0;
	if (by_stream(m, s, c)) {
		drop_skipped(m, c);
		return;
	}
	for (i = 0; i < s->nby && c->n == 0; i++)
		switch (s->by[i]) {
		case DKIM_BY_FROM:
			by_from(s, from, c);
			break;
		case DKIM_BY_SENDER:
			by_address(s, frame_sender(m), false, c);
			break;
		default:
			if (conn->sasl_login[0] != '\0')
				by_address(s, conn->sasl_login, true, c);
			break;
		}
	drop_skipped(m, c);
}

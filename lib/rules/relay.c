/* SPDX-License-Identifier: BSD-2-Clause */
/* relay.c - see relay.h */
#include "rules/relay.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/address.h"
#include "base/banned.h"

#define RELAYS_MAX	100	/* Received fields that are looked at */
#define FIELDS_MAX	65536	/* octets of ALL-* */

struct relay {
	struct relay	*next;
	bool		 trusted;
	struct received	 r;
};

struct relays {
	struct relay	*first, **end;
	long		 last_trusted;	/* Received field, from 0; -1: none */
};

static bool
is_field(const struct view_header *h, const char *name)
{
	return h->name.n == strlen(name) &&
	    strncasecmp(h->name.p, name, h->name.n) == 0;
}

/* forget - what came before was fetching from a mailbox */
static void
forget(struct relays *rs)
{
	struct relay	*r;

	while ((r = rs->first) != NULL) {
		rs->first = r->next;
		free(r);
	}
	rs->end = &rs->first;
}

struct walk {
	struct relays			*rs;
	const struct received_forms	*forms;
	struct regex_scratch		*re;
	char				 scanner_from[RECEIVED_FIELD];
	bool				 trusted, may_forget;
};

/* one - the next Received field, from the top; -1 without memory */
static int
one(struct walk *w, const char *p, size_t n)
{
	struct relay	*r;

	if ((r = calloc(1, sizeof *r)) == NULL)
		return -1;
	switch (received_parse(w->forms, w->re, p, n, &r->r,
	    w->scanner_from)) {
	case RECEIVED_OK:
		break;
	case RECEIVED_FETCHED:
		if (w->may_forget)
			forget(w->rs);
		/* FALLTHROUGH */
	case RECEIVED_SKIP:
	case RECEIVED_UNKNOWN:
		w->rs->last_trusted += w->trusted;
		free(r);
		return 0;
	}
	if (w->trusted && !r->r.private_ip && r->r.auth[0] == '\0')
		w->trusted = false;
	r->trusted = w->trusted;
	w->may_forget = w->trusted;
	w->rs->last_trusted += w->trusted;
	*w->rs->end = r;
	w->rs->end = &r->next;
	return 0;
}

/* origin_field - "X-Originating-IP: [192.0.2.1]" as one more handover */
static int
origin_field(struct walk *w, const struct view *v, const char *name)
{
	const struct view_header	*h = NULL;
	struct buf			 b = BUF_INIT(256), ip = BUF_INIT(64);
	size_t				 i;
	int				 rc = 0;

	for (i = 0; i < view_header_count(v); i++)
		if (is_field(view_header_at(v, i), name))
			h = view_header_at(v, i);
	if (h != NULL && address_ip(h->text.p, h->text.n, false, &ip) &&
	    buf_addf(&b, "from X-Originating-IP: %s", buf_str(&ip)) == 0)
		rc = one(w, b.data, b.len);
	buf_free(&b);
	buf_free(&ip);
	return rc;
}

struct relays *
relays_new(const struct view *v, const struct received_forms *forms,
    struct regex_scratch *re, const char *const *origin)
{
	struct walk	 w = { .forms = forms, .re = re, .trusted = true,
			    .may_forget = true };
	size_t		 i, n = 0;
	int		 rc = 0;

	if ((w.rs = calloc(1, sizeof *w.rs)) == NULL)
		return NULL;
	w.rs->end = &w.rs->first;
	w.rs->last_trusted = -1;
	for (i = 0; i < view_header_count(v) && n < RELAYS_MAX && rc == 0;
	    i++)
		if (is_field(view_header_at(v, i), "received")) {
			n++;
			rc = one(&w, view_header_at(v, i)->text.p,
			    view_header_at(v, i)->text.n);
		}
	for (; origin != NULL && *origin != NULL && rc == 0; origin++)
		rc = origin_field(&w, v, *origin);
	if (rc == -1)
		relays_free(&w.rs);
	return w.rs;
}

void
relays_free(struct relays **rs)
{
	if (rs == NULL || *rs == NULL)
		return;
	forget(*rs);
	free(*rs);
	*rs = NULL;
}

static bool
in_set(const struct relay *r, enum relay_set which)
{
	return r->trusted == (which == RELAY_TRUSTED ||
	    which == RELAY_INTERNAL);
}

int
relay_string(const struct relays *rs, enum relay_set which, struct buf *out)
{
	const struct relay	*r;
	size_t			 n = 0;

	for (r = rs->first; r != NULL; r = r->next)
		if (in_set(r, which) && buf_addf(out, "%s[ ip=%s rdns=%s "
		    "helo=%s by=%s ident=%s envfrom=%s intl=%d id=%s auth=%s "
		    "msa=0 ]", n++ > 0 ? " " : "", r->r.ip, r->r.rdns,
		    r->r.helo, r->r.by, r->r.ident, r->r.envfrom, r->trusted,
		    r->r.id, r->r.auth) == -1)
			return -1;
	return 1;		/* an empty list is a text, too */
}

int
relay_fields(const struct relays *rs, const struct view *v,
    enum relay_set which, bool raw, struct buf *out)
{
	bool				 above = which == RELAY_TRUSTED ||
					    which == RELAY_INTERNAL;
	long				 border = rs->last_trusted + 1;
	long				 at = -1;
	const struct view_header	*h;
	size_t				 i;
	bool				 any = false;

	for (i = 0; i < view_header_count(v) && out->len < FIELDS_MAX; i++) {
		h = view_header_at(v, i);
		at += is_field(h, "received");
		/* The field that we or a trusted host wrote belongs to both. */
		if (above ? at > border : at < border)
			continue;
		any = true;
		(void)buf_add(out, h->name.p, h->name.n);
		(void)buf_addc(out, ':');
		if (raw)
			(void)buf_add(out, h->raw.p, h->raw.n);
		else {
			(void)buf_addc(out, ' ');
			(void)buf_add(out, h->text.p, h->text.n);
			(void)buf_addc(out, '\n');
		}
		if (above && at == border)
			break;
	}
	return any;
}

struct first_addr {
	struct buf	*out;
	bool		 found;
};

static void
first_addr(void *arg, const char *addr, size_t naddr, const char *name,
    size_t nname)
{
	struct first_addr	*f = arg;

	(void)name;
	(void)nname;
	if (f->found || addr == NULL)
		return;
	f->found = true;
	(void)buf_add(f->out, addr, naddr);
}

/* by_field - the address in the first field of that name, unless one of them
 * stands below a Received: then it may tell of an earlier way. 1, 0, or 2: do
 * not look on */
static int
by_field(const struct view *v, const char *name, struct buf *out)
{
	struct first_addr	f = { out, false };
	bool			received = false, below = false;
	size_t			i, n = 0;

	for (i = 0; i < view_header_count(v); i++) {
		const struct view_header	*h = view_header_at(v, i);

		received |= is_field(h, "received");
		if (!is_field(h, name))
			continue;
		below |= received;
		if (n++ == 0)
			address_each(h->raw.p, h->raw.n, first_addr, &f);
	}
	if (!f.found || !below)
		return f.found;
	buf_reset(out);
	return strcasecmp(name, "x-envelope-from") == 0 ? 2 : 0;
}

/* fetched_list_mail - fetchmail's guess at a sender is not to be believed
 * where a list wrote the true one into X-Sender */
static bool
fetched_list_mail(const struct view *v)
{
	bool	sender = false, fetched = false;
	size_t	i;

	for (i = 0; i < view_header_count(v); i++) {
		const struct view_header	*h = view_header_at(v, i);

		sender |= is_field(h, "x-sender") &&
		    memchr(h->text.p, '@', h->text.n) != NULL;
		fetched |= is_field(h, "received") && memmem(h->text.p,
		    h->text.n, "(fetchmail", 10) != NULL;
	}
	return sender && fetched;
}

int
relay_envelope(const struct relays *rs, const struct view *v,
    struct buf *out)
{
	static const char *const names[] = {
		"x-envelope-from", "envelope-sender", "return-path"
	};
	const struct relay	*r, *hop = NULL;
	size_t			 i;
	int			 rc;

	for (r = rs->first; r != NULL; r = r->next)
		if (!r->trusted) {
			hop = r;
			break;
		} else
			hop = r;
	if (hop != NULL && hop->r.has_envfrom &&
	    (hop->r.envfrom[0] == '\0' || strchr(hop->r.envfrom, '@') !=
	    NULL))
		return buf_adds(out, hop->r.envfrom) == -1 ? -1 : 1;
	if (fetched_list_mail(v))
		return 0;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((rc = by_field(v, names[i], out)) != 0)
			return rc == 1;
	return 0;
}

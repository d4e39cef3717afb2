/* SPDX-License-Identifier: BSD-2-Clause */
/* dsign.c - which fields are signed, and the way to an engine; see dsign.h */
#include "dkim/dsign.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "dkim/dsign_int.h"

#include "base/banned.h"

/* Signed whatever the lists say: RFC 6376 5.4, RFC 8058 4. */
static const char *const always[] = {
	"From", "List-Unsubscribe", "List-Unsubscribe-Post", NULL
};

/* Never signed: they change on the way, or are signatures themselves. */
static const char *const never[] = {
	"DKIM-*", "DKIM2-*", "ARC-*", "DomainKey-*", "Received*",
	"Return-Path", "Authentication-Results", "Delivered-To", "Bcc",
	"Resent-Bcc", NULL
};

/* matches - is name what pattern means? A final '*' stands for anything */
static bool
matches(const char *pattern, const char *name)
{
	size_t	n = strlen(pattern);

	if (n > 0 && pattern[n - 1] == '*')
		return strncasecmp(pattern, name, n - 1) == 0;
	return strcasecmp(pattern, name) == 0;
}

static bool
is_in(const char *const *list, const char *name)
{
	if (list == NULL)
		return false;
	for (; *list != NULL; list++)
		if (matches(*list, name))
			return true;
	return false;
}

/* is_signed - does the policy want fields of this name in h=? What is named
 * once more than present must be named as often as present, too: else the
 * verifier takes a field of the message for the one that must not be. */
static bool
is_signed(const struct dsign_policy *p, const char *name)
{
	if (is_in(always, name))
		return true;
	/* a ';' would end h= early; nothing that a list names has one */
	return (is_in(p->o.sign.v, name) || is_in(p->o.oversign.v, name)) &&
	    !is_in(never, name) && strchr(name, ';') == NULL &&
	    header_name_ok(name);
}

/* check_names - a list of the configuration, before it is trusted */
static int
check_names(const char *what, const struct conf_list *list, bool wild,
    struct err *e)
{
	char	name[80];
	size_t	i, n;

	for (i = 0; i < list->n; i++) {
		n = strlen(list->v[i]);
		if (n >= sizeof name)
			return err_code(e, EX_CONFIG, "%s: %.40s...: too long",
			    what, list->v[i]);
		memcpy(name, list->v[i], n + 1);
		if (wild && n > 1 && name[n - 1] == '*')
			name[n - 1] = '\0';
		if (!header_name_ok(name) || strchr(name, '*') != NULL ||
		    strchr(name, ';') != NULL)
			return err_code(e, EX_CONFIG,
			    "%s: %s: not the name of a header field", what,
			    list->v[i]);
		if (is_in(never, list->v[i]))
			return err_code(e, EX_CONFIG, "%s: %s: changes on its "
			    "way or is a signature; never sign it", what,
			    list->v[i]);
	}
	return 0;
}

int
dsign_policy_new(const struct dsign_options *o, struct dsign_policy **out,
    struct err *e)
{
	struct dsign_policy	*p;

	if (check_names("sign_headers", &o->sign, true, e) == -1 ||
	    check_names("oversign_headers", &o->oversign, false, e) == -1 ||
	    check_names("oversign_present", &o->oversign_present, false,
	    e) == -1)
		return -1;
	if ((p = calloc(1, sizeof *p)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	p->o = *o;
	p->engine = o->engine == DSIGN_NATIVE ? &dsign_native :
	    &dsign_reference;
	if (p->engine->policy(p, e) == -1) {
		free(p);
		return -1;
	}
	*out = p;
	return 0;
}

void
dsign_policy_free(struct dsign_policy **p)
{
	if (*p == NULL)
		return;
	(*p)->engine->policy_free(*p);
	free(*p);
	*p = NULL;
}

/* add - one more name; at is meaningless for one that is not present */
static int
add(struct dsign_fields *f, const char *name, size_t at, struct err *e)
{
	if (f->n == DSIGN_FIELDS_MAX)
		return err_code(e, EX_DATAERR,
		    "more than %d header fields to sign", DSIGN_FIELDS_MAX);
	f->name[f->n] = name;
	f->at[f->n++] = at;
	return 0;
}

/* by_name - name's instances, lowest first (RFC 6376 5.4.2), once a name */
static int
by_name(struct dsign_fields *f, const struct header_list *list, size_t first,
    struct err *e)
{
	const char	*name = list->v[first].name;
	size_t		 i;

	for (i = 0; i < f->n; i++)
		if (strcasecmp(f->name[i], name) == 0)
			return 0;
	for (i = list->n; i-- > first; )
		if (strcasecmp(list->v[i].name, name) == 0 &&
		    add(f, name, i, e) == -1)
			return -1;
	return 0;
}

/* has - is a field of that name among those chosen from the message? */
static bool
has(const struct dsign_fields *f, const char *name)
{
	size_t	i;

	for (i = 0; i < f->npresent; i++)
		if (strcasecmp(f->name[i], name) == 0)
			return true;
	return false;
}

/* oversign - one more of each name of the list, unless it has that already */
static int
oversign(struct dsign_fields *f, const char *const *names, bool if_present,
    struct err *e)
{
	size_t	i, k;

	for (i = 0; names != NULL && names[i] != NULL; i++) {
		if (if_present && !has(f, names[i]))
			continue;
		for (k = f->npresent; k < f->n; k++)
			if (strcasecmp(f->name[k], names[i]) == 0)
				break;
		if (k == f->n && add(f, names[i], 0, e) == -1)
			return -1;
	}
	return 0;
}

int
dsign_select(const struct dsign_policy *p, const struct header_list *list,
    struct dsign_fields *f, struct err *e)
{
	static const char *const from[] = { "From", NULL };
	size_t	i;

	f->n = f->npresent = 0;
	for (i = 0; i < list->n; i++)
		if (is_signed(p, list->v[i].name) &&
		    by_name(f, list, i, e) == -1)
			return -1;
	f->npresent = f->n;
	if (!has(f, "From"))
		return err_code(e, EX_DATAERR, "no From field");
	if (oversign(f, from, false, e) == -1 ||
	    oversign(f, p->o.oversign.v, false, e) == -1)
		return -1;
	if (p->o.engine == DSIGN_LIBOPENDKIM)
		return 0;
	return oversign(f, p->o.oversign_present.v, true, e);
}

int
dsign_begin(const struct dsign_policy *p, struct dsign **out, struct err *e)
{
	struct dsign	*d = calloc(1, sizeof *d);

	if (d == NULL)
		return err_code(e, EX_OSERR, "no memory");
	d->policy = p;
	if (p->engine->begin(d, e) == -1) {
		free(d);
		return -1;
	}
	*out = d;
	return 0;
}

int
dsign_body(struct dsign *d, const void *p, size_t n, struct err *e)
{
	return d->policy->engine->body(d, p, n, e);
}

/* has_lone_cr - a CR in a field that is not part of a fold */
static bool
has_lone_cr(const struct header *h)
{
	const char	*p = h->value, *end = h->value + h->value_len;

	for (; (p = memchr(p, '\r', (size_t)(end - p))) != NULL; p++)
		if (p + 1 == end || p[1] != '\n')
			return true;
	return false;
}

int
dsign_header(struct dsign *d, const struct header_list *list, struct err *e)
{
	size_t	i;

	d->list = list;
	if (dsign_select(d->policy, list, &d->fields, e) == -1 ||
	    d->policy->engine->header(d, e) == -1)
		return -1;
	for (i = 0; i < list->n; i++)
		if (list->v[i].value_len > DSIGN_FIELD_MAX)
			return err_code(e, EX_DATAERR, "a header field of "
			    "more than %d octets, which MTAs do not show "
			    "whole",
			    DSIGN_FIELD_MAX);
	for (i = 0; i < d->fields.npresent; i++) {
		const struct header *h = &list->v[d->fields.at[i]];

		if (memchr(h->value, '\0', h->value_len) != NULL)
			return err_code(e, EX_DATAERR, "a NUL in a header "
			    "field");
		if (memchr(h->value, '\v', h->value_len) != NULL ||
		    memchr(h->value, '\f', h->value_len) != NULL)
			return err_code(e, EX_DATAERR, "a vertical tab or form "
			    "feed in a header field, which receivers read "
			    "differently");
		if (!d->lone_cr)
			d->lone_cr = has_lone_cr(h);
	}
	if (d->lone_cr)
		return err_code(e, EX_DATAERR,
		    "a CR that ends no line, which receivers read differently");
	return 0;
}

int
dsign_make(struct dsign *d, struct dkey *key, const struct dsign_tags *tags,
    struct buf *out, struct err *e)
{
	return d->policy->engine->make(d, key, tags, out, e);
}

void
dsign_end(struct dsign **d)
{
	if (*d == NULL)
		return;
	(*d)->policy->engine->end(*d);
	free(*d);
	*d = NULL;
}

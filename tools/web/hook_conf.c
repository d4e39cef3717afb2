/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_conf.c - see hook_conf.h */
#include "web/hook_conf.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/store.h"
#include "web/hook_proof.h"

#include "base/banned.h"

/* wrong - "FILE:LINE: name: why" of a value */
static int
wrong(const struct conf_section *s, const char *name, const char *why,
    struct err *e)
{
	char	where[300];

	return err_code(e, EX_CONFIG, "%s: %s", conf_where(s, name, where,
	    sizeof where), why);
}

/* good_name - it stands in URLs and in the store's records */
static bool
good_name(const char *name)
{
	size_t	n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= HOOK_NAME_MAX && name[n] == '\0';
}

/* sane - values that only together make sense */
static int
sane(const struct conf_section *s, const struct hook_conf *c, struct err *e)
{
	const char	*colon;
	size_t		 i;

	if (!good_name(conf_section_name(s)))
		return wrong(s, "provider", "the section's name: 1 to 32 of "
		    "a-z 0-9 . _ -", e);
	if (c->provider == HOOK_SES && c->topics.n == 0)
		return wrong(s, "topics", "needed for ses: SNS signs for "
		    "everybody with one key", e);
	if (c->key_file[0] == '\0' && !(c->provider == HOOK_SES && c->fetch))
		return wrong(s, "key_file", "needed: nothing else proves who "
		    "sends", e);
	if (c->header[0] != '\0' && c->provider != HOOK_POSTMARK)
		return wrong(s, "header", "for postmark only", e);
	if (c->scope[0] != '\0' && !store_scope_ok(c->scope))
		return wrong(s, "scope", "no scope's name ([a-z0-9._-], or *)",
		    e);
	for (i = 0; i < c->scopes.n; i++) {
		colon = strrchr(c->scopes.v[i], ':');
		if (colon == NULL || colon == c->scopes.v[i] ||
		    !store_scope_ok(colon + 1))
			return wrong(s, "scopes", "items are LABEL:SCOPE", e);
	}
	return 0;
}

/* load_one - a section into *w */
static int
load_one(const struct conf *c, const struct conf_section *s,
    struct webhook *w, struct err *e)
{
	w->name = conf_section_name(s);
	if (conf_bind(c, s, webhook_params, &w->conf, e) == -1 ||
	    sane(s, &w->conf, e) == -1)
		return -1;
	w->scopes.map = &w->conf.scopes;
	w->scopes.other = w->conf.scope;
	if (hook_keys_load(&w->conf, &w->keys, e) == 0)
		return 0;
	return conf_blame(s, "key_file", e);
}

int
webhooks_load(const struct conf *c, struct webhooks *out, struct err *e)
{
	const struct conf_section	*s = NULL;
	size_t				 n = 0;

	memset(out, 0, sizeof *out);
	while ((s = conf_next(c, "webhook", s)) != NULL)
		n++;
	if (n == 0)
		return 0;
	/* made at once: keys and scopes point into it */
	if ((out->v = calloc(n, sizeof *out->v)) == NULL)
		return err_set(e, "out of memory");
	while ((s = conf_next(c, "webhook", s)) != NULL)
		if (load_one(c, s, &out->v[out->n++], e) == -1) {
			webhooks_free(out);
			return -1;
		}
	return 0;
}

void
webhooks_free(struct webhooks *h)
{
	size_t	i;

	for (i = 0; i < h->n; i++)
		hook_keys_free(&h->v[i].keys);
	free(h->v);
	memset(h, 0, sizeof *h);
}

const struct webhook *
webhooks_find(const struct webhooks *h, const char *name)
{
	size_t	i;

	for (i = 0; i < h->n; i++)
		if (strcmp(h->v[i].name, name) == 0)
			return &h->v[i];
	return NULL;
}

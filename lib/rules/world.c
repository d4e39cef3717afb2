/* SPDX-License-Identifier: BSD-2-Clause */
/* world.c - see rule.h: top-level domains and redirectors, for links */
#include "rules/rule.h"

#include <string.h>

#include "base/banned.h"

static bool
tld(void *arg, const char *name, size_t len)
{
	const struct world	*w = arg;

	return names_get(&w->r->tlds, name, len) != RULES_NONE;
}

/* redirect - the first pattern that finds a link inside this one */
static bool
redirect(void *arg, const char *uri, size_t len, const char **to,
    size_t *to_len)
{
	const struct world	*w = arg;
	const struct rules	*r = w->r;
	size_t			 i, from, end;

	for (i = 0; i < r->nredirects; i++)
		if (regex_group(r->redirects[i], w->re, uri, len, 1, &from,
		    &end) == REGEX_MATCH) {
			*to = uri + from;
			*to_len = end - from;
			if (memchr(*to, '.', *to_len) != NULL)
				return true;
		}
	return false;
}

void
rules_world(const struct world *world, struct uri_world *w)
{
	w->tld = world->r->tlds.n > 0 ? tld : NULL;
	w->redirect = redirect;
	w->arg = (void *)(uintptr_t)world;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* world.c - see rule.h: top-level domains and redirectors, for links */
#include "rules/rule.h"

#include <string.h>

#include "base/banned.h"

static bool
tld(void *arg, const char *name, size_t len)
{
	const struct rules	*r = arg;

	return names_get(&r->tlds, name, len) != RULES_NONE;
}

/* redirect - the first pattern that finds a link inside this one */
static bool
redirect(void *arg, const char *uri, size_t len, const char **to,
    size_t *to_len)
{
	const struct rules	*r = arg;
	struct regex_scratch	*s = NULL;
	size_t			 i, from, end;
	bool			 found = false;

	for (i = 0; i < r->nredirects && !found; i++) {
		if (s == NULL && (s = regex_scratch_new(
		    (unsigned long)r->opt.match_limit)) == NULL)
			break;
		if (regex_group(r->redirects[i], s, uri, len, 1, &from,
		    &end) == REGEX_MATCH) {
			*to = uri + from;
			*to_len = end - from;
			found = memchr(*to, '.', *to_len) != NULL;
		}
	}
	regex_scratch_free(&s);
	return found;
}

void
rules_world(const struct rules *r, struct uri_world *w)
{
	w->tld = r->tlds.n > 0 ? tld : NULL;
	w->redirect = redirect;
	w->arg = (void *)(uintptr_t)r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* phrase.c - see phrase.h */
#include "rules/phrase.h"

#include <stdlib.h>
#include <string.h>

#include "mail/fold.h"
#include "base/banned.h"

#define PHRASE_MAX	1000	/* octets, folded */

struct words {
	char	*p;
	size_t	 n;
};

struct phrase {
	struct words	*v;
	size_t		 n;
};

int
phrase_add(struct phrase **list, const char *words, struct err *e)
{
	struct buf	 b = BUF_INIT(PHRASE_MAX);
	struct words	*more;

	if (fold_text(words, strlen(words), &b) == -1) {
		buf_free(&b);
		return err_set(e, "phrase is too long");
	}
	if (b.len == 0) {
		buf_free(&b);
		return err_set(e, "phrase has no letters");
	}
	if (*list == NULL && (*list = calloc(1, sizeof **list)) == NULL)
		goto memory;
	more = realloc((*list)->v, ((*list)->n + 1) * sizeof *more);
	if (more == NULL)
		goto memory;
	(*list)->v = more;
	more[(*list)->n].n = b.len;
	if ((more[(*list)->n].p = buf_steal(&b)) == NULL)
		goto memory;
	(*list)->n++;
	return 0;
memory:
	buf_free(&b);
	return err_set(e, "no memory");
}

void
phrase_free(struct phrase **list)
{
	size_t	i;

	if (list == NULL || *list == NULL)
		return;
	for (i = 0; i < (*list)->n; i++)
		free((*list)->v[i].p);
	free((*list)->v);
	free(*list);
	*list = NULL;
}

/* find - one phrase as whole words */
static bool
find(const struct words *w, const char *p, size_t n, size_t from, size_t *at)
{
	const char	*q = p + from;

	while (q < p + n && (q = memmem(q, (size_t)(p + n - q), w->p,
	    w->n)) != NULL) {
		*at = (size_t)(q - p);
		if (fold_border(p, n, *at) && fold_border(p, n, *at + w->n))
			return true;
		q++;
	}
	return false;
}

bool
phrase_match(const struct phrase *list, const char *p, size_t n, size_t from,
    size_t *at, size_t *end)
{
	size_t	i, here;
	bool	found = false;

	for (i = 0; i < list->n; i++)
		if (find(&list->v[i], p, n, from, &here) &&
		    (!found || here < *at)) {
			found = true;
			*at = here;
			*end = here + list->v[i].n;
		}
	return found;
}

const char *
phrase_text(const struct phrase *list, size_t i, size_t *len)
{
	if (i >= list->n)
		return NULL;
	*len = list->v[i].n;
	return list->v[i].p;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* names.c - see rule.h: a hash table of names */
#include "rules/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static uint64_t
hash(const char *p, size_t n)
{
	uint64_t	h = UINT64_C(14695981039346656037);

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * UINT64_C(1099511628211);
	return h ^ h >> 29;
}

/* find - the slot of a name, or the free one where it belongs */
static struct names_slot *
find(const struct names *t, const char *name, size_t len)
{
	size_t	i = hash(name, len) & (t->cap - 1);

	while (t->slot[i].name != NULL &&
	    (strncmp(t->slot[i].name, name, len) != 0 ||
	    t->slot[i].name[len] != '\0'))
		i = (i + 1) & (t->cap - 1);
	return &t->slot[i];
}

size_t
names_get(const struct names *t, const char *name, size_t len)
{
	struct names_slot	*s;

	if (t->n == 0)
		return RULES_NONE;
	s = find(t, name, len);
	return s->name == NULL ? RULES_NONE : s->value;
}

/* grow - twice the room */
static int
grow(struct names *t)
{
	struct names	 more = { NULL, t->n, t->cap == 0 ? 256 : 2 * t->cap };
	size_t		 i;

	if ((more.slot = calloc(more.cap, sizeof *more.slot)) == NULL)
		return -1;
	for (i = 0; i < t->cap; i++)
		if (t->slot[i].name != NULL)
			*find(&more, t->slot[i].name,
			    strlen(t->slot[i].name)) = t->slot[i];
	free(t->slot);
	*t = more;
	return 0;
}

int
names_put(struct names *t, const char *name, size_t value)
{
	struct names_slot	*s;

	if (4 * (t->n + 1) > 3 * t->cap && grow(t) == -1)
		return -1;
	s = find(t, name, strlen(name));
	if (s->name == NULL) {
		s->name = name;
		t->n++;
	}
	s->value = value;
	return 0;
}

void
names_free(struct names *t)
{
	free(t->slot);
	memset(t, 0, sizeof *t);
}

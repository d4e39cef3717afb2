/* SPDX-License-Identifier: BSD-2-Clause */
/* view_uri.c - see view.h: the links of a message in all their forms */
#include "mail/view_int.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SLOTS	64	/* of a table at first */

/*
 * Strings that were seen, each once: open addressing by hash over the pieces of
 * a list, whose text may move while it grows.
 */
struct seen {
	struct view_list	*list;
	uint32_t		*slot;		/* index + 1, 0 = free */
	size_t			*at;		/* of each piece in the text */
	size_t			 cap;		/* slots, a power of 2 */
};

struct collect {
	struct view		*v;
	const struct uri_world	*world;
	struct seen		 links, forms;
	bool			 from_text;
	bool			 no_memory;
};

static uint64_t
hash(const char *p, size_t n)
{
	uint64_t	h = UINT64_C(14695981039346656037);
	size_t		i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * UINT64_C(1099511628211);
	return h ^ h >> 31;
}

/* slot - where a string is, or belongs */
static size_t
slot(const struct seen *s, const char *p, size_t n)
{
	size_t	i = hash(p, n) & (s->cap - 1), k;

	for (; s->slot[i] != 0; i = (i + 1) & (s->cap - 1)) {
		k = s->slot[i] - 1;
		if (s->list->v[k].n == n &&
		    memcmp(s->list->text.data + s->at[k], p, n) == 0)
			break;
	}
	return i;
}

/* grow - twice the slots */
static int
grow(struct seen *s)
{
	size_t		 cap = s->cap == 0 ? SLOTS : 2 * s->cap, i;
	uint32_t	*more = calloc(cap, sizeof *more);
	size_t		*at = realloc(s->at, cap * sizeof *at);

	if (at != NULL)
		s->at = at;
	if (more == NULL || at == NULL) {
		free(more);
		return -1;
	}
	free(s->slot);
	s->slot = more;
	s->cap = cap;
	for (i = 0; i < s->list->n; i++)
		s->slot[slot(s, s->list->text.data + s->at[i],
		    s->list->v[i].n)] = (uint32_t)i + 1;
	return 0;
}

/* put - add a string unless it is there; true when it was new */
static bool
put(struct collect *c, struct seen *s, const char *p, size_t n)
{
	size_t	i;

	if (s->list->n >= c->v->lim.uris) {
		c->v->truncated = true;
		return false;
	}
	if (2 * (s->list->n + 1) > s->cap && grow(s) == -1) {
		c->no_memory = true;
		return false;
	}
	i = slot(s, p, n);
	if (s->slot[i] != 0)
		return false;
	s->at[s->list->n] = s->list->text.len;
	if (view_list_add(s->list, p, n) == -1) {
		c->no_memory = true;
		return false;
	}
	s->slot[i] = (uint32_t)s->list->n;
	return true;
}

/* one - a link: if it is new, add all its forms */
static void
one(void *arg, const char *uri, size_t len)
{
	struct collect	*c = arg;
	struct buf	 forms = BUF_INIT(256u << 10);
	const char	*p;
	bool		 valid;

	if (!put(c, &c->links, uri, len))
		return;
	valid = uri_forms(uri, len, c->world, &forms);
	c->no_memory |= forms.starved;
	if (valid || !c->from_text)
		for (p = buf_str(&forms); p < buf_str(&forms) + forms.len;
		    p += strlen(p) + 1)
			(void)put(c, &c->forms, p, strlen(p));
	buf_free(&forms);
}

/* build - text first, then the links of HTML parts */
static int
build(struct view *v, const struct uri_world *world)
{
	struct view_list	 links = { .text = BUF_INIT(64u << 20) };
	struct collect		 c = { .v = v, .world = world,
				    .links = { .list = &links },
				    .forms = { .list = &v->uris } };
	struct view_texts	 body;
	size_t			 i;

	if (view_body(v, &body) == -1)
		return -1;
	c.from_text = true;
	for (i = 0; i < body.n; i++)
		uri_find(body.v[i].p, body.v[i].n, world, one, &c);
	/* What text names may be a link after all when HTML does. */
	if (c.links.cap > 0)
		memset(c.links.slot, 0, c.links.cap * sizeof *c.links.slot);
	links.n = 0;
	buf_reset(&links.text);
	c.from_text = false;
	for (i = 0; i < v->links.n; i++)
		one(&c, v->links.v[i].p, v->links.v[i].n);
	if (!c.no_memory)
		view_list_done(&v->uris);
	free(c.links.slot);
	free(c.links.at);
	free(c.forms.slot);
	free(c.forms.at);
	free(links.v);
	buf_free(&links.text);
	return c.no_memory ? -1 : 0;
}

int
view_uris(struct view *v, const struct uri_world *world,
    struct view_texts *out)
{
	if (!v->uris.built && build(v, world) == -1)
		return -1;
	out->v = v->uris.v;
	out->n = v->uris.n;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* view_uri.c - see view.h: the links of a message in all their forms */
#include "mail/view_int.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

/* A set of strings that were seen, by hash: open addressing over offsets into
 * the text of a list. */
struct seen {
	uint32_t	*slot;		/* index + 1, 0 = free */
	size_t		 mask;
};

struct collect {
	struct view		*v;
	const struct uri_world	*world;
	struct view_list	*list;
	struct seen		 seen, found;
	struct view_list	 texts;		/* links as found */
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
	return h;
}

static int
seen_init(struct seen *s, size_t room)
{
	size_t	n = 64;

	while (n < 2 * room)
		n *= 2;
	s->mask = n - 1;
	s->slot = calloc(n, sizeof *s->slot);
	return s->slot == NULL ? -1 : 0;
}

/* put - add a string to a list unless it holds it; true when it was new */
static bool
put(struct collect *c, struct seen *s, struct view_list *l, size_t *at,
    const char *p, size_t n)
{
	size_t		i = hash(p, n) & s->mask;

	for (; s->slot[i] != 0; i = (i + 1) & s->mask) {
		size_t	k = s->slot[i] - 1;

		if (l->v[k].n == n && memcmp(l->text.data + at[k], p, n) == 0)
			return false;
	}
	if (l->n >= c->v->lim.uris) {
		c->v->truncated = true;
		return false;
	}
	at[l->n] = l->text.len;
	if (view_list_add(l, p, n) == -1) {
		c->no_memory = true;
		return false;
	}
	s->slot[i] = (uint32_t)l->n;
	return true;
}

struct run {
	struct collect	*c;
	size_t		*list_at, *found_at;
};

/* one - a link: if it is new, add all its forms */
static void
one(void *arg, const char *uri, size_t len)
{
	struct run	*r = arg;
	struct collect	*c = r->c;
	struct buf	 forms = BUF_INIT(256u << 10);
	const char	*p;
	bool		 valid;

	if (!put(c, &c->found, &c->texts, r->found_at, uri, len))
		return;
	valid = uri_forms(uri, len, c->world, &forms);
	if (valid || !c->from_text)
		for (p = buf_str(&forms); p < buf_str(&forms) + forms.len;
		    p += strlen(p) + 1)
			(void)put(c, &c->seen, c->list, r->list_at, p,
			    strlen(p));
	buf_free(&forms);
}

/* build - text first, then the links of HTML parts */
static int
build(struct view *v, const struct uri_world *world)
{
	struct collect		 c = { .v = v, .world = world,
				    .list = &v->uris };
	struct run		 r = { .c = &c };
	struct view_texts	 body;
	size_t			 i, room = v->lim.uris + 1;
	int			 rc = -1;

	buf_init(&c.texts.text, 64u << 20);
	if (view_body(v, &body) == -1)
		return -1;
	r.list_at = calloc(room, sizeof *r.list_at);
	r.found_at = calloc(room, sizeof *r.found_at);
	if (r.list_at == NULL || r.found_at == NULL ||
	    seen_init(&c.seen, room) == -1 ||
	    seen_init(&c.found, room) == -1)
		goto done;
	c.from_text = true;
	for (i = 0; i < body.n; i++)
		uri_find(body.v[i].p, body.v[i].n, world, one, &r);
	/* What text names may be a link after all when HTML does. */
	memset(c.found.slot, 0, (c.found.mask + 1) * sizeof *c.found.slot);
	c.texts.n = 0;
	buf_reset(&c.texts.text);
	c.from_text = false;
	for (i = 0; i < v->links.n; i++)
		one(&r, v->links.v[i].p, v->links.v[i].n);
	rc = c.no_memory ? -1 : 0;
	if (rc == 0)
		view_list_done(&v->uris);
done:
	free(c.texts.v);
	buf_free(&c.texts.text);
	free(c.found.slot);
	free(c.seen.slot);
	free(r.found_at);
	free(r.list_at);
	return rc;
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

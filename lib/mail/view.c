/* SPDX-License-Identifier: BSD-2-Clause */
/* view.c - see view.h */
#include "mail/view_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TEXT_LIMIT	(64u << 20)	/* octets of any one view */

void *
view_alloc(struct view *v, size_t n)
{
	struct view_block	*b;

	if ((b = malloc(sizeof *b + n)) == NULL) {
		v->no_memory = true;
		return NULL;
	}
	b->next = v->blocks;
	v->blocks = b;
	return b->data;
}

char *
view_dup(struct view *v, const char *p, size_t n)
{
	char	*copy = view_alloc(v, n + 1);

	if (copy != NULL) {
		memcpy(copy, p, n);
		copy[n] = '\0';
	}
	return copy;
}

int
view_list_add(struct view_list *l, const char *p, size_t n)
{
	struct view_text	*more;
	size_t			 cap;

	if (l->n == l->cap) {
		cap = l->cap == 0 ? 32 : 2 * l->cap;
		if ((more = realloc(l->v, cap * sizeof *more)) == NULL)
			return -1;
		l->v = more;
		l->cap = cap;
	}
	l->v[l->n].p = NULL;		/* until the text stands still */
	l->v[l->n].n = n;
	if (buf_add(&l->text, p, n) == -1)
		return -1;
	l->n++;
	return 0;
}

void
view_list_done(struct view_list *l)
{
	size_t	i, at = 0;

	for (i = 0; i < l->n; i++) {
		l->v[i].p = buf_str(&l->text) + at;
		at += l->v[i].n;
	}
	l->built = true;
}

int
view_open(const char *raw, size_t len, const struct view_limits *lim,
    struct view **out, struct err *e)
{
	struct view	*v;

	*out = NULL;
	if ((v = calloc(1, sizeof *v)) == NULL)
		return err_set(e, "no memory for a message");
	v->lim = *lim;
	v->raw = raw;
	v->len = len;
	if (len > lim->octets) {
		v->truncated = true;
		len = lim->octets;
	}
	buf_init(&v->body.text, TEXT_LIMIT);
	buf_init(&v->rawbody.text, TEXT_LIMIT);
	buf_init(&v->uris.text, TEXT_LIMIT);
	buf_init(&v->links.text, TEXT_LIMIT);
	if (view_parse(v, raw, len, lim->depth, true) == -1) {
		view_free(&v);
		return err_set(e, "no memory for a message");
	}
	*out = v;
	return 0;
}

static void
list_free(struct view_list *l)
{
	free(l->v);
	buf_free(&l->text);
}

void
view_free(struct view **vp)
{
	struct view		*v;
	struct view_block	*b;
	size_t			 i;

	if (vp == NULL || (v = *vp) == NULL)
		return;
	list_free(&v->links);
	list_free(&v->uris);
	list_free(&v->rawbody);
	list_free(&v->body);
	for (i = 0; i < v->nparts; i++) {
		free(v->parts[i]->headers);
		free(v->parts[i]);
	}
	free(v->parts);
	while ((b = v->blocks) != NULL) {
		v->blocks = b->next;
		free(b);
	}
	free(v);
	*vp = NULL;
}

size_t
view_header_count(const struct view *v)
{
	return v->nparts == 0 ? 0 : v->parts[0]->nheaders;
}

const struct view_header *
view_header_at(const struct view *v, size_t i)
{
	return &v->parts[0]->headers[i];
}

struct view_text
view_raw_headers(const struct view *v)
{
	return v->head;
}

struct view_text
view_full(const struct view *v)
{
	struct view_text	t = { v->raw, v->len };

	return t;
}

size_t
view_part_count(const struct view *v)
{
	return v->nparts;
}

size_t
view_part_headers(const struct view *v, size_t part,
    const struct view_header **h)
{
	*h = v->parts[part]->headers;
	return v->parts[part]->nheaders;
}

bool
view_truncated(const struct view *v)
{
	return v->truncated;
}

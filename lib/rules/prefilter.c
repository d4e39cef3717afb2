/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefilter.c - see prefilter.h
 *
 * The trie is built with sparse children, then made a full table: a row a
 * state, a column for each class of octets that no literal tells apart. Rows
 * are addressed by their first cell, so that a step is one load; the top bit
 * says that something ends there.
 */
#include "rules/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define STATES_MAX	(1u << 20)
#define CELLS_MAX	(1u << 25)	/* 128 MB: refuse rather */
#define HIT		0x80000000u
#define NONE		0xffffffffu

struct node {			/* while it is a trie */
	uint32_t	first, next;	/* child, sibling */
	uint32_t	fail, dict;	/* dict: nearest suffix that ends */
	uint32_t	out;		/* first of its owners */
	unsigned char	c;
};

struct owner {			/* one that ends at a node */
	uint32_t	who, next;
};

struct prefilter {
	struct node	*node;
	size_t		 n, cap;
	struct owner	*owner;
	size_t		 nowner, owner_cap;
	unsigned char	 class[256];
	unsigned	 classes;
	uint32_t	*cell;
	uint32_t	*end;		/* per state: which end, or NONE */
	struct end {
		uint32_t	out;	/* first of its owners, or NONE */
		uint32_t	dict;	/* the end of a shorter word */
	}		*ends;
	size_t		 nends;
};

static uint32_t
new_node(struct prefilter *f, unsigned char c)
{
	struct node	*more;
	size_t		 cap;

	if (f->n == f->cap) {
		cap = f->cap == 0 ? 1024 : 2 * f->cap;
		if (cap > STATES_MAX || (more = realloc(f->node, cap *
		    sizeof *more)) == NULL)
			return NONE;
		f->node = more;
		f->cap = cap;
	}
	f->node[f->n].first = f->node[f->n].next = NONE;
	f->node[f->n].fail = 0;
	f->node[f->n].dict = f->node[f->n].out = NONE;
	f->node[f->n].c = c;
	return (uint32_t)f->n++;
}

struct prefilter *
prefilter_new(void)
{
	struct prefilter	*f = calloc(1, sizeof *f);

	if (f != NULL && new_node(f, 0) == NONE)
		prefilter_free(&f);
	return f;
}

void
prefilter_free(struct prefilter **fp)
{
	if (fp == NULL || *fp == NULL)
		return;
	free((*fp)->node);
	free((*fp)->owner);
	free((*fp)->cell);
	free((*fp)->end);
	free((*fp)->ends);
	free(*fp);
	*fp = NULL;
}

static uint32_t
child(const struct prefilter *f, uint32_t s, unsigned char c)
{
	uint32_t	k = f->node[s].first;

	while (k != NONE && f->node[k].c != c)
		k = f->node[k].next;
	return k;
}

int
prefilter_add(struct prefilter *f, const char *p, size_t n, uint32_t who)
{
	struct owner	*more;
	uint32_t	 s = 0, k;
	size_t		 i, cap;

	for (i = 0; i < n; i++) {
		unsigned char	c = literal_fold((unsigned char)p[i]);

		if ((k = child(f, s, c)) == NONE) {
			if ((k = new_node(f, c)) == NONE)
				return -1;
			f->node[k].next = f->node[s].first;
			f->node[s].first = k;
		}
		s = k;
	}
	if (f->nowner == f->owner_cap) {
		cap = f->owner_cap == 0 ? 256 : 2 * f->owner_cap;
		if ((more = realloc(f->owner, cap * sizeof *more)) == NULL)
			return -1;
		f->owner = more;
		f->owner_cap = cap;
	}
	f->owner[f->nowner].who = who;
	f->owner[f->nowner].next = f->node[s].out;
	f->node[s].out = (uint32_t)f->nowner++;
	return 0;
}

/* classify - octets that stand in no literal are one class */
static void
classify(struct prefilter *f)
{
	size_t		i;
	unsigned	c;

	memset(f->class, 0, sizeof f->class);
	f->classes = 1;
	for (i = 1; i < f->n; i++)
		if (f->class[f->node[i].c] == 0)
			f->class[f->node[i].c] = (unsigned char)f->classes++;
	for (c = 0; c < 256; c++)
		f->class[c] = f->class[literal_fold((unsigned char)c)];
}

/* link_states - fail and dict links, and the full rows, breadth first */
static int
link_states(struct prefilter *f, uint32_t *queue)
{
	uint32_t	*row, s, k;
	size_t		 head = 0, tail = 0;
	unsigned	 c;

	queue[tail++] = 0;
	while (head < tail) {
		s = queue[head++];
		row = f->cell + (size_t)s * f->classes;
		/* What the row does not know, the fail state's row does. */
		for (c = 0; c < f->classes; c++)
			row[c] = s == 0 ? 0 : f->cell[(size_t)f->node[s].fail
			    * f->classes + c];
		for (k = f->node[s].first; k != NONE; k = f->node[k].next) {
			c = f->class[f->node[k].c];
			f->node[k].fail = s == 0 ? 0 : row[c];
			f->node[k].dict = f->node[f->node[k].fail].out !=
			    NONE ? f->node[k].fail :
			    f->node[f->node[k].fail].dict;
			row[c] = k;
			queue[tail++] = k;
		}
	}
	return tail == f->n ? 0 : -1;
}

/* number_ends - states in which something ends, counted through */
static int
number_ends(struct prefilter *f)
{
	size_t	i;

	for (i = 0; i < f->n; i++)
		f->end[i] = f->node[i].out != NONE || f->node[i].dict !=
		    NONE ? (uint32_t)f->nends++ : NONE;
	if ((f->ends = calloc(f->nends + 1, sizeof *f->ends)) == NULL)
		return -1;
	for (i = 0; i < f->n; i++) {
		if (f->end[i] == NONE)
			continue;
		f->ends[f->end[i]].out = f->node[i].out;
		f->ends[f->end[i]].dict = f->node[i].dict == NONE ? NONE :
		    f->end[f->node[i].dict];
	}
	return 0;
}

int
prefilter_build(struct prefilter *f)
{
	uint32_t	*queue, s;
	size_t		 i, cells;
	int		 rc;

	classify(f);
	cells = f->n * f->classes;
	if (cells > CELLS_MAX)
		return -1;
	f->cell = calloc(cells, sizeof *f->cell);
	f->end = calloc(f->n, sizeof *f->end);
	queue = calloc(f->n, sizeof *queue);
	rc = f->cell == NULL || f->end == NULL || queue == NULL ? -1 :
	    link_states(f, queue);
	free(queue);
	if (rc == -1 || number_ends(f) == -1)
		return -1;
	for (i = 0; i < cells; i++) {
		s = f->cell[i];
		f->cell[i] = s * f->classes | (f->end[s] != NONE ? HIT : 0);
	}
	free(f->node);
	f->node = NULL;
	return 0;
}

/* collect - the owners of all that ends with this end. One that was met
 * before in this text has nothing new, nor have the shorter ones in it. */
static size_t
collect(const struct prefilter *f, uint32_t e, uint32_t *stamp,
    uint32_t *seen, uint32_t now, uint32_t *out, size_t n)
{
	uint32_t	k;

	for (; e != NONE && seen[e] != now; e = f->ends[e].dict) {
		seen[e] = now;
		for (k = f->ends[e].out; k != NONE; k = f->owner[k].next)
			if (stamp[f->owner[k].who] != now) {
				stamp[f->owner[k].who] = now;
				out[n++] = f->owner[k].who;
			}
	}
	return n;
}

size_t
prefilter_scan(const struct prefilter *f, const char *p, size_t n,
    uint32_t *stamp, uint32_t *seen, uint32_t now, uint32_t *out)
{
	const unsigned char	*u = (const unsigned char *)p, *end = u + n;
	const uint32_t		*cell = f->cell;
	uint32_t		 s = 0;
	size_t			 found = 0;

	for (; u < end; u++) {
		s = cell[s + f->class[*u]];
		if (__builtin_expect((s & HIT) == 0, 1))
			continue;
		s &= ~HIT;
		found = collect(f, f->end[s / f->classes], stamp, seen, now,
		    out, found);
	}
	return found;
}

size_t
prefilter_ends(const struct prefilter *f)
{
	return f->nends;
}

size_t
prefilter_octets(const struct prefilter *f)
{
	return f->n * (f->classes + 1) * sizeof *f->cell +
	    f->nends * sizeof *f->ends + f->owner_cap * sizeof *f->owner;
}

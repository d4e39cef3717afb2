/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort.h - external sort of digests in bounded memory
 *
 * Workers fill a sorter each; a full one is sorted and spilled to a file
 * without a name in the store's folder, which no crash can leave behind. A
 * merge then gives all items of all sorters in order. Inside lib/store.
 */
#ifndef STORE_SORT_H
#define STORE_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/format.h"

/*
 * One digest with one mark, as numbers that compare as the octets do.
 * info: reason 4 bits, domain 1, line 27, expires 16, seen 16, from the top.
 */
struct item {
	uint64_t	hi, lo;
	uint64_t	info;
};

#define ITEM_LINE_MAX	((1u << 27) - 1)	/* "this or a later line" */

static inline uint64_t
item_info(enum store_reason reason, bool domain, uint64_t line,
    uint16_t expires, uint16_t seen)
{
	return (uint64_t)reason << 60 | (uint64_t)domain << 59 |
	    (line < ITEM_LINE_MAX ? line : ITEM_LINE_MAX) << 32 |
	    (uint64_t)expires << 16 | seen;
}

static inline enum store_reason
item_reason(const struct item *i)
{
	return (enum store_reason)(i->info >> 60);
}

static inline bool
item_domain(const struct item *i)
{
	return (i->info >> 59 & 1) != 0;
}

static inline uint32_t
item_line(const struct item *i)
{
	return (uint32_t)(i->info >> 32 & ITEM_LINE_MAX);
}

static inline bool
item_same(const struct item *a, const struct item *b)
{
	return a->hi == b->hi && a->lo == b->lo;
}

static inline bool
item_less(const struct item *a, const struct item *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi;
	if (a->lo != b->lo)
		return a->lo < b->lo;
	return a->info < b->info;
}

/* Sort a few thousand or million items in place. */
void	items_sort(struct item *, size_t n);

struct sorter;

/* dir: where to spill. room: octets of memory for items. Repeats of an item
 * but for the line are dropped, unless keep_all is called. */
int	sorter_new(const char *dir, size_t room, struct sorter **,
	    struct err *e);
void	sorter_keep_all(struct sorter *);
void	sorter_free(struct sorter **);
int	sorter_add(struct sorter *, const struct item *, struct err *e);
/* No more items: sort what is in memory. Threads: one a sorter. */
void	sorter_finish(struct sorter *);

/* A source of items in order: 1 and *out, 0 at the end, -1 with *e. */
struct source {
	int	(*next)(void *arg, struct item *out, struct err *e);
	void	*arg;
};

struct merge;

/* All runs of these sorters (finished), and further sources, as one. */
int	merge_new(struct sorter **, size_t n, const struct source *more,
	    size_t nmore, struct merge **, struct err *e);
void	merge_free(struct merge **);
int	merge_next(struct merge *, struct item *out, struct err *e);

#endif

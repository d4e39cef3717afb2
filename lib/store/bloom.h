/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bloom.h - "certainly not in this list", from memory
 *
 * A blocked Bloom filter of one imported list: ten bits a row, one cache line
 * a question, wrong about one absent row in fifty (which is then looked up). A
 * list gains no rows once it is in force, so its filter stays true for good.
 * Worth its making only for those who ask about many rows. Inside lib/store.
 */
#ifndef STORE_BLOOM_H
#define STORE_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

#include "store/env.h"
#include "store/sort.h"

#define BLOOM_ROWS_MAX	400000000ull	/* larger lists get none: memory */

struct bloom {
	uint32_t	 list;
	uint64_t	 blocks;
	uint64_t	(*bits)[8];
};

/* Inside the guard. 1 made, 0 not worth it or no memory, -1 with *e. */
int	bloom_make(struct env *, uint32_t list, uint64_t rows,
	    struct bloom *, struct err *e);
void	bloom_free(struct bloom *);

/* The block of a digest, and a mask of six bits in it. */
static inline uint64_t
bloom_block(const struct bloom *f, uint64_t hi)
{
	return (hi >> 32) * f->blocks >> 32;
}

static inline bool
bloom_may_hold(const struct bloom *f, uint64_t hi, uint64_t lo)
{
	const uint64_t	*b = f->bits[bloom_block(f, hi)];
	int		 i;

	for (i = 0; i < 6; i++, lo >>= 9)
		if ((b[lo >> 6 & 7] >> (lo & 63) & 1) == 0)
			return false;
	return true;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* bloom.c - see bloom.h */
#include "store/bloom.h"

#include <stdlib.h>
#include <string.h>

#include "store/lists.h"

#include "base/banned.h"

#define BITS_PER_ROW	10

/* set - the six bits of a digest */
static void
set(struct bloom *f, uint64_t hi, uint64_t lo)
{
	uint64_t	*b = f->bits[bloom_block(f, hi)];
	int		 i;

	for (i = 0; i < 6; i++, lo >>= 9)
		b[lo >> 6 & 7] |= UINT64_C(1) << (lo & 63);
}

int
bloom_make(struct env *env, uint32_t list, uint64_t rows, struct bloom *f,
    struct err *e)
{
	struct list_reader	r;
	struct marks		m;
	uint8_t			digest[STORE_DIGEST];
	int			rc;

	memset(f, 0, sizeof *f);
	if (rows > BLOOM_ROWS_MAX)
		return 0;
	f->list = list;
	f->blocks = rows * BITS_PER_ROW / 512 + 1;
	f->bits = aligned_alloc(64, f->blocks * sizeof *f->bits);
	if (f->bits == NULL)
		return 0;
	memset(f->bits, 0, f->blocks * sizeof *f->bits);
	if (list_open(env, list, &r, e) == -1) {
		bloom_free(f);
		return -1;
	}
	while ((rc = list_row(&r, digest, &m, e)) == 1)
		set(f, get64(digest), get64(digest + 8));
	list_close(&r);
	if (rc == -1) {
		bloom_free(f);
		return -1;
	}
	return 1;
}

void
bloom_free(struct bloom *f)
{
	free(f->bits);
	f->bits = NULL;
}

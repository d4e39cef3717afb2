/* SPDX-License-Identifier: BSD-2-Clause */
/* rekey.h - move what stands under old store keys to the first one */
#ifndef STORE_REKEY_H
#define STORE_REKEY_H

#include "store/admin.h"
#include "store/env.h"
#include "store/seal.h"

/* Delete the sealed copy of a recipient of whom no entry is left in this
 * table. 0 or an LMDB code. */
int	sealed_forget(struct env *, MDB_txn *, enum env_table,
	    const struct store_id *);

/* The sealed copy of a recipient; 1, 0 none, -1. out: SEAL_TEXT_MAX +
 * SEAL_OVERHEAD octets. */
int	sealed_get(struct env *, const struct store_id *, uint8_t *out,
	    size_t *n, struct err *e);

#endif

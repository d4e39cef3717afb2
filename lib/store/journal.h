/* SPDX-License-Identifier: BSD-2-Clause */
/* journal.h - writing the journal, for the rest of lib/store */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/env.h"

/*
 * journal_stamp - the number and time of the next record
 *
 * A hybrid clock: milliseconds of the wall clock times 65536 plus a counter;
 * it never goes back, whatever the wall clock does.
 */
void	journal_stamp(struct head *, struct jrec *);

/* Append j, which journal_stamp() filled; *h goes on to it. The caller writes
 * the head before the commit. 0 or an LMDB code. */
int	journal_append(struct env *, MDB_txn *, struct head *,
	    struct jrec *);

/* SHA-256(hash of the record before, number, octets after the hash) */
void	journal_hash(const uint8_t before[HASH_SIZE], uint64_t seq,
	    const uint8_t *record, size_t n, uint8_t out[HASH_SIZE]);

#endif

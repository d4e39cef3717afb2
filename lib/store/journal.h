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

/*
 * A signed checkpoint, "=cut" in the unnamed table and the detail of a "cut"
 * record: here the journal begins, and this hash stood before it.
 *
 *	0  1  1, the layout
 *	1  8  oldest record that was cut off
 *	9  8  newest one
 *	17 32 its hash
 *	49 8  HLC time of the cut
 *	57 1  id of the store key that the signing key derives from
 *	58 32 Ed25519 public key
 *	90 64 signature over the store's number and octets 0 to 89
 */
#define CUT_SIZE	154

struct cut {
	uint64_t	first, last, hlc;
	uint8_t		hash[HASH_SIZE];
	uint8_t		key, pub[32];
	bool		known;	/* out of cut_verify(): the signing key derives
				   from a store key of ours */
};

int	cut_sign(const struct store_keys *, const uint8_t uuid[16],
	    struct cut *, uint8_t out[CUT_SIZE], struct err *e);
/* 0; -1 when the signature is wrong, or made by another key than ours. */
int	cut_verify(const struct store_keys *, const uint8_t uuid[16],
	    const uint8_t *, size_t n, struct cut *, struct err *e);

/* store_journal_verify() of the chain alone, without a look at what else the
 * store holds. */
struct store_chain;
int	journal_chain(struct store *, struct store_chain *, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * absent.h - "certainly no entry of this recipient", from memory
 *
 * Most recipients stand nowhere, and to learn so from `entries` costs as much
 * as the look into a list. A process that looks up a lot keeps a Bloom filter
 * of the digests there. It may say "perhaps" of one that is not there; it
 * never says "no" of one that is: every entry that is written has a record in
 * the journal, and a filter is asked only when it has seen the journal as far
 * as the reader's snapshot goes. Inside lib/store.
 */
#ifndef STORE_ABSENT_H
#define STORE_ABSENT_H

#include "store/env.h"

/* Inside the guard: no entry under this digest in the reader's snapshot. */
bool	absent_surely(struct env *, struct reader *, const struct store_id *);

/* On the janitor's thread, now and then: make the filter, or a fresh one, if
 * so many lookups pay for it; was one made? */
bool	absent_tend(struct env *, uint64_t lookups);

void	absent_free(struct env *);

#endif

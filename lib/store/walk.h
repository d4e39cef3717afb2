/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h - read a table from end to end in portions
 *
 * Inside lib/store, inside the guard. Each portion is a read transaction of
 * its own; rows are copied out, so that each() may take its time.
 */
#ifndef STORE_WALK_H
#define STORE_WALK_H

#include "store/env.h"

/* from: first key, NULL for the start. each() returns 0, 1 to stop, -1 with
 * *e. */
int	walk(struct env *, enum env_table, const void *from, size_t nfrom,
	    int (*each)(void *arg, const MDB_val *key, const MDB_val *value,
	    struct err *e), void *arg, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * switch.h - which lists a scope names: what import, rollback and the end of
 * a scope have in common
 */
#ifndef STORE_SWITCH_H
#define STORE_SWITCH_H

#include "store/scope.h"

/* One of those at a time for each scope. A descriptor for env_unlock(), -1. */
int	switch_lock(struct env *, const char *scope, struct err *e);

/* What the journal says of it; run NULL: no new list. Octets. */
size_t	switch_detail(uint8_t *out, const struct scope_rec *before,
	    const struct scope_rec *after, const struct run_rec *run);

/* Is this list among them? */
bool	switch_holds(const uint32_t *v, int n, uint32_t list);

/* Lists that the scope names no more are to be deleted. 0, -1. */
int	switch_retire(struct env *, MDB_txn *, const struct scope_rec *before,
	    const struct scope_rec *after, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* find.h - lookups, for the rest of lib/store */
#ifndef STORE_FIND_H
#define STORE_FIND_H

#include "store/env.h"
#include "store/seal.h"

struct store {
	struct env		*env;
	const struct store_keys	*keys;
	struct store_conf	 conf;
	struct seal_key		*seal;	/* NULL: no sealed copies */
};

/* Is every key that the store needs in the key file? Else nobody may ask: a
 * recipient under a key that we lack would look like absent. 0, -1. */
int	store_keys_known(struct store *, struct err *e);

/* Filters of lists, for many lookups; immutable once published. */
struct bloom;
struct filters {
	size_t		 n;
	struct bloom	*v;
};

/* Filters of every list of these scopes; *out NULL when there is no memory. 0,
 * or -1 with *e. Rows of all of them in *rows, also when out is NULL. */
int	find_filters(struct store *, const uint32_t *scopes, size_t n,
	    struct filters **out, uint64_t *rows, struct err *e);
void	find_filters_free(struct filters **);

/*
 * find_sorted - many lookups in one read transaction
 *
 * digests under the only key, ascending (big endian as two numbers), so that
 * neighbours share the way down the tree. domain_of(arg, i) gives the domain of
 * the i-th when one matters. each() gets the hits of those that have any.
 * Only when the key file holds one key; filters may be NULL. 0, -1.
 */
struct item;
int	find_sorted(struct store *, const struct item *, size_t n,
	    const uint32_t *scopes, size_t nscopes, const struct filters *,
	    const char *(*domain_of)(void *arg, size_t i),
	    void (*each)(void *arg, size_t i, const struct store_entry *hits,
	    int nhits), void *arg, struct err *e);

/* Is this entry in force at that time? */
bool	rec_in_force(enum store_reason, const struct rec *, int64_t now);
void	rec_entry(const struct store_id *, uint32_t scope, enum store_reason,
	    bool domain, const struct rec *, int64_t now,
	    struct store_entry *out);

#endif

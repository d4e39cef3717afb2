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

/* Is this entry in force at that time? */
bool	rec_in_force(enum store_reason, const struct rec *, int64_t now);
void	rec_entry(const struct store_id *, uint32_t scope, enum store_reason,
	    bool domain, const struct rec *, int64_t now,
	    struct store_entry *out);

#endif

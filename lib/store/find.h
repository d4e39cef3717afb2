/* SPDX-License-Identifier: BSD-2-Clause */
/* find.h - lookups, for the rest of lib/store */
#ifndef STORE_FIND_H
#define STORE_FIND_H

#include "store/env.h"

struct store {
	struct env		*env;
	const struct store_keys	*keys;
	struct store_conf	 conf;
};

/* Is this entry in force at that time? */
bool	rec_in_force(enum store_reason, const struct rec *, int64_t now);
void	rec_entry(const struct store_id *, uint32_t scope, enum store_reason,
	    bool domain, const struct rec *, int64_t now,
	    struct store_entry *out);

#endif

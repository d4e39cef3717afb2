/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upgrade.h - a store that an older program made becomes one of ours
 *
 * Inside lib/store.
 */
#ifndef STORE_UPGRADE_H
#define STORE_UPGRADE_H

#include "store/env.h"

#define UPGRADE_FROM	1	/* the oldest format that we can upgrade */

/* Of an environment that is open for writing: nothing if its format is ours,
 * else a copy of data.mdb beside it, then all steps in one transaction. When
 * it fails, or is killed, the store is as it was. */
int	env_upgrade(struct env *, struct err *e);

#endif

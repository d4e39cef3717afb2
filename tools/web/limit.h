/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limit.h - how often somebody may do something, in memory of fixed size
 *
 * Buckets of tokens in a table by keyed hash of (what, who). A full row gives
 * its oldest bucket away: somebody with very many names can make others' counts
 * begin anew, never refuse them. Threads: safe.
 */
#ifndef WEB_LIMIT_H
#define WEB_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct limit;

int	limit_new(struct limit **, struct err *e);
void	limit_free(struct limit **);

/* May `who` do this once more, when `rate` in `seconds` are allowed? what: a
 * letter for each kind. rate 0: always. */
bool	limit_take(struct limit *, char what, const void *who, size_t n,
	    long rate, long seconds);

/* The same for a client by the text of its address; one of IPv6 counts as its
 * /64, for whoever has one address of that has them all. */
bool	limit_client(struct limit *, char what, const char *addr, long rate,
	    long seconds);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * intake.h - a long file of rows, read once, worked on by all cores
 *
 * The caller's thread reads blocks of whole rows; workers do what is wanted
 * with each; the caller gets the finished blocks back in the order of the
 * file. Memory is bounded by the number of blocks. Inside lib/store.
 */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define INTAKE_BLOCK	(1u << 20)	/* octets; longer rows are refused */
#define INTAKE_OUT_MAX	64		/* times a block: what a worker may
					   write for it */

struct block {
	char		*data;
	size_t		 len;
	uint64_t	 line;		/* number of its first line, from 1 */
	bool		 too_long;	/* one row that was not read to its
					   end: data is its beginning */
	struct buf	 out, aside;	/* the worker's, emptied for it */
	uint64_t	 rows, good, bad, hits;	/* the worker's, zeroed */
};

struct intake {
	int		 fd;
	const char	*name;		/* of the file, for messages */
	bool		 quotes;	/* a newline in quotes ends no row */
	unsigned	 workers;
	size_t		 block;		/* octets of a block, 0 = the above */
	int		 stall;		/* seconds that a read may wait, 0 = for
					   ever */
	/* On a worker's thread; -1 with *e ends it all. */
	int		(*work)(void *arg, unsigned worker, struct block *,
			    struct err *e);
	/* On the caller's thread, in the order of the file. */
	int		(*done)(void *arg, struct block *, struct err *e);
	/* On the caller's thread, with the first block's octets before any
	 * work: look at a header. May return how many octets to skip, or -1. */
	long		(*first)(void *arg, const char *p, size_t n,
			    struct err *e);
	void		*arg;
	uint64_t	 octets;	/* out: read so far */
};

int	intake_run(struct intake *, struct err *e);

/* How many workers by default: one a core, at most 16. */
unsigned intake_cores(void);

#endif

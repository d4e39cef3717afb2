/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.h - one change of a request, within the transaction of its batch
 *
 * Inside lib/store; apply.c makes the batches.
 */
#ifndef STORE_CHANGE_H
#define STORE_CHANGE_H

#include "store/find.h"
#include "store/store.h"

/* A sealed copy, made before the queue: it takes longer than a lookup. */
struct sealed {
	size_t	n;		/* 0 = none */
	uint8_t	p[ADDR_SIZE + SEAL_OVERHEAD];
};

/* One caller of store_apply(). */
struct queued {
	struct queued		*next;
	struct store		*s;
	const char		*actor;
	struct store_change	*changes;
	size_t			 n;
	struct err		*e;
	int			 rc;
	bool			 done, refused;
	bool			 lead;		/* woken to lead, not done */
	pthread_cond_t		 wake;
	struct sealed		*sealed;	/* of each change, or NULL */
};

/* One transaction. */
struct batch {
	struct env	*env;
	struct queued	*first;		/* of n linked ones */
	MDB_txn		*txn;
	struct head	 head;
	bool		 wrote;
	int64_t		 now;
	size_t		 reports;	/* new in `dedup` */
	struct err	 e;
};

/* change_one - 0; -1 with *e, and q->refused when it was refused: then nothing
 * of its request may stay. */
int	change_one(struct batch *, struct queued *, struct store_change *,
	    struct err *e);

#endif

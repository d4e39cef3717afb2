/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scope.h - the table of scopes, in memory for lookups and on disk
 *
 * Inside lib/store. A snapshot is immutable and counted; "=gen" in the store
 * tells whether it is still the newest, for one small read after a commit.
 */
#ifndef STORE_SCOPE_H
#define STORE_SCOPE_H

#include "store/env.h"

struct scope_list {
	uint32_t	list;
	uint8_t		key;		/* store key of its digests */
	bool		domains;	/* holds whole-domain rows */
};

struct scope_info {
	uint32_t		id;
	uint8_t			nlists;
	struct scope_list	lists[SCOPE_LISTS];
	char			name[STORE_SCOPE_MAX + 1];
};

struct scopes {
	atomic_uint		 refs;
	uint64_t		 gen;
	size_t			 n;
	size_t			 with_lists;	/* of them */
	bool			 list_domains;	/* a list names a domain */
	unsigned		 nkeys;		/* store keys in use */
	uint8_t			 keys[STORE_KEYS_MAX];
	struct scope_info	*v;		/* by id */
};

/* scopes_of - the table as the reader's transaction sees it. It belongs to the
 * reader. NULL with *e. */
const struct scopes *scopes_of(struct env *, struct reader *,
	    struct tables *, struct err *e);
const struct scope_info *scopes_find(const struct scopes *, uint32_t id);
void	scopes_unref(struct scopes *);

/* Records on disk; 1 found, 0 absent, -1 with *e. */
int	scope_get(struct env *, MDB_txn *, uint32_t id, struct scope_rec *,
	    struct err *e);
int	run_get(struct env *, MDB_txn *, uint32_t list, struct run_rec *,
	    struct err *e);
/* 0 or an LMDB code. */
int	scope_put(struct env *, MDB_txn *, const struct scope_rec *);
/* A scope comes to be: its record and the journal's. */
int	scope_make(struct env *, MDB_txn *, struct head *, const char *name,
	    const char *actor, struct scope_rec *out);
int	run_put(struct env *, MDB_txn *, uint32_t list,
	    const struct run_rec *);

/* "=keys": the ids of store keys that something stands under. Note one before
 * writing under it; drop it when nothing is left. 0 or an LMDB code. */
int	keys_note(struct env *, MDB_txn *, struct head *, uint8_t key);
int	keys_drop(struct env *, MDB_txn *, struct head *, uint8_t key);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* env_int.h - what env.c and the env_*.c beside it share; no other user */
#ifndef STORE_ENV_INT_H
#define STORE_ENV_INT_H

#include <sys/stat.h>

#include "store/env.h"

/* What env_guard() ends for this thread when something fails hard; NULL: it is
 * not inside the guard. */
struct env_held {
	MDB_txn		*txn;		/* the write transaction, if any */
	bool		 turn;		/* it is this thread's turn to write */
	MDB_cursor	*cursor;	/* of env_cursor(), one at a time */
};
struct env_held *env_held(void);

/* Catch SIGBUS, unless we do; one thread at a time. And LMDB's assertions. */
void	env_guard_install(void);
void	env_guard_assert(MDB_env *, const char *msg);

/* The struct, nothing open yet: NULL with *e. And the end of one that nobody
 * knows any more. */
struct env *env_new(const char *dir, struct err *e);
void	env_free(struct env *);

/* LMDB's environment, with less address space when the system (RLIMIT_AS) does
 * not grant it all; handles of every table, which `create` makes. 0 or an LMDB
 * code. */
int	env_start_mdb(struct env *, unsigned flags, size_t map_size);
int	env_open_tables(struct env *, MDB_txn *, bool create);

/* data.mdb of a folder, as it is now; 0, -1. */
int	env_look(const char *dir, struct stat *, struct err *e);

/* writers.lock of a folder: a descriptor, or -1 with errno. */
int	env_turn_open(const char *dir);
void	env_turn_end(struct env *);

#endif

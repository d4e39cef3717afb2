/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env.h - one LMDB environment for each folder of a process, and its dangers
 *
 * Inside lib/store only. What LMDB asks of its users is met here and nowhere
 * else: one environment a file and process; no transaction while the map is
 * resized; readers that died cleared; writers in turn, the threads of a
 * process by a mutex, processes by a turnstile of locks that starves none.
 *
 * Guard: a truncated file raises SIGBUS inside LMDB and a garbled page calls
 * its assertion handler; both would end the process. Whatever touches the map
 * therefore runs inside env_guard(), which turns them into an error; the
 * environment then answers nothing more ("cannot say"). Inside the guard hold
 * no mutex of your own and own no memory that only the stack knows.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <lmdb.h>

#include "store/conf.h"
#include "store/format.h"

enum env_table {
	T_MAIN,			/* unnamed: "=format", "=head", "=gen" */
	T_ENTRIES, T_DOMAINS, T_LISTS, T_SCOPES, T_RUNS, T_JOURNAL, T_DEDUP,
	T_SEALED, T_COUNT
};

struct scopes;			/* scope.c: a snapshot of the scope table */

/* Is there anything in these two? */
struct tables {
	bool	entries, domains;
};

#define READERS		64	/* lookups of a process at one time */

struct reader {
	_Alignas(64) atomic_bool busy;
	MDB_txn		*txn;		/* reset while not in use, */
	bool		 open;		/* unless it was kept */
	MDB_cursor	*entries, *domains, *lists;
	unsigned	 uses, counted;	/* lookups; of them, by the janitor */
	struct scopes	*scopes;	/* as of the last lookup, */
	struct tables	 tables;	/* the same, */
	uint64_t	 seq;		/* the last journal record then, */
	size_t		 as_of;		/* and the commit that it saw */
};

/* Who ends the transactions that lookups kept, reader.c. */
enum { JANITOR_NONE, JANITOR_RUNS, JANITOR_GONE, JANITOR_FAILED };

struct janitor {
	atomic_int	 state;		/* JANITOR_... */
	atomic_bool	 asleep, stop;
	uint64_t	 lookups;	/* since it made a filter */
	sem_t		 wake;
	pthread_t	 thread;
};

struct queued;			/* change.h */
struct absent_map;

struct env {
	struct env	*next;		/* of this process */
	unsigned	 refs;
	dev_t		 dev;
	ino_t		 ino;
	char		 dir[PATH_MAX];
	bool		 writable;
	bool		 unlocked;	/* nobody wrote there: no reader slot */
	MDB_env		*mdb;
	MDB_dbi		 dbi[T_COUNT];
	uint32_t	 format;	/* number in "=format" */
	uint8_t		 uuid[16];
	atomic_bool	 broken;	/* a guard caught something */
	struct reader	 readers[READERS];
	struct janitor	 janitor;
	_Atomic(struct absent_map *) absent;	/* absent.h, NULL: none */
	atomic_bool	 absent_busy;	/* somebody fills it */
	atomic_long	 checked;	/* second of the last look at size */

	pthread_mutex_t	 write;		/* one write transaction a process */
	int		 turn_fd;	/* writers.lock, -1 when read-only */
	uint64_t	 commits;	/* under `write` */

	pthread_mutex_t	 queue_lock;	/* group commit, apply.c */
	struct queued	*queue, **queue_end;
	bool		 leader;

	pthread_mutex_t	 scopes_lock;
	struct scopes	*scopes;	/* newest known, one reference */
};

int	env_create(const char *dir, size_t map_size, struct err *e);
int	env_open(const char *dir, bool write, size_t map_size, struct env **,
	    struct err *e);
void	env_close(struct env **);
/* Was it opened on a read-only file system that is writable now? Who writes
 * there does not see us: it must be opened anew. */
bool	env_outdated(const struct env *);

/* Run fn(arg) where LMDB may fail hard; its result, or -1 with *e. */
int	env_guard(struct env *, int (*fn)(void *), void *arg, struct err *e);

/* "store DIR: step: why" of an LMDB or errno code. Always -1. */
int	env_fail(struct env *, const char *step, int rc, struct err *e);
/* The number in "=format", if it is one that we can use or upgrade; 0, -1. */
int	env_format(struct env *, MDB_txn *, uint32_t *number, struct err *e);
/* env_fail() for octets on disk that the format forbids. */
int	env_garbled(struct env *, const char *what, struct err *e);

/* A read transaction from the pool, at the newest commit; give it back soon,
 * before any wait. NULL with *e. */
struct reader *env_read(struct env *, struct err *e);
void	env_read_done(struct reader *);
/* The same for those who come again at once: the transaction stays open for
 * some milliseconds, and serves the next lookup if nothing was committed. */
void	env_read_keep(struct env *, struct reader *);
void	readers_end(struct env *);	/* of env_close() */
/* Wait until every lookup that runs now is over; false: it may never be. */
bool	readers_pass(struct env *);
/* Adopt the map size that another process chose; an LMDB code. The caller
 * holds no transaction. */
int	env_resize(struct env *);
/* Is every page that this transaction may read in the file? 0, -1; and did
 * somebody look this second? */
int	env_check_size(struct env *, MDB_txn *, struct err *e);
bool	env_size_is_fresh(struct env *);

/* A write transaction, after one's turn. env_commit and env_abort end it and
 * the turn; env_commit is durable once it returned 0. */
int	env_begin(struct env *, MDB_txn **, struct err *e);
int	env_commit(struct env *, MDB_txn *, struct err *e);
void	env_abort(struct env *, MDB_txn *);

/* Byte-range locks on writers.lock that end with the process, for others than
 * writers: env_lock() opens its own description. fd, or -1 when taken
 * (*e untouched) or failed (*e set). Waits when `wait`, as long as
 * env_turn_limit; then *e is set and errno ETIMEDOUT. */
#define LOCK_TURN	1ull		/* who writes: others wait */
#define LOCK_APPEND	2ull		/* who appends a list */
#define LOCK_SCOPE	(1ull << 32)	/* + scope id: who imports it */
int	env_lock(struct env *, uint64_t what, bool wait, struct err *e);
void	env_unlock(int fd);
bool	env_locked(struct env *, uint64_t what);	/* by anybody */

/* Short forms; 0, MDB_NOTFOUND or another code. */
int	env_get(struct env *, MDB_txn *, enum env_table, const void *key,
	    size_t n, MDB_val *out);
int	env_put(struct env *, MDB_txn *, enum env_table, const void *key,
	    size_t n, const void *p, size_t len, unsigned flags);
int	env_del(struct env *, MDB_txn *, enum env_table, const void *key,
	    size_t n);
/* A cursor for a short while; the guard closes it when something fails hard. */
int	env_cursor(struct env *, MDB_txn *, enum env_table, MDB_cursor **);
int	env_cursor_at(MDB_txn *, MDB_dbi, MDB_cursor **);
void	env_cursor_done(MDB_cursor *);
int	env_head(struct env *, MDB_txn *, struct head *, struct err *e);
int	env_set_head(struct env *, MDB_txn *, const struct head *);

/* Let go of the file's pages from..to that a reader (never a writer: what it
 * sees may be memory) has looked at: they stay in the system's cache, and
 * whoever walks through everything stays small. */
void	env_forget(const void *from, const void *to);

/* Is this the write that a test wants to fail? For those who write by other
 * means than env_put(). */
bool	env_write_fails(void);

/* For torture tests: the n-th call from now of env_put, env_del, env_commit
 * fails with ENOSPC; 0 = none. Counts down. */
extern atomic_long env_fail_write;

/* Milliseconds that a writer waits for those of other processes; then it
 * cannot say. For tests, too. */
extern atomic_long env_turn_limit;

#endif

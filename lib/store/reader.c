/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reader.c - the read transactions of a process; see env.h
 *
 * A transaction that begins costs as much as a third of a lookup: LMDB reads
 * its table of tables anew. So a lookup leaves its transaction open for the
 * next one, which goes on with it when nothing was committed since: its
 * snapshot is then the newest there is. A transaction that is open keeps the
 * pages it sees from being used again; a janitor therefore ends each that is
 * not in use at the moment, every few milliseconds, sleeps while there are
 * none, and leaves when that lasts: the next lookup that keeps its transaction
 * calls another. It also tends the filter of those who have no entry
 * (absent.h).
 */
#include "store/env.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "store/absent.h"
#include "store/scope.h"

#include "base/banned.h"

#define CLOCK_EVERY	16	/* lookups of a slot between looks at a clock */
#define KEEP_AFTER	64	/* of them before its transactions stay open */
#define KEEP_MS		20	/* how long one that nobody uses stays open */
#define IDLE_S		1	/* how long the janitor waits for work */

/* -- the janitor ---------------------------------------------------------- */

/* let_go - end the transactions that nobody uses; are there none any more? */
static bool
let_go(struct env *env)
{
	struct reader	*r;
	bool		 all = true;
	int		 i;

	for (i = 0; i < READERS; i++) {
		r = &env->readers[i];
		if (atomic_exchange(&r->busy, true)) {
			all = false;	/* may keep it */
			continue;
		}
		if (r->open) {
			mdb_txn_reset(r->txn);
			r->open = false;
		}
		env->janitor.lookups += r->uses - r->counted;
		r->counted = r->uses;
		atomic_store(&r->busy, false);
	}
	return all;
}

/* janitor_waits - until somebody keeps a transaction; false: nobody does */
static bool
janitor_waits(struct env *env)
{
	struct timespec	until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_S;
	while (sem_clockwait(&env->janitor.wake, CLOCK_MONOTONIC, &until) == -1)
		if (errno == ETIMEDOUT) {
			if (atomic_exchange(&env->janitor.asleep, false))
				return false;
			/* somebody is about to wake us */
			until.tv_sec += IDLE_S;
		}
	return true;
}

/*
 * janitor_leaves - may it?
 *
 * A lookup that took its slot before the last look stands in it still, and
 * may keep its transaction for the one that it saw here: stay. One that took
 * it later sees that nobody is here, and calls another.
 */
static bool
janitor_leaves(struct env *env)
{
	int	gone = JANITOR_GONE;

	atomic_store(&env->janitor.state, gone);
	return let_go(env) || !atomic_compare_exchange_strong(
	    &env->janitor.state, &gone, JANITOR_RUNS);
}

static void *
janitor_run(void *arg)
{
	static const struct timespec	 pause = { 0, KEEP_MS * 1000000L };
	struct env			*env = arg;

	while (!atomic_load(&env->janitor.stop)) {
		atomic_store(&env->janitor.asleep, false);
		(void)nanosleep(&pause, NULL);
		if (absent_tend(env, env->janitor.lookups))
			env->janitor.lookups = 0;
		if (!let_go(env))
			continue;
		/* from here on who keeps one wakes us; who did so just now
		 * is seen by the second look */
		atomic_store(&env->janitor.asleep, true);
		if (let_go(env) && !janitor_waits(env) && janitor_leaves(env))
			break;
	}
	return NULL;
}

/* janitor_start - unless it runs; without it no transaction stays open */
static bool
janitor_start(struct env *env)
{
	sigset_t	mask, before;
	int		state = atomic_load(&env->janitor.state);

	if ((state != JANITOR_NONE && state != JANITOR_GONE) ||
	    !atomic_compare_exchange_strong(&env->janitor.state, &state,
	    JANITOR_FAILED))
		return state == JANITOR_RUNS;
	if (state == JANITOR_GONE)
		(void)pthread_join(env->janitor.thread, NULL);
	(void)sigfillset(&mask);	/* signals are for other threads */
	(void)sigdelset(&mask, SIGBUS);
	(void)pthread_sigmask(SIG_SETMASK, &mask, &before);
	if (pthread_create(&env->janitor.thread, NULL, janitor_run, env) == 0)
		atomic_store(&env->janitor.state, JANITOR_RUNS);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return atomic_load(&env->janitor.state) == JANITOR_RUNS;
}

static void
janitor_end(struct env *env)
{
	int	state = atomic_load(&env->janitor.state);

	if (state == JANITOR_NONE || state == JANITOR_FAILED)
		return;
	atomic_store(&env->janitor.stop, true);
	(void)sem_post(&env->janitor.wake);
	(void)pthread_join(env->janitor.thread, NULL);
}

bool
readers_pass(struct env *env)
{
	static const struct timespec	pause = { 0, 1000000 };
	atomic_bool			*busy;
	int				 i;

	for (i = 0; i < READERS; i++) {
		busy = &env->readers[i].busy;
		while (atomic_exchange(busy, true)) {
			if (atomic_load(&env->broken))
				return false;
			(void)nanosleep(&pause, NULL);
		}
		atomic_store(busy, false);
	}
	return true;
}

/* -- slots ---------------------------------------------------------------- */

void
readers_end(struct env *env)
{
	struct reader	*r;
	int		 i;

	janitor_end(env);
	absent_free(env);
	for (i = 0; i < READERS; i++) {
		r = &env->readers[i];
		scopes_unref(r->scopes);
		if (r->entries != NULL)
			mdb_cursor_close(r->entries);
		if (r->domains != NULL)
			mdb_cursor_close(r->domains);
		if (r->lists != NULL)
			mdb_cursor_close(r->lists);
		if (r->txn != NULL)
			mdb_txn_abort(r->txn);
	}
}

/* reader_take - a free slot; waits while all are in use */
static struct reader *
reader_take(struct env *env)
{
	uintptr_t	 here = (uintptr_t)&env;	/* our stack */
	struct reader	*r;
	unsigned	 i, at = (unsigned)((here >> 12) * 2654435761u >> 8);

	for (i = 0;; i++) {
		r = &env->readers[(at + i) % READERS];
		if (!atomic_load_explicit(&r->busy, memory_order_relaxed) &&
		    !atomic_exchange(&r->busy, true))
			return r;
		if (i % READERS == READERS - 1)
			(void)sched_yield();
	}
}

void
env_read_done(struct reader *r)
{
	mdb_txn_reset(r->txn);
	r->open = false;
	atomic_store_explicit(&r->busy, false, memory_order_release);
}

void
env_read_keep(struct env *env, struct reader *r)
{
	if (r->uses < KEEP_AFTER || !janitor_start(env)) {
		env_read_done(r);
		return;
	}
	r->open = true;
	atomic_store_explicit(&r->busy, false, memory_order_release);
	if (atomic_load(&env->janitor.asleep) &&
	    atomic_exchange(&env->janitor.asleep, false))
		(void)sem_post(&env->janitor.wake);
}

/* is_newest - was nothing committed since this transaction began? What a
 * commit changes first is what LMDB looks at here, so whatever was
 * acknowledged is seen. */
static bool
is_newest(struct env *env, struct reader *r)
{
	MDB_envinfo	info;

	return mdb_env_info(env->mdb, &info) == 0 &&
	    info.me_last_txnid == mdb_txn_id(r->txn);
}

/* reader_begin - go on with the slot's transaction, renew it, or make its
 * first */
static int
reader_begin(struct env *env, struct reader *r)
{
	int	rc;

	if (r->open) {
		if (is_newest(env, r))
			return 0;
		mdb_txn_reset(r->txn);
		r->open = false;
	}
	if (r->txn != NULL)
		return mdb_txn_renew(r->txn);
	if ((rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &r->txn)) != 0)
		r->txn = NULL;
	return rc;
}

/*
 * env_resize - adopt the map size that another process chose
 *
 * LMDB wants no transaction live meanwhile: hold every slot and the writers'
 * mutex. The caller holds none.
 */
int
env_resize(struct env *env)
{
	struct reader	*r;
	int		 i, rc;

	(void)pthread_mutex_lock(&env->write);
	for (i = 0; i < READERS; i++) {
		r = &env->readers[i];
		while (atomic_exchange(&r->busy, true))
			(void)sched_yield();
		if (r->open)
			mdb_txn_reset(r->txn);
		r->open = false;
	}
	rc = mdb_env_set_mapsize(env->mdb, 0);
	for (i = 0; i < READERS; i++)
		atomic_store_explicit(&env->readers[i].busy, false,
		    memory_order_release);
	(void)pthread_mutex_unlock(&env->write);
	return rc;
}

struct reader *
env_read(struct env *env, struct err *e)
{
	struct reader	*r;
	int		 rc, tries, dead;

	for (tries = 0;; tries++) {
		r = reader_take(env);
		if ((rc = reader_begin(env, r)) == 0) {
			if (r->uses++ % CLOCK_EVERY != 0 ||
			    env_size_is_fresh(env) ||
			    env_check_size(env, r->txn, e) == 0)
				return r;
			atomic_store(&env->checked, 0);
			r->uses = r->counted = 0;	/* look again */
			env_read_done(r);
			return NULL;
		}
		atomic_store_explicit(&r->busy, false, memory_order_release);
		if (tries == 2)
			break;
		if (rc == MDB_MAP_RESIZED)
			(void)env_resize(env);
		else if (rc == MDB_READERS_FULL)
			(void)mdb_reader_check(env->mdb, &dead);
		else
			break;
	}
	env_fail(env, "read", rc, e);
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* env_guard.c - what ends a process becomes an error; see env.h */
#include "store/env_int.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/banned.h"

static struct sigaction	 handler_before;

/*
 * The guard. One thread-local pointer: it lives within one call on one
 * thread, which is not the per-connection state that HOUSE forbids.
 */
struct guard {
	sigjmp_buf	 jump;
	struct guard	*outer;
	struct env_held	 held;
	char		 why[200];
};

static _Thread_local struct guard *guard_now;

struct env_held *
env_held(void)
{
	return guard_now != NULL ? &guard_now->held : NULL;
}

static void
guard_sigbus(int sig, siginfo_t *info, void *context)
{
	static const char why[] = "data.mdb is shorter than it was, or its "
			    "disk cannot be read";
	struct guard	*g = guard_now;

	if (g != NULL) {
		memcpy(g->why, why, sizeof why);
		siglongjmp(g->jump, 1);
	}
	if ((handler_before.sa_flags & SA_SIGINFO) != 0 &&
	    handler_before.sa_sigaction != NULL) {
		handler_before.sa_sigaction(sig, info, context);
		return;
	}
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

void
env_guard_assert(MDB_env *mdb, const char *msg)
{
	struct guard	*g = guard_now;

	(void)mdb;
	if (g == NULL)
		return;		/* LMDB prints it and aborts */
	(void)snprintf(g->why, sizeof g->why, "a page is garbled (%s)", msg);
	siglongjmp(g->jump, 1);
}

void
env_guard_install(void)
{
	struct sigaction	sa = { .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction	now;

	if (sigaction(SIGBUS, NULL, &now) == 0 &&
	    (now.sa_flags & SA_SIGINFO) != 0 &&
	    now.sa_sigaction == guard_sigbus)
		return;
	handler_before = now;
	sa.sa_sigaction = guard_sigbus;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGBUS, &sa, NULL);
}

/* abort_txn - for env_guard, which may call it in a damaged environment */
static int
abort_txn(void *txn)
{
	mdb_txn_abort(txn);
	return 0;
}

/* guard_release - let others write after a fault in the midst of it */
static void
guard_release(struct env *env, const struct env_held *caught)
{
	if (caught->cursor != NULL)
		mdb_cursor_close(caught->cursor);
	if (caught->txn != NULL)
		(void)env_guard(env, abort_txn, caught->txn, NULL);
	if (caught->turn)
		env_turn_end(env);
	atomic_store(&env->broken, true);
}

int
env_guard(struct env *env, int (*fn)(void *), void *arg, struct err *e)
{
	struct guard	g;
	int		rc;

	if (atomic_load_explicit(&env->broken, memory_order_relaxed))
		return err_code(e, EX_DATAERR, "store %s: is damaged; restore "
		    "a backup, then restart", env->dir);
	g.outer = guard_now;
	g.held = (struct env_held){ NULL, false, NULL };
	g.why[0] = '\0';
	if (sigsetjmp(g.jump, 0) != 0) {
		guard_now = g.outer;
		guard_release(env, &g.held);
		return err_code(e, EX_DATAERR, "store %s: is damaged: %s; "
		    "restore a backup", env->dir, g.why);
	}
	guard_now = &g;
	rc = fn(arg);
	guard_now = g.outer;
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* size.c - is data.mdb as long as its pages say? see env.h */
#include "store/env.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "base/banned.h"

/*
 * missing_are_free - is nothing in use on the pages from..to?
 *
 * LMDB never writes a page that a transaction took and gave back, so a sound
 * file may end a little before its last page: every page after the end must
 * then stand in the table of free ones, LMDB's number 0.
 */
static int
missing_are_free(struct env *env, MDB_txn *txn, size_t from, size_t to,
    struct err *e)
{
	MDB_cursor	*c;
	MDB_val		 k, v;
	size_t		 found = 0, i, n, pgno;
	int		 rc;

	if ((rc = env_cursor_at(txn, 0, &c)) != 0)
		return env_fail(env, "look at free pages", rc, e);
	while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
		if (v.mv_size < sizeof n)
			break;
		memcpy(&n, v.mv_data, sizeof n);
		for (i = 1; i <= n && i < v.mv_size / sizeof n; i++) {
			memcpy(&pgno, (char *)v.mv_data + i * sizeof pgno,
			    sizeof pgno);
			found += pgno >= from && pgno <= to;
		}
	}
	env_cursor_done(c);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return env_fail(env, "look at free pages", rc, e);
	if (found >= to - from + 1)
		return 0;
	return err_code(e, EX_DATAERR, "store %s: is damaged: data.mdb was cut "
	    "short by %zu pages; restore a backup", env->dir,
	    to - from + 1 - found);
}

int
env_check_size(struct env *env, MDB_txn *txn, struct err *e)
{
	MDB_envinfo	info;
	MDB_stat	st;
	struct stat	file;
	size_t		have;
	int		fd, rc;

	if ((rc = mdb_env_info(env->mdb, &info)) != 0 ||
	    (rc = mdb_env_stat(env->mdb, &st)) != 0 ||
	    (rc = mdb_env_get_fd(env->mdb, &fd)) != 0)
		return env_fail(env, "look at data.mdb", rc, e);
	if (fstat(fd, &file) == -1)
		return env_fail(env, "look at data.mdb", errno, e);
	have = (size_t)file.st_size / st.ms_psize;
	if (have > info.me_last_pgno)
		return 0;
	return missing_are_free(env, txn, have, info.me_last_pgno, e);
}

bool
env_size_is_fresh(struct env *env)
{
	struct timespec	ts;
	long		before;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	before = atomic_load_explicit(&env->checked, memory_order_relaxed);
	return before == ts.tv_sec ||
	    !atomic_compare_exchange_strong(&env->checked, &before, ts.tv_sec);
}

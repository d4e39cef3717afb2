/* SPDX-License-Identifier: BSD-2-Clause */
/* sweep.c - delete lists that nobody needs; see lists.h */
#include "store/lists.h"

#include "base/clock.h"
#include "store/scope.h"

#include "base/banned.h"

#define CHUNK		32768	/* rows deleted in one transaction */

/* find_dead - a list to delete; 1, 0 none, -1 */
static int
find_dead(struct env *env, uint32_t *list, struct err *e)
{
	struct reader	*r;
	MDB_cursor	*c;
	MDB_val		 k, v;
	struct run_rec	 run;
	int		 rc, found = 0;

	if ((r = env_read(env, e)) == NULL)
		return -1;
	if ((rc = env_cursor(env, r->txn, T_RUNS, &c)) != 0) {
		env_read_done(r);
		return env_fail(env, "read its lists", rc, e);
	}
	while (found == 0 && (rc = mdb_cursor_get(c, &k, &v,
	    MDB_NEXT)) == 0) {
		if (k.mv_size != 4 || run_unpack(v.mv_data, v.mv_size,
		    &run) == -1)
			found = env_garbled(env, "a list's record", e);
		else if (run.state == RUN_DROPPING ||
		    (run.state == RUN_LOADING &&
		    !env_locked(env, LOCK_SCOPE + run.scope))) {
			*list = get32(k.mv_data);
			found = 1;
		}
	}
	env_cursor_done(c);
	env_read_done(r);
	if (found == 0 && rc != MDB_NOTFOUND)
		return env_fail(env, "read its lists", rc, e);
	return found;
}

/* delete_rows - up to a chunk of them; *more: there are others. A code. */
static int
delete_rows(struct env *env, MDB_txn *txn, uint32_t list, bool *more)
{
	uint8_t		 key[LKEY_SIZE] = { 0 };
	MDB_val		 k = { sizeof key, key }, v;
	MDB_cursor	*c;
	unsigned	 n;
	int		 rc;

	put32(key, list);
	if ((rc = env_cursor(env, txn, T_LISTS, &c)) != 0)
		return rc;
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	for (n = 0; n < CHUNK && rc == 0; n++) {
		if (k.mv_size != LKEY_SIZE || get32(k.mv_data) != list)
			rc = MDB_NOTFOUND;
		else if ((rc = mdb_cursor_del(c, 0)) == 0)
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	env_cursor_done(c);
	*more = rc == 0;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* still_dead - in this transaction; another process may have been faster */
static bool
still_dead(struct env *env, MDB_txn *txn, uint32_t list)
{
	struct run_rec	run;

	return run_get(env, txn, list, &run, NULL) == 1 &&
	    run.state != RUN_READY;
}

/* delete_some - one transaction of it; 1 more are left, 0 none, -1 */
static int
delete_some(struct env *env, uint32_t list, struct err *e)
{
	uint8_t	 key[4];
	MDB_txn	*txn;
	bool	 more;
	int	 rc;

	if (env_begin(env, &txn, e) == -1)
		return -1;
	if (!still_dead(env, txn, list)) {
		env_abort(env, txn);
		return 0;
	}
	put32(key, list);
	if ((rc = delete_rows(env, txn, list, &more)) != 0 || (!more &&
	    (rc = env_del(env, txn, T_RUNS, key, sizeof key)) != 0)) {
		env_abort(env, txn);
		return env_fail(env, "delete a list", rc, e);
	}
	return env_commit(env, txn, e) == -1 ? -1 : more;
}

int
lists_sweep(struct env *env, long ms, struct err *e)
{
	int64_t		until = clock_mono_us() + ms * 1000;
	uint32_t	list;
	int		rc;

	while ((rc = find_dead(env, &list, e)) == 1) {
		while ((rc = delete_some(env, list, e)) == 1)
			if (ms != 0 && clock_mono_us() > until)
				return 0;
		if (rc == -1)
			return -1;
	}
	return rc;
}

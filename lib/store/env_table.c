/* SPDX-License-Identifier: BSD-2-Clause */
/* env_table.c - the short forms of LMDB's calls on tables; see env.h */
#include "store/env_int.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

atomic_long env_fail_write;

int
env_get(struct env *env, MDB_txn *txn, enum env_table t, const void *key,
    size_t n, MDB_val *out)
{
	MDB_val	k = { n, (void *)(uintptr_t)key };

	return mdb_get(txn, env->dbi[t], &k, out);
}

int
env_cursor_at(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **c)
{
	int	rc = mdb_cursor_open(txn, dbi, c);

	if (rc == 0)
		env_held()->cursor = *c;
	return rc;
}

int
env_cursor(struct env *env, MDB_txn *txn, enum env_table t, MDB_cursor **c)
{
	return env_cursor_at(txn, env->dbi[t], c);
}

void
env_cursor_done(MDB_cursor *c)
{
	env_held()->cursor = NULL;
	mdb_cursor_close(c);
}

bool
env_write_fails(void)
{
	if (atomic_load_explicit(&env_fail_write, memory_order_relaxed) == 0)
		return false;
	return atomic_fetch_sub(&env_fail_write, 1) == 1;
}

int
env_put(struct env *env, MDB_txn *txn, enum env_table t, const void *key,
    size_t n, const void *p, size_t len, unsigned flags)
{
	MDB_val	k = { n, (void *)(uintptr_t)key };
	MDB_val	v = { len, (void *)(uintptr_t)p };

	if (env_write_fails())
		return ENOSPC;
	return mdb_put(txn, env->dbi[t], &k, &v, flags);
}

int
env_del(struct env *env, MDB_txn *txn, enum env_table t, const void *key,
    size_t n)
{
	MDB_val	k = { n, (void *)(uintptr_t)key };

	if (env_write_fails())
		return ENOSPC;
	return mdb_del(txn, env->dbi[t], &k, NULL);
}

void
env_forget(const void *lo, const void *hi)
{
	uintptr_t	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t	from = (uintptr_t)lo / page * page;

	(void)madvise((void *)from, (uintptr_t)hi - from, MADV_DONTNEED);
}

int
env_head(struct env *env, MDB_txn *txn, struct head *h, struct err *e)
{
	MDB_val	v;
	int	rc;

	if ((rc = env_get(env, txn, T_MAIN, "=head", 5, &v)) != 0)
		return env_fail(env, "read its head", rc == MDB_NOTFOUND ?
		    MDB_CORRUPTED : rc, e);
	if (head_unpack(v.mv_data, v.mv_size, h) == -1)
		return env_garbled(env, "its head", e);
	return 0;
}

int
env_set_head(struct env *env, MDB_txn *txn, const struct head *h)
{
	uint8_t		packed[HEAD_SIZE], gen[GEN_SIZE];
	MDB_stat	st;
	int		rc;

	head_pack(packed, h);
	put64(gen, h->gen);
	if ((rc = mdb_stat(txn, env->dbi[T_DOMAINS], &st)) != 0)
		return rc;
	put64(gen + 8, st.ms_entries);
	if ((rc = mdb_stat(txn, env->dbi[T_ENTRIES], &st)) != 0)
		return rc;
	put64(gen + 16, st.ms_entries);
	if ((rc = env_put(env, txn, T_MAIN, "=gen", 4, gen, sizeof gen,
	    0)) != 0)
		return rc;
	return env_put(env, txn, T_MAIN, "=head", 5, packed, sizeof packed, 0);
}

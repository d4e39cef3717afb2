/* SPDX-License-Identifier: BSD-2-Clause */
/* walk.c - see walk.h */
#include "store/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PORTION		(256u << 10)	/* octets copied in one transaction */
#define KEY_MAX		511		/* LMDB's own limit */

struct portion {
	uint8_t	*p;
	size_t	 n;
	uint8_t	 last[KEY_MAX];
	size_t	 nlast;
	bool	 over;
	bool	 after;		/* begin behind `last`, not at it */
};

/* copy - one row, lengths first; false when there is no room */
static bool
copy(struct portion *w, const MDB_val *k, const MDB_val *v)
{
	size_t	need = 8 + k->mv_size + v->mv_size;

	if (w->n + need > PORTION)
		return false;
	put32(w->p + w->n, (uint32_t)k->mv_size);
	put32(w->p + w->n + 4, (uint32_t)v->mv_size);
	memcpy(w->p + w->n + 8, k->mv_data, k->mv_size);
	memcpy(w->p + w->n + 8 + k->mv_size, v->mv_data, v->mv_size);
	w->n += need;
	memcpy(w->last, k->mv_data, k->mv_size);
	w->nlast = k->mv_size;
	return true;
}

/* fill - the next portion */
static int
fill(struct env *env, enum env_table t, struct portion *w, struct err *e)
{
	struct reader	*r;
	MDB_cursor	*c;
	MDB_val		 k = { w->nlast, w->last }, v;
	int		 rc;

	w->n = 0;
	if ((r = env_read(env, e)) == NULL)
		return -1;
	if ((rc = env_cursor(env, r->txn, t, &c)) == 0) {
		rc = mdb_cursor_get(c, &k, &v, w->nlast == 0 ? MDB_FIRST :
		    MDB_SET_RANGE);
		if (rc == 0 && w->after && k.mv_size == w->nlast &&
		    memcmp(k.mv_data, w->last, w->nlast) == 0)
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
		while (rc == 0 && k.mv_size <= KEY_MAX && copy(w, &k, &v))
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
		w->after = true;
		env_cursor_done(c);
	}
	env_read_done(r);
	w->over = rc == MDB_NOTFOUND;
	return rc == 0 || w->over ? 0 : env_fail(env, "read", rc, e);
}

/* give - the rows of a portion */
static int
give(struct portion *w, int (*each)(void *, const MDB_val *, const MDB_val *,
    struct err *), void *arg, struct err *e)
{
	uint8_t	*p = w->p;
	MDB_val	 k, v;
	int	 rc;

	while (p < w->p + w->n) {
		k.mv_size = get32(p);
		v.mv_size = get32(p + 4);
		k.mv_data = p + 8;
		v.mv_data = p + 8 + k.mv_size;
		p += 8 + k.mv_size + v.mv_size;
		if ((rc = each(arg, &k, &v, e)) != 0)
			return rc;
	}
	return 0;
}

int
walk(struct env *env, enum env_table t, const void *from, size_t nfrom,
    int (*each)(void *, const MDB_val *, const MDB_val *, struct err *),
    void *arg, struct err *e)
{
	struct portion	w = { .nlast = nfrom };
	int		rc = 0;

	if ((w.p = malloc(PORTION)) == NULL)
		return env_fail(env, "read", ENOMEM, e);
	if (nfrom != 0)
		memcpy(w.last, from, nfrom);
	while (rc == 0 && !w.over) {
		if ((rc = fill(env, t, &w, e)) == 0) {
			if (w.n == 0 && !w.over)
				rc = env_garbled(env, "a row", e);
			else
				rc = give(&w, each, arg, e);
		}
	}
	free(w.p);
	return rc == -1 ? -1 : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* lists.c - see lists.h */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/sha.h>

#include "base/clock.h"
#include "store/scope.h"

#include "base/banned.h"

#define PORTION		4096	/* rows of a list read in one transaction */
#define CHUNK		32768	/* rows of a list written in one */
#define ROW_SIZE	(STORE_DIGEST + 1 + LVALUE_MAX)	/* digest, n, value */

/* -- digest of a list ----------------------------------------------------- */

struct list_hash {
	SHA256_CTX	c;
};

struct list_hash *
list_hash_new(void)
{
	struct list_hash	*h = malloc(sizeof *h);

	if (h != NULL)
		SHA256_Init(&h->c);
	return h;
}

void
list_hash_add(struct list_hash *h, const uint8_t digest[STORE_DIGEST],
    const struct marks *marks)
{
	uint8_t		row[STORE_DIGEST + LVALUE_MAX];
	struct mark	m;
	size_t		n = STORE_DIGEST;
	unsigned	i;

	memcpy(row, digest, STORE_DIGEST);
	for (i = 0; i < marks->n; i++, n += MARK_SIZE) {
		m = marks->m[i];
		m.flags &= (uint8_t)~MARK_LIFTED;
		mark_pack(row + n, &m);
	}
	SHA256_Update(&h->c, row, n);
}

void
list_hash_end(struct list_hash **h, uint8_t out[HASH_SIZE])
{
	SHA256_Final(out, &(*h)->c);
	free(*h);
	*h = NULL;
}

/* -- reading -------------------------------------------------------------- */

int
list_open(struct env *env, uint32_t list, struct list_reader *r,
    struct err *e)
{
	memset(r, 0, sizeof *r);
	r->env = env;
	r->list = list;
	r->rows = malloc((size_t)PORTION * ROW_SIZE);
	return r->rows != NULL ? 0 : env_fail(env, "read a list", ENOMEM, e);
}

void
list_close(struct list_reader *r)
{
	free(r->rows);
	r->rows = NULL;
}

/* copy_rows - from the cursor's place on, up to a portion */
static int
copy_rows(struct list_reader *r, MDB_cursor *c, MDB_val *k, MDB_val *v,
    int rc)
{
	uint8_t	list[4], *to = r->rows;

	put32(list, r->list);
	for (; rc == 0 && r->n < PORTION; rc = mdb_cursor_get(c, k, v,
	    MDB_NEXT)) {
		if (k->mv_size != LKEY_SIZE || memcmp(k->mv_data, list, 4) != 0)
			return MDB_NOTFOUND;
		if (v->mv_size > LVALUE_MAX)
			return MDB_CORRUPTED;
		memcpy(r->last, (uint8_t *)k->mv_data + 4, STORE_DIGEST);
		memcpy(to, r->last, STORE_DIGEST);
		to[STORE_DIGEST] = (uint8_t)v->mv_size;
		memcpy(to + STORE_DIGEST + 1, v->mv_data, v->mv_size);
		to += ROW_SIZE;
		r->n++;
	}
	return rc;
}

/* portion - the next rows, in a transaction of their own */
static int
portion(struct list_reader *r, struct err *e)
{
	uint8_t		 key[LKEY_SIZE];
	MDB_val		 k = { sizeof key, key }, v;
	struct reader	*rd;
	MDB_cursor	*c;
	int		 rc;

	r->at = r->n = 0;
	if ((rd = env_read(r->env, e)) == NULL)
		return -1;
	lkey_pack(key, r->list, r->last);
	if ((rc = env_cursor(r->env, rd->txn, T_LISTS, &c)) == 0) {
		rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
		if (rc == 0 && r->begun && k.mv_size == sizeof key &&
		    memcmp(k.mv_data, key, sizeof key) == 0)
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
		r->begun = true;
		rc = copy_rows(r, c, &k, &v, rc);
		env_cursor_done(c);
	}
	env_read_done(rd);
	if (rc == MDB_NOTFOUND)
		r->over = true;
	else if (rc != 0)
		return env_fail(r->env, "read a list", rc, e);
	return 0;
}

int
list_row(struct list_reader *r, uint8_t digest[STORE_DIGEST],
    struct marks *marks, struct err *e)
{
	uint8_t	*row;

	if (r->at == r->n) {
		if (r->over)
			return 0;
		if (portion(r, e) == -1)
			return -1;
		if (r->n == 0)
			return 0;
	}
	row = r->rows + (size_t)r->at++ * ROW_SIZE;
	memcpy(digest, row, STORE_DIGEST);
	if (marks_unpack(row + STORE_DIGEST + 1, row[STORE_DIGEST],
	    marks) == -1)
		return env_garbled(r->env, "a list's row", e);
	return 1;
}

int
list_item(void *arg, struct item *out, struct err *e)
{
	struct list_reader	*r = arg;
	uint8_t			 digest[STORE_DIGEST];
	struct mark		*m;
	int			 rc;

	for (;;) {
		while (r->mark < r->marks.n) {
			m = &r->marks.m[r->mark++];
			if ((m->flags & MARK_LIFTED) != 0)
				continue;
			r->item.info = item_info(m->reason, false, 0,
			    m->expires, m->seen);
			*out = r->item;
			return 1;
		}
		if ((rc = list_row(r, digest, &r->marks, e)) != 1)
			return rc;
		r->mark = 0;
		r->item.hi = get64(digest);
		r->item.lo = get64(digest + 8);
	}
}

/* -- writing -------------------------------------------------------------- */

struct list_writer {
	struct env		*env;
	uint32_t		 list;
	struct run_rec		 run;
	int			 lock;		/* LOCK_APPEND */
	struct list_hash	*hash;
	uint8_t			*rows;		/* the chunk */
	unsigned		 n;
	bool			 finished;
};

/* take_number - a new list's number and its record, "loading" */
static int
take_number(struct list_writer *w, struct err *e)
{
	struct head	h;
	MDB_txn		*txn;
	int		 rc;

	if (env_begin(w->env, &txn, e) == -1)
		return -1;
	if (env_head(w->env, txn, &h, e) == -1) {
		env_abort(w->env, txn);
		return -1;
	}
	w->list = h.next_list++;
	if ((rc = run_put(w->env, txn, w->list, &w->run)) != 0 ||
	    (rc = env_set_head(w->env, txn, &h)) != 0) {
		env_abort(w->env, txn);
		return env_fail(w->env, "begin a list", rc, e);
	}
	return env_commit(w->env, txn, e);
}

/* edge - the last row of all lists; -1 when it cannot be read */
static int
edge(struct env *env, uint8_t key[LKEY_SIZE], struct err *e)
{
	struct reader	*r;
	MDB_cursor	*c;
	MDB_val		 k, v;
	int		 rc;

	memset(key, 0, LKEY_SIZE);
	if ((r = env_read(env, e)) == NULL)
		return -1;
	if ((rc = env_cursor(env, r->txn, T_LISTS, &c)) == 0) {
		rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
		if (rc == 0 && k.mv_size == LKEY_SIZE)
			memcpy(key, k.mv_data, LKEY_SIZE);
		env_cursor_done(c);
	}
	env_read_done(r);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 :
	    env_fail(env, "read a list", rc, e);
}

/* lock_append - our turn to append; another list may take as long as it likes
 * while it grows */
static int
lock_append(struct env *env, struct err *e)
{
	uint8_t	before[LKEY_SIZE], now[LKEY_SIZE];
	int	fd;

	if (edge(env, now, e) == -1)
		return -1;
	do {
		memcpy(before, now, sizeof before);
		if ((fd = env_lock(env, LOCK_APPEND, true, e)) != -1)
			return fd;
		if (errno != ETIMEDOUT || edge(env, now, e) == -1)
			return -1;
	} while (memcmp(before, now, sizeof now) != 0);
	return -1;
}

int
list_new(struct env *env, const struct run_rec *run, struct list_writer **out,
    struct err *e)
{
	struct list_writer	*w;

	*out = NULL;
	if ((w = calloc(1, sizeof *w)) == NULL)
		return env_fail(env, "begin a list", ENOMEM, e);
	w->env = env;
	w->run = *run;
	w->run.state = RUN_LOADING;
	w->rows = malloc((size_t)CHUNK * ROW_SIZE);
	w->hash = list_hash_new();
	if (w->rows == NULL || w->hash == NULL) {
		w->lock = -1;
		list_drop(&w);
		return env_fail(env, "begin a list", ENOMEM, e);
	}
	if ((w->lock = lock_append(env, e)) == -1 ||
	    take_number(w, e) == -1) {
		list_drop(&w);
		return -1;
	}
	*out = w;
	return 0;
}

/* append - the chunk's rows at the right edge of the tree */
static int
append(struct list_writer *w, MDB_txn *txn)
{
	uint8_t		 key[LKEY_SIZE], *row = w->rows;
	MDB_cursor	*c;
	MDB_val		 k = { sizeof key, key }, v;
	unsigned	 i;
	int		 rc;

	if (atomic_load_explicit(&env_fail_write, memory_order_relaxed) != 0 &&
	    atomic_fetch_sub(&env_fail_write, 1) == 1)
		return ENOSPC;
	if ((rc = env_cursor(w->env, txn, T_LISTS, &c)) != 0)
		return rc;
	put32(key, w->list);
	for (i = 0; i < w->n && rc == 0; i++, row += ROW_SIZE) {
		memcpy(key + 4, row, STORE_DIGEST);
		v.mv_size = row[STORE_DIGEST];
		v.mv_data = row + STORE_DIGEST + 1;
		rc = mdb_cursor_put(c, &k, &v, MDB_APPEND);
	}
	env_cursor_done(c);
	return rc;
}

/* flush - the chunk in one transaction */
static int
flush(struct list_writer *w, struct err *e)
{
	MDB_txn	*txn;
	int	 rc;

	if (w->n == 0)
		return 0;
	if (env_begin(w->env, &txn, e) == -1)
		return -1;
	if ((rc = append(w, txn)) != 0) {
		env_abort(w->env, txn);
		return env_fail(w->env, "load a list", rc, e);
	}
	w->n = 0;
	return env_commit(w->env, txn, e);
}

int
list_add(struct list_writer *w, const uint8_t digest[STORE_DIGEST],
    const struct marks *marks, struct err *e)
{
	uint8_t	*row;

	if (w->n == CHUNK && flush(w, e) == -1)
		return -1;
	row = w->rows + (size_t)w->n++ * ROW_SIZE;
	memcpy(row, digest, STORE_DIGEST);
	row[STORE_DIGEST] = (uint8_t)marks_pack(row + STORE_DIGEST + 1, marks);
	list_hash_add(w->hash, digest, marks);
	w->run.rows++;
	return 0;
}

bool
list_full(const struct list_writer *w)
{
	return w->n == CHUNK;
}

int
list_finish(struct list_writer *w, bool domains, uint32_t *list,
    struct run_rec *run, struct err *e)
{
	if (flush(w, e) == -1)
		return -1;
	list_hash_end(&w->hash, w->run.digest);
	w->run.state = RUN_READY;
	w->run.domains = domains;
	w->finished = true;
	/* its record is written by the transaction that switches to it */
	*list = w->list;
	*run = w->run;
	env_unlock(w->lock);
	w->lock = -1;
	return 0;
}

void
list_drop(struct list_writer **wp)
{
	struct list_writer	*w = *wp;

	if (w == NULL)
		return;
	env_unlock(w->lock);
	free(w->rows);
	free(w->hash);
	free(w);
	*wp = NULL;
}

/* -- deleting ------------------------------------------------------------- */

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

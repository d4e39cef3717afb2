/* SPDX-License-Identifier: BSD-2-Clause */
/* lists.c - imported lists on disk: their digest, and reading them */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/sha.h>

#include "base/banned.h"

#define PORTION		4096	/* rows of a list read in one transaction */

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
list_hash_row(struct list_hash *h, const uint8_t digest[STORE_DIGEST],
    const uint8_t *value, size_t n)
{
	uint8_t	row[STORE_DIGEST + LVALUE_MAX];
	size_t	i;

	if (n % MARK_SIZE == 8 % MARK_SIZE)
		n -= 8;			/* the record that lifted a mark */
	memcpy(row, digest, STORE_DIGEST);
	memcpy(row + STORE_DIGEST, value, n);
	for (i = 1; i < n; i += MARK_SIZE)
		row[STORE_DIGEST + i] &= (uint8_t)~MARK_LIFTED;
	SHA256_Update(&h->c, row, STORE_DIGEST + n);
}

void
list_hash_add(struct list_hash *h, const uint8_t digest[STORE_DIGEST],
    const struct marks *marks)
{
	uint8_t	value[LVALUE_MAX];

	list_hash_row(h, digest, value, marks_pack(value, marks));
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
	r->rows = malloc((size_t)PORTION * LIST_ROW_SIZE);
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
	const uint8_t	*lo = NULL, *hi = NULL;
	uint8_t		 list[4], *to = r->rows;

	put32(list, r->list);
	for (; rc == 0 && r->n < PORTION; rc = mdb_cursor_get(c, k, v,
	    MDB_NEXT)) {
		if (k->mv_size != LKEY_SIZE || memcmp(k->mv_data, list, 4) != 0)
			return MDB_NOTFOUND;
		if (v->mv_size > LVALUE_MAX)
			return MDB_CORRUPTED;
		if (lo == NULL || lo > (uint8_t *)k->mv_data)
			lo = k->mv_data;
		if (hi < (uint8_t *)k->mv_data)
			hi = k->mv_data;
		memcpy(r->last, (uint8_t *)k->mv_data + 4, STORE_DIGEST);
		memcpy(to, r->last, STORE_DIGEST);
		to[STORE_DIGEST] = (uint8_t)v->mv_size;
		memcpy(to + STORE_DIGEST + 1, v->mv_data, v->mv_size);
		to += LIST_ROW_SIZE;
		r->n++;
	}
	if (lo != NULL)
		env_forget(lo, hi);
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
	row = r->rows + (size_t)r->at++ * LIST_ROW_SIZE;
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

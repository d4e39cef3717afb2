/* SPDX-License-Identifier: BSD-2-Clause */
/* scope.c - see scope.h */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/scope.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/sha.h>

#include "store/journal.h"

#include "base/banned.h"

uint32_t
store_scope_id(const char *name)
{
	uint8_t	md[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)name, strlen(name), md);
	return get32(md);
}

bool
store_scope_ok(const char *name)
{
	size_t	i;

	if (strcmp(name, "*") == 0)
		return true;
	for (i = 0; name[i] != '\0'; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789._-",
		    name[i]) == NULL)
			return false;
	return i >= 1 && i <= STORE_SCOPE_MAX;
}

int
scope_get(struct env *env, MDB_txn *txn, uint32_t id, struct scope_rec *out,
    struct err *e)
{
	uint8_t	key[4];
	MDB_val	v;
	int	rc;

	put32(key, id);
	rc = env_get(env, txn, T_SCOPES, key, sizeof key, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return env_fail(env, "read a scope", rc, e);
	if (scope_unpack(id, v.mv_data, v.mv_size, out) == -1)
		return env_garbled(env, "a scope's record", e);
	return 1;
}

int
run_get(struct env *env, MDB_txn *txn, uint32_t list, struct run_rec *out,
    struct err *e)
{
	uint8_t	key[4];
	MDB_val	v;
	int	rc;

	put32(key, list);
	rc = env_get(env, txn, T_RUNS, key, sizeof key, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return env_fail(env, "read a list's record", rc, e);
	if (run_unpack(v.mv_data, v.mv_size, out) == -1)
		return env_garbled(env, "a list's record", e);
	return 1;
}

int
scope_put(struct env *env, MDB_txn *txn, const struct scope_rec *s)
{
	uint8_t	key[4], value[SCOPE_SIZE_MAX];

	put32(key, s->id);
	return env_put(env, txn, T_SCOPES, key, sizeof key, value,
	    scope_pack(value, s), 0);
}

int
scope_make(struct env *env, MDB_txn *txn, struct head *h, const char *name,
    const char *actor, struct scope_rec *out)
{
	struct jrec	j;
	int		rc;

	memset(out, 0, sizeof *out);
	out->id = store_scope_id(name);
	(void)snprintf(out->name, sizeof out->name, "%s", name);
	memset(&j, 0, sizeof j);
	journal_stamp(h, &j);
	j.op = J_SCOPE;
	j.scope = out->id;
	j.actor = actor;
	j.note = out->name;
	j.note_len = strlen(out->name);
	h->gen++;
	if ((rc = scope_put(env, txn, out)) != 0)
		return rc;
	return journal_append(env, txn, h, &j);
}

int
run_put(struct env *env, MDB_txn *txn, uint32_t list, const struct run_rec *r)
{
	uint8_t	key[4], value[RUN_SIZE_MAX];

	put32(key, list);
	return env_put(env, txn, T_RUNS, key, sizeof key, value,
	    run_pack(value, r), 0);
}

void
scopes_unref(struct scopes *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	free(s->v);
	free(s);
}

/* by_id - for bsearch: a number, and a scope of the snapshot */
static int
by_id(const void *id, const void *info)
{
	uint32_t	a = *(const uint32_t *)id;
	uint32_t	b = ((const struct scope_info *)info)->id;

	return a < b ? -1 : a > b;
}

const struct scope_info *
scopes_find(const struct scopes *s, uint32_t id)
{
	return s->n == 0 ? NULL : bsearch(&id, s->v, s->n, sizeof *s->v,
	    by_id);
}

/* load_one - a record of the table into the snapshot */
static int
load_one(struct env *env, MDB_txn *txn, const MDB_val *k, const MDB_val *v,
    struct scope_info *out, struct err *e)
{
	struct scope_rec	s;
	struct run_rec		run;
	int			i, rc;

	if (k->mv_size != 4 || scope_unpack(get32(k->mv_data), v->mv_data,
	    v->mv_size, &s) == -1)
		return env_garbled(env, "a scope's record", e);
	out->id = s.id;
	memcpy(out->name, s.name, sizeof out->name);
	out->nlists = s.nactive;
	for (i = 0; i < s.nactive; i++) {
		if ((rc = run_get(env, txn, s.active[i], &run, e)) == -1)
			return -1;
		if (rc == 0)
			return env_garbled(env, "a scope without its list", e);
		out->lists[i].list = s.active[i];
		out->lists[i].key = run.key;
		out->lists[i].domains = run.domains;
	}
	return 0;
}

/* has_domains - is a whole domain among its lists' rows? */
static bool
has_domains(const struct scope_info *s)
{
	int	i;

	for (i = 0; i < s->nlists; i++)
		if (s->lists[i].domains)
			return true;
	return false;
}

/* load_rows - all of them; s->v has room for max */
static int
load_rows(struct env *env, MDB_txn *txn, struct scopes *s, size_t max,
    struct err *e)
{
	MDB_cursor	*c;
	MDB_val		 k, v;
	int		 rc, bad = 0;

	if ((rc = env_cursor(env, txn, T_SCOPES, &c)) != 0)
		return env_fail(env, "read scopes", rc, e);
	while ((rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0 &&
	    s->n < max && bad == 0) {
		bad = load_one(env, txn, &k, &v, &s->v[s->n], e);
		s->with_lists += s->v[s->n].nlists != 0;
		s->list_domains |= has_domains(&s->v[s->n]);
		s->n++;
	}
	env_cursor_done(c);
	if (bad != 0)
		return -1;
	return rc == MDB_NOTFOUND ? 0 : env_fail(env, "read scopes", rc, e);
}

/* load_keys - "=keys" */
static int
load_keys(struct env *env, MDB_txn *txn, struct scopes *s, struct err *e)
{
	MDB_val	v;
	int	rc = env_get(env, txn, T_MAIN, "=keys", 5, &v);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return env_fail(env, "read its keys", rc, e);
	if (v.mv_size > sizeof s->keys)
		return env_garbled(env, "its list of keys", e);
	memcpy(s->keys, v.mv_data, v.mv_size);
	s->nkeys = (unsigned)v.mv_size;
	return 0;
}

int
keys_note(struct env *env, MDB_txn *txn, struct head *h, uint8_t key)
{
	uint8_t	ids[STORE_KEYS_MAX];
	size_t	n = 0;
	MDB_val	v;
	int	rc = env_get(env, txn, T_MAIN, "=keys", 5, &v);

	if (rc == 0 && memchr(v.mv_data, key, v.mv_size) != NULL)
		return 0;
	if (rc != 0 && rc != MDB_NOTFOUND)
		return rc;
	if (rc == 0) {
		n = v.mv_size;
		if (n >= sizeof ids)
			return MDB_CORRUPTED;	/* no key file holds so many */
		memcpy(ids, v.mv_data, n);
	}
	ids[n++] = key;
	h->gen++;
	return env_put(env, txn, T_MAIN, "=keys", 5, ids, n, 0);
}

int
keys_drop(struct env *env, MDB_txn *txn, struct head *h, uint8_t key)
{
	uint8_t	ids[STORE_KEYS_MAX];
	size_t	i, n = 0;
	MDB_val	v;
	int	rc = env_get(env, txn, T_MAIN, "=keys", 5, &v);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return rc;
	for (i = 0; i < v.mv_size && n < sizeof ids; i++)
		if (((const uint8_t *)v.mv_data)[i] != key)
			ids[n++] = ((const uint8_t *)v.mv_data)[i];
	h->gen++;
	return env_put(env, txn, T_MAIN, "=keys", 5, ids, n, 0);
}

/* scopes_load - the whole table in this transaction */
static struct scopes *
scopes_load(struct env *env, MDB_txn *txn, uint64_t gen, struct err *e)
{
	struct scopes	*s;
	MDB_stat	 st;
	int		 rc;

	if ((rc = mdb_stat(txn, env->dbi[T_SCOPES], &st)) != 0) {
		env_fail(env, "read scopes", rc, e);
		return NULL;
	}
	if ((s = calloc(1, sizeof *s)) == NULL ||
	    (s->v = calloc(st.ms_entries + 1, sizeof *s->v)) == NULL) {
		free(s);
		env_fail(env, "read scopes", ENOMEM, e);
		return NULL;
	}
	atomic_init(&s->refs, 1);
	s->gen = gen;
	if (load_keys(env, txn, s, e) == -1 ||
	    load_rows(env, txn, s, st.ms_entries, e) == -1) {
		scopes_unref(s);
		return NULL;
	}
	return s;
}

/* adopt - the newest snapshot of the process, if it is this one */
static struct scopes *
adopt(struct env *env, uint64_t gen)
{
	struct scopes	*s;

	(void)pthread_mutex_lock(&env->scopes_lock);
	if ((s = env->scopes) != NULL && s->gen == gen)
		atomic_fetch_add(&s->refs, 1);
	else
		s = NULL;
	(void)pthread_mutex_unlock(&env->scopes_lock);
	return s;
}

/* publish - let other readers adopt s, unless they have a newer one */
static void
publish(struct env *env, struct scopes *s)
{
	struct scopes	*old = NULL;

	(void)pthread_mutex_lock(&env->scopes_lock);
	if (env->scopes == NULL || env->scopes->gen < s->gen) {
		old = env->scopes;
		atomic_fetch_add(&s->refs, 1);
		env->scopes = s;
	}
	(void)pthread_mutex_unlock(&env->scopes_lock);
	scopes_unref(old);
}

const struct scopes *
scopes_of(struct env *env, struct reader *r, struct tables *t, struct err *e)
{
	struct scopes	*s;
	struct head	 head;
	MDB_val		 v;
	uint64_t	 gen;
	size_t		 commit = mdb_txn_id(r->txn);
	int		 rc;

	if (r->scopes != NULL && r->as_of == commit) {
		*t = r->tables;
		return r->scopes;
	}
	rc = env_get(env, r->txn, T_MAIN, "=gen", 4, &v);
	if (rc != 0 || v.mv_size != GEN_SIZE) {
		env_fail(env, "read its table of scopes", rc == 0 ||
		    rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc, e);
		return NULL;
	}
	gen = get64(v.mv_data);
	t->domains = get64((const uint8_t *)v.mv_data + 8) != 0;
	t->entries = get64((const uint8_t *)v.mv_data + 16) != 0;
	if (r->scopes == NULL || r->scopes->gen != gen) {
		if ((s = adopt(env, gen)) == NULL) {
			if ((s = scopes_load(env, r->txn, gen, e)) == NULL)
				return NULL;
			publish(env, s);
		}
		scopes_unref(r->scopes);
		r->scopes = s;
	}
	if (env_head(env, r->txn, &head, e) == -1)
		return NULL;
	r->seq = head.seq;
	r->tables = *t;
	r->as_of = commit;
	return r->scopes;
}

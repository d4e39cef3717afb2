/* SPDX-License-Identifier: BSD-2-Clause */
/* rekey.c - see rekey.h and admin.h */
#include "store/rekey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/find.h"
#include "store/journal.h"
#include "store/scope.h"
#include "store/walk.h"

#include "base/banned.h"

#define BATCH	128	/* entries moved in one transaction */

/* One entry that can move. */
struct move {
	uint8_t		key[EKEY_SIZE];		/* as it is */
	struct store_id	to;
	uint8_t		sealed[SEAL_TEXT_MAX + SEAL_OVERHEAD];
	size_t		nsealed;
};

struct rekey {
	struct store		*s;
	struct env		*env;
	struct store_rekey	*rk;
	struct err		*e;
	enum env_table		 table;
	uint8_t			 to;		/* id of the first key */
	struct move		*moves;
	unsigned		 n;
};

static void
id_key(uint8_t key[EKEY_ID_SIZE], const struct store_id *id)
{
	key[0] = id->key;
	memcpy(key + 1, id->digest, STORE_DIGEST);
}

int
sealed_forget(struct env *env, MDB_txn *txn, enum env_table t,
    const struct store_id *id)
{
	uint8_t		 key[EKEY_ID_SIZE];
	MDB_val		 k = { sizeof key, key }, v;
	MDB_cursor	*c;
	int		 rc;

	id_key(key, id);
	rc = env_get(env, txn, T_SEALED, key, sizeof key, &v);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	if ((rc = env_cursor(env, txn, t, &c)) != 0)
		return rc;
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	if (rc == 0 && (k.mv_size < sizeof key ||
	    memcmp(k.mv_data, key, sizeof key) != 0))
		rc = MDB_NOTFOUND;
	env_cursor_done(c);
	return rc != MDB_NOTFOUND ? rc :
	    env_del(env, txn, T_SEALED, key, sizeof key);
}

int
sealed_get(struct env *env, const struct store_id *id, uint8_t *out,
    size_t *n, struct err *e)
{
	struct reader	*r;
	uint8_t		 key[EKEY_ID_SIZE];
	MDB_val		 v;
	int		 rc;

	if ((r = env_read(env, e)) == NULL)
		return -1;
	id_key(key, id);
	rc = env_get(env, r->txn, T_SEALED, key, sizeof key, &v);
	*n = 0;
	if (rc == 0 && v.mv_size <= SEAL_TEXT_MAX + SEAL_OVERHEAD) {
		*n = v.mv_size;
		memcpy(out, v.mv_data, *n);
	}
	env_read_done(r);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return env_fail(env, "read a sealed copy", rc, e);
	return *n != 0;
}

/* -- moving --------------------------------------------------------------- */

/* unite - somebody added the same under the new key meanwhile */
static void
unite(struct rec *r, const struct rec *other)
{
	r->count += other->count;
	if (other->first < r->first)
		r->first = other->first;
	if (other->last > r->last)
		r->last = other->last;
	if (r->expires != 0 && (other->expires == 0 ||
	    other->expires > r->expires))
		r->expires = other->expires;
	if (other->rounds > r->rounds)
		r->rounds = other->rounds;
	if (other->score > r->score) {
		r->score = other->score;
		r->step = other->step;
	}
	r->flags |= other->flags;
}

/* journal_move - one record for the old entry and the new */
static int
journal_move(struct rekey *k, MDB_txn *txn, struct head *h,
    const struct move *m, uint32_t scope, enum store_reason reason,
    struct rec *r, uint8_t *value, size_t *n)
{
	uint8_t		detail[EKEY_ID_SIZE + REC_SIZE_MAX];
	struct jrec	j = { .op = J_REKEY, .scope = scope, .id = m->to,
			    .reason = reason, .domain = k->table == T_DOMAINS,
			    .actor = k->rk->actor };

	journal_stamp(h, &j);
	r->seq = j.seq;
	r->hlc = j.hlc;
	*n = rec_pack(value, r);
	memcpy(detail, m->key, EKEY_ID_SIZE);
	memcpy(detail + EKEY_ID_SIZE, value, *n);
	j.detail = detail;
	j.detail_len = EKEY_ID_SIZE + *n;
	return journal_append(k->env, txn, h, &j);
}

/* move_one - inside the transaction; a code */
static int
move_one(struct rekey *k, MDB_txn *txn, struct head *h,
    const struct move *m)
{
	uint8_t			 value[REC_SIZE_MAX], to[EKEY_SIZE];
	uint8_t			 sealed[EKEY_ID_SIZE];
	struct store_id		 from;
	struct rec		 r, other;
	enum store_reason	 reason;
	uint32_t		 scope;
	MDB_val			 v;
	size_t			 n;
	int			 rc;

	rc = env_get(k->env, txn, k->table, m->key, EKEY_SIZE, &v);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;	/* removed meanwhile */
	if (rec_unpack(v.mv_data, v.mv_size, &r) == -1 ||
	    ekey_unpack(m->key, EKEY_SIZE, &from, &scope, &reason) == -1)
		return MDB_CORRUPTED;
	ekey_pack(to, &m->to, scope, reason);
	rc = env_get(k->env, txn, k->table, to, sizeof to, &v);
	if (rc == 0 && rec_unpack(v.mv_data, v.mv_size, &other) == 0)
		unite(&r, &other);
	id_key(sealed, &m->to);
	if ((rc = journal_move(k, txn, h, m, scope, reason, &r, value,
	    &n)) != 0 ||
	    (rc = env_put(k->env, txn, k->table, to, sizeof to, value, n,
	    0)) != 0 ||
	    (rc = env_put(k->env, txn, T_SEALED, sealed, sizeof sealed,
	    m->sealed, m->nsealed, 0)) != 0 ||
	    (rc = env_del(k->env, txn, k->table, m->key, EKEY_SIZE)) != 0 ||
	    (rc = sealed_forget(k->env, txn, k->table, &from)) != 0)
		return rc;
	k->rk->moved++;
	return 0;
}

/* move_batch - what was gathered, in one transaction */
static int
move_batch(struct rekey *k)
{
	struct head	h;
	MDB_txn		*txn;
	unsigned	 i;
	uint64_t	 moved = k->rk->moved;
	int		 rc = 0;

	if (k->n == 0)
		return 0;
	if (env_begin(k->env, &txn, k->e) == -1)
		return -1;
	if (env_head(k->env, txn, &h, k->e) == -1) {
		env_abort(k->env, txn);
		return -1;
	}
	rc = keys_note(k->env, txn, &h, k->to);
	for (i = 0; i < k->n && rc == 0; i++)
		rc = move_one(k, txn, &h, &k->moves[i]);
	if (rc == 0)
		rc = env_set_head(k->env, txn, &h);
	if (rc != 0) {
		k->rk->moved = moved;
		env_abort(k->env, txn);
		return env_fail(k->env, "re-key", rc, k->e);
	}
	k->n = 0;
	return env_commit(k->env, txn, k->e);
}

/* stuck - an entry that nobody can move */
static int
stuck(struct rekey *k, const MDB_val *key, const MDB_val *v)
{
	struct store_entry	 en;
	struct store_id		 id;
	enum store_reason	 reason;
	uint32_t		 scope;
	struct rec		 r;
	char			 name[STORE_SCOPE_MAX + 1];

	if (ekey_unpack(key->mv_data, key->mv_size, &id, &scope,
	    &reason) == -1 || rec_unpack(v->mv_data, v->mv_size, &r) == -1)
		return env_garbled(k->env, "an entry", k->e);
	rec_entry(&id, scope, reason, k->table == T_DOMAINS, &r, clock_now(),
	    &en);
	if (store_scope_name(k->s, scope, name, k->e) == -1)
		return -1;
	k->rk->stuck_entries++;
	if (k->rk->stuck != NULL)
		k->rk->stuck(k->rk->arg, &en, name, 0, 1, id.key, false);
	return 0;
}

/* new_id - under the first key, from the normalised text */
static void
new_id(struct rekey *k, const char *text, struct store_id *out)
{
	struct addr	a;

	if (text[0] == '@') {
		store_keys_domain(k->s->keys, 0, text + 1, out);
		return;
	}
	a.local_len = strnlen(text, sizeof a.text - 1);
	memcpy(a.text, text, a.local_len);
	a.text[a.local_len] = '\0';
	store_keys_address(k->s->keys, 0, &a, out);
}

/* gather - one entry: move it, or say that it is stuck */
static int
gather(void *arg, const MDB_val *key, const MDB_val *v, struct err *e)
{
	struct rekey	*k = arg;
	const uint8_t	*p = key->mv_data;
	struct move	*m = &k->moves[k->n];
	struct store_id	 id;
	char		 text[SEAL_TEXT_MAX + 1];
	int		 rc;

	if (key->mv_size != EKEY_SIZE)
		return env_garbled(k->env, "an entry", e);
	if (p[0] == k->to)
		return 0;
	id.key = p[0];
	memcpy(id.digest, p + 1, STORE_DIGEST);
	if ((rc = sealed_get(k->env, &id, m->sealed, &m->nsealed, e)) == -1)
		return -1;
	if (rc == 0)
		return stuck(k, key, v);
	if (k->rk->private == NULL) {
		k->rk->moved++;		/* would be */
		return 0;
	}
	if (seal_open(k->rk->private, m->sealed, m->nsealed, text, e) == -1)
		return stuck(k, key, v);
	memcpy(m->key, p, EKEY_SIZE);
	new_id(k, text, &m->to);
	explicit_bzero(text, sizeof text);
	return ++k->n == BATCH ? move_batch(k) : 0;
}

/* -- what is left --------------------------------------------------------- */

/* left - this old key is still needed */
static void
left(struct store_rekey *rk, uint8_t key)
{
	unsigned	i;

	for (i = 0; i < rk->nleft; i++)
		if (rk->left[i] == key)
			return;
	if (rk->nleft < STORE_KEYS_MAX)
		rk->left[rk->nleft++] = key;
}

/* in_force - does its scope name this list, and not only for a rollback?
 * 1, 0, -1 */
static int
in_force(struct rekey *k, uint32_t scope, uint32_t list, struct err *e)
{
	struct scope_rec	 sc;
	struct reader		*r;
	int			 i, rc;

	if ((r = env_read(k->env, e)) == NULL)
		return -1;
	rc = scope_get(k->env, r->txn, scope, &sc, e);
	env_read_done(r);
	if (rc != 1)
		return rc;
	for (i = 0; i < sc.nactive; i++)
		if (sc.active[i] == list)
			return 1;
	return 0;
}

/* look_list - a list under an old key can only be imported afresh, or is kept
 * for a rollback */
static int
look_list(void *arg, const MDB_val *key, const MDB_val *v, struct err *e)
{
	struct rekey	*k = arg;
	struct run_rec	 run;
	char		 name[STORE_SCOPE_MAX + 1];
	uint32_t	 list;
	int		 rc;

	if (key->mv_size != 4 || run_unpack(v->mv_data, v->mv_size,
	    &run) == -1)
		return env_garbled(k->env, "a list's record", e);
	if (run.state != RUN_READY || run.key == k->to)
		return 0;
	list = get32(key->mv_data);
	if (store_scope_name(k->s, run.scope, name, e) == -1 ||
	    (rc = in_force(k, run.scope, list, e)) == -1)
		return -1;
	if (rc == 1)
		k->rk->stuck_lists++;
	else
		k->rk->kept_lists++;
	if (k->rk->stuck != NULL)
		k->rk->stuck(k->rk->arg, NULL, name, list,
		    run.rows - run.lifted, run.key, rc == 0);
	return 0;
}

/* look_key - the ids of keys that entries stand under: hop from range to
 * range */
static int
look_key(struct rekey *k, MDB_txn *txn, enum env_table t)
{
	uint8_t		 from = 0;
	MDB_cursor	*c;
	MDB_val		 key, v;
	int		 rc;

	if ((rc = env_cursor(k->env, txn, t, &c)) != 0)
		return env_fail(k->env, "look for keys", rc, k->e);
	for (;;) {
		key = (MDB_val){ 1, &from };
		rc = mdb_cursor_get(c, &key, &v, MDB_SET_RANGE);
		if (rc != 0)
			break;
		from = *(const uint8_t *)key.mv_data;
		if (from != k->to)
			left(k->rk, from);
		if (from++ == UINT8_MAX)
			break;
	}
	env_cursor_done(c);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 :
	    env_fail(k->env, "look for keys", rc, k->e);
}

/* look_runs - and lists */
static int
look_runs(struct rekey *k, MDB_txn *txn)
{
	MDB_cursor	*c;
	MDB_val		 key, v;
	struct run_rec	 run;
	int		 rc;

	if ((rc = env_cursor(k->env, txn, T_RUNS, &c)) != 0)
		return env_fail(k->env, "look for keys", rc, k->e);
	while ((rc = mdb_cursor_get(c, &key, &v, MDB_NEXT)) == 0)
		if (run_unpack(v.mv_data, v.mv_size, &run) == 0 &&
		    run.state != RUN_DROPPING && run.key != k->to)
			left(k->rk, run.key);
	env_cursor_done(c);
	return rc == MDB_NOTFOUND ? 0 :
	    env_fail(k->env, "look for keys", rc, k->e);
}

/* look_all - every old key that something stands under */
static int
look_all(struct rekey *k, MDB_txn *txn)
{
	k->rk->nleft = 0;
	if (look_key(k, txn, T_ENTRIES) == -1 ||
	    look_key(k, txn, T_DOMAINS) == -1)
		return -1;
	return look_runs(k, txn);
}

/* drop_keys - ids in "=keys" that nothing stands under any more; a code */
static int
drop_keys(struct rekey *k, MDB_txn *txn, struct head *h)
{
	uint8_t	ids[STORE_KEYS_MAX];
	size_t	i, n;
	MDB_val	v;
	int	rc = env_get(k->env, txn, T_MAIN, "=keys", 5, &v);

	if (rc != 0 || v.mv_size > sizeof ids)
		return rc == MDB_NOTFOUND ? 0 : rc != 0 ? rc : MDB_CORRUPTED;
	n = v.mv_size;
	memcpy(ids, v.mv_data, n);
	for (i = 0; i < n && rc == 0; i++)
		if (ids[i] != k->to &&
		    memchr(k->rk->left, ids[i], k->rk->nleft) == NULL)
			rc = keys_drop(k->env, txn, h, ids[i]);
	return rc;
}

/* forget_keys - the same in one transaction with looking */
static int
forget_keys(struct rekey *k)
{
	struct head	h;
	MDB_txn		*txn;
	int		 rc;

	if (env_begin(k->env, &txn, k->e) == -1)
		return -1;
	if (env_head(k->env, txn, &h, k->e) == -1 || look_all(k, txn) == -1) {
		env_abort(k->env, txn);
		return -1;
	}
	if ((rc = drop_keys(k, txn, &h)) != 0 ||
	    (rc = env_set_head(k->env, txn, &h)) != 0) {
		env_abort(k->env, txn);
		return env_fail(k->env, "re-key", rc, k->e);
	}
	return env_commit(k->env, txn, k->e);
}

/* only_look - what would be left as it is */
static int
only_look(struct rekey *k)
{
	struct reader	*r;
	int		 rc;

	if ((r = env_read(k->env, k->e)) == NULL)
		return -1;
	rc = look_all(k, r->txn);
	env_read_done(r);
	return rc;
}

/* rekey_run - inside the guard */
static int
rekey_run(void *arg)
{
	struct rekey	*k = arg;

	for (k->table = T_ENTRIES; k->table <= T_DOMAINS; k->table++)
		if (walk(k->env, k->table, NULL, 0, gather, k, k->e) == -1 ||
		    move_batch(k) == -1)
			return -1;
	if (walk(k->env, T_RUNS, NULL, 0, look_list, k, k->e) == -1)
		return -1;
	return k->rk->private != NULL ? forget_keys(k) : only_look(k);
}

int
store_rekey(struct store *s, struct store_rekey *rk, struct err *e)
{
	struct rekey	k = { .s = s, .env = s->env, .rk = rk, .e = e,
			    .to = store_keys_id(s->keys, 0) };
	int		rc;

	rk->moved = rk->stuck_entries = 0;
	rk->stuck_lists = rk->kept_lists = 0;
	rk->nleft = 0;
	if ((k.moves = calloc(BATCH, sizeof *k.moves)) == NULL)
		return env_fail(s->env, "re-key", ENOMEM, e);
	rc = env_guard(s->env, rekey_run, &k, e);
	free(k.moves);
	return rc;
}

/* unsealing - what the guard watches */
struct unsealing {
	struct store		*s;
	const struct seal_key	*key;
	const struct store_id	*id;
	char			*out;
	struct err		*e;
};

static int
unseal_run(void *arg)
{
	struct unsealing	*u = arg;
	uint8_t			 sealed[SEAL_TEXT_MAX + SEAL_OVERHEAD];
	size_t			 n;
	int			 rc;

	if ((rc = sealed_get(u->s->env, u->id, sealed, &n, u->e)) != 1)
		return rc;
	return seal_open(u->key, sealed, n, u->out, u->e) == -1 ? -1 : 1;
}

int
store_unseal(struct store *s, const struct seal_key *key,
    const struct store_id *id, char *out, struct err *e)
{
	struct unsealing	u = { s, key, id, out, e };

	return env_guard(s->env, unseal_run, &u, e);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drop.c - the end of a scope; see admin.h
 *
 * Counted first. The entries, each with its record, the lists and the name go
 * in one transaction, unless there are so many entries that others would wait:
 * then some go before. If somebody added to the scope meanwhile, those go, too.
 */
#include "store/admin.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/find.h"
#include "store/journal.h"
#include "store/lists.h"
#include "store/rekey.h"
#include "store/switch.h"
#include "store/walk.h"

#include "base/banned.h"

#define BATCH	2048	/* entries of one transaction */
#define ROUNDS	8	/* while others add to the scope */

struct ending {
	struct store		*s;
	struct env		*env;
	struct store_drop	*d;
	struct err		*e;
	uint32_t		 scope;
	enum env_table		 table;		/* being walked */
	bool			 count;		/* only count */
	uint64_t		 since;		/* record after which nobody
						   may have added */
	struct {
		enum env_table	 table;
		uint8_t		 key[EKEY_SIZE];
	}			 gathered[BATCH];
	unsigned		 n;
};

/* remove_one - an entry and its record; it may be gone already */
static int
remove_one(struct ending *d, MDB_txn *txn, struct head *h,
    enum env_table table, const uint8_t key[EKEY_SIZE])
{
	uint8_t		detail[REC_SIZE_MAX];
	struct jrec	j = { .op = J_REMOVE, .actor = d->d->actor,
			    .note = d->d->note, .scope = d->scope,
			    .domain = table == T_DOMAINS };
	uint32_t	scope;
	MDB_val		v;
	int		rc;

	rc = env_get(d->env, txn, table, key, EKEY_SIZE, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return env_fail(d->env, "look up", rc, d->e);
	if (v.mv_size > sizeof detail || ekey_unpack(key, EKEY_SIZE, &j.id,
	    &scope, &j.reason) == -1)
		return env_garbled(d->env, "an entry", d->e);
	memcpy(detail, v.mv_data, v.mv_size);
	j.detail = detail;
	j.detail_len = v.mv_size;
	j.note_len = j.note != NULL ? strnlen(j.note, NOTE_MAX) : 0;
	journal_stamp(h, &j);
	if ((rc = journal_append(d->env, txn, h, &j)) != 0 ||
	    (rc = env_del(d->env, txn, table, key, EKEY_SIZE)) != 0 ||
	    (rc = sealed_forget(d->env, txn, table, &j.id)) != 0)
		return env_fail(d->env, "remove an entry", rc, d->e);
	d->d->entries++;
	return 0;
}

/* remove_gathered - in this transaction */
static int
remove_gathered(struct ending *d, MDB_txn *txn, struct head *h)
{
	unsigned	i;
	int		rc = 0;

	for (i = 0; i < d->n && rc == 0; i++)
		rc = remove_one(d, txn, h, d->gathered[i].table,
		    d->gathered[i].key);
	return rc;
}

/* remove_batch - in a transaction of their own: there are more */
static int
remove_batch(struct ending *d)
{
	struct head	h;
	MDB_txn		*txn;
	int		rc;

	if (env_begin(d->env, &txn, d->e) == -1)
		return -1;
	if ((rc = env_head(d->env, txn, &h, d->e)) == 0)
		rc = remove_gathered(d, txn, &h);
	if (rc == 0 && (rc = env_set_head(d->env, txn, &h)) != 0)
		rc = env_fail(d->env, "remove entries", rc, d->e);
	d->n = 0;
	if (rc == 0)
		return env_commit(d->env, txn, d->e);
	env_abort(d->env, txn);
	return -1;
}

/* one_entry - count it, or gather it */
static int
one_entry(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct ending		*d = arg;
	struct store_id		 id;
	struct rec		 r;
	enum store_reason	 reason;
	uint32_t		 scope;

	if (ekey_unpack(k->mv_data, k->mv_size, &id, &scope, &reason) == -1 ||
	    rec_unpack(v->mv_data, v->mv_size, &r) == -1)
		return env_garbled(d->env, "an entry", e);
	if (scope != d->scope)
		return 0;
	if (d->count) {
		d->d->in_force += rec_in_force(reason, &r, clock_now());
		return 0;
	}
	if (d->n == BATCH && remove_batch(d) == -1)
		return -1;
	d->gathered[d->n].table = d->table;
	memcpy(d->gathered[d->n++].key, k->mv_data, EKEY_SIZE);
	return 0;
}

/* each_entry - of both tables; up to a batch stays gathered */
static int
each_entry(struct ending *d)
{
	static const enum env_table	tables[] = { T_ENTRIES, T_DOMAINS };
	size_t				i;

	d->n = 0;
	for (i = 0; i < sizeof tables / sizeof *tables; i++) {
		d->table = tables[i];
		if (walk(d->env, d->table, NULL, 0, one_entry, d, d->e) == -1)
			return -1;
	}
	return 0;
}

/* look - is there such a scope, and what does it hold? */
static int
look(struct ending *d)
{
	struct scope_rec	 sc;
	struct run_rec		 run;
	struct reader		*r;
	struct head		 h;
	int			 i, rc;

	if ((r = env_read(d->env, d->e)) == NULL)
		return -1;
	rc = scope_get(d->env, r->txn, d->scope, &sc, d->e);
	if (rc == 0)
		rc = err_code(d->e, EX_DATAERR, "scope %s: there is none",
		    d->d->scope);
	if (rc == 1)
		rc = env_head(d->env, r->txn, &h, d->e) == -1 ? -1 : 1;
	for (i = 0; rc == 1 && i < sc.nactive; i++)
		if ((rc = run_get(d->env, r->txn, sc.active[i], &run,
		    d->e)) == 1)
			d->d->rows += run.rows - run.lifted;
	env_read_done(r);
	if (rc == -1)
		return -1;
	d->since = h.seq;
	d->count = true;
	rc = each_entry(d);
	d->count = false;
	return rc;
}

/* added_since - did a record after `since` add to the scope? 1, 0, -1 */
static int
added_since(struct ending *d, MDB_txn *txn, const struct head *h)
{
	uint8_t		key[8];
	struct jrec	j;
	MDB_val		v;
	int		rc;

	for (; d->since < h->seq; d->since++) {
		put64(key, d->since + 1);
		rc = env_get(d->env, txn, T_JOURNAL, key, sizeof key, &v);
		if (rc != 0)
			return env_fail(d->env, "read the journal", rc, d->e);
		if (jrec_unpack(d->since + 1, v.mv_data, v.mv_size, &j) == -1)
			return env_garbled(d->env, "the journal", d->e);
		if (j.scope == d->scope && (j.op == J_ADD || j.op == J_REKEY)) {
			d->since = h->seq;
			return 1;
		}
	}
	return 0;
}

/* write_end - the record, and nothing left but dead lists */
static int
write_end(struct ending *d, MDB_txn *txn, struct head *h)
{
	struct scope_rec	before, after;
	struct jrec		j = { .op = J_DROP, .scope = d->scope,
				    .actor = d->d->actor, .note = d->d->note };
	uint8_t			detail[DETAIL_MAX], key[4];
	int			rc;

	if ((rc = scope_get(d->env, txn, d->scope, &before, d->e)) != 1)
		return rc;
	after = before;
	after.nactive = after.nprev = 0;
	j.note_len = j.note != NULL ? strnlen(j.note, NOTE_MAX) : 0;
	j.detail_len = switch_detail(detail, &before, &after, NULL);
	memcpy(detail + j.detail_len, before.name, strlen(before.name));
	j.detail_len += strlen(before.name);
	j.detail = detail;
	journal_stamp(h, &j);
	h->gen++;
	put32(key, d->scope);
	if (switch_retire(d->env, txn, &before, &after, d->e) == -1)
		return -1;
	if ((rc = journal_append(d->env, txn, h, &j)) != 0 ||
	    (rc = env_del(d->env, txn, T_SCOPES, key, sizeof key)) != 0 ||
	    (rc = env_set_head(d->env, txn, h)) != 0)
		return env_fail(d->env, "drop a scope", rc, d->e);
	return 0;
}

/* end - the last transaction; 1: somebody added, all over again */
static int
end(struct ending *d)
{
	struct head	h;
	MDB_txn		*txn;
	int		rc;

	if (env_begin(d->env, &txn, d->e) == -1)
		return -1;
	if ((rc = env_head(d->env, txn, &h, d->e)) == 0 &&
	    (rc = added_since(d, txn, &h)) == 0 &&
	    (rc = remove_gathered(d, txn, &h)) == 0 &&
	    (rc = write_end(d, txn, &h)) == 0)
		return env_commit(d->env, txn, d->e);
	env_abort(d->env, txn);
	return rc;
}

static int
ending_run(void *arg)
{
	struct ending		*d = arg;
	struct store_drop	*drop = d->d;
	int			 i, rc = 1;

	if (look(d) == -1)
		return -1;
	if (drop->in_force + drop->rows > 0 && (!drop->override ||
	    drop->note == NULL || drop->note[0] == '\0'))
		return err_code(d->e, EX_NOPERM, "scope %s: %" PRIu64
		    " entries and %" PRIu64 " rows of lists are in force; "
		    "nothing was changed; that needs --override and --note",
		    drop->scope, drop->in_force, drop->rows);
	for (i = 0; i < ROUNDS && rc == 1; i++)
		if ((rc = each_entry(d)) == 0)
			rc = end(d);
	if (rc == 1)
		return err_code(d->e, EX_TEMPFAIL, "scope %s: programs go on "
		    "adding to it; end that first", drop->scope);
	if (rc == 0)
		(void)lists_sweep(d->env, 0, NULL);
	return rc;
}

int
store_scope_drop(struct store *s, struct store_drop *drop, struct err *e)
{
	struct ending	d = { .s = s, .env = s->env, .d = drop, .e = e,
			    .scope = store_scope_id(drop->scope) };
	int		lock, rc;

	drop->in_force = drop->entries = drop->rows = 0;
	if (store_names_address(drop->note))
		return err_code(e, EX_USAGE, "a note must not hold an "
		    "address: the journal keeps it in the clear");
	if ((lock = switch_lock(s->env, drop->scope, e)) == -1)
		return -1;
	rc = env_guard(s->env, ending_run, &d, e);
	env_unlock(lock);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* import_switch.c - one transaction puts the new list in force; see import.h */
#include "store/import_int.h"

#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/journal.h"
#include "store/scope.h"
#include "store/switch.h"

#include "base/banned.h"

/* lift_one - a removal that came while the list was being made */
static int
lift_one(struct job *j, MDB_txn *txn, const struct jrec *r,
    struct run_rec *run)
{
	uint8_t		key[LKEY_SIZE], value[LVALUE_MAX];
	struct marks	m;
	unsigned	i, n = 0;
	MDB_val		v;
	int		rc;

	lkey_pack(key, j->im->list, r->id.digest);
	rc = env_get(j->env, txn, T_LISTS, key, sizeof key, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return env_fail(j->env, "switch lists", rc, j->e);
	if (marks_unpack(v.mv_data, v.mv_size, &m) == -1)
		return env_garbled(j->env, "a list's row", j->e);
	/* "any reason" was not meant for what is new here and protected */
	for (i = 0; i < m.n; i++)
		if ((r->reason == 0 ? !reason_protected(m.m[i].reason) :
		    r->reason == m.m[i].reason) &&
		    (m.m[i].flags & MARK_LIFTED) == 0) {
			m.m[i].flags |= MARK_LIFTED;
			n++;
		}
	if (n == 0)
		return 0;
	m.seq = r->seq;
	run->lifted++;
	rc = env_put(j->env, txn, T_LISTS, key, sizeof key, value,
	    marks_pack(value, &m), 0);
	return rc == 0 ? 0 : env_fail(j->env, "switch lists", rc, j->e);
}

/* lift_since - what the journal says was removed from this scope since the
 * import began; under another key nobody can tell whose row that is here */
static int
lift_since(struct job *j, MDB_txn *txn, const struct head *h,
    struct run_rec *run)
{
	struct jrec	r;
	uint64_t	seq;
	uint8_t		key[8];
	MDB_val		v;
	int		rc;

	if (h->first > j->seq + 1)
		return err_code(j->e, EX_TEMPFAIL, "scope %s: the journal was "
		    "cut meanwhile, so nobody can tell what was removed; "
		    "nothing was changed; import once more", j->im->scope);
	for (seq = j->seq + 1; seq <= h->seq; seq++) {
		put64(key, seq);
		rc = env_get(j->env, txn, T_JOURNAL, key, sizeof key, &v);
		if (rc != 0)
			return env_fail(j->env, "read the journal", rc, j->e);
		if (jrec_unpack(seq, v.mv_data, v.mv_size, &r) == -1)
			return env_garbled(j->env, "the journal", j->e);
		if ((r.op != J_REMOVE && r.op != J_LIFT) ||
		    r.scope != j->scope_id)
			continue;
		if (r.id.key != run->key)
			return err_code(j->e, EX_TEMPFAIL, "scope %s: an "
			    "entry under an older store key was removed "
			    "meanwhile; nothing was changed; import once "
			    "more", j->im->scope);
		if (lift_one(j, txn, &r, run) == -1)
			return -1;
	}
	return 0;
}

/* record - the switch in the journal, the head after it */
static int
record(struct job *j, MDB_txn *txn, struct head *h, struct jrec *r,
    const struct scope_rec *before, const struct scope_rec *after,
    const struct run_rec *run)
{
	uint8_t	detail[DETAIL_MAX];
	int	rc;

	r->op = J_IMPORT;
	r->scope = j->scope_id;
	r->actor = j->im->actor;
	r->note = j->im->note;
	r->note_len = r->note != NULL ? strnlen(r->note, NOTE_MAX) : 0;
	r->detail = detail;
	r->detail_len = switch_detail(detail, before, after, run);
	h->gen++;
	if ((rc = journal_append(j->env, txn, h, r)) != 0 ||
	    (rc = env_set_head(j->env, txn, h)) != 0)
		return env_fail(j->env, "switch lists", rc, j->e);
	return 0;
}

/* switch_in - inside the transaction: the scope's record names the new list */
static int
switch_in(struct job *j, MDB_txn *txn, struct run_rec *run)
{
	struct scope_rec	before, after;
	struct jrec		r = { .op = J_IMPORT };
	struct head		h;
	int			rc;

	if (env_head(j->env, txn, &h, j->e) == -1 || (rc = scope_get(j->env,
	    txn, j->scope_id, &before, j->e)) == -1)
		return -1;
	if (rc == 0 && (rc = scope_make(j->env, txn, &h, j->im->scope,
	    j->im->actor, &before)) != 0)
		return env_fail(j->env, "switch lists", rc, j->e);
	if (lift_since(j, txn, &h, run) == -1)
		return -1;
	after = before;
	after.nprev = before.nactive;
	memcpy(after.prev, before.active, sizeof after.prev);
	after.can_rollback = true;
	after.nactive = j->keep.nactive;
	memcpy(after.active, j->keep.active, sizeof after.active);
	if (run->rows > 0)
		after.active[after.nactive++] = j->im->list;
	else
		run->state = RUN_DROPPING;
	journal_stamp(&h, &r);
	after.imported = r.seq;
	run->hlc = r.hlc;
	if ((rc = keys_note(j->env, txn, &h, run->key)) != 0 ||
	    (rc = run_put(j->env, txn, j->im->list, run)) != 0 ||
	    (rc = scope_put(j->env, txn, &after)) != 0)
		return env_fail(j->env, "switch lists", rc, j->e);
	if (switch_retire(j->env, txn, &before, &after, j->e) == -1)
		return -1;
	return record(j, txn, &h, &r, &before, &after, run);
}

int
import_switch(struct job *j, struct run_rec *run)
{
	MDB_txn	*txn;

	if (env_begin(j->env, &txn, j->e) == -1)
		return -1;
	if (switch_in(j, txn, run) == -1) {
		env_abort(j->env, txn);
		return -1;
	}
	return env_commit(j->env, txn, j->e);
}

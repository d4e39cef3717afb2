/* SPDX-License-Identifier: BSD-2-Clause */
/* rollback.c - back to the lists before the last import; see import.h */
#include "store/import.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/journal.h"
#include "store/lists.h"
#include "store/switch.h"

#include "base/banned.h"

struct back {
	struct store	*s;
	struct rollback	*rb;
	struct err	*e;
};

/* rows_of - recipients in some lists */
static int
rows_of(struct env *env, MDB_txn *txn, const uint32_t *lists, int n,
    uint64_t *rows, struct err *e)
{
	struct run_rec	run;
	int		i;

	for (i = 0; i < n; i++) {
		if (run_get(env, txn, lists[i], &run, e) == -1)
			return -1;
		*rows += run.rows - run.lifted;
	}
	return 0;
}

/* back_in - inside the transaction */
static int
back_in(struct back *b, MDB_txn *txn)
{
	struct env		*env = b->s->env;
	struct scope_rec	 before, after;
	struct jrec		 r = { .op = J_ROLLBACK };
	struct head		 h;
	uint8_t			 detail[DETAIL_MAX];
	int			 rc;

	if (env_head(env, txn, &h, b->e) == -1 || (rc = scope_get(env, txn,
	    store_scope_id(b->rb->scope), &before, b->e)) == -1)
		return -1;
	if (rc == 0 || !before.can_rollback)
		return err_code(b->e, EX_DATAERR, "scope %s: no import to "
		    "roll back", b->rb->scope);
	after = before;
	after.nactive = before.nprev;
	memcpy(after.active, before.prev, sizeof after.active);
	after.nprev = 0;
	after.can_rollback = false;
	if (rows_of(env, txn, before.active, before.nactive, &b->rb->before,
	    b->e) == -1 || rows_of(env, txn, after.active, after.nactive,
	    &b->rb->after, b->e) == -1)
		return -1;
	journal_stamp(&h, &r);
	r.scope = before.id;
	r.actor = b->rb->actor;
	r.note = b->rb->note;
	r.note_len = r.note != NULL ? strnlen(r.note, NOTE_MAX) : 0;
	r.detail = detail;
	r.detail_len = switch_detail(detail, &before, &after, NULL);
	h.gen++;
	if ((rc = scope_put(env, txn, &after)) != 0 ||
	    (rc = journal_append(env, txn, &h, &r)) != 0 ||
	    (rc = env_set_head(env, txn, &h)) != 0)
		return env_fail(env, "roll back", rc, b->e);
	return switch_retire(env, txn, &before, &after, b->e);
}

/* stands - has this recipient the same mark in one of these lists? */
static int
stands(struct back *b, const struct item *who, const uint32_t *lists, int n)
{
	struct env	*env = b->s->env;
	struct reader	*r;
	struct marks	 m;
	uint8_t		 key[LKEY_SIZE], digest[STORE_DIGEST];
	MDB_val		 v;
	unsigned	 k;
	int		 i, rc = MDB_NOTFOUND, found = 0;

	put64(digest, who->hi);
	put64(digest + 8, who->lo);
	if ((r = env_read(env, b->e)) == NULL)
		return -1;
	for (i = 0; i < n && found == 0; i++) {
		lkey_pack(key, lists[i], digest);
		rc = env_get(env, r->txn, T_LISTS, key, sizeof key, &v);
		if (rc != 0)
			found = rc == MDB_NOTFOUND ? 0 : -1;
		else if (marks_unpack(v.mv_data, v.mv_size, &m) == 0)
			for (k = 0; k < m.n; k++)
				found |= m.m[k].reason == item_reason(who) &&
				    (m.m[k].flags & MARK_LIFTED) == 0;
	}
	env_read_done(r);
	return found == -1 ? env_fail(env, "read a list", rc, b->e) : found;
}

/* count_protected - marks of one list that the lists of before lack and that
 * only an override may drop */
static int
count_protected(struct back *b, uint32_t list, const struct scope_rec *sc)
{
	struct list_reader	 r;
	struct item		 i;
	int			 rc, there;

	if (list_open(b->s->env, list, &r, b->e) == -1)
		return -1;
	while ((rc = list_item(&r, &i, b->e)) == 1) {
		if (!reason_protected(item_reason(&i)))
			continue;
		if ((there = stands(b, &i, sc->prev, sc->nprev)) == -1) {
			rc = -1;
			break;
		}
		b->rb->protected += there == 0;
	}
	list_close(&r);
	return rc;
}

/* may_roll_back - the scope's lock is held: its lists stay as they are */
static int
may_roll_back(struct back *b)
{
	struct env		*env = b->s->env;
	struct rollback		*rb = b->rb;
	struct scope_rec	 sc;
	struct reader		*r;
	int			 i, rc;

	if ((r = env_read(env, b->e)) == NULL)
		return -1;
	rc = scope_get(env, r->txn, store_scope_id(rb->scope), &sc, b->e);
	env_read_done(r);
	if (rc != 1 || !sc.can_rollback)
		return rc == -1 ? -1 : 0;	/* back_in() says so */
	for (i = 0; i < sc.nactive; i++)
		if (!switch_holds(sc.prev, sc.nprev, sc.active[i]) &&
		    count_protected(b, sc.active[i], &sc) == -1)
			return -1;
	if (rb->protected == 0 || (rb->override && rb->note != NULL &&
	    rb->note[0] != '\0'))
		return 0;
	return err_code(b->e, EX_NOPERM, "scope %s: would drop %" PRIu64
	    " complaint or legal entries; nothing was changed; that needs "
	    "--override and --note", rb->scope, rb->protected);
}

static int
roll_back(void *arg)
{
	struct back	*b = arg;
	MDB_txn		*txn;

	if (may_roll_back(b) == -1)
		return -1;
	if (env_begin(b->s->env, &txn, b->e) == -1)
		return -1;
	if (back_in(b, txn) == -1) {
		env_abort(b->s->env, txn);
		return -1;
	}
	if (env_commit(b->s->env, txn, b->e) == -1)
		return -1;
	(void)lists_sweep(b->s->env, 0, NULL);
	return 0;
}

int
store_rollback(struct store *s, struct rollback *rb, struct err *e)
{
	struct back	b = { .s = s, .rb = rb, .e = e };
	int		lock, rc;

	rb->before = rb->after = rb->protected = 0;
	if (store_names_address(rb->note))
		return err_code(e, EX_USAGE, "a note must not hold an "
		    "address: the journal keeps it in the clear");
	if ((lock = switch_lock(s->env, rb->scope, e)) == -1)
		return -1;
	rc = env_guard(s->env, roll_back, &b, e);
	env_unlock(lock);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.c - what a change does to the store; see change.h
 *
 *	change		entry before		after
 *	add		none			made, in force
 *	add		there			count + 1, last, later expiry
 *	add		expired (half-open)	in force again, twice as long
 *	add soft	any			one step at most a day; in
 *						force at the threshold, or at
 *						once when half-open
 *	remove		any			gone; a list's row: lifted
 *	delivered	soft, or half-open	gone
 *	delivered	else in force		stays: a sign is not an order
 *	late		any			stays; the journal has it
 */
#include "store/change.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/journal.h"
#include "store/rekey.h"
#include "store/scope.h"

#include "base/banned.h"

#define DAY		86400

/* One change with its recipient under every key. */
struct work {
	struct batch		*b;
	struct queued		*q;
	struct store_change	*c;
	struct err		*e;
	struct store_id		 id[STORE_KEYS_MAX];
	unsigned		 nids;	/* id[0] is the one to write under */
	bool			 domain;
	uint32_t		 scope;
	struct scope_rec	 srec;
	bool			 scope_known;
};

/* why_not - refuse this change; its request is undone */
static int
why_not(struct work *w, const char *text)
{
	w->q->refused = true;
	w->c->result = -1;
	(void)snprintf(w->c->why, sizeof w->c->why, "%s", text);
	return err_code(w->e, EX_NOPERM, "refused: %s", text);
}

/* table_of - where this change's entry stands */
static enum env_table
table_of(const struct work *w)
{
	return w->domain ? T_DOMAINS : T_ENTRIES;
}

static int
lmdb_failed(struct work *w, const char *step, int rc)
{
	return env_fail(w->b->env, step, rc, w->e);
}

/* -- writing -------------------------------------------------------------- */

/* write_journal - one record of this change; *seq and *hlc for the entry are
 * set before `detail` is packed by the caller, hence the stamp outside */
static int
write_journal(struct work *w, struct jrec *j, enum journal_op op,
    uint32_t scope, const struct store_id *id, enum store_reason reason,
    const uint8_t *detail, size_t n)
{
	int	rc;

	j->op = op;
	j->scope = scope;
	j->id = *id;
	j->reason = reason;
	j->domain = w->domain;
	j->actor = w->q->actor;
	j->note = w->c->note;
	j->note_len = w->c->note != NULL ? strnlen(w->c->note, NOTE_MAX) : 0;
	j->detail = detail;
	j->detail_len = n;
	w->b->wrote = true;
	rc = journal_append(w->b->env, w->b->txn, &w->b->head, j);
	return rc == 0 ? 0 : lmdb_failed(w, "write the journal", rc);
}

/* write_scope - a scope's first use names it on disk */
static int
write_scope(struct work *w)
{
	int	rc;

	if (w->scope_known)
		return 0;
	w->b->wrote = true;
	rc = scope_make(w->b->env, w->b->txn, &w->b->head, w->c->scope,
	    w->q->actor, &w->srec);
	if (rc != 0)
		return lmdb_failed(w, "write a scope", rc);
	w->scope_known = true;
	return 0;
}

/* id_key - what `sealed` is sorted by */
static void
id_key(uint8_t key[EKEY_ID_SIZE], const struct store_id *id)
{
	key[0] = id->key;
	memcpy(key + 1, id->digest, STORE_DIGEST);
}

/* write_sealed - the sealed copy, once for each recipient */
static int
write_sealed(struct work *w)
{
	const struct sealed	*s;
	uint8_t			 key[EKEY_ID_SIZE];
	int			 rc;

	if (w->q->sealed == NULL ||
	    (s = &w->q->sealed[w->c - w->q->changes])->n == 0)
		return 0;
	id_key(key, &w->id[0]);
	rc = env_put(w->b->env, w->b->txn, T_SEALED, key, sizeof key, s->p,
	    s->n, MDB_NOOVERWRITE);
	return rc == 0 || rc == MDB_KEYEXIST ? 0 :
	    lmdb_failed(w, "write a sealed copy", rc);
}

/* write_entry - a record and its line in the journal */
static int
write_entry(struct work *w, struct rec *r)
{
	uint8_t		key[EKEY_SIZE], value[REC_SIZE_MAX];
	struct jrec	j;
	size_t		n;
	int		rc;

	if (write_scope(w) == -1)
		return -1;
	memset(&j, 0, sizeof j);
	journal_stamp(&w->b->head, &j);
	r->seq = j.seq;
	r->hlc = j.hlc;
	n = rec_pack(value, r);
	ekey_pack(key, &w->id[0], w->scope, w->c->reason);
	if (write_journal(w, &j, J_ADD, w->scope, &w->id[0], w->c->reason,
	    value, n) == -1)
		return -1;
	if ((rc = keys_note(w->b->env, w->b->txn, &w->b->head,
	    w->id[0].key)) != 0 ||
	    (rc = env_put(w->b->env, w->b->txn, table_of(w), key, sizeof key,
	    value, n, 0)) != 0)
		return lmdb_failed(w, "write an entry", rc);
	return write_sealed(w);
}

/* drop_entry - delete a record, its octets go to the journal */
static int
drop_entry(struct work *w, enum journal_op op, const uint8_t key[EKEY_SIZE],
    const MDB_val *value)
{
	uint8_t			 copy[REC_SIZE_MAX];
	struct jrec		 j;
	struct store_id		 id;
	uint32_t		 scope;
	enum store_reason	 reason;
	size_t			 n = value->mv_size;
	int			 rc;

	if (n > sizeof copy || ekey_unpack(key, EKEY_SIZE, &id, &scope,
	    &reason) == -1)
		return env_garbled(w->b->env, "an entry", w->e);
	memcpy(copy, value->mv_data, n);	/* a write may move it */
	memset(&j, 0, sizeof j);
	journal_stamp(&w->b->head, &j);
	if (write_journal(w, &j, op, scope, &id, reason, copy, n) == -1)
		return -1;
	if ((rc = env_del(w->b->env, w->b->txn, table_of(w), key,
	    EKEY_SIZE)) != 0 ||
	    (rc = sealed_forget(w->b->env, w->b->txn, table_of(w), &id)) != 0)
		return lmdb_failed(w, "remove an entry", rc);
	return 0;
}

/* -- add ------------------------------------------------------------------ */

/* read_entry - the record under the i-th key; 1, 0 or -1 */
static int
read_entry(struct work *w, unsigned i, struct rec *r)
{
	uint8_t	key[EKEY_SIZE];
	MDB_val	v;
	int	rc;

	ekey_pack(key, &w->id[i], w->scope, w->c->reason);
	rc = env_get(w->b->env, w->b->txn, table_of(w), key, sizeof key, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return lmdb_failed(w, "look up", rc);
	if (rec_unpack(v.mv_data, v.mv_size, r) == -1)
		return env_garbled(w->b->env, "an entry", w->e);
	return 1;
}

/* drop_old_key - the record stands under another key: it moves to the first */
static int
drop_old_key(struct work *w, unsigned i)
{
	uint8_t	key[EKEY_SIZE];
	MDB_val	v;
	int	rc;

	ekey_pack(key, &w->id[i], w->scope, w->c->reason);
	rc = env_get(w->b->env, w->b->txn, table_of(w), key, sizeof key, &v);
	if (rc != 0)
		return lmdb_failed(w, "look up", rc);
	return drop_entry(w, J_REMOVE, key, &v);
}

/* expiry - when an entry that comes into force now for the nth time ends */
static int64_t
expiry(const struct work *w, unsigned rounds)
{
	const struct store_conf	*c = &w->q->s->conf;
	long			 secs = store_default_expiry(c, w->c->reason);
	unsigned		 doubled = rounds > 0 ? rounds - 1 : 0;

	if (w->c->expires != 0)
		return w->c->expires;
	if (secs == 0)
		return 0;
	if (doubled > (unsigned)c->retry_doubling)
		doubled = (unsigned)c->retry_doubling;
	return w->b->now + ((int64_t)secs << doubled);
}

/* later - of two expiries, 0 being the latest of all */
static int64_t
later(int64_t a, int64_t b)
{
	return a == 0 || b == 0 ? 0 : a > b ? a : b;
}

/* soft_step - count a soft bounce: decay first, then one step at most a day */
static void
soft_step(const struct work *w, struct rec *r)
{
	const struct store_conf	*c = &w->q->s->conf;
	int64_t			 now = w->b->now, back;

	if (r->step != 0 && now / DAY <= r->step / DAY)
		return;		/* taken today, or the clock went back */
	back = r->step == 0 ? 0 : (now - r->step) / c->soft_decay;
	r->score = back >= r->score ? 0 : (uint16_t)(r->score - back);
	if (r->score < UINT16_MAX)
		r->score++;
	r->step = now;
}

/* bring_in_force - after the count of an add */
static void
bring_in_force(const struct work *w, struct rec *r, bool half_open)
{
	bool	soft = w->c->reason == STORE_SOFT_BOUNCE;

	if (soft) {
		soft_step(w, r);
		if (r->score < w->q->s->conf.soft_threshold && !half_open)
			return;
		r->flags |= REC_TRIPPED;
	}
	if (r->rounds < UINT8_MAX)
		r->rounds++;
	r->expires = expiry(w, r->rounds);
}

/* add - see the table at the top of the file */
static int
add(struct work *w)
{
	struct rec	r;
	unsigned	i, old = 0;
	bool		half_open, in_force;
	int		rc = 0;

	for (i = 0; i < w->nids && rc == 0; i++) {
		if ((rc = read_entry(w, i, &r)) == -1)
			return -1;
		old = i;
	}
	if (rc == 0) {
		memset(&r, 0, sizeof r);
		r.first = w->b->now;
	}
	in_force = rc == 1 && rec_in_force(w->c->reason, &r, w->b->now);
	half_open = rc == 1 && !in_force && r.rounds > 0;
	if (r.count < UINT32_MAX)
		r.count++;
	if (w->b->now > r.last)
		r.last = w->b->now;
	if (in_force)
		r.expires = w->c->expires != 0 ? w->c->expires :
		    later(r.expires, expiry(w, r.rounds));
	else
		bring_in_force(w, &r, half_open);
	if (w->c->source != NULL)
		(void)snprintf(r.source, sizeof r.source, "%s", w->c->source);
	if (w->c->evidence != NULL)
		(void)snprintf(r.evidence, sizeof r.evidence, "%s",
		    w->c->evidence);
	if (rc == 1 && old != 0 && drop_old_key(w, old) == -1)
		return -1;
	w->c->result = 1;
	return write_entry(w, &r);
}

/* -- remove, delivered ---------------------------------------------------- */

/* wanted - does a removal or sign concern this entry? 1, 0, -1 refused */
static int
wanted(struct work *w, enum store_reason reason, const struct rec *r)
{
	if (w->c->op == STORE_DELIVERED)
		return reason == STORE_SOFT_BOUNCE || (r->rounds > 0 &&
		    !rec_in_force(reason, r, w->b->now));
	if (w->c->reason != 0 && w->c->reason != reason)
		return 0;
	if (reason_protected(reason) && (!w->c->override ||
	    w->c->note == NULL || w->c->note[0] == '\0')) {
		char	text[128];

		(void)snprintf(text, sizeof text, "a %s entry is removed only "
		    "by override and with a stated reason",
		    store_reason_name(reason));
		return why_not(w, text);
	}
	return 1;
}

/* drop_under - every entry that goes, of one id and scope */
static int
drop_under(struct work *w, const struct store_id *id, uint32_t scope)
{
	enum journal_op	op = w->c->op == STORE_REMOVE ? J_REMOVE : J_RESET;
	uint8_t		key[EKEY_SIZE];
	struct rec	r;
	MDB_val		v;
	int		reason, rc;

	for (reason = 1; reason < STORE_REASON_MAX; reason++) {
		ekey_pack(key, id, scope, (enum store_reason)reason);
		rc = env_get(w->b->env, w->b->txn, table_of(w), key,
		    sizeof key, &v);
		if (rc == MDB_NOTFOUND)
			continue;
		if (rc != 0)
			return lmdb_failed(w, "look up", rc);
		if (rec_unpack(v.mv_data, v.mv_size, &r) == -1)
			return env_garbled(w->b->env, "an entry", w->e);
		if ((rc = wanted(w, (enum store_reason)reason, &r)) == -1)
			return -1;
		if (rc == 0)
			continue;
		if (drop_entry(w, op, key, &v) == -1)
			return -1;
		w->c->result = 1;
	}
	return 0;
}

/* lift_marks - set the flag on those that go; how many, or -1 refused */
static int
lift_marks(struct work *w, struct marks *m)
{
	unsigned	i;
	int		rc, n = 0;

	for (i = 0; i < m->n; i++) {
		struct rec	none = { .rounds = 0 };

		if ((m->m[i].flags & MARK_LIFTED) != 0)
			continue;
		if ((rc = wanted(w, m->m[i].reason, &none)) == -1)
			return -1;
		if (rc == 0)
			continue;
		m->m[i].flags |= MARK_LIFTED;
		n++;
	}
	return n;
}

/* count_lifted - a list's record knows how many rows were lifted */
static int
count_lifted(struct work *w, uint32_t list)
{
	struct run_rec	run;
	int		rc;

	if ((rc = run_get(w->b->env, w->b->txn, list, &run, w->e)) == -1)
		return -1;
	if (rc == 0)
		return env_garbled(w->b->env, "a list", w->e);
	run.lifted++;
	rc = run_put(w->b->env, w->b->txn, list, &run);
	return rc == 0 ? 0 : lmdb_failed(w, "write a list's record", rc);
}

/* lift - the row of one list, if it has one. The row stays, marked, so that
 * the digest of the list still proves all the others. */
static int
lift(struct work *w, const struct store_id *id, uint32_t list)
{
	uint8_t		key[LKEY_SIZE], value[LVALUE_MAX];
	uint8_t		detail[4 + LVALUE_MAX];
	struct jrec	j;
	struct marks	marks;
	MDB_val		v;
	size_t		n;
	int		rc;

	lkey_pack(key, list, id->digest);
	rc = env_get(w->b->env, w->b->txn, T_LISTS, key, sizeof key, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return lmdb_failed(w, "look up", rc);
	n = v.mv_size;
	if (n > LVALUE_MAX || marks_unpack(v.mv_data, n, &marks) == -1)
		return env_garbled(w->b->env, "a list's row", w->e);
	put32(detail, list);
	memcpy(detail + 4, v.mv_data, n);
	if ((rc = lift_marks(w, &marks)) <= 0)
		return rc;
	memset(&j, 0, sizeof j);
	journal_stamp(&w->b->head, &j);
	marks.seq = j.seq;
	if (write_journal(w, &j, J_LIFT, w->scope, id, w->c->reason, detail,
	    4 + n) == -1)
		return -1;
	rc = env_put(w->b->env, w->b->txn, T_LISTS, key, sizeof key, value,
	    marks_pack(value, &marks), 0);
	if (rc != 0)
		return lmdb_failed(w, "write a list's row", rc);
	w->c->result = 1;
	return count_lifted(w, list);
}

/* lift_all - in the lists in force and in those that a rollback would bring
 * back */
static int
lift_all(struct work *w, const struct store_id *id)
{
	int	i;

	for (i = 0; i < w->srec.nactive; i++)
		if (lift(w, id, w->srec.active[i]) == -1)
			return -1;
	for (i = 0; i < w->srec.nprev; i++)
		if (lift(w, id, w->srec.prev[i]) == -1)
			return -1;
	return 0;
}

/* drop - removal, or the good sign of a delivery */
static int
drop(struct work *w)
{
	uint32_t	all = store_scope_id("*");
	unsigned	i;

	for (i = 0; i < w->nids; i++) {
		if (drop_under(w, &w->id[i], w->scope) == -1)
			return -1;
		/* a mailbox that takes mail takes it of any scope */
		if (w->c->op == STORE_DELIVERED && w->scope != all &&
		    drop_under(w, &w->id[i], all) == -1)
			return -1;
		if (w->c->op == STORE_REMOVE && w->scope_known &&
		    lift_all(w, &w->id[i]) == -1)
			return -1;
	}
	return 0;
}

/* -- one change ----------------------------------------------------------- */

/* resolve - recipient and scope of a change */
static int
resolve(struct work *w)
{
	const struct store_keys	*keys = w->q->s->keys;
	struct store_change	*c = w->c;
	unsigned		 i;
	int			 rc;

	c->result = 0;
	c->why[0] = '\0';
	if ((c->addr != NULL) + (c->domain != NULL) + (c->id != NULL) != 1 ||
	    c->scope == NULL || (c->op == STORE_ADD && ((int)c->reason <= 0 ||
	    c->reason >= STORE_REASON_MAX)))
		return why_not(w, "one recipient, a scope and a reason are "
		    "needed");
	if (!store_scope_ok(c->scope))
		return why_not(w, "a scope is 1 to 64 of a-z 0-9 . _ - or *");
	if (store_names_address(c->note) || store_names_address(c->source))
		return why_not(w, "a note or source must not hold an address: "
		    "it is kept in the clear");
	w->domain = c->domain != NULL;
	w->nids = c->id != NULL ? 1 : store_keys_count(keys);
	for (i = 0; i < w->nids; i++)
		if (c->addr != NULL)
			store_keys_address(keys, i, c->addr, &w->id[i]);
		else if (c->domain != NULL)
			store_keys_domain(keys, i, c->domain, &w->id[i]);
		else
			w->id[i] = *c->id;
	if (c->id != NULL && !store_keys_has(keys, c->id->key))
		return why_not(w, "the key file lacks the store key of this "
		    "id");
	w->scope = store_scope_id(c->scope);
	if ((rc = scope_get(w->b->env, w->b->txn, w->scope, &w->srec,
	    w->e)) == -1)
		return -1;
	w->scope_known = rc == 1;
	if (rc == 1 && strcmp(w->srec.name, c->scope) != 0)
		return why_not(w, "this scope's number belongs to another "
		    "scope: choose another name");
	return 0;
}

/* seen_before - the report's text is in `dedup` under any key; 1, 0 (now it
 * is), -1 */
static int
seen_before(struct work *w)
{
	const struct store_keys	*keys = w->q->s->keys;
	uint8_t			 md[32], when[8];
	unsigned		 i = store_keys_count(keys);
	MDB_val			 v;
	int			 rc;

	while (i-- > 0) {	/* the first key, to write under, at last */
		store_keys_mac(keys, i, "mailweir dedup", w->c->dedup,
		    strlen(w->c->dedup), md);
		rc = env_get(w->b->env, w->b->txn, T_DEDUP, md, 16, &v);
		if (rc == 0)
			return 1;
		if (rc != MDB_NOTFOUND)
			return lmdb_failed(w, "look up", rc);
	}
	put64(when, (uint64_t)w->b->now);
	w->b->wrote = true;
	w->b->reports++;
	rc = env_put(w->b->env, w->b->txn, T_DEDUP, md, 16, when, sizeof when,
	    0);
	return rc == 0 ? 0 : lmdb_failed(w, "remember a report", rc);
}

/* late - mail went to somebody who had left: a record that proves when */
static int
late(struct work *w)
{
	uint8_t		detail[LATE_SIZE];
	struct jrec	j;

	if (!w->scope_known)
		return 0;	/* nobody ever left it */
	put64(detail, (uint64_t)w->c->since);
	put64(detail + 8, (uint64_t)w->c->until);
	put32(detail + 16, w->c->messages);
	memset(&j, 0, sizeof j);
	journal_stamp(&w->b->head, &j);
	w->c->result = 1;
	return write_journal(w, &j, J_LATE, w->scope, &w->id[0],
	    w->c->reason, detail, sizeof detail);
}

int
change_one(struct batch *b, struct queued *q, struct store_change *c,
    struct err *e)
{
	struct work	w = { .b = b, .q = q, .c = c, .e = e };
	int		rc;

	if (resolve(&w) == -1)
		return -1;
	if (c->dedup != NULL && (rc = seen_before(&w)) != 0)
		return rc == 1 ? 0 : -1;
	return c->op == STORE_ADD ? add(&w) : c->op == STORE_LATE ?
	    late(&w) : drop(&w);
}

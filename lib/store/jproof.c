/* SPDX-License-Identifier: BSD-2-Clause */
/* jproof.c - proving the journal: the chain, where it begins, where it ends */
#include "store/admin.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/journal.h"
#include "store/walk.h"

#include "base/banned.h"

struct proving {
	struct store		*s;
	struct store_chain	*c;
	struct head		 head;		/* at the start */
	uint8_t			 hash[HASH_SIZE];
	uint64_t		 next;
	bool			 noted;		/* the noted head was met */
	void			(*progress)(void *, uint64_t, uint64_t);
	void			*arg;
	struct err		*e;
};

/* meet_noted - is this the head that somebody wrote down? */
static void
meet_noted(struct proving *p)
{
	if (p->c->noted != NULL &&
	    memcmp(p->hash, p->c->noted, HASH_SIZE) == 0)
		p->noted = true;
}

static int
prove_one(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct proving	*p = arg;
	uint8_t		 want[HASH_SIZE];
	uint64_t	 seq;

	if (k->mv_size != 8 || v->mv_size < JREC_FIXED)
		return env_garbled(p->s->env, "the journal", e);
	seq = get64(k->mv_data);
	if (seq > p->head.seq)
		return 1;		/* came after we began */
	if (seq != p->next)
		return err_code(e, EX_DATAERR, "journal: record %" PRIu64
		    " is missing", p->next);
	journal_hash(p->hash, seq, v->mv_data, v->mv_size, want);
	if (memcmp(want, v->mv_data, HASH_SIZE) != 0)
		return err_code(e, EX_DATAERR, "journal: record %" PRIu64
		    " was altered, or stands in a wrong place", seq);
	memcpy(p->hash, want, HASH_SIZE);
	meet_noted(p);
	p->next++;
	p->c->records++;
	if (p->progress != NULL && seq % 4096 == 0)
		p->progress(p->arg, p->c->records,
		    p->head.seq - p->head.first + 1);
	return 0;
}

/* read_head - in a transaction of its own */
static int
read_head(struct env *env, struct head *h, struct err *e)
{
	struct reader	*r;
	int		 rc;

	if ((r = env_read(env, e)) == NULL)
		return -1;
	rc = env_head(env, r->txn, h, e);
	env_read_done(r);
	return rc;
}

/* prove_cut - where it begins, a signed checkpoint says so */
static int
prove_cut(struct proving *p)
{
	struct env	*env = p->s->env;
	uint8_t		 copy[CUT_SIZE];
	struct reader	*r;
	struct cut	 cut;
	MDB_val		 v;
	size_t		 n = 0;
	int		 rc;

	if ((r = env_read(env, p->e)) == NULL)
		return -1;
	rc = env_get(env, r->txn, T_MAIN, "=cut", 4, &v);
	if (rc == 0 && v.mv_size <= sizeof copy)
		memcpy(copy, v.mv_data, n = v.mv_size);
	env_read_done(r);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return env_fail(env, "read the journal", rc, p->e);
	if (rc == MDB_NOTFOUND && p->head.first == 1)
		return 0;
	if (cut_verify(p->s->keys, env->uuid, copy, n, &cut, p->e) == -1)
		return -1;
	if (cut.last + 1 != p->head.first ||
	    memcmp(cut.hash, p->head.before, HASH_SIZE) != 0)
		return err_code(p->e, EX_DATAERR, "journal: records before %"
		    PRIu64 " are missing and no checkpoint accounts for them",
		    p->head.first);
	p->c->was_cut = true;
	p->c->signer_known = cut.known;
	memcpy(p->c->signer, cut.pub, sizeof p->c->signer);
	return 0;
}

/* in_time - no entry or scope may name a record behind the end */
static int
in_time(struct proving *p, uint64_t seq)
{
	struct head	now;

	if (seq <= p->head.seq)
		return 0;
	if (read_head(p->s->env, &now, p->e) == -1)
		return -1;
	if (seq <= now.seq)
		return 0;		/* came after we began */
	return err_code(p->e, EX_DATAERR, "journal: its end was cut off: "
	    "record %" PRIu64 " is named, but it ends at %" PRIu64, seq,
	    now.seq);
}

static int
entry_in_time(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct proving	*p = arg;
	struct rec	 r;

	(void)k;
	if (rec_unpack(v->mv_data, v->mv_size, &r) == -1)
		return env_garbled(p->s->env, "an entry", e);
	return in_time(p, r.seq);
}

static int
scope_in_time(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct proving		*p = arg;
	struct scope_rec	 s;

	if (k->mv_size != 4 || scope_unpack(get32(k->mv_data), v->mv_data,
	    v->mv_size, &s) == -1)
		return env_garbled(p->s->env, "a scope's record", e);
	return in_time(p, s.imported);
}

/* prove_end - a shorter chain with a head to suit it is sound in itself: what
 * the store holds beside it tells of the records that went */
static int
prove_end(struct proving *p)
{
	struct env	*env = p->s->env;

	if (walk(env, T_ENTRIES, NULL, 0, entry_in_time, p, p->e) == -1 ||
	    walk(env, T_DOMAINS, NULL, 0, entry_in_time, p, p->e) == -1 ||
	    walk(env, T_SCOPES, NULL, 0, scope_in_time, p, p->e) == -1)
		return -1;
	if (p->c->noted != NULL && !p->noted)
		return err_code(p->e, EX_DATAERR, "journal: no record has the "
		    "head that was noted: its end was cut off, or all of it "
		    "replaced, since");
	return 0;
}

/* prove_chain - record by record */
static int
prove_chain(struct proving *p)
{
	const uint8_t	*noted = p->c->noted;
	uint8_t		 from[8];

	if (read_head(p->s->env, &p->head, p->e) == -1)
		return -1;
	memset(p->c, 0, sizeof *p->c);
	p->c->noted = noted;
	p->next = p->head.first;
	memcpy(p->hash, p->head.before, HASH_SIZE);
	meet_noted(p);
	put64(from, p->head.first);
	if (prove_cut(p) == -1 || walk(p->s->env, T_JOURNAL, from,
	    sizeof from, prove_one, p, p->e) == -1)
		return -1;
	if (p->next != p->head.seq + 1)
		return err_code(p->e, EX_DATAERR, "journal: record %" PRIu64
		    " is missing", p->next);
	if (memcmp(p->hash, p->head.hash, HASH_SIZE) != 0)
		return err_code(p->e, EX_DATAERR, "journal: its head does not "
		    "belong to record %" PRIu64, p->head.seq);
	p->c->first = p->head.first;
	p->c->last = p->head.seq;
	memcpy(p->c->head, p->hash, HASH_SIZE);
	return 0;
}

static int
chain_run(void *arg)
{
	return prove_chain(arg);
}

static int
proving_run(void *arg)
{
	return prove_chain(arg) == -1 ? -1 : prove_end(arg);
}

int
journal_chain(struct store *s, struct store_chain *c, struct err *e)
{
	struct proving	p = { .s = s, .c = c, .e = e };

	return env_guard(s->env, chain_run, &p, e);
}

int
store_journal_verify(struct store *s, struct store_chain *c,
    void (*progress)(void *, uint64_t, uint64_t), void *arg, struct err *e)
{
	struct proving	p = { .s = s, .c = c, .progress = progress,
			    .arg = arg, .e = e };

	return env_guard(s->env, proving_run, &p, e);
}

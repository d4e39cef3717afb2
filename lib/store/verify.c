/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify.c - everything against the journal; see admin.h
 *
 *	entry -> journal	its record is there, says "add" of this
 *				recipient, scope and reason, and left this
 *				value
 *	journal -> entry	what a record added is there, or a later record
 *				took it away
 *	list			its rows give its digest, which the record of
 *				its import tells, too; each lifted row names
 *				the record that lifted it
 *	scope			names the lists that its last import or rollback
 *				put in force (both: verify_lists.c)
 *
 * An entry whose record is older than the journal kept is taken as it is; one
 * whose record is newer than the journal's head tells that its end is gone.
 */
#include "store/verify_int.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/sha.h>

#include "base/codec.h"
#include "store/find.h"
#include "store/journal.h"
#include "store/sort.h"
#include "store/walk.h"

#include "base/banned.h"

#define MISSING_ROOM	(64u << 20)	/* octets; more is sorted on disk */

void
verify_fault(struct check *c, const char *fmt, ...)
{
	char	line[512];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	c->c->faults++;
	c->fault(c->arg, line);
}

const char *
verify_id(const struct store_id *id, char out[64])
{
	int	n = snprintf(out, 8, "%u:", id->key);

	codec_hex(id->digest, STORE_DIGEST, out + n);
	return out;
}

int
verify_record(struct check *c, uint64_t seq, uint8_t *copy, struct jrec *j)
{
	struct reader	*r;
	uint8_t		 key[8];
	MDB_val		 v;
	size_t		 n = 0;
	int		 rc;

	if ((r = env_read(c->env, c->e)) == NULL)
		return -1;
	put64(key, seq);
	rc = env_get(c->env, r->txn, T_JOURNAL, key, sizeof key, &v);
	if (rc == 0 && v.mv_size <= JREC_SIZE_MAX) {
		n = v.mv_size;
		memcpy(copy, v.mv_data, n);
	}
	env_read_done(r);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return env_fail(c->env, "read the journal", rc, c->e);
	return rc == 0 && jrec_unpack(seq, copy, n, j) == 0;
}

/* head_now - the number of the newest record; -1 cannot say */
static int
head_now(struct check *c, uint64_t *seq)
{
	struct reader	*r;
	struct head	 h;
	int		 rc;

	if ((r = env_read(c->env, c->e)) == NULL)
		return -1;
	rc = env_head(c->env, r->txn, &h, c->e);
	env_read_done(r);
	*seq = h.seq;
	return rc;
}

int
verify_beyond(struct check *c, const char *what, const struct store_id *id,
    uint64_t seq)
{
	uint64_t	now = 0;
	char		hex[64];

	if (head_now(c, &now) == -1)
		return -1;
	if (seq > now)
		verify_fault(c, "%s %s: names record %" PRIu64 ", but the "
		    "journal ends at %" PRIu64 ": its end was cut off", what,
		    verify_id(id, hex), seq, now);
	return 0;
}

/* -- entries against the journal ------------------------------------------ */

static int
check_entry(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct check		*c = arg;
	uint8_t			 copy[JREC_SIZE_MAX];
	struct store_id		 id;
	enum store_reason	 reason;
	uint32_t		 scope;
	struct jrec		 j;
	struct rec		 r;
	char			 hex[64];
	int			 rc;

	(void)e;
	c->c->entries++;
	if (ekey_unpack(k->mv_data, k->mv_size, &id, &scope, &reason) == -1 ||
	    rec_unpack(v->mv_data, v->mv_size, &r) == -1) {
		verify_fault(c, "an entry is garbled");
		return 0;
	}
	if (r.seq > c->last)
		return verify_beyond(c, "entry", &id, r.seq);
	if (r.seq < c->first) {
		if (r.seq == 0)
			verify_fault(c, "entry %s names no record",
			    verify_id(&id, hex));
		return 0;
	}
	if ((rc = verify_record(c, r.seq, copy, &j)) == -1)
		return -1;
	if (rc == 0 || (j.op != J_ADD && j.op != J_REKEY) ||
	    j.scope != scope || j.reason != reason || j.domain != c->domain ||
	    j.id.key != id.key ||
	    memcmp(j.id.digest, id.digest, STORE_DIGEST) != 0)
		verify_fault(c, "entry %s: record %" PRIu64 " of the journal "
		    "is not about it", verify_id(&id, hex), r.seq);
	else if (j.detail_len != v->mv_size + (j.op == J_REKEY ?
	    EKEY_ID_SIZE : 0) || memcmp(j.detail + (j.detail_len -
	    v->mv_size), v->mv_data, v->mv_size) != 0)
		verify_fault(c, "entry %s: differs from what record %" PRIu64
		    " of the journal wrote", verify_id(&id, hex), r.seq);
	return 0;
}

/* -- the journal against entries ------------------------------------------- */

/*
 * note_missing - what a record added and is not there, or took away
 *
 * An addition is excused if a later record took it away. Both go to a sorter
 * under a digest of the entry's key, with the record's number, and gone as the
 * last bit; settle() sees them together.
 */
static int
note_missing(struct check *c, const struct jrec *j, bool gone)
{
	uint8_t		key[EKEY_SIZE + 1], md[SHA256_DIGEST_LENGTH];
	struct item	i;

	if (c->missing == NULL) {
		if (gone)
			return 0;	/* nothing before it is missing */
		if (sorter_new(c->env->dir, MISSING_ROOM, &c->missing,
		    c->e) == -1)
			return -1;
		sorter_keep_all(c->missing);
	}
	ekey_pack(key, &j->id, j->scope, j->reason);
	key[EKEY_SIZE] = j->domain;
	SHA256(key, sizeof key, md);
	i.hi = get64(md);
	i.lo = get64(md + 8);
	i.info = j->seq << 1 | gone;
	return sorter_add(c->missing, &i, c->e);
}

/* there - is the entry of this record in the store, from it or a later one? */
static int
there(struct check *c, const struct jrec *j)
{
	struct reader	*r;
	uint8_t		 key[EKEY_SIZE];
	struct rec	 rec;
	MDB_val		 v;
	int		 rc;

	if ((r = env_read(c->env, c->e)) == NULL)
		return -1;
	ekey_pack(key, &j->id, j->scope, j->reason);
	rc = env_get(c->env, r->txn, j->domain ? T_DOMAINS : T_ENTRIES, key,
	    sizeof key, &v);
	if (rc == 0 && (rec_unpack(v.mv_data, v.mv_size, &rec) == -1 ||
	    rec.seq < j->seq))
		rc = MDB_NOTFOUND;
	env_read_done(r);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return env_fail(c->env, "look up", rc, c->e);
	return rc == 0;
}

static int
check_record(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct check	*c = arg;
	struct jrec	 j;
	int		 rc;

	if (k->mv_size != 8 || jrec_unpack(get64(k->mv_data), v->mv_data,
	    v->mv_size, &j) == -1)
		return env_garbled(c->env, "the journal", e);
	c->said.walked = j.seq;
	if (j.op == J_IMPORT || j.op == J_ROLLBACK || j.op == J_DROP)
		return verify_switch(c, &j);
	/* on to its real end: what goes away while we look leaves its record
	 * there before we come to it */
	if (j.op == J_ADD || j.op == J_REKEY) {
		if ((rc = there(c, &j)) == -1 ||
		    (rc == 0 && note_missing(c, &j, false) == -1))
			return -1;
		if (j.op == J_ADD)
			return 0;
		if (j.detail_len < EKEY_ID_SIZE)
			return env_garbled(c->env, "the journal", e);
		j.id.key = j.detail[0];	/* from here on what went away */
		memcpy(j.id.digest, j.detail + 1, STORE_DIGEST);
	}
	return j.op == J_REMOVE || j.op == J_RESET || j.op == J_EXPIRE ||
	    j.op == J_REKEY ? note_missing(c, &j, true) : 0;
}

/* settle - an addition with no later removal is a fault */
static int
settle(struct check *c)
{
	struct merge	*m;
	struct item	 i, last = { 0, 0, 1 };
	int		 rc;

	if (c->missing == NULL)
		return 0;
	sorter_finish(c->missing);
	if (merge_new(&c->missing, 1, NULL, 0, &m, c->e) == -1)
		return -1;
	do {
		rc = merge_next(m, &i, c->e);
		if (rc != -1 && (last.info & 1) == 0 &&
		    (rc == 0 || !item_same(&i, &last)))
			verify_fault(c, "journal record %" PRIu64 " added an "
			    "entry that is not there", last.info >> 1);
		last = i;
	} while (rc == 1);
	merge_free(&m);
	return rc;
}

/* -- all of it ------------------------------------------------------------- */

static int
check_run(void *arg)
{
	struct check	*c = arg;

	c->domain = false;
	if (walk(c->env, T_ENTRIES, NULL, 0, check_entry, c, c->e) == -1)
		return -1;
	c->domain = true;
	if (walk(c->env, T_DOMAINS, NULL, 0, check_entry, c, c->e) == -1 ||
	    walk(c->env, T_JOURNAL, NULL, 0, check_record, c, c->e) == -1 ||
	    settle(c) == -1 ||
	    walk(c->env, T_SCOPES, NULL, 0, verify_scope, c, c->e) == -1)
		return -1;
	verify_unseen(c);
	return walk(c->env, T_RUNS, NULL, 0, verify_list, c, c->e);
}

int
store_verify(struct store *s, struct store_check *out,
    void (*report)(void *, const char *), void *arg, struct err *e)
{
	struct check	c = { .s = s, .env = s->env, .c = out,
			    .fault = report, .arg = arg, .e = e };
	struct err	why = { .msg = "" };
	int		rc;

	memset(out, 0, sizeof *out);
	if (journal_chain(s, &out->chain, &why) == -1) {
		if (why.code != EX_DATAERR || strncmp(why.msg, "journal: ",
		    9) != 0) {
			if (e != NULL)
				*e = why;
			return -1;
		}
		verify_fault(&c, "%s", why.msg);
		return 0;		/* nothing to check the rest against */
	}
	c.first = out->chain.first;
	c.last = out->chain.last;
	rc = env_guard(s->env, check_run, &c, e);
	sorter_free(&c.missing);
	free(c.said.sw);
	free(c.said.im);
	return rc;
}

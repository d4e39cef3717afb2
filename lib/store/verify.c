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
 *				put in force
 * An entry whose record is older than the journal kept is taken as it is; one
 * whose record is newer than the journal's head tells that its end is gone.
 */
#include "store/admin.h"

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
#include "store/lists.h"
#include "store/scope.h"
#include "store/sort.h"
#include "store/walk.h"

#include "base/banned.h"

#define MISSING_ROOM	(64u << 20)	/* octets; more is sorted on disk */

/* What the journal says of lists: the last switch of each scope, sorted by
 * scope, and every import. */
struct switched {
	uint32_t	scope;
	uint64_t	seq;
	int		n;
	uint32_t	list[SCOPE_LISTS];
	bool		gone;		/* it ended the scope */
	bool		seen;		/* the scope is there */
};

struct imported {
	uint32_t	list;
	uint64_t	rows;
	uint8_t		digest[HASH_SIZE];
};

struct said {
	struct switched	*sw;
	size_t		 nsw, capsw;
	struct imported	*im;
	size_t		 nim, capim;
	uint64_t	 walked;	/* the last record that was looked at */
};

struct check {
	struct store		*s;
	struct env		*env;
	struct store_check	*c;
	void			(*fault)(void *, const char *);
	void			*arg;
	bool			 domain;
	uint64_t		 first, last;	/* of the journal */
	struct sorter		*missing;	/* NULL: nothing so far */
	struct said		 said;
	struct err		*e;
};

static void
fault(struct check *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
fault(struct check *c, const char *fmt, ...)
{
	char	line[512];
	va_list	ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	c->c->faults++;
	c->fault(c->arg, line);
}

/* hex_id - "1:0f3a..." for messages */
static const char *
hex_id(const struct store_id *id, char out[64])
{
	int	n = snprintf(out, 8, "%u:", id->key);

	codec_hex(id->digest, STORE_DIGEST, out + n);
	return out;
}

/* record_of - a journal record, copied; 1, 0 absent, -1 */
static int
record_of(struct check *c, uint64_t seq, uint8_t *copy, struct jrec *j)
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

/* beyond - a record that came after the proof of the chain began, or one that
 * the journal does not have; 0 or -1 */
static int
beyond(struct check *c, const char *what, const struct store_id *id,
    uint64_t seq)
{
	uint64_t	now = 0;
	char		hex[64];

	if (head_now(c, &now) == -1)
		return -1;
	if (seq > now)
		fault(c, "%s %s: names record %" PRIu64 ", but the journal "
		    "ends at %" PRIu64 ": its end was cut off", what,
		    hex_id(id, hex), seq, now);
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
		fault(c, "an entry is garbled");
		return 0;
	}
	if (r.seq > c->last)
		return beyond(c, "entry", &id, r.seq);
	if (r.seq < c->first) {
		if (r.seq == 0)
			fault(c, "entry %s names no record", hex_id(&id, hex));
		return 0;
	}
	if ((rc = record_of(c, r.seq, copy, &j)) == -1)
		return -1;
	if (rc == 0 || (j.op != J_ADD && j.op != J_REKEY) ||
	    j.scope != scope || j.reason != reason || j.domain != c->domain ||
	    j.id.key != id.key ||
	    memcmp(j.id.digest, id.digest, STORE_DIGEST) != 0)
		fault(c, "entry %s: record %" PRIu64 " of the journal is not "
		    "about it", hex_id(&id, hex), r.seq);
	else if (j.detail_len != v->mv_size + (j.op == J_REKEY ?
	    EKEY_ID_SIZE : 0) || memcmp(j.detail + (j.detail_len -
	    v->mv_size), v->mv_data, v->mv_size) != 0)
		fault(c, "entry %s: differs from what record %" PRIu64
		    " of the journal wrote", hex_id(&id, hex), r.seq);
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

/* room - for one more of n; NULL without memory */
static void *
room(struct check *c, void *p, size_t n, size_t *cap, size_t size)
{
	void	*more;

	if (n < *cap)
		return p;
	if ((more = realloc(p, (*cap * 2 + 16) * size)) == NULL)
		err_code(c->e, EX_OSERR, "no memory");
	else
		*cap = *cap * 2 + 16;
	return more;
}

/* find_switch - where this scope stands in the table, or belongs */
static size_t
find_switch(const struct said *s, uint32_t scope)
{
	size_t	lo = 0, hi = s->nsw, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (s->sw[mid].scope < scope)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* note_import - the digest of its list, as the journal has it */
static int
note_import(struct check *c, uint32_t list, const struct run_rec *run)
{
	struct said	*s = &c->said;
	void		*p;

	if ((p = room(c, s->im, s->nim, &s->capim, sizeof *s->im)) == NULL)
		return -1;
	s->im = p;
	s->im[s->nim].list = list;
	s->im[s->nim].rows = run->rows;
	memcpy(s->im[s->nim++].digest, run->digest, HASH_SIZE);
	return 0;
}

/* note_switch - an import or rollback: the lists in force after it */
static int
note_switch(struct check *c, const struct jrec *j)
{
	struct said	*s = &c->said;
	const uint8_t	*p = j->detail, *end = p + j->detail_len;
	struct switched	 sw = { .scope = j->scope, .seq = j->seq,
			    .gone = j->op == J_DROP };
	struct run_rec	 run;
	size_t		 at = find_switch(s, j->scope);
	void		*q;
	int		 i;

	if (p < end)
		p += 1 + 4 * (size_t)*p;	/* those before */
	if (p >= end || *p > SCOPE_LISTS || end - p < 1 + 4 * *p)
		return env_garbled(c->env, "the journal", c->e);
	for (sw.n = *p++, i = 0; i < sw.n; i++, p += 4)
		sw.list[i] = get32(p);
	if (at == s->nsw || s->sw[at].scope != j->scope) {
		if ((q = room(c, s->sw, s->nsw, &s->capsw,
		    sizeof *s->sw)) == NULL)
			return -1;
		s->sw = q;
		memmove(s->sw + at + 1, s->sw + at, (s->nsw++ - at) *
		    sizeof *s->sw);
	}
	s->sw[at] = sw;
	if (j->op != J_IMPORT)
		return 0;
	if (run_unpack(p, (size_t)(end - p), &run) == -1)
		return env_garbled(c->env, "the journal", c->e);
	/* the new one stands behind those that stay */
	return run.rows == 0 || sw.n == 0 ? 0 :
	    note_import(c, sw.list[sw.n - 1], &run);
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
		return note_switch(c, &j);
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
			fault(c, "journal record %" PRIu64 " added an entry "
			    "that is not there", last.info >> 1);
		last = i;
	} while (rc == 1);
	merge_free(&m);
	return rc;
}

/* -- lists ----------------------------------------------------------------- */

/* check_lifted - the record that lifted a mark of this row */
static int
check_lifted(struct check *c, const struct store_id *id,
    const struct marks *m)
{
	uint8_t		copy[JREC_SIZE_MAX];
	struct jrec	j;
	char		hex[64];
	int		rc;

	if (m->seq > c->last)
		return beyond(c, "list row", id, m->seq);
	if (m->seq == 0 || m->seq < c->first) {
		if (m->seq == 0)
			fault(c, "list row %s is lifted by no record",
			    hex_id(id, hex));
		return 0;
	}
	if ((rc = record_of(c, m->seq, copy, &j)) == -1)
		return -1;
	if (rc == 0 || (j.op != J_LIFT && j.op != J_REMOVE) ||
	    memcmp(j.id.digest, id->digest, STORE_DIGEST) != 0)
		fault(c, "list row %s: record %" PRIu64 " of the journal did "
		    "not lift it", hex_id(id, hex), m->seq);
	return 0;
}

/* read_rows - hash and check every row of a list */
static int
read_rows(struct check *c, struct list_reader *r, struct list_hash *h,
    uint8_t key, uint64_t *rows)
{
	struct store_id	id = { .key = key };
	struct marks	m;
	unsigned	i;
	bool		lifted;
	int		rc;

	while ((rc = list_row(r, id.digest, &m, c->e)) == 1) {
		++*rows;
		list_hash_add(h, id.digest, &m);
		for (lifted = false, i = 0; i < m.n; i++)
			lifted |= (m.m[i].flags & MARK_LIFTED) != 0;
		if (lifted && check_lifted(c, &id, &m) == -1)
			return -1;
	}
	return rc;
}

/* in_use - is this list still in use, after it was read? */
static bool
in_use(struct check *c, uint32_t list)
{
	struct reader	*r;
	struct run_rec	 run;
	int		 rc;

	if ((r = env_read(c->env, c->e)) == NULL)
		return false;
	rc = run_get(c->env, r->txn, list, &run, c->e);
	env_read_done(r);
	return rc == 1 && run.state == RUN_READY;
}

/* find_import - what the journal says of a list; NULL: it was imported before
 * the oldest record, or after we looked */
static const struct imported *
find_import(const struct check *c, uint32_t list)
{
	size_t	i;

	for (i = c->said.nim; i > 0; i--)	/* new ones are asked for */
		if (c->said.im[i - 1].list == list)
			return &c->said.im[i - 1];
	return NULL;
}

/* check_list - its rows against its record, and the journal's */
static int
check_list(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct check		*c = arg;
	struct list_reader	 r;
	struct list_hash	*h;
	const struct imported	*im;
	struct run_rec		 run;
	uint8_t			 digest[HASH_SIZE];
	uint64_t		 rows = 0;
	uint32_t		 list = get32(k->mv_data);
	int			 rc;

	if (k->mv_size != 4 || run_unpack(v->mv_data, v->mv_size, &run) == -1)
		return env_garbled(c->env, "a list's record", e);
	if (run.state != RUN_READY)
		return 0;
	if (list_open(c->env, list, &r, e) == -1)
		return -1;
	if ((h = list_hash_new()) == NULL) {
		list_close(&r);
		return err_code(e, EX_OSERR, "no memory");
	}
	rc = read_rows(c, &r, h, run.key, &rows);
	list_hash_end(&h, digest);
	list_close(&r);
	if (rc == -1)
		return -1;
	if (!in_use(c, list))
		return 0;
	c->c->lists++;
	c->c->rows += rows;
	if (rows != run.rows)
		fault(c, "list %lu has %" PRIu64 " rows, its record says %"
		    PRIu64, (unsigned long)list, rows, run.rows);
	else if (memcmp(digest, run.digest, HASH_SIZE) != 0)
		fault(c, "list %lu: a row was altered", (unsigned long)list);
	else if ((im = find_import(c, list)) != NULL && (im->rows != rows ||
	    memcmp(im->digest, digest, HASH_SIZE) != 0))
		fault(c, "list %lu is not what the journal says was imported",
		    (unsigned long)list);
	return 0;
}

/* catch_up - records that came after the walk, in the scope's own snapshot */
static int
catch_up(struct check *c, MDB_txn *txn)
{
	struct head	h;
	struct jrec	j;
	uint8_t		key[8];
	MDB_val		v;
	int		rc;

	if (env_head(c->env, txn, &h, c->e) == -1)
		return -1;
	for (; c->said.walked < h.seq; c->said.walked++) {
		put64(key, c->said.walked + 1);
		rc = env_get(c->env, txn, T_JOURNAL, key, sizeof key, &v);
		if (rc != 0)
			return env_fail(c->env, "read the journal", rc, c->e);
		if (jrec_unpack(c->said.walked + 1, v.mv_data, v.mv_size,
		    &j) == -1)
			return env_garbled(c->env, "the journal", c->e);
		if ((j.op == J_IMPORT || j.op == J_ROLLBACK ||
		    j.op == J_DROP) && note_switch(c, &j) == -1)
			return -1;
	}
	return 0;
}

/* check_switch - the lists that it names are those of its last switch */
static int
check_switch(struct check *c, MDB_txn *txn, const struct scope_rec *s)
{
	struct switched	*sw;
	size_t		 at;

	if (catch_up(c, txn) == -1)
		return -1;
	at = find_switch(&c->said, s->id);
	if (at == c->said.nsw || c->said.sw[at].scope != s->id) {
		/* older than the journal kept, or never */
		if (s->nactive > 0 && (c->first == 1 ||
		    s->imported >= c->first))
			fault(c, "scope %s names lists that no record of the "
			    "journal put in force", s->name);
		return 0;
	}
	sw = &c->said.sw[at];
	sw->seen = true;
	if (sw->n != s->nactive || memcmp(sw->list, s->active,
	    (size_t)sw->n * sizeof *sw->list) != 0)
		fault(c, "scope %s: its lists are not those that record %"
		    PRIu64 " of the journal put in force", s->name, sw->seq);
	return 0;
}

/* check_ready - and they exist */
static int
check_ready(struct check *c, MDB_txn *txn, const struct scope_rec *s)
{
	struct run_rec	run;
	int		i, rc = 0;

	for (i = 0; i < s->nactive && rc != -1; i++) {
		rc = run_get(c->env, txn, s->active[i], &run, c->e);
		if (rc != -1 && (rc == 0 || run.state != RUN_READY))
			fault(c, "scope %s names list %lu, which is not ready",
			    s->name, (unsigned long)s->active[i]);
	}
	return rc == -1 ? -1 : 0;
}

static int
check_scope(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct check		*c = arg;
	struct scope_rec	 s;
	struct reader		*r;
	int			 rc;

	if (k->mv_size != 4 || scope_unpack(get32(k->mv_data), v->mv_data,
	    v->mv_size, &s) == -1)
		return env_garbled(c->env, "a scope's record", e);
	if (s.id != store_scope_id(s.name))
		fault(c, "scope %s stands under another's number", s.name);
	if ((r = env_read(c->env, e)) == NULL)
		return -1;
	/* as it is now, with the journal of now */
	if ((rc = scope_get(c->env, r->txn, s.id, &s, e)) == 1)
		rc = check_ready(c, r->txn, &s) == -1 ||
		    check_switch(c, r->txn, &s) == -1 ? -1 : 0;
	env_read_done(r);
	return rc;
}

/* unseen - scopes that the journal filled and that are gone */
static void
unseen(struct check *c)
{
	char	name[STORE_SCOPE_MAX + 1];
	size_t	i;

	for (i = 0; i < c->said.nsw; i++)
		if (!c->said.sw[i].seen && !c->said.sw[i].gone &&
		    store_scope_name(c->s,
		    c->said.sw[i].scope, name, NULL) == 0)
			fault(c, "scope %s of journal record %" PRIu64
			    " is not there", name, c->said.sw[i].seq);
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
	    walk(c->env, T_SCOPES, NULL, 0, check_scope, c, c->e) == -1)
		return -1;
	unseen(c);
	return walk(c->env, T_RUNS, NULL, 0, check_list, c, c->e);
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
		fault(&c, "%s", why.msg);
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

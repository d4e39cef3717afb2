/* SPDX-License-Identifier: BSD-2-Clause */
/* verify_lists.c - lists and scopes against the journal; see verify.c */
#include "store/verify_int.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/lists.h"

#include "base/banned.h"

/* -- what the journal says ------------------------------------------------- */

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

int
verify_switch(struct check *c, const struct jrec *j)
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
		return verify_beyond(c, "list row", id, m->seq);
	if (m->seq == 0 || m->seq < c->first) {
		if (m->seq == 0)
			verify_fault(c, "list row %s is lifted by no record",
			    verify_id(id, hex));
		return 0;
	}
	if ((rc = verify_record(c, m->seq, copy, &j)) == -1)
		return -1;
	if (rc == 0 || (j.op != J_LIFT && j.op != J_REMOVE) ||
	    memcmp(j.id.digest, id->digest, STORE_DIGEST) != 0)
		verify_fault(c, "list row %s: record %" PRIu64 " of the "
		    "journal did not lift it", verify_id(id, hex), m->seq);
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

int
verify_list(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
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
		verify_fault(c, "list %lu has %" PRIu64 " rows, its record "
		    "says %" PRIu64, (unsigned long)list, rows, run.rows);
	else if (memcmp(digest, run.digest, HASH_SIZE) != 0)
		verify_fault(c, "list %lu: a row was altered",
		    (unsigned long)list);
	else if ((im = find_import(c, list)) != NULL && (im->rows != rows ||
	    memcmp(im->digest, digest, HASH_SIZE) != 0))
		verify_fault(c, "list %lu is not what the journal says was "
		    "imported", (unsigned long)list);
	return 0;
}

/* -- scopes ---------------------------------------------------------------- */

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
		    j.op == J_DROP) && verify_switch(c, &j) == -1)
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
			verify_fault(c, "scope %s names lists that no record "
			    "of the journal put in force", s->name);
		return 0;
	}
	sw = &c->said.sw[at];
	sw->seen = true;
	if (sw->n != s->nactive || memcmp(sw->list, s->active,
	    (size_t)sw->n * sizeof *sw->list) != 0)
		verify_fault(c, "scope %s: its lists are not those that "
		    "record %" PRIu64 " of the journal put in force",
		    s->name, sw->seq);
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
			verify_fault(c, "scope %s names list %lu, which is not "
			    "ready", s->name, (unsigned long)s->active[i]);
	}
	return rc == -1 ? -1 : 0;
}

int
verify_scope(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct check		*c = arg;
	struct scope_rec	 s;
	struct reader		*r;
	int			 rc;

	if (k->mv_size != 4 || scope_unpack(get32(k->mv_data), v->mv_data,
	    v->mv_size, &s) == -1)
		return env_garbled(c->env, "a scope's record", e);
	if (s.id != store_scope_id(s.name))
		verify_fault(c, "scope %s stands under another's number",
		    s.name);
	if ((r = env_read(c->env, e)) == NULL)
		return -1;
	/* as it is now, with the journal of now */
	if ((rc = scope_get(c->env, r->txn, s.id, &s, e)) == 1)
		rc = check_ready(c, r->txn, &s) == -1 ||
		    check_switch(c, r->txn, &s) == -1 ? -1 : 0;
	env_read_done(r);
	return rc;
}

void
verify_unseen(struct check *c)
{
	char	name[STORE_SCOPE_MAX + 1];
	size_t	i;

	for (i = 0; i < c->said.nsw; i++)
		if (!c->said.sw[i].seen && !c->said.sw[i].gone &&
		    store_scope_name(c->s,
		    c->said.sw[i].scope, name, NULL) == 0)
			verify_fault(c, "scope %s of journal record %" PRIu64
			    " is not there", name, c->said.sw[i].seq);
}

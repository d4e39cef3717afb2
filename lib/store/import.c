/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import.c - see import.h
 *
 *	read	the caller's thread cuts the file into blocks, workers turn
 *		rows into digests and sort them (intake.c, rows.c, sort.c)
 *	merge	all sorted runs, and the scope's lists when the import adds to
 *		them, give one stream; beside it walk the lists of before, so
 *		that what is added and removed is known; when those are under
 *		another store key, each row is hashed under it as well, sorted
 *		and compared first
 *	load	the stream is appended to `lists` in small transactions
 *	switch	one transaction: the scope names the new list, the journal
 *		says so; what somebody removed meanwhile is lifted
 *	sweep	lists that no rollback can need are deleted
 */
#include "store/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/find.h"
#include "store/intake.h"
#include "store/journal.h"
#include "store/lists.h"
#include "store/scope.h"
#include "store/switch.h"

#include "base/banned.h"

#define WORKERS_MAX	16
#define PROGRESS_EVERY	65536	/* rows */
#define GROWTH		4	/* see choose() */

struct job {
	struct store		*s;
	struct env		*env;
	struct import		*im;
	struct intake		 in;
	struct err		*e;
	struct rows		 rows;
	uint64_t		 octets;
	uint16_t		 expires[STORE_REASON_MAX];	/* by reason */
	struct sorter		*sorters[WORKERS_MAX];
	unsigned		 workers;
	unsigned		 old_key;	/* the lists of before are
						   under this one of the keys;
						   0 as the new rows */
	struct sorter		*twins[WORKERS_MAX];	/* rows under that */
	struct scope_rec	 scope;		/* as it was at the start */
	uint32_t		 scope_id;
	uint64_t		 seq;		/* of the journal, at start */
	int			 lock;
	/* merging */
	struct list_reader	 old[SCOPE_LISTS];	/* lists of before */
	struct source		 sources[SCOPE_LISTS];
	struct list_reader	 shadow[SCOPE_LISTS];	/* to compare */
	struct source		 shadows[SCOPE_LISTS];
	int			 nold, nshadow;
	struct scope_rec	 keep;		/* .active: lists that stay as
						   they are beside the new */
	uint64_t		 emitted;
	struct merge		*all, *twin, *before;
	bool			 compared;	/* the counts are complete */
	struct item		 old_item;
	bool			 old_live;
	struct list_writer	*writer;
	bool			 domains;
	bool			 fresh;		/* the digest is in the file,
						   not only in the store */
};

/* -- reading -------------------------------------------------------------- */

/* reject - one line of the rejects file: number, why, the row */
static void
reject(struct block *b, const struct row *row)
{
	size_t	i, n = row->raw_len < 1024 ? row->raw_len : 1024;

	b->bad++;
	(void)buf_addf(&b->aside, "%" PRIu64 "\t%s\t", row->line, row->why);
	for (i = 0; i < n; i++) {
		unsigned char	c = (unsigned char)row->raw[i];

		if (c == '\r' && i + 1 == n)
			break;
		if (c < ' ' || c == 0x7f)
			(void)buf_addf(&b->aside, "\\x%02x", c);
		else
			(void)buf_addc(&b->aside, (char)c);
	}
	(void)buf_addc(&b->aside, '\n');
}

/* take_under - a row's digest under one of the keys into a sorter */
static int
take_under(struct job *j, unsigned key, struct sorter *to,
    const struct row *row, struct err *e)
{
	struct store_id	id;
	struct item	item;

	if (row->domain)
		store_keys_domain(j->s->keys, key, row->addr.text + 1, &id);
	else
		store_keys_address(j->s->keys, key, &row->addr, &id);
	item.hi = get64(id.digest);
	item.lo = get64(id.digest + 8);
	item.info = item_info(row->reason, row->domain, row->line,
	    j->expires[row->reason], row->seen > 0 ? day_of(row->seen) : 0);
	return sorter_add(to, &item, e);
}

/* take - one good row into the worker's sorters */
static int
take(struct job *j, unsigned worker, const struct row *row, struct err *e)
{
	if (j->old_key != 0 && take_under(j, j->old_key, j->twins[worker],
	    row, e) == -1)
		return -1;
	return take_under(j, 0, j->sorters[worker], row, e);
}

/* read_block - on a worker's thread */
static int
read_block(void *arg, unsigned worker, struct block *b, struct err *e)
{
	struct job	*j = arg;
	struct rows_at	 at = { b->data, b->data + b->len, b->line };
	struct row	 row;

	if (b->too_long) {
		row = (struct row){ .line = b->line, .raw = b->data,
		    .raw_len = 80, .why = "the row is too long" };
		b->rows++;
		reject(b, &row);
		return 0;
	}
	while (rows_next(&j->rows, j->im->rules, &at, &row)) {
		b->rows++;
		if (row.why != NULL)
			reject(b, &row);
		else if (take(j, worker, &row, e) == -1)
			return -1;
		else
			b->good++;
	}
	return 0;
}

/* block_done - in order, on the caller's thread */
static int
block_done(void *arg, struct block *b, struct err *e)
{
	struct job	*j = arg;
	struct import	*im = j->im;

	im->rows += b->rows;
	im->rejected += b->bad;
	j->octets += b->len;
	if (im->rejects != NULL && b->aside.len > 0 &&
	    fwrite(b->aside.data, 1, b->aside.len, im->rejects) !=
	    b->aside.len)
		return err_code(e, EX_CANTCREAT, "cannot write the rejected "
		    "rows: %s", strerror(errno));
	if (im->progress != NULL)
		im->progress(im->arg, "reading", j->octets, 0);
	return 0;
}

static long
look_at_first(void *arg, const char *p, size_t n, struct err *e)
{
	struct job	*j = arg;
	struct import	*im = j->im;
	long		 skip;

	j->rows.format = im->format;
	j->rows.dflt = im->reason != 0 ? im->reason : STORE_IMPORT;
	j->rows.forced = im->reason != 0;
	skip = rows_plan(&j->rows, im->name, im->column, p, n, e);
	im->export_of = j->rows.export_of;
	j->in.quotes = j->rows.format == ROWS_CSV;
	return skip;
}

/* expiry_days - what each reason's default, or the caller's date, is on disk */
static void
expiry_days(struct job *j)
{
	int64_t	now = clock_now();
	int	reason;
	long	secs;

	for (reason = 1; reason < STORE_REASON_MAX; reason++) {
		secs = store_default_expiry(&j->s->conf,
		    (enum store_reason)reason);
		if (j->im->expires != 0)
			j->expires[reason] = day_of(j->im->expires + 86399);
		else if (secs != 0)
			j->expires[reason] = day_of(now + secs + 86399);
	}
}

/* finish_thread - the last sort of each sorter, on all cores */
static void *
finish_thread(void *sorter)
{
	sorter_finish(sorter);
	return NULL;
}

static void
finish_sorters(const struct job *j, struct sorter **sorters)
{
	pthread_t	t[WORKERS_MAX];
	bool		runs[WORKERS_MAX];
	unsigned	i;

	for (i = 1; i < j->workers; i++)
		if (!(runs[i] = pthread_create(&t[i], NULL, finish_thread,
		    sorters[i]) == 0))
			sorter_finish(sorters[i]);
	sorter_finish(sorters[0]);
	for (i = 1; i < j->workers; i++)
		if (runs[i])
			(void)pthread_join(t[i], NULL);
}

/* read_all - the file, as sorted runs */
static int
read_all(struct job *j)
{
	struct import	*im = j->im;
	size_t		 room = im->memory != 0 ? im->memory : IMPORT_MEMORY;
	unsigned	 i;

	room /= j->old_key != 0 ? 2 * j->workers : j->workers;
	for (i = 0; i < j->workers; i++)
		if (sorter_new(j->env->dir, room, &j->sorters[i],
		    j->e) == -1 || (j->old_key != 0 &&
		    sorter_new(j->env->dir, room, &j->twins[i], j->e) == -1))
			return -1;
	if (intake_run(&j->in, j->e) == -1)
		return -1;
	if (im->rejects != NULL && fflush(im->rejects) != 0)
		return err_code(j->e, EX_CANTCREAT, "cannot write the "
		    "rejected rows: %s", strerror(errno));
	if (im->rows > 0 && im->rejected == im->rows)
		return err_code(j->e, EX_DATAERR, "%s: none of its %" PRIu64
		    " rows holds an address; is this the right column and "
		    "format? Nothing was changed", im->name, im->rows);
	finish_sorters(j, j->sorters);
	if (j->old_key != 0)
		finish_sorters(j, j->twins);
	return 0;
}

/* -- merging -------------------------------------------------------------- */

/*
 * choose - which lists stay beside the new one, which are merged into it
 *
 * A list more than GROWTH times as long as what comes after it stays: so a
 * nightly thousand does not rewrite a hundred million, and lookups still meet
 * but a few lists. sizes: of scope.active, oldest first.
 */
static void
choose(struct job *j, const uint64_t sizes[SCOPE_LISTS])
{
	uint64_t	rows = j->im->rows - j->im->rejected;
	int		i = j->scope.nactive;

	j->keep.nactive = 0;
	while (i > 0 && (sizes[i - 1] <= GROWTH * rows ||
	    i >= SCOPE_LISTS))
		rows += sizes[--i];
	while (j->keep.nactive < i && !j->im->replace) {
		j->keep.active[j->keep.nactive] =
		    j->scope.active[j->keep.nactive];
		j->keep.nactive++;
	}
}

/* old_sizes - rows of the scope's lists, and of all of them for the summary */
static int
old_sizes(struct job *j, uint64_t sizes[SCOPE_LISTS])
{
	struct reader	*r;
	struct run_rec	 run;
	int		 i, rc = 1;

	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	for (i = 0; i < j->scope.nactive && rc == 1; i++) {
		rc = run_get(j->env, r->txn, j->scope.active[i], &run, j->e);
		sizes[i] = rc == 1 ? run.rows - run.lifted : 0;
		/* a replacement walks them all and counts recipients, who
		 * may stand in several: old_done() */
		j->im->before += j->im->replace ? 0 : sizes[i];
	}
	env_read_done(r);
	return rc == -1 ? -1 : 0;
}

/* open_old - readers of the lists that do not stay: to merge in, and to
 * compare with */
static int
open_old(struct job *j)
{
	uint64_t	sizes[SCOPE_LISTS];
	int		i;

	if (old_sizes(j, sizes) == -1)
		return -1;
	choose(j, sizes);
	for (i = j->keep.nactive; i < j->scope.nactive; i++) {
		if (list_open(j->env, j->scope.active[i],
		    &j->shadow[j->nshadow], j->e) == -1)
			return -1;
		j->shadows[j->nshadow].next = list_item;
		j->shadows[j->nshadow].arg = &j->shadow[j->nshadow];
		j->nshadow++;
		if (j->im->replace)
			continue;
		if (list_open(j->env, j->scope.active[i], &j->old[j->nold],
		    j->e) == -1)
			return -1;
		j->sources[j->nold].next = list_item;
		j->sources[j->nold].arg = &j->old[j->nold];
		j->nold++;
	}
	if (merge_new(NULL, 0, j->shadows, (size_t)j->nshadow, &j->before,
	    j->e) == -1)
		return -1;
	if (j->old_key != 0 && merge_new(j->twins, j->workers, NULL, 0,
	    &j->twin, j->e) == -1)
		return -1;
	return merge_new(j->sorters, j->workers, j->sources, (size_t)j->nold,
	    &j->all, j->e);
}

/* sample - keep the least line numbers of a kind */
static void
sample(uint32_t *lines, unsigned *n, uint32_t line)
{
	unsigned	i;

	if (line == 0 || (*n == IMPORT_SAMPLES && line >= lines[*n - 1]))
		return;
	if (*n < IMPORT_SAMPLES)
		(*n)++;
	for (i = *n - 1; i > 0 && lines[i - 1] > line; i--)
		lines[i] = lines[i - 1];
	lines[i] = line;
}

/* old_gone - a recipient of before who is not in the new list */
static void
old_gone(struct job *j, const struct item *i)
{
	struct import_gone	*g;
	uint16_t		 expires = (uint16_t)(i->info >> 16);
	uint16_t		 seen = (uint16_t)i->info;

	j->im->removed++;
	if (j->im->ngone == IMPORT_SAMPLES)
		return;
	g = &j->im->gone[j->im->ngone++];
	put64(g->digest, i->hi);
	put64(g->digest + 8, i->lo);
	g->reason = item_reason(i);
	g->seen = seen != 0 ? day_time(seen) : 0;
	g->expires = expires != 0 ? day_time(expires) : 0;
}

/* old_first - the first recipient of before */
static int
old_first(struct job *j)
{
	int	rc = merge_next(j->before, &j->old_item, j->e);

	j->old_live = rc == 1;
	return rc == -1 ? -1 : 0;
}

/* item_before - another recipient, who comes first */
static bool
item_before(const struct item *a, const struct item *b)
{
	return !item_same(a, b) && item_less(a, b);
}

/* keeps - is this mark of before among those of now? */
static bool
keeps(const struct marks *now, const struct item *old)
{
	unsigned	i;

	for (i = 0; now != NULL && i < now->n; i++)
		if (now->m[i].reason == item_reason(old))
			return true;
	return false;
}

/* old_done - all marks of one recipient of before; those that an override is
 * needed for and that are not among `now` are counted */
static int
old_done(struct job *j, const struct marks *now)
{
	struct item	who = j->old_item;
	int		rc;

	j->im->before += j->im->replace;
	do {
		j->im->protected += !keeps(now, &j->old_item) &&
		    reason_protected(item_reason(&j->old_item));
		if ((rc = merge_next(j->before, &j->old_item, j->e)) == -1)
			return -1;
		j->old_live = rc == 1;
	} while (rc == 1 && item_same(&who, &j->old_item));
	return 0;
}

/* old_pass - recipients of before up to this one (NULL: to the end) are gone;
 * 1 when this one was there before */
static int
old_pass(struct job *j, const struct item *now, const struct marks *marks)
{
	while (j->old_live && (now == NULL || item_before(&j->old_item,
	    now))) {
		old_gone(j, &j->old_item);
		if (old_done(j, NULL) == -1)
			return -1;
	}
	if (now == NULL || !j->old_live || !item_same(&j->old_item, now))
		return 0;
	return old_done(j, marks) == -1 ? -1 : 1;
}

/* join - one more mark of the same recipient; the later expiry holds */
static void
join(struct marks *m, const struct item *i)
{
	uint16_t	expires = (uint16_t)(i->info >> 16);
	uint16_t	seen = (uint16_t)i->info;
	struct mark	*last = m->n > 0 ? &m->m[m->n - 1] : NULL;

	if (last == NULL || last->reason != item_reason(i)) {
		last = &m->m[m->n++];	/* sorted by reason: at most 9 */
		last->reason = item_reason(i);
		last->flags = 0;
		last->expires = expires;
		last->seen = seen;
		return;
	}
	if (expires == 0 || (last->expires != 0 && expires > last->expires))
		last->expires = expires;
	if (seen != 0 && (last->seen == 0 || seen < last->seen))
		last->seen = seen;
}

/* covers - does a row of a list that stays say all of this already? */
static bool
covers(const struct marks *there, const struct marks *new)
{
	const struct mark	*t;
	unsigned		 i, k;

	for (i = 0; i < new->n; i++) {
		for (k = 0; k < there->n; k++) {
			t = &there->m[k];
			if (t->reason == new->m[i].reason &&
			    (t->flags & MARK_LIFTED) == 0 &&
			    (t->expires == 0 || (new->m[i].expires != 0 &&
			    t->expires >= new->m[i].expires)))
				break;
		}
		if (k == there->n)
			return false;
	}
	return true;
}

/* live - is any mark of it not lifted? */
static bool
live(const struct marks *m)
{
	unsigned	i;

	for (i = 0; i < m->n; i++)
		if ((m->m[i].flags & MARK_LIFTED) == 0)
			return true;
	return false;
}

/* look - a recipient's row in one of the lists that stay; 1, 0 none, -1 */
static int
look(struct job *j, MDB_txn *txn, uint32_t list,
    const uint8_t digest[STORE_DIGEST], struct marks *there)
{
	uint8_t	key[LKEY_SIZE];
	MDB_val	v;
	int	rc;

	lkey_pack(key, list, digest);
	rc = env_get(j->env, txn, T_LISTS, key, sizeof key, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return env_fail(j->env, "look up", rc, j->e);
	if (marks_unpack(v.mv_data, v.mv_size, there) == -1)
		return env_garbled(j->env, "a list's row", j->e);
	return 1;
}

/* probe - look into the lists that stay; 0 not there, 1 there, 2 there and
 * nothing new to say, -1. No reader is held from one to the next: whoever has
 * to resize the map waits for them all. */
static int
probe(struct job *j, const uint8_t digest[STORE_DIGEST],
    const struct marks *marks)
{
	struct reader	*r;
	struct marks	 there;
	int		 i, rc = 0, was = 0;

	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	for (i = 0; i < j->keep.nactive && was != 2 && rc != -1; i++) {
		rc = look(j, r->txn, j->keep.active[i], digest, &there);
		if (rc == 1 && live(&there))
			was = covers(&there, marks) ? 2 : 1;
	}
	env_read_done(r);
	return rc == -1 ? -1 : was;
}

/* tell - what is new about one recipient; 1, 2 the lists that stay say all of
 * it already, -1 */
static int
tell(struct job *j, const struct item *who, const struct marks *marks,
    const uint8_t digest[STORE_DIGEST], uint32_t line)
{
	struct import	*im = j->im;
	int		 was, kept = 0;

	if ((was = old_pass(j, who, marks)) == -1 || (was == 0 &&
	    j->keep.nactive > 0 && (kept = probe(j, digest, marks)) == -1))
		return -1;
	if (was == 0)
		was = kept != 0;
	if (line != 0)
		im->distinct++;
	if (was == 0) {
		im->added++;
		sample(im->added_lines, &im->nadded_lines, line);
	} else if (line != 0) {		/* not one of a list merged in */
		im->unchanged++;
		sample(im->same_lines, &im->nsame_lines, line);
	}
	return kept == 2 ? 2 : 1;
}

/* emit - one recipient of the new list */
static int
emit(struct job *j, const struct item *who, const struct marks *marks,
    uint32_t line)
{
	struct import	*im = j->im;
	uint8_t		 digest[STORE_DIGEST];
	int		 rc = 1;

	put64(digest, who->hi);
	put64(digest + 8, who->lo);
	if (!j->compared &&
	    (rc = tell(j, who, marks, digest, line)) == -1)
		return -1;
	if (im->progress != NULL && ++j->emitted % PROGRESS_EVERY == 0)
		im->progress(im->arg, "loading", j->emitted,
		    im->rows - im->rejected);
	if (j->writer == NULL || rc == 2)
		return 0;
	return list_add(j->writer, digest, marks, j->e);
}

/* merge_all - a stream, recipient by recipient */
static int
merge_all(struct job *j, struct merge *all)
{
	struct marks	marks = { .n = 0 };
	struct item	i, who = { 0, 0, 0 };
	uint32_t	line = 0;
	int		rc;

	while ((rc = merge_next(all, &i, j->e)) == 1) {
		if (marks.n > 0 && !item_same(&i, &who)) {
			if (emit(j, &who, &marks, line) == -1)
				return -1;
			marks.n = 0;
			line = 0;
		}
		who = i;
		join(&marks, &i);
		if (item_line(&i) != 0 && (line == 0 || item_line(&i) < line))
			line = item_line(&i);
		j->domains |= item_domain(&i);
	}
	return rc == -1 || (marks.n > 0 && emit(j, &who, &marks,
	    line) == -1) ? -1 : 0;
}

/* compare - a stream with the lists of before; the first one is told from them,
 * and with the same key it is the one that is loaded */
static int
compare(struct job *j, struct merge *all)
{
	if (old_first(j) == -1 || merge_all(j, all) == -1 ||
	    old_pass(j, NULL, NULL) == -1)
		return -1;
	j->im->after = j->im->before + j->im->added - j->im->removed;
	j->compared = true;
	return 0;
}

/* -- switching ------------------------------------------------------------ */

/* may_replace - the guards against a wrong file */
static int
may_replace(const struct job *j)
{
	const struct import	*im = j->im;
	double			 percent;

	if (!im->replace || im->before == 0)
		return 0;
	percent = 100.0 * (double)im->removed / (double)im->before;
	if (im->removed == 0)
		;
	else if (im->max_shrink >= 0 ? percent > im->max_shrink :
	    im->after == 0)
		return err_code(j->e, EX_DATAERR, "%s: would drop %" PRIu64
		    " of %" PRIu64 " recipients (%.1f%%); nothing was changed; "
		    "allow it with --max-shrink", im->name, im->removed,
		    im->before, percent);
	if (im->protected > 0 && !im->dry_run && (!im->override ||
	    im->note == NULL || im->note[0] == '\0'))
		return err_code(j->e, EX_NOPERM, "%s: would drop %" PRIu64
		    " complaint or legal entries; nothing was changed; that "
		    "needs --override and --note", im->name, im->protected);
	return 0;
}

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

static int
switch_lists(struct job *j, struct run_rec *run)
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

/* -- the job -------------------------------------------------------------- */

/* begin - the scope as it is, and the journal's number */
static int
begin(struct job *j)
{
	struct reader	*r;
	struct head	 h;
	int		 rc;

	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	if ((rc = scope_get(j->env, r->txn, j->scope_id, &j->scope,
	    j->e)) != -1 && env_head(j->env, r->txn, &h, j->e) == -1)
		rc = -1;
	env_read_done(r);
	if (rc == -1)
		return -1;
	if (rc == 1 && strcmp(j->scope.name, j->im->scope) != 0)
		return err_code(j->e, EX_DATAERR, "scope %s: its number "
		    "belongs to scope %s: choose another name", j->im->scope,
		    j->scope.name);
	if (rc == 0)
		memset(&j->scope, 0, sizeof j->scope);
	j->seq = h.seq;
	return 0;
}

/* new_run - the record of the list to be */
static void
new_run(const struct job *j, struct run_rec *run)
{
	const char	*base = strrchr(j->im->name, '/');

	memset(run, 0, sizeof *run);
	run->key = store_keys_id(j->s->keys, 0);
	run->scope = j->scope_id;
	(void)snprintf(run->actor, sizeof run->actor, "%s", j->im->actor);
	base = base != NULL ? base + 1 : j->im->name;
	/* "ann@example.com.txt": the store holds no address */
	(void)snprintf(run->file, sizeof run->file, "%s",
	    strchr(base, '@') != NULL ? "(a name with @)" : base);
}

/* other_key - the scope's lists are under another key than new rows: they
 * cannot be merged, but compared when that key is there, too */
static int
other_key(struct job *j, uint8_t key)
{
	const struct store_keys	*keys = j->s->keys;

	if (!j->im->replace)
		return err_code(j->e, EX_CONFIG, "scope %s: its list is under "
		    "store key %u, new rows would be under %u; import the "
		    "whole list with --replace", j->im->scope, key,
		    store_keys_id(keys, 0));
	for (j->old_key = store_keys_count(keys) - 1; j->old_key > 0;
	    j->old_key--)
		if (store_keys_id(keys, j->old_key) == key)
			return 1;
	return err_code(j->e, EX_CONFIG, "scope %s: its list is under store "
	    "key %u, which the key file lacks, so nobody can tell what would "
	    "be dropped; put that key back, after the others", j->im->scope,
	    key);
}

/* same_key - are the scope's lists, all under one key, under ours? */
static int
same_key(struct job *j)
{
	struct reader	*r;
	struct run_rec	 run;
	int		 i, rc = 1;

	if (j->scope.nactive == 0)
		return 0;
	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	for (i = 0; i < j->scope.nactive && rc == 1; i++) {
		rc = run_get(j->env, r->txn, j->scope.active[i], &run, j->e);
		if (rc != 1)
			continue;
		if (!j->im->replace)
			j->domains |= run.domains;
		if (run.key != store_keys_id(j->s->keys, 0))
			rc = other_key(j, run.key);
	}
	env_read_done(r);
	return rc == -1 ? -1 : 0;
}

/* load - the part inside the guard, after reading */
static int
load(void *arg)
{
	struct job	*j = arg;
	struct run_rec	 run;

	if (open_old(j) == -1)
		return -1;
	if (j->old_key != 0 && (compare(j, j->twin) == -1 ||
	    may_replace(j) == -1))
		return -1;
	new_run(j, &run);
	if (!j->im->dry_run && j->im->progress != NULL &&
	    env_locked(j->env, LOCK_APPEND))
		j->im->progress(j->im->arg, "waiting", 0, 0);
	if (!j->im->dry_run && list_new(j->env, &run, &j->writer, j->e) == -1)
		return -1;
	if ((j->compared ? merge_all(j, j->all) : compare(j, j->all)) == -1 ||
	    may_replace(j) == -1)
		return -1;
	if (j->im->dry_run)
		return 0;
	if (list_finish(j->writer, j->domains, &j->im->list, &run,
	    j->e) == -1)
		return -1;
	return switch_lists(j, &run);
}

/* prepare - inside the guard: debris of others, then the scope */
static int
prepare(void *arg)
{
	struct job	*j = arg;

	if (!j->im->dry_run && lists_sweep(j->env, 0, j->e) == -1)
		return -1;
	return begin(j) == -1 ? -1 : same_key(j);
}

/* clean - inside the guard: our own debris, or lists that went out of use */
static int
clean(void *arg)
{
	struct job	*j = arg;

	return lists_sweep(j->env, 0, j->e);
}

static void
job_free(struct job *j)
{
	unsigned	i;

	list_drop(&j->writer);
	merge_free(&j->all);
	merge_free(&j->twin);
	merge_free(&j->before);
	for (i = 0; i < SCOPE_LISTS; i++) {
		list_close(&j->old[i]);
		list_close(&j->shadow[i]);
	}
	for (i = 0; i < j->workers; i++) {
		sorter_free(&j->sorters[i]);
		sorter_free(&j->twins[i]);
	}
}

int
store_import(struct store *s, int fd, struct import *im, struct err *e)
{
	struct job	j = { .s = s, .env = s->env, .im = im, .e = e,
			    .lock = -1 };
	struct err	ignored;
	int		rc;

	if (!store_scope_ok(im->scope))
		return err_code(e, EX_USAGE, "scope \"%s\": a scope is 1 to 64 "
		    "of a-z 0-9 . _ - or *", im->scope);
	if (store_names_address(im->note))
		return err_code(e, EX_USAGE, "a note must not hold an "
		    "address: the journal keeps it in the clear");
	j.workers = im->workers != 0 && im->workers <= WORKERS_MAX ?
	    im->workers : intake_cores();
	j.scope_id = store_scope_id(im->scope);
	j.in = (struct intake){ .fd = fd, .name = im->name,
	    .workers = j.workers, .stall = im->stall, .work = read_block,
	    .done = block_done, .first = look_at_first, .arg = &j };
	expiry_days(&j);
	if (!im->dry_run && (j.lock = switch_lock(j.env, im->scope, e)) == -1)
		return -1;
	rc = env_guard(j.env, prepare, &j, e);
	if (rc == 0)
		rc = read_all(&j);
	/* no rows add nothing; they may well replace everything */
	if (rc == 0 && (im->replace || im->rows > im->rejected))
		rc = env_guard(j.env, load, &j, e);
	job_free(&j);
	env_unlock(j.lock);
	j.e = &ignored;		/* the lists are as they should be; what is */
	if (!im->dry_run)	/* left over the next writer deletes */
		(void)env_guard(j.env, clean, &j, &ignored);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cleanse.c - see cleanse.h
 *
 * A block of rows is read, its recipients hashed, sorted by digest and looked
 * up in one read transaction, which makes neighbours share their way down the
 * tree; then the rows go out in their own order. Once enough rows have come to
 * pay for it, one worker makes filters of the lists (bloom.h).
 */
#include "store/cleanse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/intake.h"
#include "store/sort.h"

#include "base/banned.h"

#define WORKERS_MAX	16
#define BLOCK		(4u << 20)	/* more recipients share their way */
#define TOO_LONG_SHOWN	80	/* octets of a row that is too long */
#define PAYS_AFTER	8	/* rows asked about, as a part of the lists */

/* One row of a block while it waits for its answer. */
struct line {
	const char		*raw;
	uint32_t		 len;
	uint32_t		 domain;	/* offset in its names */
	uint64_t		 number;
	const char		*why;		/* no address: why */
	uint32_t		 scope;		/* of the hit */
	enum store_reason	 reason;	/* of the hit, 0 none */
};

/* What a worker keeps from block to block. */
struct worker {
	struct line	*lines;
	size_t		 n, cap;
	struct item	*items;		/* of the good ones; info: index */
	size_t		 nitems;
	struct buf	 names;		/* domains, each ended by NUL */
	uint64_t	 by_reason[STORE_REASON_MAX];
	struct cleanse	*c;
};

struct job {
	struct store	*s;
	struct cleanse	*c;
	struct intake	 in;
	struct rows	 rows;
	struct worker	 w[WORKERS_MAX];
	uint64_t	 list_rows;	/* of the lists that may be asked */
	atomic_ullong	 asked, suppressed;
	atomic_flag	 filtering;	/* somebody makes or made filters */
	_Atomic(struct filters *) filters;
};

/* room - for one more line */
static int
room(struct worker *w, struct err *e)
{
	size_t	 cap = w->cap * 2 + 4096;
	void	*p;

	if (w->n < w->cap)
		return 0;
	if ((p = realloc(w->lines, cap * sizeof *w->lines)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	w->lines = p;
	if ((p = realloc(w->items, cap * sizeof *w->items)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	w->items = p;
	w->cap = cap;
	return 0;
}

/* take - a row into the worker's arrays */
static int
take(struct job *j, struct worker *w, const struct row *row, struct err *e)
{
	struct line	*l;
	struct item	*i;
	struct store_id	 id;
	const char	*domain;

	if (room(w, e) == -1)
		return -1;
	l = &w->lines[w->n];
	l->raw = row->raw;
	l->len = (uint32_t)row->raw_len;
	l->number = row->line;
	l->why = row->why != NULL ? row->why : row->domain ?
	    "a domain only" : NULL;
	l->reason = (enum store_reason)0;
	l->domain = (uint32_t)w->names.len;
	if (l->why == NULL) {
		domain = row->addr.text + row->addr.local_len + 1;
		if (buf_add(&w->names, domain, strlen(domain) + 1) == -1)
			return err_code(e, EX_OSERR, "no memory");
		store_keys_address(j->s->keys, 0, &row->addr, &id);
		i = &w->items[w->nitems++];
		i->hi = get64(id.digest);
		i->lo = get64(id.digest + 8);
		i->info = w->n;
	}
	w->n++;
	return 0;
}

static const char *
domain_of(void *arg, size_t i)
{
	const struct worker	*w = arg;

	return w->names.data + w->lines[w->items[i].info].domain;
}

/* note - the hits of one recipient */
static void
note(void *arg, size_t i, const struct store_entry *hits, int n)
{
	struct worker			*w = arg;
	struct line			*l = &w->lines[w->items[i].info];
	const struct store_entry	*hit;

	if ((hit = w->c->stops(w->c->stops_arg, hits, n)) != NULL) {
		l->reason = hit->reason;
		l->scope = hit->scope;
	}
}

/* ask_each - the slow way, for a key file with several keys: l->raw is parsed
 * once more */
static int
ask_each(struct job *j, struct worker *w, struct block *b, struct err *e)
{
	struct store_entry	hits[STORE_HITS_MAX];
	struct rows_at		at = { b->data, b->data + b->len, b->line };
	struct row		row;
	size_t			k = 0, i;
	int			n;

	for (i = 0; rows_next(&j->rows, j->c->rules, &at, &row); i++) {
		if (w->lines[i].why != NULL)
			continue;
		n = store_find(j->s, &row.addr, j->c->scopes, j->c->nscopes,
		    hits, STORE_HITS_MAX, e);
		if (n == -1)
			return -1;
		if (n > 0)
			note(w, k, hits, n);
		k++;
	}
	return 0;
}

/* may_filter - is it time for filters? One worker makes them. They say who
 * is not there, and do not pay when most are. */
static int
may_filter(struct job *j, struct err *e)
{
	struct filters	*f;
	uint64_t	 rows, asked = atomic_load(&j->asked);

	if (asked < j->list_rows / PAYS_AFTER ||
	    atomic_load(&j->suppressed) > asked / 2 ||
	    atomic_flag_test_and_set(&j->filtering))
		return 0;
	if (find_filters(j->s, j->c->scopes, j->c->nscopes, &f, &rows,
	    e) == -1)
		return -1;
	atomic_store(&j->filters, f);
	return 0;
}

/* ask - the store about all recipients of the block */
static int
ask(struct job *j, struct worker *w, struct block *b, struct err *e)
{
	if (store_keys_count(j->s->keys) != 1)
		return ask_each(j, w, b, e);
	if (may_filter(j, e) == -1)
		return -1;
	items_sort(w->items, w->nitems);
	atomic_fetch_add(&j->asked, w->nitems);
	return find_sorted(j->s, w->items, w->nitems, j->c->scopes,
	    j->c->nscopes, atomic_load(&j->filters), domain_of, note, w, e);
}

/* put_removed - "line reason scope row" */
static void
put_removed(struct block *b, const struct line *l)
{
	if (l->why != NULL)
		(void)buf_addf(&b->aside, "%" PRIu64 "\tbad-address: %s\t-\t",
		    l->number, l->why);
	else
		(void)buf_addf(&b->aside, "%" PRIu64 "\t%s\t%08" PRIx32 "\t",
		    l->number, store_reason_name(l->reason), l->scope);
	(void)buf_add(&b->aside, l->raw, l->len);
	(void)buf_addc(&b->aside, '\n');
}

/* put_all - rows that stay, as they stand; runs of them go at once */
static int
put_all(struct job *j, struct worker *w, struct block *b, struct err *e)
{
	const char	*from = b->data, *end = b->data + b->len;
	struct line	*l;
	size_t		 i;

	for (i = 0; i < w->n; i++) {
		l = &w->lines[i];
		if (l->why == NULL && l->reason == 0)
			continue;
		(void)buf_add(&b->out, from, (size_t)(l->raw - from));
		from = l->raw + l->len;
		if (from < end)
			from++;			/* its newline */
		b->bad += l->why != NULL;
		b->hits += l->reason != 0;
		w->by_reason[l->reason]++;
		if (j->c->removed != NULL)
			put_removed(b, l);
	}
	atomic_fetch_add(&j->suppressed, b->hits);
	(void)buf_add(&b->out, from, (size_t)(end - from));
	if (b->out.failed || b->aside.failed)
		return err_code(e, EX_OSERR, "no memory");
	return 0;
}

/* put_too_long - a row that no block holds: its beginning is all there is */
static int
put_too_long(const struct job *j, struct block *b, struct err *e)
{
	struct line	l = { .raw = b->data, .len = b->len < TOO_LONG_SHOWN ?
			    (uint32_t)b->len : TOO_LONG_SHOWN,
			    .number = b->line, .why = "the row is too long" };

	b->rows = b->bad = 1;
	if (j->c->removed != NULL)
		put_removed(b, &l);
	return b->aside.failed ? err_code(e, EX_OSERR, "no memory") : 0;
}

/* read_block - on a worker's thread */
static int
read_block(void *arg, unsigned worker, struct block *b, struct err *e)
{
	struct job	*j = arg;
	struct worker	*w = &j->w[worker];
	struct rows_at	 at = { b->data, b->data + b->len, b->line };
	struct row	 row;

	if (b->too_long)
		return put_too_long(j, b, e);
	w->n = w->nitems = 0;
	buf_reset(&w->names);
	while (rows_next(&j->rows, j->c->rules, &at, &row))
		if (take(j, w, &row, e) == -1)
			return -1;
	b->rows = w->n;
	return ask(j, w, b, e) == -1 ? -1 : put_all(j, w, b, e);
}

/* write_out - to one of the outputs */
static int
write_out(FILE *f, const void *p, size_t n, struct err *e)
{
	if (f == NULL || n == 0 || fwrite(p, 1, n, f) == n)
		return 0;
	return err_code(e, EX_CANTCREAT, "cannot write: %s", strerror(errno));
}

/* block_done - in the order of the file */
static int
block_done(void *arg, struct block *b, struct err *e)
{
	struct job	*j = arg;
	struct cleanse	*c = j->c;

	c->rows += b->rows;
	c->bad += b->bad;
	c->dropped += b->hits;
	if (write_out(c->out, b->out.data, b->out.len, e) == -1 ||
	    write_out(c->removed, b->aside.data, b->aside.len, e) == -1)
		return -1;
	if (c->progress != NULL)
		c->progress(c->arg, j->in.octets);
	return 0;
}

/* look_at_first - the header goes out as it stands */
static long
look_at_first(void *arg, const char *p, size_t n, struct err *e)
{
	struct job	*j = arg;
	long		 skip;

	j->rows.format = j->c->format;
	j->rows.dflt = STORE_IMPORT;
	skip = rows_plan(&j->rows, j->c->name, j->c->column, p, n, e);
	j->in.quotes = j->rows.format == ROWS_CSV;
	if (skip > 0 && write_out(j->c->out, p, (size_t)skip, e) == -1)
		return -1;
	return skip;
}

/* finish - the sums, and outputs that are really written */
static int
finish(struct job *j, struct err *e)
{
	struct cleanse	*c = j->c;
	int		 i, r;

	for (i = 0; i < WORKERS_MAX; i++)
		for (r = 1; r < STORE_REASON_MAX; r++)
			c->by_reason[r] += j->w[i].by_reason[r];
	c->kept = c->rows - c->dropped - c->bad;
	if (fflush(c->out) != 0 || (c->removed != NULL &&
	    fflush(c->removed) != 0))
		return err_code(e, EX_CANTCREAT, "cannot write: %s",
		    strerror(errno));
	if (c->rows > 0 && c->bad == c->rows)
		return err_code(e, EX_DATAERR, "%s: none of its %" PRIu64
		    " rows holds an address; is this the right column and "
		    "format?", c->name, c->rows);
	return 0;
}

int
store_cleanse(struct store *s, int fd, struct cleanse *c, struct err *e)
{
	struct job	j = { .s = s, .c = c,
			    .filtering = ATOMIC_FLAG_INIT };
	struct filters	*filters;
	int		i, rc;

	j.in = (struct intake){ .fd = fd, .name = c->name, .block = BLOCK,
	    .workers = c->workers, .stall = c->stall, .work = read_block,
	    .done = block_done, .first = look_at_first, .arg = &j };
	for (i = 0; i < WORKERS_MAX; i++) {
		buf_init(&j.w[i].names, 2 * BLOCK);
		j.w[i].c = c;
	}
	if ((rc = find_filters(s, c->scopes, c->nscopes, NULL, &j.list_rows,
	    e)) == 0 && (rc = intake_run(&j.in, e)) == 0)
		rc = finish(&j, e);
	filters = atomic_load(&j.filters);
	find_filters_free(&filters);
	for (i = 0; i < WORKERS_MAX; i++) {
		buf_free(&j.w[i].names);
		free(j.w[i].lines);
		free(j.w[i].items);
	}
	return rc;
}

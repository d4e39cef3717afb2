/* SPDX-License-Identifier: BSD-2-Clause */
/* import_read.c - the file as sorted runs of digests; see import.h */
#include "store/import_int.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/find.h"

#include "base/banned.h"

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

int
import_read(struct job *j, int fd)
{
	struct import	*im = j->im;
	size_t		 room = im->memory != 0 ? im->memory : IMPORT_MEMORY;
	unsigned	 i;

	j->in = (struct intake){ .fd = fd, .name = im->name,
	    .workers = j->workers, .stall = im->stall, .work = read_block,
	    .done = block_done, .first = look_at_first, .arg = j };
	expiry_days(j);
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

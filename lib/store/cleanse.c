/* SPDX-License-Identifier: BSD-2-Clause */
/* cleanse.c - see cleanse.h */
#include "store/cleanse.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <sysexits.h>

#include "store/intake.h"

#include "base/banned.h"

struct job {
	struct store	*s;
	struct cleanse	*c;
	struct intake	 in;
	struct rows	 rows;
	pthread_mutex_t	 lock;		/* by_reason */
	struct err	*e;
};

/* put_removed - "line reason scope row" */
static void
put_removed(struct block *b, const struct row *row, const char *reason,
    const char *scope)
{
	(void)buf_addf(&b->aside, "%" PRIu64 "\t%s\t%s\t", row->line, reason,
	    scope);
	(void)buf_add(&b->aside, row->raw, row->raw_len);
	(void)buf_addc(&b->aside, '\n');
}

/* look - one row; 1 it stays, 0 it goes, -1 */
static int
look(struct job *j, struct block *b, const struct row *row,
    uint64_t by_reason[STORE_REASON_MAX], struct err *e)
{
	struct store_entry		 hits[STORE_HITS_MAX];
	const struct store_entry	*hit;
	char				 why[80], scope[16];
	int				 n;

	if (row->why != NULL || row->domain) {
		b->bad++;
		(void)snprintf(why, sizeof why, "bad-address: %s",
		    row->why != NULL ? row->why : "a domain only");
		put_removed(b, row, why, "-");
		return 0;
	}
	n = store_find(j->s, &row->addr, j->c->scopes, j->c->nscopes, hits,
	    STORE_HITS_MAX, e);
	if (n == -1)
		return -1;
	if (n == 0 || (hit = j->c->stops(j->c->stops_arg, hits,
	    n)) == NULL)
		return 1;
	b->hits++;
	by_reason[hit->reason]++;
	(void)snprintf(scope, sizeof scope, "%08lx",
	    (unsigned long)hit->scope);
	put_removed(b, row, store_reason_name(hit->reason), scope);
	return 0;
}

/* read_block - on a worker's thread */
static int
read_block(void *arg, unsigned worker, struct block *b, struct err *e)
{
	struct job	*j = arg;
	struct rows_at	 at = { b->data, b->data + b->len, b->line };
	const char	*from = b->data;	/* not yet copied */
	uint64_t	 by_reason[STORE_REASON_MAX] = { 0 };
	struct row	 row;
	int		 i, rc;

	(void)worker;
	if (b->too_long)
		return err_code(e, EX_DATAERR, "%s:%" PRIu64 ": the row is too "
		    "long", j->c->name, b->line);
	while (rows_next(&j->rows, j->c->rules, &at, &row)) {
		b->rows++;
		if ((rc = look(j, b, &row, by_reason, e)) == -1)
			return -1;
		if (rc == 1)
			continue;	/* runs of rows that stay go at once */
		(void)buf_add(&b->out, from, (size_t)(row.raw - from));
		from = at.p;
	}
	(void)buf_add(&b->out, from, (size_t)(at.end - from));
	if (b->out.failed || b->aside.failed)
		return err_code(e, EX_OSERR, "no memory");
	(void)pthread_mutex_lock(&j->lock);
	for (i = 1; i < STORE_REASON_MAX; i++)
		j->c->by_reason[i] += by_reason[i];
	(void)pthread_mutex_unlock(&j->lock);
	return 0;
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

int
store_cleanse(struct store *s, int fd, struct cleanse *c, struct err *e)
{
	struct job	j = { .s = s, .c = c, .e = e };
	int		rc;

	j.in = (struct intake){ .fd = fd, .name = c->name,
	    .workers = c->workers, .stall = c->stall, .work = read_block,
	    .done = block_done, .first = look_at_first, .arg = &j };
	(void)pthread_mutex_init(&j.lock, NULL);
	rc = intake_run(&j.in, e);
	(void)pthread_mutex_destroy(&j.lock);
	if (rc == -1)
		return -1;
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

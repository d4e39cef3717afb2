/* SPDX-License-Identifier: BSD-2-Clause */
/* intake.c - see intake.h */
#include "store/intake.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/banned.h"

#define CORES_MAX	16
#define SPARE		3	/* blocks beyond those being worked on */

enum state { FREE, FILLED, TAKEN, DONE };

struct slot {
	struct block	 b;
	enum state	 state;
};

struct run {
	struct intake	*in;
	struct slot	*slots;
	unsigned	 n;
	pthread_mutex_t	 lock;
	pthread_cond_t	 filled, done;
	uint64_t	 next_fill, next_take, next_done;	/* of slots */
	bool		 over;		/* no further block comes */
	bool		 failed;
	struct err	*e;		/* of the first failure; under lock */
	/* the caller's thread's alone */
	struct err	 mine;		/* its failure */
	char		*rest;		/* octets after the last whole row */
	size_t		 rest_len;
	uint64_t	 line;
	bool		 eof, begun, skipping;
};

struct worker {
	struct run	*r;
	unsigned	 number;
};

unsigned
intake_cores(void)
{
	long	n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > CORES_MAX ? CORES_MAX : (unsigned)n;
}

/* count - how often c stands in p, eight octets at a time */
static uint64_t
count(const char *p, size_t n, char c)
{
	const uint64_t	ones = 0x0101010101010101u, high = ones << 7;
	uint64_t	pattern = ones * (unsigned char)c, w, hits = 0;
	size_t		i;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&w, p + i, 8);
		w ^= pattern;
		w = ~(((w & ~high) + ~high) | w) & high;	/* 80 where 0 */
		hits += (uint64_t)__builtin_popcountll(w);
	}
	for (; i < n; i++)
		hits += p[i] == c;
	return hits;
}

/* row_end - octets of p that are whole rows; 0 = none */
static size_t
row_end(const char *p, size_t n, bool quotes)
{
	uint64_t	before;
	const char	*nl;

	if (!quotes || (before = count(p, n, '"')) == 0) {
		nl = memrchr(p, '\n', n);
		return nl == NULL ? 0 : (size_t)(nl - p) + 1;
	}
	while (n > 0) {			/* a newline after whole pairs */
		n--;
		if (p[n] == '"')
			before--;
		else if (p[n] == '\n' && before % 2 == 0)
			return n + 1;
	}
	return 0;
}

/* read_some - read(2) with a limit on the wait; 0 at the end */
static ssize_t
read_some(struct run *r, char *p, size_t n)
{
	struct pollfd	pfd = { .fd = r->in->fd, .events = POLLIN };
	ssize_t		got;
	int		wait, rc;

	wait = r->in->stall <= 0 ? -1 : r->in->stall > INT_MAX / 1000 ?
	    INT_MAX : r->in->stall * 1000;

	/* always wait here: a FIFO that nobody writes to yet reads as empty */
	for (;;) {
		rc = poll(&pfd, 1, wait);
		if (rc == 0)
			return err_code(&r->mine, EX_TEMPFAIL, "%s: no data "
			    "for %d seconds; gave up", r->in->name,
			    r->in->stall);
		if (rc == -1 && errno == EINTR)
			continue;
		if ((got = read(r->in->fd, p, n)) >= 0)
			return got;
		if (errno != EINTR && errno != EAGAIN)
			return err_code(&r->mine, EX_IOERR, "%s: %s",
			    r->in->name, strerror(errno));
	}
}

/* skip_line - drop the rest of a row that is too long; 1, 0 at the end, -1 */
static int
skip_line(struct run *r)
{
	ssize_t		 got;
	char		*nl;

	for (;;) {
		if ((got = read_some(r, r->rest, r->in->block)) <= 0) {
			r->eof = got == 0;
			r->rest_len = 0;
			return (int)got;
		}
		r->in->octets += (uint64_t)got;
		if ((nl = memchr(r->rest, '\n', (size_t)got)) == NULL)
			continue;
		r->rest_len = (size_t)(r->rest + got - (nl + 1));
		memmove(r->rest, nl + 1, r->rest_len);
		r->line++;
		return 1;
	}
}

/* fill_raw - octets until the block is full or the file ends */
static int
fill_raw(struct run *r, struct block *b)
{
	ssize_t	got;

	memcpy(b->data, r->rest, r->rest_len);
	b->len = r->rest_len;
	r->rest_len = 0;
	while (b->len < r->in->block && !r->eof) {
		got = read_some(r, b->data + b->len, r->in->block - b->len);
		if (got == -1)
			return -1;
		r->eof = got == 0;
		b->len += (size_t)got;
		r->in->octets += (uint64_t)got;
	}
	return 0;
}

/* cut - keep whole rows in the block, the rest for the next one */
static void
cut(struct run *r, struct block *b)
{
	size_t	end;

	if (r->eof)
		end = b->len;
	else if ((end = row_end(b->data, b->len, r->in->quotes)) == 0 &&
	    (end = row_end(b->data, b->len, false)) == 0) {
		b->too_long = true;
		r->skipping = true;
		return;
	}
	/* a last row without a newline is a row */
	r->rest_len = b->len - end;
	memcpy(r->rest, b->data + end, r->rest_len);
	b->len = end;
}

/* fill - the next block; 1, 0 at the end, -1 */
static int
fill(struct run *r, struct block *b)
{
	long	skip = 0;

	b->rows = b->good = b->bad = b->hits = 0;
	b->too_long = false;
	buf_reset(&b->out);
	buf_reset(&b->aside);
	if (r->skipping) {
		r->skipping = false;
		if (skip_line(r) == -1)
			return -1;
	}
	if (fill_raw(r, b) == -1)
		return -1;
	if (!r->begun) {
		r->begun = true;
		if (r->in->first != NULL)
			skip = r->in->first(r->in->arg, b->data, b->len,
			    &r->mine);
		if (skip == -1)
			return -1;
		r->line += count(b->data, (size_t)skip, '\n');
		b->len -= (size_t)skip;
		memmove(b->data, b->data + skip, b->len);
	}
	b->line = r->line;
	if (b->len == 0)
		return 0;
	cut(r, b);
	if (!b->too_long)
		r->line += count(b->data, b->len, '\n');
	return 1;
}

static void *
work(void *arg)
{
	struct worker	*w = arg;
	struct run	*r = w->r;
	struct slot	*s;
	struct err	 e;
	int		 rc;

	(void)pthread_mutex_lock(&r->lock);
	for (;;) {
		while (r->next_take == r->next_fill && !r->over && !r->failed)
			(void)pthread_cond_wait(&r->filled, &r->lock);
		if (r->next_take == r->next_fill || r->failed)
			break;
		s = &r->slots[r->next_take++ % r->n];
		s->state = TAKEN;
		(void)pthread_mutex_unlock(&r->lock);
		memset(&e, 0, sizeof e);
		rc = r->in->work(r->in->arg, w->number, &s->b, &e);
		(void)pthread_mutex_lock(&r->lock);
		if (rc == -1 && !r->failed) {
			r->failed = true;
			if (r->e != NULL)
				*r->e = e;
		}
		s->state = DONE;
		(void)pthread_cond_signal(&r->done);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* collect - hand back finished blocks in order; wait for the oldest if
 * `wait`. -1 when something failed. */
static int
collect(struct run *r, bool wait)
{
	struct slot	*s;
	int		 rc = 0;

	(void)pthread_mutex_lock(&r->lock);
	while (rc == 0 && r->next_done < r->next_fill && !r->failed) {
		s = &r->slots[r->next_done % r->n];
		if (s->state != DONE) {
			if (!wait)
				break;
			(void)pthread_cond_wait(&r->done, &r->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&r->lock);
		rc = r->in->done(r->in->arg, &s->b, &r->mine);
		(void)pthread_mutex_lock(&r->lock);
		s->state = FREE;
		r->next_done++;
		wait = false;
	}
	if (r->failed)
		rc = -1;
	(void)pthread_mutex_unlock(&r->lock);
	return rc;
}

/* pump - the caller's part */
static int
pump(struct run *r)
{
	struct slot	*s;
	int		 rc;

	for (;;) {
		/* all slots out: the oldest must come back first */
		if (collect(r, r->next_fill - r->next_done == r->n) == -1)
			return -1;
		s = &r->slots[r->next_fill % r->n];
		if ((rc = fill(r, &s->b)) <= 0)
			break;
		(void)pthread_mutex_lock(&r->lock);
		s->state = FILLED;
		r->next_fill++;
		(void)pthread_cond_signal(&r->filled);
		(void)pthread_mutex_unlock(&r->lock);
	}
	while (rc == 0 && r->next_done < r->next_fill)
		rc = collect(r, true);
	return rc;
}

/* stop - no more work; wait for the threads */
static void
stop(struct run *r, pthread_t *t, unsigned n, bool failed)
{
	(void)pthread_mutex_lock(&r->lock);
	r->over = true;
	if (failed && !r->failed) {
		r->failed = true;
		if (r->e != NULL)
			*r->e = r->mine;
	}
	(void)pthread_cond_broadcast(&r->filled);
	(void)pthread_mutex_unlock(&r->lock);
	while (n > 0)
		(void)pthread_join(t[--n], NULL);
}

/* start - threads and pump */
static int
start(struct run *r)
{
	struct worker	w[CORES_MAX];
	pthread_t	t[CORES_MAX];
	unsigned	n;
	int		rc = 0;

	for (n = 0; n < r->in->workers; n++) {
		w[n].r = r;
		w[n].number = n;
		if (pthread_create(&t[n], NULL, work, &w[n]) != 0)
			break;
	}
	if (n == 0)
		rc = err_code(&r->mine, EX_OSERR, "%s: no thread", r->in->name);
	else
		rc = pump(r);
	stop(r, t, n, rc == -1);
	return rc;
}

int
intake_run(struct intake *in, struct err *e)
{
	struct run	r = { .in = in, .line = 1, .e = e };
	unsigned	i;
	int		rc = -1;

	if (in->workers < 1 || in->workers > CORES_MAX)
		in->workers = intake_cores();
	if (in->block == 0)
		in->block = INTAKE_BLOCK;
	r.n = in->workers + SPARE;
	in->octets = 0;
	(void)pthread_mutex_init(&r.lock, NULL);
	(void)pthread_cond_init(&r.filled, NULL);
	(void)pthread_cond_init(&r.done, NULL);
	r.rest = malloc(in->block);
	r.slots = calloc(r.n, sizeof *r.slots);
	for (i = 0; r.slots != NULL && i < r.n; i++) {
		buf_init(&r.slots[i].b.out, in->block * INTAKE_OUT_MAX);
		buf_init(&r.slots[i].b.aside, in->block * INTAKE_OUT_MAX);
		if ((r.slots[i].b.data = malloc(in->block)) == NULL)
			break;
	}
	if (r.rest == NULL || i < r.n)
		err_code(e, EX_OSERR, "%s: no memory", in->name);
	else
		rc = start(&r);
	for (i = 0; r.slots != NULL && i < r.n; i++) {
		buf_free(&r.slots[i].b.out);
		buf_free(&r.slots[i].b.aside);
		free(r.slots[i].b.data);
	}
	free(r.slots);
	free(r.rest);
	(void)pthread_mutex_destroy(&r.lock);
	(void)pthread_cond_destroy(&r.filled);
	(void)pthread_cond_destroy(&r.done);
	return rc;
}

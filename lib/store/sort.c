/* SPDX-License-Identifier: BSD-2-Clause */
/* sort.c - see sort.h */
#include "store/sort.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/banned.h"

#define SMALL		48	/* items: insertion is faster than a pass */
#define READ_ITEMS	16384	/* of a run at one time while merging */
#define RUNS_MAX	1024
#define GIVE_BACK	65536	/* items merged between returns of memory;
				   a multiple of a page's worth */

struct sorter {
	char		 dir[PATH_MAX];
	struct item	*v;
	size_t		 n, cap;
	int		 fd;		/* spilled runs, one after another */
	size_t		 runs[RUNS_MAX];	/* items of each */
	size_t		 nruns;
	bool		 all;		/* keep repeats */
};

/* insertion - sort a few */
static void
insertion(struct item *v, size_t n)
{
	struct item	x;
	size_t		i, k;

	for (i = 1; i < n; i++) {
		x = v[i];
		for (k = i; k > 0 && item_less(&x, &v[k - 1]); k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}

/* octet - the one at this depth of the digest */
static inline unsigned
octet(const struct item *i, unsigned depth)
{
	return (unsigned)((depth < 8 ? i->hi >> (56 - 8 * depth) :
	    i->lo >> (120 - 8 * depth)) & 0xff);
}

static int
by_item(const void *a, const void *b)
{
	return item_less(a, b) ? -1 : item_less(b, a);
}

/*
 * radix - in place, most significant octet first
 *
 * Digests are random, so three passes leave nothing but small heaps. Equal
 * ones (a list that says an address a million times) end at depth 16.
 */
static void
radix(struct item *v, size_t n, unsigned depth)
{
	size_t		count[256] = { 0 }, at[256], end[256], i, sum = 0;
	struct item	x, y;
	unsigned	b;

	if (n <= SMALL) {
		insertion(v, n);
		return;
	}
	if (depth == STORE_DIGEST) {
		qsort(v, n, sizeof *v, by_item);
		return;
	}
	for (i = 0; i < n; i++)
		count[octet(&v[i], depth)]++;
	for (b = 0; b < 256; b++) {
		at[b] = sum;
		end[b] = sum += count[b];
	}
	for (b = 0; b < 256; b++)
		while (at[b] < end[b]) {
			x = v[at[b]];
			while (octet(&x, depth) != b) {
				size_t	to = at[octet(&x, depth)]++;

				y = v[to];
				v[to] = x;
				x = y;
			}
			v[at[b]++] = x;
		}
	for (b = 0; b < 256; b++)
		if (count[b] > 1)
			radix(v + end[b] - count[b], count[b], depth + 1);
}

void
items_sort(struct item *v, size_t n)
{
	radix(v, n, 0);
}

int
sorter_new(const char *dir, size_t room, struct sorter **out, struct err *e)
{
	struct sorter	*s;

	*out = NULL;
	if ((s = calloc(1, sizeof *s)) == NULL)
		return err_code(e, EX_OSERR, "no memory to sort");
	s->fd = -1;
	s->cap = room / sizeof *s->v;
	(void)snprintf(s->dir, sizeof s->dir, "%s", dir);
	s->v = mmap(NULL, s->cap * sizeof *s->v, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->v == MAP_FAILED) {
		free(s);
		return err_code(e, EX_OSERR, "no memory to sort");
	}
	*out = s;
	return 0;
}

void
sorter_keep_all(struct sorter *s)
{
	s->all = true;
}

void
sorter_free(struct sorter **sp)
{
	struct sorter	*s = *sp;

	if (s == NULL)
		return;
	if (s->fd != -1)
		(void)close(s->fd);
	(void)munmap(s->v, s->cap * sizeof *s->v);
	free(s);
	*sp = NULL;
}

/* open_spill - a file that goes when we go */
static int
open_spill(struct sorter *s)
{
	char	path[PATH_MAX];
	int	fd;

	fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd != -1 || (errno != EOPNOTSUPP && errno != EISDIR &&
	    errno != EINVAL))
		return fd;
	if ((size_t)snprintf(path, sizeof path, "%s/sort.XXXXXX", s->dir) >=
	    sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((fd = mkostemp(path, O_CLOEXEC)) != -1)
		(void)unlink(path);
	return fd;
}

/* unique - drop repeats of the sorted run: the first line of each stays */
static size_t
unique(const struct sorter *s)
{
	struct item	*v = s->v;
	size_t		 i, k = 0;

	if (s->all)
		return s->n;
	for (i = 0; i < s->n; i++) {
		/* same digest, reason and dates; only the line differs */
		if (k > 0 && item_same(&v[i], &v[k - 1]) &&
		    ((v[i].info ^ v[k - 1].info) &
		    ~((uint64_t)ITEM_LINE_MAX << 32)) == 0)
			continue;
		v[k++] = v[i];
	}
	return k;
}

/* spill - memory to disk as one more sorted run */
static int
spill(struct sorter *s, struct err *e)
{
	const char	*p = (const char *)s->v;
	size_t		 left;
	ssize_t		 done;

	if (s->fd == -1 && (s->fd = open_spill(s)) == -1)
		return err_code(e, EX_CANTCREAT, "%s: cannot sort here: %s",
		    s->dir, strerror(errno));
	if (s->nruns == RUNS_MAX)
		return err_code(e, EX_DATAERR, "the list is too long to sort");
	radix(s->v, s->n, 0);
	s->n = unique(s);
	for (left = s->n * sizeof *s->v; left > 0; left -= (size_t)done) {
		done = write(s->fd, p, left);
		if (done == -1 && errno == EINTR)
			done = 0;
		if (done == -1)
			return err_code(e, EX_CANTCREAT, "%s: cannot sort "
			    "here: %s", s->dir, strerror(errno));
		p += done;
	}
	s->runs[s->nruns++] = s->n;
	s->n = 0;
	return 0;
}

int
sorter_add(struct sorter *s, const struct item *i, struct err *e)
{
	if (s->n == s->cap && spill(s, e) == -1)
		return -1;
	s->v[s->n++] = *i;
	return 0;
}

/* give_back - memory of items from..to that nobody needs any more */
static void
give_back(struct item *v, size_t from, size_t to)
{
	size_t	page = (size_t)sysconf(_SC_PAGESIZE);
	size_t	a = (from * sizeof *v + page - 1) / page * page;
	size_t	b = to * sizeof *v / page * page;

	if (a < b)
		(void)madvise((char *)v + a, b - a, MADV_DONTNEED);
}

void
sorter_finish(struct sorter *s)
{
	radix(s->v, s->n, 0);
	s->n = unique(s);
	give_back(s->v, s->n, s->cap);
}

/* -- merging -------------------------------------------------------------- */

/* feed - one sorted run: in memory, on disk, or another's */
struct feed {
	struct item	 head;
	struct item	*v;		/* the window */
	size_t		 at, n;		/* in it */
	int		 fd;		/* -1: all is in the window */
	off_t		 off;
	size_t		 left;		/* items not yet in the window */
	bool		 own;		/* the window is ours to free */
	struct source	 src;		/* next NULL: none */
};

struct merge {
	struct feed	*f;
	size_t		 n;
	struct feed	**heap;		/* [0] has the least head */
	size_t		 live;
};

/* refill - the next items of a run on disk into its window */
static int
refill(struct feed *f, struct err *e)
{
	size_t	want = f->left < READ_ITEMS ? f->left : READ_ITEMS, got = 0;
	ssize_t	r;

	while (got < want * sizeof *f->v) {
		r = pread(f->fd, (char *)f->v + got, want * sizeof *f->v - got,
		    f->off);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_code(e, EX_IOERR, "reading back a sorted "
			    "run: %s", r == 0 ? "too short" :
			    strerror(errno));
		got += (size_t)r;
		f->off += r;
	}
	f->at = 0;
	f->n = want;
	f->left -= want;
	return 0;
}

/* feed_next - 1 and a new head, 0 at its end, -1 */
static int
feed_next(struct feed *f, struct err *e)
{
	if (f->src.next != NULL)
		return f->src.next(f->src.arg, &f->head, e);
	if (f->at == f->n) {
		if (f->left == 0)
			return 0;
		if (refill(f, e) == -1)
			return -1;
	}
	f->head = f->v[f->at++];
	if (f->fd == -1 && f->at % GIVE_BACK == 0)
		give_back(f->v, f->at - GIVE_BACK, f->at);
	return 1;
}

/* sink - the heap's top goes down to its place */
static void
sink(struct merge *m)
{
	struct feed	*x = m->heap[0];
	size_t		 i = 0, k;

	while ((k = 2 * i + 1) < m->live) {
		if (k + 1 < m->live && item_less(&m->heap[k + 1]->head,
		    &m->heap[k]->head))
			k++;
		if (!item_less(&m->heap[k]->head, &x->head))
			break;
		m->heap[i] = m->heap[k];
		i = k;
	}
	m->heap[i] = x;
}

/* rise - a feed joins the heap */
static void
rise(struct merge *m, struct feed *f)
{
	size_t	i = m->live++, up;

	for (; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!item_less(&f->head, &m->heap[up]->head))
			break;
		m->heap[i] = m->heap[up];
	}
	m->heap[i] = f;
}

/* add_runs - the runs of one sorter as feeds; 0 or -1 without memory */
static int
add_runs(struct merge *m, const struct sorter *s)
{
	struct feed	*f;
	off_t		 off = 0;
	size_t		 i;

	if (s->n > 0) {
		f = &m->f[m->n++];
		f->fd = -1;
		f->v = s->v;
		f->n = s->n;
	}
	for (i = 0; i < s->nruns; i++) {
		f = &m->f[m->n++];
		f->fd = s->fd;
		f->off = off;
		f->left = s->runs[i];
		off += (off_t)(s->runs[i] * sizeof *f->v);
		if ((f->v = malloc(READ_ITEMS * sizeof *f->v)) == NULL)
			return -1;
		f->own = true;
	}
	return 0;
}

/* merge_start - every feed's first item */
static int
merge_start(struct merge *m, struct err *e)
{
	size_t	i;
	int	rc;

	for (i = 0; i < m->n; i++) {
		if ((rc = feed_next(&m->f[i], e)) == -1)
			return -1;
		if (rc == 1)
			rise(m, &m->f[i]);
	}
	return 0;
}

int
merge_new(struct sorter **s, size_t n, const struct source *more,
    size_t nmore, struct merge **out, struct err *e)
{
	struct merge	*m;
	size_t		 i, feeds = nmore;
	int		 rc = 0;

	*out = NULL;
	for (i = 0; i < n; i++)
		feeds += s[i]->nruns + 1;
	if ((m = calloc(1, sizeof *m)) == NULL)
		return err_code(e, EX_OSERR, "no memory to sort");
	m->f = calloc(feeds + 1, sizeof *m->f);
	m->heap = calloc(feeds + 1, sizeof *m->heap);
	if (m->f == NULL || m->heap == NULL)
		rc = -1;
	for (i = 0; i < n && rc == 0; i++)
		rc = add_runs(m, s[i]);
	if (rc == -1)
		err_code(e, EX_OSERR, "no memory to sort");
	for (i = 0; i < nmore && rc == 0; i++)
		m->f[m->n++].src = more[i];
	if (rc == 0)
		rc = merge_start(m, e);
	if (rc == -1) {
		merge_free(&m);
		return -1;
	}
	*out = m;
	return 0;
}

void
merge_free(struct merge **mp)
{
	struct merge	*m = *mp;
	size_t		 i;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++)
		if (m->f[i].own)
			free(m->f[i].v);
	free(m->f);
	free(m->heap);
	free(m);
	*mp = NULL;
}

int
merge_next(struct merge *m, struct item *out, struct err *e)
{
	int	rc;

	if (m->live == 0)
		return 0;
	*out = m->heap[0]->head;
	if ((rc = feed_next(m->heap[0], e)) == -1)
		return -1;
	if (rc == 0)
		m->heap[0] = m->heap[--m->live];
	if (m->live > 0)
		sink(m);
	return 1;
}

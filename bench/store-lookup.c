/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store-lookup.c - what a lookup costs beside LMDB's own
 *
 * usage: store-lookup [ENTRIES [LOOKUPS [DIR]]]
 *
 * Fills a store in DIR with ENTRIES rows (10^7), then looks up LOOKUPS of
 * them in random order (2 * 10^6): "bare" is mdb_get of keys hashed
 * beforehand, in one transaction held all the time; "renew" the same with a
 * transaction renewed for each; "ours" starts from the address as typed.
 * Rounds alternate; the figures are the best of each. Half of the lookups are
 * of addresses that are not there. Both sides again beside a writer that
 * commits all the while, and ours beside an import of a tenth as many rows into
 * another scope, with the longest that a single change then waits.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/find.h"
#include "store/import.h"
#include "store/scope.h"

#include "base/banned.h"

#define ROUNDS	3
#define NAME	64

static struct store		*store;
static struct store_keys	*keys;
static char			(*names)[NAME];
static uint8_t			(*lkeys)[LKEY_SIZE];
static size_t			 lookups;
static bool			 by_cpu;	/* BENCH_CPU=1: count the time
						   that threads ran, for a busy
						   machine */
static atomic_bool		 stop_writer;
static atomic_ulong		 written;
static atomic_long		 longest;	/* wait of a change, us */

enum how { BARE, RENEW, OURS };

struct part {
	enum how	how;
	size_t		from, to;
	size_t		found;
	double		cpu;		/* seconds that the thread ran */
};

/* name - the i-th address; a mixing step so that neighbours differ */
static void
name(uint64_t i, char out[NAME])
{
	uint64_t	x = i * 0x9e3779b97f4a7c15u;

	x ^= x >> 29;
	(void)snprintf(out, NAME, "User.%llx@Domain%llu.Example",
	    (unsigned long long)(x * 0xbf58476d1ce4e5b9u),
	    (unsigned long long)(x % 5000));
}

static void
die(const char *what)
{
	(void)fprintf(stderr, "store-lookup: %s\n", what);
	exit(1);
}

/* feed - the list, through a pipe */
static void *
feed(void *arg)
{
	size_t	 i, n = *(const size_t *)((void **)arg)[0];
	FILE	*f = ((void **)arg)[1];
	char	 who[NAME];

	for (i = 0; i < n; i++) {
		name(2 * i, who);
		(void)fprintf(f, "%s\n", who);
	}
	(void)fclose(f);
	return NULL;
}

static void
fill(size_t n, const char *scope)
{
	struct import	im = { .name = "-", .scope = scope,
			    .format = ROWS_TXT, .max_shrink = -1,
			    .actor = "bench" };
	struct err	e;
	pthread_t	t;
	int		p[2];
	void		*arg[2] = { &n, NULL };

	if (pipe(p) == -1 || (arg[1] = fdopen(p[1], "w")) == NULL)
		die("pipe");
	(void)pthread_create(&t, NULL, feed, arg);
	if (store_import(store, p[0], &im, &e) == -1)
		die(e.msg);
	(void)pthread_join(t, NULL);
	(void)close(p[0]);
}

/* prepare - the addresses to ask for and their keys on disk */
static void
prepare(size_t entries)
{
	struct addr	a;
	struct store_id	id;
	uint64_t	r = 88172645463325252u;
	size_t		i;

	names = calloc(lookups, sizeof *names);
	lkeys = calloc(lookups, sizeof *lkeys);
	if (names == NULL || lkeys == NULL)
		die("no memory");
	for (i = 0; i < lookups; i++) {
		r ^= r << 13;
		r ^= r >> 7;
		r ^= r << 17;
		name(r % (2 * entries), names[i]);	/* odd: absent */
		if (addr_normal(names[i], strlen(names[i]), NULL, &a,
		    NULL) != ADDR_OK)
			die(names[i]);
		store_keys_address(keys, 0, &a, &id);
		lkey_pack(lkeys[i], 1, id.digest);
	}
}

static void
bare(struct part *p, bool renew)
{
	struct env	*env = store->env;
	MDB_txn		*txn;
	MDB_val		 v;
	size_t		 i;

	if (mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &txn) != 0)
		die("txn");
	for (i = p->from; i < p->to; i++) {
		p->found += env_get(env, txn, T_LISTS, lkeys[i],
		    sizeof lkeys[i], &v) == 0;
		if (renew) {
			mdb_txn_reset(txn);
			(void)mdb_txn_renew(txn);
		}
	}
	mdb_txn_abort(txn);
}

static void
ours(struct part *p)
{
	struct store_entry	hits[4];
	struct addr		a;
	struct err		e;
	uint32_t		scopes[2] = { store_scope_id("news"),
				    store_scope_id("*") };
	size_t			i;
	int			n;

	for (i = p->from; i < p->to; i++) {
		if (addr_normal(names[i], strlen(names[i]), NULL, &a,
		    NULL) != ADDR_OK)
			die(names[i]);
		if ((n = store_find(store, &a, scopes, 2, hits, 4, &e)) == -1)
			die(e.msg);
		p->found += n > 0;
	}
}

static void *
run_part(void *arg)
{
	struct part	*p = arg;
	struct timespec	ts;

	if (p->how == OURS)
		ours(p);
	else
		bare(p, p->how == RENEW);
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	p->cpu = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
	return NULL;
}

/* measure - lookups a second with so many threads */
static double
measure(enum how how, size_t threads)
{
	struct part	part[2];
	pthread_t	t[2];
	int64_t		began = clock_mono_us();
	size_t		i, found = 0;
	double		cpu = 0;

	for (i = 0; i < threads; i++) {
		part[i] = (struct part){ .how = how,
		    .from = lookups * i / threads,
		    .to = lookups * (i + 1) / threads };
		(void)pthread_create(&t[i], NULL, run_part, &part[i]);
	}
	for (i = 0; i < threads; i++) {
		(void)pthread_join(t[i], NULL);
		found += part[i].found;
		cpu += part[i].cpu;
	}
	if (found == 0 || found == lookups)
		die("the lookups find all or nothing");
	return by_cpu ? (double)(lookups * threads) / cpu :
	    (double)lookups * 1e6 / (double)(clock_mono_us() - began);
}

/* writer - durable adds, one after another */
static void *
writer(void *arg)
{
	struct addr		a;
	struct err		e;
	struct store_change	c = { .op = STORE_ADD, .addr = &a,
				    .scope = "other", .reason = STORE_MANUAL };
	char			who[NAME];
	int64_t			began, took;
	uint64_t		i;

	(void)arg;
	for (i = 0; !atomic_load(&stop_writer); i++) {
		name(i + (1ull << 40), who);
		began = clock_mono_us();
		if (addr_normal(who, strlen(who), NULL, &a, NULL) != ADDR_OK ||
		    store_apply(store, "bench", &c, 1, &e) == -1)
			die("writer");
		took = clock_mono_us() - began;
		if (took > atomic_load(&longest))
			atomic_store(&longest, took);
		atomic_fetch_add(&written, 1);
	}
	return NULL;
}

/* some - a few thousand single entries, so that every lookup goes down both
 * trees from the start, as it does in a store that lives */
static void
some(void)
{
	struct store_change	c[100];
	struct addr		a[100];
	struct err		e;
	char			who[NAME];
	int			i, k;

	memset(c, 0, sizeof c);
	for (i = 0; i < 100; i++) {
		for (k = 0; k < 100; k++) {
			name((uint64_t)(i * 100 + k) + (1ull << 41), who);
			if (addr_normal(who, strlen(who), NULL, &a[k],
			    NULL) != ADDR_OK)
				die(who);
			c[k].op = STORE_ADD;
			c[k].addr = &a[k];
			c[k].scope = "other";
			c[k].reason = STORE_MANUAL;
		}
		if (store_apply(store, "bench", c, 100, &e) == -1)
			die(e.msg);
	}
}

static double
best(double a, double b)
{
	return a > b ? a : b;
}

/* beside_writer - lookups a second while somebody commits all the time */
static double
beside_writer(enum how how, size_t threads, double *commits)
{
	unsigned long	n = atomic_load(&written);
	int64_t		began = clock_mono_us();
	pthread_t	t;
	double		rate;

	atomic_store(&stop_writer, false);
	(void)pthread_create(&t, NULL, writer, NULL);
	rate = measure(how, threads);
	atomic_store(&stop_writer, true);
	(void)pthread_join(t, NULL);
	*commits = (double)(atomic_load(&written) - n) * 1e6 /
	    (double)(clock_mono_us() - began);
	return rate;
}

static void
compare(size_t threads)
{
	double	b = 0, r = 0, o = 0, bw = 0, ow = 0, commits = 0;
	int	i;

	for (i = 0; i < ROUNDS; i++) {
		b = best(b, measure(BARE, threads));
		o = best(o, measure(OURS, threads));
		r = best(r, measure(RENEW, threads));
		bw = best(bw, beside_writer(RENEW, threads, &commits));
		ow = best(ow, beside_writer(OURS, threads, &commits));
	}
	(void)printf("%zu thread%s: bare %.0f/s, renewed %.0f/s, ours %.0f/s "
	    "(%.2f of bare, %.2f of renewed)\n", threads,
	    threads > 1 ? "s" : "", b, r, o, o / b, o / r);
	(void)printf("  with a writer (%.0f commits/s): ours %.0f/s, %.2f of "
	    "ours alone; renewed %.0f/s, %.2f of it alone\n", commits, ow,
	    ow / o, bw, bw / r);
}

/* importer - a list into another scope; then the writer's time is over */
static void *
importer(void *arg)
{
	fill(*(const size_t *)arg, "import");
	atomic_store(&stop_writer, true);
	return NULL;
}

/* beside_import - ours while it loads, and what other writers wait */
static void
beside_import(size_t rows)
{
	double		alone = measure(OURS, 1), sum = 0;
	pthread_t	t, w;
	unsigned	n = 0;

	atomic_store(&longest, 0);
	atomic_store(&stop_writer, false);
	(void)pthread_create(&t, NULL, importer, &rows);
	(void)pthread_create(&w, NULL, writer, NULL);
	do {
		sum += measure(OURS, 1);
		n++;
	} while (!atomic_load(&stop_writer));
	(void)pthread_join(t, NULL);
	(void)pthread_join(w, NULL);
	(void)printf("during an import of %zu rows: %.0f/s, %.2f of ours "
	    "alone; a change waited at most %.1f ms\n", rows, sum / n,
	    sum / n / alone, (double)atomic_load(&longest) / 1e3);
}

int
main(int argc, char **argv)
{
	size_t		entries = 10000000;
	char		dir[256] = "/var/tmp/store-lookup.XXXXXX", path[320];
	struct err	e;

	lookups = 2000000;
	by_cpu = getenv("BENCH_CPU") != NULL;
	if (argc > 1)
		entries = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		lookups = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		(void)snprintf(dir, sizeof dir, "%s/store-lookup.XXXXXX",
		    argv[3]);
	if (mkdtemp(dir) == NULL)
		die(dir);
	(void)snprintf(path, sizeof path, "%s/key", dir);
	if (store_keys_create(path, &e) == -1 ||
	    store_keys_load(path, &keys, &e) == -1)
		die(e.msg);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/s", dir);
	if (store_create(path, &e) == -1 ||
	    store_open(path, STORE_WRITE, keys, &store, &e) == -1)
		die(e.msg);
	fill(entries, "news");
	some();
	prepare(entries);
	(void)printf("%zu entries, %zu lookups, half of them absent\n",
	    entries, lookups);
	compare(1);
	compare(2);
	beside_import(entries / 10);
	store_close(&store);
	store_keys_free(&keys);
	free(names);
	free(lkeys);
	(void)snprintf(path, sizeof path, "rm -r '%s'", dir);
	return system(path) == 0 ? 0 : 1;
}

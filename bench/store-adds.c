/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store-adds.c - durable single adds: one writer beside many threads
 *
 * usage: store-adds [THREADS [SECONDS [DIR]]]		32, 5
 *
 * Rounds alternate: one thread, THREADS threads; each add is acknowledged
 * after its commit is on disk. Prints the best of each and their ratio, and
 * the longest that an add of the second kind took.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

#include "base/banned.h"

#define THREADS_MAX	256
#define ROUNDS		3

static struct store	*store;
static atomic_bool	 stop;
static atomic_ulong	 number, added, longest;

static void
die(const char *what)
{
	(void)fprintf(stderr, "store-adds: %s\n", what);
	exit(1);
}

static void *
adder(void *arg)
{
	struct addr		a;
	struct err		e;
	struct store_change	c = { .op = STORE_ADD, .addr = &a,
				    .scope = "news", .reason = STORE_OPTOUT,
				    .source = "bench" };
	int64_t			began;
	unsigned long		took, old;

	(void)arg;
	while (!atomic_load(&stop)) {
		memset(&a, 0, sizeof a);
		a.local_len = (size_t)snprintf(a.text, sizeof a.text,
		    "user%lu", atomic_fetch_add(&number, 1));
		(void)snprintf(a.text + a.local_len, 64, "@a.example");
		began = clock_mono_us();
		if (store_apply(store, "bench", &c, 1, &e) == -1)
			die(e.msg);
		took = (unsigned long)(clock_mono_us() - began);
		old = atomic_load(&longest);
		while (took > old &&
		    !atomic_compare_exchange_weak(&longest, &old, took))
			;
		atomic_fetch_add(&added, 1);
	}
	return NULL;
}

/* measure - adds a second */
static double
measure(unsigned threads, unsigned secs)
{
	pthread_t	t[THREADS_MAX];
	int64_t		began = clock_mono_us();
	unsigned	i;

	atomic_store(&stop, false);
	atomic_store(&added, 0);
	atomic_store(&longest, 0);
	for (i = 0; i < threads; i++)
		if (pthread_create(&t[i], NULL, adder, NULL) != 0)
			die("no thread");
	(void)sleep(secs);
	atomic_store(&stop, true);
	for (i = 0; i < threads; i++)
		(void)pthread_join(t[i], NULL);
	return (double)atomic_load(&added) * 1e6 /
	    (double)(clock_mono_us() - began);
}

int
main(int argc, char **argv)
{
	unsigned		 threads = 32, secs = 5;
	char			 dir[256], path[320];
	struct store_keys	*keys;
	struct err		 e;
	double			 one = 0, many = 0, x;
	int			 i;

	if (argc > 1)
		threads = (unsigned)strtoul(argv[1], NULL, 10);
	if (argc > 2)
		secs = (unsigned)strtoul(argv[2], NULL, 10);
	if (threads < 1 || threads > THREADS_MAX)
		die("1 to 256 threads");
	(void)snprintf(dir, sizeof dir, "%s/store-adds.XXXXXX",
	    argc > 3 ? argv[3] : "/var/tmp");
	if (mkdtemp(dir) == NULL)
		die(dir);
	(void)snprintf(path, sizeof path, "%s/key", dir);
	if (store_keys_create(path, &e) == -1 ||
	    store_keys_load(path, &keys, &e) == -1)
		die(e.msg);
	(void)snprintf(path, sizeof path, "%s/s", dir);
	if (store_create(path, &e) == -1 ||
	    store_open(path, STORE_WRITE, keys, &store, &e) == -1)
		die(e.msg);
	for (i = 0; i < ROUNDS; i++) {
		if ((x = measure(1, secs)) > one)
			one = x;
		if ((x = measure(threads, secs)) > many)
			many = x;
		(void)printf("longest of %u threads: %.1f ms\n", threads,
		    (double)atomic_load(&longest) / 1000);
	}
	(void)printf("durable adds: one writer %.0f/s, %u threads %.0f/s, "
	    "ratio %.1f\n", one, threads, many, many / one);
	store_close(&store);
	store_keys_free(&keys);
	(void)snprintf(path, sizeof path, "rm -r '%s'", dir);
	return system(path) == 0 ? 0 : 1;
}

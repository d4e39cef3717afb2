/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.c - a crowd of bad MTAs at a milter, with good ones among them
 *
 * usage: wire-fuzz [-s SEED] [-n SESSIONS] [-f FIRST] [-t SECONDS]
 *	  [-c CONNECTIONS] [-p PID] SOCKET
 *
 * Session i of a seed is the same octets each time, so that a finding can be
 * had again: -s SEED -f I -n 1 -c 1. A finding: the milter is gone, does not
 * hang up after us, answers what is no answer, or tells a good MTA anything
 * but what it told the first. With -p its memory and descriptors are printed,
 * at the start, after a tenth of the sessions or time, and at the end.
 * Status 0: none; 1: a finding, on standard output; 64: usage.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "noise.h"
#include "wire.h"
#include "words.h"

#define ANSWER_MS	60000	/* a sanitizer on a busy machine is slow */
#define GOOD_EACH	8	/* of so many sessions one is good */

static struct {
	const char	*socket;
	uint64_t	 seed;
	unsigned long	 first, sessions;
	long		 seconds;
	unsigned	 connections;
	long		 pid;
	uint64_t	 answers;	/* hash of what a good session got */
	time_t		 begin;
	atomic_ulong	 next, good;
	atomic_bool	 found;
} run = { .sessions = 1000, .connections = 8 };

static void
finding(unsigned long i, const char *what, const struct wire *w)
{
	atomic_store(&run.found, true);
	printf("FINDING: session %lu: %s; answers: %s\n"
	    "again: -s %llu -f %lu -n 1 -c 1\n", i, what,
	    w != NULL ? w->trace : "", (unsigned long long)run.seed, i);
	(void)fflush(stdout);
}

/* ---- the good MTA ---- */

#define PUT(w, cmd, text)	wire_put((w), (cmd), (text), sizeof(text) - 1)

/* ask - a step, and its answer if one is due */
static int
ask(struct wire *w, char cmd, const char *p, size_t n, uint32_t no_reply)
{
	if (wire_put(w, cmd, p, n) == -1)
		return -1;
	return (w->steps & no_reply) != 0 ? 0 : wire_wait(w, 1, ANSWER_MS);
}

#define ASK(w, cmd, text, nr)	ask((w), (cmd), (text), sizeof(text) - 1, (nr))

static int
good_message(struct wire *w)
{
	if (PUT(w, 'D', "Mi\0004Qid\0") == -1 ||
	    ASK(w, 'M', "<news@sender.example>\0", 0x4000) == -1 ||
	    ASK(w, 'R', "<bob@world.example>\0", 0x8000) == -1 ||
	    ASK(w, 'R', "<ann@world.example>\0", 0x8000) == -1)
		return -1;
	if ((w->steps & 0x20) == 0 &&
	    (ASK(w, 'L', "From\0 News <news@sender.example>\0", 0x80) == -1 ||
	    ASK(w, 'L', "To\0 ann@world.example\0", 0x80) == -1 ||
	    ASK(w, 'L', "Subject\0 ACT NOW\0", 0x80) == -1))
		return -1;
	if ((w->steps & 0x40) == 0 && ASK(w, 'N', "", 0x40000) == -1)
		return -1;
	if ((w->steps & 0x10) == 0 &&
	    ASK(w, 'B', "We have a new bank account.\r\n", 0x80000) == -1)
		return -1;
	return ASK(w, 'E', "", 0);
}

/* good - a session as Postfix has it; 0 and its answers in w */
static int
good(struct wire *w)
{
	static const char	offer[] = "\0\0\0\6\0\0\1\377\0\037\377\377";
	int			rc = 0;

	if (wire_open(w, run.socket) == -1)
		return -1;
	if (ASK(w, 'O', offer, 0) == -1 ||
	    PUT(w, 'D', "Cj\0mx.example\0v\0Postfix 3.7.11\0"
	    "{daemon_name}\0smtpd\0{client_connections}\0001\0") == -1 ||
	    ASK(w, 'C', "client.example\0004\0\031192.0.2.7\0", 0x1000) == -1 ||
	    ASK(w, 'H', "helo.example\0", 0x2000) == -1 ||
	    good_message(w) == -1 || good_message(w) == -1)
		rc = -1;
	(void)wire_put(w, 'Q', "", 0);
	return rc;
}

static void
good_session(unsigned long i)
{
	struct wire	w;

	if (good(&w) == -1)
		finding(i, "a good session got no answer", &w);
	else if (w.wrong != NULL)
		finding(i, w.wrong, &w);
	else if (w.hash != run.answers)
		finding(i, "a good session got other answers than the first",
		    &w);
	atomic_fetch_add(&run.good, 1);
	wire_close(&w);
}

/* ---- the bad ones ---- */

static void
bad_session(unsigned long i)
{
	struct rng	r = { run.seed + i * 0x9e3779b97f4a7c15u };
	struct wire	w;

	if (wire_open(&w, run.socket) == -1) {
		finding(i, "nobody listens", NULL);
		wire_close(&w);
		return;
	}
	noise(&w, next(&r));
	/* one in a hundred stays a while; the others want to see it hang up */
	if (below(&r, 100) > 0 && !wire_ends(&w, ANSWER_MS))
		finding(i, "it did not hang up", &w);
	else if (w.wrong != NULL)
		finding(i, w.wrong, &w);
	wire_close(&w);
}

static bool
more(void)
{
	return !atomic_load(&run.found) &&
	    (run.seconds == 0 || time(NULL) - run.begin < run.seconds);
}

static void *
worker(void *arg)
{
	unsigned long	i;

	while (more()) {
		i = atomic_fetch_add(&run.next, 1);
		if (run.seconds == 0 && i >= run.first + run.sessions)
			break;
		if (i % GOOD_EACH == 0)
			good_session(i);
		bad_session(i);
	}
	return arg;
}

/* ---- what the milter holds ---- */

static unsigned
descriptors(void)
{
	char		 path[64];
	unsigned	 n = 0;
	DIR		*d;

	(void)snprintf(path, sizeof path, "/proc/%ld/fd", run.pid);
	if ((d = opendir(path)) == NULL)
		return 0;
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n - 2;
}

static unsigned long
resident_kb(void)
{
	unsigned long	 kb = 0;
	char		 line[256];
	FILE		*f;

	(void)snprintf(line, sizeof line, "/proc/%ld/status", run.pid);
	if ((f = fopen(line, "r")) == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "VmRSS: %lu", &kb) == 1)
			break;
	(void)fclose(f);
	return kb;
}

static void
print_held(const char *when)
{
	if (run.pid != 0)
		printf("held %s: %u descriptors, %lu KB\n", when,
		    descriptors(), resident_kb());
	(void)fflush(stdout);
}

/* warm - until a tenth is over; then caches are full */
static void
warm(void)
{
	unsigned long	n = run.first + run.sessions / 10;

	while (more() && (run.seconds > 0 ?
	    time(NULL) - run.begin <= run.seconds / 10 :
	    atomic_load(&run.next) < n))
		(void)usleep(20000);
	print_held("warm");
}

/* ---- main ---- */

static int
options(int argc, char **argv)
{
	int	ch;

	while ((ch = getopt(argc, argv, "c:f:n:p:s:t:")) != -1) {
		switch (ch) {
		case 'c':	run.connections = (unsigned)atoi(optarg); break;
		case 'f':	run.first = strtoul(optarg, NULL, 10);	break;
		case 'n':	run.sessions = strtoul(optarg, NULL, 10); break;
		case 'p':	run.pid = atol(optarg);			break;
		case 's':	run.seed = strtoull(optarg, NULL, 10);	break;
		case 't':	run.seconds = atol(optarg);		break;
		default:	return -1;
		}
	}
	run.socket = argv[optind];
	return run.socket != NULL && run.connections > 0 &&
	    run.connections <= 256 ? 0 : -1;
}

/* reference - what a good session gets, and gets again */
static int
reference(void)
{
	struct wire	w;
	int		rc = good(&w);

	run.answers = w.hash;
	printf("good: %s\n", w.trace);
	wire_close(&w);
	return rc;
}

int
main(int argc, char **argv)
{
	pthread_t	threads[256];
	unsigned	i;

	run.seed = (uint64_t)time(NULL);
	if (options(argc, argv) == -1) {
		fprintf(stderr, "usage: wire-fuzz [-s SEED] [-n SESSIONS] "
		    "[-f FIRST] [-t SECONDS] [-c CONNECTIONS] [-p PID] "
		    "SOCKET\n");
		return 64;
	}
	run.begin = time(NULL);
	atomic_store(&run.next, run.first);
	printf("seed %llu\n", (unsigned long long)run.seed);
	if (reference() == -1) {
		printf("FINDING: no answer to a good session\n");
		return 1;
	}
	print_held("first");
	for (i = 0; i < run.connections; i++)
		if (pthread_create(&threads[i], NULL, worker, NULL) != 0)
			abort();
	warm();
	for (i = 0; i < run.connections; i++)
		(void)pthread_join(threads[i], NULL);
	good_session(atomic_load(&run.next));
	(void)usleep(500000);
	print_held("last");
	printf("%lu sessions, %lu good ones, %ld s\n",
	    atomic_load(&run.next) - run.first, atomic_load(&run.good),
	    (long)(time(NULL) - run.begin));
	return atomic_load(&run.found) ? 1 : 0;
}

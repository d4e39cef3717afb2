/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules-scan.c - how fast keyword rules look at mail
 *
 * usage: rules-scan RULES_DIR ROUNDS THREADS PLUGINS(0|1) LIST
 *
 * Every thread looks at every file that LIST names, ROUNDS times. Prints one
 * line: load time, mails a second (wall), CPU microseconds a mail, p50 p99 max
 * of the first round of the first thread (CPU, ms), resident memory (KB).
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/file.h"
#include "rules/rules.h"
#include "rules/source.h"

#include "base/banned.h"

#define THREADS_MAX	64

struct mail {
	char	*data;
	size_t	 len;
};

struct job {
	const struct rules	*r;
	const struct mail	*mail;
	size_t			 n;
	long			 rounds;
	double			*ms;		/* of the first round; NULL */
};

static double
now(clockid_t which)
{
	struct timespec	t;

	(void)clock_gettime(which, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *
work(void *arg)
{
	static const struct view_limits		 lim = VIEW_LIMITS;
	static const struct rules_scan_options	 opt = { .subrules = true };
	struct job				*j = arg;
	struct rules_result			*res;
	struct view				*v;
	double					 began;
	long					 k;
	size_t					 i;

	for (k = 0; k < j->rounds; k++)
		for (i = 0; i < j->n; i++) {
			began = now(CLOCK_THREAD_CPUTIME_ID);
			if (view_open(j->mail[i].data, j->mail[i].len, &lim,
			    &v, NULL) == -1)
				abort();
			if (rules_scan(j->r, v, &opt, &res, NULL) == -1)
				abort();
			rules_result_free(&res);
			view_free(&v);
			if (j->ms != NULL && k == 0)
				j->ms[i] = 1e3 *
				    (now(CLOCK_THREAD_CPUTIME_ID) - began);
		}
	return NULL;
}

static int
by_value(const void *a, const void *b)
{
	double	x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* read_mails - every file that a list names, a line each */
static struct mail *
read_mails(const char *list, size_t *n)
{
	struct mail	*v = NULL;
	struct err	 e = { "", 0 };
	char		*text, *line, *nl;
	size_t		 len;

	*n = 0;
	if (file_read(list, 16u << 20, &text, &len, &e) == -1)
		goto fail;
	for (line = text; (nl = strchr(line, '\n')) != NULL; line = nl + 1) {
		struct mail	*more = realloc(v, (*n + 1) * sizeof *more);

		if (more == NULL)
			exit(71);
		v = more;
		*nl = '\0';
		if (file_read(line, 64u << 20, &v[*n].data, &v[*n].len, &e) ==
		    -1)
			goto fail;
		(*n)++;
	}
	free(text);
	return v;
fail:
	(void)fprintf(stderr, "%s\n", e.msg);
	exit(66);
}

int
main(int argc, char **argv)
{
	struct rules_source	 src;
	struct rules_options	 opt = { .subrules = true };
	struct job		 job = { 0 }, jobs[THREADS_MAX];
	pthread_t		 t[THREADS_MAX];
	struct rusage		 ru;
	struct rules		*r;
	struct mail		*mail;
	struct err		 e = { "", 0 };
	double			 began, load, wall, cpu, *ms;
	long			 i, threads, total;

	if (argc != 6)
		return 64;
	job.rounds = strtol(argv[2], NULL, 10);
	threads = strtol(argv[3], NULL, 10);
	if (threads < 1 || threads > THREADS_MAX)
		return 64;
	rules_source_init(&src, argv[1], false);
	opt.plugins = argv[4][0] == '1';
	mail = read_mails(argv[5], &job.n);
	if (job.n == 0 || (ms = calloc(job.n, sizeof *ms)) == NULL)
		return 71;
	began = now(CLOCK_MONOTONIC);
	if (rules_load(&src, 1, &opt, NULL, NULL, &r, &e) == -1) {
		(void)fprintf(stderr, "%s\n", e.msg);
		return 78;
	}
	load = now(CLOCK_MONOTONIC) - began;
	job.r = r;
	job.mail = mail;
	began = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	for (i = 0; i < threads; i++) {
		jobs[i] = job;
		jobs[i].ms = i == 0 ? ms : NULL;
		if (pthread_create(&t[i], NULL, work, &jobs[i]) != 0)
			return 71;
	}
	for (i = 0; i < threads; i++)
		(void)pthread_join(t[i], NULL);
	wall = now(CLOCK_MONOTONIC) - began;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	total = (long)job.n * job.rounds * threads;
	qsort(ms, job.n, sizeof *ms, by_value);
	(void)getrusage(RUSAGE_SELF, &ru);
	(void)printf("load_s=%.3f mails_s=%.0f cpu_us=%.0f p50_ms=%.2f "
	    "p99_ms=%.2f max_ms=%.2f rss_kb=%ld\n", load,
	    (double)total / wall, cpu / (double)total * 1e6,
	    ms[job.n / 2], ms[job.n * 99 / 100], ms[job.n - 1],
	    ru.ru_maxrss);
	rules_free(&r);
	for (i = 0; i < (long)job.n; i++)
		free(mail[i].data);
	free(mail);
	free(ms);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feedback-parse.c - how many mails a second feedback_parse() reads
 *
 * usage: feedback-parse SECONDS FILE...
 *
 * Files are read into memory first; one thread. Prints mails and octets a
 * second of processor time (so that a busy machine gives the same figure), and
 * the slowest file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "feedback/feedback.h"

struct mail {
	const char	*path;
	char		*data;
	size_t		 len;
	int64_t		 worst;		/* microseconds */
};

/* cpu_us - processor time of this thread, microseconds */
static int64_t
cpu_us(void)
{
	struct timespec	t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* peak_kb - resident set at its largest, since exec; getrusage() would give
 * the parent's, if that was larger */
static long
peak_kb(void)
{
	char	 line[256];
	FILE	*f = fopen("/proc/self/status", "r");
	long	 kb = 0;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (f != NULL)
		(void)fclose(f);
	return kb;
}

/* once - parse one mail; its time */
static int64_t
once(const struct feedback_ctx *ctx, struct mail *m)
{
	int64_t		 t = cpu_us();
	struct feedback	*fb;

	if (feedback_parse(ctx, m->data, m->len, NULL, &fb, NULL) == -1)
		exit(1);
	feedback_free(&fb);
	t = cpu_us() - t;
	if (t > m->worst)
		m->worst = t;
	return t;
}

int
main(int argc, char **argv)
{
	struct feedback_ctx	 ctx = { 0 };
	struct bounces		*table;
	struct mail		*v;
	struct err		 e = { "", 0 };
	int64_t			 busy = 0, limit, began;
	uint64_t		 mails = 0, octets = 0;
	int			 i, n = argc - 2, worst = 0;

	if (n < 1 || (v = calloc((size_t)n, sizeof *v)) == NULL ||
	    bounces_load(NULL, &table, &e) == -1) {
		fprintf(stderr, "usage: feedback-parse SECONDS FILE...\n");
		return 64;
	}
	ctx.bounces = table;
	for (i = 0; i < n; i++) {
		v[i].path = argv[i + 2];
		if (file_read(v[i].path, 256u << 20, &v[i].data, &v[i].len,
		    &e) == -1) {
			fprintf(stderr, "%s\n", e.msg);
			return 66;
		}
	}
	limit = strtol(argv[1], NULL, 10) * 1000000;
	began = clock_mono_us();
	do {
		for (i = 0; i < n; i++) {
			busy += once(&ctx, &v[i]);
			octets += v[i].len;
			mails++;
		}
	} while (clock_mono_us() - began < limit);
	for (i = 0; i < n; i++)
		if (v[i].worst > v[worst].worst)
			worst = i;
	printf("%" PRIu64 " mails/s  %.1f MB/s  peak %ld KB  slowest %s "
	    "%.2f ms\n", mails * 1000000 / (uint64_t)busy,
	    (double)octets / (double)busy, peak_kb(), v[worst].path,
	    (double)v[worst].worst / 1000);
	return 0;
}

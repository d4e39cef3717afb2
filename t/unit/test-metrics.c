/* SPDX-License-Identifier: BSD-2-Clause */
/* test-metrics.c - counters: names, sharing, threads, foreign files */
#include "unit.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "metrics/metrics.h"

#define THREADS	8
#define ROUNDS	5000

static char dir[] = "/tmp/test-metrics.XXXXXX";

static char *
in_dir(const char *name)
{
	static char	path[128];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

struct seen {
	char	text[4096];
};

static void
note(void *arg, const char *program, const char *name, uint64_t count)
{
	struct seen	*s = arg;
	size_t		 n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof s->text - n, "%s %s %llu\n",
	    program, name, (unsigned long long)count);
}

static void
names(void **state)
{
	char		 big[METRICS_NAME + 10];
	struct metrics	*m;
	struct err	 e;

	(void)state;
	metrics_add(NULL, "a_total", NULL, NULL, 1);
	assert_int_equal(metrics_open(NULL, "test", &m, &e), 0);
	metrics_add(m, "a_total", NULL, NULL, 1);
	metrics_add(m, "a_total", NULL, NULL, 2);
	metrics_add(m, "a_total", "stream", "n\"e\\w\ns", 5);
	metrics_add(m, "a_total", "stream", NULL, 7);
	assert_int_equal(metrics_value(m, "a_total", NULL, NULL), 3);
	assert_int_equal(metrics_value(m, "a_total", "stream", "n\"e\\w\ns"),
	    5);
	assert_int_equal(metrics_value(m, "a_total", "stream", ""), 7);
	assert_int_equal(metrics_value(m, "b_total", NULL, NULL), 0);
	metrics_peak(NULL, "c_max", NULL, NULL, 1);
	metrics_peak(m, "c_max", "scope", "news", 7);
	metrics_peak(m, "c_max", "scope", "news", 5);
	assert_int_equal(metrics_value(m, "c_max", "scope", "news"), 7);
	metrics_peak(m, "c_max", "scope", "news", 9);
	assert_int_equal(metrics_value(m, "c_max", "scope", "news"), 9);
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	metrics_add(m, "a_total", "stream", big, 9);
	assert_int_equal(metrics_value(m, "metrics_dropped_total", NULL,
	    NULL), 1);
	metrics_close(&m);
	assert_null(m);
	metrics_close(&m);
}

static void
full(void **state)
{
	char		 word[32];
	struct metrics	*m;
	struct err	 e;
	int		 i;

	(void)state;
	assert_int_equal(metrics_open(NULL, "test", &m, &e), 0);
	for (i = 0; i < METRICS_SLOTS + 5; i++) {
		(void)snprintf(word, sizeof word, "%d", i);
		metrics_add(m, "a_total", "n", word, 1);
	}
	assert_int_equal(metrics_value(m, "metrics_dropped_total", NULL,
	    NULL), 5);
	metrics_add(m, "a_total", "n", "17", 1);
	assert_int_equal(metrics_value(m, "a_total", "n", "17"), 2);
	metrics_close(&m);
}

static void
shared(void **state)
{
	struct metrics	*a, *b;
	struct seen	 s = { "" };
	struct err	 e;

	(void)state;
	assert_int_equal(metrics_open(dir, "one", &a, &e), 0);
	metrics_add(a, "x_total", NULL, NULL, 4);
	assert_int_equal(metrics_open(dir, "one", &b, &e), 0);
	metrics_add(b, "x_total", NULL, NULL, 5);
	assert_int_equal(metrics_value(a, "x_total", NULL, NULL), 9);
	metrics_close(&a);
	metrics_close(&b);
	assert_int_equal(metrics_open(dir, "two", &a, &e), 0);
	metrics_add(a, "y_total", "k", "v", 1);
	metrics_close(&a);
	assert_int_equal(metrics_each(dir, note, &s, &e), 0);
	assert_string_equal(s.text,
	    "one mailweir_x_total 9\n"
	    "one mailweir_metrics_dropped_total 0\n"
	    "two mailweir_y_total{k=\"v\"} 1\n"
	    "two mailweir_metrics_dropped_total 0\n");
	s.text[0] = '\0';
	assert_int_equal(metrics_each(in_dir("two.metrics"), note, &s, &e),
	    0);
	assert_non_null(strstr(s.text, "two mailweir_y_total"));
	assert_int_equal(metrics_each(in_dir("none"), note, &s, &e), -1);
}

/* A file of another kind is replaced by the owner, refused by a reader. */
static void
strangers(void **state)
{
	struct metrics	*m;
	struct seen	 s = { "" };
	struct err	 e;
	FILE		*f;

	(void)state;
	assert_non_null(f = fopen(in_dir("bad.metrics"), "w"));
	fputs("not counters", f);
	fclose(f);
	assert_int_equal(metrics_each(dir, note, &s, &e), -1);
	assert_non_null(strstr(e.msg, "bad.metrics: not a file of counters"));
	assert_non_null(strstr(s.text, "two mailweir_y_total"));
	assert_int_equal(metrics_open(dir, "bad", &m, &e), 0);
	metrics_add(m, "x_total", NULL, NULL, 1);
	metrics_close(&m);
	assert_int_equal(metrics_each(dir, note, &s, &e), 0);
	assert_int_equal(metrics_open(in_dir("none"), "x", &m, &e), -1);
	assert_null(m);
	assert_int_equal(mkdir(in_dir("d.metrics"), 0700), 0);
	assert_int_equal(metrics_open(dir, "d", &m, &e), -1);
	assert_int_equal(rmdir(in_dir("d.metrics")), 0);
}

static void *
hammer(void *arg)
{
	char	word[16];
	int	i;

	for (i = 0; i < ROUNDS; i++) {
		(void)snprintf(word, sizeof word, "%d", i % 97);
		metrics_add(arg, "t_total", "n", word, 1);
	}
	return NULL;
}

static void
threads(void **state)
{
	pthread_t	 t[THREADS];
	struct metrics	*m;
	struct err	 e;
	uint64_t	 sum = 0;
	char		 word[16];
	pid_t		 pid;
	int		 i, status;

	(void)state;
	assert_int_equal(metrics_open(dir, "threads", &m, &e), 0);
	if ((pid = fork()) == 0) {
		(void)hammer(m);
		_exit(0);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, hammer, m), 0);
	for (i = 0; i < THREADS; i++)
		(void)pthread_join(t[i], NULL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (i = 0; i < 97; i++) {
		(void)snprintf(word, sizeof word, "%d", i);
		sum += metrics_value(m, "t_total", "n", word);
	}
	assert_int_equal(sum, (THREADS + 1) * ROUNDS);
	metrics_close(&m);
}

static int
make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
drop_dir(void **state)
{
	static const char *const	files[] = { "one", "two", "bad",
		"threads" };
	char				name[32];
	size_t				i;

	(void)state;
	for (i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(name, sizeof name, "%s.metrics", files[i]);
		(void)unlink(in_dir(name));
	}
	return rmdir(dir);
}

int
main(void)
{
	static const struct CMUnitTest	tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(full),
		cmocka_unit_test(shared),
		cmocka_unit_test(strangers),
		cmocka_unit_test(threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}

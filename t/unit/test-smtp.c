/* SPDX-License-Identifier: BSD-2-Clause */
/* test-smtp.c - names of servers; what the ledger remembers, and what not */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "smtp/ledger.h"
#include "smtp/smtp.h"

static char		dir[] = "/tmp/test-smtp.XXXXXX";
static char		sub[64];
static const uint8_t	secret[LEDGER_SECRET] = { 1, 2, 3 };

static void
servers(void **state)
{
	static const struct {
		const char	*text;
		bool		 good;
	} cases[] = {
		{ "127.0.0.1:10026", true }, { "localhost:25", true },
		{ "[::1]:25", true }, { "mx-1.a.example:65535", true },
		{ "", false }, { "localhost", false }, { ":25", false },
		{ "localhost:", false }, { "localhost:0", false },
		{ "localhost:65536", false }, { "localhost:25x", false },
		{ "localhost: 25", false }, { "::1:25", false },
		{ "a/b:25", false }, { "a@b:25", false },
		{ "a b:25", false }, { "a?b:25", false },
	};
	struct err	e;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		row_true((smtp_server_ok(cases[i].text, &e) == 0) ==
		    cases[i].good, cases[i].text);
}

/* find - the ledger of the message that these two texts are */
static enum ledger_result
find(const char *a, const char *b, bool make, struct ledger **l)
{
	const struct smtp_piece	v[] = { { a, strlen(a) },
				    { b, strlen(b) } };
	struct err		e = { "", 0 };

	return ledger_open(sub, secret, v, 2, make, l, &e);
}

static enum ledger_result
open_of(const char *a, const char *b, struct ledger **l)
{
	return find(a, b, true, l);
}

static void
remembers(void **state)
{
	struct ledger	*l, *other;
	struct err	 e;

	(void)state;
	assert_int_equal(find("ab", "c", false, &l), LEDGER_NONE);
	assert_null(l);
	assert_int_equal(open_of("ab", "c", &l), LEDGER_OPEN);
	assert_false(ledger_has(l, "<ann@a.example>"));
	assert_int_equal(ledger_add(l, "<ann@a.example>", &e), 0);
	assert_true(ledger_has(l, "<ann@a.example>"));
	assert_false(ledger_has(l, "<ann@a.example"));
	/* one owner at a time; pieces do not run into each other */
	assert_int_equal(open_of("ab", "c", &other), LEDGER_BUSY);
	assert_int_equal(open_of("a", "bc", &other), LEDGER_OPEN);
	assert_false(ledger_has(other, "<ann@a.example>"));
	ledger_close(&other, true);
	assert_int_equal(find("ab", "c", false, &other), LEDGER_BUSY);
	ledger_close(&l, false);
	assert_int_equal(find("ab", "c", false, &l), LEDGER_OPEN);
	assert_true(ledger_has(l, "<ann@a.example>"));
	ledger_close(&l, true);
	assert_int_equal(open_of("ab", "c", &l), LEDGER_OPEN);
	assert_false(ledger_has(l, "<ann@a.example>"));
	ledger_close(&l, true);
}

/* path_of - of the one file in the folder */
static void
path_of(char out[256])
{
	char	 cmd[128];
	FILE	*p;
	char	 name[64] = "";

	(void)snprintf(cmd, sizeof cmd, "ls %s", sub);
	p = popen(cmd, "r");
	assert_non_null(p);
	assert_non_null(fgets(name, sizeof name, p));
	assert_int_equal(pclose(p), 0);
	name[strcspn(name, "\n")] = '\0';
	(void)snprintf(out, 256, "%s/%s", sub, name);
}

/* cut anywhere, as a crash would: whole lines count, the rest does not */
static void
torn(void **state)
{
	struct ledger	*l;
	struct err	 e;
	struct stat	 st;
	char		 path[256];
	off_t		 cut;

	(void)state;
	for (cut = 0; cut <= 18 + 66; cut++) {
		assert_int_equal(open_of("x", "y", &l), LEDGER_OPEN);
		assert_int_equal(ledger_add(l, "one", &e), 0);
		assert_int_equal(ledger_add(l, "two", &e), 0);
		ledger_close(&l, false);
		path_of(path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, 18 + 66);
		assert_int_equal(truncate(path, cut), 0);
		assert_int_equal(open_of("x", "y", &l), LEDGER_OPEN);
		assert_true(ledger_has(l, "one") == (cut >= 18 + 33));
		assert_true(ledger_has(l, "two") == (cut >= 18 + 66));
		assert_int_equal(ledger_add(l, "three", &e), 0);
		ledger_close(&l, false);
		assert_int_equal(open_of("x", "y", &l), LEDGER_OPEN);
		assert_true(ledger_has(l, "three"));
		ledger_close(&l, true);
	}
}

static void
swept(void **state)
{
	struct timespec	 old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct ledger	*l;
	char		 path[256];

	(void)state;
	assert_int_equal(open_of("x", "y", &l), LEDGER_OPEN);
	ledger_close(&l, false);
	assert_int_equal(ledger_sweep(sub, 60), 0);
	path_of(path);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	assert_int_equal(ledger_sweep(sub, 60), 1);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(ledger_sweep("/nonexistent", 60), 0);
}

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(sub, sizeof sub, "%s/split", dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(sub) == -1 ? -1 : rmdir(dir);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(servers),
	cmocka_unit_test(remembers),
	cmocka_unit_test(torn),
	cmocka_unit_test(swept),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

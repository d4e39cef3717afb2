/* SPDX-License-Identifier: BSD-2-Clause */
/* test-run.c - what a pattern needs in a row, and the search for it */
#include "unit.h"

#include "rules/literal.h"

static const struct {
	const char	*pattern;
	unsigned	 n;		/* of the run; 0: there is none */
	const char	*text;		/* that just holds it */
} rows[] = {
	{ "[0-9a-f]{8}", 8, "x 0123abcd x" },
	{ "x?[0-9a-f]{6,9}-?[A-Z]", 6, "012345" },
	{ "(?:[a-z]+ ){5}", 10, "a b c d e " },
	{ "\\s{7}|\\d{9}", 7, "01 3 56" },
	{ "(?:[0-9]{8})*", 0, "" },
	{ "(?=[0-9]{8})a", 0, "" },
	{ "[0-9]{4}(.?)\\1[0-9]{6}", 6, "000000" },
};

static void
test_rows(void **state)
{
	struct regex_text	 t = { 0 };
	struct literal_shape	 shape;
	struct run_search	 run;
	size_t			 i, n;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		t.pattern = (char *)(uintptr_t)rows[i].pattern;
		literal_shape(&t, &shape);
		if (shape.run.n != rows[i].n)
			fail_msg("%s: %u", t.pattern, shape.run.n);
		n = strlen(rows[i].text);
		if (n == 0)
			continue;
		run_search_init(&shape.run, &run);
		if (!run_in(&run, rows[i].text, n))
			fail_msg("%s: not found", t.pattern);
	}
}

/* naive - the same, octet by octet */
static bool
naive(const struct run_search *run, const char *p, size_t n)
{
	size_t	i, k = 0;

	for (i = 0; i < n && k < run->n; i++)
		k = run->in[(unsigned char)p[i]] ? k + 1 : 0;
	return k >= run->n;
}

static void
test_search(void **state)
{
	struct run_search	run = { .in = { ['a'] = true, ['b'] = true } };
	char			text[24];
	unsigned		word;
	size_t			n, i, found = 0;

	(void)state;
	for (word = 0; word < 1u << 14; word++)
		for (n = 10; n <= 14; n++) {
			for (i = 0; i < n; i++)
				text[i] = word >> i & 1 ? "ab"[i % 2] : '.';
			run.n = 1 + word % 6;
			assert_int_equal(run_in(&run, text, n),
			    naive(&run, text, n));
			found += run_in(&run, text, n);
		}
	assert_true(found > 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_search),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

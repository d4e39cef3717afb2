/* SPDX-License-Identifier: BSD-2-Clause */
/* test-spf.c - what needs no DNS; t/t5006-spf.sh asks a real server */
#include "unit.h"

#include "spf/spf.h"

static struct dns *
nobody(void)
{
	/* port 1 of loopback: nobody answers there */
	struct dns_options	 o = { "127.0.0.1:1", 50, 1 };
	struct dns		*d;
	struct err		 e = { "", 0 };

	if (dns_open(&o, &d, &e) == -1)
		fail_msg("%s", e.msg);
	return d;
}

static void
test_nonsense_never_passes(void **state)
{
	static const char *const domains[] = { "", "localhost", "a b.example",
	    "%{s}.example", "x@y.example", "\xc3\xa9.example", "a/b.example",
	    NULL };
	struct dns	*d = nobody();
	int		 i;

	(void)state;
	for (i = 0; domains[i] != NULL; i++)
		assert_int_equal(spf_check(d, "192.0.2.1", domains[i]),
		    SPF_NOT_PASSED);
	assert_int_equal(spf_check(d, "192.0.2", "a.example"),
	    SPF_NOT_PASSED);
	assert_int_equal(spf_check(d, "unknown", "a.example"),
	    SPF_NOT_PASSED);
	dns_close(&d);
}

static void
test_loopback_gets_no_free_ride(void **state)
{
	static const char *const clients[] = { "127.0.0.1", "127.1.2.3", "::1",
	    "::ffff:127.0.0.1", NULL };
	struct dns	*d = nobody();
	int		 i;

	(void)state;
	for (i = 0; clients[i] != NULL; i++)
		assert_int_not_equal(spf_check(d, clients[i], "a.example"),
		    SPF_PASSED);
	dns_close(&d);
}

static void
test_no_answer_is_unknown(void **state)
{
	struct dns	*d = nobody();

	(void)state;
	assert_int_equal(spf_check(d, "192.0.2.1", "a.example"), SPF_UNKNOWN);
	assert_int_equal(spf_check(d, "2001:db8::1", "a.example"),
	    SPF_UNKNOWN);
	dns_close(&d);
}

static void
test_server_list(void **state)
{
	struct dns_options	 o = { "not an address", 0, 0 };
	struct dns		*d;
	struct err		 e = { "", 0 };

	(void)state;
	assert_int_equal(dns_open(&o, &d, &e), -1);
	assert_null(d);
	assert_non_null(strstr(e.msg, "want addresses"));
}

#define T(f)	cmocka_unit_test(f)

static const struct CMUnitTest	tests[] = {
	T(test_nonsense_never_passes),
	T(test_loopback_gets_no_free_ride),
	T(test_no_answer_is_unknown),
	T(test_server_list),
};

UNIT_MAIN(tests)

/* SPDX-License-Identifier: BSD-2-Clause */
/* test-addr.c - one spelling per mailbox; address headers */
#include "unit.h"

#include "mail/addr.h"

#define A16	"aaaaaaaaaaaaaaaa"
#define B9	"bbbbbbbbb"
#define L64	A16 A16 A16 A16
#define L63	B9 B9 B9 B9 B9 B9 B9

struct row {
	const char		*in;
	enum addr_result	 rc;
	const char		*want;
};

static const struct row rows[] = {
	{ "<Ann@Example.COM>", ADDR_OK, "ann@example.com" },
	{ "Ann@Example.COM", ADDR_OK, "ann@example.com" },
	{ " \t<ann@example.com>\r\n", ADDR_OK, "ann@example.com" },
	{ "ann@example.com.", ADDR_OK, "ann@example.com" },
	{ "<@a.example,@b.example:ann@c.example>", ADDR_OK, "ann@c.example" },
	{ "root@localhost", ADDR_OK, "root@localhost" },
	{ "a_b@under_score.example", ADDR_OK, "a_b@under_score.example" },
	{ "a@r3---sn.example", ADDR_OK, "a@r3---sn.example" },
	{ "ann+tag@example.com", ADDR_OK, "ann+tag@example.com" },
	{ "!#$%&'*+-/=?^_`{|}~@example.com", ADDR_OK,
	  "!#$%&'*+-/=?^_`{|}~@example.com" },
	/* dots where they should not be exist, quoted or not */
	{ "a..b.@example.com", ADDR_OK, "a..b.@example.com" },
	{ "\"a..b.\"@example.com", ADDR_OK, "a..b.@example.com" },
	{ "\"Ann\"@example.com", ADDR_OK, "ann@example.com" },
	{ "\"A\".\"B\"@example.com", ADDR_OK, "a.b@example.com" },
	{ "\"a\\n\\n\"@example.com", ADDR_OK, "ann@example.com" },
	{ "\"Ann Lee\"@example.com", ADDR_OK, "\"ann lee\"@example.com" },
	{ "\"a@b\"@example.com", ADDR_OK, "\"a@b\"@example.com" },
	{ "\"a\\\"\\\\\"@example.com", ADDR_OK, "\"a\\\"\\\\\"@example.com" },
	{ "a@[192.0.2.1]", ADDR_OK, "a@[192.0.2.1]" },
	{ "a@[IPv6:2001:DB8::1]", ADDR_OK, "a@[ipv6:2001:db8::1]" },
	/* IDNA: UTS #46, non-transitional */
	{ "a@B\xc3\xbc" "cher.example", ADDR_OK, "a@xn--bcher-kva.example" },
	{ "a@bu\xcc\x88" "cher.example", ADDR_OK, "a@xn--bcher-kva.example" },
	{ "a@XN--BCHER-KVA.example", ADDR_OK, "a@xn--bcher-kva.example" },
	{ "a@fa\xc3\x9f.example", ADDR_OK, "a@xn--fa-hia.example" },
	{ "a@xn--.example", ADDR_OK, "a@xn--.example" },
	{ "a@\xef\xbd\x85xample\xe3\x80\x82" "com\xe3\x80\x82", ADDR_OK,
	  "a@example.com" },
	/* EAI: NFC, folding of ASCII only; the Kelvin sign composes to K */
	{ "re\xcc\x81@example.com", ADDR_OK, "r\xc3\xa9@example.com" },
	{ "\xc3\x89@example.com", ADDR_OK, "\xc3\x89@example.com" },
	{ "\xe2\x84\xaa@example.com", ADDR_OK, "k@example.com" },
	/* U+037E composes to ';', which needs quotes */
	{ "a\xcd\xbe@example.com", ADDR_OK, "\"a;\"@example.com" },
	{ L64 "@example.com", ADDR_OK, L64 "@example.com" },
	{ "a@" L63 ".example", ADDR_OK, "a@" L63 ".example" },

	{ "<>", ADDR_NULL, "" },
	{ " <> ", ADDR_NULL, "" },
	{ "", ADDR_BAD, "" },
	{ "<", ADDR_BAD, "" },
	{ "< >", ADDR_BAD, "" },
	{ "ann", ADDR_BAD, "" },
	{ "<ann@example.com", ADDR_BAD, "" },
	{ "@example.com", ADDR_BAD, "" },
	{ "<@example.com>", ADDR_BAD, "" },
	{ "\"\"@example.com", ADDR_BAD, "" },
	{ "ann@", ADDR_BAD, "" },
	{ "ann@.", ADDR_BAD, "" },
	{ "ann@a..b", ADDR_BAD, "" },
	{ "ann@.example.com", ADDR_BAD, "" },
	{ "ann@example.com..", ADDR_BAD, "" },
	{ "ann@b@example.com", ADDR_BAD, "" },
	{ "ann lee@example.com", ADDR_BAD, "" },
	{ "Ann <ann@example.com>", ADDR_BAD, "" },
	{ "ann@exam ple.com", ADDR_BAD, "" },
	{ "ann@exam\x01ple.com", ADDR_BAD, "" },
	{ "a\x01@example.com", ADDR_BAD, "" },
	{ "a\x7f@example.com", ADDR_BAD, "" },
	{ "\"a\\\x01\"@example.com", ADDR_BAD, "" },
	{ "a\xc2\x85@example.com", ADDR_BAD, "" },
	{ "a\"b\"@example.com", ADDR_BAD, "" },
	{ "\"a\"b@example.com", ADDR_BAD, "" },
	{ "\"a@example.com", ADDR_BAD, "" },
	{ "\"a\\", ADDR_BAD, "" },
	{ "a\xff@example.com", ADDR_BAD, "" },
	{ "a@ex\xff.com", ADDR_BAD, "" },
	{ "a@x\xef\xbc\xa0y.example", ADDR_BAD, "" },	/* fullwidth '@' */
	{ "a@[]", ADDR_BAD, "" },
	{ "a@[1]2]", ADDR_BAD, "" },
	{ "a@[1 2]", ADDR_BAD, "" },
	{ "a@[p@]", ADDR_BAD, "" },
	{ "a@[\xc3\xbc]", ADDR_BAD, "" },
	{ L64 "a@example.com", ADDR_BAD, "" },
	{ "a@b" L63 ".example", ADDR_BAD, "" },
	{ "a@" L63 "." L63 "." L63 "." L63 ".example", ADDR_BAD, "" },
};

static void
normal_forms(void **state)
{
	struct addr	 a, again;
	const char	*why;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];

		row_true(addr_normal(r->in, strlen(r->in), NULL, &a, &why) ==
		    r->rc, r->in);
		row_true(strcmp(a.text, r->want) == 0, r->in);
		row_true((why != NULL) == (r->rc == ADDR_BAD), r->in);
		if (r->rc != ADDR_OK)
			continue;
		row_true(a.text[a.local_len] == '@', r->in);
		row_true(strchr(a.text + a.local_len + 1, '@') == NULL, r->in);
		/* a normal form is its own normal form */
		row_true(addr_normal(a.text, strlen(a.text), NULL, &again,
		    NULL) == ADDR_OK, r->in);
		row_true(strcmp(a.text, again.text) == 0, r->in);
	}
	/* a NUL is an octet like others, and bad */
	assert_int_equal(addr_normal("a\0b@example.com", 15, NULL, &a, NULL),
	    ADDR_BAD);
	assert_int_equal(addr_normal("a@exa\0mple.com", 14, NULL, &a, NULL),
	    ADDR_BAD);
	assert_int_equal(addr_normal("a@\xc3\xbc\0.com", 8, NULL, &a, NULL),
	    ADDR_BAD);
}

static void
domains(void **state)
{
	char	out[ADDR_DOMAIN_MAX + 1];

	(void)state;
	assert_int_equal(addr_domain(" Example.COM. ", 14, out, NULL),
	    ADDR_OK);
	assert_string_equal(out, "example.com");
	assert_int_equal(addr_domain("b\xc3\xbc" "cher.example", 15, out,
	    NULL), ADDR_OK);
	assert_string_equal(out, "xn--bcher-kva.example");
	assert_int_equal(addr_domain("a@b", 3, out, NULL), ADDR_BAD);
	assert_string_equal(out, "");
	assert_int_equal(addr_domain("", 0, out, NULL), ADDR_BAD);
}

/* load - rules from items as conf would cut them */
static int
load(bool fold, const char *const *v, struct addr_rules **r, struct err *e)
{
	struct conf_list	l = { v, 0 };

	while (v[l.n] != NULL)
		l.n++;
	return addr_rules_load(fold, &l, r, e);
}

static void
per_domain(void **state)
{
	static const char *const items[] = { "zz.example:dots",
		"Mail.example:subaddress", "dots", "b\xc3\xbc" "cher.example:",
		"subaddress", NULL };
	static const struct row cases[] = {
		{ "A.n.n+x@mail.example", ADDR_OK, "ann@mail.example" },
		{ "A.n.n+x@zz.example", ADDR_OK, "ann+x@zz.example" },
		{ "a.n+x+y@xn--bcher-kva.example", ADDR_OK,
		  "a.n@xn--bcher-kva.example" },
		{ "A.n+x@other.example", ADDR_OK, "a.n+x@other.example" },
		{ "+x@mail.example", ADDR_OK, "+x@mail.example" },
		{ "...@mail.example", ADDR_OK, "...@mail.example" },
		{ "a.n+x@sub.mail.example", ADDR_OK, "a.n+x@sub.mail.example" },
	};
	struct addr_rules	*r;
	struct addr		 a;
	struct err		 e = { "", 0 };
	size_t			 i;

	(void)state;
	assert_int_equal(load(true, items, &r, &e), 0);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		row_true(addr_normal(cases[i].in, strlen(cases[i].in), r, &a,
		    NULL) == ADDR_OK, cases[i].in);
		row_true(strcmp(a.text, cases[i].want) == 0, cases[i].in);
	}
	addr_rules_free(&r);
	assert_null(r);
	assert_int_equal(addr_rules_load(false, NULL, &r, &e), 0);
	assert_int_equal(addr_normal("Ann@EXAMPLE.com", 15, r, &a, NULL),
	    ADDR_OK);
	assert_string_equal(a.text, "Ann@example.com");
	addr_rules_free(&r);
}

static void
bad_rules(void **state)
{
	static const char *const cases[][3] = {
		{ "dots", NULL }, { "a.example", NULL },
		{ "a.example:dot", NULL }, { "a..b:dots", NULL },
		{ "a.example:dots", "plus", NULL },
	};
	struct addr_rules	*r;
	struct err		 e;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		e.msg[0] = '\0';
		row_true(load(true, cases[i], &r, &e) == -1, cases[i][0]);
		row_true(r == NULL && e.msg[0] != '\0', cases[i][0]);
	}
}

/* each - collect as "a@b c@d " */
static int
each(void *arg, const char *spec, size_t len)
{
	char	*all = arg;

	strncat(all, spec, len);
	strcat(all, " ");
	return strcmp(all, "stop@a.example ") == 0;
}

static void
lists(void **state)
{
	static const struct {
		const char *in;
		int	    n;
		const char *want;
	} cases[] = {
		{ "Ann@Example.com", 1, "Ann@Example.com " },
		{ " a@b.example, c@d.example ", 2, "a@b.example c@d.example " },
		{ "Ann Lee <a@b.example>", 1, "a@b.example " },
		{ "\"Lee, Ann\" <a@b.example>, c@d.example", 2,
		  "a@b.example c@d.example " },
		{ "a@b.example <c@d.example>", 1, "c@d.example " },
		{ "=?utf-8?q?Ann=3A?= <a@b.example>", 1, "a@b.example " },
		{ "J\xc3\xbcrgen <a@b.example>", 1, "a@b.example " },
		{ "(x (y\\)) z) a (b) @ (c) b . example (d)", 1,
		  "a@b.example " },
		{ "a@b.example (Ann, Lee)", 1, "a@b.example " },
		{ "Ann\n <a@b.example>,\n\tc@d.example", 2,
		  "a@b.example c@d.example " },
		{ "<@x.example,@y.example:a@b.example>", 1, "a@b.example " },
		{ "undisclosed-recipients:;", 0, "" },
		{ "Team: a@b.example, C <c@d.example>;, e@f.example", 3,
		  "a@b.example c@d.example e@f.example " },
		{ "\"a b\"@b.example", 1, "\"a b\"@b.example " },
		{ "\"a@x\"@b.example", 1, "\"a@x\"@b.example " },
		{ "a@[192.0.2.1]", 1, "a@[192.0.2.1] " },
		{ ",, a@b.example,", 1, "a@b.example " },
		{ "stop@a.example, b@c.example", 1, "stop@a.example " },
		{ "<>", 0, "" },
		{ "", 0, "" },
		{ "Ann", -1, "" },
		{ "\"x@y\"", -1, "" },
		{ "Ann Lee a@b.example, c@d.example", -1, "c@d.example " },
		{ "a@b.example, <c@d.example", -1,
		  "a@b.example " },
		{ "\"Ann <a@b.example>", -1, "" },
		{ "(Ann a@b.example", -1, "" },
		{ "a@b.example; c@d.example", -1, "a@b.example c@d.example " },
		{ "X: Y: a@b.example;;", -1, "a@b.example " },
		{ "X: a@b.example", -1, "a@b.example " },
		{ "<a@b.example> <c@d.example>", -1,
		  "a@b.example c@d.example " },
		{ "<a@b.example> x", -1, "a@b.example " },
	};
	char	all[256];
	size_t	i;
	int	n;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		all[0] = '\0';
		n = addr_list(cases[i].in, strlen(cases[i].in), each, all);
		if (n != cases[i].n || strcmp(all, cases[i].want) != 0)
			fail_msg("%s: %d \"%s\"", cases[i].in, n, all);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(normal_forms),
	cmocka_unit_test(domains),
	cmocka_unit_test(per_domain),
	cmocka_unit_test(bad_rules),
	cmocka_unit_test(lists),
};

UNIT_MAIN(tests)

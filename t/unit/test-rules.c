/* SPDX-License-Identifier: BSD-2-Clause */
/* test-rules.c - the rule language, a row for each of its words */
#include "unit.h"

#include <pthread.h>

#include "rules/rules.h"

static const struct view_limits	lim = VIEW_LIMITS;

static int
load(const char *text, bool strict, bool subrules, struct rules **r,
    struct err *e)
{
	struct rules_source	src = { .path = "f.cf", .text = text,
				    .strict = strict, .owner = "ops",
				    .may_tag = true, .may_hold = true };
	struct rules_options	opt = { .plugins = true,
				    .subrules = subrules };

	return rules_load(&src, 1, &opt, NULL, NULL, r, e);
}

/* score - "SCORE NAME NAME(count) ..." of a message */
static void
score(const struct rules *r, const char *mail, const char *stream,
    char *out, size_t size)
{
	const struct rules_scan_options	 opt = { .stream = stream,
					    .subrules = true,
					    .explain = true };
	struct rules_result		*res;
	struct rules_info		 info;
	struct view			*v;
	struct err			 e;
	size_t				 i, n;

	if (view_open(mail, strlen(mail), &lim, &v, &e) == -1 ||
	    rules_scan(r, v, &opt, &res, &e) == -1)
		fail_msg("%s", e.msg);
	n = (size_t)snprintf(out, size, "%.2f", res->score);
	for (i = 0; i < res->n; i++) {
		rules_info(r, res->v[i].rule, &info);
		n += (size_t)snprintf(out + n, size - n, " %s", info.name);
		if (res->v[i].count != 1)
			n += (size_t)snprintf(out + n, size - n, "(%g)",
			    res->v[i].count);
	}
	rules_result_free(&res);
	view_free(&v);
}

#define B "To: Ann Bee <ann@a.example>, bob@b.example\n"		\
    "From: \"=?utf-8?q?J=C3=B6?=\" <jo@c.example>\nSubject: Buy now\n"	\
    "Received: x\nReceived: y\n\n"

static const struct {
	const char	*row, *rules, *mail, *want;
} rows[] = {
	{ "body", "body A /buy/i\nbody C /nothing/\n", B, "1.00 A" },
	{ "octets in a row", "body A /[0-9a-f]{12}/\nbody C /[0-9a-f]{13}/\n",
	  "Subject: x\n\nid 0123456789ab.\n", "1.00 A" },
	{ "what may begin anywhere",
	  "body A /(?:\\b|\\s)[_\\W]{0,3}v[_\\W]?ia/i\n"
	  "body C /(?:\\b|\\s)[_\\W]{0,3}v[_\\W]?ib/i\n"
	  "body D /[^q]{0,3}(a)?(l)via\\2/\n",
	  "Subject: x\n\nbuy _V-ia, alvial\n", "2.00 A D" },
	{ "score", "body A /Buy/\nscore A 2.5\n", B, "2.50 A" },
	{ "four scores", "body A /Buy/\nscore A 1 2 3 4\n", B, "1.00 A" },
	{ "relative score", "body A /Buy/\nscore A 2\nscore A (0.5)\n", B,
	  "2.50 A" },
	{ "score 0: not run", "body A /Buy/\nscore A 0\nmeta M !A\n", B,
	  "1.00 M" },
	{ "T_ rules", "body T_A /Buy/\n", B, "0.01 T_A" },
	{ "nice", "body A /Buy/\ntflags A nice\n", B, "-1.00 A" },
	{ "other delimiters", "body A m{Bu[y]}\nbody C m!Bu!\nbody D "
	  "qr(u+y)i\n", B, "3.00 A C D" },
	{ "multiple", "rawbody __A /x/\ntflags __A multiple\nmeta M "
	  "__A > 2\n", "To: a\n\nx x x", "1.00 __A(3) M" },
	{ "maxhits", "body A /x/\ntflags A multiple maxhits=2\n",
	  "To: a\n\nx x x", "2.00 A(2)" },
	{ "multiple, empty match", "body __A /x*/\ntflags __A multiple "
	  "maxhits=9\n", "To: a\n\nx", "0.00 __A(4)" },
	{ "nosubject", "body A /Buy/\ntflags A nosubject\n", B, "0.00" },
	{ "header", "header A Subject =~ /^Buy now$/\n", B, "1.00 A" },
	{ "header, negated", "header A Subject !~ /Buy/\nheader C "
	  "X-None !~ /x/\n", B, "1.00 C" },
	{ "header, absent", "header A X-None =~ /^$/\n", B, "1.00 A" },
	{ "if-unset", "header A X-None =~ /^NO$/ [if-unset: NO]\n", B,
	  "1.00 A" },
	{ "exists", "header A exists:Subject\nheader C exists:X-None\n", B,
	  "1.00 A" },
	{ ":raw", "header A From:raw =~ /=\\?utf-8/\nheader C From =~ "
	  "/=\\?utf-8/\n", B, "1.00 A" },
	{ ":addr", "header A To:addr =~ /^ann\\@a\\.example\\nbob\\@"
	  "b\\.example$/\n", B, "1.00 A" },
	{ ":name", "header A From:name =~ /^J\xc3\xb6$/\n", B, "1.00 A" },
	{ ":addr:host", "header A From:addr:host =~ /^c\\.example$/\n", B,
	  "1.00 A" },
	{ "every field of a name", "header A Received =~ /^x\\ny$/m\n", B,
	  "1.00 A" },
	{ ":first, :last", "header A Received:first =~ /^x$/\nheader C "
	  "Received:last =~ /^y$/\n", B, "2.00 A C" },
	{ "ALL", "header A ALL =~ /^Subject: Buy now$/m\n", B, "1.00 A" },
	{ "ToCc", "header A ToCc =~ /bob/\n", B, "1.00 A" },
	{ "MESSAGEID", "header A MESSAGEID =~ /<1\\@a>/\n",
	  "Message-Id: <1@a>\n\n", "1.00 A" },
	{ "rawbody", "rawbody A /<b>/\nbody C /<b>/\n", "Content-Type: "
	  "text/html\n\n<b>x</b>", "1.00 A" },
	{ "uri", "uri A m{^https?://a\\.example/x$}\n", "To: a\n\nsee "
	  "http://a.example/x", "1.00 A" },
	{ "full", "full A /^To: a\\n\\nx/\n", "To: a\n\nx", "1.00 A" },
	{ "mimeheader", "mimeheader A Content-Type =~ /image/\n", "Content-"
	  "Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/x\n"
	  "\n--b--", "1.00 A" },
	{ "meta", "body __A /Buy/\nbody __C /none/\nmeta M __A && !__C\n"
	  "meta N (__A + __C) > 1\nmeta O M || N\n", B, "2.00 __A M O" },
	{ "meta: value", "body __A /[a-z]/\ntflags __A multiple\nmeta __M "
	  "__A - 1\nmeta N __M == 4\n", B, "1.00 __A(5) __M(4) N" },
	{ "meta: precedence", "body __A /Buy/\nmeta M 1 + 2 * 3 == 7 && "
	  "__A\nmeta N !__A + 1\n", B, "2.00 __A M N" },
	{ "meta: division by zero", "meta M 1 / 0\nmeta N 1\n", B,
	  "1.00 N" },
	{ "meta: unknown rule is 0", "meta M NO_SUCH\nmeta N !NO_SUCH\n", B,
	  "1.00 N" },
	{ "meta: circle", "meta M N\nmeta N M || 1\nmeta O 1\n", B,
	  "1.00 O" },
	{ "meta before what it names", "meta M A\nmeta A C\nbody C /Buy/\n",
	  B, "3.00 M A C" },
	{ "rules_matching", "body __X1 /Buy/\nbody __X2 /now/\nmeta M "
	  "rules_matching(__X?) > 1\n", B, "1.00 __X1 __X2 M" },
	{ "comment", "body A /Bu\\#|Buy/ # not this\n", B, "1.00 A" },
	{ "lang", "lang de body A /Buy/\nlang en body C /Buy/\n", B,
	  "1.00 C" },
	{ "if", "if (version >= 4.000000)\nbody A /Buy/\nelse\nbody C "
	  "/Buy/\nendif\n", B, "1.00 A" },
	{ "ifplugin", "ifplugin Mail::SpamAssassin::Plugin::Bayes\nbody A "
	  "/Buy/\nendif\nif !plugin(Mail::SpamAssassin::Plugin::Bayes)\n"
	  "body C /Buy/\nendif\n", B, "1.00 C" },
	{ "nested if", "if 0\nif 1\nbody A /Buy/\nelse\nbody D /Buy/\n"
	  "endif\nelse\nbody C /Buy/\nendif\n", B, "1.00 C" },
	{ "if (mailweir)", "if (mailweir)\nbody A /Buy/\nendif\n", B,
	  "1.00 A" },
	{ "replace_rules", "replace_tag U [u\xc3\xbc]\nbody A /B<U>y/\n"
	  "replace_rules A\n", B, "1.00 A" },
	{ "replace_inter", "replace_inter S [ ]?\nbody A /<inter S><B>"
	  "<U><Y>/i\nreplace_tag B b\nreplace_tag U u\nreplace_tag Y y\n"
	  "replace_rules A\n", "To: a\n\nb uy", "1.00 A" },
	{ "eval never hits", "body A eval:check_x()\nmeta M !A\n", B,
	  "1.00 M" },
	{ "redefined", "body A /none/\nheader A Subject =~ /Buy/\n", B,
	  "1.00 A" },
	{ "phrase", "phrase A buy NOW\nphrase A sell\nphrase C uy\n", B,
	  "1.00 A" },
	{ "phrase, hidden", "phrase A buy now\n", "To: a\n\nB\xe2\x80\x8b"
	  "uy\n n\xd0\xbew", "1.00 A" },
	{ "expires", "body A /Buy/\nexpires A 2001-01-01\nbody C /Buy/\n"
	  "expires C 2199-01-01\n", B, "1.00 C" },
	{ "stream", "body A /Buy/\nstream A news\nbody C /Buy/\nstream C "
	  "other news\nbody D /Buy/\nstream D other\n", B, "2.00 A C" },
	{ "catastrophic, bounded", "body A /^(a+)+$/\nbody C /b/\n",
	  "To: a\n\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
	  "1.00 C" },
};

static void
test_rows(void **state)
{
	struct rules	*r;
	struct err	 e;
	char		 got[1024];
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (load(rows[i].rules, false, true, &r, &e) == -1)
			fail_msg("%s: %s", rows[i].row, e.msg);
		score(r, rows[i].mail, "news", got, sizeof got);
		rules_free(&r);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: \"%s\", expected \"%s\"", rows[i].row,
			    got, rows[i].want);
	}
}

#define OK(n, t) "describe " n " d\nok " n " " t "\n"

/* What is refused, and where the message says it stands. */
static const struct {
	const char	*row, *rules;
	bool		 strict;
	const char	*want;		/* NULL: is loaded */
} faults[] = {
	{ "complete", "body A /x/\n" OK("A", "x"), true, NULL },
	{ "no description", "body A /x/\nok A x\n", true,
	  "f.cf:1: A: has no description" },
	{ "no example", "body A /x/\ndescribe A d\nfail A y\n", true,
	  "f.cf:1: A: has no example" },
	{ "an example that does not hit", "body A /x/\n" OK("A", "y"), true,
	  "f.cf:3: A: the example should hit" },
	{ "an example that hits", "body A /x/\n" OK("A", "x") "fail A xx\n",
	  true, "f.cf:4: A: the example should not hit" },
	{ "unknown word", "\nbodi A /x/\n", true, "f.cf:2: bodi: no such" },
	{ "unknown word, not strict", "bodi A /x/\n", false, NULL },
	{ "unknown rule", "meta A NONE\n" OK("A", "x"), true,
	  "f.cf:1: A: names a rule that does not exist: NONE" },
	{ "bad pattern", "body A /(/\n" OK("A", "x"), true, "f.cf:1: A: " },
	{ "no delimiter", "body A x\n", true, "f.cf:1: A: want a pattern" },
	{ "bad flag", "body A /x/q\n", true, "f.cf:1: A: unknown letter q" },
	{ "bad expression", "meta A (1 +\n", true, "f.cf:1: A: " },
	{ "bad score", "score A lots\n", true, "f.cf:1: score: A" },
	{ "three scores", "score A 1 2 3\n", true, "f.cf:1: score: A" },
	{ "score without a rule", "score A 1\n", true,
	  "f.cf:1: A: no such rule" },
	{ "bad name", "body 1A /x/\n", true, "f.cf:1: 1A: a rule's name" },
	{ "twice", "body A /x/\n" OK("A", "x") "body A /y/\n", true,
	  "f.cf:4: A: defined before" },
	{ "eval", "header A eval:check()\n", true, "f.cf:1: A: eval" },
	{ "endif alone", "endif\n", true, "f.cf:1: endif without if" },
	{ "if alone", "if 1\n", true, "f.cf:1: if without endif" },
	{ "bad condition", "if what\nendif\n", true, "f.cf:1: if: " },
	{ "bad date", "body A /x/\nexpires A soon\n", false,
	  "f.cf:2: A: expires" },
	{ "bad action", "body A /x/\naction A shout\n", false,
	  "f.cf:2: A: action" },
	{ "bad label", "body A /x/\naction A tag two words\n", false,
	  "f.cf:2: A: action tag" },
	{ "may hold", "body A /x/\naction A hold\n", false, NULL },
	{ "may not reject", "body A /x/\naction A reject no\n", false,
	  "f.cf:2: A: action reject: not allowed" },
	{ "code in a pattern", "body A /(?{1})/\n", true, "f.cf:1: A: code" },
	{ "bad header modifier", "header A To:what =~ /x/\n", true,
	  "f.cf:1: A: unknown modifier" },
	{ "no such file", "include none.cf\n", false, "f.cf:1: none.cf: " },
	{ "depends on itself", "meta A B\n" OK("A", "x") "meta B A\n"
	  OK("B", "x"), true, "A: depends on itself" },
	{ "empty phrase", "phrase A \xe2\x80\x8b\n", true,
	  "f.cf:1: A: phrase has no letters" },
};

static void
test_faults(void **state)
{
	struct rules	*r;
	struct err	 e;
	size_t		 i;
	int		 rc;

	(void)state;
	for (i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		e.msg[0] = '\0';
		rc = load(faults[i].rules, faults[i].strict, true, &r, &e);
		rules_free(&r);
		if (faults[i].want == NULL) {
			if (rc == -1)
				fail_msg("%s: %s", faults[i].row, e.msg);
		} else if (rc == 0 || strstr(e.msg, faults[i].want) == NULL)
			fail_msg("%s: \"%s\"", faults[i].row, e.msg);
	}
}

static void
test_needed(void **state)
{
	static const char	text[] = "body __A /Buy/\nbody __B /Buy/\n"
				    "meta M __A\nmeta __N __B\n";
	struct rules		*r;
	struct rules_info	 info;
	struct err		 e;

	(void)state;
	assert_int_equal(load(text, false, false, &r, &e), 0);
	rules_info(r, rules_find(r, "__A"), &info);
	assert_true(info.active);
	rules_info(r, rules_find(r, "__B"), &info);
	assert_false(info.active);
	rules_free(&r);
}

static void
test_budget(void **state)
{
	struct rules_scan_options	 opt = { .budget_us = 1 };
	struct rules_result		*res;
	struct rules_info		 info;
	struct rules			*r;
	struct view			*v;
	struct buf			 b = BUF_INIT(1 << 20);
	struct err			 e;
	size_t				 i;

	(void)state;
	for (i = 0; i < 200; i++)
		assert_int_equal(buf_addf(&b, "body A%zu /(x+)+y/\n", i), 0);
	assert_int_equal(load(b.data, false, true, &r, &e), 0);
	buf_reset(&b);
	assert_int_equal(buf_adds(&b, "To: a\n\n"), 0);
	for (i = 0; i < 2000; i++)
		assert_int_equal(buf_adds(&b, "xxxxxxxxxx"), 0);
	assert_int_equal(view_open(b.data, b.len, &lim, &v, &e), 0);
	assert_int_equal(rules_scan(r, v, &opt, &res, &e), 0);
	assert_true(res->over_budget != (size_t)-1);
	rules_info(r, res->over_budget, &info);
	assert_int_equal(info.name[0], 'A');
	rules_result_free(&res);
	view_free(&v);
	rules_free(&r);
	buf_free(&b);
}

static void
test_explain(void **state)
{
	struct rules_scan_options	 opt = { .explain = true };
	struct rules_result		*res;
	struct rules			*r;
	struct view			*v;
	struct err			 e;

	(void)state;
	assert_int_equal(load("body A /n.w/\n", false, true, &r, &e), 0);
	assert_int_equal(view_open(B, sizeof B - 1, &lim, &v, &e), 0);
	assert_int_equal(rules_scan(r, v, &opt, &res, &e), 0);
	assert_int_equal(res->n, 1);
	assert_string_equal(res->v[0].text, "now");
	assert_string_equal(res->v[0].where, "body");
	assert_int_equal(res->v[0].piece, 0);
	assert_int_equal(res->v[0].at, 4);
	rules_result_free(&res);
	view_free(&v);
	rules_free(&r);
}

#define THREADS	4

static void *
one_thread(void *arg)
{
	char	got[256];
	long	i, wrong = 0;

	for (i = 0; i < 200; i++) {
		score(arg, B, "news", got, sizeof got);
		wrong += strcmp(got, "2.00 A C") != 0;
	}
	return (void *)wrong;
}

static void
test_threads(void **state)
{
	pthread_t	 t[THREADS];
	struct rules	*r;
	struct err	 e;
	void		*wrong;
	size_t		 i;

	(void)state;
	assert_int_equal(load("body A /buy/i\nheader C To:addr =~ /ann/\n"
	    "uri D /x/\n", false, true, &r, &e), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, one_thread, r),
		    0);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(t[i], &wrong), 0);
		assert_null(wrong);
	}
	rules_free(&r);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_needed),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

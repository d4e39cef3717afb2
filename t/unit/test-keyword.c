/* SPDX-License-Identifier: BSD-2-Clause */
/* test-keyword.c - the rows of keyword.c's table: score, action, verdict */
#include "unit.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "frame/drive.h"
#include "keyword/keyword.h"

static char	dir[] = "/tmp/test-keyword.XXXXXX";
static char	rules[64];

static const char rule_text[] =
    "body ONE /\\bone\\b/\nscore ONE 1\n"
    "body THREE /\\bthree\\b/\nscore THREE 3\n"
    "body FIVE /\\bfive\\b/\nscore FIVE 5\n"
    "body NEG /\\bminus\\b/\nscore NEG -2\n"
    "body TAGGED /\\blabel\\b/\nscore TAGGED 0.1\naction TAGGED tag found\n"
    "action TAGGED tag found\naction TAGGED tag twice\n"
    "body HELD /\\bhold\\b/\nscore HELD 0.1\naction HELD hold\n"
    "body REFUSED /\\brefuse\\b/\nscore REFUSED 0.1\n"
    "action REFUSED reject Not that word\n"
    "body TOLD /\\btell\\b/\nscore TOLD 0.1\naction TOLD notify ops\n"
    "body SLOW /^slow:(\\w+\\s?)*$/\nscore SLOW 0.1\n"
    "body HERE /\\bhere\\b/\nscore HERE 2\nstream HERE news\n";

static const char conf_text[] =
    "[stream news]\nclass = bulk\nmatch_sender = @news.example\n"
    "tag_score = 1\nhold_score = 3\nreject_score = 6\n"
    "[stream free]\nclass = bulk\nmatch_sender = @free.example\n";

static int
setup(void **state)
{
	struct err	e = { "", 0 };

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(rules, sizeof rules, "%s/r.cf", dir);
	return file_write_new(rules, 0644, rule_text, sizeof rule_text - 1,
	    true, &e);
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(rules);
	(void)rmdir(dir);
	return 0;
}

/* open_drive - with more lines for section [keyword] */
static struct drive *
open_drive(const char *more, struct conf **c)
{
	static const struct frame_policy *const	policies[] = {
		&keyword_policy, NULL
	};
	char					text[4096];
	struct drive				*d;
	struct err				 e;

	(void)snprintf(text, sizeof text, "[keyword]\nrules = %s\n%s%s",
	    rules, more, conf_text);
	if (conf_parse("f", text, strlen(text), c, &e) == -1 ||
	    drive_open(*c, policies, &d, &e) == -1)
		fail_msg("%s", e.msg);
	return d;
}

#define SCORE(s)	"append X-Mailweir-Score: " s "\n"
#define HITS(h)		"append X-Mailweir-Hits: " h "\n"
#define TAG(t)		"append X-Mailweir-Tag: " t "\n"
#define HOLD(s)		"quarantine mailweir-keyword: score " s "\n"

/* With "three" and CRLF the body has exactly 1,024 octets. */
#define W9		"a phrase "
#define W113		W9 W9 W9 W9 W9 W9 W9 W9 W9 W9 W9 W9 "text "
#define WORDS		W113 W113 W113 W113 W113 W113 W113 W113 W113

static const struct row {
	const char		*row, *more, *sender, *header, *body;
	enum frame_verdict	 verdict;
	const char		*reply, *plan, *event;
} rows[] = {
	{ "nothing", "", "a@news.example", "", "words", FRAME_CONTINUE, NULL,
	  SCORE("0.0"), "scored policy=keyword score=0.00 verdict=pass by=-" },
	{ "tagged by score", "", "a@news.example", "", "one",
	  FRAME_CONTINUE, NULL, SCORE("1.0") HITS("ONE=1.0") TAG("suspect"),
	  "verdict=tag by=score stream=news hits=\"ONE=1.0\"" },
	{ "below the threshold", "", "a@news.example", "", "one minus",
	  FRAME_CONTINUE, NULL, SCORE("-1.0") HITS("ONE=1.0, NEG=-2.0"),
	  "verdict=pass" },
	{ "held by score", "", "a@news.example", "", "one three",
	  FRAME_CONTINUE, NULL, SCORE("4.0") HITS("ONE=1.0, THREE=3.0")
	  TAG("suspect") HOLD("4.0 (score)"), "verdict=hold" },
	{ "refused by score", "", "a@news.example", "", "one five",
	  FRAME_REJECT, "550 5.7.1 Message refused for what it says", "",
	  "verdict=reject by=score" },
	{ "own text of refusal", "reject_text = No such mail\n",
	  "a@news.example", "", "one five", FRAME_REJECT,
	  "550 5.7.1 No such mail", "", NULL },
	{ "a stream without thresholds", "", "a@free.example", "",
	  "one three five", FRAME_CONTINUE, NULL, SCORE("9.0")
	  HITS("ONE=1.0, THREE=3.0, FIVE=5.0"), "verdict=pass" },
	{ "thresholds of [keyword]", "hold_score = 5\n", "a@free.example",
	  "", "five", FRAME_CONTINUE, NULL, SCORE("5.0") HITS("FIVE=5.0")
	  TAG("suspect") HOLD("5.0 (score)"), NULL },
	{ "the stream's come first", "hold_score = 1\n", "a@news.example",
	  "", "one", FRAME_CONTINUE, NULL, SCORE("1.0") HITS("ONE=1.0")
	  TAG("suspect"), "verdict=tag" },
	{ "action tag", "", "a@free.example", "", "label", FRAME_CONTINUE,
	  NULL, SCORE("0.1") HITS("TAGGED=0.1") TAG("found, twice"),
	  "verdict=tag by=TAGGED" },
	{ "action hold", "", "a@free.example", "", "hold", FRAME_CONTINUE,
	  NULL, SCORE("0.1") HITS("HELD=0.1") TAG("suspect")
	  HOLD("0.1 (HELD)"), "verdict=hold by=HELD" },
	{ "action reject", "", "a@free.example", "", "refuse hold",
	  FRAME_REJECT, "550 5.7.1 Not that word", "",
	  "verdict=reject by=REFUSED" },
	{ "action notify", "", "a@free.example", "", "tell",
	  FRAME_CONTINUE, NULL, SCORE("0.1") HITS("TOLD=0.1"),
	  "keyword_notify policy=keyword notify=ops rule=TOLD" },
	{ "a rule of one stream", "", "a@news.example", "", "here",
	  FRAME_CONTINUE, NULL, SCORE("2.0") HITS("HERE=2.0")
	  TAG("suspect"), NULL },
	{ "and not in another", "", "a@free.example", "", "here",
	  FRAME_CONTINUE, NULL, SCORE("0.0"), NULL },
	{ "forged fields go", "", "a@free.example", "X-Mailweir-Score: -9\n"
	  "x-mailweir-tag: fine\nX-Mailweir-Score: -8\n", "words",
	  FRAME_CONTINUE, NULL, "delete X-Mailweir-Score[2]\n"
	  "delete X-Mailweir-Score[1]\ndelete X-Mailweir-Tag[1]\n"
	  SCORE("0.0"), "forged_removed policy=keyword "
	  "header=X-Mailweir-Score" },
	{ "and are not scored", "", "a@free.example",
	  "X-Mailweir-Hits: one\n", "words", FRAME_CONTINUE, NULL,
	  "delete X-Mailweir-Hits[1]\n" SCORE("0.0"), "hits=-" },
	{ "names of fields", "score_header = X-Spam-Score\nhits_header =\n"
	  "tag_header =\n", "a@news.example", "", "one", FRAME_CONTINUE,
	  NULL, "append X-Spam-Score: 1.0\n", NULL },
	{ "the match limit", "", "a@free.example", "",
	  "slow:aaa aaa aaa aaa aaa aaa aaa aaa aaa aaa aaa aaa !",
	  FRAME_CONTINUE,
	  NULL, SCORE("0.0"), "match_limit policy=keyword rule=SLOW" },
	{ "all of a body", "scan_size = 1K\nover_size = reject\n",
	  "a@free.example", "", WORDS "three", FRAME_CONTINUE, NULL,
	  SCORE("3.0") HITS("THREE=3.0"), "truncated=0" },
	{ "more than is looked at", "scan_size = 1K\n", "a@news.example", "",
	  WORDS "three ", FRAME_CONTINUE, NULL, SCORE("3.0")
	  HITS("THREE=3.0") TAG("suspect") HOLD("3.0 (score)"),
	  "truncated=1" },
	{ "tagged for its size", "scan_size = 1K\nover_size = tag\n",
	  "a@free.example", "", WORDS "one two", FRAME_CONTINUE, NULL,
	  SCORE("1.0") HITS("ONE=1.0") TAG("suspect"),
	  "verdict=tag by=size" },
	{ "held for it", "scan_size = 1K\nover_size = hold\n",
	  "a@free.example", "", WORDS "words ", FRAME_CONTINUE, NULL,
	  SCORE("0.0") TAG("suspect") HOLD("0.0 (size)"), "by=size" },
	{ "refused for it", "scan_size = 1K\nover_size = reject\n",
	  "a@free.example", "", WORDS "words ", FRAME_REJECT,
	  "550 5.7.1 Message too large to be examined", "",
	  "verdict=reject by=size" },
};

static void
test_rows(void **state)
{
	static const char	*const to[] = { "<b@x.example>", NULL };
	struct drive_input	 in = { .rcpts = to };
	struct drive_result	*res;
	struct drive		*d;
	struct conf		*c;
	struct err		 e;
	char			 raw[2048];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row	*r = &rows[i];

		d = open_drive(r->more, &c);
		(void)snprintf(raw, sizeof raw, "From: a@b.example\n%s\n%s\n",
		    r->header, r->body);
		in.sender = r->sender;
		in.raw = raw;
		in.raw_len = strlen(raw);
		assert_int_equal(drive_run(d, &in, &res, &e), 0);
		row_true(drive_verdict(res) == r->verdict, r->row);
		if (r->reply != NULL && strcmp(drive_reply(res), r->reply) !=
		    0)
			fail_msg("%s: %s", r->row, drive_reply(res));
		if (strcmp(drive_plan(res), r->plan) != 0)
			fail_msg("%s: plan %s", r->row, drive_plan(res));
		if (r->event != NULL &&
		    strstr(drive_events(res), r->event) == NULL)
			fail_msg("%s: events %s", r->row, drive_events(res));
		drive_result_free(&res);
		drive_close(&d);
		conf_free(&c);
	}
}

/* What must not load, and why. */
static void
test_refused(void **state)
{
	static const struct frame_policy *const	policies[] = {
		&keyword_policy, NULL
	};
	static const struct {
		const char	*conf, *want;
	} cases[] = {
		{ "[keyword]\nscore_header = a b\n",
		  "f:2: score_header: \"a b\" is no name" },
		{ "[keyword]\nrules = /none.cf\n", "/none.cf" },
		{ "[rules x]\npath = /none.cf\nmay = shout\n",
		  "f:3: may: want some of" },
		{ "[rules x]\nowner = me\n", "path" },
	};
	struct drive				*d;
	struct conf				*c;
	struct err				 e;
	size_t					 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal(conf_parse("f", cases[i].conf,
		    strlen(cases[i].conf), &c, &e), 0);
		row_true(drive_open(c, policies, &d, &e) == -1,
		    cases[i].conf);
		if (strstr(e.msg, cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].conf, e.msg);
		conf_free(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

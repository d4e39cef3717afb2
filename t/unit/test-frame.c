/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-frame.c - the message, its plan, and policies behind each other
 */
#include "unit.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "frame/drive.h"
#include "frame/gen.h"
#include "frame/plan.h"
#include "toy.h"

static const char message[] =
    "From: Ann <a@s.example>\n"
    "Subject: hello\n"
    "To: b@w.example\n"
    "Received: one\n"
    "Received: two\n"
    "\n"
    "line one\n"
    "line two\n";

/* The result of one message under a configuration given as text. */
struct run {
	struct conf		*conf;
	struct drive		*drive;
	struct drive_result	*result;
	char			 path[64];
};

/* prepare - the toys under this text; -1 with *e as drive_open has it */
static int
prepare(struct run *r, const char *text,
    const struct frame_policy *const *policies, struct err *e)
{
	memset(r, 0, sizeof *r);
	(void)snprintf(r->path, sizeof r->path, "/tmp/test-frame.%ld.conf",
	    (long)getpid());
	assert_int_equal(file_write_new(r->path, 0600, text, strlen(text),
	    true, e), 0);
	assert_int_equal(conf_read(r->path, &r->conf, e), 0);
	return drive_open(r->conf, policies, &r->drive, e);
}

static void
done(struct run *r)
{
	drive_result_free(&r->result);
	drive_close(&r->drive);
	conf_free(&r->conf);
	(void)unlink(r->path);
}

static const char *const one_rcpt[] = { "<b@w.example>", NULL };

/* play - raw through the toys; the result stays in r */
static void
play_raw(struct run *r, const char *text, const char *raw, size_t len,
    const char *const *rcpts)
{
	static const struct frame_policy *const both[] = {
		&toy_policy, &see_policy, NULL
	};
	struct drive_input	in = {
		.conn = { .smtp = true, .client_addr = "192.0.2.1" },
		.sender = "<a@s.example>", .rcpts = rcpts, .raw = raw,
		.raw_len = len, .qid = "4Q",
	};
	struct err		e = { .msg = "" };

	if (prepare(r, text, both, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(drive_run(r->drive, &in, &r->result, &e), 0);
}

static void
play(struct run *r, const char *text)
{
	play_raw(r, text, message, strlen(message), one_rcpt);
}

/* ---- what a plan takes ---- */

static void
test_header_ok(void **state)
{
	static const struct {
		const char	*row, *name, *value;
		int		 want;
	} t[] = {
		{ "plain", "X-Score", "3.2", 0 },
		{ "empty value", "X-Score", "", 0 },
		{ "eight bits", "Subject", "gr\xc3\xbc\xc3\x9f", 0 },
		{ "fold by tab", "X", "a\n\tb", 0 },
		{ "fold by blank", "X", "a\n b", 0 },
		{ "fold first", "X", "\n\ta", 0 },
		{ "tab", "X", "a\tb", 0 },
		{ "no name", "", "a", -1 },
		{ "blank in the name", "X Y", "a", -1 },
		{ "colon in the name", "X:", "a", -1 },
		{ "control in the name", "X\n", "a", -1 },
		{ "line end without fold", "X", "a\nb", -1 },
		{ "line end at the end", "X", "a\n", -1 },
		{ "fold of nothing", "X", "a\n\t\n\tb", -1 },
		{ "fold of nothing at the end", "X", "a\n \t", -1 },
		{ "CR", "X", "a\rb", -1 },
		{ "CRLF fold", "X", "a\r\n b", -1 },
		{ "escape", "X", "a\033b", -1 },
		{ "DEL", "X", "a\177b", -1 },
	};
	struct err	e;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof *t; i++)
		row_true(plan_header_ok(t[i].name, t[i].value, &e) ==
		    t[i].want, t[i].row);
}

/* a line of 998 octets is the longest, the name counts on the first one */
static void
test_header_lengths(void **state)
{
	struct err	 e;
	char		*text = malloc(PLAN_VALUE_MAX + 2);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', PLAN_VALUE_MAX + 1);
	text[995] = '\0';
	assert_int_equal(plan_header_ok("X", text, &e), 0);
	text[995] = 'a';
	text[996] = '\0';
	assert_int_equal(plan_header_ok("X", text, &e), -1);
	text[996] = 'a';
	text[PLAN_VALUE_MAX + 1] = '\0';
	assert_int_equal(plan_header_ok("X", text, &e), -1);
	assert_non_null(strstr(e.msg, "more than"));
	free(text);
}

static void
test_path_ok(void **state)
{
	static const struct {
		const char	*row, *path;
		int		 want;
	} t[] = {
		{ "plain", "<a@b.example>", 0 },
		{ "null sender", "<>", 0 },
		{ "quoted", "<\"a b\"@c.example>", 0 },
		{ "UTF-8", "<\xc3\xbc@c.example>", 0 },
		{ "bare", "a@b.example", -1 },
		{ "open", "<a@b.example", -1 },
		{ "newline", "<a@b.example\n>", -1 },
		{ "empty", "", -1 },
		{ "nothing", NULL, -1 },
	};
	struct err	e;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof *t; i++)
		row_true(plan_path_ok(t[i].path, &e) == t[i].want, t[i].row);
	assert_int_equal(plan_reason_ok("over the threshold", &e), 0);
	assert_int_equal(plan_reason_ok("", &e), -1);
	assert_int_equal(plan_reason_ok("two\nlines", &e), -1);
	assert_int_equal(plan_reason_ok("gr\xc3\xbcn", &e), -1);
}

/* ---- one policy ---- */

static void
test_edits(void **state)
{
	struct run	 r;
	const char	*text;
	size_t		 len;

	(void)state;
	play(&r, "[toy]\ninsert = X-Top: 1\nappend = X-End: 2\n"
	    "change = Subject: [tag] hello\nremove = Received: x\n"
	    "sender = <c@s.example>\nadd = <d@w.example>\n"
	    "delete = <b@w.example>\nfooter = -- foot\n");
	assert_int_equal(drive_verdict(r.result), FRAME_CONTINUE);
	assert_string_equal(drive_plan(r.result),
	    "insert 0 X-Top: 1\n"
	    "append X-End: 2\n"
	    "change Subject[1]: [tag] hello\n"
	    "delete Received[1]\n"
	    "delete-rcpt <b@w.example>\n"
	    "add-rcpt <d@w.example>\n"
	    "sender <c@s.example>\n"
	    "body 29 octets\n"
	    "insert 0 X-Seen: eoh=1/6 body=0/0 kept=0 total=29\\n"
	    "\\theaders=6 rcpts=1 sender=<a@s.example>\\n"
	    "\\tsmtp=yes client=[192.0.2.1] login=\n");
	text = drive_message(r.result, &len);
	assert_non_null(strstr(text, "\r\nX-Top: 1\r\nFrom: Ann <a@s.example>"
	    "\r\nSubject: [tag] hello\r\nTo: b@w.example\r\nReceived: two\r\n"
	    "X-End: 2\r\n\r\nline one\r\nline two\r\n-- foot\r\n"));
	done(&r);

	/* who holds does not decide: those behind are asked */
	play(&r, "[toy]\nhold = because\n");
	assert_int_equal(drive_verdict(r.result), FRAME_CONTINUE);
	assert_ptr_equal(strstr(drive_plan(r.result),
	    "quarantine because\ninsert 0 X-Seen: "), drive_plan(r.result));
	done(&r);
}

/* the wrong edit stops all edits of the message, whoever made them */
static void
test_faults(void **state)
{
	static const struct {
		const char	*fault, *why;
	} t[] = {
		{ "name", "not a header name" },
		{ "newline", "no fold" },
		{ "cr", "control octet" },
		{ "undeclared", "not declared" },
		{ "late", "not at end of message" },
	};
	char		text[128];
	struct run	r;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		(void)snprintf(text, sizeof text,
		    "[toy]\ninsert = X-Top: 1\nfault = %s\n", t[i].fault);
		play(&r, text);
		row_true(drive_verdict(r.result) == FRAME_TEMPFAIL,
		    t[i].fault);
		row_true(strcmp(drive_reply(r.result),
		    "451 4.3.0 Try again later") == 0, t[i].fault);
		row_true(strstr(drive_events(r.result),
		    "edit_refused policy=toy") != NULL, t[i].fault);
		row_true(strstr(drive_events(r.result), t[i].why) != NULL,
		    t[i].fault);
		done(&r);
	}
}

static void
test_verdicts(void **state)
{
	static const struct {
		const char		*at;
		enum frame_verdict	 want;
		const char		*reply;
	} t[] = {
		{ "eoh:reject", FRAME_REJECT,
		  "550 5.7.1 Message refused by policy" },
		{ "eoh:tempfail", FRAME_TEMPFAIL,
		  "451 4.3.0 Try again later" },
		{ "body:reject", FRAME_REJECT,
		  "550 5.7.1 Message refused by policy" },
		{ "eom:discard", FRAME_DISCARD, "" },
		{ "eom:reject", FRAME_REJECT,
		  "550 5.7.1 Message refused by policy" },
		{ "none:", FRAME_CONTINUE, "" },
	};
	char		text[128];
	struct run	r;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		(void)snprintf(text, sizeof text,
		    "[toy]\nsee_body = yes\nverdict_at = %s\n", t[i].at);
		play(&r, text);
		row_true(drive_verdict(r.result) == t[i].want, t[i].at);
		row_true(strcmp(drive_reply(r.result), t[i].reply) == 0,
		    t[i].at);
		/* see_policy comes after, and must not have been asked */
		row_true((strstr(drive_plan(r.result), "X-Seen") != NULL) ==
		    (t[i].want == FRAME_CONTINUE), t[i].at);
		done(&r);
	}
}

static void
test_rcpts(void **state)
{
	static const char *const rcpts[] = {
		"<b@w.example>", "<no@w.example>", "c@w.example", NULL
	};
	static const char *const twice[] = {
		"<b@w.example>", "<b@w.example>", NULL
	};
	const char	*reply;
	struct run	 r;

	(void)state;
	play_raw(&r, "[toy]\nrefuse = <no@w.example>\n", message,
	    strlen(message), rcpts);
	assert_int_equal(drive_rcpt_verdict(r.result, 0, &reply),
	    FRAME_CONTINUE);
	assert_int_equal(drive_rcpt_verdict(r.result, 1, &reply),
	    FRAME_REJECT);
	assert_string_equal(reply, "550 5.7.1 100% refused, \"so\"");
	assert_int_equal(drive_verdict(r.result), FRAME_CONTINUE);
	assert_non_null(strstr(drive_plan(r.result), "rcpts=2 "));
	done(&r);

	play_raw(&r, "[toy]\ndiscard = <no@w.example>\n", message,
	    strlen(message), rcpts);
	assert_int_equal(drive_verdict(r.result), FRAME_DISCARD);
	done(&r);

	/* mail from sendmail(1) has no brackets; policies see them */
	play_raw(&r, "[toy]\ndelete = <c@w.example>\n", message,
	    strlen(message), rcpts);
	assert_non_null(strstr(drive_plan(r.result),
	    "delete-rcpt <c@w.example>\n"));
	/* the policy behind sees them as at RCPT */
	assert_non_null(strstr(drive_plan(r.result), "rcpts=3 "));
	done(&r);

	/* one that was added and deleted again, and an old one given twice */
	play_raw(&r, "[toy]\nadd = <d@w.example> <e@w.example>\n"
	    "delete = <b@w.example>\nadd_first = yes\n", message,
	    strlen(message), twice);
	assert_non_null(strstr(drive_plan(r.result),
	    "add-rcpt <d@w.example>\nadd-rcpt <e@w.example>\n"
	    "delete-rcpt <b@w.example>\n"));
	assert_non_null(strstr(drive_events(r.result), "rcpts=2\n"));
	assert_non_null(strstr(drive_plan(r.result), "rcpts=2 "));
	done(&r);
	play_raw(&r, "[toy]\nadd = <d@w.example> <e@w.example>\n"
	    "delete = <d@w.example>\nadd_first = yes\n", message,
	    strlen(message), twice);
	assert_non_null(strstr(drive_events(r.result), "rcpts=3\n"));
	done(&r);
}

/* ---- one behind the other ---- */

static void
test_body_ways(void **state)
{
	static const struct {
		const char	*row, *conf, *want;
	} t[] = {
		{ "nobody asks", "", "body=0/0 kept=0 total=20" },
		{ "hashed as it passes", "[see]\nsee_body = yes\n",
		  "eoh=1/5 body=20/1 kept=0 total=20" },
		{ "kept in part", "[see]\nkeep = 8\n",
		  "body=0/0 kept=8 total=20" },
		{ "only my own part", "[toy]\nkeep = 20\n[see]\nkeep = 4\n",
		  "body=0/0 kept=4 total=20" },
		{ "behind a footer: edited, at the end",
		  "[toy]\nfooter = foot\ninsert = X-Top: 1\n"
		  "[see]\nsee_body = yes\nkeep = 1K\n",
		  "eoh=1/6 body=26/1 kept=26 total=26" },
		{ "a footer on a body that is too large: streamed",
		  "[chain]\nmax_body = 10\n[toy]\nfooter = foot\n"
		  "insert = X-Top: 1\n[see]\nsee_body = yes\nkeep = 1K\n",
		  "eoh=1/5 body=20/1 kept=10 total=20" },
	};
	struct run	r;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		play(&r, t[i].conf);
		row_true(drive_verdict(r.result) == FRAME_CONTINUE, t[i].row);
		row_true(strstr(drive_plan(r.result), t[i].want) != NULL,
		    t[i].row);
		done(&r);
	}
}

/* a body that comes in many pieces and outgrows what may be kept midway */
static void
test_catch_up(void **state)
{
	struct run	 r;
	struct buf	 raw = BUF_INIT(1u << 20);
	size_t		 i;

	(void)state;
	(void)buf_adds(&raw, "Subject: big\n\n");
	for (i = 0; i < 5000; i++)
		(void)buf_addf(&raw, "this is line %05zu of the body\r\n", i);
	play_raw(&r, "[chain]\nmax_body = 100000\n[toy]\nfooter = foot\n"
	    "[see]\nsee_body = yes\n", raw.data, raw.len, one_rcpt);
	assert_int_equal(drive_verdict(r.result), FRAME_CONTINUE);
	/* first what was kept, then the piece that was too much, then more */
	assert_non_null(strstr(drive_plan(r.result),
	    "eoh=1/1 body=160000/3 kept=0 total=160000"));
	done(&r);
	buf_free(&raw);
}

/* ---- limits ---- */

static void
test_limits(void **state)
{
	static const char *const three[] = { "<a@w>", "<b@w>", "<c@w>", NULL };
	static const struct {
		const char		*row, *conf;
		enum frame_verdict	 want;
		const char		*reply, *event;
	} t[] = {
		{ "fields, refused", "max_headers = 4", FRAME_REJECT,
		  "552 5.3.4 ", "what=headers limit=4 verdict=reject" },
		{ "fields, just enough", "max_headers = 5", FRAME_CONTINUE,
		  "", "toy_done" },
		{ "fields, later", "max_headers = 4\nover_limit = tempfail",
		  FRAME_TEMPFAIL, "451 4.3.4 ", "verdict=tempfail" },
		{ "fields, passed", "max_headers = 4\nover_limit = pass",
		  FRAME_CONTINUE, "", "verdict=pass" },
		{ "recipients", "max_recipients = 2", FRAME_REJECT,
		  "552 5.3.4 ", "what=recipients limit=2" },
		{ "recipients, just enough", "max_recipients = 3",
		  FRAME_CONTINUE, "", "toy_done" },
	};
	char		text[128];
	struct run	r;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof t / sizeof *t; i++) {
		(void)snprintf(text, sizeof text, "[chain]\n%s\n", t[i].conf);
		play_raw(&r, text, message, strlen(message), three);
		row_true(drive_verdict(r.result) == t[i].want, t[i].row);
		row_true(strncmp(drive_reply(r.result), t[i].reply,
		    strlen(t[i].reply)) == 0, t[i].row);
		row_true(strstr(drive_events(r.result), t[i].event) != NULL,
		    t[i].row);
		done(&r);
	}
}

/* a field of one megabyte, and ten thousand of them */
static void
test_monsters(void **state)
{
	struct run	r;
	struct buf	raw = BUF_INIT(4u << 20);
	size_t		i;

	(void)state;
	(void)buf_adds(&raw, "X-Long: ");
	for (i = 0; i < 1u << 20; i++)
		(void)buf_addc(&raw, 'a');
	(void)buf_adds(&raw, "\n\nbody\n");
	play_raw(&r, "", raw.data, raw.len, one_rcpt);
	assert_int_equal(drive_verdict(r.result), FRAME_REJECT);
	assert_non_null(strstr(drive_events(r.result), "what=header_size"));
	done(&r);

	buf_reset(&raw);
	for (i = 0; i < 10000; i++)
		(void)buf_addf(&raw, "X-%zu: v\n", i);
	(void)buf_adds(&raw, "\nbody\n");
	play_raw(&r, "", raw.data, raw.len, one_rcpt);
	assert_int_equal(drive_verdict(r.result), FRAME_REJECT);
	assert_non_null(strstr(drive_events(r.result), "what=headers"));
	done(&r);

	/* NUL octets anywhere are just octets */
	buf_reset(&raw);
	(void)buf_add(&raw, "Sub\0ject: a\nX: a\0b\n\nbo\0dy\n", 26);
	play_raw(&r, "[see]\nkeep = 100\n", raw.data, raw.len, one_rcpt);
	assert_int_equal(drive_verdict(r.result), FRAME_CONTINUE);
	done(&r);
	buf_free(&raw);
}

/* ---- configuration ---- */

static void
test_configuration(void **state)
{
	static const struct frame_policy *const one[] = { &toy_policy, NULL };
	struct conf_schema	schemas[FRAME_SCHEMAS];
	struct err		e = { .msg = "" };
	struct run		r;

	(void)state;
	assert_int_equal(prepare(&r, "[toy]\nsocket_mode = rwx\n", one, &e),
	    -1);
	assert_non_null(strstr(e.msg, ".conf:2: socket_mode: "));
	done(&r);
	assert_int_equal(prepare(&r, "[toy]\nmax_headers = 0\n", one, &e), -1);
	assert_non_null(strstr(e.msg, ".conf:2: max_headers: "));
	done(&r);

	/* the frame's parameters and a policy's stand in one section */
	assert_int_equal(frame_schemas("toy", one, schemas, FRAME_SCHEMAS,
	    &e), 0);
	assert_int_equal(prepare(&r, "[toy]\nmax_headers = 9\nkeep = 3\n", one,
	    &e), 0);
	assert_int_equal(conf_check(r.conf, schemas, &e), 0);
	done(&r);
	assert_int_equal(prepare(&r, "[toy]\nmax_hedders = 9\n", one, &e), 0);
	assert_int_equal(conf_check(r.conf, schemas, &e), -1);
	assert_non_null(strstr(e.msg, ".conf:2: max_hedders: "));
	done(&r);
}

/* what people and golden files read */
static void
test_print(void **state)
{
	static const char *const rcpts[] = {
		"<b@w.example>", "<no@w.example>", NULL
	};
	char		*text = NULL;
	size_t		 len;
	struct run	 r;
	FILE		*f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	play_raw(&r, "[toy]\nrefuse = <no@w.example>\ninsert = X-Top: \"1\"\n",
	    message, strlen(message), rcpts);
	drive_print(r.result, false, f);
	assert_int_equal(fflush(f), 0);
	assert_non_null(strstr(text, "recipient <no@w.example>: reject 550 "
	    "5.7.1 100% refused, \"so\"\n"));
	assert_non_null(strstr(text,
	    "event toy_done policy=toy headers=6 rcpts=1\n"));
	assert_non_null(strstr(text, "edit toy: insert 0 X-Top: \"1\"\n"));
	assert_non_null(strstr(text, "\nverdict continue\n"));
	(void)rewind(f);
	drive_print(r.result, true, f);
	(void)fclose(f);
	assert_non_null(strstr(text, "\"edits\":[{\"policy\":\"toy\","
	    "\"edit\":\"insert\",\"name\":\"X-Top\",\"n\":0,"
	    "\"value\":\"\\\"1\\\"\"},"));
	free(text);
	done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_ok),
		cmocka_unit_test(test_header_lengths),
		cmocka_unit_test(test_path_ok),
		cmocka_unit_test(test_edits),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_rcpts),
		cmocka_unit_test(test_body_ways),
		cmocka_unit_test(test_catch_up),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_monsters),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_print),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* test-feedback.c - what the parser says of mail of many kinds */
#include "unit.h"

#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "feedback/feedback.h"

static struct bounces	*table;

static struct feedback *
parse(const char *raw, size_t len, const char *rcpt)
{
	struct feedback_ctx	ctx = { .bounces = table };
	struct feedback		*fb;
	struct err		 e = { "", 0 };

	if (feedback_parse(&ctx, raw, len, rcpt, &fb, &e) == -1)
		fail_msg("%s", e.msg);
	return fb;
}

/* Events of files in t/data/feedback; one row an event. */
static const struct row {
	const char	*file;
	size_t		 i, n;
	const char	*kind, *recipient, *original;
	const char	*status, *code, *reason, *type;
	bool		 hard;
} rows[] = {
	{ "dsn-postfix", 0, 2, "bounce", "ann@far.example", "ann@far.example",
	  "5.1.1", "550", "userunknown", "", true },
	{ "dsn-postfix", 1, 2, "delayed", "bob@far.example",
	  "robert@alias.example", "4.2.2", "452", "mailboxfull", "", false },
	{ "dsn-utf8", 0, 1, "bounce", "gr\xc3\xbcn@far.example",
	  "gr\xc3\xbcn@far.example", "5.1.1", "", "userunknown", "", true },
	{ "dsn-lost-boundary", 0, 1, "bounce", "ann@far.example", "",
	  "5.7.1", "550", "blocked", "", false },
	{ "prose-exim", 0, 1, "bounce", "ann@far.example", "", "5.2.2", "550",
	  "mailboxfull", "", false },
	{ "prose-alias", 0, 2, "bounce", "ann@far.example",
	  "anna@alias.example", "", "", "hostunknown", "", true },
	{ "prose-alias", 1, 2, "bounce", "bob@far.example",
	  "robert@alias.example", "5.7.1", "554", "blocked", "", false },
	{ "prose-james", 0, 1, "bounce", "ann@far.example", "", "", "550",
	  "userunknown", "", true },
	{ "prose-outlook", 0, 1, "bounce", "ann@far.example", "", "5.1.10",
	  "550", "userunknown", "", true },
	{ "prose-qmail", 0, 2, "bounce", "ann@far.example", "", "5.1.1",
	  "550", "userunknown", "", true },
	{ "prose-qmail", 1, 2, "bounce", "bob@none.example", "", "5.1.2", "",
	  "hostunknown", "", true },
	{ "prose-warning", 0, 1, "delayed", "ann@far.example", "", "", "",
	  "expired", "", false },
	{ "prose-nested", 0, 1, "bounce", "ann@far.example", "", "5.7.1",
	  "554", "spamdetected", "", false },
	/* what usual systems write, each in words of its own */
	{ "vendor-exim", 0, 1, "bounce", "carla@shop.example",
	  "", "5.1.1", "550", "userunknown", "",
	  true },
	{ "vendor-qmail", 0, 1, "bounce", "dora@hotel.example",
	  "", "5.7.1", "554", "spamdetected", "",
	  false },
	{ "vendor-sendmail", 0, 1, "bounce", "emil@firma.example",
	  "", "5.2.2", "550", "mailboxfull", "",
	  false },
	{ "vendor-courier", 0, 1, "bounce", "fritz@verein.example",
	  "", "", "550", "userunknown", "",
	  true },
	{ "vendor-gmail", 0, 1, "bounce", "gerda@schule.example",
	  "", "5.2.1", "550", "suspend", "",
	  false },
	{ "vendor-ews", 0, 1, "bounce", "hanna@corp.example",
	  "", "5.1.1", "", "userunknown", "",
	  true },
	{ "vendor-yahoo", 0, 1, "bounce", "ines@praxis.example",
	  "", "5.1.1", "550", "userunknown", "",
	  true },
	{ "vendor-zoho", 0, 1, "bounce", "jan@werk.example",
	  "", "5.1.1", "550", "userunknown", "",
	  true },
	{ "vendor-domino", 0, 1, "bounce", "klaus@bank.example",
	  "", "", "", "userunknown", "",
	  true },
	{ "vendor-imail", 0, 1, "bounce", "lena@nirgends.example",
	  "", "", "", "hostunknown", "",
	  true },
	{ "vendor-de", 0, 1, "bounce", "max@amt.example",
	  "", "5.1.1", "550", "userunknown", "",
	  true },
	{ "vendor-postfix-delay", 0, 1, "delayed", "nora@klinik.example",
	  "", "", "", "expired", "",
	  false },
	{ "vendor-james", 0, 1, "bounce", "otto@ort.example",
	  "", "5.7.1", "550", "blocked", "",
	  false },
	{ "vendor-gmx", 0, 1, "bounce", "paula@heim.example",
	  "", "5.1.1", "", "userunknown", "",
	  true },
	{ "vendor-jp", 0, 1, "bounce", "quirin@ezweb.ne.jp",
	  "", "", "", "mailboxfull", "",
	  false },
	{ "vendor-fr", 0, 1, "bounce", "rosa@ville.example",
	  "", "5.1.1", "550", "userunknown", "",
	  true },
	{ "vendor-mta-prose", 0, 1, "bounce", "sven@dorf.example",
	  "", "", "", "mailboxfull", "",
	  false },
	{ "vendor-ses", 0, 1, "bounce", "tina@laden.example",
	  "", "", "", "undefined", "",
	  false },
	{ "vendor-mailmarshal", 0, 1, "bounce", "udo@amt2.example",
	  "", "5.1.1", "550", "userunknown", "",
	  true },
	{ "vendor-mfilter", 0, 1, "bounce", "vera@kaisha.example.jp",
	  "", "5.1.1", "550", "userunknown", "",
	  true },
	{ "vendor-vacation", 0, 1, "vacation", "wim@far.example",
	  "", "", "", "vacation", "",
	  false },
	{ "arf-abuse", 0, 1, "complaint", "ann@isp.example", "", "", "", "",
	  "abuse", false },
	{ "arf-notspam", 0, 1, "not-spam", "ann@isp.example", "", "", "", "",
	  "not-spam", false },
	{ "arf-auth", 0, 1, "other", "ann@isp.example", "", "", "", "",
	  "auth-failure", false },
	{ "jmrp", 0, 1, "complaint", "ann@mail.example", "", "", "", "",
	  "abuse", false },
	{ "ses-bounce", 0, 1, "bounce", "ann@far.example", "", "5.1.1",
	  "550", "userunknown", "", true },
	{ "vacation", 0, 1, "vacation", "ann@far.example", "", "", "",
	  "vacation", "", false },
	{ "vacation-subject", 0, 1, "vacation", "ann@far.example", "", "", "",
	  "vacation", "", false },
	{ "mdn", 0, 1, "other", "ann@far.example", "", "", "", "", "", false },
	{ "receipt", 0, 1, "delivered", "ann@far.example", "", "", "",
	  "delivered", "", false },
	{ "unsubscribe-word", 0, 1, "optout", "ann@far.example", "", "", "",
	  "", "", false },
};

static void
check(const struct row *r, const struct feedback *fb)
{
	const struct feedback_event	*ev;

	if (fb->n != r->n)
		fail_msg("%s: %zu events", r->file, fb->n);
	ev = &fb->v[r->i];
#define SAME(want, got)							\
	if (strcasecmp((want), (got)) != 0)				\
		fail_msg("%s %zu: %s: want \"%s\", got \"%s\"", r->file, \
		    r->i, #got, (want), (got))
	SAME(r->kind, feedback_kind_name(ev->kind));
	SAME(r->recipient, ev->recipient);
	SAME(r->original, ev->original_recipient);
	SAME(r->status, ev->status);
	SAME(r->code, ev->code);
	SAME(r->reason, ev->reason);
	SAME(r->type, ev->feedback_type);
	row_true(ev->hard == r->hard, r->file);
}

/* as_crlf - the same mail as LMTP brings it */
static char *
as_crlf(const char *p, size_t n, size_t *len)
{
	char	*out = malloc(2 * n + 1);
	size_t	 i, k = 0;

	assert_non_null(out);
	for (i = 0; i < n; i++) {
		if (p[i] == '\n')
			out[k++] = '\r';
		out[k++] = p[i];
	}
	*len = k;
	return out;
}

static void
test_files(void **state)
{
	char		 path[256], *data, *crlf;
	struct err	 e = { "", 0 };
	size_t		 i, len, n;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct feedback	*fb;

		(void)snprintf(path, sizeof path, SRCDIR
		    "/t/data/feedback/%s.eml", rows[i].file);
		if (file_read(path, 1 << 20, &data, &len, &e) == -1)
			fail_msg("%s", e.msg);
		fb = parse(data, len, NULL);
		check(&rows[i], fb);
		feedback_free(&fb);
		crlf = as_crlf(data, len, &n);
		fb = parse(crlf, n, NULL);
		check(&rows[i], fb);
		feedback_free(&fb);
		free(crlf);
		free(data);
	}
}

static void
test_original(void **state)
{
	char		*data;
	size_t		 len;
	struct feedback	*fb;
	struct err	 e = { "", 0 };

	(void)state;
	if (file_read(SRCDIR "/t/data/feedback/dsn-postfix.eml", 1 << 20,
	    &data, &len, &e) == -1)
		fail_msg("%s", e.msg);
	fb = parse(data, len, NULL);
	assert_true(fb->original.present);
	assert_false(fb->original.whole);
	assert_string_equal(fb->v[0].message_id, "<nov@sender.example>");
	assert_string_equal(fb->v[1].list_id, "<news.sender.example>");
	assert_string_equal(fb->v[1].feedback_id, "nov:news:bulk:sender");
	assert_string_equal(fb->v[0].reporter, "mx.sender.example");
	feedback_free(&fb);
	free(data);
}

static void
test_no_feedback(void **state)
{
	static const char *const mails[] = {
		"", "\n", "\r\n\r\n", "\r\r\r", "Subject: x",
		"From: a@b.example\nSubject: hello\n\nHow are you?\n",
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof mails / sizeof mails[0]; i++) {
		struct feedback	*fb = parse(mails[i], strlen(mails[i]), NULL);

		row_true(fb->n == 0, mails[i]);
		row_true(fb->why[0] != '\0', mails[i]);
		feedback_free(&fb);
	}
}

/* statuses and codes are numbers among numbers */
static void
test_status(void **state)
{
	static const struct { const char *said, *status, *code; } cases[] = {
	{ "550 5.1.1 no", "5.1.1", "550" },
	{ "550-5.7.26 no", "5.7.26", "550" },
	{ "host 192.0.2.45 said: 451 busy", "", "451" },
	{ "(#4.4.1)", "4.4.1", "" },
	{ "Postfix 3.7.11 and 8.14.4/8.14.4 by 10.5.5.1", "", "" },
	{ "size 552,331 octets; 5500 users; ID 450abc", "", "" },
	{ "5.1.1.7 and 5.0.2195", "", "" },
	{ "it said 4.2.2, then 550 5.2.2 full", "5.2.2", "550" },
	{ "2.1.5 Ok", "", "" },
	};
	struct buf	b = BUF_INIT(4096);
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct feedback	*fb;

		buf_reset(&b);
		(void)buf_addf(&b, "From: MAILER-DAEMON@a.example\n"
		    "Subject: failure notice\n\nSorry.\n\n<b@c.example>:\n%s\n",
		    cases[i].said);
		fb = parse(b.data, b.len, NULL);
		row_true(fb->n == 1, cases[i].said);
		if (strcmp(fb->v[0].status, cases[i].status) != 0 ||
		    strcmp(fb->v[0].code, cases[i].code) != 0)
			fail_msg("%s: got \"%s\" \"%s\"", cases[i].said,
			    fb->v[0].status, fb->v[0].code);
		feedback_free(&fb);
	}
	buf_free(&b);
}

static void
test_json(void **state)
{
	static const char mail[] =
	    "From: MAILER-DAEMON@a.example\nSubject: failure notice\n\n"
	    "<b@c.example>:\n550 \"no\" \\ \x01 \xff \xc3\xbc\n";
	struct feedback	*fb = parse(mail, sizeof mail - 1, NULL);
	struct buf	 out = BUF_INIT(8192);

	(void)state;
	assert_int_equal(feedback_json(fb, 0, "a\"b", &out), 0);
	assert_non_null(strstr(out.data, "{\"file\":\"a\\\"b\",\"event\":1,"
	    "\"kind\":\"bounce\",\"recipient\":\"b@c.example\""));
	assert_non_null(strstr(out.data, "550 \\\"no\\\" \\\\ "));
	assert_non_null(strstr(out.data, "\"confidence\":0.90}"));
	buf_free(&out);
	feedback_free(&fb);
}

/* the table: own rows first, faults named by file and line */
static void
test_table(void **state)
{
	char		 path[] = "/tmp/mw-bounces.XXXXXX";
	int		 fd = mkstemp(path);
	struct bounces	*b;
	struct err	 e = { "", 0 };
	struct bounces_facts f = { .status = "5.1.1", .text = "User unknown" };
	static const char rows_text[] = "# own\n\n"
	    "spamdetected status=5.1.* "
	    "text=\"user  UNKNOWN|x\" not=\"really\"\n"
	    "%hard spamdetected\n";

	(void)state;
	assert_string_equal(bounces_find(table, &f)->reason, "userunknown");
	assert_true(write(fd, rows_text, strlen(rows_text)) > 0);
	assert_int_equal(bounces_load(path, &b, &e), 0);
	assert_string_equal(bounces_find(b, &f)->reason, "spamdetected");
	assert_true(bounces_find(b, &f)->hard);
	assert_int_equal(bounces_find(b, &f)->line, 3);
	f.text = "Really, user unknown";
	assert_string_equal(bounces_find(b, &f)->reason, "userunknown");
	f = (struct bounces_facts){ 0 };
	assert_string_equal(bounces_find(b, &f)->reason, "undefined");
	bounces_free(&b);
	assert_true(write(fd, "blocked colour=red\n", 19) == 19);
	assert_int_equal(bounces_load(path, &b, &e), -1);
	assert_non_null(strstr(e.msg, ":5: unknown condition: colour=red"));
	close(fd);
	unlink(path);
}

/* work and memory stay in bounds (times are bench/feedback's) */
static void
test_bounds(void **state)
{
	static const char head[] = "From: MAILER-DAEMON@a.example\n"
	    "Subject: failure notice\n";
	struct buf	b = BUF_INIT(16u << 20);
	struct feedback	*fb;
	int		i;

	(void)state;
	/* 20,000 recipients */
	(void)buf_addf(&b, "%s\n", head);
	for (i = 0; i < 20000; i++)
		(void)buf_addf(&b, "<u%d@c.example>: 550 no\n", i);
	fb = parse(b.data, b.len, NULL);
	assert_true(fb->n <= FEEDBACK_EVENTS_MAX);
	feedback_free(&fb);
	/* one line of 278 KB; all at-signs; all boundaries */
	for (i = 0; i < 4; i++) {
		static const char *const piece[] = { "x", "@", "a@b", "=?" };

		buf_reset(&b);
		(void)buf_addf(&b, "%s\n", head);
		while (b.len < 278000)
			(void)buf_adds(&b, piece[i]);
		fb = parse(b.data, b.len, NULL);
		feedback_free(&fb);
	}
	/* 1,000 messages in each other, 10,000 parts */
	buf_reset(&b);
	for (i = 0; i < 1000; i++)
		(void)buf_addf(&b, "%sContent-Type: message/rfc822\n\n", head);
	fb = parse(b.data, b.len, NULL);
	assert_true(fb->truncated);
	feedback_free(&fb);
	buf_reset(&b);
	(void)buf_addf(&b, "%sContent-Type: multipart/report; boundary=x\n\n",
	    head);
	for (i = 0; i < 10000; i++)
		(void)buf_adds(&b, "--x\nContent-Type: message/"
		    "delivery-status\n\nFinal-Recipient: rfc822;a@b.c\n\n");
	fb = parse(b.data, b.len, NULL);
	assert_true(fb->truncated);
	feedback_free(&fb);
	buf_free(&b);
}

static int
setup(void **state)
{
	struct err	e = { "", 0 };

	(void)state;
	if (bounces_load(NULL, &table, &e) == -1)
		fail_msg("%s", e.msg);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bounces_free(&table);
	return 0;
}

/* reply - Postfix's bounce of a reply to this command */
static void
reply(const char *command, const char *text, struct buf *out)
{
	static const struct { const char *command, *said; } said[] = {
		{ "RCPT", "(in reply to RCPT TO command)" },
		{ "DATA", "(in reply to end of DATA command)" },
		{ "MAIL", "(in reply to MAIL FROM command)" },
		{ "CONN", "" },
	};
	size_t	i = 0;

	while (strcmp(said[i].command, command) != 0)
		assert_true(++i < sizeof said / sizeof said[0]);
	buf_reset(out);
	(void)buf_addf(out, "From: MAILER-DAEMON@mx.sender.example\n"
	    "To: news@sender.example\n"
	    "Subject: Undelivered Mail Returned to Sender\n"
	    "Content-Type: multipart/report; report-type=delivery-status; "
	    "boundary=b\n\n--b\n\n"
	    "<u@far.example>: host mx.far.example[192.0.2.99] %s: %s %s\n\n"
	    "--b\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; mx.sender.example\n\n"
	    "Final-Recipient: rfc822; u@far.example\nAction: failed\n"
	    "Status: %c.0.0\nRemote-MTA: dns; mx.far.example\n"
	    "Diagnostic-Code: smtp; %s\n\n--b--\n",
	    said[i].said[0] == '\0' ? "refused to talk to me" : "said", text,
	    said[i].said, text[0], text);
}

/* t/data/feedback/replies.tsv: what receivers say, and what it means */
static void
test_replies(void **state)
{
	struct buf	 b = BUF_INIT(65536);
	struct feedback	*fb;
	char		 line[2048], *reason, *text;
	FILE		*f = fopen(SRCDIR "/t/data/feedback/replies.tsv", "r");
	int		 n = 0, bad = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			continue;
		reason = strchr(line, '\t');
		assert_non_null(reason);
		*reason++ = '\0';
		text = strchr(reason, '\t');
		assert_non_null(text);
		*text++ = '\0';
		reply(line, text, &b);
		fb = parse(b.data, b.len, NULL);
		n++;
		assert_int_equal(fb->n, 1);
		/* what is temporary is never for good */
		row_true(text[0] != '4' || !fb->v[0].hard, text);
		if (strcmp(fb->v[0].reason, reason) != 0) {
			print_message("# %s, not %s: %s\n", fb->v[0].reason,
			    reason, text);
			bad++;
		}
		feedback_free(&fb);
	}
	(void)fclose(f);
	buf_free(&b);
	assert_true(n > 280);
	assert_int_equal(bad, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_replies),
	cmocka_unit_test(test_files),
	cmocka_unit_test(test_original),
	cmocka_unit_test(test_no_feedback),
	cmocka_unit_test(test_status),
	cmocka_unit_test(test_json),
	cmocka_unit_test(test_table),
	cmocka_unit_test(test_bounds),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

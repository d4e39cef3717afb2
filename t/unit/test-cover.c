/* SPDX-License-Identifier: BSD-2-Clause */
/* test-cover.c - one-click headers leave only under a signature: the table of
 * milters/dkim/cover.c, a row for each line */
#include "unit.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "dkim/cover.h"
#include "dkim/dkey.h"
#include "dkim/dkim.h"
#include "frame/drive.h"

#define LINK	"List-Unsubscribe: <https://u.example/1>\r\n"
#define POST	"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
#define FROM	"From: news@s.example\r\n"
#define TOLD	"One-click unsubscribe headers of stream news leave only " \
		"under a DKIM signature that covers them: "

static char	dir[] = "/tmp/test-cover.XXXXXX";

static const struct {
	const char		*name, *conf, *client, *header;
	enum frame_verdict	 verdict;
	const char		*reply, *event;
} rows[] = {
	{ "signed", "require_signing = yes\n", "127.0.0.1", FROM LINK POST,
	  FRAME_CONTINUE, "", "dkim_signed" },
	{ "signed, fields twice", "require_signing = yes\n", "127.0.0.1",
	  FROM LINK LINK POST POST, FRAME_CONTINUE, "", "dkim_signed" },
	{ "not asked for", "", "127.0.0.1", "From: a@nokey.example\r\n" LINK
	  POST, FRAME_CONTINUE, "", "dkim_unsigned" },
	{ "no one-click header", "require_signing = yes\n", "127.0.0.1",
	  "From: a@nokey.example\r\n" LINK, FRAME_CONTINUE, "",
	  "dkim_unsigned" },
	{ "another stream", "require_signing = yes\nmatch_header = X-News\n",
	  "127.0.0.1", "From: a@nokey.example\r\n" LINK POST, FRAME_CONTINUE,
	  "", "dkim_unsigned" },
	{ "by header", "require_signing = yes\nmatch_header = X-News\n",
	  "127.0.0.1", "From: a@nokey.example\r\nX-News: 1\r\n" LINK POST,
	  FRAME_REJECT, "550 5.7.1 " TOLD "no key for the domain",
	  "dkim_uncovered policy=dkim stream=news why=\"no key" },
	{ "no key", "require_signing = yes\n", "127.0.0.1",
	  "From: a@nokey.example\r\n" LINK POST, FRAME_REJECT,
	  "550 5.7.1 " TOLD "no key for the domain", "dkim_uncovered" },
	{ "not our client", "require_signing = yes\n", "192.0.2.1",
	  FROM LINK POST, FRAME_REJECT,
	  "550 5.7.1 " TOLD "its client is not one of ours",
	  "dkim_uncovered" },
	{ "two From fields", "require_signing = yes\n", "127.0.0.1",
	  FROM FROM LINK POST, FRAME_REJECT,
	  "550 5.7.1 " TOLD "more than one From field", "dkim_uncovered" },
	{ "cannot be signed", "require_signing = yes\n", "127.0.0.1",
	  FROM "Subject: a\013b\r\n" LINK POST, FRAME_REJECT,
	  "550 5.7.1 " TOLD, "dkim_uncovered" },
	{ "the post alone", "require_signing = yes\n", "127.0.0.1",
	  FROM POST, FRAME_REJECT,
	  "550 5.7.1 " TOLD "there is no List-Unsubscribe",
	  "dkim_uncovered" },
	{ "a fault of ours", "require_signing = yes\n[dkim]\n"
	  "on_error = pass\nkey_path = DIR/$$domain.pem\nkey_selector = s\n",
	  "127.0.0.1", "From: a@broken.example\r\n" LINK POST,
	  FRAME_TEMPFAIL, "451 4.7.5 " TOLD "signing failed",
	  "dkim_uncovered" },
};

/* path - a file of the test's folder */
static const char *
path(const char *name, char out[200])
{
	(void)snprintf(out, 200, "%s/%s", dir, name);
	return out;
}

static void
put(const char *name, const char *text)
{
	struct err	e = { "", 0 };
	char		p[200];

	assert_int_equal(file_write_new(path(name, p), 0600, text,
	    strlen(text), true, &e), 0);
}

static void
write_conf(const char *settings)
{
	struct buf	 b = BUF_INIT(8192);
	const char	*at;

	buf_addf(&b, "[key k]\ndomain = s.example\nselector = k\nfile = "
	    "%s/k.pem\n[stream news]\nclass = bulk\n", dir);
	for (; (at = strstr(settings, "DIR")) != NULL; settings = at + 3) {
		buf_add(&b, settings, (size_t)(at - settings));
		buf_adds(&b, dir);
	}
	buf_adds(&b, settings);
	put("conf", buf_str(&b));
	buf_free(&b);
}

static void
messages(void **state)
{
	static const struct frame_policy *const policies[] = {
		&dkim_policy, NULL };
	const char		*rcpts[] = { "<ann@a.example>", NULL };
	struct drive_input	 in;
	struct drive_result	*r;
	struct drive		*d;
	struct conf		*c;
	struct err		 e;
	struct buf		 raw = BUF_INIT(8192);
	char			 p[200];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_conf(rows[i].conf);
		if (conf_read(path("conf", p), &c, &e) == -1 ||
		    drive_open(c, policies, &d, &e) == -1)
			fail_msg("%s: %s", rows[i].name, e.msg);
		buf_reset(&raw);
		buf_addf(&raw, "%s\r\nbody\r\n", rows[i].header);
		in = (struct drive_input){ .conn = { .smtp = true,
		    .client_addr = rows[i].client }, .sender =
		    "<news@s.example>", .rcpts = rcpts, .raw = raw.data,
		    .raw_len = raw.len };
		assert_int_equal(drive_run(d, &in, &r, &e), 0);
		if (drive_verdict(r) != rows[i].verdict ||
		    strncmp(drive_reply(r), rows[i].reply,
		    strlen(rows[i].reply)) != 0 ||
		    strstr(drive_events(r), rows[i].event) == NULL)
			fail_msg("%s: %s\n%s", rows[i].name, drive_reply(r),
			    drive_events(r));
		if (rows[i].verdict != FRAME_CONTINUE &&
		    strstr(drive_plan(r), "DKIM-Signature") != NULL)
			fail_msg("%s: %s", rows[i].name, drive_plan(r));
		drive_result_free(&r);
		drive_close(&d);
		conf_free(&c);
	}
	buf_free(&raw);
}

/* what h= must name for the header that is there */
static void
names(void **state)
{
	static const struct {
		unsigned	 links, posts;
		const char	*signature;
		bool		 want;
	} cases[] = {
		{ 1, 1, "v=1; h=From:List-Unsubscribe:List-Unsubscribe-Post",
		  true },
		{ 1, 1, "v=1; h=from :\n\tlist-unsubscribe\n\t:\n\t"
		  "LIST-UNSUBSCRIBE-POST; b=x", true },
		{ 1, 1, "v=1; h=List-Unsubscribe-Post:List-Unsubscribe-Post",
		  false },
		{ 1, 1, "v=1; h=From:List-Unsubscribe; b=List-Unsubscribe-Post",
		  false },
		{ 1, 1, "v=1; h=From:List-Unsubscribe:"
		  "List-Unsubscribe-Postbox", false },
		{ 1, 1, "v=1; b=x", false }, { 1, 1, "", false },
		{ 2, 1, "h=List-Unsubscribe:List-Unsubscribe-Post", false },
		{ 2, 1, "h=List-Unsubscribe:List-Unsubscribe:"
		  "List-Unsubscribe-Post", true },
		{ 1, 2, "h=List-Unsubscribe:List-Unsubscribe-Post", false },
		{ 1, 0, "h=List-Unsubscribe:List-Unsubscribe-Post", false },
		{ 0, 1, "h=List-Unsubscribe:List-Unsubscribe-Post", false },
	};
	struct header_list	l;
	size_t			i;
	unsigned		k;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		header_list_init(&l);
		for (k = 0; k < cases[i].links; k++)
			assert_int_equal(header_insert(&l, 0,
			    "list-unsubscribe", " x", 2), 0);
		for (k = 0; k < cases[i].posts; k++)
			assert_int_equal(header_insert(&l, 0,
			    "List-Unsubscribe-Post", " x", 2), 0);
		row_true(cover_complete(&l, cases[i].signature) ==
		    cases[i].want, cases[i].signature);
		header_list_free(&l);
	}
}

static int
set_up(void **state)
{
	struct dkey	*k;
	struct err	 e;

	(void)state;
	if (mkdtemp(dir) == NULL ||
	    dkey_generate(DKEY_ED25519, 0, &k, &e) == -1)
		return -1;
	put("k.pem", dkey_pem(k));
	put("broken.example.pem", "rubbish\n");
	dkey_free(&k);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = { "k.pem", "broken.example.pem",
		"conf" };
	char	p[200];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof files / sizeof *files; i++)
		(void)unlink(path(files[i], p));
	return rmdir(dir);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(names),
	cmocka_unit_test(messages),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

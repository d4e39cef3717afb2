/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-unsubscribe.c - whom a message goes to, what it brings, what it gets
 *
 * A row is a stream's settings, recipients and header; the plan must be the
 * one written there. Tokens in it are read back and shown as what they say:
 * {unsubscribe ann@a.example news}, {page - news}.
 */
#include "unit.h"

#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "frame/drive.h"
#include "mail/addr.h"
#include "store/key.h"
#include "store/store.h"
#include "token/token.h"
#include "toy.h"
#include "unsubscribe/existing.h"
#include "unsubscribe/fid.h"
#include "unsubscribe/unsubscribe.h"

#define NOW	"1795283760"		/* 2026-11-21T17:56:00Z */
#define DAY	20778
#define KEY	"000102030405060708090a0b0c0d0e0f" \
		"101112131415161718191a1b1c1d1e1f"

#define URL	"unsubscribe_url = https://u.example/u/\n"
#define BOTH	URL "unsubscribe_mailto = u@u.example\n"
#define OURS(who) \
    "append List-Unsubscribe: <https://u.example/u/{unsubscribe " who " news}" \
    ">,\\n\\t<mailto:u+{unsubscribe " who " news}@u.example" \
    "?subject=unsubscribe>\n" \
    "append List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
#define PAGE \
    "append List-Unsubscribe: <https://u.example/u/{page - news}>\n"
#define THEIRS \
    "List-Unsubscribe: <mailto:x@t.example>, <https://t.example/1>\n" \
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
#define DROP_BOTH \
    "delete List-Unsubscribe[1]\ndelete List-Unsubscribe-Post[1]\n"

static char	dir[] = "/tmp/test-unsubscribe.XXXXXX";
static char	conf_file[64], token_path[64], store_path[64];
static struct token_keys	*tokens;
static struct store_keys	*store;

static const char *const	people[] = {
	"ann@a.example", "bob@b.example", "ann@xn--bcher-kva.example"
};

static void
put(const char *path, const char *text)
{
	struct err	e = { "", 0 };

	assert_int_equal(file_write_new(path, 0600, text, strlen(text), true,
	    &e), 0);
}

/* whose - the one whose digest a token holds; "-" for none */
static const char *
whose(const struct token *t)
{
	static const uint8_t	zero[16];
	struct addr		a;
	struct store_id		id;
	size_t			i;

	if (t->store_key == 0 && memcmp(t->digest, zero, 16) == 0)
		return "-";
	for (i = 0; i < sizeof people / sizeof *people; i++) {
		assert_int_equal(addr_normal(people[i], strlen(people[i]),
		    NULL, &a, NULL), ADDR_OK);
		store_keys_address(store, 0, &a, &id);
		if (id.key == t->store_key &&
		    memcmp(id.digest, t->digest, 16) == 0)
			return people[i];
	}
	return "somebody else";
}

/* show_tokens - text with every token replaced by what it says */
static void
show_tokens(const char *s, struct buf *out)
{
	struct token	t;
	size_t		i, n, len[] = { TOKEN_MAIL_SIZE - 1,
	    TOKEN_URL_SIZE - 1 };

	buf_reset(out);
	while (*s != '\0') {
		n = strlen(s);
		for (i = 0; i < 2; i++)
			if (n >= len[i] && token_read(tokens, s, len[i], DAY,
			    1, &t) == TOKEN_VALID)
				break;
		if (i == 2) {
			buf_addc(out, *s++);
			continue;
		}
		assert_int_equal(t.day, DAY);
		buf_addf(out, "{%s %s %s}", token_kind_name(t.kind),
		    whose(&t), t.scope == store_scope_id("news") ? "news" :
		    t.scope == store_scope_id("*") ? "*" : "?");
		s += len[i];
	}
}

/* open_drive - the policy under a stream of these settings, behind one that
 * deletes recipients if a section [toy] says so */
static int
open_drive(const char *settings, struct conf **c, struct drive **d,
    struct err *e)
{
	static const struct frame_policy *const policies[] = {
		&toy_policy, &unsubscribe_policy, NULL };
	char	text[2048];

	(void)snprintf(text, sizeof text, "token_key_file = %s\n"
	    "store_key_file = %s\naddress_rules = a.example:subaddress\n"
	    "[stream news]\nmatch_header = X-Kind:news\n%s", token_path,
	    store_path, settings);
	put(conf_file, text);
	if (conf_read(conf_file, c, e) == -1)
		return -1;
	if (drive_open(*c, policies, d, e) == 0)
		return 0;
	conf_free(c);
	return -1;
}

struct row {
	const char		*name, *settings;
	const char		*rcpts[4];
	const char		*header;
	const char		*plan;
	const char		*event;		/* part of it */
	enum frame_verdict	 verdict;
	const char		*reply;
};

static const struct row rows[] = {
	{ "another stream", "unsubscribe = require\n" BOTH,
	  { "<ann@a.example>" }, "Subject: x\n", "", "" , FRAME_CONTINUE, "" },
	{ "off", BOTH "unsubscribe = off\nlist_id = l.example\n"
	  "feedback_id = a:b:c:acmemail\n", { "<ann@a.example>" },
	  "X-Kind: news\nList-Unsubscribe: broken\n", "", "",
	  FRAME_CONTINUE, "" },
	{ "one", BOTH "unsubscribe = add\n", { "<ann@a.example>" },
	  "X-Kind: news\n", OURS("ann@a.example"),
	  "unsubscribe policy=unsubscribe stream=news action=personal "
	  "was=none recipients=1 verp=no", FRAME_CONTINUE, "" },
	{ "one by two spellings", BOTH "unsubscribe = add\n",
	  { "<Ann+list@A.example>", "<ann@a.example.>" }, "X-Kind: news\n",
	  OURS("ann@a.example"), "action=personal was=none recipients=2",
	  FRAME_CONTINUE, "" },
	{ "international domain", BOTH "unsubscribe = add\n",
	  { "<ann@b\xc3\xbc" "cher.example>" }, "X-Kind: news\n",
	  OURS("ann@xn--bcher-kva.example"), "action=personal",
	  FRAME_CONTINUE, "" },
	{ "https alone", URL "unsubscribe = add\n", { "<ann@a.example>" },
	  "X-Kind: news\n", "append List-Unsubscribe: "
	  "<https://u.example/u/{unsubscribe ann@a.example news}>\n"
	  "append List-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
	  "action=personal", FRAME_CONTINUE, "" },
	{ "mailto alone is not one-click",
	  "unsubscribe_mailto = u@u.example\nunsubscribe = add\n",
	  { "<ann@a.example>" }, "X-Kind: news\n", "append List-Unsubscribe: "
	  "<mailto:u+{unsubscribe ann@a.example news}@u.example"
	  "?subject=unsubscribe>\n", "action=personal", FRAME_CONTINUE, "" },
	{ "subject of the mailto", BOTH "unsubscribe = add\n"
	  "scopes = *\n[unsubscribe]\nmailto_subject =\n",
	  { "<bob@b.example>" }, "X-Kind: news\n", "append List-Unsubscribe: "
	  "<https://u.example/u/{unsubscribe bob@b.example *}>,\\n\\t<mailto:"
	  "u+{unsubscribe bob@b.example *}@u.example>\n"
	  "append List-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
	  "action=personal", FRAME_CONTINUE, "" },
	{ "nobody left", BOTH "unsubscribe = require\n", { NULL },
	  "X-Kind: news\n", "", "", FRAME_CONTINUE, "" },

	/* what is there already */
	{ "add keeps a valid one", BOTH "unsubscribe = add\n",
	  { "<ann@a.example>" }, "X-Kind: news\n" THEIRS, "",
	  "action=kept was=valid", FRAME_CONTINUE, "" },
	{ "require keeps a valid one", BOTH "unsubscribe = require\n"
	  "multiple = reject\n", { "<ann@a.example>", "<bob@b.example>" },
	  "X-Kind: news\n" THEIRS, "", "action=kept was=valid",
	  FRAME_CONTINUE, "" },
	{ "replace", BOTH "unsubscribe = replace\n", { "<ann@a.example>" },
	  "X-Kind: news\n" THEIRS, DROP_BOTH OURS("ann@a.example"),
	  "action=personal was=valid", FRAME_CONTINUE, "" },
	{ "add mends an invalid one", BOTH "unsubscribe = add\n",
	  { "<ann@a.example>" }, "X-Kind: news\nList-Unsubscribe: "
	  "<mailto:x@t.example>\nList-Unsubscribe-Post: "
	  "List-Unsubscribe=One-Click\n", DROP_BOTH OURS("ann@a.example"),
	  "was=invalid recipients=1 verp=no why=\"no https link\"",
	  FRAME_CONTINUE, "" },
	{ "keep keeps an invalid one", BOTH "unsubscribe = keep\n",
	  { "<ann@a.example>" }, "X-Kind: news\nList-Unsubscribe: "
	  "<mailto:x@t.example>\n", "", "action=kept was=invalid",
	  FRAME_CONTINUE, "" },
	{ "keep adds to none", BOTH "unsubscribe = keep\n",
	  { "<ann@a.example>" }, "X-Kind: news\n", OURS("ann@a.example"),
	  "action=personal", FRAME_CONTINUE, "" },
	{ "several fields", BOTH "unsubscribe = add\n",
	  { "<ann@a.example>" }, "List-Unsubscribe: <https://t.example/1>\n"
	  "X-Kind: news\nlist-unsubscribe:\n <https://t.example/2>\n"
	  "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
	  "delete List-Unsubscribe[2]\n" DROP_BOTH OURS("ann@a.example"),
	  "why=\"several List-Unsubscribe\"", FRAME_CONTINUE, "" },
	{ "orphan post", BOTH "unsubscribe = add\n", { "<ann@a.example>" },
	  "X-Kind: news\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n",
	  "delete List-Unsubscribe-Post[1]\n" OURS("ann@a.example"),
	  "was=invalid", FRAME_CONTINUE, "" },

	/* several recipients */
	{ "page", BOTH "unsubscribe = add\n",
	  { "<ann@a.example>", "<bob@b.example>" }, "X-Kind: news\n", PAGE,
	  "action=page was=none recipients=2", FRAME_CONTINUE, "" },
	{ "page drops a one-click post", BOTH "unsubscribe = replace\n",
	  { "<ann@a.example>", "<bob@b.example>" },
	  "X-Kind: news\n" THEIRS, DROP_BOTH PAGE, "action=page was=valid",
	  FRAME_CONTINUE, "" },
	{ "page counts as required", BOTH "unsubscribe = require\n",
	  { "<ann@a.example>", "<bob@b.example>" }, "X-Kind: news\n", PAGE,
	  "action=page", FRAME_CONTINUE, "" },
	{ "no page without https", "unsubscribe_mailto = u@u.example\n"
	  "unsubscribe = add\n", { "<ann@a.example>", "<bob@b.example>" },
	  "X-Kind: news\n", "", "action=skipped was=none recipients=2 verp=no "
	  "why=\"several recipients and no unsubscribe_url\"",
	  FRAME_CONTINUE, "" },
	{ "skip", BOTH "unsubscribe = add\nmultiple = skip\n"
	  "feedback_id = a:b:c:acmemail\n",
	  { "<ann@a.example>", "<bob@b.example>" }, "X-Kind: news\n"
	  "List-Unsubscribe: x\n", "append Feedback-ID: a:b:c:acmemail\n",
	  "action=skipped was=invalid recipients=2", FRAME_CONTINUE, "" },
	{ "skip is not enough where required", BOTH "unsubscribe = require\n"
	  "multiple = skip\n", { "<ann@a.example>", "<bob@b.example>" },
	  "X-Kind: news\n", "", "action=refused", FRAME_REJECT,
	  "550 5.7.1 Mail of stream news needs an unsubscribe link and can "
	  "get none: several recipients" },
	{ "reject", BOTH "unsubscribe = add\nmultiple = reject\n",
	  { "<ann@a.example>", "<bob@b.example>" }, "X-Kind: news\n", "",
	  "action=refused", FRAME_REJECT, "550 5.7.1 Mail of stream news "
	  "carries a personal unsubscribe link: send one message per "
	  "recipient" },
	{ "split: no copy goes out of a replay", BOTH "unsubscribe = add\n"
	  "multiple = split\n[unsubscribe]\nsplit_server = 127.0.0.1:1\n",
	  { "<ann@a.example>", "<bob@b.example>" }, "X-Kind: news\n", "",
	  "action=split was=none recipients=2", FRAME_DISCARD, "" },
	{ "split: one needs none; a forged mark goes", BOTH "unsubscribe = "
	  "require\nmultiple = split\n[unsubscribe]\nsplit_server = "
	  "127.0.0.1:1\n", { "<ann@a.example>" },
	  "X-Kind: news\nX-Mailweir-Split: x\n",
	  "delete X-Mailweir-Split[1]\n" OURS("ann@a.example"),
	  "split_mark policy=unsubscribe what=forged", FRAME_CONTINUE, "" },
	{ "split: a mark on mail of another stream goes, too", BOTH
	  "unsubscribe = require\nmultiple = split\n[unsubscribe]\n"
	  "split_server = 127.0.0.1:1\n", { "<ann@a.example>" },
	  "X-Mailweir-Split: x\nX-Mailweir-Split: y\n",
	  "delete X-Mailweir-Split[1]\ndelete X-Mailweir-Split[1]\n",
	  "what=forged",
	  FRAME_CONTINUE, "" },
	{ "split keeps a valid header", BOTH "unsubscribe = add\n"
	  "multiple = split\n[unsubscribe]\nsplit_server = 127.0.0.1:1\n",
	  { "<ann@a.example>", "<bob@b.example>" }, "X-Kind: news\n" THEIRS,
	  "", "action=kept", FRAME_CONTINUE, "" },
	{ "a broken one among others", BOTH "unsubscribe = add\n",
	  { "<ann>", "<ann@a.example>" }, "X-Kind: news\n", PAGE,
	  "action=page", FRAME_CONTINUE, "" },
	{ "a good one before a broken one", BOTH "unsubscribe = add\n",
	  { "<ann@a.example>", "<ann>" }, "X-Kind: news\n", PAGE,
	  "action=page", FRAME_CONTINUE, "" },
	{ "broken address", BOTH "unsubscribe = add\n", { "<ann>", "<ann>" },
	  "X-Kind: news\n", "", "action=skipped", FRAME_CONTINUE, "" },
	{ "broken address where required", BOTH "unsubscribe = require\n",
	  { "<ann>" }, "X-Kind: news\n", "", "action=refused", FRAME_REJECT,
	  "550 5.7.1 Mail of stream news needs an unsubscribe link and can "
	  "get none: the recipient is no address" },

	/* a milter does not hear of recipients that one before it deleted */
	{ "one is left", BOTH "unsubscribe = add\n[toy]\n"
	  "delete = <bob@b.example>\n",
	  { "<bob@b.example>", "<ann@a.example>" }, "X-Kind: news\n",
	  "delete-rcpt <bob@b.example>\n" PAGE,
	  "action=page was=none recipients=2", FRAME_CONTINUE, "" },

	/* the other headers */
	{ "List-Id, Feedback-ID and CFBL", BOTH "unsubscribe = add\n"
	  "list_id = news.example\ncfbl_address = fbl@s.example\n"
	  "feedback_id = ${header:X-Campaign}:${sender_domain}:${month}:acme5"
	  "\n", { "<ann@a.example>" }, "X-Kind: news\nX-Campaign: Spring: 10%"
	  "\n\toff\nFeedback-ID: x:y:z:forged\nFeedback-ID: 2\n"
	  "CFBL-Address: x@y.example\n",
	  OURS("ann@a.example") "append List-Id: <news.example>\n"
	  "delete Feedback-ID[2]\ndelete Feedback-ID[1]\n"
	  "append Feedback-ID: Spring__10__off:s.example:202611:acme5\n"
	  "delete CFBL-Address[1]\n"
	  "append CFBL-Address: fbl@s.example; report=arf\n"
	  "append CFBL-Feedback-ID: {cfbl ann@a.example news}\n",
	  "action=personal", FRAME_CONTINUE, "" },
	{ "List-Id there, template without values", BOTH "unsubscribe = add\n"
	  "list_id = News <news.example>\ncfbl_address = fbl@s.example\n"
	  "feedback_id = ${list_id}:${stream}:${header:X-None}:acmemail\n",
	  { "<ann@a.example>", "<bob@b.example>" },
	  "X-Kind: news\nList-Id: <old.example>\n",
	  PAGE "append Feedback-ID: news.example:news:-:acmemail\n"
	  "append CFBL-Address: fbl@s.example; report=arf\n"
	  "append CFBL-Feedback-ID: {cfbl - news}\n", "action=page",
	  FRAME_CONTINUE, "" },

	/* return path */
	{ "VERP without unsubscribe", "verp_address = b@b.example\n",
	  { "<ann@a.example>" }, "X-Kind: news\n",
	  "sender <b+{verp ann@a.example news}@b.example>\n",
	  "action=off was=- recipients=1 verp=yes", FRAME_CONTINUE, "" },
	{ "no VERP for several", URL "unsubscribe = add\n"
	  "verp_address = b@b.example\n",
	  { "<ann@a.example>", "<bob@b.example>" }, "X-Kind: news\n", PAGE,
	  "verp=no", FRAME_CONTINUE, "" },
};

static void
messages(void **state)
{
	struct buf		 shown = BUF_INIT(65536), raw = BUF_INIT(65536);
	struct drive_input	 in;
	struct drive_result	*r;
	struct drive		*d;
	struct conf		*c;
	struct err		 e;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (open_drive(rows[i].settings, &c, &d, &e) == -1)
			fail_msg("%s: %s", rows[i].name, e.msg);
		buf_reset(&raw);
		buf_addf(&raw, "%s\nbody\n", rows[i].header);
		in = (struct drive_input){ .conn = { .smtp = true },
		    .sender = "<news@S.example>", .rcpts = rows[i].rcpts,
		    .raw = raw.data, .raw_len = raw.len };
		assert_int_equal(drive_run(d, &in, &r, &e), 0);
		row_true(drive_verdict(r) == rows[i].verdict, rows[i].name);
		row_true(strcmp(drive_reply(r), rows[i].reply) == 0,
		    rows[i].name);
		show_tokens(drive_plan(r), &shown);
		if (strcmp(buf_str(&shown), rows[i].plan) != 0)
			fail_msg("%s:\n%s", rows[i].name, buf_str(&shown));
		if (rows[i].event[0] == '\0' ?
		    strstr(drive_events(r), "policy=unsubscribe") != NULL :
		    strstr(drive_events(r), rows[i].event) == NULL)
			fail_msg("%s:\n%s", rows[i].name, drive_events(r));
		drive_result_free(&r);
		drive_close(&d);
		conf_free(&c);
	}
	buf_free(&shown);
	buf_free(&raw);
}

/* a bounce keeps its empty return path */
static void
null_sender(void **state)
{
	static const char *const rcpts[] = { "<ann@a.example>", NULL };
	static const char	 raw[] = "X-Kind: news\n\n";
	struct drive_input	 in = { .sender = "<>", .rcpts = rcpts,
	    .raw = raw, .raw_len = sizeof raw - 1 };
	struct drive_result	*r;
	struct drive		*d;
	struct conf		*c;
	struct err		 e;

	(void)state;
	assert_int_equal(open_drive("verp_address = b@b.example\n", &c, &d,
	    &e), 0);
	assert_int_equal(drive_run(d, &in, &r, &e), 0);
	assert_string_equal(drive_plan(r), "");
	drive_result_free(&r);
	drive_close(&d);
	conf_free(&c);
}

static void
judged(void **state)
{
	static const struct {
		const char	*link, *post;	/* NULL: no such field */
		enum existing	 want;
		const char	*why;
	} cases[] = {
		{ NULL, NULL, EXISTING_NONE, "" },
		{ "<https://t.example/1>", "List-Unsubscribe=One-Click",
		  EXISTING_VALID, "" },
		{ "(a (b)) <mailto:a@t.example> (c),\n <HTTPS://t.exa\n"
		  " mple/1> ", " list-unsubscribe=one-click", EXISTING_VALID,
		  "" },
		{ "<https://t.example/a,b>", "List-Unsubscribe=One-Click",
		  EXISTING_VALID, "" },
		{ "<https://t.example/1>", NULL, EXISTING_INVALID,
		  "no List-Unsubscribe-Post" },
		{ "<https://t.example/1>", "One-Click", EXISTING_INVALID,
		  "List-Unsubscribe-Post is not" },
		{ "<http://t.example/1>", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "http without TLS" },
		{ "<https://t.example/1>, <http://t.example/1>",
		  "List-Unsubscribe=One-Click", EXISTING_INVALID, "http" },
		{ "<https://t.example/1>, <https://t.example/2>",
		  "List-Unsubscribe=One-Click", EXISTING_INVALID,
		  "several https" },
		{ "<mailto:a@t.example>", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "no https" },
		{ "", NULL, EXISTING_INVALID, "broken" },
		{ "https://t.example/1", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "broken" },
		{ "<https://t.example/1", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "broken" },
		{ "<https://t.example/1> x", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "broken" },
		{ "<https://t.example/1>,", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "broken" },
		{ "<https://>", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "no https" },
		{ "<>", "List-Unsubscribe=One-Click", EXISTING_INVALID,
		  "broken" },
		{ "(never <https://t.example/1>", NULL, EXISTING_INVALID,
		  "broken" },
		{ "<https://t.ex\xc3\xa4mple/1>", "List-Unsubscribe=One-Click",
		  EXISTING_INVALID, "broken" },
		{ NULL, "List-Unsubscribe=One-Click", EXISTING_INVALID,
		  "alone" },
	};
	struct header_list	 l;
	const char		*why;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		header_list_init(&l);
		if (cases[i].link != NULL)
			header_insert(&l, 0, "List-Unsubscribe", cases[i].link,
			    strlen(cases[i].link));
		if (cases[i].post != NULL)
			header_insert(&l, 0, "List-Unsubscribe-Post",
			    cases[i].post, strlen(cases[i].post));
		row_true(existing_judge(&l, &why) == cases[i].want,
		    cases[i].link != NULL ? cases[i].link : "-");
		if (strstr(why, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].link, why);
		header_list_free(&l);
	}
}

/* the footer, by what the message then says; {..} as above */
static const struct {
	const char		*name, *settings, *header, *body;
	const char		*rcpts[3];
	const char		*has;		/* in the message */
	const char		*event;
	enum frame_verdict	 verdict;
	const char		*reply;
} visible_rows[] = {
	{ "off", BOTH "unsubscribe = add\n", "", "Hi\n",
	  { "<ann@a.example>" }, "\r\n\r\nHi\r\n", "unsubscribe policy",
	  FRAME_CONTINUE, "" },
	{ "text", BOTH "unsubscribe = add\nfooter = add\nlist_name = Our "
	  "News\npostal_address = 1 Main St\\nTown\n", "", "Hi\n",
	  { "<ann@a.example>" }, "\r\n\r\nHi\r\n\r\n----------\r\n"
	  "You receive this email because you are subscribed to Our News.\r\n"
	  "Unsubscribe: https://u.example/u/{unsubscribe ann@a.example news}"
	  "\r\n\r\n1 Main St\r\nTown\r\n",
	  "unsubscribe_footer policy=unsubscribe stream=news result=added",
	  FRAME_CONTINUE, "" },
	{ "html", BOTH "unsubscribe = add\nfooter = add\nlist_name = A & B\n",
	  "Content-Type: text/html; charset=utf-8\n", "<body>Hi</body>\n",
	  { "<ann@a.example>" }, "subscribed to A &amp; B.<br>\r\n<a href=\""
	  "https://u.example/u/{unsubscribe ann@a.example news}\">"
	  "Unsubscribe</a></p>\r\n</div>\r\n</body>", "result=added",
	  FRAME_CONTINUE, "" },
	{ "German makes UTF-8 of it", URL "unsubscribe = add\nfooter = add\n"
	  "footer_language = de\n", "", "Hi\n", { "<ann@a.example>" },
	  "Content-Type: text/plain;\r\n\tcharset=utf-8\r\n"
	  "Content-Transfer-Encoding: quoted-printable\r\n"
	  "MIME-Version: 1.0\r\n", "result=added", FRAME_CONTINUE, "" },
	{ "templates", URL "unsubscribe = add\nfooter = add\nfooter_text = "
	  "Bye ${list_name}\\n${unsubscribe_url} $x ${postal_address}\n", "",
	  "Hi\n", { "<ann@a.example>" }, "Hi\r\n\r\nBye news\r\n"
	  "https://u.example/u/{unsubscribe ann@a.example news} $x \r\n",
	  "result=added", FRAME_CONTINUE, "" },
	{ "HTML of a text", URL "unsubscribe = add\nfooter = add\n"
	  "footer_text = <Bye> ${unsubscribe_url}\n",
	  "Content-Type: text/html\n", "Hi\n", { "<ann@a.example>" },
	  "<p>&lt;Bye&gt; <a href=\"https://u.example/u/{unsubscribe "
	  "ann@a.example news}\">https://u.example/u/{unsubscribe "
	  "ann@a.example news}</a></p>", "result=added", FRAME_CONTINUE, "" },
	{ "HTML template", URL "unsubscribe = add\nfooter = add\nlist_name = "
	  "<x>\nfooter_html = <i>${list_name}</i>${unsubscribe_url}\n",
	  "Content-Type: text/html\n", "Hi\n", { "<ann@a.example>" },
	  "<i>&lt;x&gt;</i>https://u.example/u/{unsubscribe ann@a.example "
	  "news}\r\n", "result=added", FRAME_CONTINUE, "" },
	{ "page", URL "unsubscribe = add\nfooter = add\n", "", "Hi\n",
	  { "<ann@a.example>", "<bob@b.example>" },
	  "Unsubscribe: https://u.example/u/{page - news}", "result=added",
	  FRAME_CONTINUE, "" },
	{ "mailto alone", "unsubscribe_mailto = u@u.example\nunsubscribe = "
	  "add\nfooter = add\n", "", "Hi\n", { "<ann@a.example>" },
	  "Unsubscribe: mailto:u+{unsubscribe ann@a.example news}@u.example"
	  "?subject=unsubscribe\r\n", "result=added", FRAME_CONTINUE, "" },
	{ "theirs", URL "unsubscribe = add\nfooter = require\n", THEIRS,
	  "Hi\n", { "<ann@a.example>" }, "Unsubscribe: https://t.example/1"
	  "\r\n", "result=added", FRAME_CONTINUE, "" },
	{ "theirs is there", URL "unsubscribe = add\nfooter = require\n",
	  THEIRS, "Hi https://t.example/1\n", { "<ann@a.example>" },
	  "Hi https://t.example/1\r\n", "result=there", FRAME_CONTINUE, "" },
	{ "no link to show", URL "unsubscribe = keep\nfooter = add\n",
	  "List-Unsubscribe: <mailto:x@t.example>\n", "Hi\n",
	  { "<ann@a.example>" }, "\r\n\r\nHi\r\n",
	  "result=none why=\"there is no link\"", FRAME_CONTINUE, "" },
	{ "signed", URL "unsubscribe = add\nfooter = add\n", "Content-Type: "
	  "multipart/signed; boundary=b\n", "--b\n\nHi\n--b--\n",
	  { "<ann@a.example>" }, "\r\n--b\r\n\r\nHi\r\n--b--\r\n",
	  "result=none why=\"signed or encrypted\"", FRAME_CONTINUE, "" },
	{ "signed, required", URL "unsubscribe = add\nfooter = require\n",
	  "Content-Type: multipart/signed; boundary=b\n",
	  "--b\n\nHi\n--b--\n", { "<ann@a.example>" }, "Hi",
	  "result=refused", FRAME_REJECT, "550 5.7.1 Mail of stream news must "
	  "show an unsubscribe link and can show none: signed or encrypted" },
	{ "too large", URL "unsubscribe = add\nfooter = add\n[chain]\n"
	  "max_body = 64K\n", "", NULL, { "<ann@a.example>" },
	  "List-Unsubscribe-Post", "result=none why=\"larger than max_body",
	  FRAME_CONTINUE, "" },
};

/* play_visible - a row; body NULL: 100 KB */
static struct drive_result *
play_visible(size_t i, const char *body)
{
	struct buf		 raw = BUF_INIT(262144);
	struct drive_input	 in;
	struct drive_result	*r;
	struct drive		*d;
	struct conf		*c;
	struct err		 e;
	size_t			 k;

	if (open_drive(visible_rows[i].settings, &c, &d, &e) == -1)
		fail_msg("%s: %s", visible_rows[i].name, e.msg);
	buf_addf(&raw, "X-Kind: news\n%s\n", visible_rows[i].header);
	for (k = 0; body == NULL && k < 100000 / 8; k++)
		buf_adds(&raw, "1234567\n");
	buf_adds(&raw, body != NULL ? body : "");
	in = (struct drive_input){ .conn = { .smtp = true },
	    .sender = "<news@S.example>", .rcpts = visible_rows[i].rcpts,
	    .raw = raw.data, .raw_len = raw.len };
	assert_int_equal(drive_run(d, &in, &r, &e), 0);
	drive_close(&d);
	conf_free(&c);
	buf_free(&raw);
	return r;
}

static void
visible(void **state)
{
	struct buf		 shown = BUF_INIT(262144), b = BUF_INIT(262144);
	struct drive_result	*r;
	const char		*msg;
	size_t			 i, len;

	(void)state;
	for (i = 0; i < sizeof visible_rows / sizeof *visible_rows; i++) {
		r = play_visible(i, visible_rows[i].body);
		row_true(drive_verdict(r) == visible_rows[i].verdict,
		    visible_rows[i].name);
		row_true(strcmp(drive_reply(r), visible_rows[i].reply) == 0,
		    visible_rows[i].name);
		msg = drive_message(r, &len);
		buf_reset(&b);
		buf_add(&b, msg, len);
		show_tokens(buf_str(&b), &shown);
		if (strstr(buf_str(&shown), visible_rows[i].has) == NULL ||
		    strstr(drive_events(r), visible_rows[i].event) == NULL)
			fail_msg("%s:\n%s\n%s", visible_rows[i].name,
			    buf_str(&shown), drive_events(r));
		drive_result_free(&r);
	}
	buf_free(&shown);
	buf_free(&b);
}

/* a link that an application wrote by itself: his is enough, hers is not */
static void
there_already(void **state)
{
	static const struct {
		const char	*who, *base;
		enum token_kind	 kind;
		bool		 enough;
	} cases[] = {
		{ "ann@a.example", "https://u.example/u/", TOKEN_UNSUB, true },
		{ "bob@b.example", "https://u.example/u/", TOKEN_UNSUB,
		  false },
		{ "ann@a.example", "https://u.example/u/", TOKEN_VERP, false },
		{ "ann@a.example", "https://v.example/u/", TOKEN_UNSUB,
		  false },
	};
	struct drive_result	*r;
	struct store_id		 id;
	struct token		 t;
	struct addr		 a;
	struct err		 e;
	char			 url[TOKEN_URL_SIZE], body[300];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(addr_normal(cases[i].who,
		    strlen(cases[i].who), NULL, &a, NULL), ADDR_OK);
		store_keys_address(store, 0, &a, &id);
		memset(&t, 0, sizeof t);
		t.kind = cases[i].kind;
		t.store_key = id.key;
		memcpy(t.digest, id.digest, sizeof t.digest);
		t.scope = store_scope_id("news");
		t.day = DAY - 3;
		assert_int_equal(token_url(tokens, &t, url, &e), 0);
		(void)snprintf(body, sizeof body, "Go: %s%s.\n",
		    cases[i].base, url);
		r = play_visible(1, body);
		row_true((strstr(drive_events(r), "result=there") != NULL) ==
		    cases[i].enough, cases[i].who);
		drive_result_free(&r);
	}
}

static void
templates(void **state)
{
	static const char *const bad[][2] = {
		{ "a:b:acmemail", "3 parts" },
		{ "a:b:c:d:acmemail", "5 parts" },
		{ "a:b:c:acme", "5 to 15" },
		{ "a:b:c:acmemailacmemail", "5 to 15" },
		{ "a:b:c:acme-mail", "5 to 15" },
		{ "a:b:c:${stream}", "5 to 15" },
		{ "a:${nothing}:c:acmemail", "unknown ${nothing}" },
		{ "a:${header:}:c:acmemail", "unknown" },
		{ "a:${header:A B}:c:acmemail", "unknown" },
		{ "a:${stream:c:acmemail", "unknown" },
		{ "a:$stream:c:acmemail", "unknown" },
		{ "a:b c:d:acmemail", "blanks" },
	};
	struct err	e;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		row_true(fid_check(bad[i][0], &e) == -1, bad[i][0]);
		if (strstr(e.msg, bad[i][1]) == NULL)
			fail_msg("%s: %s", bad[i][0], e.msg);
	}
	assert_int_equal(fid_check(":::acmemail", &e), 0);
	assert_int_equal(fid_check("${header:X-A}:${month}:${class}:Acme7",
	    &e), 0);
}

/* what must keep the program from starting, each with its place */
static void
bad_configs(void **state)
{
	static const char *const cases[][2] = {
		{ BOTH "unsubscribe = add\nfeedback_id = a:b\n",
		  ":9: feedback_id: has 2 parts" },
		{ "[unsubscribe]\nmailto_subject = a b\n",
		  ":7: mailto_subject: \"a b\"" },
		{ "unsubscribe = add\n", ":6: unsubscribe: add needs" },
		{ BOTH "unsubscribe = add\nfooter_text = x\n",
		  ":9: footer_text: without ${unsubscribe_url}" },
		{ BOTH "unsubscribe = add\nfooter_html = ${unsub}\n",
		  ":9: footer_html: unknown ${unsub}" },
		{ "footer = add\n", ":6: footer: needs unsubscribe" },
		{ "require_signing = yes\n",
		  ":6: require_signing: nothing signs here" },
	};
	struct drive	*d;
	struct conf	*c;
	struct err	 e;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		row_true(open_drive(cases[i][0], &c, &d, &e) == -1,
		    cases[i][0]);
		if (strstr(e.msg, cases[i][1]) == NULL)
			fail_msg("%s", e.msg);
	}
	/* keys are read only where tokens are made */
	assert_int_equal(unlink(token_path), 0);
	assert_int_equal(open_drive("unsubscribe = off\n", &c, &d, &e), 0);
	drive_close(&d);
	conf_free(&c);
	assert_int_equal(open_drive(BOTH "unsubscribe = add\n", &c, &d, &e),
	    -1);
	assert_non_null(strstr(e.msg, ":1: token_key_file: "));
}

static int
begin(void **state)
{
	struct err	e;

	(void)state;
	if (setenv("MAILWEIR_FAKE_TIME", NOW, 1) == -1 || mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(conf_file, sizeof conf_file, "%s/conf", dir);
	(void)snprintf(token_path, sizeof token_path, "%s/token.key", dir);
	(void)snprintf(store_path, sizeof store_path, "%s/store.key", dir);
	put(token_path, "7 " KEY "\n");
	put(store_path, "3 " KEY "\n");
	return token_keys_load(token_path, &tokens, &e) == -1 ||
	    store_keys_load(store_path, &store, &e) == -1 ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	token_keys_free(&tokens);
	store_keys_free(&store);
	(void)unlink(conf_file);
	(void)unlink(token_path);
	(void)unlink(store_path);
	return rmdir(dir);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(judged),
	cmocka_unit_test(templates),
	cmocka_unit_test(messages),
	cmocka_unit_test(null_sender),
	cmocka_unit_test(visible),
	cmocka_unit_test(there_already),
	cmocka_unit_test(bad_configs),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, begin, end);
}

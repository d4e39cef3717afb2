/* SPDX-License-Identifier: BSD-2-Clause */
/* test-dkim-policy.c - who signs what: the table of milters/dkim/dkim.c and
 * of choose.c, a row for each line */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "dkim/dkey.h"
#include "dkim/dkim.h"
#include "dkim/dverify.h"
#include "dkim/hosts.h"
#include "frame/drive.h"

#define N(a)	(sizeof (a) / sizeof *(a))

static char		 dir[] = "/tmp/test-dkim-policy.XXXXXX";
static struct dkey	*rsa, *ed;

/* path - a file of the test's folder */
static const char *
path(const char *name, char out[200])
{
	(void)snprintf(out, 200, "%s/%s", dir, name);
	return out;
}

static void
put_file(const char *name, const char *text, mode_t mode)
{
	char	p[200];
	FILE	*f = fopen(path(name, p), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(p, mode), 0);
}

static int
set_up(void **state)
{
	struct err	e;

	(void)state;
	if (mkdtemp(dir) == NULL ||
	    dkey_generate(DKEY_RSA, 2048, &rsa, &e) == -1 ||
	    dkey_generate(DKEY_ED25519, 0, &ed, &e) == -1)
		return -1;
	put_file("rsa.pem", dkey_pem(rsa), 0600);
	put_file("ed.pem", dkey_pem(ed), 0600);
	put_file("open.pem", dkey_pem(ed), 0644);
	put_file("rubbish.pem", "rubbish\n", 0600);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "rsa.pem", "ed.pem", "open.pem",
		"rubbish.pem", "c.conf", "late.pem" };
	char	p[200];
	size_t	i;

	(void)state;
	for (i = 0; i < N(names); i++)
		(void)unlink(path(names[i], p));
	dkey_free(&rsa);
	dkey_free(&ed);
	return rmdir(dir);
}

static int
keys_of(void *arg, const char *name, char *txt, size_t size)
{
	struct buf	b = BUF_INIT(2000);
	struct err	e;

	(void)arg;
	if (dkey_record(name[0] == 'r' ? rsa : ed, &b, &e) == -1)
		return -1;
	(void)snprintf(txt, size, "%s", buf_str(&b));
	buf_free(&b);
	return 1;
}

/* expand - '@' + "DIR" in a configuration is the test's folder */
static void
write_conf(const char *text)
{
	struct buf	 b = BUF_INIT(20000);
	const char	*at;

	for (; (at = strstr(text, "DIR")) != NULL; text = at + 3) {
		(void)buf_add(&b, text, (size_t)(at - text));
		(void)buf_adds(&b, dir);
	}
	(void)buf_adds(&b, text);
	put_file("c.conf", buf_str(&b), 0600);
	buf_free(&b);
}

static const char keys_conf[] =
    "[key r]\ndomain = example.com\nselector = r\nfile = DIR/rsa.pem\n"
    "[key e]\ndomain = example.com\nselector = e\nfile = DIR/ed.pem\n"
    "[key other]\ndomain = other.example\nselector = e\nfile = DIR/ed.pem\n"
    "skip_rcpt_domains = picky.example, .fussy.example\n"
    "[key ann]\ndomain = example.com\nselector = e\nfile = DIR/ed.pem\n"
    "match = ann@example.com\nidentity = ann@example.com\n"
    "match_sasl = AnnLogin\n"
    "[key idn]\ndomain = b\xc3\xbc" "cher.example\nselector = e\n"
    "file = DIR/ed.pem\n";

static struct {
	const char *row, *conf, *sender, *client, *sasl, *rcpt, *from;
	bool local;
	enum frame_verdict verdict;
	int passes;		/* signatures that verify; -1: one, and one
				   that was there before does not;
				   -2: only that one */
	const char *event;	/* part of the events */
} const cases[] = {
	{ "internal, two keys", "", "<x@y.example>", "127.0.0.1", "", NULL,
	  "bob@example.com", false, FRAME_CONTINUE, 2,
	  "dkim_signed policy=dkim domain=example.com keys=r,e n=2" },
	{ "not ours", "", "<x@y.example>", "192.0.2.1", "", NULL,
	  "bob@example.com", false, FRAME_CONTINUE, 0, "dkim_not_ours" },
	{ "logged in", "", "<x@y.example>", "192.0.2.1", "joe", NULL,
	  "bob@example.com", false, FRAME_CONTINUE, 2, "dkim_signed" },
	{ "logged in does not count", "sign_authenticated = no\n",
	  "<x@y.example>", "192.0.2.1", "joe", NULL, "bob@example.com", false,
	  FRAME_CONTINUE, 0, "dkim_not_ours" },
	{ "sendmail command", "", "<x@y.example>", "", "", NULL,
	  "bob@example.com", true, FRAME_CONTINUE, 2, "dkim_signed" },
	{ "network", "internal_hosts = 192.0.2.0/24\n", "<x@y.example>",
	  "192.0.2.77", "", NULL, "bob@example.com", false, FRAME_CONTINUE, 2,
	  "dkim_signed" },
	{ "an address's own key", "", "<x@y.example>", "::1", "", NULL,
	  "Ann@Example.COM", false, FRAME_CONTINUE, 1, "keys=ann n=1" },
	{ "organisational fallback", "", "<x@y.example>", "::1", "", NULL,
	  "bob@news.sub.example.com", false, FRAME_CONTINUE, 2, "keys=r,e" },
	{ "no fallback", "parent_domains = no\n", "<x@y.example>", "::1", "",
	  NULL, "bob@news.example.com", false, FRAME_CONTINUE, 0,
	  "why=\"no key for the domain\"" },
	{ "no key: pass", "", "<x@y.example>", "::1", "", NULL,
	  "bob@nokey.example", false, FRAME_CONTINUE, 0,
	  "dkim_unsigned policy=dkim domain=nokey.example" },
	{ "no key: refuse", "no_key = reject\n", "<x@y.example>", "::1", "",
	  NULL, "bob@nokey.example", false, FRAME_REJECT, 0,
	  "dkim_unsigned" },
	{ "no key: later", "no_key = tempfail\n", "<x@y.example>", "::1", "",
	  NULL, "bob@nokey.example", false, FRAME_TEMPFAIL, 0,
	  "dkim_unsigned" },
	{ "two domains in From", "", "<x@y.example>", "::1", "", NULL,
	  "bob@example.com, \"x, y\" <c@other.example>", false,
	  FRAME_CONTINUE, 3, "keys=r,e,other n=3" },
	{ "group without members", "", "<x@y.example>", "::1", "", NULL,
	  "undisclosed:;", false, FRAME_CONTINUE, 0,
	  "why=\"no address in From\"" },
	{ "group with a member", "", "<x@y.example>", "::1", "", NULL,
	  "team: c@other.example;", false, FRAME_CONTINUE, 1, "keys=other" },
	{ "no address: refuse", "no_key = reject\n", "<x@y.example>", "::1",
	  "", NULL, "nobody", false, FRAME_REJECT, 0, "dkim_unsigned" },
	{ "two From fields", "bad_message = reject\n", "<x@y.example>", "::1",
	  "", NULL, "bob@example.com\r\nFrom: eve@example.com", false,
	  FRAME_REJECT, 0, "more than one From field" },
	{ "no From field", "", "<x@y.example>", "::1", "", NULL, NULL, false,
	  FRAME_CONTINUE, 0, "no From field" },
	{ "EAI domain", "", "<x@y.example>", "::1", "", NULL,
	  "j\xc3\xb6rg@B\xc3\x9c" "CHER.example", false, FRAME_CONTINUE, 1,
	  "domain=xn--bcher-kva.example keys=idn" },
	{ "envelope sender", "sign_by = from, sender\n", "<b@other.example>",
	  "::1", "", NULL, "bob@nokey.example", false, FRAME_CONTINUE, 1,
	  "keys=other" },
	{ "sender first", "sign_by = sender from\n", "<b@other.example>",
	  "::1", "", NULL, "bob@example.com", false, FRAME_CONTINUE, 1,
	  "keys=other" },
	{ "null sender", "sign_by = sender\n", "<>", "::1", "", NULL,
	  "bob@example.com", false, FRAME_CONTINUE, 0, "dkim_unsigned" },
	{ "login", "sign_by = sasl\n", "<>", "192.0.2.1", "annlogin", NULL,
	  "bob@nokey.example", false, FRAME_CONTINUE, 1, "keys=ann" },
	{ "login, other case", "sign_by = sasl\n", "<>", "192.0.2.1",
	  "ANNlogin", NULL, "bob@nokey.example", false, FRAME_CONTINUE, 1,
	  "keys=ann" },
	{ "login as address", "sign_by = sasl\n", "<>", "192.0.2.1",
	  "z@other.example", NULL, "bob@nokey.example", false, FRAME_CONTINUE,
	  1, "keys=other" },
	{ "picky receiver", "", "<x@y.example>", "::1", "",
	  "<q@picky.example>", "b@other.example", false, FRAME_CONTINUE, 0,
	  "why=\"no key is for this recipient's domain\"" },
	{ "fussy receiver", "", "<x@y.example>", "::1", "",
	  "<q@mx.FUSSY.example>", "b@other.example", false, FRAME_CONTINUE, 0,
	  "dkim_unsigned" },
	{ "stream's keys", "[stream s]\nmatch_sender = x@y.example\n"
	  "dkim_keys = other\n", "<x@y.example>", "::1", "", NULL,
	  "bob@example.com", false, FRAME_CONTINUE, 1, "keys=other n=1" },
	{ "another stream", "[stream s]\nmatch_sender = no@y.example\n"
	  "dkim_keys = other\n", "<x@y.example>", "::1", "", NULL,
	  "bob@example.com", false, FRAME_CONTINUE, 2, "keys=r,e n=2" },
	{ "own signature kept", "", "<x@y.example>", "::1", "", NULL,
	  "c@other.example\r\nDKIM-Signature: v=1; a=rsa-sha256; d=gone.test; "
	  "s=r; h=From; bh=AA==; b=AA==", false, FRAME_CONTINUE, -1,
	  "dkim_signed" },
	{ "own signature removed", "existing = remove\n", "<x@y.example>",
	  "::1", "", NULL, "c@other.example\r\ndkim-signature: v=1; "
	  "a=rsa-sha256; d=Other.Example; s=r; h=From; bh=AA==; b=AA==", false,
	  FRAME_CONTINUE, 1, "dkim_removed policy=dkim n=1" },
	{ "own signature stays when there is no other", "existing = remove\n",
	  "<x@y.example>", "::1", "", NULL, "c@other.example\r\nSubject: a\rb"
	  "\r\nDKIM-Signature: v=1; a=rsa-sha256; d=other.example; s=r; "
	  "h=From; bh=AA==; b=AA==", false, FRAME_CONTINUE, -2,
	  "a CR that ends no line" },
	{ "stranger's signature stays", "existing = remove\n",
	  "<x@y.example>", "::1", "", NULL, "c@other.example\r\n"
	  "DKIM-Signature: v=1; a=rsa-sha256; d=gone.test; s=r; h=From; "
	  "bh=AA==; b=AA==", false, FRAME_CONTINUE, -1, "dkim_signed" },
	{ "lone CR", "bad_message = reject\n", "<x@y.example>", "::1", "",
	  NULL, "c@other.example\r\nSubject: a\rb", false, FRAME_REJECT, 0,
	  "a CR that ends no line" },
	{ "libopendkim signs", "engine = libopendkim\nsign_by = sender\n",
	  "<rsa@rsa.example>", "::1", "", NULL, "bob@example.com", false,
	  FRAME_CONTINUE, 1, "keys=rsaonly" },
};

/* play - one message; its result, to be freed */
static struct drive_result *
play(size_t i, const char *body)
{
	static const struct frame_policy *const policies[] = { &dkim_policy,
		NULL };
	const char		*rcpts[] = { cases[i].rcpt != NULL ?
				    cases[i].rcpt : "<r@r.example>", NULL };
	struct drive_input	 in;
	struct drive_result	*res = NULL;
	struct drive		*d;
	struct conf		*conf;
	struct err		 e = { "", 0 };
	struct buf		 raw = BUF_INIT(10000), text = BUF_INIT(20000);
	char			 p[200];

	(void)buf_addf(&text, "[dkim]\n%s%s[key rsaonly]\n"
	    "domain = rsa.example\nselector = r\nfile = DIR/rsa.pem\n",
	    cases[i].conf, keys_conf);
	write_conf(buf_str(&text));
	buf_free(&text);
	if (conf_read(path("c.conf", p), &conf, &e) == -1 ||
	    drive_open(conf, policies, &d, &e) == -1)
		fail_msg("%s: %s", cases[i].row, e.msg);
	if (cases[i].from != NULL)
		(void)buf_addf(&raw, "From: %s\r\n", cases[i].from);
	(void)buf_addf(&raw, "Subject: x\r\n\r\n%s", body);
	memset(&in, 0, sizeof in);
	in.conn.smtp = !cases[i].local;
	in.conn.client_addr = cases[i].client;
	in.conn.sasl_login = cases[i].sasl;
	in.sender = cases[i].sender;
	in.rcpts = rcpts;
	in.raw = raw.data;
	in.raw_len = raw.len;
	in.qid = "Q1";
	if (drive_run(d, &in, &res, &e) == -1)
		fail_msg("%s: %s", cases[i].row, e.msg);
	drive_close(&d);
	conf_free(&conf);
	buf_free(&raw);
	return res;
}

static void
decisions(void **state)
{
	struct drive_result	*res;
	struct dverify_out	 out;
	struct dverify		*ver;
	struct err		 e;
	const char		*msg;
	size_t			 i, k, len;
	int			 passes;

	(void)state;
	assert_int_equal(dverify_open(keys_of, NULL, &ver, &e), 0);
	for (i = 0; i < N(cases); i++) {
		res = play(i, "hello \xe4\r\n\r\nyou\n");
		if (drive_verdict(res) != cases[i].verdict)
			fail_msg("%s: verdict %d, %s", cases[i].row,
			    drive_verdict(res), drive_events(res));
		if (strstr(drive_events(res), cases[i].event) == NULL)
			fail_msg("%s: events:\n%s", cases[i].row,
			    drive_events(res));
		msg = drive_message(res, &len);
		passes = 0;
		memset(&out, 0, sizeof out);
		if (cases[i].from != NULL && strstr(cases[i].from, "\nFrom") ==
		    NULL && strchr(cases[i].from, '@') != NULL &&
		    dverify_raw(ver, msg, len, &out, &e) == -1)
			fail_msg("%s: %s", cases[i].row, e.msg);
		for (k = 0; k < out.n; k++)
			passes += out.sig[k].result == DVERIFY_PASS;
		if (cases[i].passes == -2 ? passes != 0 || out.n != 1 :
		    cases[i].passes == -1 ? passes != 1 || out.n != 2 :
		    passes != cases[i].passes || (size_t)passes != out.n)
			fail_msg("%s: %d of %zu pass\n%s", cases[i].row,
			    passes, out.n, msg);
		drive_result_free(&res);
	}
	dverify_close(&ver);
}

/* order - the first key's signature on top, and none covers another */
static void
order(void **state)
{
	struct drive_result	*res = play(0, "x\r\n");
	const char		*msg, *first, *second;
	size_t			 len;

	(void)state;
	msg = drive_message(res, &len);
	assert_int_equal(strncmp(msg, "DKIM-Signature: v=1; a=rsa", 26), 0);
	first = strstr(msg, "\nDKIM-Signature: v=1; a=ed25519");
	assert_non_null(first);
	second = strstr(msg, "\nFrom: ");
	assert_true(second > first);
	assert_null(strstr(msg, "h=DKIM"));
	assert_null(strstr(msg, ":DKIM-Signature:"));
	drive_result_free(&res);
}

static void
refused(void **state)
{
	static const struct {
		const char *row, *conf, *why;
	} bad[] = {
		{ "key absent", "[key k]\ndomain = a.example\nselector = s\n"
		  "file = DIR/none.pem\n", "c.conf:4: file: " },
		{ "key readable by all", "[key k]\ndomain = a.example\n"
		  "selector = s\nfile = DIR/open.pem\n", "0644" },
		{ "no key at all", "[key k]\ndomain = a.example\n"
		  "selector = s\nfile = DIR/rubbish.pem\n", "c.conf:4: file: "
		},
		{ "domain", "[key k]\ndomain = a..example\nselector = s\n"
		  "file = DIR/ed.pem\n", "c.conf:2: domain: " },
		{ "selector", "[key k]\ndomain = a.example\nselector = s;x\n"
		  "file = DIR/ed.pem\n", "c.conf:3: selector: " },
		{ "identity elsewhere", "[key k]\ndomain = a.example\n"
		  "selector = s\nfile = DIR/ed.pem\nidentity = x@b.example\n",
		  "c.conf:5: identity: " },
		{ "match", "[key k]\ndomain = a.example\nselector = s\n"
		  "file = DIR/ed.pem\nmatch = x@\n", "c.conf:5: match: " },
		{ "no file", "[key k]\ndomain = a.example\nselector = s\n",
		  "file" },
		{ "signed list", "[dkim]\nsign_headers = DKIM-Signature\n",
		  "sign_headers: DKIM-Signature: " },
		{ "sign_by", "[dkim]\nsign_by = from, moon\n",
		  "c.conf:2: sign_by: moon" },
		{ "internal_hosts", "[dkim]\ninternal_hosts = 10.0.0.0/33\n",
		  "c.conf:2: internal_hosts: 10.0.0.0/33" },
		{ "stream's key", "[stream s]\ndkim_keys = moon\n",
		  "c.conf:2: dkim_keys: moon" },
	};
	struct conf	*conf;
	struct err	 e;
	void		*snap;
	char		 p[200];
	size_t		 i;

	(void)state;
	for (i = 0; i < N(bad); i++) {
		write_conf(bad[i].conf);
		assert_int_equal(conf_read(path("c.conf", p), &conf, &e), 0);
		row_true(dkim_policy.load(conf, &snap, &e) == -1, bad[i].row);
		if (strstr(e.msg, bad[i].why) == NULL)
			fail_msg("%s: %s", bad[i].row, e.msg);
		conf_free(&conf);
	}
}

static void
host_table(void **state)
{
	static const char *const items[] = { "127.0.0.0/8", "2001:db8::/32",
		"!127.0.0.9", "mx.a.example", ".b.example", "!bad.b.example",
		NULL };
	static const struct conf_list list = { items, 6 };
	static const struct {
		const char *addr, *name;
		bool in;
	} rows[] = {
		{ "127.0.0.1", "localhost", true },
		{ "127.0.0.9", "localhost", false },
		{ "128.0.0.1", "", false },
		{ "2001:db8::1", "", true },
		{ "IPv6:2001:db8::1", "", true },
		{ "2001:db9::1", "", false },
		{ "::ffff:127.0.0.1", "", true },
		{ "192.0.2.1", "mx.a.example", true },
		{ "192.0.2.1", "MX.B.example", true },
		{ "192.0.2.1", "b.example", false },
		{ "192.0.2.1", "bad.b.example", false },
		{ "192.0.2.1", "unknown", false },
		{ "", "", false },
	};
	struct hosts	*h;
	struct err	 e;
	size_t		 i;

	(void)state;
	assert_int_equal(hosts_load(&list, &h, &e), 0);
	for (i = 0; i < N(rows); i++)
		if (hosts_has(h, rows[i].addr, rows[i].name) != rows[i].in)
			fail_msg("%s %s", rows[i].addr, rows[i].name);
	hosts_free(&h);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(decisions),
	cmocka_unit_test(order),
	cmocka_unit_test(refused),
	cmocka_unit_test(host_table),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

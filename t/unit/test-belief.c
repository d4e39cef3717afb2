/* SPDX-License-Identifier: BSD-2-Clause */
/* test-belief.c - who is believed, and what the store holds after it */
#include "unit.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/common.h"
#include "feedback/apply.h"
#include "feedback/client.h"
#include "feedback/park.h"

#define TODAY	20778u		/* 2026-11-21 */
#define ANN	"Ann@Example.com"

static const char	conf_text[] =
    "[feedback]\n"
    "optout_replies = news\n"
    "park_max = 50\n"
    "[stream news]\n"
    "match_sender = news@s.example\n"
    "class = bulk\n"
    "scopes = news\n"
    "[stream shop]\n"
    "match_sender = shop@s.example\n"
    "class = bulk\n"
    "scopes = shop\n"
    "[reporter mta]\n"
    "local = mx.s.example\n"
    "[reporter fbl]\n"
    "dkim = fbl.example\n"
    "from = @fbl.example\n"
    "[reporter unsigned]\n"
    "spf = spf.example\n"
    "authserv = border.s.example\n"
    "[reporter viaspf]\n"
    "spf = bounce.big.example\n"
    "border = mx.s.example\n"
    "from = @viaspf.example\n"
    "[reporter border]\n"
    "dkim = big.example\n"
    "authserv = border.s.example\n";

/* Everything that apply_mail() needs, in a folder of its own. */
struct world {
	char			 dir[64];
	struct conf		*file;
	struct feedback_conf	 conf;
	struct store_keys	*keys;
	struct token_keys	*tokens, *others;
	struct stream_set	*streams;
	struct bounces		*bounces;
	struct belief		*belief;
	struct store		*store;
	struct apply		 a;
	struct belief_way	 way;	/* of the next mail */
	int			 dkim, spf;	/* what will be answered */
	const char		*asked;	/* client that SPF was asked about */
};

static int
fake_dkim(void *arg, const char *raw, size_t len, const char *domain)
{
	struct world	*w = arg;

	assert_non_null(raw);
	assert_true(len > 0);
	assert_string_equal(domain, "fbl.example");
	return w->dkim;
}

static int
fake_spf(void *arg, const char *client, const char *domain)
{
	struct world	*w = arg;
	static char	 asked[CLIENT_SIZE];

	(void)snprintf(asked, sizeof asked, "%s", client);
	w->asked = asked;
	assert_int_equal(strcasecmp(domain, "bounce.big.example"), 0);
	return w->spf;
}

static const char *
in_dir(const struct world *w, const char *name)
{
	static char	path[4][160];
	static int	i;

	i = (i + 1) % 4;
	(void)snprintf(path[i], sizeof path[i], "%s/%s", w->dir, name);
	return path[i];
}

#define OK(call)							\
do {									\
	e.msg[0] = '\0';						\
	if ((call) == -1)						\
		fail_msg("%s: %s", #call, e.msg);			\
} while (0)

static int
setup(void **state)
{
	struct world	*w = calloc(1, sizeof *w);
	struct err	 e;

	(void)snprintf(w->dir, sizeof w->dir, "/tmp/mw-belief.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	OK(file_write_new(in_dir(w, "conf"), 0600, conf_text,
	    strlen(conf_text), false, &e));
	OK(conf_read(in_dir(w, "conf"), &w->file, &e));
	OK(conf_bind(w->file, conf_find(w->file, "feedback", NULL),
	    feedback_params, &w->conf, &e));
	w->conf.park_dir = strdup(in_dir(w, "parked"));
	OK(store_keys_create(in_dir(w, "store.key"), &e));
	OK(store_keys_load(in_dir(w, "store.key"), &w->keys, &e));
	OK(token_keys_create(in_dir(w, "token.key"), &e));
	OK(token_keys_load(in_dir(w, "token.key"), &w->tokens, &e));
	OK(token_keys_create(in_dir(w, "other.key"), &e));
	OK(token_keys_load(in_dir(w, "other.key"), &w->others, &e));
	OK(stream_set_load(w->file, &w->streams, &e));
	OK(bounces_load(NULL, &w->bounces, &e));
	OK(belief_load(w->file, &w->belief, &e));
	OK(store_create(in_dir(w, "store"), &e));
	OK(store_open(in_dir(w, "store"), STORE_WRITE, w->keys, &w->store,
	    &e));
	belief_set_dkim(w->belief, fake_dkim, w);
	belief_set_spf(w->belief, fake_spf, w);
	w->way = (struct belief_way){ "", "" };
	w->a = (struct apply){ .conf = &w->conf, .ctx = { w->bounces,
	    w->tokens, TODAY, 365 }, .belief = w->belief,
	    .store = w->store, .keys = w->keys, .streams = w->streams,
	    .actor = "test" };
	*state = w;
	return 0;
}

static void
wipe(const char *dir)
{
	struct dirent	*de;
	DIR		*d = opendir(dir);
	char		 path[512];

	while (d != NULL && (de = readdir(d)) != NULL) {
		if (strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", dir, de->d_name);
		if (unlink(path) == -1)
			wipe(path);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(dir);
}

static int
teardown(void **state)
{
	struct world	*w = *state;

	store_close(&w->store);
	belief_free(&w->belief);
	bounces_free(&w->bounces);
	stream_set_free(&w->streams);
	token_keys_free(&w->tokens);
	token_keys_free(&w->others);
	store_keys_free(&w->keys);
	conf_free(&w->file);
	free((void *)(uintptr_t)w->conf.park_dir);
	wipe(w->dir);
	free(w);
	return 0;
}

/* make - a token about an address, for a mail address or a URL */
static const char *
make(const struct world *w, const struct token_keys *keys,
    enum token_kind kind, const char *address, const char *scope,
    uint32_t day, bool url)
{
	static char	out[4][80];
	static int	i;
	struct token	t = { .kind = kind, .scope = store_scope_id(scope),
	    .day = day };
	struct store_id	id;
	struct addr	a;
	struct err	e;

	i = (i + 1) % 4;
	assert_int_equal(addr_normal(address, strlen(address), NULL, &a,
	    NULL), ADDR_OK);
	store_keys_address(w->keys, 0, &a, &id);
	t.store_key = id.key;
	memcpy(t.digest, id.digest, sizeof t.digest);
	if (url)
		OK(token_url(keys, &t, out[i], &e));
	else
		OK(token_mail(keys, &t, out[i], &e));
	return out[i];
}

/* reasons - what the store holds about an address in a scope, as words */
static const char *
reasons(const struct world *w, const char *address, const char *scope)
{
	static char		out[256];
	struct store_entry	hits[STORE_HITS_MAX];
	struct addr		a;
	struct err		e;
	uint32_t		id = store_scope_id(scope);
	int			i, n;

	assert_int_equal(addr_normal(address, strlen(address), NULL, &a,
	    NULL), ADDR_OK);
	OK(n = store_find(w->store, &a, &id, 1, hits, STORE_HITS_MAX, &e));
	out[0] = '\0';
	for (i = 0; i < n; i++)
		(void)snprintf(out + strlen(out), sizeof out - strlen(out),
		    "%s%s=%u", i > 0 ? " " : "",
		    store_reason_name(hits[i].reason), hits[i].count);
	return out;
}

static int
one_id(void *arg, const char *id)
{
	(void)snprintf(arg, PARK_ID, "%s", id);
	return 0;
}

/* parked - how many; the last one's reason */
static long
parked(const struct world *w, char reason[128])
{
	struct parked	p;
	struct err	e;
	char		id[PARK_ID] = "";
	long		n = park_each(w->conf.park_dir, one_id, id, &e);

	reason[0] = '\0';
	if (n > 0) {
		OK(park_get(w->conf.park_dir, id, &p, &e));
		(void)snprintf(reason, 128, "%s", p.reason);
		park_free(&p);
	}
	return n;
}

/* dsn - a report of a dead mailbox; link: token of the returned header */
static char *
dsn(const char *head, const char *recipient, const char *link)
{
	struct buf	b = BUF_INIT(8192);

	(void)buf_addf(&b,
	    "%s"
	    "From: MAILER-DAEMON@mx.far.example\n"
	    "Message-ID: <%s-dsn@mx.far.example>\n"
	    "Subject: Undelivered\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    " boundary=b\n\n--b\n\nSorry.\n"
	    "--b\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; mx.far.example\n\n"
	    "Final-Recipient: rfc822; %s\nAction: failed\nStatus: 5.1.1\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 No such user\n\n"
	    "--b\nContent-Type: text/rfc822-headers\n\n"
	    "From: news@s.example\nTo: x@example.com\nSubject: hi\n"
	    "%s%s%s\n--b--\n", head, recipient[0] == '<' ? "x" : recipient,
	    recipient, link[0] != '\0' ? "List-Unsubscribe:\n <https://u."
	    "s.example/u/" : "", link, link[0] != '\0' ? ">\n" : "");
	assert_false(b.failed);
	return buf_steal(&b);
}

static char *
arf(const char *head, const char *type, const char *link)
{
	struct buf	b = BUF_INIT(8192);

	(void)buf_addf(&b,
	    "%s"
	    "From: Reports <arf@fbl.example>\n"
	    "Message-ID: <%s-%zu-arf@fbl.example>\n"
	    "Content-Type: multipart/report; report-type=feedback-report;\n"
	    " boundary=b\n\n--b\n\nA report.\n"
	    "--b\nContent-Type: message/feedback-report\n\n"
	    "Feedback-Type: %s\nVersion: 1\nUser-Agent: t/1\n\n"
	    "--b\nContent-Type: message/rfc822\n\n"
	    "From: news@s.example\nTo: redacted@example.com\nSubject: hi\n"
	    "%s%s%s\nbody\n--b--\n", head, type, strlen(link), type,
	    link[0] != '\0' ? "List-Unsubscribe: <https://u.s.example/u/" :
	    "", link, link[0] != '\0' ? ">\n" : "");
	assert_false(b.failed);
	return buf_steal(&b);
}

/* put - give it in, free it, say what became of it */
static enum apply_result
put(const struct world *w, char *raw, const char *rcpt)
{
	struct apply_mail	m;
	enum apply_result	r;

	apply_mail(&w->a, raw, strlen(raw), &w->way, rcpt, false, &m);
	r = m.result;
	if (r == APPLY_FAILED)
		print_message("# %s\n", m.err.msg);
	apply_mail_free(&m);
	free(raw);
	return r;
}

static void
test_bounce_by_returned_token(void **state)
{
	struct world	*w = *state;
	const char	*t = make(w, w->tokens, TOKEN_UNSUB, ANN, "news",
	    TODAY - 3, true);
	char		 why[128];

	assert_int_equal(put(w, dsn("", "ann@example.com", t), "b@s.example"),
	    APPLY_CHANGED);
	/* whoever was passed the mail has the link: other mail still goes */
	assert_string_equal(reasons(w, ANN, "*"), "");
	assert_string_equal(reasons(w, ANN, "news"), "hard-bounce=1");
	/* the same once more: known, counted once */
	assert_int_equal(put(w, dsn("", "ann@example.com", t), "b@s.example"),
	    APPLY_KNOWN);
	assert_string_equal(reasons(w, ANN, "news"), "hard-bounce=1");
	/* in the name of somebody else: parked */
	assert_int_equal(put(w, dsn("", "bob@example.com", t), "b@s.example"),
	    APPLY_PARKED);
	assert_string_equal(reasons(w, "bob@example.com", "*"), "");
	assert_int_equal(parked(w, why), 1);
	assert_string_equal(why, "recipient-is-not-tokens");
}

static void
test_bounce_not_believed(void **state)
{
	static const struct { const char *name, *why; bool other; int age; }
	cases[] = {
		{ "no token", "no-token-and-no-listed-reporter", false, -1 },
		{ "another's key", "token-forged", true, 0 },
		{ "too old", "token-expired", false, 400 },
	};
	struct world	*w = *state;
	char		 why[128];
	size_t		 i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char	*t = cases[i].age == -1 ? "" : make(w,
		    cases[i].other ? w->others : w->tokens, TOKEN_UNSUB, ANN,
		    "news", TODAY - (uint32_t)cases[i].age, true);

		row_true(put(w, dsn("", ANN, t), "b@s.example") ==
		    APPLY_PARKED, cases[i].name);
		row_true(parked(w, why) == 1, cases[i].name);
		assert_string_equal(why, cases[i].why);
		wipe(w->conf.park_dir);
	}
	assert_string_equal(reasons(w, ANN, "*"), "");
}

static void
test_verp(void **state)
{
	struct world	*w = *state;
	char		 to[128];

	(void)snprintf(to, sizeof to, "B+%s@b.s.example", make(w, w->tokens,
	    TOKEN_VERP, ANN, "news", TODAY, false));
	/* forwarded: the address that failed is not the one we wrote to */
	assert_int_equal(put(w, dsn("", "other@far.example", ""), to),
	    APPLY_CHANGED);
	assert_string_equal(reasons(w, ANN, "*"), "hard-bounce=1");
	assert_string_equal(reasons(w, "other@far.example", "*"), "");
}

/* whoever got a newsletter forwarded holds its unsubscribe link */
static void
test_link_is_no_verp(void **state)
{
	struct world	*w = *state;
	char		 to[128], why[128];

	(void)snprintf(to, sizeof to, "u+%s@u.s.example", make(w, w->tokens,
	    TOKEN_UNSUB, ANN, "news", TODAY, false));
	assert_int_equal(put(w, dsn("", "x@far.example", ""), to),
	    APPLY_PARKED);
	assert_int_equal(parked(w, why), 1);
	assert_string_equal(why, "token-only-unsubscribes");
	assert_int_equal(put(w, arf("", "abuse", ""), to), APPLY_PARKED);
	assert_string_equal(reasons(w, ANN, "*"), "");
	assert_string_equal(reasons(w, ANN, "news"), "");
}

static void
test_local_reporter(void **state)
{
	struct world	*w = *state;

	assert_int_equal(put(w, dsn("Received: by mx.s.example (Postfix)\n"
	    "\tid 4F; Sat, 21 Nov 2026 10:00:00 +0000 (UTC)\n", ANN, ""),
	    "b@s.example"), APPLY_CHANGED);
	assert_string_equal(reasons(w, ANN, "*"), "hard-bounce=1");
	/* the same line, but mail from outside put ours above it */
	assert_int_equal(put(w, dsn("Received: from far.example (x [192.0.2.1])"
	    "\n\tby mx.s.example (Postfix) id 5F; Sat\n"
	    "Received: by mx.s.example (Postfix) id 4F; Sat\n",
	    "bob@example.com", ""), "b@s.example"), APPLY_PARKED);
	assert_int_equal(put(w, dsn("Received: by mx.s.example (Postfix, "
	    "from userid 1000)\n\tid 4F; Sat\n", "bob@example.com", ""),
	    "b@s.example"), APPLY_PARKED);
	assert_string_equal(reasons(w, "bob@example.com", "*"), "");
}

static void
test_complaint(void **state)
{
	struct world	*w = *state;
	const char	*t = make(w, w->tokens, TOKEN_UNSUB, ANN, "news",
	    TODAY, true);

	assert_int_equal(put(w, arf("", "abuse", t), "fbl@s.example"),
	    APPLY_CHANGED);
	assert_string_equal(reasons(w, ANN, "news"), "complaint=1");
	assert_string_equal(reasons(w, ANN, "shop"), "");
	/* a report on authentication suppresses nobody */
	assert_int_equal(put(w, arf("", "auth-failure", t), "fbl@s.example"),
	    APPLY_COUNTED);
	/* one cannot be taken back by whoever was passed the mail */
	assert_int_equal(put(w, arf("", "not-spam", t), "fbl@s.example"),
	    APPLY_PARKED);
	assert_string_equal(reasons(w, ANN, "news"), "complaint=1");
	/* but by a listed reporter, who can also tell of a dead address */
	w->dkim = 1;
	assert_int_equal(put(w, arf("", "not-spam", t), "fbl@s.example"),
	    APPLY_CHANGED);
	assert_string_equal(reasons(w, ANN, "news"), "");
}

static void
test_signed_reporter(void **state)
{
	struct world	*w = *state;
	char		 why[128];

	/* verified, but the mail it returns is not ours */
	w->dkim = 1;
	assert_int_equal(put(w, arf("", "abuse", ""), "fbl@s.example"),
	    APPLY_PARKED);
	assert_int_equal(parked(w, why), 1);
	assert_string_equal(why, "returns-a-mail-that-is-not-ours");
	/* the key server does not answer: later */
	w->dkim = -1;
	assert_int_equal(put(w, arf("", "abuse", ""), "fbl@s.example"),
	    APPLY_FAILED);
	w->dkim = 0;
	assert_int_equal(put(w, arf("", "fraud", ""), "fbl@s.example"),
	    APPLY_PARKED);
}

/* what our border says of a signature, and what a stranger made it write */
static void
test_border(void **state)
{
	static const struct { const char *name, *field; bool believed; }
	cases[] = {
		{ "of the domain", "border.s.example;\n dkim=pass (2048-bit "
		    "key) header.d=big.example header.s=x", true },
		{ "second result", "border.s.example; spf=pass; dkim=pass "
		    "reason=\"good; key\" header.d=big.example", true },
		{ "no reason, upper case", "BORDER.s.example; DKIM=PASS "
		    "HEADER.D=BIG.example", true },
		{ "another domain", "border.s.example; dkim=pass "
		    "header.d=evil.example", false },
		{ "another host", "mx.evil.example; dkim=pass "
		    "header.d=big.example", false },
		{ "of another result", "border.s.example; dkim=pass "
		    "header.d=evil.example; dkim=fail header.d=big.example",
		    false },
		{ "in a local part", "border.s.example; spf=pass smtp.mailfrom"
		    "=\";dkim=pass header.d=big.example \"@evil.example",
		    false },
		{ "in a comment", "border.s.example; spf=none (; dkim=pass "
		    "header.d=big.example)", false },
		{ "in a reason", "border.s.example; dkim=pass reason=\" "
		    "header.d=big.example\" header.d=evil.example", false },
		{ "in a method's name", "border.s.example; x-dkim=pass "
		    "header.d=big.example", false },
		{ "spf of a listed domain", "border.s.example; spf=pass "
		    "smtp.mailfrom=b@spf.example", true },
		{ "spf, the bare domain", "border.s.example; spf=pass "
		    "smtp.mailfrom=spf.example", true },
		{ "spf of another domain", "border.s.example; spf=pass "
		    "smtp.mailfrom=spf.example@evil.example", false },
		{ "spf is no dkim", "border.s.example; spf=pass "
		    "smtp.mailfrom=b@big.example", false },
		{ "spf fails", "border.s.example; spf=fail "
		    "smtp.mailfrom=b@spf.example", false },
		{ "of a property", "border.s.example; spf=none "
		    "x.dkim=pass header.d=big.example", false },
	};
	struct world	*w = *state;
	struct buf	 b = BUF_INIT(4096);
	size_t		 i;
	bool		 got;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		(void)buf_addf(&b, "Authentication-Results: %s\n"
		    "From: MAILER-DAEMON@big.example\nMessage-ID: <%zu@x>\n"
		    "Content-Type: multipart/report; boundary=b;\n"
		    " report-type=delivery-status\n\n"
		    "--b\nContent-Type: message/delivery-status\n\n"
		    "Reporting-MTA: dns; mx.big.example\n\n"
		    "Final-Recipient: rfc822; %zu@big.example\n"
		    "Action: failed\nStatus: 5.1.1\n\n--b--\n",
		    cases[i].field, i, i);
		got = put(w, buf_steal(&b), "b@s.example") == APPLY_CHANGED;
		row_true(got == cases[i].believed, cases[i].name);
	}
}

/* complaint - of the reporter that SPF proves, without a returned mail */
static char *
spf_complaint(const char *received, const char *to)
{
	struct buf	b = BUF_INIT(8192);

	(void)buf_addf(&b, "%sFrom: fbl@viaspf.example\nTo: fbl@s.example\n"
	    "Message-ID: <spf-%s>\nContent-Type: multipart/report; "
	    "report-type=feedback-report;\n boundary=b\n\n"
	    "--b\nContent-Type: message/feedback-report\n\n"
	    "Feedback-Type: abuse\nOriginal-Rcpt-To: %s\n\n--b--\n",
	    received, to, to);
	assert_false(b.failed);
	return buf_steal(&b);
}

#define BY_US	"\n\tby mx.s.example (Postfix) with ESMTP id 1;\n\tnow\n"

static void
test_spf(void **state)
{
	static const char border[] = "Received: from a (b.example "
	    "[192.0.2.9])" BY_US;
	static const struct { const char *name, *sender, *client, *received;
	    int spf; enum apply_result result; const char *asked; } cases[] = {
		{ "client told, pass", "x@bounce.big.example", "192.0.2.1",
		    "", 1, APPLY_CHANGED, "192.0.2.1" },
		{ "told before read", "x@BOUNCE.big.example", "192.0.2.2",
		    border, 1, APPLY_CHANGED, "192.0.2.2" },
		{ "read, pass", "x@bounce.big.example", "", border, 1,
		    APPLY_CHANGED, "192.0.2.9" },
		{ "no pass", "x@bounce.big.example", "192.0.2.1", "", 0,
		    APPLY_PARKED, "192.0.2.1" },
		{ "DNS silent", "x@bounce.big.example", "192.0.2.1", "", -1,
		    APPLY_FAILED, "192.0.2.1" },
		{ "nobody knows the client", "x@bounce.big.example", "", "",
		    1, APPLY_PARKED, NULL },
		{ "another border's line", "x@bounce.big.example", "",
		    "Received: from a (b.example [192.0.2.9])\n\tby "
		    "mx.evil.example; now\n", 1, APPLY_PARKED, NULL },
		{ "our line is not topmost", "x@bounce.big.example", "",
		    "Received: from x (y [192.0.2.8])\n\tby z.example; now\n"
		    "Received: from a (b.example [192.0.2.9])" BY_US, 1,
		    APPLY_PARKED, NULL },
		{ "another sender", "x@big.example", "192.0.2.1", "", 1,
		    APPLY_PARKED, NULL },
		{ "a domain below", "x@a.bounce.big.example", "192.0.2.1", "",
		    1, APPLY_PARKED, NULL },
		{ "null sender", "", "192.0.2.1", "", 1, APPLY_PARKED, NULL },
	};
	struct world	*w = *state;
	char		 to[64];
	size_t		 i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		print_message("# %s\n", cases[i].name);
		(void)snprintf(to, sizeof to, "u%zu@example.com", i);
		w->way = (struct belief_way){ cases[i].sender,
		    cases[i].client };
		w->spf = cases[i].spf;
		w->asked = NULL;
		assert_int_equal(put(w, spf_complaint(cases[i].received, to),
		    "fbl@s.example"), cases[i].result);
		assert_string_equal(reasons(w, to, "*"),
		    cases[i].result == APPLY_CHANGED ? "complaint=1" : "");
		if (cases[i].asked == NULL)
			assert_null(w->asked);
		else
			assert_string_equal(w->asked, cases[i].asked);
	}
	w->way = (struct belief_way){ "", "" };
}

static void
test_client_of(void **state)
{
	static const struct { const char *field, *client; } cases[] = {
		{ "from a (b.example [192.0.2.9])" BY_US, "192.0.2.9" },
		{ "from a (unknown [IPv6:2001:db8::9])\n\t(using TLSv1.3 with "
		    "cipher x (256/256 bits))\n\t(No client certificate "
		    "requested)" BY_US, "2001:db8::9" },
		{ "from a (b.example [192.0.2.9] (may be forged))" BY_US,
		    "192.0.2.9" },
		{ "from [192.0.2.1] (b.example [192.0.2.9])" BY_US,
		    "192.0.2.9" },
		{ "from x (y [192.0.2.1]) by mx.s.example (b [192.0.2.9])"
		    BY_US, "192.0.2.9" },
		/* nothing to be sure of */
		{ "from x (y [192.0.2.1]) by mx.s.example; now", NULL },
		{ "by mx.s.example (Postfix) id 1; now", NULL },
		{ "from a (b.example [192.0.2.9])\n\tby mx.s.example.evil.ex",
		    NULL },
		{ "from a (b.example [192.0.2.9])\n\t(a) by mx.s.example",
		    NULL },
		{ "from a (b.example [999.0.2.9])" BY_US, NULL },
		{ "from a (b.example)" BY_US, NULL },
		{ "from [])" BY_US, NULL },
		{ "from ])" BY_US, NULL },
		{ "from )" BY_US, NULL },
		{ "from  (may be forged))" BY_US, NULL },
		{ "from a [192.0.2.9]" BY_US, NULL },
		{ "from a ([192.0.2.9])", NULL },
		{ "", NULL },
	};
	const char *const	 ours[] = { "mx.s.example", NULL };
	const struct conf_list	 l = { ours, 1 };
	char			 got[CLIENT_SIZE];
	size_t			 i;
	bool			 ok;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		/* of its exact size, so that a read beyond it is seen */
		char	*copy = strdup(cases[i].field);
		size_t	 n = strlen(copy);

		copy = realloc(copy, n > 0 ? n : 1);
		ok = client_of(copy, n, &l, got);
		free(copy);
		if (ok != (cases[i].client != NULL) ||
		    (ok && strcmp(got, cases[i].client) != 0))
			fail_msg("%s", cases[i].field);
	}
}

static void
test_optout(void **state)
{
	static const enum token_kind others[] = { TOKEN_CFBL, TOKEN_SPLIT };
	struct world	*w = *state;
	char		 to[128], *mail;
	size_t		 i;

	(void)snprintf(to, sizeof to, "u+%s@u.s.example", make(w, w->tokens,
	    TOKEN_UNSUB, ANN, "shop", TODAY - 2000, false));
	/* as Apple sends it; the token is old: honoured all the same */
	mail = strdup("From: someone@else.example\n"
	    "Auto-Submitted: auto-replied\nSubject: unsubscribe\n\n\n");
	assert_int_equal(put(w, mail, to), APPLY_CHANGED);
	assert_string_equal(reasons(w, ANN, "shop"), "optout=1");
	assert_string_equal(reasons(w, ANN, "news"), "");
	/* a forged one */
	(void)snprintf(to, sizeof to, "u+%s@u.s.example", make(w, w->others,
	    TOKEN_UNSUB, "bob@example.com", "shop", TODAY, false));
	assert_int_equal(put(w, strdup("Subject: unsubscribe\n\n"), to),
	    APPLY_PARKED);
	assert_string_equal(reasons(w, "bob@example.com", "shop"), "");
	/* a genuine one that is not for unsubscribing */
	for (i = 0; i < sizeof others / sizeof others[0]; i++) {
		(void)snprintf(to, sizeof to, "u+%s@u.s.example", make(w,
		    w->tokens, others[i], "cat@example.com", "shop", TODAY,
		    false));
		assert_int_equal(put(w, strdup("From: cat@example.com\n"
		    "Subject: hello\n\n"), to), APPLY_PARKED);
		assert_string_equal(reasons(w, "cat@example.com", "shop"),
		    "");
	}
}

/* answers in words: our token quoted, its recipient the author, its scope one
 * that takes such answers */
static void
test_optout_by_reply(void **state)
{
	static const struct { const char *scope, *from, *why; } cases[] = {
		{ "news", "ann@example.com", "" },
		{ "shop", "ann@example.com", "scope-takes-no-optout-by-reply" },
		{ "news", "bob@example.com",
		  "author-is-not-tokens-recipient" },
		{ "", "ann@example.com", "no-token-and-no-listed-reporter" },
	};
	struct world	*w = *state;
	struct buf	 b = BUF_INIT(4096);
	char		 why[128];
	size_t		 i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&b);
		(void)buf_addf(&b, "From: A <%s>\nSubject: Re: Unsubscribe\n"
		    "Message-ID: <%zu@x>\n\nplease\n\n> to end this: "
		    "https://u.s.example/u/%s\n", cases[i].from, i,
		    cases[i].scope[0] == '\0' ? "" : make(w, w->tokens,
		    TOKEN_UNSUB, ANN, cases[i].scope, TODAY, true));
		row_true(put(w, strdup(b.data), "news@s.example") ==
		    (cases[i].why[0] == '\0' ? APPLY_CHANGED : APPLY_PARKED),
		    cases[i].why);
		(void)parked(w, why);
		assert_string_equal(why, cases[i].why);
		wipe(w->conf.park_dir);
	}
	assert_string_equal(reasons(w, ANN, "news"), "optout=1");
	assert_string_equal(reasons(w, ANN, "shop"), "");
	buf_free(&b);
}

static void
test_nothing_recognised(void **state)
{
	struct world	*w = *state;
	char		 why[128];

	assert_int_equal(put(w, strdup("Subject: lunch?\n\nAt noon?\n"),
	    "b@s.example"), APPLY_PARKED);
	assert_int_equal(parked(w, why), 1);
	assert_non_null(strstr(why, "neither"));
	assert_int_equal(put(w, strdup("Subject: lunch?\n\nAt noon?\n"),
	    "b@s.example"), APPLY_PARKED);
	assert_int_equal(parked(w, why), 1);	/* once */
	/* vacation: understood, and nothing to do */
	assert_int_equal(put(w, strdup("From: ann@example.com\n"
	    "Auto-Submitted: auto-replied\nSubject: Away\n\nBack Monday\n"),
	    "b@s.example"), APPLY_COUNTED);
	assert_int_equal(parked(w, why), 1);
}

static void
test_park_is_full(void **state)
{
	struct world	*w = *state;
	char		 mail[64], why[128];
	int		 i;

	/* one client has its share; what is more is taken and not kept */
	w->conf.park_share = 20;
	w->way.client = "192.0.2.66";
	for (i = 0; i < 40; i++) {
		(void)snprintf(mail, sizeof mail, "Subject: s%d\n\nx\n", i);
		assert_int_equal(put(w, strdup(mail), "b@s.example"),
		    APPLY_PARKED);
	}
	assert_int_equal(parked(w, why), 20);
	/* others have theirs, until it is full for all */
	w->way.client = "";

	for (i = 0; i < 30; i++) {
		(void)snprintf(mail, sizeof mail, "From: a@d%d.example\n"
		    "Subject: x\n\nx\n", i);
		assert_int_equal(put(w, strdup(mail), "b@s.example"),
		    APPLY_PARKED);
	}
	assert_int_equal(put(w, strdup("Subject: last\n\nx\n"),
	    "b@s.example"), APPLY_FAILED);
}

#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
static const struct CMUnitTest tests[] = {
	T(test_bounce_by_returned_token),
	T(test_bounce_not_believed),
	T(test_verp),
	T(test_link_is_no_verp),
	T(test_local_reporter),
	T(test_complaint),
	T(test_signed_reporter),
	T(test_border),
	T(test_spf),
	T(test_client_of),
	T(test_optout),
	T(test_optout_by_reply),
	T(test_nothing_recognised),
	T(test_park_is_full),
};

UNIT_MAIN(tests)

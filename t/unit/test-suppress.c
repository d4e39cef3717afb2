/* SPDX-License-Identifier: BSD-2-Clause */
/* test-suppress.c - the rows of suppress.c's and judge.c's tables */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "frame/drive.h"
#include "metrics/metrics.h"
#include "store/store.h"
#include "suppress/judge.h"
#include "suppress/suppress.h"

static char			 dir[] = "/tmp/test-suppress.XXXXXX";
static char			 store_path[64], key_path[64];
static struct store_keys	*keys;
static struct store		*store;

static void
add(const char *addr, const char *domain, const char *scope,
    enum store_reason reason)
{
	struct store_change	c = { .op = STORE_ADD, .domain = domain,
				    .scope = scope, .reason = reason,
				    .source = "test" };
	struct addr		a;
	struct err		e;

	if (addr != NULL) {
		assert_int_equal(addr_normal(addr, strlen(addr), NULL, &a,
		    NULL), ADDR_OK);
		c.addr = &a;
	}
	if (store_apply(store, "user:test", &c, 1, &e) == -1)
		fail_msg("%s", e.msg);
}

static int
setup(void **state)
{
	struct err	e = { "", 0 };

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(store_path, sizeof store_path, "%s/store", dir);
	(void)snprintf(key_path, sizeof key_path, "%s/store.key", dir);
	if (store_keys_create(key_path, &e) == -1 ||
	    store_keys_load(key_path, &keys, &e) == -1 ||
	    store_create(store_path, &e) == -1 ||
	    store_open(store_path, STORE_WRITE, keys, &store, &e) == -1) {
		print_error("%s\n", e.msg);
		return -1;
	}
	add("opt@x.example", NULL, "news", STORE_OPTOUT);
	add("dead@x.example", NULL, "*", STORE_HARD_BOUNCE);
	add("both@x.example", NULL, "news", STORE_OPTOUT);
	add("both@x.example", NULL, "*", STORE_HARD_BOUNCE);
	add("soft@x.example", NULL, "*", STORE_SOFT_BOUNCE);
	add(NULL, "gone.example", "*", STORE_INVALID_DOMAIN);
	add("other@x.example", NULL, "offers", STORE_OPTOUT);
	return 0;
}

static void
remove_dir(const char *path)
{
	char		 name[512];
	struct dirent	*de;
	DIR		*d;

	if ((d = opendir(path)) == NULL)
		return;
	while ((de = readdir(d)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof name, "%s/%s", path, de->d_name);
		if (unlink(name) == -1)
			remove_dir(name);
	}
	(void)closedir(d);
	(void)rmdir(path);
}

static int
teardown(void **state)
{
	(void)state;
	store_close(&store);
	store_keys_free(&keys);
	remove_dir(dir);
	return 0;
}

/* One configuration: three streams known at RCPT, the last by a header. */
static const char streams[] =
    "[stream news]\nclass = bulk\nmatch_sender = @news.example\n"
    "[stream quiet]\nclass = bulk\nmatch_sender = @quiet.example\n"
    "hit = discard\nscopes = news\n"
    "[stream watch]\nclass = bulk\nmatch_sender = @watch.example\n"
    "hit = observe\nscopes = news\n"
    "[stream reset]\nclass = security\nmatch_sender = @reset.example\n"
    "reply = Not to be mailed: ${reason}, ${case}\n"
    "[stream listed]\nclass = bulk\nmatch_header = X-List\n"
    "scopes = news\n";

static struct conf *
make_conf(const char *path, const char *more)
{
	char		 text[4096];
	struct conf	*c;
	struct err	 e;

	(void)snprintf(text, sizeof text, "store_path = %s\n"
	    "store_key_file = %s\n%s%s", path, key_path, streams, more);
	if (conf_parse("f", text, strlen(text), &c, &e) == -1)
		fail_msg("%s", e.msg);
	return c;
}

static struct drive *
open_drive(const struct conf *c)
{
	static const struct frame_policy *const	policies[] = {
		&suppress_policy, NULL
	};
	struct drive				*d;
	struct err				 e;

	if (drive_open(c, policies, &d, &e) == -1)
		fail_msg("%s", e.msg);
	return d;
}

static const char plain[] = "From: a@news.example\n\nHi\n";
static const char listed[] = "X-List: yes\nFrom: a@b.example\n\nHi\n";

#define MAX_RCPTS	5

struct row {
	const char	*row, *sender, *raw;
	bool		 cli;			/* sendmail(1) */
	const char	*rcpts[MAX_RCPTS];
	enum frame_verdict rcpt[MAX_RCPTS];	/* answers to RCPT */
	const char	*reply;		/* to the last RCPT refused, or at the
					   end; "*" stands for the case */
	enum frame_verdict verdict;		/* at the end */
	const char	*plan, *event;		/* event: is in the events */
};

#define OPT_TEXT	"550 5.7.1 Recipient suppressed (optout): " \
			"unsubscribed; stream news, class bulk, case *"
#define DEAD_TEXT	"550 5.1.1 Recipient suppressed (hard-bounce): " \
			"earlier mail found no such mailbox; stream news, " \
			"class bulk, case *"
#define C		FRAME_CONTINUE
#define R		FRAME_REJECT

static const struct row rows[] = {
	{ "nobody knows him", "<a@news.example>", plain, false,
	    { "<ann@x.example>" }, { C }, NULL, C, "", NULL },
	{ "opted out of this scope", "<a@news.example>", plain, false,
	    { "<Opt@X.example>", "<ann@x.example>" }, { R, C }, OPT_TEXT, C,
	    "", "reason=optout scope=news action=reject" },
	{ "opted out of another", "<a@news.example>", plain, false,
	    { "<other@x.example>" }, { C }, NULL, C, "", NULL },
	{ "dead", "<a@news.example>", plain, false,
	    { "<dead@x.example>", "<ann@x.example>" }, { R, C }, DEAD_TEXT, C,
	    "", "reason=hard-bounce scope=* action=reject" },
	{ "the gravest reason decides", "<a@news.example>", plain, false,
	    { "<both@x.example>", "<ann@x.example>" }, { R, C }, DEAD_TEXT, C,
	    "", "reason=hard-bounce" },
	{ "one soft bounce is none", "<a@news.example>", plain, false,
	    { "<soft@x.example>" }, { C }, NULL, C, "", NULL },
	{ "whole domain", "<a@news.example>", plain, false,
	    { "<x@gone.example>", "<ann@x.example>" }, { R, C },
	    "550 5.1.2 Recipient suppressed (invalid-domain): the domain "
	    "takes no mail; stream news, class bulk, case *", C, "", NULL },
	{ "a reset passes an opt-out", "<a@reset.example>", plain, false,
	    { "<opt@x.example>" }, { C }, NULL, C, "", NULL },
	{ "but not a dead address; own text", "<a@reset.example>", plain,
	    false, { "<dead@x.example>", "<opt@x.example>" }, { R, C },
	    "550 5.1.1 Not to be mailed: hard-bounce, *", C, "", NULL },
	{ "null and unparseable pass", "<a@news.example>", plain, false,
	    { "<>", "<nonsense>", "<a@b@c>" }, { C, C, C }, NULL, C, "",
	    "rcpt_unparsed" },
	{ "discard deletes", "<a@quiet.example>", plain, false,
	    { "<opt@x.example>", "<ann@x.example>" }, { C, C }, NULL, C,
	    "delete-rcpt <opt@x.example>\n", "action=discard" },
	{ "discard of all", "<a@quiet.example>", plain, false,
	    { "<opt@x.example>", "<dead@x.example>" }, { C, C }, NULL,
	    FRAME_DISCARD, "", "discarded policy=suppress stream=quiet" },
	{ "observe only logs", "<a@watch.example>", plain, false,
	    { "<opt@x.example>" }, { C }, NULL, C, "", "action=observe" },
	{ "sendmail: deleted, not refused", "<a@news.example>", plain, true,
	    { "<opt@x.example>", "<ann@x.example>" }, { C, C }, NULL, C,
	    "delete-rcpt <opt@x.example>\n", "action=delete" },
	{ "sendmail: none left", "<a@news.example>", plain, true,
	    { "<opt@x.example>" }, { C }, NULL, FRAME_DISCARD, "",
	    "discarded" },
	{ "the same recipient twice", "<a@news.example>", plain, true,
	    { "<opt@x.example>", "<ann@x.example>", "<opt@x.example>" },
	    { C, C, C }, NULL, C, "delete-rcpt <opt@x.example>\n", NULL },
	{ "by header: some", "<a@b.example>", listed, false,
	    { "<opt@x.example>", "<ann@x.example>" }, { C, C }, NULL, C,
	    "delete-rcpt <opt@x.example>\n",
	    "stream=listed class=bulk reason=optout scope=news action=delete" },
	{ "by header: all", "<a@b.example>", listed, false,
	    { "<opt@x.example>", "<dead@x.example>" }, { C, C },
	    "550 5.1.1 Recipient suppressed (hard-bounce): earlier mail found "
	    "no such mailbox; stream listed, class bulk, case *", R, "",
	    "action=reject" },
	{ "by header: all, sendmail", "<a@b.example>", listed, true,
	    { "<opt@x.example>", "<dead@x.example>" }, { C, C }, NULL,
	    FRAME_DISCARD, "", "action=discard" },
	{ "by header: no such header", "<a@b.example>", plain, false,
	    { "<opt@x.example>" }, { C }, NULL, C, "", NULL },
	{ "by header: null sender", "<>", listed, false,
	    { "<ann@x.example>" }, { C }, NULL, C, "", NULL },
};

/* alike - equal, where '*' in want stands for the characters of a case */
static bool
alike(const char *want, const char *got)
{
	for (; *want != '\0'; want++, got++) {
		if (*want == '*') {
			if (strlen(got) < JUDGE_CASE_SIZE - 1)
				return false;
			got += JUDGE_CASE_SIZE - 2;
		} else if (*want != *got)
			return false;
	}
	return *got == '\0';
}

static void
play(struct drive *d, const struct row *r, struct drive_result **res)
{
	struct drive_input	in = { .conn.smtp = !r->cli,
				    .sender = r->sender, .rcpts = r->rcpts,
				    .raw = r->raw, .raw_len = strlen(r->raw),
				    .qid = "Q1" };
	struct err		e;

	assert_int_equal(drive_run(d, &in, res, &e), 0);
}

static void
verdicts(void **state)
{
	struct conf		*c = make_conf(store_path, "");
	struct drive		*d = open_drive(c);
	struct drive_result	*res;
	const struct row	*r;
	const char		*reply, *said;
	size_t			 i, k;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		r = &rows[i];
		play(d, r, &res);
		reply = NULL;
		for (k = 0; k < MAX_RCPTS && r->rcpts[k] != NULL; k++) {
			row_true(drive_rcpt_verdict(res, k, &said) ==
			    r->rcpt[k], r->row);
			if (r->rcpt[k] != FRAME_CONTINUE)
				reply = said;
		}
		row_true(drive_verdict(res) == r->verdict, r->row);
		if (r->verdict == FRAME_REJECT)
			reply = drive_reply(res);
		row_true((reply != NULL) == (r->reply != NULL), r->row);
		if (reply != NULL && !alike(r->reply, reply))
			fail_msg("%s: %s", r->row, reply);
		if (r->verdict == FRAME_CONTINUE &&
		    strcmp(drive_plan(res), r->plan) != 0)
			fail_msg("%s: plan %s", r->row, drive_plan(res));
		if (r->event != NULL &&
		    strstr(drive_events(res), r->event) == NULL)
			fail_msg("%s: events %s", r->row, drive_events(res));
		drive_result_free(&res);
	}
	drive_close(&d);
	conf_free(&c);
}

/* mail let through to somebody who left: times are t1002's */
static void
optout_clock(void **state)
{
	static const struct {
		const char	*row, *sender, *raw, *rcpt;
		const char	*want;	/* NULL: no such event */
	} cases[] = {
		{ "observed", "<a@watch.example>", plain, "<opt@x.example>",
		  "optout_late policy=suppress rcpt=<opt@x.example> "
		  "stream=watch scope=news seconds=" },
		{ "another spelling", "<a@watch.example>", plain,
		  "<Opt@X.example>", "rcpt=<Opt@X.example> stream=watch" },
		{ "passed by reasons", "<a@open.example>", plain,
		  "<opt@x.example>", "stream=open scope=news seconds=" },
		{ "the opt-out among others", "<a@watch.example>", plain,
		  "<both@x.example>", "stream=watch scope=news seconds=" },
		{ "refused: no mail, no clock", "<a@news.example>", plain,
		  "<opt@x.example>", NULL },
		{ "another class", "<a@reset.example>", plain,
		  "<opt@x.example>", NULL },
		{ "another scope", "<a@watch.example>", plain,
		  "<other@x.example>", NULL },
		{ "a bounce is no opt-out", "<a@watch.example>", plain,
		  "<dead@x.example>", NULL },
		{ "by header", "<a@b.example>", "X-See: 1\n\nx\n",
		  "<opt@x.example>", "stream=seen scope=news seconds=" },
	};
	struct conf		*c = make_conf(store_path, "[stream open]\n"
	    "class = bulk\nmatch_sender = @open.example\nscopes = news\n"
	    "reasons = optout:pass\n[stream seen]\nclass = bulk\n"
	    "match_header = X-See\nscopes = news\nhit = observe\n");
	struct drive		*d = open_drive(c);
	struct drive_result	*res;
	struct row		 r;
	const char		*got;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		memset(&r, 0, sizeof r);
		r.sender = cases[i].sender;
		r.raw = cases[i].raw;
		r.rcpts[0] = cases[i].rcpt;
		play(d, &r, &res);
		got = strstr(drive_events(res), "optout_late");
		if (cases[i].want == NULL ? got != NULL : got == NULL ||
		    strstr(got, cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].row, drive_events(res));
		drive_result_free(&res);
	}
	drive_close(&d);
	conf_free(&c);
}

/* No store: mail waits; once it is there, it flows. */
static void
store_away(void **state)
{
	static const struct row	smtp = { "smtp", "<a@news.example>", plain,
	    false, { "<ann@x.example>" }, { FRAME_TEMPFAIL }, NULL, C, "",
	    NULL };
	static const struct row	cli = { "cli", "<a@news.example>", plain,
	    true, { "<ann@x.example>" }, { C }, NULL, FRAME_TEMPFAIL, "",
	    NULL };
	char			 path[64];
	struct conf		*c;
	struct drive		*d;
	struct drive_result	*res;
	struct err		 e;
	const char		*reply;

	(void)state;
	(void)snprintf(path, sizeof path, "%s/late", dir);
	c = make_conf(path, "");
	d = open_drive(c);
	play(d, &smtp, &res);
	assert_int_equal(drive_rcpt_verdict(res, 0, &reply), FRAME_TEMPFAIL);
	assert_int_equal(strncmp(reply, "451 4.3.0 ", 10), 0);
	assert_non_null(strstr(drive_events(res), "store_error"));
	drive_result_free(&res);
	play(d, &cli, &res);
	assert_int_equal(drive_rcpt_verdict(res, 0, &reply), C);
	assert_int_equal(drive_verdict(res), FRAME_TEMPFAIL);
	assert_int_equal(strncmp(drive_reply(res), "451 4.3.0 ", 10), 0);
	drive_result_free(&res);

	assert_int_equal(store_create(path, &e), 0);
	play(d, &smtp, &res);		/* not tried again within a second */
	assert_int_equal(drive_rcpt_verdict(res, 0, &reply), FRAME_TEMPFAIL);
	drive_result_free(&res);
	(void)usleep(1100000);
	play(d, &smtp, &res);
	assert_int_equal(drive_rcpt_verdict(res, 0, &reply), C);
	drive_result_free(&res);
	drive_close(&d);
	conf_free(&c);
}

static void
refused_to_load(void **state)
{
	static const struct {
		const char *row, *more, *want;
	} cases[] = {
		{ "template", "[stream x]\nreply = ${nobody}\n",
		    "f:25: reply: ${nobody} is unknown; there are ${reason}, "
		    "${why}, ${stream}, ${class}, ${scope} and ${case}" },
		{ "open template", "[stream x]\nclass = bulk\n"
		    "reply = a ${reason\n", "f:26: reply: ${ without }" },
	};
	void		*snap = NULL;
	struct conf	*c;
	struct err	 e;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		c = make_conf(store_path, cases[i].more);
		row_true(suppress_policy.load(c, &snap, &e) == -1,
		    cases[i].row);
		assert_string_equal(e.msg, cases[i].want);
		conf_free(&c);
	}
	assert_int_equal(chmod(key_path, 0644), 0);
	c = make_conf(store_path, "");
	assert_int_equal(suppress_policy.load(c, &snap, &e), -1);
	assert_int_equal(strncmp(e.msg, "f:2: store_key_file: ", 21), 0);
	assert_non_null(strstr(e.msg, "0644"));
	conf_free(&c);
	assert_int_equal(chmod(key_path, 0600), 0);
}

/* More entries in force than a first look takes in: the one that stops is
 * not lost among those that do not. */
static void
many_entries(void **state)
{
	static const enum store_reason	mild[] = { STORE_OPTOUT,
		STORE_COMPLAINT, STORE_MANUAL };
	struct stream			s = { .name = "s",
					    .klass = STREAM_SECURITY };
	char				scope[16], who[32];
	struct judgement		j;
	struct err			e;
	struct addr			a;
	size_t				i, k, n;

	(void)state;
	for (i = 0; i < STREAM_SCOPES; i++) {
		(void)snprintf(scope, sizeof scope, "s%zu", i);
		s.scope_ids[s.nscopes++] = store_scope_id(scope);
	}
	s.stops[STORE_LEGAL] = true;
	for (n = 0; n < STREAM_SCOPES; n++) {
		(void)snprintf(who, sizeof who, "m%zu@x.example", n);
		assert_int_equal(addr_normal(who, strlen(who), NULL, &a,
		    NULL), ADDR_OK);
		for (i = 0; i < STREAM_SCOPES; i++) {
			(void)snprintf(scope, sizeof scope, "s%zu", i);
			for (k = 0; k < sizeof mild / sizeof *mild; k++)
				add(who, NULL, scope, mild[k]);
		}
		judge(store, &s, &a, &j, &e);
		assert_int_equal(j.answer, JUDGE_PASS);
		(void)snprintf(scope, sizeof scope, "s%zu", n);
		add(who, NULL, scope, STORE_LEGAL);
		judge(store, &s, &a, &j, &e);
		assert_int_equal(j.answer, JUDGE_STOP);
		assert_int_equal(j.entry.reason, STORE_LEGAL);
	}
}

int
main(void)
{
	static const struct CMUnitTest	tests[] = {
		cmocka_unit_test(verdicts),
	cmocka_unit_test(optout_clock),
		cmocka_unit_test(store_away),
		cmocka_unit_test(refused_to_load),
		cmocka_unit_test(many_entries),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}

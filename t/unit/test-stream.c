/* SPDX-License-Identifier: BSD-2-Clause */
/* test-stream.c - which stream a message belongs to, and what stops it */
#include "unit.h"

#include <unistd.h>

#include "base/file.h"
#include "store/store.h"
#include "stream/stream.h"

static char	path[] = "/tmp/test-stream.XXXXXX";

/* read_conf - a configuration of this text */
static struct conf *
read_conf(const char *text)
{
	struct conf	*c;
	struct err	 e = { "", 0 };

	assert_int_equal(file_write_new(path, 0600, text, strlen(text), true,
	    &e), 0);
	if (conf_read(path, &c, &e) == -1)
		fail_msg("%s", e.msg);
	return c;
}

static struct stream_set *
load(struct conf *c)
{
	struct stream_set	*set;
	struct err		 e = { "", 0 };

	if (stream_set_load(c, &set, &e) == -1)
		fail_msg("%s", e.msg);
	return set;
}

static const char	conf_text[] =
    "[stream sasl]\nmatch_sasl = Shop app-*\n"
    "[stream net]\nmatch_client = 192.0.2.0/25, 2001:db8::/33, 10.1.2.3\n"
    "match_sender = @a.example\n"
    "[stream daemon]\nmatch_daemon = bulk 2525\n"
    "[stream sender]\nmatch_sender = News@B\xc3\xbc" "cher.example, "
    ".sub.example, bounce+*@c.example, <>\n"
    "[stream list]\nmatch_header = List-Id:news.example X-Campaign "
    "Precedence:b*k\nmatch_sender = @d.example @e.example\n"
    "[stream late]\nmatch_sender = @d.example\n";

static const struct {
	const char		*name, *want;
	struct stream_facts	 f;
	const char		*header;	/* NULL: not there */
} facts[] = {
	{ "nothing known", "default", { 0 }, NULL },
	{ "login", "sasl", { .sasl_login = "shop" }, NULL },
	{ "login by pattern", "sasl", { .sasl_login = "app-17" },
	  NULL },
	{ "login is empty", "default", { .sasl_login = "" }, NULL },
	{ "both conditions", "net", { .client_addr = "192.0.2.127",
	  .sender = "x@a.example" }, NULL },
	{ "one of two conditions", "default", { .client_addr =
	  "192.0.2.127", .sender = "x@b.example" }, NULL },
	{ "outside the network", "default", { .client_addr =
	  "192.0.2.128", .sender = "x@a.example" }, NULL },
	{ "single address", "net", { .client_addr = "10.1.2.3",
	  .sender = "x@a.example" }, NULL },
	{ "IPv6", "net", { .client_addr = "2001:db8:7fff::1",
	  .sender = "x@a.example" }, NULL },
	{ "IPv6 tagged", "net", { .client_addr = "IPv6:2001:db8::1",
	  .sender = "x@a.example" }, NULL },
	{ "IPv6 outside", "default", { .client_addr =
	  "2001:db8:8000::1", .sender = "x@a.example" }, NULL },
	{ "IPv4 in IPv6", "net", { .client_addr = "::ffff:192.0.2.1",
	  .sender = "x@a.example" }, NULL },
	{ "no address", "default", { .client_addr = "unknown",
	  .sender = "x@a.example" }, NULL },
	{ "daemon's name", "daemon", { .daemon_name = "bulk" }, NULL },
	{ "daemon's port", "daemon", { .daemon_name = "smtpd",
	  .daemon_port = "2525" }, NULL },
	{ "sender", "sender", { .sender =
	  "news@xn--bcher-kva.example" }, NULL },
	{ "another local part", "default", { .sender =
	  "old@xn--bcher-kva.example" }, NULL },
	{ "below a domain", "sender", { .sender = "x@a.sub.example" },
	  NULL },
	{ "not the domain itself", "default", { .sender =
	  "x@sub.example" }, NULL },
	{ "not a longer word", "default", { .sender =
	  "x@asub.example" }, NULL },
	{ "sender by pattern", "sender", { .sender =
	  "bounce+17=x@c.example" }, NULL },
	{ "pattern is anchored", "default", { .sender =
	  "xbounce+1@c.example" }, NULL },
	{ "null sender", "sender", { .sender = "" }, NULL },
	{ "unparseable sender", "default", { .sender = NULL }, NULL },
	/* before and after the headers are known */
	{ "undecided", NULL, { .sender = "x@d.example" }, NULL },
	{ "decided without headers", "default", { .sender =
	  "x@f.example" }, NULL },
	{ "List-Id", "list", { .sender = "x@d.example" },
	  "List-ID: Our News\n <NEWS.example>\n" },
	{ "bare value", "list", { .sender = "x@e.example" },
	  "List-Id: news.example\n" },
	{ "presence", "list", { .sender = "x@e.example" },
	  "Subject: a\nX-CAMPAIGN:\n" },
	{ "pattern", "list", { .sender = "x@e.example" },
	  "Precedence: bulk\n" },
	{ "second field of the name", "list", { .sender =
	  "x@e.example" }, "Precedence: x\nPrecedence: BULK\n" },
	{ "another value", "late", { .sender = "x@d.example" },
	  "List-Id: <old.news.example>\n" },
	{ "none of the fields", "default", { .sender =
	  "x@e.example" }, "Subject: a\n" },
	{ "right header, wrong sender", "default", { .sender =
	  "x@f.example" }, "X-Campaign: 1\n" },
};

static void
matching(void **state)
{
	struct conf			*c = read_conf(conf_text);
	struct stream_set		*set = load(c);
	const struct stream		*got;
	struct header_list		 l;
	struct stream_facts		 f;
	bool				 cut;
	size_t				 i;

	(void)state;
	assert_true(stream_uses_headers(set));
	assert_int_equal(stream_count(set), 7);
	assert_string_equal(stream_at(set, 6)->name, "default");
	assert_null(stream_at(set, 7));
	assert_int_equal(stream_find(set, "late")->index, 5);
	assert_null(stream_find(set, "none"));
	for (i = 0; i < sizeof facts / sizeof *facts; i++) {
		f = facts[i].f;
		header_list_init(&l);
		if (facts[i].header != NULL) {
			assert_true(header_parse(facts[i].header,
			    strlen(facts[i].header), 99, 9999, &l, &cut) > 0);
			f.headers = &l;
		}
		got = stream_match(set, &f);
		row_true((got == NULL) == (facts[i].want == NULL),
		    facts[i].name);
		if (got != NULL && strcmp(got->name, facts[i].want) != 0)
			fail_msg("%s: %s", facts[i].name, got->name);
		header_list_free(&l);
	}
	stream_set_free(&set);
	conf_free(&c);
}

static void
matrix(void **state)
{
	/* as in stream.h: bulk, transactional, security, personal */
	static const struct {
		enum store_reason	 r;
		const char		*stops;
	} rows[] = {
		{ STORE_OPTOUT, "s---" }, { STORE_COMPLAINT, "s---" },
		{ STORE_HARD_BOUNCE, "ssss" }, { STORE_SOFT_BOUNCE, "s---" },
		{ STORE_INVALID_DOMAIN, "ssss" }, { STORE_MANUAL, "ss--" },
		{ STORE_IMPORT, "s---" }, { STORE_LEGAL, "ssss" },
		{ STORE_TRAP, "ssss" },
	};
	struct conf		*c = read_conf("[stream b]\nclass = bulk\n"
	    "[stream t]\nclass = transactional\n[stream s]\nclass = security\n"
	    "[stream p]\nclass = personal\n[stream x]\nclass = bulk\n"
	    "reasons = optout:pass, legal:pass soft-bounce:stop\n");
	struct stream_set	*set = load(c);
	size_t			 i, k;

	(void)state;
	assert_int_equal(sizeof rows / sizeof *rows, STORE_REASON_MAX - 1);
	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		for (k = 0; k < 4; k++)
			row_true(stream_at(set, k)->stops[rows[i].r] ==
			    (rows[i].stops[k] == 's'),
			    store_reason_name(rows[i].r));
	assert_false(stream_find(set, "x")->stops[STORE_OPTOUT]);
	assert_false(stream_find(set, "x")->stops[STORE_LEGAL]);
	assert_true(stream_find(set, "x")->stops[STORE_SOFT_BOUNCE]);
	assert_true(stream_find(set, "x")->stops[STORE_TRAP]);
	assert_string_equal(stream_class_name(STREAM_SECURITY), "security");
	stream_set_free(&set);
	conf_free(&c);
}

static void
scopes(void **state)
{
	struct conf		*c = read_conf("[stream a]\n"
	    "[stream b]\nscopes = one, two\n[stream c]\nscopes = *\n"
	    "[stream d]\nscopes = one * two\n");
	struct stream_set	*set = load(c);
	const struct stream	*s;

	(void)state;
	s = stream_find(set, "a");
	assert_int_equal(s->nscopes, 2);
	assert_string_equal(s->scopes.v[0], "a");
	assert_string_equal(s->scopes.v[1], "*");
	assert_null(s->scopes.v[2]);
	assert_true(s->scope_ids[0] == store_scope_id("a"));
	assert_true(s->scope_ids[1] == store_scope_id("*"));
	s = stream_find(set, "b");
	assert_int_equal(s->nscopes, 3);
	assert_string_equal(s->scopes.v[0], "one");
	assert_string_equal(s->scopes.v[2], "*");
	s = stream_find(set, "c");
	assert_int_equal(s->nscopes, 1);
	assert_string_equal(s->scopes.v[0], "*");
	assert_int_equal(stream_find(set, "d")->nscopes, 3);
	s = stream_find(set, "default");
	assert_int_equal(s->nscopes, 1);
	assert_int_equal(s->klass, STREAM_PERSONAL);
	assert_int_equal(s->unsubscribe, STREAM_UNSUB_OFF);
	stream_set_free(&set);
	conf_free(&c);
}

/* [stream default] is tried last, wherever it stands */
static void
own_default(void **state)
{
	struct conf		*c = read_conf("[stream default]\n"
	    "class = security\n[stream a]\nmatch_sender = @a.example\n");
	struct stream_set	*set = load(c);
	struct stream_facts	 f = { .sender = "x@a.example" };

	(void)state;
	assert_int_equal(stream_count(set), 2);
	assert_string_equal(stream_match(set, &f)->name, "a");
	f.sender = "x@b.example";
	assert_int_equal(stream_match(set, &f)->klass, STREAM_SECURITY);
	stream_set_free(&set);
	conf_free(&c);
}

#define U	"unsubscribe_url = https://u.example/u/\n"

static void
bad_values(void **state)
{
	static const char *const cases[][2] = {
		{ "match_sender = a.example", ":2: match_sender: a.example: "
		  "want user@domain" },
		{ "match_sender = x@a..b", ":2: match_sender: x@a..b: empty" },
		{ "match_client = 192.0.2.1/24", ":2: match_client: "
		  "192.0.2.1/24: has bits set" },
		{ "match_client = 192.0.2.0/33", "from 0 to 32" },
		{ "match_client = 2001:db8::/129", "from 0 to 128" },
		{ "match_client = 192.0.2.0/", "prefix length" },
		{ "match_client = host.example", "want an address" },
		{ "match_header = :x", "want Name or Name:value" },
		{ "match_header = List-Id:", "want Name or Name:value" },
		{ "scopes = Big", "scopes: Big: no name for a scope" },
		{ "scopes = a b c d e f g h i j k l m n o p",
		  "more than 16 scopes" },
		{ "reasons = optout", "want REASON:stop" },
		{ "reasons = optout:no", "want REASON:stop" },
		{ "reasons = boredom:stop", "want REASON:stop" },
		{ "unsubscribe = add", "unsubscribe: add needs" },
		{ "unsubscribe = require\nunsubscribe_mailto = u@u.example",
		  "require needs unsubscribe_url" },
		{ "unsubscribe_url = http://u.example/", "https://" },
		{ "unsubscribe_url = https:///u/", "https://" },
		{ "unsubscribe_url = https://u.example/a,b", "%XX" },
		{ "unsubscribe_mailto = unsub@", "empty domain" },
		{ "unsubscribe_mailto = toolong@u.example", "at most 5" },
		{ "unsubscribe_mailto = u+x@u.example", "plain user" },
		{ "verp_address = bounces@b.example", "at most 5" },
		{ "cfbl_address = fbl", "cfbl_address: fbl: no '@'" },
		{ "list_id = news", "name with a dot" },
		{ "list_id = News <news.example", "want Text <name" },
		{ "list_id = <a@b.example>", "not allowed" },
		{ "list_id = N\xc3\xa9ws <news.example>", "encoded word" },
	};
	char			 text[256];
	struct conf		*c;
	struct stream_set	*set;
	struct err		 e;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		(void)snprintf(text, sizeof text, "[stream x]\n%s\n",
		    cases[i][0]);
		c = read_conf(text);
		row_true(stream_set_load(c, &set, &e) == -1, cases[i][0]);
		row_true(set == NULL, cases[i][0]);
		if (strncmp(e.msg, path, strlen(path)) != 0 ||
		    strstr(e.msg, cases[i][1]) == NULL)
			fail_msg("%s", e.msg);
		conf_free(&c);
	}
	c = read_conf("[stream default]\nmatch_sasl = x\n");
	assert_int_equal(stream_set_load(c, &set, &e), -1);
	assert_non_null(strstr(e.msg, "no match_ conditions"));
	conf_free(&c);
	c = read_conf("[stream x]\nunsubscribe = require\n" U
	    "unsubscribe_mailto = u@u.example\nlist_id = News <n.example>\n"
	    "verp_address = b@b.example\ncfbl_address = fbl@a.example\n");
	set = load(c);
	stream_set_free(&set);
	stream_set_free(&set);
	conf_free(&c);
}

static int
file_end(void **state)
{
	(void)state;
	return unlink(path);
}

static int
file_begin(void **state)
{
	int	fd = mkstemp(path);

	(void)state;
	return fd == -1 ? -1 : close(fd);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(matching),
	cmocka_unit_test(matrix),
	cmocka_unit_test(scopes),
	cmocka_unit_test(own_default),
	cmocka_unit_test(bad_values),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, file_begin, file_end);
}

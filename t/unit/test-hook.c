/* SPDX-License-Identifier: BSD-2-Clause */
/* test-hook.c - what SNS signs, whose URLs are fetched, bounds of JSON */
#include "unit.h"

#include "feedback/hook.h"
#include "web/hook_proof.h"

static const struct {
	const char	*name, *json, *want;	/* NULL: nothing is signed */
} texts[] = {
	{ "a notice", "{\"Type\":\"Notification\",\"MessageId\":\"m\","
	    "\"TopicArn\":\"t\",\"Subject\":\"s\",\"Message\":\"a\\nb\","
	    "\"Timestamp\":\"2026-11-21T18:00:00.042Z\",\"x\":\"y\"}",
	    "Message\na\nb\nMessageId\nm\nSubject\ns\n"
	    "Timestamp\n2026-11-21T18:00:00.042Z\nTopicArn\nt\n"
	    "Type\nNotification\n" },
	{ "without a subject", "{\"Type\":\"Notification\",\"MessageId\":"
	    "\"m\",\"TopicArn\":\"t\",\"Message\":\"a\",\"Timestamp\":\"z\"}",
	    "Message\na\nMessageId\nm\nTimestamp\nz\nTopicArn\nt\n"
	    "Type\nNotification\n" },
	{ "a subscription", "{\"Type\":\"SubscriptionConfirmation\","
	    "\"MessageId\":\"m\",\"Token\":\"k\",\"TopicArn\":\"t\","
	    "\"Message\":\"a\",\"SubscribeURL\":\"u\",\"Timestamp\":\"z\","
	    "\"Subject\":\"not signed\"}",
	    "Message\na\nMessageId\nm\nSubscribeURL\nu\nTimestamp\nz\n"
	    "Token\nk\nTopicArn\nt\nType\nSubscriptionConfirmation\n" },
	{ "no token", "{\"Type\":\"SubscriptionConfirmation\",\"MessageId\":"
	    "\"m\",\"TopicArn\":\"t\",\"Message\":\"a\",\"SubscribeURL\":"
	    "\"u\",\"Timestamp\":\"z\"}", NULL },
	{ "no message", "{\"Type\":\"Notification\",\"MessageId\":\"m\","
	    "\"TopicArn\":\"t\",\"Timestamp\":\"z\"}", NULL },
	{ "a number for a text", "{\"Type\":\"Notification\",\"MessageId\":1,"
	    "\"TopicArn\":\"t\",\"Message\":\"a\",\"Timestamp\":\"z\"}",
	    NULL },
	{ "another type", "{\"Type\":\"X\"}", NULL },
	{ "no type", "{}", NULL },
};

static void
test_text(void **state)
{
	struct buf	 b = BUF_INIT(4096);
	json_t		*o;
	size_t		 i;
	int		 rc;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		print_message("# %s\n", texts[i].name);
		assert_non_null(o = hook_json(texts[i].json,
		    strlen(texts[i].json)));
		buf_reset(&b);
		rc = hook_sns_text(o, &b);
		assert_int_equal(rc, texts[i].want != NULL ? 0 : -1);
		if (rc == 0)
			assert_string_equal(buf_str(&b), texts[i].want);
		json_decref(o);
	}
	buf_free(&b);
}

static const struct {
	const char	*url;
	bool		 ok;
} urls[] = {
	{ "https://sns.eu-west-1.amazonaws.com/Simple-0f.pem", true },
	{ "https://sns.cn-north-1.amazonaws.com.cn/Simple-0f.pem", true },
	{ "https://sns.eu-west-1.amazonaws.com/?Action=x&Token=1%3A", true },
	{ "http://sns.eu-west-1.amazonaws.com/x.pem", false },
	{ "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem", false },
	{ "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem", false },
	{ "https://sns.eu-west-1.amazonaws.com:444/x.pem", false },
	{ "https://sns.evil.example/.amazonaws.com/x.pem", false },
	{ "https://sns.a.b.amazonaws.com/x.pem", false },
	{ "https://sns..amazonaws.com/x.pem", false },
	{ "https://s3.eu-west-1.amazonaws.com/x.pem", false },
	{ "https://sns.eu-west-1.amazonaws.com/x y", false },
	{ "https://sns.eu-west-1.amazonaws.com", false },
	{ "", false },
};

static void
test_url(void **state)
{
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		print_message("# %s\n", urls[i].url);
		assert_int_equal(hook_sns_url(urls[i].url), urls[i].ok);
	}
}

static void
test_time(void **state)
{
	int64_t	t;

	(void)state;
	assert_int_equal(hook_sns_time("2026-11-21T18:00:00.042Z", &t), 0);
	assert_int_equal(t, 1795284000);
	assert_int_equal(hook_sns_time("2026-11-21T18:00:00Z", &t), 0);
	assert_int_equal(hook_sns_time("2026-11-21T18:00:00", &t), -1);
	assert_int_equal(hook_sns_time("yesterday.Z", &t), -1);
	assert_int_equal(hook_sns_time("", &t), -1);
}

/* levels - JSON of n levels, NULL when it is refused */
static json_t *
levels(int n)
{
	char	text[128];

	memset(text, '[', (size_t)n);
	memset(text + n, ']', (size_t)n);
	return hook_json(text, 2 * (size_t)n);
}

static void
test_bounds(void **state)
{
	json_t	*o;

	(void)state;
	assert_non_null(o = levels(HOOK_DEPTH_MAX));
	json_decref(o);
	assert_null(levels(HOOK_DEPTH_MAX + 1));
	assert_null(hook_json("{\"a\":1,\"a\":2}", 13));
	assert_null(hook_json("[1", 2));
	assert_null(hook_json("", 0));
	assert_non_null(o = hook_json("[\"[[[[[[[[[[[[[[[[[[\\\"[\"]", 25));
	json_decref(o);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_text),
	cmocka_unit_test(test_url),
	cmocka_unit_test(test_time),
	cmocka_unit_test(test_bounds),
};

UNIT_MAIN(tests)

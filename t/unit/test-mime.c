/* SPDX-License-Identifier: BSD-2-Clause */
/* test-mime.c - parts, bounds, encodings and encoded words */
#include "unit.h"

#include <pthread.h>

#include "mail/mime.h"

#define REPORT								\
	"From: a@example.com\r\n"					\
	"Content-Type: multipart/report; report-type=delivery-status;\r\n" \
	"\tboundary=\"b/1\"\r\n"					\
	"\r\n"								\
	"preamble\r\n"							\
	"--b/1\r\n"							\
	"\r\n"								\
	"prose\r\n"							\
	"--b/1\r\n"							\
	"Content-Type: message/delivery-status\r\n"			\
	"\r\n"								\
	"Status: 5.1.1\r\n"						\
	"\r\n"								\
	"--b/1\r\n"							\
	"Content-Type: message/rfc822\r\n"				\
	"\r\n"								\
	"Subject: inner\r\n"						\
	"Content-Type: multipart/alternative; boundary=in\r\n"		\
	"\r\n"								\
	"--in\r\n"							\
	"Content-Type: text/plain; charset=UTF-8\r\n"			\
	"Content-Transfer-Encoding: quoted-printable\r\n"		\
	"\r\n"								\
	"gr=C3=BC=\r\n"							\
	"n\r\n"								\
	"--b/1--\r\n"							\
	"epilogue\r\n"

/* shape - "type depth parent" of every part, for comparing */
static void
shape(const struct mime *m, char *out, size_t size)
{
	size_t	i, n = 0;

	out[0] = '\0';
	for (i = 0; i < mime_count(m) && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s %zu %zu%s\n",
		    mime_at(m, i)->type, mime_at(m, i)->depth,
		    mime_at(m, i)->parent,
		    mime_at(m, i)->container ? " +" : "");
}

static struct mime *
parse(const char *text, size_t n, const struct mime_limits *lim)
{
	struct mime	*m;
	struct err	 e = { "", 0 };

	assert_int_equal(mime_parse(text, n, lim, &m, &e), 0);
	return m;
}

static void
test_shapes(void **state)
{
	static const struct { const char *name, *text, *want; } cases[] = {
	{ "empty", "", "text/plain 0 0\n" },
	{ "plain, LF", "Subject: x\n\nhello\n", "text/plain 0 0\n" },
	{ "a report, an unclosed inner multipart", REPORT,
	  "multipart/report 0 0 +\ntext/plain 1 0\n"
	  "message/delivery-status 1 0\nmessage/rfc822 1 0 +\n"
	  "multipart/alternative 2 3 +\ntext/plain 3 4\n" },
	{ "mbox line before the header", "From x Mon\nContent-Type: text/html\n"
	  "\nx", "text/html 0 0\n" },
	{ "a boundary that GMime cannot read",
	  "Content-Type: multipart/mixed boundary=\"x\"\n\n--x\n\na\n--x--\n",
	  "multipart/mixed 0 0 +\ntext/plain 1 0\n" },
	{ "digest: parts are messages",
	  "Content-Type: multipart/digest; boundary=x\n\n--x\n\n"
	  "Subject: y\n\nbody\n--x--\n",
	  "multipart/digest 0 0 +\nmessage/rfc822 1 0 +\ntext/plain 2 1\n" },
	{ "a quoted boundary, spaces, a last semicolon",
	  "Content-Type: Multipart/Mixed ; Boundary = \"a b\" ;\n\n--a b\n\n"
	  "x\n--a b--\n", "multipart/mixed 0 0 +\ntext/plain 1 0\n" },
	{ "an escape, a comment: GMime's",
	  "Content-Type: multipart/mixed (c); boundary=\"a\\b\"\n\n--ab\n\n"
	  "x\n--ab--\n", "multipart/mixed 0 0 +\ntext/plain 1 0\n" },
	{ "a boundary that is not in the body, and the one that is",
	  "Content-Type: multipart/mixed; boundary=x\n\n--yyyy\nContent-Type: "
	  "text/html\n\nx\n--yyyy--\n",
	  "multipart/mixed 0 0 +\ntext/html 1 0\n" },
	{ "a boundary line before there is any part", "--a\n--b: c\n\n",
	  "text/plain 0 0\n" },
	{ "no boundary: one leaf", "Content-Type: multipart/mixed\n\n--x\n",
	  "multipart/mixed 0 0\n" },
	{ "after the closing line a boundary is text",
	  "Content-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--\n"
	  "--x\n\nb\n", "multipart/mixed 0 0 +\ntext/plain 1 0\n" },
	{ "an encoded message is a leaf",
	  "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n"
	  "\nU3ViamVjdDogeAoK\n", "message/rfc822 0 0\n" },
	};
	char	got[1024];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct mime	*m = parse(cases[i].text,
		    strlen(cases[i].text), NULL);

		shape(m, got, sizeof got);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: got\n%s", cases[i].name, got);
		row_true(!mime_truncated(m), cases[i].name);
		mime_free(&m);
	}
}

static void
test_report(void **state)
{
	struct mime	*m = parse(REPORT, strlen(REPORT), NULL);
	struct buf	 b = BUF_INIT(1000);
	const struct mime_part *p;

	(void)state;
	assert_string_equal(mime_at(m, 0)->report_type, "delivery-status");
	p = mime_at(m, 1);
	assert_int_equal(p->raw_len, 5);
	assert_memory_equal(REPORT + p->raw, "prose", 5);
	assert_non_null(header_first(&mime_at(m, 4)->headers, "subject"));
	assert_int_equal(mime_text(m, 5, &b), 0);
	assert_string_equal(buf_str(&b), "gr\xc3\xbcn");
	buf_free(&b);
	mime_free(&m);
	assert_null(m);
}

static void
test_limits(void **state)
{
	struct mime_limits	 lim = { 100000, 10, 4, 5, 200 };
	struct buf		 b = BUF_INIT(1 << 20);
	struct mime		*m;
	int			 i;

	(void)state;
	/* 1,000 messages, each in the other */
	for (i = 0; i < 1000; i++)
		(void)buf_adds(&b, "Content-Type: message/rfc822\n\n");
	m = parse(b.data, b.len, &lim);
	assert_true(mime_truncated(m));
	assert_int_equal(mime_count(m), 5);
	mime_free(&m);
	/* 10,000 parts */
	buf_reset(&b);
	(void)buf_adds(&b, "Content-Type: multipart/mixed; boundary=x\n\n");
	for (i = 0; i < 10000; i++)
		(void)buf_adds(&b, "--x\n\na\n");
	m = parse(b.data, b.len, &lim);
	assert_true(mime_truncated(m));
	assert_int_equal(mime_count(m), 10);
	mime_free(&m);
	/* headers, their octets, the message's octets */
	buf_reset(&b);
	for (i = 0; i < 20; i++)
		(void)buf_adds(&b, "X: y\n");
	m = parse(b.data, b.len, &lim);
	assert_true(mime_truncated(m));
	assert_int_equal(mime_at(m, 0)->headers.n, 5);
	mime_free(&m);
	lim.octets = 7;
	m = parse("X: 1\n\n\n\nmore", 12, &lim);
	assert_true(mime_truncated(m));
	assert_int_equal(mime_at(m, 0)->raw + mime_at(m, 0)->raw_len, 7);
	mime_free(&m);
	buf_free(&b);
}

static void
test_text(void **state)
{
	static const struct { const char *name, *head, *body, *want; }
	cases[] = {
	{ "base64", "Content-Transfer-Encoding: BASE64", "aGVs\nbG8=\n",
	  "hello" },
	{ "stated latin1", "Content-Type: text/plain; charset=\"ISO-8859-1\"",
	  "gr\xfcn", "gr\xc3\xbcn" },
	{ "nothing stated, UTF-8", "X: y", "gr\xc3\xbcn", "gr\xc3\xbcn" },
	{ "nothing stated, windows-1252", "X: y", "gr\xfcn  and more",
	  "gr\xc3\xbcn  and more" },
	{ "ascii is a lie", "Content-Type: text/plain; charset=us-ascii",
	  "gr\xfcn  and more", "gr\xc3\xbcn  and more" },
	{ "broken UTF-8", "Content-Type: text/plain; charset=utf-8",
	  "a\xff" "b", "a\xef\xbf\xbd" "b" },
	{ "ISO-2022-JP without a label", "X: y", "\033$B$\"\033(B",
	  "\xe3\x81\x82" },
	{ "Shift_JIS", "Content-Type: text/plain; charset=Shift_JIS",
	  "\x82\xa0", "\xe3\x81\x82" },
	{ "a charset that is a path",
	  "Content-Type: text/plain; charset=\"../../x\"", "a", "a" },
	{ "an unknown encoding is left", "Content-Transfer-Encoding: x-rot13",
	  "uryyb", "uryyb" },
	};
	struct buf	raw = BUF_INIT(4096), out = BUF_INIT(4096);
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct mime	*m;

		buf_reset(&raw);
		buf_reset(&out);
		(void)buf_addf(&raw, "%s\n\n%s", cases[i].head,
		    cases[i].body);
		m = parse(raw.data, raw.len, NULL);
		assert_int_equal(mime_text(m, 0, &out), 0);
		if (strcmp(buf_str(&out), cases[i].want) != 0)
			fail_msg("%s: got %s", cases[i].name, buf_str(&out));
		mime_free(&m);
	}
	buf_free(&raw);
	buf_free(&out);
}

static void
test_limit_of_out(void **state)
{
	struct buf	 out = BUF_INIT(3);
	struct mime	*m = parse("X: y\n\nhello", 11, NULL);

	(void)state;
	assert_int_equal(mime_text(m, 0, &out), 0);
	assert_string_equal(buf_str(&out), "hel");
	buf_reset(&out);
	assert_int_equal(mime_decode(m, 0, &out), 0);
	assert_string_equal(buf_str(&out), "hel");
	buf_free(&out);
	mime_free(&m);
}

static void
test_words(void **state)
{
	static const struct { const char *value, *want; } cases[] = {
	{ " plain\n text ", "plain text" },
	{ "=?UTF-8?Q?gr=C3=BCn?=", "gr\xc3\xbcn" },
	{ "=?iso-8859-1?q?a_b?= and =?utf-8?B?w7w=?=", "a b and \xc3\xbc" },
	{ "=?utf-8?B?4oI=?=\n =?utf-8?B?rA==?=", "\xe2\x82\xac" },
	{ "=?utf-8*de?Q?x?=", "x" },
	{ "=?utf-8?Q?x", "=?utf-8?Q?x" },
	{ "=?utf-8?X?x?=", "=?utf-8?X?x?=" },
	{ "=?=?utf-8?Q?y?=", "=?y" },
	{ "=?utf-8?Q?=4?=", "=4" },
	{ "raw \xfc latin1", "raw \xc3\xbc latin1" },
	};
	struct buf	out = BUF_INIT(4096);
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&out);
		assert_int_equal(mime_header_text(cases[i].value,
		    strlen(cases[i].value), &out), 0);
		assert_string_equal(buf_str(&out), cases[i].want);
	}
	buf_free(&out);
}

static void *
worker(void *arg)
{
	struct buf	out = BUF_INIT(1000);
	int		i;

	for (i = 0; i < 200; i++) {
		struct mime	*m = NULL;

		buf_reset(&out);
		if (mime_parse(REPORT, strlen(REPORT), NULL, &m, NULL) == -1 ||
		    mime_count(m) != 6 || mime_text(m, 5, &out) == -1 ||
		    strcmp(buf_str(&out), "gr\xc3\xbcn") != 0)
			*(int *)arg = 1;
		mime_free(&m);
	}
	buf_free(&out);
	return NULL;
}

/* nothing is shared but GMime's own start */
static void
test_threads(void **state)
{
	pthread_t	t[8];
	int		bad[8] = { 0 }, i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&t[i], NULL, worker, &bad[i]),
		    0);
	for (i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(t[i], NULL), 0);
		assert_int_equal(bad[i], 0);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_shapes),
	cmocka_unit_test(test_report),
	cmocka_unit_test(test_limits),
	cmocka_unit_test(test_text),
	cmocka_unit_test(test_limit_of_out),
	cmocka_unit_test(test_words),
	cmocka_unit_test(test_threads),
};

UNIT_MAIN(tests)

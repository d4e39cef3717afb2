/* SPDX-License-Identifier: BSD-2-Clause */
/* test-view.c - messages as rules see them: texts, links, bounds */
#include "unit.h"

#include "base/clock.h"
#include "mail/charset.h"
#include "mail/fold.h"
#include "mail/html.h"
#include "mail/uri.h"
#include "mail/view.h"

static const struct view_limits	lim = VIEW_LIMITS;

/* join - pieces with a bar between them */
static void
join(const struct view_texts *t, struct buf *out)
{
	size_t	i;

	for (i = 0; i < t->n; i++) {
		if (i > 0)
			assert_int_equal(buf_addc(out, '|'), 0);
		assert_int_equal(buf_add(out, t->v[i].p, t->v[i].n), 0);
	}
}

enum what { BODY, RAW, URIS };

static void
look(const char *mail, enum what what, struct buf *out)
{
	const struct uri_world	 world = { NULL, NULL, NULL };
	struct view_texts	 t;
	struct view		*v;
	struct err		 e;
	int			 rc;

	if (view_open(mail, strlen(mail), &lim, &v, &e) == -1)
		fail_msg("%s", e.msg);
	rc = what == BODY ? view_body(v, &t) : what == RAW ?
	    view_rawbody(v, &t) : view_uris(v, &world, &t);
	assert_int_equal(rc, 0);
	join(&t, out);
	view_free(&v);
}

#define HTML "Subject: s\nContent-Type: text/html; charset=utf-8\n\n"
#define TEXT "Subject: s\nContent-Type: text/plain\n\n"
#define MULTI "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"

static const struct {
	const char	*row;
	enum what	 what;
	const char	*mail, *want;
} rows[] = {
	{ "subject in front", BODY, "Subject: one\n two\n\nbody text\n",
	  "one two\n|body text " },
	{ "no subject", BODY, "To: a\n\nx\n", "\n|x " },
	{ "the last subject", BODY, "Subject: a\nSubject: b\n\nx", "b\n|x" },
	{ "paragraphs", BODY, TEXT "a\nb\n\n c  d\n", "s\n|a b\n| c d " },
	{ "encoded words", BODY, "Subject: =?utf-8?q?gr=C3=BC?=\n "
	  "=?utf-8?b?w58=?= x\n\nb", "gr\xc3\xbc\xc3\x9f x\n|b" },
	{ "word of a foreign charset", BODY,
	  "Subject: =?gb2312?B?xOO6ww==?=\n\nb",
	  "\xe4\xbd\xa0\xe5\xa5\xbd\n|b" },
	{ "CRLF", BODY, "Subject: s\r\n\r\na\r\nb\r\n", "s\n|a b " },
	{ "quoted-printable", BODY, "Subject: s\nContent-Transfer-Encoding: "
	  "quoted-printable\n\na=\nb=20c=3D\n", "s\n|ab c= " },
	{ "base64", BODY, "Subject: s\nContent-Transfer-Encoding: base64\n\n"
	  "aGVsbG8g\nd29ybGQ=\n", "s\n|hello world" },
	{ "latin 1", BODY, "Subject: s\nContent-Type: text/plain; charset="
	  "iso-8859-1\n\n\xfc\x80", "s\n|\xc3\xbc\xe2\x82\xac" },
	{ "a lie about the charset", BODY, "Subject: s\nContent-Type: "
	  "text/plain; charset=us-ascii\n\n\xc3\xbc", "s\n|\xc3\xbc" },
	{ "GB18030", BODY, "Subject: s\nContent-Type: text/plain; charset="
	  "gb2312\n\n\xc4\xe3\xba\xc3", "s\n|\xe4\xbd\xa0\xe5\xa5\xbd" },
	{ "ISO-2022-JP", BODY, "Subject: s\nContent-Type: text/plain; "
	  "charset=ISO-2022-JP\n\n\x1b$B$3\x1b(B", "s\n|\xe3\x81\x93" },
	{ "UTF-7", BODY, "Subject: s\nContent-Type: text/plain; charset="
	  "utf-7\n\n+APw-", "s\n|\xc3\xbc" },
	{ "two parts", BODY, MULTI "pre\n--b\n\none\n--b\nContent-Type: "
	  "text/html\n\n<p>two\n--b--\npost\n", "s\n|one\n|two" },
	{ "no end boundary", BODY, MULTI "--b\n\none\n", "s\n|one " },
	{ "boundary that never comes", BODY, MULTI "X: y\nbody\n",
	  "s\n|X: y body " },
	{ "a message in a message", BODY, MULTI "--b\nContent-Type: "
	  "message/rfc822\n\nSubject: in\n\ninner\n--b--\n", "s\n|inner" },
	{ "an image is not text", BODY, MULTI "--b\nContent-Type: image/gif"
	  "\n\nR0lGOD\n--b\n\nt\n--b--\n", "s\n|t" },
	{ "html by its name", BODY, "Subject: s\nContent-Type: application/"
	  "x; name=a.html\n\n<b>x</b>", "s\n|x" },
	{ "words and cells", BODY, HTML "<b>a</b>b<br>c<td>d<td>e<p>f",
	  "s\n|ab c d e\n|f" },
	{ "title, script, style", BODY, HTML "<title>t</title><script>x<b>"
	  "</script><style>p{}</style>y", "s\n|\n|t\n|y" },
	{ "comments", BODY, HTML "a<!-- x -- >b<!>c<!-->d", "s\n|abcd" },
	{ "references", BODY, HTML "&lt;&#65;&#x42;&eacute;&nbsp;&amp&bogus;",
	  "s\n|<AB\xc3\xa9 &&bogus;" },
	{ "a < b", BODY, HTML "a < b", "s\n|a < b" },
	{ "a tag that never ends", BODY, HTML "a<b c=\"", "s\n|a" },
	{ "rawbody keeps tags", RAW, HTML "<b>a</b>\n", "<b>a</b>\n" },
	{ "rawbody of two parts", RAW, MULTI "--b\n\none\n--b\n\ntwo\n--b--",
	  "one|two" },
	{ "a link in text", URIS, TEXT "see http://a.example/x, ok",
	  "http://a.example/x" },
	{ "no scheme", URIS, TEXT "see www.a.example/x.", "http://"
	  "www.a.example/x" },
	{ "a host alone", URIS, TEXT "a.example is it",
	  "http://a.example" },
	{ "a file name is none", URIS, TEXT "file.123 x", "" },
	{ "mail", URIS, TEXT "to ann@a.example!", "mailto:ann@a.example" },
	{ "brackets", URIS, TEXT "(http://a.example/x) y",
	  "http://a.example/x" },
	{ "html link", URIS, HTML "<a href=http://a.example/x>y</a>",
	  "http://a.example/x" },
	{ "relative", URIS, HTML "<base href='http://a.example/d/'>"
	  "<img src='../i.gif'>", "http://a.example/d/|"
	  "http://a.example/i.gif" },
	{ "escapes", URIS, HTML "<a href='http://a.example/%41'>",
	  "http://a.example/%41|http://a.example/A" },
	{ "user part", URIS, HTML "<a href='http://b.example@a.example/'>",
	  "http://b.example@a.example/" },
	{ "a number for a host", URIS, HTML "<a href='http://0x7f000001/'>",
	  "http://0x7f000001/|http://127.0.0.1/" },
	{ "redirector", URIS, HTML "<a href='http://a.example/?u=http://"
	  "b.example/'>", "http://a.example/?u=http://b.example/|"
	  "http://b.example/" },
	{ "backslashes", URIS, HTML "<a href='http:\\\\a.example\\x'>",
	  "http:\\\\a.example\\x|http://a.example/x" },
};

static void
test_rows(void **state)
{
	struct buf	out = BUF_INIT(1 << 20);
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_reset(&out);
		look(rows[i].mail, rows[i].what, &out);
		if (strcmp(buf_str(&out), rows[i].want) != 0)
			fail_msg("%s: \"%s\", expected \"%s\"", rows[i].row,
			    buf_str(&out), rows[i].want);
	}
	buf_free(&out);
}

/* big - a message made of a head and n copies of a text */
static char *
big(const char *head, const char *text, size_t n, size_t *len)
{
	size_t	 h = strlen(head), t = strlen(text), i;
	char	*p = malloc(h + n * t + 1);

	assert_non_null(p);
	memcpy(p, head, h);
	for (i = 0; i < n; i++)
		memcpy(p + h + i * t, text, t);
	*len = h + n * t;
	p[*len] = '\0';
	return p;
}

static void
test_bounds(void **state)
{
	static const struct {
		const char	*row, *head, *text;
		size_t		 n;
	} cases[] = {
		{ "nested tags", HTML, "<div>", 100000 },
		{ "unclosed comments", HTML, "<!-- ", 100000 },
		{ "unclosed quotes", HTML, "<a b=\"", 100000 },
		{ "titles", HTML, "<title>", 100000 },
		{ "links", HTML, "<a href=http://a.example/x>y</a>", 50000 },
		{ "hosts in text", TEXT, "www.a.example ", 50000 },
		{ "one line", TEXT, "aaaaaaaaaa", 500000 },
		{ "at signs", TEXT, "a@", 200000 },
		{ "brackets", TEXT, "((((", 200000 },
		{ "boundaries", MULTI, "--b\n\n", 50000 },
		{ "empty lines", TEXT, "\n", 500000 },
		{ "blanks", "Subject: s\nContent-Transfer-Encoding: "
		  "quoted-printable\n\n", "   ", 200000 },
		{ "fields", "X: y\n", "X: y\n", 100000 },
		{ "encoded words", "Subject: ", "=?utf-8?q?a?= ", 50000 },
		{ "NULs", TEXT, "&#0;", 100000 },
	};
	const struct uri_world	 world = { NULL, NULL, NULL };
	struct view_texts	 t;
	struct view		*v;
	int64_t			 began;
	size_t			 i, len;
	char			*p;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		p = big(cases[i].head, cases[i].text, cases[i].n, &len);
		began = clock_mono_us();
		row_true(view_open(p, len, &lim, &v, NULL) == 0,
		    cases[i].row);
		row_true(view_body(v, &t) == 0, cases[i].row);
		row_true(view_rawbody(v, &t) == 0, cases[i].row);
		row_true(view_uris(v, &world, &t) == 0, cases[i].row);
		row_true(t.n <= lim.uris, cases[i].row);
		view_free(&v);
		/* Generous: sanitizers, other work on the machine. */
		row_true(clock_mono_us() - began < 8000000, cases[i].row);
		free(p);
	}
}

static void
test_fold(void **state)
{
	static const struct {
		const char	*row, *a, *b;
	} same[] = {
		{ "case", "Act NOW", "act now" },
		{ "blanks", "act\t\n now", "act now" },
		{ "width", "\xef\xbc\xa1\xef\xbd\x83t", "act" },
		{ "zero width", "a\xe2\x80\x8b" "ct", "act" },
		{ "soft hyphen", "a\xc2\xad" "ct", "act" },
		{ "Cyrillic a", "\xd0\xb0" "ct", "act" },
		{ "accents", "\xc3\xa9t\xc3\xa9", "ete" },
		{ "sharp s", "Stra\xc3\x9f" "e", "strasse" },
		{ "blanks in Chinese", "\xe6\x9c\x80 \xe5\x90\x8e",
		  "\xe6\x9c\x80\xe5\x90\x8e" },
		{ "half-width kana", "\xef\xbe\x97\xef\xbd\xbd",
		  "\xe3\x83\xa9\xe3\x82\xb9" },
	};
	struct buf	a = BUF_INIT(1000), b = BUF_INIT(1000);
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof same / sizeof same[0]; i++) {
		buf_reset(&a);
		buf_reset(&b);
		row_true(fold_text(same[i].a, strlen(same[i].a), &a) == 0,
		    same[i].row);
		row_true(fold_text(same[i].b, strlen(same[i].b), &b) == 0,
		    same[i].row);
		assert_string_equal(buf_str(&a), buf_str(&b));
	}
	assert_true(fold_border("act now", 7, 3));
	assert_false(fold_border("action", 6, 3));
	assert_true(fold_border("\xe6\x9c\x80\xe5\x90\x8e", 6, 3));
	buf_free(&a);
	buf_free(&b);
}

static void
test_limits(void **state)
{
	struct view_limits	 small = { 200, 3, 2, 4, 20, 10, 2, 1000 };
	struct view_texts	 t;
	struct view		*v;
	const char		*mail = MULTI "--b\n\n0123456789 123456789 "
				    "123456789\n--b\n\nx\n--b\n\ny\n--b\n\nz";

	(void)state;
	assert_int_equal(view_open(mail, strlen(mail), &small, &v, NULL), 0);
	assert_int_equal(view_part_count(v), 3);
	assert_true(view_truncated(v));
	assert_int_equal(view_body(v, &t), 0);
	assert_int_equal(view_rawbody(v, &t), 0);
	assert_true(t.v[0].n <= 11);
	view_free(&v);
	view_free(&v);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* test-footer.c - where a footer goes, in which octets, and where it must not
 */
#include "unit.h"

#include "mail/footer.h"
#include "mail/mime.h"

#define PLAIN	"Content-Type: text/plain"
#define HTML	"Content-Type: text/html"
#define ALT	"MIME-Version: 1.0\n" \
		"Content-Type: multipart/alternative; boundary=b\n"
#define LINK	"https://u.example/x"
#define ZH	"\xe9\x80\x80\xe8\xae\xa2"		/* two characters */
#define DE	"Gr\xc3\xbc\xc3\x9f" "e"

static const struct row {
	const char	*name, *header, *body;
	const char	*text, *html;		/* NULL: "T\n", "<p>H</p>\n" */
	const char	*want;			/* NULL: nothing added */
	const char	*why;			/* "linked": it has one */
	const char	*type, *encoding;	/* of the message, after it */
} rows[] = {
	{ "no header at all", "", "Hi\r\n", NULL, NULL, "Hi\r\nT\r\n", NULL,
	  "", "" },
	{ "no line end", "", "Hi", NULL, NULL, "Hi\r\nT\r\n", NULL, "", "" },
	{ "empty", "", "", NULL, NULL, "T\r\n", NULL, "", "" },
	{ "html", HTML "\n", "<html><body>Hi</body></html>\r\n", NULL, NULL,
	  "<html><body>Hi\r\n<p>H</p>\r\n</body></html>\r\n", NULL, "", "" },
	{ "html without body", HTML "\n", "Hi\r\n", NULL, NULL,
	  "Hi\r\n<p>H</p>\r\n", NULL, "", "" },
	{ "html alone", HTML "\n", "Hi</HTML >", NULL, NULL,
	  "Hi\r\n<p>H</p>\r\n</HTML >\r\n", NULL, "", "" },
	{ "the last body counts", HTML "\n", "</body>x</BODY\r\n>", NULL, NULL,
	  "</body>x\r\n<p>H</p>\r\n</BODY\r\n>\r\n", NULL, "", "" },
	{ "body in comment and script", HTML "\n",
	  "a</body><!-- </body> --><script>'</body>'</script>\r\n", NULL,
	  NULL, "a\r\n<p>H</p>\r\n</body><!-- </body> --><script>'</body>'"
	  "</script>\r\n", NULL, "", "" },
	{ "short comments", HTML "\n", "a<!-->b<!---->c</body>", NULL, NULL,
	  "a<!-->b<!---->c\r\n<p>H</p>\r\n</body>\r\n", NULL, "", "" },
	{ "endless comment", HTML "\n", "a<!-- </body>", NULL, NULL, NULL,
	  "HTML that does not end", "", "" },
	{ "endless script", HTML "\n", "a<script></body>", NULL, NULL, NULL,
	  "HTML that does not end", "", "" },

	/* charsets and encodings */
	{ "UTF-8 in 8bit", PLAIN "; charset=utf-8\n"
	  "Content-Transfer-Encoding: 8bit\n", DE "\r\n", ZH "\n", NULL,
	  DE "\r\n" ZH "\r\n", NULL, "", "" },
	{ "UTF-8, no encoding stated", PLAIN "; charset=utf-8\n", "Hi\r\n",
	  ZH "\n", NULL, "Hi\r\n=E9=80=80=E8=AE=A2\r\n", NULL, "",
	  "quoted-printable" },
	{ "quoted-printable", PLAIN "; charset=utf-8\n"
	  "Content-Transfer-Encoding: Quoted-Printable\n",
	  "Gr=C3=BC=C3=9Fe =\r\nyou=20\r\n=2E\r\n", ZH "\n", NULL,
	  "Gr=C3=BC=C3=9Fe you=20\r\n=2E\r\n=E9=80=80=E8=AE=A2\r\n", NULL, "",
	  "" },
	{ "base64", PLAIN "; charset=utf-8\n"
	  "Content-Transfer-Encoding: BASE64\n", "SGkNCg==\r\n", NULL, NULL,
	  "SGkNClQNCg==\r\n", NULL, "", "" },
	{ "base64 with LF", PLAIN "; charset=utf-8\n"
	  "Content-Transfer-Encoding: base64\n", "SGkK\r\n", NULL, NULL,
	  "SGkKVAo=\r\n", NULL, "", "" },
	{ "ASCII becomes UTF-8", "Subject: x\n" PLAIN "; format=flowed; "
	  "charset=\"us-ascii\"; x=\"a;b\"\n", "Hi\r\n", DE "\n", NULL,
	  "Hi\r\nGr=C3=BC=C3=9Fe\r\n", NULL, "text/plain;\n\tformat=flowed;"
	  "\n\tx=\"a;b\";\n\tcharset=utf-8", "quoted-printable" },
	{ "nothing becomes UTF-8", "", "Hi\r\n", DE "\n", NULL,
	  "Hi\r\nGr=C3=BC=C3=9Fe\r\n", NULL, "text/plain;\n\tcharset=utf-8",
	  "quoted-printable" },
	{ "Latin 1 says it", PLAIN "; charset=iso-8859-1\n"
	  "Content-Transfer-Encoding: 8bit\n", "\xfc\r\n", DE "\n", NULL,
	  "\xfc\r\nGr\xfc\xdf" "e\r\n", NULL, "", "" },
	{ "Latin 1 cannot say it", PLAIN "; charset=iso-8859-1\n"
	  "Content-Transfer-Encoding: 8bit\n", "\xfc\r\n", ZH "\n", NULL,
	  "\xc3\xbc\r\n" ZH "\r\n", NULL, "text/plain;\n\tcharset=utf-8", "" },
	{ "HTML of Latin 1", HTML "; charset=iso-8859-1\n"
	  "Content-Transfer-Encoding: 8bit\n", "\xfc", NULL, ZH "\n",
	  "\xfc\r\n&#36864;&#35746;\r\n", NULL, "", "" },
	{ "HTML of ASCII", HTML "\n", "x", NULL, DE "\n",
	  "x\r\nGr&#252;&#223;e\r\n", NULL, "", "" },
	{ "ISO-2022-JP", PLAIN "; charset=iso-2022-jp\n",
	  "\033$B$\"\033(B\r\n", "\xe3\x81\x82\n", NULL,
	  "\033$B$\"\033(B\r\n\033$B$\"\033(B\r\n", NULL, "", "" },
	{ "ISO-2022-JP left open", PLAIN "; charset=iso-2022-jp\n",
	  "\033$B$\"", NULL, NULL, NULL, "charset", "", "" },
	{ "UTF-16", PLAIN "; charset=utf-16\nContent-Transfer-Encoding: "
	  "base64\n", "SGkNCg==\r\n", NULL, NULL, NULL, "charset", "", "" },
	{ "unknown charset", PLAIN "; charset=x-klingon\n", "Hi\r\n", ZH "\n",
	  NULL, NULL, "charset", "", "" },
	{ "no charset, no UTF-8", PLAIN "\n", "\xfc\r\n", ZH "\n", NULL, NULL,
	  "charset", "", "" },
	{ "octets that are not UTF-8 stay", PLAIN "; charset=utf-8\n"
	  "Content-Transfer-Encoding: 8bit\n", "\xff\r\n", ZH "\n", NULL,
	  "\xff\r\n" ZH "\r\n", NULL, "", "" },
	{ "unknown encoding", PLAIN "\nContent-Transfer-Encoding: x-uu\n",
	  "x\r\n", NULL, NULL, NULL, "transfer encoding", "", "" },

	/* parts */
	{ "alternative", ALT, "--b\r\n\r\nHi\r\n--b\r\n" HTML "\r\n\r\n"
	  "<body>Hi</body>\r\n--b--\r\n", NULL, NULL,
	  "--b\r\n\r\nHi\r\nT\r\n--b\r\n" HTML "\r\n\r\n"
	  "<body>Hi\r\n<p>H</p>\r\n</body>\r\n--b--\r\n", NULL, "", "" },
	{ "a part's header changes", ALT, "pre\r\n--b\r\nX-A: 1\r\n" PLAIN
	  ";\r\n charset=us-ascii\r\nContent-ID: <1>\r\n\r\nHi\r\n--b\r\n"
	  HTML "; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nx"
	  "\r\n--b--\r\n", ZH "\n", ZH "\n", "pre\r\n--b\r\nX-A: 1\r\n"
	  "Content-ID: <1>\r\n" PLAIN ";\r\n\tcharset=utf-8\r\n"
	  "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	  "Hi\r\n=E9=80=80=E8=AE=A2\r\n--b\r\n" HTML "; charset=utf-8\r\n"
	  "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	  "x\r\n=E9=80=80=E8=AE=A2\r\n--b--\r\n", NULL, "", "" },
	{ "one of them has a link", ALT, "--b\r\n\r\nHi\r\n--b\r\n" HTML
	  "\r\n\r\n" LINK "\r\n--b--\r\n", NULL, NULL, "--b\r\n\r\nHi\r\nT"
	  "\r\n--b\r\n" HTML "\r\n\r\n" LINK "\r\n--b--\r\n", NULL, "", "" },
	{ "all have a link", ALT, "--b\r\n\r\n" LINK "\r\n--b\r\n" HTML
	  "\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	  "aHR0cHM6Ly91LmV4YW1wbGUveA==\r\n--b--\r\n", NULL, NULL, NULL,
	  "linked", "", "" },
	{ "all or none", ALT, "--b\r\n\r\nHi\r\n--b\r\n" HTML "\r\n\r\n<!--"
	  "\r\n--b--\r\n", NULL, NULL, NULL, "HTML that does not end", "",
	  "" },
	{ "first of mixed", "Content-Type: multipart/mixed; boundary=b\n",
	  "--b\r\n\r\nHi\r\n--b\r\n\r\nlist\r\n--b\r\nContent-Type: "
	  "text/plain; name=a.txt\r\n\r\nx\r\n--b--\r\n", NULL, NULL,
	  "--b\r\n\r\nHi\r\nT\r\n--b\r\n\r\nlist\r\n--b\r\nContent-Type: "
	  "text/plain; name=a.txt\r\n\r\nx\r\n--b--\r\n", NULL, "", "" },
	{ "attachment first", "Content-Type: multipart/mixed; boundary=b\n",
	  "--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b\r\n\r\nHi"
	  "\r\n--b--\r\n", NULL, NULL, "--b\r\nContent-Disposition: "
	  "attachment\r\n\r\nx\r\n--b\r\n\r\nHi\r\nT\r\n--b--\r\n", NULL, "",
	  "" },
	{ "calendar beside it", ALT, "--b\r\n\r\nHi\r\n--b\r\nContent-Type: "
	  "text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n--b--\r\n", NULL, NULL,
	  "--b\r\n\r\nHi\r\nT\r\n--b\r\nContent-Type: text/calendar\r\n\r\n"
	  "BEGIN:VCALENDAR\r\n--b--\r\n", NULL, "", "" },
	{ "calendar alone", "Content-Type: text/calendar\n",
	  "BEGIN:VCALENDAR\r\n", NULL, NULL, NULL, "no text", "", "" },
	{ "signed", "Content-Type: multipart/signed; boundary=b\n",
	  "--b\r\n\r\nHi\r\n--b--\r\n", NULL, NULL, NULL,
	  "signed or encrypted", "", "" },
	{ "signed inside", "Content-Type: multipart/mixed; boundary=c\n",
	  "--c\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n"
	  "\r\nHi\r\n--b--\r\n--c\r\n\r\nx\r\n--c--\r\n", NULL, NULL, NULL,
	  "signed or encrypted", "", "" },
	{ "S/MIME", "Content-Type: application/pkcs7-mime\n", "MII=\r\n",
	  NULL, NULL, NULL, "signed or encrypted", "", "" },
	{ "encrypted", "Content-Type: multipart/encrypted; boundary=b\n",
	  "--b\r\n\r\nHi\r\n--b--\r\n", NULL, NULL, NULL,
	  "signed or encrypted", "", "" },
	{ "PGP in the text", PLAIN "\n",
	  "-----BEGIN PGP SIGNED MESSAGE-----\r\n", NULL, NULL, NULL,
	  "signed or encrypted", "", "" },
	{ "report", "Content-Type: multipart/report; boundary=b\n",
	  "--b\r\n\r\nHi\r\n--b--\r\n", NULL, NULL, NULL, "not a letter", "",
	  "" },
	{ "picture", "Content-Type: image/png\n", "x\r\n", NULL, NULL, NULL,
	  "no text", "", "" },
	{ "related", "Content-Type: multipart/related; boundary=b\n",
	  "--b\r\n" HTML "\r\n\r\nHi\r\n--b\r\n" HTML "\r\n\r\nx\r\n--b--\r\n",
	  NULL, NULL, "--b\r\n" HTML "\r\n\r\nHi\r\n<p>H</p>\r\n--b\r\n" HTML
	  "\r\n\r\nx\r\n--b--\r\n", NULL, "", "" },
	{ "boundary never comes", ALT, "Hi\r\n", NULL, NULL, NULL, "no text",
	  "", "" },
	{ "not closed", ALT, "--b\r\n\r\nHi\r\n", NULL, NULL,
	  "--b\r\n\r\nHi\r\nT\r\n", NULL, "", "" },
};

static bool
has_link(void *arg, const char *p, size_t n)
{
	(void)arg;
	return memmem(p, n, LINK, strlen(LINK)) != NULL;
}

static void
header_of(const char *text, struct header_list *l)
{
	bool	cut;

	header_list_init(l);
	assert_true(header_parse(text, strlen(text), 100, 10000, l, &cut) >=
	    0);
}

static void
footers(void **state)
{
	struct footer		 f = { .linked = has_link };
	struct footer_out	 out;
	struct header_list	 l;
	struct err		 e;
	const struct row	*r;
	const char		*got;

	(void)state;
	for (r = rows; r < rows + sizeof rows / sizeof *rows; r++) {
		header_of(r->header, &l);
		f.text = r->text != NULL ? r->text : "T\n";
		f.html = r->html != NULL ? r->html : "<p>H</p>\n";
		assert_int_equal(footer_add(&l, r->body, strlen(r->body), &f,
		    &out, &e), 0);
		got = out.added > 0 ? buf_str(&out.body) : out.linked > 0 ?
		    "linked" : out.why;
		if (strcmp(got, r->want != NULL ? r->want : r->why) != 0)
			fail_msg("%s: got\n%s", r->name, got);
		if (strcmp(buf_str(&out.content_type), r->type) != 0 ||
		    strcmp(buf_str(&out.encoding), r->encoding) != 0)
			fail_msg("%s: %s, %s", r->name,
			    buf_str(&out.content_type),
			    buf_str(&out.encoding));
		footer_out_free(&out);
		header_list_free(&l);
	}
}

/* long lines, every octet, dots and From: what is decoded is what was there */
static void
round_trip(void **state)
{
	static const char *const encodings[] = { "base64",
		"quoted-printable" };
	struct footer		 f = { "T\n", "H\n", NULL, NULL };
	struct footer_out	 out, again;
	struct header_list	 l;
	struct buf		 head = BUF_INIT(500), text = BUF_INIT(9000);
	struct mime		*m;
	struct buf		 got = BUF_INIT(90000);
	struct err		 e;
	size_t			 i;
	int			 c;

	(void)state;
	for (i = 0; i < 3; i++)
		buf_adds(&text, ".dot\r\nFrom me\r\n--b\r\nblank \r\n\t\r\n");
	for (c = 1; c < 256; c++)
		buf_addc(&text, (char)c);
	for (i = 0; i < 3000; i++)
		buf_addc(&text, i % 7 == 0 ? ' ' : 'x');
	buf_adds(&text, "\r\n");
	for (i = 0; i < 2; i++) {
		/* 8bit to the encoding by way of a first footer */
		buf_reset(&head);
		buf_addf(&head, "Content-Type: text/plain; charset=utf-8\n%s",
		    i == 0 ? "Content-Transfer-Encoding: 8bit\n" : "");
		header_of(buf_str(&head), &l);
		assert_int_equal(footer_add(&l, text.data, text.len, &f,
		    &out, &e), 0);
		assert_int_equal(out.added, 1);
		header_list_free(&l);
		buf_reset(&head);
		buf_addf(&head, "Content-Type: text/plain; charset=utf-8\n"
		    "Content-Transfer-Encoding: %s\n", i == 0 ? "8bit" :
		    encodings[1]);
		header_of(buf_str(&head), &l);
		assert_int_equal(footer_add(&l, out.body.data, out.body.len,
		    &f, &again, &e), 0);
		assert_int_equal(again.added, 1);
		header_list_free(&l);
		buf_adds(&head, "\n");
		buf_add(&head, "", 0);
		buf_reset(&got);
		buf_add(&got, head.data, head.len);
		buf_add(&got, again.body.data, again.body.len);
		assert_int_equal(mime_parse(got.data, got.len,
		    &(struct mime_limits)MIME_LIMITS, &m, &e), 0);
		buf_reset(&head);
		head.max = 90000;
		assert_int_equal(mime_decode(m, 0, &head), 0);
		assert_int_equal(head.len, text.len + 6);
		assert_memory_equal(head.data, text.data, text.len);
		assert_memory_equal(head.data + text.len, "T\r\nT\r\n", 6);
		mime_free(&m);
		footer_out_free(&out);
		footer_out_free(&again);
	}
	buf_free(&head);
	buf_free(&text);
	buf_free(&got);
}

static void
nul(void **state)
{
	struct footer		f = { "T\n", "H\n", NULL, NULL };
	struct footer_out	out;
	struct header_list	l;
	struct err		e;

	(void)state;
	header_of("", &l);
	assert_int_equal(footer_add(&l, "a\0b\r\n", 5, &f, &out, &e), 0);
	assert_int_equal(out.added, 0);
	assert_string_equal(out.why, "NUL octet");
	footer_out_free(&out);
	header_list_free(&l);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(footers),
	cmocka_unit_test(round_trip),
	cmocka_unit_test(nul),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

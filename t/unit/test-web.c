/* SPDX-License-Identifier: BSD-2-Clause */
/* test-web.c - forms, languages, tickets, limits of mailweir-web */
#include "unit.h"

#include "web/form.h"
#include "web/limit.h"
#include "web/text.h"
#include "web/ticket.h"

#define URLENC	"application/x-www-form-urlencoded"
#define MULTI	"multipart/form-data; boundary=xx"
#define PART(n, v) "--xx\r\nContent-Disposition: form-data; name=\"" n \
		"\"\r\n\r\n" v "\r\n"

static const struct {
	const char	*name, *type, *body;
	enum form_result want;
	size_t		 n;
	const char	*click;		/* value of List-Unsubscribe */
	bool		 twice;
} forms[] = {
	{ "urlencoded", URLENC, "List-Unsubscribe=One-Click", FORM_OK, 1,
	    "One-Click", false },
	{ "with parameters and case", "Application/X-WWW-Form-UrlEncoded ; "
	    "charset=UTF-8", "List-Unsubscribe=One-Click", FORM_OK, 1,
	    "One-Click", false },
	{ "no type", NULL, "List-Unsubscribe=One-Click", FORM_OK, 1,
	    "One-Click", false },
	{ "a line end behind it", URLENC, "List-Unsubscribe=One-Click\r\n",
	    FORM_OK, 1, "One-Click", false },
	{ "escaped", URLENC, "List%2dUnsubscribe=One%2DClick", FORM_OK, 1,
	    "One-Click", false },
	{ "plus is a blank", URLENC, "List-Unsubscribe=One+Click", FORM_OK, 1,
	    "One Click", false },
	{ "other case is another value", URLENC, "list-unsubscribe=One-Click",
	    FORM_OK, 1, NULL, false },
	{ "empty", URLENC, "", FORM_OK, 0, NULL, false },
	{ "only separators", URLENC, "&&&", FORM_OK, 0, NULL, false },
	{ "no value", URLENC, "List-Unsubscribe", FORM_OK, 1, "", false },
	{ "empty value", URLENC, "List-Unsubscribe=&a=b", FORM_OK, 2, "",
	    false },
	{ "the same twice", URLENC,
	    "List-Unsubscribe=One-Click&List-Unsubscribe=One-Click", FORM_OK,
	    2, "One-Click", false },
	{ "two values", URLENC, "List-Unsubscribe=One-Click&List-Unsubscribe=",
	    FORM_OK, 2, "One-Click", true },
	{ "half an escape", URLENC, "a=%4", FORM_BAD, 0, NULL, false },
	{ "no escape", URLENC, "a=%zz", FORM_BAD, 0, NULL, false },
	{ "NUL in a value", URLENC, "a=b%00c", FORM_BAD, 0, NULL, false },
	{ "too many fields", URLENC, "a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a",
	    FORM_BAD, 0, NULL, false },
	{ "another type", "text/plain", "List-Unsubscribe=One-Click",
	    FORM_TYPE, 0, NULL, false },
	{ "JSON", "application/json", "{}", FORM_TYPE, 0, NULL, false },
	{ "a longer type", URLENC "x", "a=b", FORM_TYPE, 0, NULL, false },
	{ "multipart", MULTI, PART("List-Unsubscribe", "One-Click") "--xx--",
	    FORM_OK, 1, "One-Click", false },
	{ "two parts, line end behind", MULTI, PART("a", "b")
	    PART("List-Unsubscribe", "One-Click") "--xx--\r\n", FORM_OK, 2,
	    "One-Click", false },
	{ "quoted boundary", "multipart/form-data; charset=x; BOUNDARY=\"xx\"",
	    PART("List-Unsubscribe", "One-Click") "--xx--", FORM_OK, 1,
	    "One-Click", false },
	{ "no quotes, folded, another header", MULTI, "--xx\r\n"
	    "Content-Type: text/plain\r\nCONTENT-DISPOSITION: form-data;\r\n"
	    "\tname=List-Unsubscribe\r\n\r\nOne-Click\r\n--xx--", FORM_OK, 1,
	    "One-Click", false },
	{ "empty part", MULTI, PART("List-Unsubscribe", "") "--xx--", FORM_OK,
	    1, "", false },
	{ "what looks like a boundary stays", MULTI, PART("List-Unsubscribe",
	    "--xxy") "--xx--", FORM_OK, 1, "--xxy", false },
	{ "no end", MULTI, PART("List-Unsubscribe", "One-Click"), FORM_BAD, 0,
	    NULL, false },
	{ "cut off", MULTI, "--xx\r\nContent-Disposition: form-data; na",
	    FORM_BAD, 0, NULL, false },
	{ "no boundary", "multipart/form-data", PART("a", "b") "--xx--",
	    FORM_BAD, 0, NULL, false },
	{ "empty boundary", "multipart/form-data; boundary=", "----",
	    FORM_BAD, 0, NULL, false },
	{ "open quote", "multipart/form-data; boundary=\"xx",
	    PART("a", "b") "--xx--", FORM_BAD, 0, NULL, false },
	{ "no name", MULTI, "--xx\r\nContent-Disposition: form-data\r\n\r\nb"
	    "\r\n--xx--", FORM_BAD, 0, NULL, false },
	{ "a preamble", MULTI, "x--xx\r\n\r\n" PART("List-Unsubscribe",
	    "One-Click") "--xx--", FORM_OK, 1, "One-Click", false },
	{ "a boundary within a line", MULTI, "x" PART("a", "b") "--xx--",
	    FORM_OK, 0, NULL, false },
	{ "bare newlines", MULTI, "--xx\nContent-Disposition: form-data; "
	    "name=a\n\nb\n--xx--", FORM_BAD, 0, NULL, false },
	{ "nothing at all", MULTI, "", FORM_BAD, 0, NULL, false },
};

static void
test_forms(void **state)
{
	struct form	*f = malloc(sizeof *f);
	const char	*v;
	size_t		 i;
	bool		 twice;

	(void)state;
	assert_non_null(f);
	for (i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		twice = false;
		if (form_parse(forms[i].type, forms[i].body,
		    strlen(forms[i].body), f) != forms[i].want ||
		    f->n != forms[i].n)
			fail_msg("%s: %zu fields", forms[i].name, f->n);
		v = form_get(f, "List-Unsubscribe", &twice);
		if ((v == NULL) != (forms[i].click == NULL) || (v != NULL &&
		    strcmp(v, forms[i].click) != 0) ||
		    twice != forms[i].twice)
			fail_msg("%s: \"%s\" %d", forms[i].name,
			    v != NULL ? v : "(none)", twice);
	}
	free(f);
}

static const struct {
	const char	*accept;
	enum lang	 want;
} accepts[] = {
	{ NULL, LANG_EN }, { "", LANG_EN }, { "de", LANG_DE },
	{ "de-AT,de;q=0.9,en;q=0.8", LANG_DE },
	{ "en;q=0.5, fr;q=0.7", LANG_FR }, { "pt-BR,es;q=0.3", LANG_ES },
	{ "zh-TW", LANG_ZH }, { "ZH-hans-CN", LANG_ZH }, { "ja", LANG_JA },
	{ "ja;q=0", LANG_EN }, { "ja;q=0, de;q=0.001", LANG_DE },
	{ "*", LANG_EN }, { "deu", LANG_EN }, { "de;q=x", LANG_EN },
	{ ",,;;,=", LANG_EN }, { "de;q=1.5", LANG_DE }, { "fr,de", LANG_FR },
	{ "de ;q=0.2,fr ; q=0.3", LANG_FR }, { "d", LANG_EN },
};

static void
test_languages(void **state)
{
	size_t		i;
	enum lang	l;
	enum text	t;

	(void)state;
	for (i = 0; i < sizeof accepts / sizeof accepts[0]; i++)
		if (lang_choose(accepts[i].accept) != accepts[i].want)
			fail_msg("\"%s\": %d", accepts[i].accept,
			    lang_choose(accepts[i].accept));
	/* every language says everything, with the same arguments */
	for (l = 0; l < WEB_LANGS; l++)
		for (t = 0; t < T_COUNT; t++) {
			const char	*s = text_of(l, t);
			const char	*en = text_of(LANG_EN, t);

			if (s == NULL || *s == '\0')
				fail_msg("%s lacks text %d", lang_tag(l), t);
			if ((strstr(s, "$1") == NULL) !=
			    (strstr(en, "$1") == NULL) ||
			    (strstr(s, "$2") == NULL) !=
			    (strstr(en, "$2") == NULL))
				fail_msg("%s: arguments of \"%s\"",
				    lang_tag(l), s);
		}
}

static void
test_tickets(void **state)
{
	uint8_t		key[32] = { 1, 2, 3 }, other[32] = { 1, 2, 4 };
	struct ticket	t = { .kind = TICKET_UNDO, .made = 1000000,
			    .id = { .key = 3, .digest = { 9, 8, 7 } },
			    .scopes = { 0xdeadbeef, 7 } }, got;
	char		text[TICKET_SIZE + 4];
	size_t		i, n;

	(void)state;
	assert_int_equal(ticket_write(key, &t, text), 0);
	n = strlen(text);
	assert_int_equal(n, TICKET_SIZE - 1);
	assert_int_equal(ticket_read(key, text, n, TICKET_UNDO, 1000060, 60,
	    &got), 1);
	assert_int_equal(got.made, t.made);
	assert_memory_equal(&got.id, &t.id, sizeof t.id);
	assert_int_equal(got.scopes[0], 0xdeadbeef);
	assert_int_equal(got.scopes[1], 7);
	/* too old, from the future, another kind, another key, cut */
	assert_int_equal(ticket_read(key, text, n, TICKET_UNDO, 1000061, 60,
	    &got), 0);
	assert_int_equal(ticket_read(key, text, n, TICKET_UNDO, 999000, 60,
	    &got), 0);
	assert_int_equal(ticket_read(key, text, n, TICKET_PROOF, 1000060, 60,
	    &got), 0);
	assert_int_equal(ticket_read(other, text, n, TICKET_UNDO, 1000060, 60,
	    &got), 0);
	assert_int_equal(ticket_read(key, text, n - 1, TICKET_UNDO, 1000060,
	    60, &got), 0);
	assert_int_equal(ticket_read(key, "", 0, TICKET_UNDO, 1000060, 60,
	    &got), 0);
	for (i = 0; i < n; i++) {
		char	was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(ticket_read(key, text, n, TICKET_UNDO,
		    1000060, 60, &got), 0);
		text[i] = was;
	}
}

static void
test_limits(void **state)
{
	struct limit	*l;
	struct err	 e;
	uint32_t	 i;
	int		 n = 0;

	(void)state;
	assert_int_equal(limit_new(&l, &e), 0);
	for (i = 0; i < 10; i++)
		n += limit_take(l, 'a', "ann", 3, 4, 3600);
	assert_int_equal(n, 4);
	/* another kind, another name, no limit */
	assert_true(limit_take(l, 'b', "ann", 3, 4, 3600));
	assert_true(limit_take(l, 'a', "bob", 3, 4, 3600));
	for (i = 0; i < 100; i++)
		assert_true(limit_take(l, 'c', "ann", 3, 0, 3600));
	/* very many names: the table stays what it is, nobody is refused */
	for (i = 0; i < 200000; i++)
		assert_true(limit_take(l, 'd', &i, sizeof i, 1, 3600));
	/* who has one address of IPv6 has a whole net of them */
	assert_true(limit_client(l, 'e', "2001:db8:0:1::1", 1, 3600));
	assert_false(limit_client(l, 'e', "2001:db8:0:1:9::2", 1, 3600));
	assert_true(limit_client(l, 'e', "2001:db8:0:2::1", 1, 3600));
	assert_true(limit_client(l, 'e', "::ffff:192.0.2.1", 1, 3600));
	assert_true(limit_client(l, 'e', "::ffff:192.0.2.2", 1, 3600));
	assert_true(limit_client(l, 'e', "192.0.2.1", 1, 3600));
	assert_false(limit_client(l, 'e', "192.0.2.1", 1, 3600));
	limit_free(&l);
}

static const struct CMUnitTest	tests[] = {
	cmocka_unit_test(test_forms),
	cmocka_unit_test(test_languages),
	cmocka_unit_test(test_tickets),
	cmocka_unit_test(test_limits),
};

UNIT_MAIN(tests)

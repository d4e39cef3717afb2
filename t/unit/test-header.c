/* SPDX-License-Identifier: BSD-2-Clause */
/* test-header.c - header lists, folding, reading a header section */
#include "unit.h"

#include "mail/header.h"

/* show - "Name:value|Name:value|" with \n made visible as '~' */
static const char *
show(const struct header_list *l, struct buf *b)
{
	size_t	i, k;

	buf_reset(b);
	for (i = 0; i < l->n; i++) {
		buf_addf(b, "%s:", l->v[i].name);
		for (k = 0; k < l->v[i].value_len; k++)
			buf_addc(b, l->v[i].value[k] == '\n' ? '~' :
			    l->v[i].value[k]);
		buf_addc(b, '|');
		assert_int_equal(l->v[i].value[l->v[i].value_len], 0);
	}
	return buf_str(b);
}

/* octets - what the list says of itself must be so */
static void
octets(const struct header_list *l)
{
	size_t	i, n = 0;

	for (i = 0; i < l->n; i++)
		n += strlen(l->v[i].name) + l->v[i].value_len;
	assert_int_equal(n, l->octets);
}

static void
list_edits(void **state)
{
	struct header_list	l;
	struct buf		b = BUF_INIT(4096);
	char			name[16];
	int			i;

	(void)state;
	header_list_init(&l);
	assert_int_equal(header_insert(&l, 0, "B", " 2", 2), 0);
	assert_int_equal(header_insert(&l, 0, "A", " 1", 2), 0);
	assert_int_equal(header_insert(&l, 99, "b", " 3", 2), 0);
	assert_int_equal(header_insert(&l, 1, "C", "", 0), 0);
	assert_string_equal(show(&l, &b), "A: 1|C:|B: 2|b: 3|");
	octets(&l);
	assert_int_equal(header_index(&l, "b", 1), 2);
	assert_int_equal(header_index(&l, "B", 2), 3);
	assert_true(header_index(&l, "B", 3) == (size_t)-1);
	assert_true(header_index(&l, "B", 0) == (size_t)-1);
	assert_int_equal(header_count(&l, "b"), 2);
	assert_string_equal(header_first(&l, "c")->name, "C");
	assert_null(header_first(&l, "none"));
	assert_int_equal(header_change(&l, 2, " a\n longer one", 14), 0);
	header_delete(&l, 0);
	assert_string_equal(show(&l, &b), "C:|B: a~ longer one|b: 3|");
	octets(&l);
	for (i = 0; i < 100; i++) {
		(void)snprintf(name, sizeof name, "X%d", i);
		assert_int_equal(header_insert(&l, 0, name, "y", 1), 0);
	}
	assert_int_equal(l.n, 103);
	assert_string_equal(l.v[0].name, "X99");
	octets(&l);
	header_list_free(&l);
	assert_int_equal(l.n, 0);
	buf_free(&b);
}

static void
names(void **state)
{
	char	longest[78];

	(void)state;
	assert_true(header_name_ok("List-Unsubscribe"));
	assert_true(header_name_ok("!~"));
	assert_false(header_name_ok(""));
	assert_false(header_name_ok("A B"));
	assert_false(header_name_ok("A:"));
	assert_false(header_name_ok("A\n"));
	assert_false(header_name_ok("\xc3\xbc"));
	memset(longest, 'x', 77);
	longest[77] = '\0';
	assert_false(header_name_ok(longest));
	longest[76] = '\0';
	assert_true(header_name_ok(longest));
}

static void
unfold(void **state)
{
	static const char *const cases[][2] = {
		{ " hello", "hello" },
		{ " a\n b\r\n\tc ", "a b\tc" },
		{ "\n a", "a" },
		{ "a\n \n b", "a  b" },
		{ "a\nb\r\nc", "a b c" },
		{ "a\rb", "a\rb" },
		{ "", "" },
		{ " \n\t", "" },
	};
	struct buf	b = BUF_INIT(64), tiny = BUF_INIT(3);
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_reset(&b);
		row_true(header_unfold(cases[i][0], strlen(cases[i][0]), &b) ==
		    0, cases[i][0]);
		row_true(strcmp(buf_str(&b), cases[i][1]) == 0, cases[i][0]);
	}
	buf_reset(&b);
	assert_int_equal(header_unfold(" a\0b", 4, &b), 0);
	assert_int_equal(b.len, 3);
	assert_int_equal(header_unfold("abcd", 4, &tiny), -1);
	buf_free(&b);
	buf_free(&tiny);
}

#define W20	"wwwwwwwwwwwwwwwwwwww"
#define W70	W20 W20 W20 "wwwwwwwwww"

static void
fold(void **state)
{
	static const struct {
		const char *in;
		bool	    commas;
		const char *want;
	} cases[] = {
		{ "short  one", false, "short  one" },
		{ "  outer ", false, "outer" },
		{ "a\n b\r\nc", false, "a  b  c" },
		{ W20 " " W20 " " W20 " " W20, false,
		  W20 " " W20 " " W20 "\n\t" W20 },
		{ W70 "w " W70, false, W70 "w\n\t" W70 },
		/* the first line has the name in front, 4 + 2 */
		{ W70 " x", false, W70 "\n\tx" },
		{ W70 W70 " b", false, W70 W70 "\n\tb" },
		{ "<" W70 ">,<" W70 ">", true, "<" W70 ">,\n\t<" W70 ">" },
		{ "<" W70 ">,<" W70 ">", false, "<" W70 ">,<" W70 ">" },
		{ "<" W70 ">,  <b>", true, "<" W70 ">,\n\t<b>" },
		{ "", true, "" },
	};
	struct buf	b = BUF_INIT(512), tiny = BUF_INIT(3);
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_reset(&b);
		row_true(header_fold(4, cases[i].in, cases[i].commas, &b) == 0,
		    cases[i].in);
		if (strcmp(buf_str(&b), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].in, buf_str(&b));
	}
	assert_int_equal(header_fold(4, "abcd", false, &tiny), -1);
	buf_free(&b);
	buf_free(&tiny);
}

static void
parse(void **state)
{
	static const struct {
		const char *in, *want, *body;
	} cases[] = {
		{ "A: 1\nB:2\n\nbody\n", "A: 1|B:2|", "body\n" },
		{ "A: 1\r\nB: x\r\n y\r\n\r\nbody", "A: 1|B: x~ y|", "body" },
		{ "A: 1\n", "A: 1|", "" },
		{ "A: 1", "A: 1|", "" },
		{ "A: 1\n\tx\n", "A: 1~\tx|", "" },
		{ "A: 1\n \n z\n\nb", "A: 1~ ~ z|", "b" },
		{ "A:\n\nb", "A:|", "b" },
		{ "A : 1\n\nb", "A: 1|", "b" },
		{ "A: a\rb\r\r\n\nb", "A: a\rb\r|", "b" },
		{ "\nb", "", "b" },
		{ "\r\nb", "", "b" },
		{ "no header\nA: 1\n", "", "no header\nA: 1\n" },
		{ "A: 1\nno header\n\nx", "A: 1|", "no header\n\nx" },
		{ " lead\nA: 1\n", "", " lead\nA: 1\n" },
		{ ": x\n", "", ": x\n" },
		{ "\xc3\xbc: x\n", "", "\xc3\xbc: x\n" },
		{ "From ann@x.example Sat Nov 21\nA: 1\n\nb", "A: 1|", "b" },
		{ "From : a@x.example\n\nb", "From: a@x.example|", "b" },
		{ "", "", "" },
	};
	struct header_list	l;
	struct buf		b = BUF_INIT(4096);
	bool			cut;
	long			at;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		header_list_init(&l);
		at = header_parse(cases[i].in, strlen(cases[i].in), 10, 1000,
		    &l, &cut);
		row_true(at >= 0 && !cut, cases[i].in);
		row_true(strcmp(cases[i].in + at, cases[i].body) == 0,
		    cases[i].in);
		if (strcmp(show(&l, &b), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].in, buf_str(&b));
		octets(&l);
		header_list_free(&l);
	}
	buf_free(&b);
}

static void
parse_limits(void **state)
{
	static const char	raw[] = "A: 1\nB: 2\nLong: 123456789\nC: 3\n"
				    "\nx";
	struct header_list	l;
	struct buf		b = BUF_INIT(4096);
	bool			cut;
	long			at;

	(void)state;
	header_list_init(&l);
	at = header_parse(raw, sizeof raw - 1, 2, 1000, &l, &cut);
	assert_string_equal(show(&l, &b), "A: 1|B: 2|");
	assert_true(cut);
	assert_string_equal(raw + at, "x");
	header_list_free(&l);
	at = header_parse(raw, sizeof raw - 1, 10, 20, &l, &cut);
	assert_string_equal(show(&l, &b), "A: 1|B: 2|");
	assert_true(cut);
	assert_string_equal(raw + at, "x");
	header_list_free(&l);
	at = header_parse("A: \0x\n\n", 7, 10, 20, &l, &cut);
	assert_int_equal(at, 7);
	assert_int_equal(l.v[0].value_len, 3);
	header_list_free(&l);
	buf_free(&b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(list_edits),
	cmocka_unit_test(names),
	cmocka_unit_test(unfold),
	cmocka_unit_test(fold),
	cmocka_unit_test(parse),
	cmocka_unit_test(parse_limits),
};

UNIT_MAIN(tests)

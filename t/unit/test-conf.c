/* SPDX-License-Identifier: BSD-2-Clause */
/* test-conf.c - reading, expanding, binding and checking a configuration */
#include "unit.h"

#include <unistd.h>

#include "conf/common.h"
#include "conf/conf.h"

/* Allocation number `fail_at` from now fails, by --wrap; 0 = none. */
static size_t	fail_at;

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
char	*__real_strdup(const char *);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);
char	*__wrap_strdup(const char *);

static bool
fails(void)
{
	return fail_at > 0 && --fail_at == 0;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

static const char *const words[] = { "reject", "discard", "observe", NULL };

struct part {
	const char	*s, *raw;
	bool		 b;
	long		 i, secs, size;
	double		 real;
	struct conf_list list;
	int		 e;
};

static const struct conf_param part_params[] = {
	CONF_STR(struct part, s, "$run_dir/$e", "A text."),
	CONF_RAW(struct part, raw, "${case} $$", "A template."),
	CONF_BOOL(struct part, b, "no", "A switch."),
	CONF_INT(struct part, i, "3", -5, 5, "A number."),
	CONF_SECS(struct part, secs, "5m", 0, 86400, "A time."),
	CONF_SIZE(struct part, size, "5M", 1, 1e12, "A size."),
	CONF_REAL(struct part, real, "0.5", 0, 1, "A share."),
	CONF_LIST(struct part, list, "", "Some."),
	CONF_ENUM(struct part, e, "reject", words, "A choice."),
	CONF_END
};

struct other {
	const char	*must;
};

static const struct conf_param other_params[] = {
	CONF_STR(struct other, must, NULL, "Has no default."),
	CONF_END
};

static const struct conf_schema schemas[] = {
	{ "", false, { conf_common_params } },
	{ "stream", true, { part_params } },
	{ "key", true, { other_params, part_params } },
	{ "suppress", false, { part_params } },
	{ "suppress", false, { part_params } },	/* twice does no harm */
	{ NULL, false, { NULL } }
};

/* parse - of a text; NULL with *e */
static struct conf *
parse(const char *text, struct err *e)
{
	struct conf	*c;

	e->msg[0] = '\0';
	return conf_parse("f", text, strlen(text), &c, e) == 0 ? c : NULL;
}

static void
syntax(void **state)
{
	static const struct {
		const char *row, *text, *want;
	} cases[] = {
		{ "empty", "", NULL },
		{ "comments and blanks", "# a\n\n  # b\n  \n", NULL },
		{ "no final newline", "a = b", NULL },
		{ "empty value", "a =", NULL },
		{ "no blanks", "a=b", NULL },
		{ "mark and CRLF", "\xef\xbb\xbf" "a = b\r\n", NULL },
		{ "section", "[suppress]\n[stream a]\n[ \n", "f:3: not a "
		    "section; write [kind] or [kind name]" },
		{ "behind a section", "[stream a] x\n", "f:1: not a section; "
		    "write [kind] or [kind name]" },
		{ "blanks in a section", "[stream  a ]\n", NULL },
		{ "two names", "[stream a b]\n", "f:1: not a section; "
		    "write [kind] or [kind name]" },
		{ "no kind", "[]\n", "f:1: not a section; write [kind] or "
		    "[kind name]" },
		{ "no equals", "a = b\nc\n", "f:2: neither \"name = value\" "
		    "nor \"[section]\"" },
		{ "no name", "= b\n", "f:1: neither \"name = value\" nor "
		    "\"[section]\"" },
		{ "blank in name", "a b = c\n", "f:1: neither \"name = value\""
		    " nor \"[section]\"" },
		{ "given twice", "a = 1\nb = 2\na = 3\n", "f:3: a: given "
		    "before, at line 1" },
		{ "same in another section", "a = 1\n[suppress]\na = 2\n",
		    NULL },
		{ "section twice", "[stream a]\n[stream b]\n[stream a]\n",
		    "f:3: [stream a]: opened before, at line 1" },
		{ "nameless section twice", "[suppress]\n[suppress]\n",
		    "f:2: [suppress]: opened before, at line 1" },
		{ "continues nothing", "  a = b\n", "f:1: begins with white "
		    "space, but there is no line that it could continue" },
		{ "continues a section", "[suppress]\n  a = b\n", "f:2: begins "
		    "with white space, which would continue the section's "
		    "line" },
		{ "control octet", "a = \x01\n", "f:1: control octet 0x01 in "
		    "the line" },
		{ "lone CR", "a = b\rc\n", "f:1: control octet 0x0d in the "
		    "line" },
	};
	struct conf	*c;
	struct err	 e;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		c = parse(cases[i].text, &e);
		row_true((c != NULL) == (cases[i].want == NULL),
		    cases[i].row);
		if (cases[i].want != NULL)
			assert_string_equal(e.msg, cases[i].want);
		conf_free(&c);
	}
	assert_int_equal(conf_parse("f", "a = \0b\n", 7, &c, &e), -1);
	assert_string_equal(e.msg, "f:1: control octet 0x00 in the line");
}

/* bind_text - "[suppress]" with this text bound; -1 and *e */
static int
bind_text(const char *text, struct part *p, struct conf **c, struct err *e)
{
	static const char	top[] = "state_dir = /srv\n";
	char			whole[8192];

	(void)snprintf(whole, sizeof whole, "%s[suppress]\n%s", top, text);
	if ((*c = parse(whole, e)) == NULL)
		return -1;
	return conf_bind(*c, conf_find(*c, "suppress", NULL), part_params, p,
	    e);
}

static void
values(void **state)
{
	static const struct {
		const char *row, *text, *want;	/* NULL: good */
	} cases[] = {
		{ "bool words", "b = oN", NULL },
		{ "bool", "b = maybe", "\"maybe\" is neither yes nor no" },
		{ "bool empty", "b =", "\"\" is neither yes nor no" },
		{ "int bounds", "i = -5", NULL },
		{ "int above", "i = 6", "6 is out of bounds: -5 to 5" },
		{ "int below", "i = -6", "-6 is out of bounds: -5 to 5" },
		{ "int part", "i = 3x", "\"3x\" is not a whole number" },
		{ "int real", "i = 1.5", "\"1.5\" is not a whole number" },
		{ "int hex", "i = 0x1", "\"0x1\" is not a whole number" },
		{ "int empty", "i =", "\"\" is not a number" },
		{ "int sign only", "i = -", "\"-\" is not a number" },
		{ "int huge", "i = 99999999999999999999",
		    "99999999999999999999 is too large" },
		{ "secs without unit", "secs = 60", "\"60\" has no unit; "
		    "write 90s, 5m, 2h, 7d, 4w or 3y" },
		{ "secs zero", "secs = 0", NULL },
		{ "secs day", "secs = 1d", NULL },
		{ "secs above", "secs = 2d", "2d is out of bounds: 0s to "
		    "86400s" },
		{ "secs unit", "secs = 5min", "\"5min\" has an unknown unit; "
		    "write 90s, 5m, 2h, 7d, 4w or 3y" },
		{ "secs negative", "secs = -5s", "-5s is negative" },
		{ "secs overflow", "secs = 9223372036854775807y",
		    "9223372036854775807y is too large" },
		{ "size plain", "size = 512", NULL },
		{ "size unit", "size = 2g", NULL },
		{ "size below", "size = 0", "0 is out of bounds: 1 to "
		    "1000000000000 octets" },
		{ "size unknown", "size = 5X", "\"5X\" has an unknown unit; "
		    "write 512, 64K, 25M or 2G" },
		{ "real", "real = 1e-3", NULL },
		{ "real above", "real = 1.01", "1.01 is out of bounds: 0 to "
		    "1" },
		{ "real nan", "real = nan", "\"nan\" is not a number" },
		{ "real hex", "real = 0x1p-1", "\"0x1p-1\" is not a number" },
		{ "real huge", "real = 1e999", "1e999 is too large or too "
		    "small" },
		{ "enum", "e = observe", NULL },
		{ "enum case", "e = Reject", "\"Reject\" is not one of reject,"
		    " discard, observe" },
		{ "unknown $", "s = $nope", "$nope is not a parameter of this "
		    "section or of the top" },
		{ "lone $", "s = 5$", "a $ without the name of a parameter; "
		    "write $$ for a dollar sign" },
		{ "open brace", "s = ${run_dir", "a $ without the name of a "
		    "parameter; write $$ for a dollar sign" },
		{ "itself", "s = x$s", "$s expands without end" },
		{ "each other", "s = $list\nlist = $s",
		    "$list expands without end" },
		{ "template is left alone", "raw = $nope ${", NULL },
	};
	struct part	 p;
	struct conf	*c;
	struct err	 e;
	const char	*sep;
	size_t		 i;
	int		 rc;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		rc = bind_text(cases[i].text, &p, &c, &e);
		row_true((rc == 0) == (cases[i].want == NULL), cases[i].row);
		if (cases[i].want != NULL) {
			row_true(strncmp(e.msg, "f:3: ", 5) == 0 ||
			    strncmp(e.msg, "f:4: ", 5) == 0, e.msg);
			sep = strstr(e.msg + 5, ": ");
			assert_non_null(sep);
			assert_string_equal(sep + 2, cases[i].want);
			assert_int_equal(e.code, 78);
		}
		conf_free(&c);
	}
}

static void
bound(void **state)
{
	struct part	 p;
	struct conf	*c;
	struct err	 e;

	(void)state;
	assert_int_equal(bind_text("", &p, &c, &e), 0);	/* defaults */
	assert_string_equal(p.s, "/run/mailweir/reject");
	assert_string_equal(p.raw, "${case} $$");
	assert_int_equal(p.secs, 300);
	assert_int_equal(p.size, 5 << 20);
	assert_int_equal(p.list.n, 0);
	assert_null(p.list.v[0]);
	conf_free(&c);

	assert_int_equal(bind_text("s = ${state_dir}/a $$b $state_dir\n"
	    "list = a, b\n# between\n\n\tc ,, d\n  $e\nb = yes\ni = -2\n"
	    "secs = 2h\nsize = 64K\nreal = .25\ne = observe\n", &p, &c, &e),
	    0);
	assert_string_equal(p.s, "/srv/a $b /srv");
	assert_int_equal(p.list.n, 5);
	assert_string_equal(p.list.v[2], "c");
	assert_string_equal(p.list.v[4], "observe");
	assert_null(p.list.v[5]);
	assert_true(p.b && p.i == -2 && p.secs == 7200);
	assert_true(p.size == 65536 && p.real == 0.25 && p.e == 2);
	conf_free(&c);
}

static void
common_defaults(void **state)
{
	struct conf_common	 k;
	struct conf		*c;
	struct err		 e;

	(void)state;
	assert_non_null(c = parse("state_dir = /x\n[suppress]\n", &e));
	assert_int_equal(conf_bind(c, conf_find(c, "", NULL),
	    conf_common_params, &k, &e), 0);
	assert_string_equal(k.store_path, "/x/store");
	assert_string_equal(k.run_dir, "/run/mailweir");
	assert_true(k.fold_local);
	conf_free(&c);
}

static void
sections(void **state)
{
	const struct conf_section	*s;
	struct other			 o;
	struct conf			*c;
	struct err			 e;
	char				 where[64];

	(void)state;
	c = parse("a = 1\n[stream z]\nb = no\n[key k]\n[stream a]\n", &e);
	assert_non_null(c);
	s = conf_next(c, "stream", NULL);
	assert_string_equal(conf_section_name(s), "z");	/* file order */
	assert_true(conf_given(s, "b") && !conf_given(s, "e"));
	assert_string_equal(conf_where(s, "b", where, sizeof where),
	    "f:3: b");
	assert_string_equal(conf_where(s, "e", where, sizeof where),
	    "f:2: e");
	s = conf_next(c, "stream", s);
	assert_string_equal(conf_section_name(s), "a");
	assert_null(conf_next(c, "stream", s));
	assert_ptr_equal(conf_find(c, "stream", "a"), s);
	assert_null(conf_find(c, "stream", "b"));
	assert_null(conf_find(c, "stream", "aa"));
	assert_non_null(conf_find(c, "suppress", NULL));
	assert_int_equal(conf_bind(c, conf_find(c, "suppress", NULL),
	    other_params, &o, &e), -1);
	assert_string_equal(e.msg, "f:5: must: must be given");
	conf_free(&c);
}

struct heard {
	char	text[2048];
};

static void
hear(void *arg, const char *msg)
{
	struct heard	*h = arg;
	size_t		 n = strlen(h->text);

	(void)snprintf(h->text + n, sizeof h->text - n, "%s\n", msg);
}

static void
checked(void **state)
{
	struct heard	 h = { "" };
	struct conf	*c;
	struct err	 e;

	(void)state;
	c = parse("stat_dir = /x\n[stream]\n[suppress x]\nsecs = 5\n"
	    "[key k]\nlits = a\nfrobnicate = 1\n[web]\nport = 1\n[wbe]\n",
	    &e);
	assert_non_null(c);
	assert_int_equal(conf_check_all(c, schemas, hear, &h), 8);
	assert_string_equal(h.text,
	    "f:1: stat_dir: unknown parameter of the top; did you mean "
	    "state_dir?\n"
	    "f:2: [stream]: this kind of section needs a name: [kind name]\n"
	    "f:3: [suppress]: this kind of section has no name\n"
	    "f:4: secs: \"5\" has no unit; write 90s, 5m, 2h, 7d, 4w or 3y\n"
	    "f:6: lits: unknown parameter of [key]; did you mean list?\n"
	    "f:7: frobnicate: unknown parameter of [key]\n"
	    "f:5: must: must be given\n"
	    "f:10: [wbe]: unknown kind of section\n");
	assert_int_equal(conf_check(c, schemas, &e), -1);
	assert_string_equal(e.msg, "f:1: stat_dir: unknown parameter of the "
	    "top; did you mean state_dir?");
	conf_free(&c);

	c = parse("[key k]\nmust = $list\n", &e);
	assert_int_equal(conf_check(c, schemas, &e), -1);
	assert_string_equal(e.msg, "f:2: must: $list is not a parameter of "
	    "this section or of the top");
	conf_free(&c);
}

static void
limits(void **state)
{
	struct conf	*c;
	struct part	 p;
	struct err	 e;
	char		*big = malloc(200000);
	size_t		 n = 0, i;

	(void)state;
	assert_non_null(big);
	n += (size_t)sprintf(big, "s = ");
	memset(big + n, 'x', 65530);
	big[n + 65530] = '\0';
	assert_non_null(c = parse(big, &e));
	conf_free(&c);
	memset(big + n, 'x', 65540);
	big[n + 65540] = '\0';
	assert_null(parse(big, &e));
	assert_string_equal(e.msg, "f:1: longer than 65536 octets");

	for (n = i = 0; i <= CONF_PARAMS_MAX; i++)
		n += (size_t)sprintf(big + n, "a%zu =\n", i);
	assert_null(parse(big, &e));
	assert_string_equal(e.msg, "f:513: more than 512 parameters in a "
	    "section");

	/* names that expand to nothing, and to much, both end soon */
	n = (size_t)sprintf(big, "s = $k0\nk9 = x\n");
	for (i = 0; i < 9; i++)
		n += (size_t)sprintf(big + n, "k%zu = $k%zu$k%zu$k%zu$k%zu"
		    "$k%zu\n", i, i + 1, i + 1, i + 1, i + 1, i + 1);
	assert_int_equal(bind_text(big, &p, &c, &e), -1);
	assert_non_null(strstr(e.msg, "expands without end"));
	conf_free(&c);
	free(big);
}

static void
files(void **state)
{
	struct heard	 h = { "" };
	char		 path[] = "/tmp/test-conf.XXXXXX", want[128];
	struct conf	*c;
	struct err	 e;
	int		 fd = mkstemp(path);

	(void)state;
	assert_true(fd != -1);
	assert_int_equal(write(fd, "x\na = 1\ny\n", 10), 10);
	assert_int_equal(conf_read(path, &c, &e), -1);
	(void)snprintf(want, sizeof want, "%s:1: neither", path);
	assert_int_equal(strncmp(e.msg, want, strlen(want)), 0);
	assert_int_equal(conf_read_all(path, hear, &h, &c, &e), 0);
	assert_non_null(strstr(h.text, ":3: neither"));
	assert_true(conf_given(conf_find(c, "", NULL), "a"));
	assert_string_equal(conf_path(c), path);
	conf_free(&c);
	close(fd);
	unlink(path);
	assert_int_equal(conf_read(path, &c, &e), -1);
	assert_int_equal(e.code, 66);
	conf_free(&c);
}

/* Without memory, at whatever point: -1 and nothing leaked, or all is well. */
static void
torture(void **state)
{
	struct part	 p;
	struct conf	*c;
	struct err	 e;
	char		 text[20000];
	size_t		 i, n = 0, bad = 0;
	int		 rc;

	(void)state;
	for (i = 0; i < 40; i++)
		n += (size_t)snprintf(text + n, sizeof text - n,
		    "[stream s%zu]\ns = $state_dir/%0300zu\nlist = a b $i\n"
		    "i = 2\n  \nreal = 1\nb = yes\ne = discard\n", i, i);
	for (i = 1; ; i++) {
		fail_at = i;
		rc = conf_parse("f", text, n, &c, &e);
		if (rc == 0)
			rc = conf_bind(c, conf_find(c, "stream", "s39"),
			    part_params, &p, &e);
		if (fail_at > 0)
			break;
		bad += rc == -1;
		conf_free(&c);
	}
	fail_at = 0;
	conf_free(&c);
	assert_int_equal(rc, 0);
	assert_true(i > 50);
	assert_int_equal(bad, i - 1);	/* a failure is never passed over */
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(torture),
	cmocka_unit_test(syntax),
	cmocka_unit_test(values),
	cmocka_unit_test(bound),
	cmocka_unit_test(common_defaults),
	cmocka_unit_test(sections),
	cmocka_unit_test(checked),
	cmocka_unit_test(limits),
	cmocka_unit_test(files),
};

UNIT_MAIN(tests)

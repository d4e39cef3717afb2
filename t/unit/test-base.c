/* SPDX-License-Identifier: BSD-2-Clause */
/* test-base.c - buffers, log lines, codecs, clock, secrets */
#include "unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"

static void
buf_limit(void **state)
{
	struct buf	b = BUF_INIT(5);

	(void)state;
	assert_int_equal(buf_adds(&b, "abc"), 0);
	assert_int_equal(buf_adds(&b, "def"), -1);
	assert_string_equal(buf_str(&b), "abc");
	assert_int_equal(buf_addc(&b, 'd'), -1);	/* stays failed */
	buf_reset(&b);
	assert_int_equal(buf_add_some(&b, "abcdefgh", 8), 5);
	assert_string_equal(buf_str(&b), "abcde");
	buf_free(&b);
	assert_int_equal(buf_addf(&b, "%d", 12345), 0);
	assert_string_equal(buf_str(&b), "12345");
	assert_int_equal(buf_addf(&b, "%d", 6), -1);
	buf_free(&b);
}

static void
log_quoting(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "plain@example.com", "e k=plain@example.com" },
		{ "", "e k=\"\"" },
		{ "two words", "e k=\"two words\"" },
		{ "a\nfake qid=1", "e k=\"a\\nfake qid=1\"" },
		{ "q\"b\\", "e k=\"q\\\"b\\\\\"" },
		{ "\x01", "e k=\"\\x01\"" },
		{ "m\xc3\xbcller@x", "e k=m\xc3\xbcller@x" },
		{ "m\xfcller", "e k=\"m\\xfcller\"" },
		{ "\xc2\x9b" "31m", "e k=\"\\xc2\\x9b31m\"" },
		{ "\xed\xa0\x80 \xe9\x9b\xaa",
		    "e k=\"\\xed\\xa0\\x80 \xe9\x9b\xaa\"" },
		{ "cut \xe9\x9b", "e k=\"cut \\xe9\\x9b\"" },
	};
	char	line[LOG_LINE_MAX];
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct log_field f[] = { LOG_STR("k", cases[i].in),
			{ LOG_K_END, NULL, NULL, 0, 0, 0 } };

		log_format(line, sizeof line, "e", f);
		assert_string_equal(line, cases[i].want);
	}
}

static void
log_cut(void **state)
{
	char			 big[5000], line[LOG_LINE_MAX];
	const struct log_field	 f[] = { LOG_MEM("k", big, sizeof big),
		LOG_INT("n", -3), LOG_STR("none", NULL),
		{ LOG_K_END, NULL, NULL, 0, 0, 0 } };
	size_t			 n;

	(void)state;
	memset(big, 'x', sizeof big);
	n = log_format(line, sizeof line, "e", f);
	assert_true(n < LOG_VALUE_MAX + 40);
	assert_non_null(strstr(line, "x... n=-3 none=-"));
	n = log_format(line, 20, "e", f);
	assert_int_equal(n, 19);
}

static void
codec_vectors(void **state)
{
	/* RFC 4648 section 10, without padding */
	static const struct {
		const char *raw, *hex, *b32, *b64;
	} v[] = {
		{ "", "", "", "" },
		{ "f", "66", "my", "Zg" },
		{ "fo", "666f", "mzxq", "Zm8" },
		{ "foo", "666f6f", "mzxw6", "Zm9v" },
		{ "foobar", "666f6f626172", "mzxw6ytboi", "Zm9vYmFy" },
	};
	char	out[64], back[64];
	size_t	i, n;

	(void)state;
	for (i = 0; i < sizeof v / sizeof *v; i++) {
		n = strlen(v[i].raw);
		codec_hex(v[i].raw, n, out);
		assert_string_equal(out, v[i].hex);
		codec_b32(v[i].raw, n, out);
		assert_string_equal(out, v[i].b32);
		assert_int_equal(codec_unb32(out, strlen(out), back, 64), n);
		assert_memory_equal(back, v[i].raw, n);
		codec_b64url(v[i].raw, n, out);
		assert_string_equal(out, v[i].b64);
		assert_int_equal(codec_unb64url(out, strlen(out), back, 64), n);
	}
	assert_int_equal(codec_unb32("MZXW6", 5, back, 64), 3);
	assert_int_equal(codec_unb32("mzxw7", 5, back, 64), -1); /* stray bit */
	assert_int_equal(codec_unb32("m", 1, back, 64), -1);
	assert_int_equal(codec_unb64url("Zm9v", 4, back, 2), -1);
	assert_int_equal(codec_unb64url("Zm 9", 4, back, 64), -1);
	assert_int_equal(codec_unhex("0g", 2, back, 64), -1);
}

static void
clock_text(void **state)
{
	char	iso[CLOCK_ISO_SIZE], rfc[CLOCK_RFC5322_SIZE];
	time_t	t;

	(void)state;
	assert_string_equal(clock_iso(0, iso), "1970-01-01T00:00:00Z");
	assert_int_equal(clock_parse_iso("2026-11-21T17:56:00Z", &t), 0);
	assert_string_equal(clock_iso(t, iso), "2026-11-21T17:56:00Z");
	assert_string_equal(clock_rfc5322(t, rfc),
	    "Sat, 21 Nov 2026 17:56:00 +0000");
	assert_int_equal(clock_parse_iso("2026-11-21", &t), 0);
	assert_int_equal(clock_parse_iso("yesterday", &t), -1);
	assert_int_equal(clock_parse_iso("2026-11-21x", &t), -1);
}

static void
secret_modes(void **state)
{
	char		 path[] = "/tmp/test-base.XXXXXX", *data = NULL;
	struct err	 e = { "", 0 };
	size_t		 len;
	int		 fd = mkstemp(path);

	(void)state;
	assert_true(fd != -1);
	assert_int_equal(write(fd, "key\n", 4), 4);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(file_read_secret(path, 100, &data, &len, &e), -1);
	assert_non_null(strstr(e.msg, "0644"));
	assert_int_equal(fchmod(fd, 0600), 0);
	assert_int_equal(file_read_secret(path, 3, &data, &len, &e), -1);
	assert_int_equal(file_read_secret(path, 4, &data, &len, &e), 0);
	assert_int_equal(len, 4);
	file_wipe(&data, len);
	assert_null(data);
	assert_int_equal(file_write_new(path, 0600, "x", 1, false, &e), -1);
	assert_int_equal(file_write_new(path, 0600, "x", 1, true, &e), 0);
	close(fd);
	unlink(path);
}

/* write_killed - a writer that is killed leaves no half of a secret behind */
static void
write_killed(void **state)
{
	const struct rlimit	 none = { 4, 4 };
	char			 dir[] = "/tmp/test-base.XXXXXX", path[60];
	struct err		 e = { "", 0 };
	pid_t			 pid;
	int			 st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/key", dir);
	if ((pid = fork()) == 0) {
		(void)signal(SIGXFSZ, SIG_DFL);
		(void)setrlimit(RLIMIT_FSIZE, &none);
		(void)file_write_new(path, 0600, "12345678", 8, false, &e);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFSIGNALED(st));
	assert_int_equal(rmdir(dir), 0);	/* so nothing is in it */
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(buf_limit),
	cmocka_unit_test(log_quoting),
	cmocka_unit_test(log_cut),
	cmocka_unit_test(codec_vectors),
	cmocka_unit_test(clock_text),
	cmocka_unit_test(secret_modes),
	cmocka_unit_test(write_killed),
};

UNIT_MAIN(tests)

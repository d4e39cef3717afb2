/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-token.c - signed tokens: fixed vectors, every kind of refusal, keys
 *
 * The vectors were computed apart from this code, with Python's hmac module.
 */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "token/token.h"

#define KEY7	"7 000102030405060708090a0b0c0d0e0f" \
		"101112131415161718191a1b1c1d1e1f"
#define KEY8	"8 55555555555555555555555555555555" \
		"55555555555555555555555555555555"
#define DAY	20778		/* 2026-11-21 */
#define URL1	"EQcBoKGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoHw"
#define MAIL1	"cedqdifbukr2jjngu6uktkvlvsw25l66vw7o6couabszzpxa2fzfm4ub6a"

static char	dir[] = "/tmp/test-token.XXXXXX", path[64];

/* put - a key file with this text */
static void
put(const char *text, mode_t mode)
{
	struct err	e = { "", 0 };

	assert_int_equal(file_write_new(path, mode, text, strlen(text), true,
	    &e), 0);
}

static struct token_keys *
load(const char *text)
{
	struct token_keys	*k;
	struct err		 e = { "", 0 };

	put(text, 0600);
	if (token_keys_load(path, &k, &e) == -1)
		fail_msg("%s", e.msg);
	return k;
}

static void
vectors(void **state)
{
	static const struct {
		struct token	 t;
		const char	*url, *mail;
	} v[] = {
		{ { TOKEN_UNSUB, 1, { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6,
		  0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf },
		  0xdeadbeef, DAY }, URL1, MAIL1 },
		{ { TOKEN_VERP, 1, { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6,
		  0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf },
		  0, 18262 },
		  "EgcBoKGio6SlpqeoqaqrrK2urwAAAAAAAABmU5l8xHmsf-Ik",
		  "cidqdifbukr2jjngu6uktkvlvsw25lyaaaaaaaaaabtfhgl4yr42y77ceq"
		},
		{ { TOKEN_PAGE, 0, { 0 }, 1, 18262 + 65535 },
		  "FAcAAAAAAAAAAAAAAAAAAAAAAAAAAAH__wARV2QcScrXES-7",
		  "cqdqaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaad777aaivoza4jhfnoejpxm"
		},
	};
	struct token_keys	*k = load(KEY7 "\n");
	struct token		 back;
	struct err		 e;
	char			 url[TOKEN_URL_SIZE], mail[TOKEN_MAIL_SIZE];
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof v / sizeof *v; i++) {
		assert_int_equal(token_url(k, &v[i].t, url, &e), 0);
		assert_string_equal(url, v[i].url);
		assert_int_equal(token_mail(k, &v[i].t, mail, &e), 0);
		assert_string_equal(mail, v[i].mail);
		assert_int_equal(token_read(k, url, 48, DAY, 0, &back),
		    TOKEN_VALID);
		assert_int_equal(back.kind, v[i].t.kind);
		assert_int_equal(back.store_key, v[i].t.store_key);
		assert_memory_equal(back.digest, v[i].t.digest, 16);
		assert_int_equal(back.scope, v[i].t.scope);
		assert_int_equal(back.day, v[i].t.day);
		assert_int_equal(token_read(k, mail, 58, DAY, 0, &back),
		    TOKEN_VALID);
	}
	token_keys_free(&k);
}

static void
refusals(void **state)
{
	static const struct {
		const char		*text;
		uint32_t		 today, max;
		enum token_result	 rc;
	} cases[] = {
		{ URL1, DAY, 365, TOKEN_VALID },
		{ MAIL1, DAY, 365, TOKEN_VALID },
		/* mail systems fold case */
		{ "CEDQDIFBUKR2JJNGU6UKTKVLVSW25L66VW7O6COUABSZZPXA2FZFM4UB6A",
		  DAY, 365, TOKEN_VALID },
		{ URL1, DAY + 365, 365, TOKEN_VALID },
		{ URL1, DAY + 366, 365, TOKEN_EXPIRED },
		{ URL1, DAY + 9999, 0, TOKEN_VALID },
		{ URL1, DAY - 5, 1, TOKEN_VALID },	/* clock went back */
		/* under key 8, which is known, and 9, which is not */
		{ "EwgC_____________________wAAAAUAZADs6DADNXK6xJlb", DAY, 0,
		  TOKEN_VALID },
		{ "EQkBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABaS3C87QUc0mN8", DAY, 0,
		  TOKEN_UNKNOWN_KEY },
		/* one bit of the digest, of the scope, of the tag */
		{ "EQcBoKGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoHx", DAY, 0,
		  TOKEN_FORGED },
		{ "EQcBoKGio6SlpqeoqaqrrK2ur96tvu4J1ABlnL7g0XJWcoHw", DAY, 0,
		  TOKEN_FORGED },
		{ "EQcBoaGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoHw", DAY, 0,
		  TOKEN_FORGED },
		/* another kind, and the key id of another key of ours */
		{ "EgcBoKGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoHw", DAY, 0,
		  TOKEN_FORGED },
		{ "EQgBoKGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoHw", DAY, 0,
		  TOKEN_FORGED },
		/* version 2; a flag and a kind that we do not know, signed */
		{ "IQcBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACBMMEOEkilOejO", DAY, 0,
		  TOKEN_VERSION },
		{ "EQcBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAF7UPCKN1tBZsYf", DAY, 0,
		  TOKEN_VERSION },
		{ "GQcBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABBjyAfzWREm46G", DAY, 0,
		  TOKEN_VERSION },
		{ "AQcBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABDz7JiY68Mm-Tv", DAY, 0,
		  TOKEN_NONE },
		/* not even the shape */
		{ "", DAY, 0, TOKEN_NONE },
		{ "EQcBoKGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoH", DAY, 0,
		  TOKEN_NONE },
		{ URL1 "=", DAY, 0, TOKEN_NONE },
		{ "EQcBoKGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoH ", DAY, 0,
		  TOKEN_NONE },
		{ "EQcBoKGio6SlpqeoqaqrrK2ur96tvu8J1ABlnL7g0XJWcoH/", DAY, 0,
		  TOKEN_NONE },
		{ "cedqdifbukr2jjngu6uktkvlvsw25l66vw7o6couabszzpxa2fzfm4ub6b",
		  DAY, 0, TOKEN_NONE },			/* stray bits */
	};
	struct token_keys	*k = load(KEY7 "\n" KEY8 " retired\n");
	struct token		 t;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		row_true(token_read(k, cases[i].text, strlen(cases[i].text),
		    cases[i].today, cases[i].max, &t) == cases[i].rc,
		    cases[i].text);
	token_keys_free(&k);
}

/* every octet counts: no change of one passes */
static void
every_octet(void **state)
{
	struct token_keys	*k = load(KEY7 "\n");
	struct token		 t;
	char			 text[] = URL1;
	uint8_t			 raw[TOKEN_OCTETS];
	int			 i, bit;

	(void)state;
	for (i = 0; i < TOKEN_OCTETS; i++)
		for (bit = 0; bit < 8; bit++) {
			assert_int_equal(codec_unb64url(URL1, 48, raw, 36),
			    36);
			raw[i] ^= (uint8_t)(1 << bit);
			codec_b64url(raw, 36, text);
			assert_true(token_read(k, text, 48, DAY, 0, &t) !=
			    TOKEN_VALID);
		}
	token_keys_free(&k);
}

static void
key_files(void **state)
{
	static const struct {
		const char	*text, *why;
		mode_t		 mode;
	} cases[] = {
		{ KEY7 "\n", ": mode 0644", 0644 },
		{ "", ": no key to sign with", 0600 },
		{ "# only\n" KEY8 " retired\n", ": no key to sign", 0600 },
		{ "\n" KEY7 "\n" KEY7 "\n", ":3: this ID", 0600 },
		{ "0" KEY7 " x\n", ":1: only \"retired\"", 0600 },
		{ KEY7 " retired x\n", ":1: only", 0600 },
		{ KEY7 "00\n", ":1: want 64", 0600 },
		{ "1\n", ":1: want 64", 0600 },
		{ "256 00\n", ":1: want \"ID HEX\"", 0600 },
		{ "-1 00\n", ":1: want \"ID HEX\"", 0600 },
		{ "x\n", ":1: want \"ID HEX\"", 0600 },
		{ "1 zz02030405060708090a0b0c0d0e0f"
		  "101112131415161718191a1b1c1d1e1f00\n", ":1: want 64", 0600 },
	};
	struct token_keys	*k;
	struct err		 e;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		put(cases[i].text, cases[i].mode);
		row_true(token_keys_load(path, &k, &e) == -1, cases[i].why);
		row_true(k == NULL, cases[i].why);
		if (strncmp(e.msg, path, strlen(path)) != 0 ||
		    strstr(e.msg, cases[i].why) == NULL)
			fail_msg("%s", e.msg);
		/* an error never shows a key */
		row_true(strstr(e.msg, "0102") == NULL, cases[i].why);
	}
	k = load("# c\r\n\r\n  " KEY8 " retired \r\n\t" KEY7 "\r\n");
	token_keys_free(&k);
	token_keys_free(&k);
}

static void
rotation(void **state)
{
	struct token_keys	*k;
	struct token		 t = { .kind = TOKEN_UNSUB, .store_key = 1,
		.scope = 5, .day = DAY }, back;
	struct stat		 st;
	struct err		 e = { "", 0 };
	char			 old[TOKEN_URL_SIZE], new[TOKEN_URL_SIZE];
	uint8_t			 id = 0;

	(void)state;
	(void)unlink(path);
	assert_int_equal(token_keys_create(path, &e), 0);
	assert_int_equal(token_keys_create(path, &e), -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(token_keys_load(path, &k, &e), 0);
	assert_int_equal(token_url(k, &t, old, &e), 0);
	token_keys_free(&k);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(token_keys_rotate(path, &id, &e), 0);
	assert_int_equal(id, 2);
	assert_int_equal(token_keys_rotate(path, &id, &e), 0);
	assert_int_equal(id, 3);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(token_keys_load(path, &k, &e), 0);
	assert_int_equal(token_url(k, &t, new, &e), 0);
	assert_string_not_equal(new, old);
	assert_int_equal(token_read(k, old, 48, DAY, 0, &back), TOKEN_VALID);
	assert_int_equal(token_read(k, new, 48, DAY, 0, &back), TOKEN_VALID);
	token_keys_free(&k);
	/* another installation's tokens */
	k = load(KEY7 "\n");
	assert_int_equal(token_read(k, old, 48, DAY, 0, &back),
	    TOKEN_UNKNOWN_KEY);
	token_keys_free(&k);
	put("255 00\n", 0600);
	assert_int_equal(token_keys_rotate(path, &id, &e), -1);
	put(KEY7 "\n255" " 000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f\n", 0600);
	assert_int_equal(token_keys_rotate(path, &id, &e), 0);
	assert_int_equal(id, 1);
}

static void
kind_names(void **state)
{
	enum token_kind	k;

	(void)state;
	for (k = TOKEN_UNSUB; k <= TOKEN_PAGE; k++)
		assert_int_equal(token_kind_parse(token_kind_name(k)), k);
	assert_int_equal(token_kind_parse("unknown"), 0);
	assert_int_equal(token_kind_parse(""), 0);
	assert_string_equal(token_result_name(TOKEN_UNKNOWN_KEY),
	    "unknown-key");
}

static int
folder(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/token.key", dir);
	return 0;
}

static int
folder_end(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(vectors),
	cmocka_unit_test(refusals),
	cmocka_unit_test(every_octet),
	cmocka_unit_test(key_files),
	cmocka_unit_test(rotation),
	cmocka_unit_test(kind_names),
};

int
main(void)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, folder, folder_end);
}

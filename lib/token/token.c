/* SPDX-License-Identifier: BSD-2-Clause */
/* token.c - see token.h, and doc/TOKEN for the bytes */
#include "token/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sysexits.h>

#include "token/token_int.h"

#include "base/banned.h"

#define VERSION		1
#define DAY_ZERO	18262	/* 2020-01-01 in days since 1970-01-01 */
#define TAG_AT		26	/* octets signed; the tag stands behind them */
#define TAG_LEN		(TOKEN_OCTETS - TAG_AT)

enum { AT_KIND, AT_KEY, AT_STORE_KEY, AT_DIGEST, AT_SCOPE = 19, AT_DAY = 23,
	AT_FLAGS = 25 };

/* tag - the first octets of HMAC-SHA-256 over what is signed */
static int
tag(const struct token_key *k, const uint8_t raw[TOKEN_OCTETS],
    uint8_t out[TAG_LEN])
{
	uint8_t		full[EVP_MAX_MD_SIZE];
	unsigned	n = 0;

	if (HMAC(EVP_sha256(), k->secret, TOKEN_SECRET, raw, TAG_AT, full,
	    &n) == NULL || n < TAG_LEN)
		return -1;
	memcpy(out, full, TAG_LEN);
	OPENSSL_cleanse(full, sizeof full);
	return 0;
}

/* write_raw - the octets of a token, signed */
static int
write_raw(const struct token_keys *keys, const struct token *t,
    uint8_t raw[TOKEN_OCTETS], struct err *e)
{
	const struct token_key	*k = &keys->v[0];
	uint32_t		 day;

	day = t->day < DAY_ZERO ? 0 : t->day - DAY_ZERO;
	if (day > UINT16_MAX)
		day = UINT16_MAX;
	raw[AT_KIND] = (uint8_t)(VERSION << 4 | (t->kind & 15));
	raw[AT_KEY] = k->id;
	raw[AT_STORE_KEY] = t->store_key;
	memcpy(raw + AT_DIGEST, t->digest, sizeof t->digest);
	raw[AT_SCOPE] = (uint8_t)(t->scope >> 24);
	raw[AT_SCOPE + 1] = (uint8_t)(t->scope >> 16);
	raw[AT_SCOPE + 2] = (uint8_t)(t->scope >> 8);
	raw[AT_SCOPE + 3] = (uint8_t)t->scope;
	raw[AT_DAY] = (uint8_t)(day >> 8);
	raw[AT_DAY + 1] = (uint8_t)day;
	raw[AT_FLAGS] = 0;
	if (tag(k, raw, raw + TAG_AT) == -1)
		return err_code(e, EX_SOFTWARE, "token: OpenSSL cannot "
		    "compute HMAC-SHA-256");
	return 0;
}

int
token_url(const struct token_keys *keys, const struct token *t,
    char out[TOKEN_URL_SIZE], struct err *e)
{
	uint8_t	raw[TOKEN_OCTETS];

	out[0] = '\0';
	if (write_raw(keys, t, raw, e) == -1)
		return -1;
	codec_b64url(raw, sizeof raw, out);
	return 0;
}

int
token_mail(const struct token_keys *keys, const struct token *t,
    char out[TOKEN_MAIL_SIZE], struct err *e)
{
	uint8_t	raw[TOKEN_OCTETS];

	out[0] = '\0';
	if (write_raw(keys, t, raw, e) == -1)
		return -1;
	codec_b32(raw, sizeof raw, out);
	return 0;
}

/* take_apart - the fields of octets whose tag is right */
static void
take_apart(const uint8_t raw[TOKEN_OCTETS], struct token *t)
{
	t->kind = (enum token_kind)(raw[AT_KIND] & 15);
	t->store_key = raw[AT_STORE_KEY];
	memcpy(t->digest, raw + AT_DIGEST, sizeof t->digest);
	t->scope = (uint32_t)raw[AT_SCOPE] << 24 |
	    (uint32_t)raw[AT_SCOPE + 1] << 16 |
	    (uint32_t)raw[AT_SCOPE + 2] << 8 | raw[AT_SCOPE + 3];
	t->day = DAY_ZERO + ((uint32_t)raw[AT_DAY] << 8 | raw[AT_DAY + 1]);
}

/* find_key - the key of that id, or NULL */
static const struct token_key *
find_key(const struct token_keys *keys, uint8_t id)
{
	size_t	i;

	for (i = 0; i < keys->n; i++)
		if (keys->v[i].id == id)
			return &keys->v[i];
	return NULL;
}

enum token_result
token_read(const struct token_keys *keys, const char *text, size_t len,
    uint32_t today, uint32_t max_days, struct token *out)
{
	uint8_t			 raw[TOKEN_OCTETS], want[TAG_LEN];
	const struct token_key	*k;
	bool			 known;
	ssize_t			 n;

	if (len == TOKEN_URL_SIZE - 1)
		n = codec_unb64url(text, len, raw, sizeof raw);
	else if (len == TOKEN_MAIL_SIZE - 1)
		n = codec_unb32(text, len, raw, sizeof raw);
	else
		return TOKEN_NONE;
	if (n != TOKEN_OCTETS || raw[AT_KIND] >> 4 == 0)
		return TOKEN_NONE;
	/* An unknown key costs the same HMAC as a known one, so that the time
	 * of the answer does not say which ids we have. */
	known = (k = find_key(keys, raw[AT_KEY])) != NULL;
	if (tag(known ? k : &keys->v[0], raw, want) == -1)
		return TOKEN_FORGED;
	n = CRYPTO_memcmp(raw + TAG_AT, want, TAG_LEN);
	/* what a later version signs we do not know */
	if (raw[AT_KIND] >> 4 != VERSION)
		return TOKEN_VERSION;
	if (!known)
		return TOKEN_UNKNOWN_KEY;
	if (n != 0)
		return TOKEN_FORGED;
	/* genuine, but of a kind or with a flag that came after us */
	if ((raw[AT_KIND] & 15) < TOKEN_UNSUB ||
	    (raw[AT_KIND] & 15) > TOKEN_SPLIT || raw[AT_FLAGS] != 0)
		return TOKEN_VERSION;
	take_apart(raw, out);
	if (max_days > 0 && today > out->day && today - out->day > max_days)
		return TOKEN_EXPIRED;
	return TOKEN_VALID;
}

const char *
token_result_name(enum token_result r)
{
	static const char *const	names[] = {
		[TOKEN_VALID] = "valid", [TOKEN_NONE] = "none",
		[TOKEN_FORGED] = "forged", [TOKEN_UNKNOWN_KEY] = "unknown-key",
		[TOKEN_EXPIRED] = "expired", [TOKEN_VERSION] = "version",
	};

	return (size_t)r < sizeof names / sizeof *names ? names[r] : "none";
}

const char *
token_kind_name(enum token_kind k)
{
	static const char *const	names[] = {
		[TOKEN_UNSUB] = "unsubscribe", [TOKEN_VERP] = "verp",
		[TOKEN_CFBL] = "cfbl", [TOKEN_PAGE] = "page",
		[TOKEN_SPLIT] = "split",
	};

	return (size_t)k < sizeof names / sizeof *names && names[k] != NULL ?
	    names[k] : "unknown";
}

enum token_kind
token_kind_parse(const char *name)
{
	enum token_kind	k;

	for (k = TOKEN_UNSUB; k <= TOKEN_SPLIT; k++)
		if (strcmp(token_kind_name(k), name) == 0)
			return k;
	return (enum token_kind)0;
}

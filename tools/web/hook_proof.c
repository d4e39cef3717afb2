/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_proof.c - see hook_proof.h; SNS's side is in hook_sns.c */
#include "web/hook_proof.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/codec.h"
#include "feedback/hook.h"
#include "web/hook_key.h"

#include "base/banned.h"

#define SIGNATURE_MAX	2048	/* octets of base64 */
#define TOKEN_ROWS	8192	/* of the table of used tokens */
#define TOKEN_COLS	4

/* -- tokens that were used ------------------------------------------------- */

struct used {
	uint8_t	token[16], body[16];	/* of SHA-256 */
	int64_t	when;			/* 0 = free */
};

struct hook_tokens {
	pthread_mutex_t	lock;
	uint8_t		salt[16];	/* nobody chooses his row */
	struct used	v[TOKEN_ROWS][TOKEN_COLS];
};

struct hook_tokens *
hook_tokens_new(void)
{
	struct hook_tokens	*t = calloc(1, sizeof *t);

	if (t == NULL || RAND_bytes(t->salt, sizeof t->salt) != 1) {
		free(t);
		return NULL;
	}
	(void)pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
hook_tokens_free(struct hook_tokens **t)
{
	if (*t != NULL)
		(void)pthread_mutex_destroy(&(*t)->lock);
	free(*t);
	*t = NULL;
}

/* token_ok - new, or used for this same body */
static bool
token_ok(struct hook_tokens *t, const char *token,
    const struct hook_claim *c)
{
	uint8_t		 md[32], body[SHA256_DIGEST_LENGTH];
	struct used	*row, *old;
	unsigned	 n = sizeof md, i;
	bool		 ok = true;

	if (HMAC(EVP_sha256(), t->salt, sizeof t->salt,
	    (const unsigned char *)token, strlen(token), md, &n) == NULL ||
	    SHA256((const unsigned char *)c->body, c->len, body) == NULL)
		return false;
	(void)pthread_mutex_lock(&t->lock);
	row = old = t->v[(md[30] << 8 | md[31]) % TOKEN_ROWS];
	for (i = 0; i < TOKEN_COLS; i++) {
		if (row[i].when != 0 && memcmp(row[i].token, md, 16) == 0)
			break;
		if (row[i].when < old->when)
			old = &row[i];
	}
	if (i < TOKEN_COLS)
		ok = memcmp(row[i].body, body, 16) == 0;
	else {
		memcpy(old->token, md, 16);
		memcpy(old->body, body, 16);
		old->when = c->now;
	}
	(void)pthread_mutex_unlock(&t->lock);
	return ok;
}

/* -- proofs ---------------------------------------------------------------- */

/* fresh - neither too old nor of the future */
static bool
fresh(const struct hook_keys *k, int64_t when, int64_t now)
{
	return when <= now + HOOK_SKEW && now - when <= k->conf->max_age;
}

/* seconds - a number of them alone, as text */
static bool
seconds(const char *s, int64_t *out)
{
	size_t	n = s == NULL ? 0 : strspn(s, "0123456789");

	if (n == 0 || n > 12 || s[n] != '\0')
		return false;
	*out = strtoll(s, NULL, 10);
	return true;
}

bool
hook_verified(EVP_PKEY *key, const EVP_MD *md, const char *signature,
    const char *a, size_t na, const char *b, size_t nb)
{
	unsigned char	 sig[SIGNATURE_MAX];
	EVP_MD_CTX	*c;
	int		 n = hook_unbase64(signature, sig, sizeof sig);
	bool		 ok;

	if (n <= 0 || (c = EVP_MD_CTX_new()) == NULL)
		return false;
	ok = EVP_DigestVerifyInit(c, NULL, md, NULL, key) == 1 &&
	    EVP_DigestVerifyUpdate(c, a, na) == 1 &&
	    EVP_DigestVerifyUpdate(c, b, nb) == 1 &&
	    EVP_DigestVerifyFinal(c, sig, (size_t)n) == 1;
	EVP_MD_CTX_free(c);
	return ok;
}

static enum hook_proof
sendgrid(const struct hook_keys *k, const struct hook_claim *c,
    const char **why)
{
	int64_t	when;
	size_t	i;

	*why = "time";
	if (!seconds(c->timestamp, &when) || !fresh(k, when, c->now))
		return HOOK_REFUSED;
	*why = "signature";
	for (i = 0; i < k->npkeys; i++)
		if (hook_verified(k->pkeys[i], EVP_sha256(), c->signature,
		    c->timestamp, strlen(c->timestamp), c->body, c->len))
			return HOOK_PROVEN;
	return HOOK_REFUSED;
}

static enum hook_proof
mailgun(const struct hook_keys *k, struct hook_tokens *used,
    const struct hook_claim *c, const char **why)
{
	const json_t	*s = json_object_get(c->doc, "signature");
	const char	*time = json_string_value(json_object_get(s,
			    "timestamp"));
	const char	*token = json_string_value(json_object_get(s,
			    "token"));
	const char	*sig = json_string_value(json_object_get(s,
			    "signature"));
	struct buf	 b = BUF_INIT(SIGNATURE_MAX);
	unsigned char	 md[32];
	char		 hex[CODEC_HEX_SIZE(32)];
	unsigned	 n;
	int64_t		 when;
	size_t		 i;
	bool		 ok = false;

	*why = "time";
	if (!seconds(time, &when) || !fresh(k, when, c->now))
		return HOOK_REFUSED;
	*why = "signature";
	if (token == NULL || token[0] == '\0' || sig == NULL ||
	    strlen(sig) != sizeof hex - 1)
		return HOOK_REFUSED;
	(void)buf_addf(&b, "%s%s", time, token);
	for (i = 0; i < k->nsecrets && !b.failed; i++) {
		n = sizeof md;
		if (HMAC(EVP_sha256(), k->secrets[i].p, (int)k->secrets[i].n,
		    (const unsigned char *)buf_str(&b), b.len, md,
		    &n) == NULL)
			continue;
		(void)codec_hex(md, sizeof md, hex);
		ok |= CRYPTO_memcmp(hex, sig, sizeof hex - 1) == 0;
	}
	buf_free(&b);
	if (!ok)
		return HOOK_REFUSED;
	*why = "replayed";
	return token_ok(used, token, c) ? HOOK_PROVEN : HOOK_REFUSED;
}

/* postmark - digests are compared: neither length nor content shows in time */
static enum hook_proof
postmark(const struct hook_keys *k, const struct hook_claim *c,
    const char **why)
{
	unsigned char	 plain[SIGNATURE_MAX], want[SHA256_DIGEST_LENGTH],
			 got[SHA256_DIGEST_LENGTH];
	const char	*s = c->secret;
	int		 n;
	size_t		 i;
	bool		 ok = false;

	*why = "secret";
	if (s == NULL)
		return HOOK_REFUSED;
	n = (int)strnlen(s, sizeof plain);
	if (k->conf->header[0] == '\0') {
		if (strncmp(s, "Basic ", 6) != 0)
			return HOOK_REFUSED;
		n = hook_unbase64(s + 6, plain, sizeof plain);
		s = (const char *)plain;
	}
	if (n <= 0 || SHA256((const unsigned char *)s, (size_t)n,
	    got) == NULL)
		return HOOK_REFUSED;
	for (i = 0; i < k->nsecrets; i++)
		ok |= SHA256((const unsigned char *)k->secrets[i].p,
		    k->secrets[i].n, want) != NULL &&
		    CRYPTO_memcmp(want, got, sizeof want) == 0;
	OPENSSL_cleanse(plain, sizeof plain);
	return ok ? HOOK_PROVEN : HOOK_REFUSED;
}

enum hook_proof
hook_prove(const struct hook_keys *k, struct hook_tokens *tokens,
    struct hook_fetch *fetch, const struct hook_claim *c, const char **why)
{
	enum hook_proof	p = HOOK_REFUSED;
	int64_t		when;

	switch ((enum hook_provider)k->conf->provider) {
	case HOOK_SES:
		p = hook_sns_prove(k, fetch, c, &when, why);
		if (p != HOOK_REFUSED && !fresh(k, when, c->now)) {
			*why = "time";
			p = HOOK_REFUSED;
		}
		break;
	case HOOK_SENDGRID:
		p = sendgrid(k, c, why);
		break;
	case HOOK_MAILGUN:
		p = mailgun(k, tokens, c, why);
		break;
	case HOOK_POSTMARK:
		p = postmark(k, c, why);
		break;
	}
	return p;
}

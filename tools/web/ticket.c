/* SPDX-License-Identifier: BSD-2-Clause */
/* ticket.c - see ticket.h */
#include "web/ticket.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/banned.h"

#define SIGNED	30
#define TAG	16

static void
put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* tag - of the signed part */
static int
tag(const uint8_t key[32], const uint8_t *p, uint8_t md[EVP_MAX_MD_SIZE])
{
	unsigned	n = 0;

	return HMAC(EVP_sha256(), key, 32, p, SIGNED, md, &n) != NULL &&
	    n >= TAG ? 0 : -1;
}

int
ticket_write(const uint8_t key[32], const struct ticket *t,
    char out[TICKET_SIZE])
{
	uint8_t	p[TICKET_OCTETS], md[EVP_MAX_MD_SIZE];

	p[0] = (uint8_t)t->kind;
	put32(p + 1, (uint32_t)t->made);
	p[5] = t->id.key;
	memcpy(p + 6, t->id.digest, STORE_DIGEST);
	put32(p + 22, t->scopes[0]);
	put32(p + 26, t->scopes[1]);
	if (tag(key, p, md) == -1)
		return -1;
	memcpy(p + SIGNED, md, TAG);
	(void)codec_b64url(p, sizeof p, out);
	return 0;
}

int
ticket_read(const uint8_t key[32], const char *text, size_t len,
    enum ticket_kind kind, int64_t now, long max_age, struct ticket *t)
{
	uint8_t	p[TICKET_OCTETS + 2], md[EVP_MAX_MD_SIZE];

	memset(t, 0, sizeof *t);
	if (codec_unb64url(text, len, p, sizeof p) != TICKET_OCTETS ||
	    tag(key, p, md) == -1 || CRYPTO_memcmp(md, p + SIGNED, TAG) != 0)
		return 0;
	t->kind = (enum ticket_kind)p[0];
	t->made = get32(p + 1);
	t->id.key = p[5];
	memcpy(t->id.digest, p + 6, STORE_DIGEST);
	t->scopes[0] = get32(p + 22);
	t->scopes[1] = get32(p + 26);
	return t->kind == kind && t->made <= now + 60 &&
	    now - t->made <= max_age;
}

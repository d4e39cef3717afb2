/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key.c - see key.h
 *
 * HMAC-SHA-256 is two hashes with a keyed first block each; both states are
 * worked out once at load and copied for every address, which leaves two
 * compressions an address. The one-shot interfaces of OpenSSL 3 spend most of
 * their time on looking up the algorithm, hence its older, plain calls here.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/key.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "base/codec.h"
#include "base/file.h"

#include "base/banned.h"

#define KEY_OCTETS	32
#define KEY_FILE_MAX	65536

struct one_key {
	uint8_t		id;
	uint8_t		secret[KEY_OCTETS];
	SHA256_CTX	inner, outer;	/* after the keyed block */
};

struct store_keys {
	unsigned	n;
	struct one_key	key[STORE_KEYS_MAX];
};

/* key_prepare - the two states that every HMAC under this key begins with */
static void
key_prepare(struct one_key *k)
{
	uint8_t		block[SHA256_CBLOCK];
	size_t		i;

	for (i = 0; i < sizeof block; i++)
		block[i] = 0x36 ^ (i < KEY_OCTETS ? k->secret[i] : 0);
	SHA256_Init(&k->inner);
	SHA256_Update(&k->inner, block, sizeof block);
	for (i = 0; i < sizeof block; i++)
		block[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(&k->outer);
	SHA256_Update(&k->outer, block, sizeof block);
	explicit_bzero(block, sizeof block);
}

/* key_hmac - HMAC-SHA-256 of p, whole */
static void
key_hmac(const struct one_key *k, const void *p, size_t n,
    uint8_t out[SHA256_DIGEST_LENGTH])
{
	SHA256_CTX	c = k->inner;
	uint8_t		mid[SHA256_DIGEST_LENGTH];

	SHA256_Update(&c, p, n);
	SHA256_Final(mid, &c);
	c = k->outer;
	SHA256_Update(&c, mid, sizeof mid);
	SHA256_Final(out, &c);
}

/* last_block - p as the second and last block of a hash: padding, length */
static void
last_block(uint8_t block[SHA256_CBLOCK], const void *p, size_t n)
{
	size_t	bits = (SHA256_CBLOCK + n) * 8;

	memset(block, 0, SHA256_CBLOCK);
	memcpy(block, p, n);
	block[n] = 0x80;
	block[SHA256_CBLOCK - 2] = (uint8_t)(bits >> 8);
	block[SHA256_CBLOCK - 1] = (uint8_t)bits;
}

/* put_words - the state of a hash as octets */
static void
put_words(uint8_t *out, const SHA256_CTX *c, size_t words)
{
	size_t	i;

	for (i = 0; i < words; i++) {
		uint32_t	w = htobe32(c->h[i]);

		memcpy(out + 4 * i, &w, 4);
	}
}

/*
 * key_digest - the first octets of the HMAC
 *
 * Nearly every address fits in one block, and then the two compressions are
 * all the work there is; the general way costs half as much again.
 */
static void
key_digest(const struct one_key *k, const void *p, size_t n,
    struct store_id *out)
{
	uint8_t		full[SHA256_DIGEST_LENGTH], block[SHA256_CBLOCK];
	SHA256_CTX	c;

	out->key = k->id;
	if (n > SHA256_CBLOCK - 9) {
		key_hmac(k, p, n, full);
		memcpy(out->digest, full, STORE_DIGEST);
		return;
	}
	memcpy(c.h, k->inner.h, sizeof c.h);
	last_block(block, p, n);
	SHA256_Transform(&c, block);
	put_words(full, &c, 8);
	memcpy(c.h, k->outer.h, sizeof c.h);
	last_block(block, full, sizeof full);
	SHA256_Transform(&c, block);
	put_words(out->digest, &c, STORE_DIGEST / 4);
}

/* parse_line - "ID HEX"; 1 a key, 0 nothing on this line, -1 with a reason */
static int
parse_line(char *s, struct one_key *k, const char **why)
{
	char		*end, *hex;
	unsigned long	 id;

	s += strspn(s, " \t\r");
	if (*s == '\0' || *s == '#')
		return 0;
	errno = 0;
	id = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || errno != 0 || id < 1 || id > 255 ||
	    (*end != ' ' && *end != '\t')) {
		*why = "a line is \"ID HEX\", ID from 1 to 255";
		return -1;
	}
	hex = end + strspn(end, " \t");
	end = hex + strcspn(hex, " \t\r");
	if (end[strspn(end, " \t\r")] != '\0' ||
	    end - hex != 2 * KEY_OCTETS || codec_unhex(hex,
	    (size_t)(end - hex), k->secret, sizeof k->secret) != KEY_OCTETS) {
		*why = "a key is 64 hex digits";
		return -1;
	}
	k->id = (uint8_t)id;
	return 1;
}

/* parse_file - every line of text into keys, which is zeroed */
static int
parse_file(char *text, struct store_keys *keys, const char *path,
    struct err *e)
{
	const char	*why = NULL;
	struct one_key	 k;
	unsigned	 lineno = 0, i;
	char		*line;
	int		 rc = 0;

	while (rc != -1 && (line = strsep(&text, "\n")) != NULL) {
		lineno++;
		if ((rc = parse_line(line, &k, &why)) != 1)
			continue;
		for (i = 0; i < keys->n; i++)
			if (keys->key[i].id == k.id)
				why = "this ID stands above already";
		if (keys->n == STORE_KEYS_MAX)
			why = "more than 8 keys";
		if (why != NULL)
			rc = -1;
		else {
			key_prepare(&k);
			keys->key[keys->n++] = k;
		}
	}
	explicit_bzero(&k, sizeof k);
	if (rc == -1)
		return err_code(e, EX_CONFIG, "%s:%u: %s", path, lineno, why);
	if (keys->n == 0)
		return err_code(e, EX_CONFIG, "%s: holds no key; `mailweir "
		    "genkey` writes one", path);
	return 0;
}

int
store_keys_load(const char *path, struct store_keys **out, struct err *e)
{
	struct store_keys	*keys;
	char			*text;
	size_t			 len;

	*out = NULL;
	if (file_read_secret(path, KEY_FILE_MAX, &text, &len, e) == -1)
		return -1;
	/* pages of its own: locked and left out of core dumps */
	keys = mmap(NULL, sizeof *keys, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (keys == MAP_FAILED) {
		file_wipe(&text, len);
		return err_code(e, EX_OSERR, "%s: no memory", path);
	}
	(void)mlock(keys, sizeof *keys);	/* RLIMIT_MEMLOCK may forbid */
	(void)madvise(keys, sizeof *keys, MADV_DONTDUMP);
	if (strlen(text) != len) {
		file_wipe(&text, len);
		store_keys_free(&keys);
		return err_code(e, EX_CONFIG, "%s: holds a NUL octet", path);
	}
	if (parse_file(text, keys, path, e) == -1) {
		file_wipe(&text, len);
		store_keys_free(&keys);
		return -1;
	}
	file_wipe(&text, len);
	*out = keys;
	return 0;
}

void
store_keys_free(struct store_keys **keys)
{
	if (*keys == NULL)
		return;
	explicit_bzero(*keys, sizeof **keys);
	(void)munmap(*keys, sizeof **keys);
	*keys = NULL;
}

int
store_keys_create(const char *path, struct err *e)
{
	uint8_t	secret[KEY_OCTETS];
	char	hex[CODEC_HEX_SIZE(KEY_OCTETS)];
	char	text[256];
	int	n, rc;

	if (RAND_priv_bytes(secret, sizeof secret) != 1)
		return err_code(e, EX_OSERR, "%s: no random numbers", path);
	codec_hex(secret, sizeof secret, hex);
	n = snprintf(text, sizeof text,
	    "# Secret of the suppression store. Keep a copy elsewhere: without "
	    "it\n# the store cannot be read.\n1 %s\n", hex);
	rc = file_write_new(path, 0600, text, (size_t)n, false, e);
	explicit_bzero(secret, sizeof secret);
	explicit_bzero(hex, sizeof hex);
	explicit_bzero(text, sizeof text);
	return rc;
}

unsigned
store_keys_count(const struct store_keys *keys)
{
	return keys->n;
}

uint8_t
store_keys_id(const struct store_keys *keys, unsigned i)
{
	return keys->key[i].id;
}

bool
store_keys_has(const struct store_keys *keys, uint8_t id)
{
	unsigned	i;

	for (i = 0; i < keys->n; i++)
		if (keys->key[i].id == id)
			return true;
	return false;
}

void
store_keys_address(const struct store_keys *keys, unsigned i,
    const struct addr *a, struct store_id *out)
{
	key_digest(&keys->key[i], a->text, strlen(a->text), out);
}

void
store_keys_domain(const struct store_keys *keys, unsigned i,
    const char *domain, struct store_id *out)
{
	char	text[1 + ADDR_DOMAIN_MAX + 1];
	size_t	n = strnlen(domain, ADDR_DOMAIN_MAX);

	text[0] = '@';
	memcpy(text + 1, domain, n);
	key_digest(&keys->key[i], text, n + 1, out);
}

void
store_keys_derive(const struct store_keys *keys, unsigned i,
    const char *purpose, uint8_t out[32])
{
	key_hmac(&keys->key[i], purpose, strlen(purpose), out);
}

void
store_keys_mac(const struct store_keys *keys, unsigned i, const char *purpose,
    const void *p, size_t n, uint8_t out[32])
{
	struct one_key	k;

	store_keys_derive(keys, i, purpose, k.secret);
	key_prepare(&k);
	key_hmac(&k, p, n, out);
	explicit_bzero(&k, sizeof k);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* seal.c - see seal.h */
#include "store/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/codec.h"
#include "base/file.h"

#include "base/banned.h"

#define KEY_OCTETS	32
#define TAG_OCTETS	16
#define SEAL_VERSION	1
#define KEY_FILE_MAX	4096

struct seal_key {
	EVP_PKEY	*pkey;
	bool		 private;
	uint8_t		 pub[KEY_OCTETS];
};

/* key_octets - the hex line of a key file */
static int
key_octets(const char *path, char *text, uint8_t out[KEY_OCTETS],
    struct err *e)
{
	char	*line, *end;

	while ((line = strsep(&text, "\n")) != NULL) {
		line += strspn(line, " \t\r");
		if (*line == '\0' || *line == '#')
			continue;
		end = line + strcspn(line, " \t\r");
		if (codec_unhex(line, (size_t)(end - line), out,
		    KEY_OCTETS) == KEY_OCTETS)
			return 0;
		break;
	}
	return err_code(e, EX_CONFIG, "%s: a sealing key is a line of 64 hex "
	    "digits", path);
}

/* wrap - raw octets as a key */
static int
wrap(const uint8_t raw[KEY_OCTETS], bool private, const char *path,
    struct seal_key **out, struct err *e)
{
	struct seal_key	*k;
	size_t		 n = KEY_OCTETS;

	if ((k = calloc(1, sizeof *k)) == NULL)
		return err_code(e, EX_OSERR, "%s: no memory", path);
	k->private = private;
	k->pkey = private ?
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, raw, n) :
	    EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, raw, n);
	if (k->pkey == NULL ||
	    EVP_PKEY_get_raw_public_key(k->pkey, k->pub, &n) != 1) {
		seal_free(&k);
		return err_code(e, EX_CONFIG, "%s: not an X25519 key", path);
	}
	*out = k;
	return 0;
}

int
seal_load_public(const char *path, struct seal_key **out, struct err *e)
{
	uint8_t	raw[KEY_OCTETS];
	char	*text;
	size_t	 len;
	int	 rc;

	*out = NULL;
	if (file_read(path, KEY_FILE_MAX, &text, &len, e) == -1)
		return -1;
	rc = key_octets(path, text, raw, e);
	free(text);
	return rc == -1 ? -1 : wrap(raw, false, path, out, e);
}

int
seal_load_private(const char *path, struct seal_key **out, struct err *e)
{
	uint8_t	raw[KEY_OCTETS];
	char	*text;
	size_t	 len;
	int	 rc;

	*out = NULL;
	if (file_read_secret(path, KEY_FILE_MAX, &text, &len, e) == -1)
		return -1;
	if ((rc = key_octets(path, text, raw, e)) == 0)
		rc = wrap(raw, true, path, out, e);
	explicit_bzero(raw, sizeof raw);
	file_wipe(&text, len);
	return rc;
}

void
seal_free(struct seal_key **k)
{
	if (*k == NULL)
		return;
	EVP_PKEY_free((*k)->pkey);
	free(*k);
	*k = NULL;
}

/* write_key - one of the two files */
static int
write_key(const char *path, mode_t mode, const char *what,
    const uint8_t raw[KEY_OCTETS], struct err *e)
{
	char	hex[CODEC_HEX_SIZE(KEY_OCTETS)], text[256];
	int	n, rc;

	codec_hex(raw, KEY_OCTETS, hex);
	n = snprintf(text, sizeof text, "# %s\n%s\n", what, hex);
	rc = file_write_new(path, mode, text, (size_t)n, false, e);
	explicit_bzero(hex, sizeof hex);
	explicit_bzero(text, sizeof text);
	return rc;
}

int
seal_create(const char *path, struct err *e)
{
	uint8_t		 priv[KEY_OCTETS], pub[KEY_OCTETS];
	size_t		 n = KEY_OCTETS, k = KEY_OCTETS;
	EVP_PKEY	*pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	char		 name[4096];
	int		 rc;

	if (pkey == NULL ||
	    EVP_PKEY_get_raw_private_key(pkey, priv, &n) != 1 ||
	    EVP_PKEY_get_raw_public_key(pkey, pub, &k) != 1)
		rc = err_code(e, EX_OSERR, "%s: OpenSSL makes no key", path);
	else {
		(void)snprintf(name, sizeof name, "%s.pub", path);
		rc = write_key(path, 0600, "Opens sealed copies of addresses. "
		    "Keep it away from the mail servers.", priv, e);
		if (rc == 0)
			rc = write_key(name, 0644, "Seals copies of addresses "
			    "(seal_key_file).", pub, e);
	}
	explicit_bzero(priv, sizeof priv);
	EVP_PKEY_free(pkey);
	return rc;
}

/* agree - the AES key of one copy: HKDF (RFC 5869) over the shared secret,
 * bound to both public keys */
static int
agree(EVP_PKEY *mine, EVP_PKEY *theirs, const uint8_t sender[KEY_OCTETS],
    const uint8_t receiver[KEY_OCTETS], uint8_t key[KEY_OCTETS])
{
	static const char	info[] = "mailweir sealed copy 1\x01";
	uint8_t			shared[KEY_OCTETS], prk[KEY_OCTETS];
	uint8_t			salt[2 * KEY_OCTETS];
	size_t			n = sizeof shared;
	EVP_PKEY_CTX		*c = EVP_PKEY_CTX_new(mine, NULL);
	bool			ok;

	memcpy(salt, sender, KEY_OCTETS);
	memcpy(salt + KEY_OCTETS, receiver, KEY_OCTETS);
	ok = c != NULL && EVP_PKEY_derive_init(c) == 1 &&
	    EVP_PKEY_derive_set_peer(c, theirs) == 1 &&
	    EVP_PKEY_derive(c, shared, &n) == 1 && n == sizeof shared &&
	    HMAC(EVP_sha256(), salt, sizeof salt, shared, n, prk,
	    NULL) != NULL &&
	    HMAC(EVP_sha256(), prk, sizeof prk, (const uint8_t *)info,
	    sizeof info - 1, key, NULL) != NULL;
	EVP_PKEY_CTX_free(c);
	explicit_bzero(shared, sizeof shared);
	explicit_bzero(prk, sizeof prk);
	return ok ? 0 : -1;
}

/* encrypt - AES-256-GCM; the key is used once, so the nonce may be zero */
static int
encrypt(const uint8_t key[KEY_OCTETS], const void *text, size_t n,
    uint8_t *out)
{
	static const uint8_t	 nonce[12];
	EVP_CIPHER_CTX		*c = EVP_CIPHER_CTX_new();
	int			 len, end;
	bool			 ok;

	ok = c != NULL &&
	    EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	    EVP_EncryptUpdate(c, out, &len, text, (int)n) == 1 &&
	    EVP_EncryptFinal_ex(c, out + len, &end) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_OCTETS,
	    out + n) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok ? 0 : -1;
}

static int
decrypt(const uint8_t key[KEY_OCTETS], const uint8_t *in, size_t n,
    char *text)
{
	static const uint8_t	 nonce[12];
	EVP_CIPHER_CTX		*c = EVP_CIPHER_CTX_new();
	int			 len, end;
	bool			 ok;

	ok = c != NULL &&
	    EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
	    EVP_DecryptUpdate(c, (uint8_t *)text, &len, in, (int)n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_OCTETS,
	    (void *)(uintptr_t)(in + n)) == 1 &&
	    EVP_DecryptFinal_ex(c, (uint8_t *)text + len, &end) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok ? 0 : -1;
}

int
seal_make(const struct seal_key *k, const void *text, size_t n, uint8_t *out,
    struct err *e)
{
	EVP_PKEY	*mine = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	uint8_t		 key[KEY_OCTETS];
	size_t		 len = KEY_OCTETS;
	int		 rc = -1;

	out[0] = SEAL_VERSION;
	if (n <= SEAL_TEXT_MAX && mine != NULL &&
	    EVP_PKEY_get_raw_public_key(mine, out + 1, &len) == 1 &&
	    agree(mine, k->pkey, out + 1, k->pub, key) == 0)
		rc = encrypt(key, text, n, out + 1 + KEY_OCTETS);
	EVP_PKEY_free(mine);
	explicit_bzero(key, sizeof key);
	return rc == 0 ? 0 : err_code(e, EX_OSERR, "cannot seal an address");
}

int
seal_open(const struct seal_key *k, const uint8_t *p, size_t n, char *text,
    struct err *e)
{
	EVP_PKEY	*theirs;
	uint8_t		 key[KEY_OCTETS];
	size_t		 len = n - SEAL_OVERHEAD;
	int		 rc = -1;

	if (!k->private || n < SEAL_OVERHEAD || p[0] != SEAL_VERSION ||
	    len > SEAL_TEXT_MAX)
		return err_code(e, EX_DATAERR, "not a sealed copy");
	theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, p + 1,
	    KEY_OCTETS);
	if (theirs != NULL && agree(k->pkey, theirs, p + 1, k->pub,
	    key) == 0)
		rc = decrypt(key, p + 1 + KEY_OCTETS, len, text);
	EVP_PKEY_free(theirs);
	explicit_bzero(key, sizeof key);
	if (rc == -1) {
		explicit_bzero(text, len);
		return err_code(e, EX_DATAERR, "a sealed copy was made for "
		    "another key, or was altered");
	}
	text[len] = '\0';
	return 0;
}

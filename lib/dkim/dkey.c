/* SPDX-License-Identifier: BSD-2-Clause */
/* dkey.c - see dkey.h */
#include "dkim/dkey.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/file.h"

#include "base/banned.h"

#if defined(__SANITIZE_ADDRESS__)
#define DKEY_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DKEY_ASAN
#endif
#endif
#ifdef DKEY_ASAN
void	__lsan_register_root_region(const void *p, size_t size);
#endif

struct dkey {
	atomic_uint	 refs;
	enum dkey_alg	 alg;
	int		 bits;
	EVP_PKEY	*pkey;
	EVP_PKEY_CTX	*proto;	/* RSA: ready to sign, only ever copied */
	EVP_PKEY_CTX	*check;	/* the same, to verify */
	_Atomic(char *)	 pem;	/* NULL until dkey_pem() */
};

/*
 * OpenSSL frees the DER from which it makes a key, and other steps on the way,
 * without wiping them. While a thread has `wiping` set, what it frees for
 * OpenSSL is wiped; else this costs one test.
 */
static _Thread_local bool	wiping;

static void *
own_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(n);
}

static void
own_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (wiping && p != NULL)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

static void *
own_realloc(void *p, size_t n, const char *file, int line)
{
	size_t	 have = p != NULL ? malloc_usable_size(p) : 0;
	void	*to;

	if (!wiping || p == NULL || n == 0)
		return realloc(p, n);
	if ((to = malloc(n)) == NULL)
		return NULL;
	memcpy(to, p, have < n ? have : n);
	own_free(p, file, line);
	return to;
}

/* own_memory - before main(), for OpenSSL must not have any by then; when it
 * has, nothing changes */
__attribute__((constructor)) static void
own_memory(void)
{
	(void)CRYPTO_set_mem_functions(own_malloc, own_realloc, own_free);
}

/* free_pem - wiped, then freed */
static void
free_pem(char *pem)
{
	if (pem != NULL)
		OPENSSL_secure_clear_free(pem, strlen(pem) + 1);
}

/*
 * keys_ctx - a library context of our own for private keys
 *
 * RSA blinding draws on a random generator that OpenSSL keeps for each thread.
 * Those of the default context are lost when the process ends while threads of
 * libmilter's pool still live; ours stay with their threads. Never freed; NULL
 * (the default one) without memory.
 */
static pthread_once_t	 keys_once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX	*keys_lib;

static void
make_keys_lib(void)
{
	keys_lib = OSSL_LIB_CTX_new();
}

static OSSL_LIB_CTX *
keys_ctx(void)
{
	(void)pthread_once(&keys_once, make_keys_lib);
	return keys_lib;
}

/* ssl_why - the reason OpenSSL gives; empties its queue */
static const char *
ssl_why(char *out, size_t size)
{
	unsigned long	code = ERR_peek_last_error();
	const char	*why = code != 0 ? ERR_reason_error_string(code) : NULL;

	(void)snprintf(out, size, "%s", why != NULL ? why : "unknown reason");
	ERR_clear_error();
	return out;
}

/*
 * show_leak_finder - the secure heap holds pointers, too (OpenSSL's random
 * generators); without being told, LeakSanitizer does not look there
 */
static void
show_leak_finder(size_t size)
{
#ifdef DKEY_ASAN
	char	*last = OPENSSL_secure_malloc(16);	/* gives the end */

	__lsan_register_root_region(last + 16 - size, size);
	OPENSSL_secure_free(last);
#else
	(void)size;
#endif
}

static size_t	secure_size;	/* 0: none */

bool
dkey_secure_full(void)
{
	return secure_size > 0 && CRYPTO_secure_used() > secure_size / 4 * 3;
}

int
dkey_secure(size_t octets)
{
	int	rc;

	size_t	size = 1 << 16;

	if (CRYPTO_secure_malloc_initialized())
		return 1;
	while (size < octets)
		size *= 2;
	if ((rc = CRYPTO_secure_malloc_init(size, 16)) == 0)
		return -1;
	secure_size = size;
	show_leak_finder(size);
	return rc == 1 ? 1 : 0;
}

/* rsa_proto - a context set up for RSA-SHA256, to be copied by dkey_sign */
static EVP_PKEY_CTX *
rsa_proto(EVP_PKEY *pkey, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX	*ctx = EVP_PKEY_CTX_new_from_pkey(keys_ctx(), pkey,
			    NULL);

	if (ctx != NULL && init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

/* adopt - wrap pkey, which it owns from now on, whatever comes */
static int
adopt(EVP_PKEY *pkey, struct dkey **key, struct err *e)
{
	struct dkey	*k = calloc(1, sizeof *k);

	if (k == NULL) {
		EVP_PKEY_free(pkey);
		return err_code(e, EX_OSERR, "no memory");
	}
	atomic_init(&k->refs, 1);
	k->pkey = pkey;
	k->bits = EVP_PKEY_get_bits(pkey);
	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		k->alg = DKEY_RSA;
		if (k->bits < DKEY_BITS_MIN || k->bits > DKEY_BITS_MAX) {
			err_code(e, EX_DATAERR, "RSA key of %d bits; %d to %d "
			    "will do", k->bits, DKEY_BITS_MIN, DKEY_BITS_MAX);
			goto fail;
		}
		k->proto = rsa_proto(pkey, EVP_PKEY_sign_init);
		k->check = rsa_proto(pkey, EVP_PKEY_verify_init);
		if (k->proto == NULL || k->check == NULL) {
			err_code(e, EX_SOFTWARE, "RSA key is not usable");
			goto fail;
		}
		break;
	case EVP_PKEY_ED25519:
		k->alg = DKEY_ED25519;
		k->bits = 256;
		break;
	default:
		err_code(e, EX_DATAERR, "neither an RSA nor an Ed25519 key");
		goto fail;
	}
	*key = k;
	return 0;
fail:
	ERR_clear_error();
	dkey_free(&k);
	return -1;
}

/*
 * no_dumps - from now on no core file of this process, and no other process of
 * its user reads its memory
 *
 * At its first signature OpenSSL copies the primes of an RSA key to contexts in
 * ordinary memory, where they stay.
 */
static void
no_dumps(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* give_passphrase - OpenSSL's question; without one, the answer is no */
static int
give_passphrase(char *out, int size, int rw, void *arg)
{
	const char	*s = arg;
	size_t		 n;

	(void)rw;
	if (s == NULL || (n = strlen(s)) > (size_t)size)
		return -1;
	memcpy(out, s, n);
	return (int)n;
}

int
dkey_parse(const char *pem, size_t len, const char *passphrase,
    struct dkey **key, struct err *e)
{
	EVP_PKEY	*pkey;
	BIO		*bio;
	char		 why[120];

	if (len > DKEY_FILE_MAX ||
	    (bio = BIO_new_mem_buf(pem, (int)len)) == NULL)
		return err_code(e, EX_OSERR, "too large, or no memory");
	no_dumps();
	ERR_clear_error();
	wiping = true;
	pkey = PEM_read_bio_PrivateKey_ex(bio, NULL, give_passphrase,
	    (void *)(uintptr_t)passphrase, keys_ctx(), NULL);
	BIO_free(bio);
	wiping = false;
	if (pkey == NULL) {
		if (passphrase == NULL && strstr(pem, "ENCRYPTED") != NULL) {
			ERR_clear_error();
			return err_code(e, EX_CONFIG, "is encrypted; name its "
			    "passphrase_file");
		}
		return err_code(e, EX_DATAERR, "not a PEM private key that "
		    "can be read: %s", ssl_why(why, sizeof why));
	}
	return adopt(pkey, key, e);
}

int
dkey_load(const char *file, const char *passphrase_file, struct dkey **key,
    struct err *e)
{
	char	*pem = NULL, *pass = NULL;
	size_t	 len = 0, passlen = 0;
	int	 rc;

	no_dumps();
	if (file_read_secret(file, DKEY_FILE_MAX, &pem, &len, e) == -1)
		return -1;
	if (passphrase_file != NULL && passphrase_file[0] != '\0') {
		if (file_read_secret(passphrase_file, 1024, &pass, &passlen,
		    e) == -1) {
			file_wipe(&pem, len);
			return -1;
		}
		pass[strcspn(pass, "\r\n")] = '\0';
	}
	if ((rc = dkey_parse(pem, len, pass, key, e)) == -1)
		(void)err_prefix(e, "%s", file);
	file_wipe(&pem, len);
	file_wipe(&pass, passlen);
	return rc;
}

struct dkey *
dkey_ref(struct dkey *k)
{
	(void)atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
	return k;
}

void
dkey_free(struct dkey **key)
{
	struct dkey	*k = *key;

	*key = NULL;
	if (k == NULL ||
	    atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) != 1)
		return;
	EVP_PKEY_CTX_free(k->proto);
	EVP_PKEY_CTX_free(k->check);
	EVP_PKEY_free(k->pkey);
	free_pem(atomic_load(&k->pem));
	free(k);
}

enum dkey_alg
dkey_alg(const struct dkey *k)
{
	return k->alg;
}

const char *
dkey_alg_name(enum dkey_alg alg)
{
	return alg == DKEY_RSA ? "rsa-sha256" : "ed25519-sha256";
}

int
dkey_bits(const struct dkey *k)
{
	return k->bits;
}

bool
dkey_weak(const struct dkey *k)
{
	return k->alg == DKEY_RSA && k->bits < DKEY_BITS_GOOD;
}

/*
 * holds - does the signature verify?
 *
 * OpenSSL 3.0 keeps two blinding numbers for the next signatures. When memory
 * runs out while it renews them they no longer fit each other, and up to 31
 * signatures come out wrong without an error. To look costs a thirtieth of a
 * signature; a wrong one must not leave, for the mail's and the key's sake.
 * The 32nd makes new numbers.
 */
static bool
holds(const struct dkey *k, const unsigned char *digest,
    const unsigned char *sig, size_t len)
{
	EVP_PKEY_CTX	*ctx = EVP_PKEY_CTX_dup(k->check);
	bool		 yes;

	yes = ctx != NULL && EVP_PKEY_verify(ctx, sig, len, digest, 32) > 0;
	EVP_PKEY_CTX_free(ctx);
	return yes;
}

/* sign_with - PKCS#1 v1.5 over the digest; ends ctx */
static int
sign_with(EVP_PKEY_CTX *ctx, const struct dkey *k, const unsigned char *digest,
    unsigned char *sig, size_t *len)
{
	int	rc = -1;

	*len = DKEY_SIG_MAX;
	if (ctx != NULL && EVP_PKEY_sign(ctx, sig, len, digest, 32) > 0 &&
	    holds(k, digest, sig, *len))
		rc = 0;
	EVP_PKEY_CTX_free(ctx);
	return rc;
}

/* sign_rsa - by the shared key, or, where that fails, by a copy of it, which
 * has blinding numbers of its own */
static int
sign_rsa(const struct dkey *k, const unsigned char *digest,
    unsigned char *sig, size_t *len)
{
	EVP_PKEY	*fresh;
	int		 rc;

	if (sign_with(EVP_PKEY_CTX_dup(k->proto), k, digest, sig, len) == 0)
		return 0;
	if ((fresh = EVP_PKEY_dup(k->pkey)) == NULL)
		return -1;
	rc = sign_with(rsa_proto(fresh, EVP_PKEY_sign_init), k, digest, sig,
	    len);
	EVP_PKEY_free(fresh);
	return rc;
}

/* sign_ed25519 - RFC 8463 3: PureEdDSA over the digest as the message */
static int
sign_ed25519(const struct dkey *k, const unsigned char *digest,
    unsigned char *sig, size_t *len)
{
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	int		 rc = -1;

	*len = DKEY_SIG_MAX;
	if (ctx != NULL &&
	    EVP_DigestSignInit_ex(ctx, NULL, NULL, keys_ctx(), NULL, k->pkey,
	    NULL) > 0 &&
	    EVP_DigestSign(ctx, sig, len, digest, 32) > 0)
		rc = 0;
	EVP_MD_CTX_free(ctx);
	return rc;
}

int
dkey_sign(const struct dkey *k, const unsigned char digest[32],
    unsigned char *sig, size_t *len, struct err *e)
{
	char	why[120];
	int	rc;

	rc = k->alg == DKEY_RSA ? sign_rsa(k, digest, sig, len) :
	    sign_ed25519(k, digest, sig, len);
	if (rc == -1)
		return err_code(e, EX_SOFTWARE, "cannot sign: %s",
		    ssl_why(why, sizeof why));
	return 0;
}

const char *
dkey_pem(struct dkey *k)
{
	char	*have = atomic_load(&k->pem), *p, *made = NULL;
	BIO	*bio;
	long	 n;

	if (have != NULL)
		return have;
	wiping = true;
	if ((bio = BIO_new(BIO_s_secmem())) != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL,
	    NULL) && (n = BIO_get_mem_data(bio, &p)) > 0 &&
	    (made = OPENSSL_secure_malloc((size_t)n + 1)) != NULL) {
		memcpy(made, p, (size_t)n);
		made[n] = '\0';
	}
	BIO_free(bio);
	wiping = false;
	ERR_clear_error();
	if (made == NULL)
		return NULL;
	if (!atomic_compare_exchange_strong(&k->pem, &have, made)) {
		free_pem(made);		/* another thread was first */
		return have;
	}
	return made;
}

/* public_octets - what p= holds: an RSA SubjectPublicKeyInfo, or the 32
 * octets of Ed25519 (RFC 8463 4) */
static int
public_octets(const struct dkey *k, unsigned char **out, size_t *len)
{
	unsigned char	*der = NULL;
	int		 n;

	if (k->alg == DKEY_RSA) {
		if ((n = i2d_PUBKEY(k->pkey, &der)) <= 0)
			return -1;
		*out = der;
		*len = (size_t)n;
		return 0;
	}
	*len = 32;
	if ((*out = OPENSSL_malloc(32)) == NULL)
		return -1;
	if (EVP_PKEY_get_raw_public_key(k->pkey, *out, len) > 0)
		return 0;
	OPENSSL_free(*out);
	return -1;
}

int
dkey_public(const struct dkey *k, unsigned char out[32])
{
	size_t	n = 32;

	return k->alg == DKEY_ED25519 &&
	    EVP_PKEY_get_raw_public_key(k->pkey, out, &n) == 1 ? 0 : -1;
}

int
dkey_record(const struct dkey *k, struct buf *out, struct err *e)
{
	unsigned char	*pub, text[DKEY_RECORD_MAX];
	size_t		 len;

	if (public_octets(k, &pub, &len) == -1 ||
	    len * 4 / 3 + 5 > sizeof text) {
		ERR_clear_error();
		return err_code(e, EX_SOFTWARE, "cannot write the public key");
	}
	(void)EVP_EncodeBlock(text, pub, (int)len);
	OPENSSL_free(pub);
	if (buf_addf(out, "v=DKIM1; k=%s; p=%s",
	    k->alg == DKEY_RSA ? "rsa" : "ed25519", text) == -1)
		return err_code(e, EX_OSERR, "no memory");
	return 0;
}

int
dkey_generate(enum dkey_alg alg, int bits, struct dkey **key, struct err *e)
{
	EVP_PKEY	*pkey;
	char		 why[120];

	if (alg == DKEY_RSA && (bits < DKEY_BITS_MIN || bits > DKEY_BITS_MAX))
		return err_code(e, EX_USAGE, "RSA keys have %d to %d bits",
		    DKEY_BITS_MIN, DKEY_BITS_MAX);
	no_dumps();
	pkey = alg == DKEY_RSA ?
	    EVP_PKEY_Q_keygen(keys_ctx(), NULL, "RSA", (size_t)bits) :
	    EVP_PKEY_Q_keygen(keys_ctx(), NULL, "ED25519");
	if (pkey == NULL)
		return err_code(e, EX_SOFTWARE, "cannot make a key: %s",
		    ssl_why(why, sizeof why));
	return adopt(pkey, key, e);
}

bool
dkey_selector_ok(const char *s)
{
	size_t	n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n <= 63 && s[n] == '\0' && s[0] != '.' &&
	    s[n - 1] != '.' && strstr(s, "..") == NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkey.h - a DKIM private key: parsed once, shared by all threads
 *
 * PKCS#8 or PKCS#1 PEM, plain or encrypted; RSA of 1024 to 4096 bits or
 * Ed25519 (RFC 8463). The numbers that make it secret live in OpenSSL's secure
 * heap, locked into memory and wiped when freed, once dkey_secure() was called.
 * Copies of RSA primes that OpenSSL makes to sign are in ordinary memory; so a
 * process that has seen a private key dumps no core, and only root traces it.
 */
#ifndef DKIM_DKEY_H
#define DKIM_DKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define DKEY_FILE_MAX		65536	/* octets of a key file */
#define DKEY_BITS_MIN		1024	/* RFC 8301 3.2 */
#define DKEY_BITS_GOOD		2048	/* fewer: dkey_weak() */
#define DKEY_BITS_MAX		4096	/* RFC 8301 3.2 */
#define DKEY_RECORD_MAX		4096	/* octets of a TXT record we handle */
#define DKEY_SIG_MAX		(DKEY_BITS_MAX / 8)

enum dkey_alg { DKEY_RSA, DKEY_ED25519 };

struct dkey;

/*
 * dkey_secure - give private keys locked memory; once, early, one thread
 *
 * octets:  size of the heap; 1024 octets hold an RSA-2048 key.
 * Returns: 1 locked; 0 made, but the system would not lock it (RLIMIT_MEMLOCK);
 *          -1 not made: keys are in ordinary memory, still wiped when freed.
 */
int	dkey_secure(size_t octets);
/* Is so little of it left that some keys should go? Beyond its end, keys cannot
 * be loaded. */
bool	dkey_secure_full(void);

/*
 * dkey_load - the key in a file that only we may read (base/file.h)
 *
 * passphrase_file: "" or NULL: the key is not encrypted. Its first line is
 *          the passphrase; it must be as secret as the key.
 * Returns: 0 and *key with one reference; -1 with "FILE: why".
 */
int	dkey_load(const char *file, const char *passphrase_file,
	    struct dkey **key, struct err *e);
int	dkey_parse(const char *pem, size_t len, const char *passphrase,
	    struct dkey **key, struct err *e);

/* References are atomic. dkey_free drops one; NULL is fine. */
struct dkey *dkey_ref(struct dkey *);
void	dkey_free(struct dkey **);

enum dkey_alg dkey_alg(const struct dkey *);
const char *dkey_alg_name(enum dkey_alg);	/* "rsa-sha256", as in a= */
int	dkey_bits(const struct dkey *);		/* Ed25519: 256 */
bool	dkey_weak(const struct dkey *);

/*
 * dkey_sign - sign a SHA-256 digest of what DKIM hashes
 *
 * sig:     DKEY_SIG_MAX octets; *len is set.
 * Threads: safe, also with one key on many threads.
 */
int	dkey_sign(const struct dkey *, const unsigned char digest[32],
	    unsigned char *sig, size_t *len, struct err *e);

/* The private key as PKCS#8 PEM, in secure memory, made at the first call and
 * kept with the key: for files and for the second engine, which parses it anew
 * for each signature. NULL without memory. Threads: safe. */
const char *dkey_pem(struct dkey *);

/* dkey_record - the TXT data to publish: "v=DKIM1; k=rsa; p=..." */
int	dkey_record(const struct dkey *, struct buf *out, struct err *e);

/* The public key of an Ed25519 key. 0; -1 when it is another kind. */
int	dkey_public(const struct dkey *, unsigned char out[32]);

/* A selector: labels of letters, digits, '-' and '_' with dots between. */
bool	dkey_selector_ok(const char *);

/* A new key; dkey_pem() gives what to write to its file. */
int	dkey_generate(enum dkey_alg, int bits, struct dkey **key,
	    struct err *e);

#endif

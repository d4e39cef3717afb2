/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sig.h - signatures of a rule file, in FILE.sig beside it
 *
 *	sign ann KEY 2026-11-21T22:30:00Z SIGNATURE
 *	approve bob KEY 2026-11-21T22:41:00Z SIGNATURE
 *
 * First its author's, then those of others. KEY is an Ed25519 public key,
 * both in base64url. What is signed is the SHA-256 of
 *
 *	mailweir rules 1
 *	sign, or approve
 *	NAME
 *	DATE
 *	SHA-256 of the file's octets, in hex
 *
 * so that no line can be made of another one, nor of a DKIM signature. A
 * line proves that the holder of KEY wrote it; whose key that is, signer.h
 * knows. Neither looks at the file's name: it may be moved.
 */
#ifndef RULES_SIG_H
#define RULES_SIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

#define SIG_NAME	64	/* octets of a name, NUL included */
#define SIG_KEY		32
#define SIG_OCTETS	64
#define SIGS_MAX	16	/* of a file */
#define SIG_FILE_MAX	65536	/* octets of FILE.sig */

struct sig {
	bool		approval;	/* else the author's */
	char		name[SIG_NAME];	/* what he calls himself */
	unsigned char	key[SIG_KEY];
	char		date[CLOCK_ISO_SIZE];
	unsigned char	octets[SIG_OCTETS];
	unsigned	line;		/* of FILE.sig */
};

struct sigs {
	struct sig	v[SIGS_MAX];
	size_t		n;
};

/* Letters, digits and _ . - */
bool	sig_name_ok(const char *);

/* The lines of a FILE.sig, which is cut up. 0; -1 with "LINE: why". */
int	sigs_parse(char *text, struct sigs *, struct err *e);
int	sig_print(const struct sig *, struct buf *out);

/* What the key has to sign; everything but octets must be set. 0, or -1
 * without memory. */
int	sig_digest(const struct sig *, const void *content, size_t n,
	    unsigned char digest[32]);
/* Did the holder of sig->key sign this content? 1, 0; -1 without memory. */
int	sig_fits(const struct sig *, const void *content, size_t n);

#endif

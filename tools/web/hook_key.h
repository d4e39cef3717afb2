/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_key.h - what the proofs of hook_proof.h share and nobody else sees */
#ifndef WEB_HOOK_KEY_H
#define WEB_HOOK_KEY_H

#include <openssl/evp.h>

#include "web/hook_proof.h"

#define HOOK_KEYS_MAX	16	/* of a file */

struct hook_secret {
	const char	*p;	/* in hook_keys.data */
	size_t		 n;
};

struct hook_keys {
	const struct hook_conf	*conf;
	char			*data;	/* of the file, while it is secret */
	size_t			 len;
	size_t			 npkeys, nsecrets;
	EVP_PKEY		*pkeys[HOOK_KEYS_MAX];
	struct hook_secret	 secrets[HOOK_KEYS_MAX];
};

/* Octets of a text of base64, or -1. */
int	hook_unbase64(const char *, unsigned char *out, size_t size);
/* Does the signature (base64) verify over a and b? */
bool	hook_verified(EVP_PKEY *, const EVP_MD *, const char *signature,
	    const char *a, size_t na, const char *b, size_t nb);
/* hook_sns.c; *when: its Timestamp, unless refused */
enum hook_proof hook_sns_prove(const struct hook_keys *, struct hook_fetch *,
	    const struct hook_claim *, int64_t *when, const char **why);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* token_int.h - what token.c and keys.c share; nobody else includes it */
#ifndef TOKEN_TOKEN_INT_H
#define TOKEN_TOKEN_INT_H

#include "token/token.h"

#define TOKEN_SECRET	32	/* octets of a key */
#define TOKEN_KEYS_MAX	255	/* as many as there are ids */

struct token_key {
	uint8_t	id;			/* 1..255 */
	bool	retired;		/* verifies, signs no more */
	uint8_t	secret[TOKEN_SECRET];
};

struct token_keys {
	size_t			n;
	struct token_key	v[TOKEN_KEYS_MAX];	/* v[0] signs */
};

#endif

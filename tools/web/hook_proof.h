/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook_proof.h - did the mail provider say so?
 *
 *	ses		RSA over named members (SignatureVersion 1: SHA-1, 2:
 *			SHA-256), by a certificate of SNS; the topic is ours
 *	sendgrid	ECDSA over timestamp and body
 *	mailgun		HMAC-SHA-256 over timestamp and token. The body is not
 *			covered, so a token goes with one body only
 *	postmark	a secret in a header field
 *
 * Whatever is signed is also fresh: not older than max_age, nor of a future
 * beyond HOOK_SKEW.
 */
#ifndef WEB_HOOK_PROOF_H
#define WEB_HOOK_PROOF_H

#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "web/hook_params.h"

#define HOOK_SKEW	300	/* seconds that their clock may be ahead */

struct hook_keys;

/* What the section's key_file holds; conf must stay. */
int	hook_keys_load(const struct hook_conf *conf, struct hook_keys **,
	    struct err *e);
void	hook_keys_free(struct hook_keys **);

/* Tokens of Mailgun's that were used, and what for: a table of fixed size, so
 * one may be forgotten before its time when very many come. Threads: safe. */
struct hook_tokens;
struct hook_tokens *hook_tokens_new(void);
void	hook_tokens_free(struct hook_tokens **);

/* Gets certificates; hook_fetch.h. */
struct hook_fetch;

/* What a request brings. */
struct hook_claim {
	const char	*body;
	size_t		 len;
	const json_t	*doc;		/* ses and mailgun: the body */
	const char	*signature;	/* header fields; NULL: none */
	const char	*timestamp;
	const char	*secret;
	int64_t		 now;
};

enum hook_proof {
	HOOK_PROVEN,
	HOOK_REFUSED,
	HOOK_LATER	/* its certificate is on the way */
};

/* why: a word for the log, of what is not proven. fetch, tokens: NULL where
 * the provider needs none. */
enum hook_proof hook_prove(const struct hook_keys *, struct hook_tokens *,
	    struct hook_fetch *, const struct hook_claim *, const char **why);

/* What SNS signs of this; -1 when a member is missing. */
int	hook_sns_text(const json_t *, struct buf *out);
/* Is it a host of SNS's, by https, and nothing but a path behind it? */
bool	hook_sns_url(const char *url);
/* "2026-11-21T18:00:00.123Z" as seconds; 0, -1. */
int	hook_sns_time(const char *text, int64_t *out);

#endif

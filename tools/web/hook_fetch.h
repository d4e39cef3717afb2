/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook_fetch.h - certificates and confirmations from SNS, by https
 *
 * One thread, started at the first use; nobody waits for it: whoever lacks a
 * certificate is told to try again, which SNS does. URLs are the caller's to
 * check (hook_sns_url()).
 */
#ifndef WEB_HOOK_FETCH_H
#define WEB_HOOK_FETCH_H

#include <openssl/evp.h>

struct hook_fetch;

struct hook_fetch *hook_fetch_new(void);
void	hook_fetch_free(struct hook_fetch **);

/* The key of the certificate at url, EVP_PKEY_free() it; NULL while we do not
 * have it. */
EVP_PKEY *hook_fetch_key(struct hook_fetch *, const char *url);
/* Visit it once, later. */
void	hook_fetch_visit(struct hook_fetch *, const char *url);

#endif

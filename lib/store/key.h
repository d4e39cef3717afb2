/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * key.h - addresses as keyed digests: the store's secret and what it makes
 *
 * The store holds no address. A recipient is the first 16 octets of
 * HMAC-SHA-256(store key, normalised address); a whole domain the same of
 * "@domain". Keys have ids, so that a store can be re-keyed while it runs;
 * the first key of the file is the one that new entries are written under.
 *
 * Key file: one key a line, "ID HEX" (ID 1..255, 64 hex digits), # comments;
 * a secret (base/file.h). Locked memory, wiped on free.
 */
#ifndef STORE_KEY_H
#define STORE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mail/addr.h"

#define STORE_DIGEST	16	/* octets */
#define STORE_KEYS_MAX	8	/* readable keys at once */

struct store_keys;

/* One recipient, as store and tokens know it. */
struct store_id {
	uint8_t	key;			/* id of the store key, 1..255 */
	uint8_t	digest[STORE_DIGEST];
};

int	store_keys_load(const char *path, struct store_keys **,
	    struct err *e);
void	store_keys_free(struct store_keys **);

/* Make a fresh key file with one random key (mode 0600); refuses to replace
 * one. */
int	store_keys_create(const char *path, struct err *e);

/* How many keys; the id of the i-th (0 = the one for writing). */
unsigned store_keys_count(const struct store_keys *);
uint8_t	store_keys_id(const struct store_keys *, unsigned i);
bool	store_keys_has(const struct store_keys *, uint8_t id);

/* Digest of a normalised address (addr_normal), or of its domain, under the
 * i-th key. Threads: safe. */
void	store_keys_address(const struct store_keys *, unsigned i,
	    const struct addr *, struct store_id *out);
void	store_keys_domain(const struct store_keys *, unsigned i,
	    const char *domain, struct store_id *out);

/* HMAC-SHA-256 of n octets under a secret derived for one purpose (below). */
void	store_keys_mac(const struct store_keys *, unsigned i,
	    const char *purpose, const void *p, size_t n, uint8_t out[32]);

/* A further secret for one purpose, HMAC-SHA-256(key, purpose). The purpose
 * holds a blank, so that it is never an address. Wipe it after use. */
void	store_keys_derive(const struct store_keys *, unsigned i,
	    const char *purpose, uint8_t out[32]);

#endif

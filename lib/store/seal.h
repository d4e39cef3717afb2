/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seal.h - sealed copies of addresses: this node can write, not read them
 *
 * A copy is made to an X25519 public key: a fresh key pair for each, the
 * shared secret through HKDF-SHA-256 into an AES-256-GCM key that is used
 * once. The private key lives elsewhere; with it an entry can be moved to a
 * new store key, or exported with its address.
 *
 * Key files: one line of 64 hex digits after # comments; the private one is a
 * secret (base/file.h).
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>

#include "base/err.h"

#define SEAL_OVERHEAD	(1 + 32 + 16)	/* version, sender's key, GCM tag */
#define SEAL_TEXT_MAX	512		/* octets of what can be sealed */

struct seal_key;

/* A public key, for sealing, or a private one, for both. */
int	seal_load_public(const char *path, struct seal_key **, struct err *e);
int	seal_load_private(const char *path, struct seal_key **,
	    struct err *e);
void	seal_free(struct seal_key **);

/* A new pair: path (0600) and path.pub; refuses to replace either. */
int	seal_create(const char *path, struct err *e);

/* out: n + SEAL_OVERHEAD octets. Threads: safe. 0, or -1. */
int	seal_make(const struct seal_key *, const void *text, size_t n,
	    uint8_t *out, struct err *e);

/* text: SEAL_TEXT_MAX + 1 octets, ended by NUL. 0; -1 when it was sealed to
 * another key or altered. */
int	seal_open(const struct seal_key *, const uint8_t *sealed, size_t n,
	    char *text, struct err *e);

#endif

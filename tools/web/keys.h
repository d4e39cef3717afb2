/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys.h - the API's bearer keys: who they are, what they may
 *
 * File: "NAME ROLE[,ROLE...] SHA256" a line, # comments; roles read, add,
 * remove, admin. The file holds only the SHA-256 of a key, in hex; a key is 32
 * random octets, base64url. A secret all the same (base/file.h).
 */
#ifndef WEB_KEYS_H
#define WEB_KEYS_H

#include "base/err.h"

enum api_role {
	API_READ = 1, API_ADD = 2, API_REMOVE = 4, API_ADMIN = 8
};

#define API_NAME_MAX	48	/* octets of a key's name */

struct api_key {
	char		name[API_NAME_MAX + 1];
	unsigned	roles;		/* enum api_role; admin has them all */
};

struct api_keys;

int	api_keys_load(const char *path, struct api_keys **, struct err *e);
void	api_keys_free(struct api_keys **);

/* The key that an Authorization field ("Bearer KEY") presents, or NULL; takes
 * as long for one that is almost right. */
const struct api_key *api_keys_find(const struct api_keys *,
	    const char *authorization);

/* --new-key: print a fresh key to standard error and its line to standard
 * output. An exit status. */
int	api_keys_new(const char *name, const char *roles);

#endif

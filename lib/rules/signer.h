/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signer.h - people who may sign rule files, by their public keys
 */
#ifndef RULES_SIGNER_H
#define RULES_SIGNER_H

#include <stdbool.h>

#include "base/err.h"
#include "rules/sig.h"

struct signers;

/* Is it NAME:FILE? */
bool	signer_ok(const char *item);

/*
 * signers_load - read the keys
 *
 * list:    NAME:FILE, NULL at the end. A name may stand there twice: a person
 *          who changes his key. A key may not: it belongs to one person.
 * Returns: 0 and *out; -1 with "FILE: why".
 */
int	signers_load(const char *const *list, struct signers **out,
	    struct err *e);
void	signers_free(struct signers **);	/* NULL is fine */

/* Whose key that is; NULL: of nobody here. As long as the list is. */
const char *signers_name(const struct signers *,
	    const unsigned char key[SIG_KEY]);

#endif

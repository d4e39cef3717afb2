/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proof.h - DKIM signatures and SPF as proof: of a reporter, of our own mail
 *
 * Keys come from a file of records, else from DNS; SPF records from DNS.
 */
#ifndef FEEDBACK_PROOF_H
#define FEEDBACK_PROOF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "feedback/conf.h"

struct proof;

int	proof_open(const struct feedback_conf *, struct proof **,
	    struct err *e);
void	proof_close(struct proof **);

/* Does a signature of domain verify over the mail? 1, 0, -1 the key could not
 * be looked up. A belief_dkim; arg is the struct proof. Threads: safe. */
int	proof_of(void *arg, const char *raw, size_t len, const char *domain);

/* May this client send for domain (SPF)? 1, 0, -1 DNS could not say. A
 * belief_spf. Threads: safe. */
int	proof_spf(void *arg, const char *client, const char *domain);

/* Is this returned mail one of ours: does a signature of one of our_domains
 * verify? whole: the body came back, too, and must fit. 1, 0, -1. */
int	proof_ours(struct proof *, const char *raw, size_t len, bool whole);

#endif

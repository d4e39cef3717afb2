/* SPDX-License-Identifier: BSD-2-Clause */
/* reason.h - why a recipient is suppressed; numbers are on disk: append only */
#ifndef STORE_REASON_H
#define STORE_REASON_H

#include <stdbool.h>

enum store_reason {
	STORE_OPTOUT = 1,	/* unsubscribed from this scope */
	STORE_COMPLAINT,	/* feedback loop: abuse, fraud, virus */
	STORE_HARD_BOUNCE,	/* permanent: no such mailbox */
	STORE_SOFT_BOUNCE,	/* counter; stops once over the threshold */
	STORE_INVALID_DOMAIN,	/* the domain takes no mail */
	STORE_MANUAL,		/* an operator */
	STORE_IMPORT,		/* a list, no better reason known */
	STORE_LEGAL,		/* by order; not removable without override */
	STORE_TRAP,		/* a spam trap */
	STORE_REASON_MAX	/* one past the last */
};

/* "optout", "hard-bounce", ...; NULL for a number that has no name. */
const char *store_reason_name(enum store_reason);
/* Is it removed only by override and with a stated reason? */
bool	reason_protected(enum store_reason);
/* The reason of that name, or 0. */
enum store_reason store_reason_parse(const char *name);

#endif

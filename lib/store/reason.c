/* SPDX-License-Identifier: BSD-2-Clause */
/* reason.c - see reason.h */
#include "store/reason.h"

#include <stddef.h>
#include <string.h>

#include "base/banned.h"

static const char *const names[STORE_REASON_MAX] = {
	[STORE_OPTOUT] = "optout",
	[STORE_COMPLAINT] = "complaint",
	[STORE_HARD_BOUNCE] = "hard-bounce",
	[STORE_SOFT_BOUNCE] = "soft-bounce",
	[STORE_INVALID_DOMAIN] = "invalid-domain",
	[STORE_MANUAL] = "manual",
	[STORE_IMPORT] = "import",
	[STORE_LEGAL] = "legal",
	[STORE_TRAP] = "trap",
};

const char *
store_reason_name(enum store_reason reason)
{
	if ((int)reason <= 0 || reason >= STORE_REASON_MAX)
		return NULL;
	return names[reason];
}

enum store_reason
store_reason_parse(const char *name)
{
	int	i;

	for (i = 1; i < STORE_REASON_MAX; i++)
		if (strcmp(names[i], name) == 0)
			return (enum store_reason)i;
	return (enum store_reason)0;
}

bool
reason_protected(enum store_reason r)
{
	return r == STORE_COMPLAINT || r == STORE_LEGAL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* cleanse.h - take the suppressed rows out of a mailing list */
#ifndef STORE_CLEANSE_H
#define STORE_CLEANSE_H

#include <stdio.h>

#include "store/rows.h"
#include "store/store.h"

struct cleanse {
	/* in */
	const char		*name;		/* of the file */
	enum rows_format	 format;
	const char		*column;
	const struct addr_rules	*rules;
	const uint32_t		*scopes;	/* obeyed */
	size_t			 nscopes;
	/* Which of these hits stops the mail, or NULL. On many threads. */
	const struct store_entry *(*stops)(void *arg,
				    const struct store_entry *hits, int n);
	void			*stops_arg;
	FILE			*out;		/* rows that stay, octet by
						   octet, and the header */
	FILE			*removed;	/* NULL, or: line, reason, scope
						   number in hex, row */
	unsigned		 workers;	/* 0 = one a core */
	int			 stall;
	void			(*progress)(void *arg, uint64_t octets);
	void			*arg;
	/* out */
	uint64_t		 rows, kept, dropped, bad;
	uint64_t		 by_reason[STORE_REASON_MAX];
};

/* Returns 0; -1 with *e: what was written is not complete. A row without an
 * address ("bad") cannot be mailed: it goes to `removed`, too; of a row longer
 * than 4 MiB the beginning does. */
int	store_cleanse(struct store *, int fd, struct cleanse *, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * park.h - the folder of reports that are not believed or not understood
 *
 * A file each, named by digests of where it came from (4 digits) and of its
 * content, so that the same report is parked once:
 *
 *	mailweir-parked 1
 *	time 2026-11-21T18:00:00Z
 *	reason token-forged
 *	sender bounces@example.com		(empty: null sender)
 *	recipient b@example.com			(absent: unknown)
 *	<empty line>
 *	the mail, octet for octet
 *
 * Files hold addresses and mail: mode 0600, the folder 0700.
 */
#ifndef FEEDBACK_PARK_H
#define FEEDBACK_PARK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define PARK_ID		33	/* 32 hex digits and NUL */

struct parked {
	char	 time[32], reason[128];
	char	 sender[512], recipient[512];
	bool	 has_recipient;
	char	*data;		/* of the file; mail points into it */
	const char *mail;
	size_t	 mail_len;
};

struct park_limits {
	long	max;		/* reports in the folder; beyond: fault */
	long	share;		/* of one source; beyond: not kept */
};

/* What is parked. */
struct park_report {
	const char	*reason;
	const char	*source;	/* client, or domain: has a share */
	const char	*sender, *rcpt;	/* of the envelope; rcpt may be NULL */
	const char	*raw;
	size_t		 len;
};

/* 0 once the file is safely on disk (or was); 1 when the source has its share
 * and it is not kept; -1 (EX_TEMPFAIL). Threads: safe. */
int	park_add(const char *dir, const struct park_limits *,
	    const struct park_report *, char id[PARK_ID], struct err *e);

/* A parked report; park_free() it. id is checked for its shape. */
int	park_get(const char *dir, const char *id, struct parked *,
	    struct err *e);
void	park_free(struct parked *);
int	park_drop(const char *dir, const char *id, struct err *e);

/* each() for every id, in no order; non-zero stops. The number seen, -1. */
long	park_each(const char *dir, int (*each)(void *arg, const char *id),
	    void *arg, struct err *e);

#endif

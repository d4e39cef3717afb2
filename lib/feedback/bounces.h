/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounces.h - why was it not delivered: status, code and text to one word
 *
 * The table is data (etc/bounces.conf; built in, and rows of the admin's own
 * before it). Reasons are the words that Sisimai publishes, so that other
 * tools understand them. The file's format stands in doc/FEEDBACK.
 */
#ifndef FEEDBACK_BOUNCES_H
#define FEEDBACK_BOUNCES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define BOUNCES_ROWS_MAX	4096	/* rows of a table */

struct bounces;

/* What is known of one failed delivery; NULL or "" = not known. */
struct bounces_facts {
	const char	*status;	/* "5.1.1" */
	const char	*code;		/* "550" */
	const char	*text;		/* diagnostic; any case */
	const char	*prose;		/* all that the report says in words */
	const char	*command;	/* "RCPT", "DATA": what was refused */
	const char	*host;		/* who refused */
	const char	*agent;		/* who reports */
	bool		 delayed;	/* still being tried */
};

struct bounces_row {
	const char	*reason;	/* "userunknown" */
	bool		 hard;		/* this mailbox is gone for good */
	bool		 hard5;		/* but not with a 4.x.x status */
	bool		 ours;		/* ours to mend, no fault of his */
	const char	*file;		/* where the row stands */
	int		 line;
};

/* path: rows that go before the built-in ones; NULL or "" = none. */
int	bounces_load(const char *path, struct bounces **, struct err *e);
void	bounces_free(struct bounces **);

/*
 * bounces_find - the first row that fits
 *
 * Never NULL: "undefined" when none does. Valid as long as the table.
 * Threads: safe. Cost: one pass over the text.
 */
const struct bounces_row *bounces_find(const struct bounces *,
	    const struct bounces_facts *);

/* Is this reason ours to mend, no fault of the recipient's? */
bool	bounces_ours(const struct bounces *, const char *reason);

#endif

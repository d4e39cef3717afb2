/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rows.h - lists of addresses as people export them: txt, csv, jsonl
 *
 * txt:   an address a line; blank lines and # comments are passed over.
 * csv:   RFC 4180, also with ; or tab; a header or none; quoted newlines.
 * jsonl: a JSON object a line; only its own members are looked at.
 *
 * The exports of SES, SendGrid, Mailgun, Postmark and Mailchimp are known by
 * their headers; their words for reasons become ours.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mail/addr.h"
#include "store/reason.h"

enum rows_format { ROWS_AUTO, ROWS_TXT, ROWS_CSV, ROWS_JSONL };

#define ROWS_KEY_MAX	64	/* octets of a column's name */
#define ROWS_FIELD_MAX	1024	/* octets of a field that we look at */

/* How to read one file; filled by rows_plan(), then only read. */
struct rows {
	enum rows_format format;
	char		 sep;		/* csv */
	int		 addr, reason, date;	/* csv columns; -1 none */
	char		 addr_key[ROWS_KEY_MAX + 1];	/* jsonl; "" = any of
							   the usual ones */
	enum store_reason dflt;		/* of a row that gives none */
	bool		 forced;	/* dflt, whatever the row says */
	const char	*export_of;	/* "SendGrid", NULL */
};

/* ROWS_*, or -1 */
int	rows_format_parse(const char *name);

/*
 * rows_plan - look at the beginning of a file
 *
 * r:       format as asked for (or AUTO), dflt and forced set by the caller.
 * name:    of the file: its ending helps, and messages name it.
 * column:  name, or number from 1; NULL: find out.
 * Returns: octets to skip (a byte-order mark, a header); -1 with *e when this
 *          is no such file (compressed, UTF-16, no such column).
 */
long	rows_plan(struct rows *r, const char *name, const char *column,
	    const char *p, size_t n, struct err *e);

/* One row of a block. */
struct row {
	uint64_t	 line;
	const char	*raw;		/* as it stands, without its newline */
	size_t		 raw_len;
	const char	*why;		/* NULL; else it is no row, and why */
	bool		 domain;	/* "@example.com" */
	struct addr	 addr;		/* normalised; a domain: "@..." */
	enum store_reason reason;
	int64_t		 seen;		/* seconds since 1970, 0 = not given */
};

struct rows_at {
	const char	*p, *end;
	uint64_t	 line;		/* of p */
};

/* 1 and *row, 0 at the end of the block. Blank lines are no rows. */
int	rows_next(const struct rows *, const struct addr_rules *,
	    struct rows_at *, struct row *);

#endif

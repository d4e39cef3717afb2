/* SPDX-License-Identifier: BSD-2-Clause */
/* recipient.h - words that the store's sentences share */
#ifndef CTL_RECIPIENT_H
#define CTL_RECIPIENT_H

#include <stdio.h>

#include "ctl/ctl.h"
#include "store/rows.h"

/* "ann@example.com", or "@example.com" for the whole domain. */
struct recipient {
	bool		is_domain;
	struct addr	addr;
	char		domain[ADDR_DOMAIN_MAX + 1];
};

/* EX_OK; else an exit status, after having printed why. After ctl_conf(). */
int	recipient_parse(const struct ctl *, const char *typed,
	    struct recipient *);

/* "30d", "2027-01-31", a full RFC 3339 time, or "never" (0): when that is.
 * 0, or -1 when it is none of them. */
int	when_parse(const char *s, int64_t *when);
/* The same, looking back: "7d" is a week ago. */
int	since_parse(const char *s, int64_t *when);

/* "90s" to "3y": seconds, or -1 */
long	secs_parse(const char *s);

/* "never", or RFC 3339. */
const char *when_text(int64_t when, char out[24]);
/* "1:0f3a...": key id and digest in hex. */
#define ID_TEXT_SIZE	40
const char *id_text(const struct store_id *, char out[ID_TEXT_SIZE]);

/* Text that others chose, for a terminal and for JSON: what is no printable
 * UTF-8 comes as \xHH, quotes and backslashes with a backslash before; so do
 * blanks when `word`. Ends at size - 1. Returns out. */
const char *safe_text(const char *s, bool word, char *out, size_t size);
#define SAFE_SIZE(n)	(4 * (n) + 1)	/* for a text of n octets */

/* A file argument for reading, "-" being standard input; -1 after having
 * printed why. *size: its octets, 0 unknown. */
int	open_input(const char *name, unsigned long long *size);

/* A file for output that gets its name only when it is whole. What exists and
 * is no file (/dev/null, a FIFO) is written to as it is. */
struct output {
	FILE	*f;
	char	*path;			/* NULL: standard output */
	char	*tmp;			/* NULL: not to be renamed */
};
int	output_open(struct output *, const char *path);	/* exit status */
/* EX_OK; keep false: as if it had never been. */
int	output_close(struct output *, bool keep);

#endif

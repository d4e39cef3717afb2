/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drecord.h - DKIM key records: from a file instead of DNS, and as zone text
 */
#ifndef DKIM_DRECORD_H
#define DKIM_DRECORD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct drecord_set;

/*
 * drecord_load - records of a file, for tests and for machines without DNS
 *
 * Each record: `NAME DATA`, NAME being "selector._domainkey.domain" with or
 * without the final dot. DATA is either plain text to the end of the line or,
 * as in a zone file, optional TTL, IN and TXT, then "quoted strings", which
 * are joined; within ( ) they may go over several lines. `;` (in zone form)
 * and `#` lines are comments. What drecord_zone() writes is read back.
 * Returns: 0 and *set; -1 with "FILE:LINE: why".
 */
int	drecord_load(const char *path, struct drecord_set **, struct err *e);
int	drecord_parse(const char *name, const char *text, size_t len,
	    struct drecord_set **, struct err *e);
void	drecord_free(struct drecord_set **);

/* A dverify_lookup; arg is the set. */
int	drecord_lookup(void *set, const char *name, char *txt, size_t size);

/* The record as a line of a BIND zone, strings split at 255 octets. */
int	drecord_zone(const char *selector, const char *domain,
	    const char *data, struct buf *out);

/* One tag of a record or signature, e.g. 'p' of "v=DKIM1; p=...", without
 * outer white space. NULL if absent. *len is its length. */
const char *drecord_tag(const char *data, const char *tag, size_t *len);

#endif

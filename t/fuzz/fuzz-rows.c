/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz-rows.c - lists of any kind and none
 *
 * The first octet chooses format and column. What must hold: rows lie inside
 * the block and follow each other; a good row has a normalised address.
 */
#include <stdlib.h>
#include <string.h>

#include "store/rows.h"

int	LLVMFuzzerTestOneInput(const unsigned char *, size_t);

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	static const char *const columns[] = { NULL, "1", "2", "email" };
	struct rows		 r = { .dflt = STORE_IMPORT };
	struct rows_at		 at;
	struct row		 row;
	struct err		 e;
	const char		*last;
	char			*copy;
	long			 skip;

	if (n < 1)
		return 0;
	r.format = (enum rows_format)(p[0] & 3);
	r.forced = (p[0] & 16) != 0;
	/* memory of just this size, so that one octet too far is seen */
	if ((copy = malloc(n)) == NULL)
		return 0;
	memcpy(copy, p + 1, n - 1);
	skip = rows_plan(&r, "list", columns[p[0] >> 2 & 3], copy, n - 1, &e);
	if (skip < -1 || skip > (long)(n - 1))
		abort();
	if (skip == -1) {
		free(copy);
		return 0;
	}
	at.p = last = copy + skip;
	at.end = copy + n - 1;
	at.line = 1;
	while (rows_next(&r, NULL, &at, &row)) {
		if (row.raw < last || row.raw + row.raw_len > at.end ||
		    at.p < row.raw + row.raw_len)
			abort();
		if (row.why == NULL && (row.addr.text[0] == '\0' ||
		    row.reason <= 0 || row.reason >= STORE_REASON_MAX))
			abort();
		last = at.p;
	}
	free(copy);
	return 0;
}

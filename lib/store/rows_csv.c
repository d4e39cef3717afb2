/* SPDX-License-Identifier: BSD-2-Clause */
/* rows_csv.c - rows of fields between , ; or tab (RFC 4180); see rows_int.h */
#include "store/rows_int.h"

#include <string.h>

#include "base/banned.h"

/*
 * csv_quoted - a field in quotes; p is after the first one
 *
 * f:       NULL, or gets the content, quotes undone.
 * Returns: what follows the closing quote; NULL when there is none.
 */
static const char *
csv_quoted(const char *p, const char *end, struct field *f)
{
	const char	*q, *from = p;
	size_t		 n = 0, k;

	for (;;) {
		if ((q = memchr(p, '"', (size_t)(end - p))) == NULL)
			return NULL;
		k = (size_t)(q - p);
		if (q + 1 == end || q[1] != '"')
			break;
		k++;			/* "" is one quote: keep the first */
		if (f != NULL && n + k <= sizeof f->copy)
			memcpy(f->copy + n, p, k);
		n += k;
		p = q + 2;
	}
	if (f == NULL)
		return q + 1;
	if (n == 0) {			/* nothing to undo */
		f->p = from;
		f->n = k;
		return q + 1;
	}
	if (n + k <= sizeof f->copy)
		memcpy(f->copy + n, p, k);
	f->p = f->copy;
	f->n = n + k;
	if (f->n > sizeof f->copy)
		f->n = sizeof f->copy;	/* too long for an address anyway */
	return q + 1;
}

const char *
rows_csv_field(const char *p, const char *end, char sep, struct field *f)
{
	const char	*from = p;

	if (p < end && *p == '"') {
		if ((p = csv_quoted(p + 1, end, f)) == NULL)
			return NULL;
		while (p < end && *p != sep && *p != '\n')
			p++;		/* "a" b: the rest is nobody's */
		return p;
	}
	while (p < end && *p != sep && *p != '\n')
		p++;
	if (f != NULL) {
		f->p = from;
		f->n = (size_t)(p - from);
	}
	return p;
}

/* csv_wanted - where the content of this column goes */
static struct field *
csv_wanted(const struct rows *r, struct fields *out, int column)
{
	if (column == r->addr) {
		out->have_addr = true;
		return &out->addr;
	}
	if (column == r->reason)
		return &out->reason;
	return column == r->date ? &out->date : NULL;
}

const char *
rows_csv(const struct rows *r, const char *p, const char *end,
    struct fields *out)
{
	int	column = 0;

	for (;; column++) {
		p = rows_csv_field(p, end, r->sep, csv_wanted(r, out, column));
		if (p == NULL || p == end || *p == '\n')
			return p;
		p++;
	}
}

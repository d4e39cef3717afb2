/* SPDX-License-Identifier: BSD-2-Clause */
/* rows_int.h - what rows.c and the rows_*.c beside it share; no other user */
#ifndef STORE_ROWS_INT_H
#define STORE_ROWS_INT_H

#include <string.h>

#include "store/rows.h"

/* a field of a row: where it stands, or its unquoted copy */
struct field {
	const char	*p;
	size_t		 n;
	char		 copy[ROWS_FIELD_MAX];
};

/* the fields that matter */
struct fields {
	struct field	addr, reason, date;
	bool		have_addr;
};

/* Is the field this word, in any case? One that exports use for an address? */
bool	field_is(const struct field *, const char *word);
bool	field_is_addr(const struct field *);
/* Our reason for a word of an export, or 0. */
enum store_reason field_reason(const struct field *);
/* No blanks around it. */
void	field_trim(struct field *);

/* One field, if f is not NULL; its end (at sep, newline or end), NULL when a
 * quote is never closed. */
const char *rows_csv_field(const char *p, const char *end, char sep,
	    struct field *f);
/* The fields of the row at p; its end (the newline), or NULL when a quote is
 * never closed. */
const char *rows_csv(const struct rows *, const char *p, const char *end,
	    struct fields *out);
/* The members of one object; NULL or why it is none. */
const char *rows_json(const struct rows *, const char *p, const char *end,
	    struct fields *out);

/* blanks - what follows them */
static inline const char *
blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* line_end - the newline at or after p, or end */
static inline const char *
line_end(const char *p, const char *end)
{
	const char	*nl = memchr(p, '\n', (size_t)(end - p));

	return nl != NULL ? nl : end;
}

#endif

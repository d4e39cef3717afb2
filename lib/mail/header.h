/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header.h - header fields as they stand in a message, and lists of them
 *
 * A field's value is everything after the colon, octet for octet, including
 * the leading space; folds are "\n" followed by white space (a message read
 * with CRLF is stored with the CR dropped), no final newline. That is what a
 * milter sees with SMFIP_HDR_LEADSPC, and enough to sign simple/simple.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct header {
	char	*name;		/* "Subject", NUL-terminated, as spelt */
	char	*value;		/* " Hello\n there", NUL after value_len */
	size_t	 value_len;	/* may hold NUL octets */
};

struct header_list {
	struct header	*v;
	size_t		 n, cap;
	size_t		 octets;	/* names and values together */
};

void	header_list_init(struct header_list *);
void	header_list_free(struct header_list *);

/* Insert a copy before index pos (pos >= n: append). 0; -1 without memory. */
int	header_insert(struct header_list *, size_t pos, const char *name,
	    const char *value, size_t value_len);
/* Replace the value of field i. 0; -1 without memory. */
int	header_change(struct header_list *, size_t i, const char *value,
	    size_t value_len);
void	header_delete(struct header_list *, size_t i);

/* Index of the nth (1-based) field of that name (ASCII case-insensitive), or
 * (size_t)-1. header_first gives the field or NULL. */
size_t	header_index(const struct header_list *, const char *name, size_t nth);
const struct header *header_first(const struct header_list *,
	    const char *name);
size_t	header_count(const struct header_list *, const char *name);

/* A name is 1*(%d33-57 / %d59-126), RFC 5322 3.6.8, at most 76 octets here. */
bool	header_name_ok(const char *name);

/*
 * header_unfold - value without folds and without outer white space
 *
 * Appends to out; each fold ("\n" or "\r\n") is dropped, the white space that
 * follows it stays (RFC 5322 2.2.3); a line end that is no fold becomes a
 * space. 0; -1 when out is full.
 */
int	header_unfold(const char *value, size_t len, struct buf *out);

/*
 * header_fold - value broken so that lines have at most 76 octets if possible
 *
 * Breaks only at white space, or after commas where `at_commas`; a fold is
 * "\n\t" and takes the place of the white space. Outer white space and line
 * ends of the value are dropped. The first line counts name_len + 2 octets.
 * 0; -1 when out is full.
 */
int	header_fold(size_t name_len, const char *value, bool at_commas,
	    struct buf *out);

/*
 * header_parse - the header section of a raw message
 *
 * raw:     LF or CRLF line ends. Stops at the empty line, at a line that is
 *          no header field (which is then body: tolerant as Postfix is). An
 *          mbox "From " line at the very start is passed over.
 * max_n, max_octets: bounds; from the first field that does not fit on, all
 *          are dropped and *truncated is set.
 * Returns: offset where the body begins; -1 without memory.
 */
long	header_parse(const char *raw, size_t len, size_t max_n,
	    size_t max_octets, struct header_list *out, bool *truncated);

#endif

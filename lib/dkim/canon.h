/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canon.h - messages as DKIM hashes them (RFC 6376 3.4)
 *
 * What goes in is what a milter sees: body line ends may be CRLF or a bare LF,
 * both mean CRLF, because that is what the MTA will send; a CR that is not
 * followed by LF is an octet like any other. Header values begin with their
 * leading space and fold with "\n" (mail/header.h). There is no l=: a signature
 * covers the whole body.
 */
#ifndef DKIM_CANON_H
#define DKIM_CANON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum canon { CANON_SIMPLE, CANON_RELAXED };

const char *canon_name(enum canon);	/* "simple", "relaxed" */

/* Receives canonical octets in order; -1 stops the work. */
typedef int (*canon_sink)(void *arg, const void *p, size_t n);

#define CANON_OUT	4096	/* octets gathered before the sink is called */

/* A body on its way through. Plain data: no allocation, nothing to free. */
struct canon_body {
	enum canon	 kind;
	size_t		 limit;		/* octets of a line; 0 = no limit */
	canon_sink	 sink;
	void		*arg;
	uint64_t	 octets;	/* given to the sink */
	uint64_t	 empty;		/* empty lines held back */
	size_t		 column;	/* octets of this line, for limit */
	bool		 cr;		/* a CR held back */
	bool		 edge_cr;	/* a chunk ended in CR, not in column */
	bool		 wsp;		/* white space held back (relaxed) */
	bool		 bol;		/* at the beginning of a line */
	bool		 lone_cr;	/* a CR came that ends no line */
	bool		 failed;
	size_t		 n;
	unsigned char	 out[CANON_OUT];
};

/*
 * canon_body_begin - prepare for a body
 *
 * limit:   lines longer than this are hashed as Postfix's SMTP client will
 *          send them: broken with CRLF and a space (smtp_line_length_limit,
 *          998 unless changed). 0: lines stay as they are.
 */
void	canon_body_begin(struct canon_body *, enum canon kind, size_t limit,
	    canon_sink sink, void *arg);
/* Chunks may end anywhere. 0; -1 when the sink failed. */
int	canon_body_add(struct canon_body *, const void *p, size_t n);
/* Ends the last line and flushes. */
int	canon_body_end(struct canon_body *);

/*
 * canon_header - one field, canonical, appended to out
 *
 * limit:   as above; a longer line gets a fold first.
 * crlf:    append the final CRLF (not so for the signature itself).
 * Returns: 0; -1 when out is full.
 */
int	canon_header(enum canon kind, const char *name, const char *value,
	    size_t len, size_t limit, bool crlf, struct buf *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view.h - a message as keyword rules look at it
 *
 * Header fields decoded and raw, the rendered text with the subject in front,
 * the decoded but unrendered text, the links, the part headers. The walk
 * through the MIME structure, the way text is cut in pieces and where scanning
 * stops are SpamAssassin's, fault for fault (lib/mail/mime.h reads mail as it
 * should be read; rules were written against this). Each view is built when it
 * is first asked for and kept until view_free.
 *
 * Bounds: what lies beyond a limit is left out, never an error. Time is linear
 * in the octets looked at, times the depth of nesting.
 * Threads: one message, one thread at a time.
 */
#ifndef MAIL_VIEW_H
#define MAIL_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "mail/uri.h"

struct view_limits {
	size_t	octets;		/* of the message that are looked at */
	size_t	parts, depth;
	size_t	headers;	/* fields of a message or part */
	size_t	body_scan;	/* characters of rendered text a part */
	size_t	raw_scan;	/* octets of decoded text a part */
	size_t	uris;		/* forms of links */
	size_t	render;		/* octets of HTML rendered, of all parts */
};

#define VIEW_LIMITS	{ 32u << 20, 1000, 20, 2000, 50000, 500000, 5000, \
	4u << 20 }

struct view;

/* One piece of text; p[n] is readable but need not be NUL. */
struct view_text {
	const char	*p;
	size_t		 n;
};

struct view_texts {
	const struct view_text	*v;
	size_t			 n;
};

struct view_header {
	struct view_text name;	/* as spelt */
	struct view_text text;	/* unfolded, RFC 2047 words as UTF-8 */
	struct view_text raw;	/* " value\n" as it stands, with its folds */
};

/* raw: LF or CRLF; must stay until view_free. 0, or -1 without memory. */
int	view_open(const char *raw, size_t len, const struct view_limits *,
	    struct view **, struct err *e);
void	view_free(struct view **);	/* NULL is fine */

/* Fields of the message. */
size_t	view_header_count(const struct view *);
const struct view_header *view_header_at(const struct view *, size_t i);
/* The header section and the whole message as they came. */
struct view_text view_raw_headers(const struct view *);
struct view_text view_full(const struct view *);

/* Parts in message order, containers too; the message itself is part 0. */
size_t	view_part_count(const struct view *);
size_t	view_part_headers(const struct view *, size_t part,
	    const struct view_header **);

/*
 * Each gives 0, or -1 without memory. Pieces of body are paragraphs of at most
 * 2,048 octets or so, of rawbody 2 to 4 KB; piece 0 of body is the subject.
 */
int	view_body(struct view *, struct view_texts *);
int	view_rawbody(struct view *, struct view_texts *);
/* world: for the first call that builds the list. */
int	view_uris(struct view *, const struct uri_world *world,
	    struct view_texts *);

/* Was anything left out because of a limit? */
bool	view_truncated(const struct view *);

/* One header value decoded as above; for tests and for phrases of addresses.
 * name: "" when it should be decoded whatever the field. Appends. */
int	view_decode_header(const char *name, const char *value, size_t len,
	    struct buf *out);

#endif

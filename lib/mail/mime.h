/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime.h - a message as a bounded, flat list of its parts (GMime underneath)
 *
 * Counted before it is parsed: what is beyond a limit is left out and said in
 * `truncated`, never an error. Broken MIME gives what can be read. Parts stand
 * in message order, a container before its children; message/rfc822 and
 * message/global are containers of one more message. Immutable once parsed.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "mail/header.h"

struct mime_limits {
	size_t	octets;		/* of the message that are looked at */
	size_t	parts, depth;
	size_t	headers, header_octets;		/* of each part */
};

#define MIME_LIMITS	{ 64u << 20, 1000, 50, 1000, 65536 }

struct mime_part {
	const char	*type;		/* "text/plain", lower case */
	const char	*charset;	/* lower case; "" if not stated */
	const char	*report_type;	/* of multipart/report; "" else */
	const char	*filename;	/* decoded; "" if none */
	const char	*disposition;	/* "attachment", "inline", "" */
	const char	*encoding;	/* "base64", ..., "" */
	size_t		 depth;		/* 0 = the message itself */
	size_t		 parent;	/* index; the root is its own parent */
	bool		 container;	/* multipart or message: has children */
	struct header_list headers;	/* the part's; of the root, the
					   message's; of a part that is a
					   nested message's root, that one's */
	size_t		 raw, raw_len;	/* the part's body in the raw message,
					   still encoded */
};

struct mime;

/* raw must stay valid until mime_free. 0, or -1 without memory. */
int	mime_parse(const char *raw, size_t len, const struct mime_limits *,
	    struct mime **, struct err *e);
void	mime_free(struct mime **);

size_t	mime_count(const struct mime *);
const struct mime_part *mime_at(const struct mime *, size_t i);
bool	mime_truncated(const struct mime *);

/* Body of part i without its transfer encoding (as far as it is legible),
 * appended up to out's limit. 0, or -1 without memory. */
int	mime_decode(const struct mime *, size_t i, struct buf *out);

/* The same as UTF-8: from the stated charset, else UTF-8 if valid, else a
 * guess (windows-1252); what cannot be converted becomes U+FFFD. */
int	mime_text(const struct mime *, size_t i, struct buf *out);

/* A header value with RFC 2047 words decoded, unfolded, as UTF-8. */
int	mime_header_text(const char *value, size_t len, struct buf *out);

#endif

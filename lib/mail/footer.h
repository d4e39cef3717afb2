/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * footer.h - a few visible lines at the end of a message's text
 *
 * Goes into the part or parts that a reader sees first: each alternative of
 * text/plain and text/html, the root of a multipart/related, the first part of
 * another multipart. Never into what is signed or encrypted (multipart/signed,
 * multipart/encrypted, S/MIME, PGP in the text), a calendar part, an
 * attachment, a report, another message. All of the parts get it, or none.
 *
 * A part is decoded, added to and encoded again in its own charset and transfer
 * encoding; a charset that cannot say the lines makes numeric references in
 * HTML, and UTF-8 of plain text whose own octets convert without loss. What is
 * not added to stays octet for octet.
 */
#ifndef MAIL_FOOTER_H
#define MAIL_FOOTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "mail/header.h"

struct footer {
	const char	*text, *html;	/* UTF-8, LF; html is markup */
	/* Does this decoded part have all that is wanted already? */
	bool		(*linked)(void *arg, const char *p, size_t n);
	void		*arg;
};

struct footer_out {
	unsigned	 added, linked;	/* parts */
	const char	*why;		/* both 0: what keeps it out; static */
	struct buf	 body;		/* added > 0: the new body, CRLF */
	/* New values of the message's own fields; empty: as they are. */
	struct buf	 content_type, encoding;
};

/* Octets of text or html that footer_add() takes. */
#define FOOTER_MAX	16384

/*
 * footer_add - headers and body of a message, CRLF as sent
 *
 * out:     footer_out_free() in the end, whatever the result.
 * Returns: 0; -1 without memory. Threads: safe.
 */
int	footer_add(const struct header_list *, const char *body, size_t len,
	    const struct footer *, struct footer_out *out, struct err *e);
void	footer_out_free(struct footer_out *);

/* Text as HTML text: & < > " escaped, \n as <br>. 0; -1 when out is full. */
int	footer_escape(const char *text, struct buf *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* letter.h - one of our own mails, as RFC 5322 has it */
#ifndef WEB_LETTER_H
#define WEB_LETTER_H

#include "base/buf.h"

#define LETTER_MAX	(64u << 10)

struct letter {
	const char	*from, *to;		/* addresses */
	const char	*brand;			/* From's name, "" */
	const char	*subject, *text;	/* UTF-8; lines end in \n */
	const char	*lang;			/* of the text */
};

/* Header and body with CRLF; b->failed without memory. */
void	letter_write(struct buf *b, const struct letter *);

#endif

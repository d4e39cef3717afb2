/* SPDX-License-Identifier: BSD-2-Clause */
/* footer_int.h - what the files of footer share and nobody else should know */
#ifndef MAIL_FOOTER_INT_H
#define MAIL_FOOTER_INT_H

#include "mail/footer.h"

/* Beyond any footer that fits: decoded and encoded again, base64 is longest. */
#define FOOTER_ROOM	(8 * FOOTER_MAX)

/* What became of one part. */
struct footer_piece {
	bool		 linked;
	const char	*why;		/* not NULL: nothing can be added */
	bool		 utf8;		/* its charset is UTF-8 from now on */
	const char	*encoding;	/* its new transfer encoding; NULL: as
					   it was */
	struct buf	 text;		/* encoded */
};

/* One text part; p is still encoded. 0; -1 without memory. */
int	footer_piece(const struct footer *, bool html, const char *charset,
	    const char *encoding, const char *p, size_t n,
	    struct footer_piece *);

/* Where in a decoded HTML text the last lines go: before </body>, or </html>,
 * or at the end. (size_t)-1: inside a comment or script that does not end. */
size_t	footer_html_place(const char *p, size_t n);

#endif

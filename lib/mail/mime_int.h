/* SPDX-License-Identifier: BSD-2-Clause */
/* mime_int.h - what the files of mime share and nobody else should know */
#ifndef MAIL_MIME_INT_H
#define MAIL_MIME_INT_H

#include "mail/mime.h"

/* RFC 2046 5.1.1 says 70; real mail has longer ones. */
#define MIME_BOUNDARY_MAX	255

/* Content-Type and friends of one part; strings are malloc'ed, never NULL
 * once mime_param_read() returned 0. */
struct mime_param {
	char	*type, *charset, *report_type, *boundary;
	char	*filename, *disposition, *encoding;
};

/* Read them off the headers. fallback: the type of a part that names none
 * (message/rfc822 inside multipart/digest). 0, or -1 without memory. */
int	mime_param_read(const struct header_list *, const char *fallback,
	    struct mime_param *);
void	mime_param_free(struct mime_param *);

/* GMime, once for the process. */
void	mime_init(void);

/* Undo a transfer encoding ("base64"); unknown ones are copied. Stops when out
 * is full. 0, or -1 without memory. */
int	mime_undo(const char *encoding, const char *p, size_t n,
	    struct buf *out);

/* Append p as UTF-8, see mime_text(); charset "" = not stated. */
int	mime_to_utf8(const char *charset, const char *p, size_t n,
	    struct buf *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * charset.h - text of any stated charset as UTF-8
 *
 * Mail lies about its charset more often than not, so the statement is a hint:
 * octets that are valid UTF-8 are taken as that, then the statement is tried,
 * and windows-1252, which cannot fail, is the last resort. iso-8859-1 is read
 * as windows-1252, gb2312 and gbk as GB18030, as mail programs do.
 * Threads: safe.
 */
#ifndef MAIL_CHARSET_H
#define MAIL_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * charset_utf8 - append n octets of text, stated to be in charset, as UTF-8
 *
 * charset: any case, need not be known; "" when nothing was stated.
 * insist:  believe the statement even where the octets are valid UTF-8 (an
 *          RFC 2047 word); what does not convert becomes U+FFFD.
 * Returns: 0, also when out is full (what fits is there); -1 without memory.
 */
int	charset_utf8(const char *charset, const char *p, size_t n,
	    bool insist, struct buf *out);

/* Octets of the UTF-8 sequence at p: 1 to 4, or 0 when it is not valid there
 * (overlong, surrogate, beyond U+10FFFF, cut short). n > 0. */
size_t	charset_utf8_len(const char *p, size_t n);

/* Is all of it valid UTF-8? */
bool	charset_is_utf8(const char *p, size_t n);

/* Append one code point. 0, or -1 when out is full. */
int	charset_put(unsigned long cp, struct buf *out);

#endif

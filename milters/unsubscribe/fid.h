/* SPDX-License-Identifier: BSD-2-Clause */
/* fid.h - Feedback-ID from a stream's template */
#ifndef UNSUBSCRIBE_FID_H
#define UNSUBSCRIBE_FID_H

#include "base/buf.h"
#include "base/err.h"
#include "mail/header.h"
#include "stream/stream.h"

#define FID_MAX		512	/* octets of the value */
#define FID_WORD_MAX	64	/* octets of what a ${...} becomes */

/*
 * fid_check - four parts with colons between; the last, Gmail's SenderId, is
 * 5 to 15 letters and digits and has no ${...}
 *
 * Returns 0, or -1 with *e.
 */
int	fid_check(const char *template, struct err *e);

/*
 * fid_expand - the value for one message
 *
 * sender: normalised, "" for <>. Octets other than letters, digits, '.', '_'
 * and '-' of what is filled in become '_', so that no header forges a part;
 * nothing becomes "-". Returns 0; -1 when out is full or out of memory.
 */
int	fid_expand(const struct stream *, const char *sender,
	    const struct header_list *, struct buf *out);

#endif

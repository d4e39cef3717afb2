/* SPDX-License-Identifier: BSD-2-Clause */
/* notice.h - to a sender some of whose recipients were refused later (RFC
 * 3464) */
#ifndef UNSUBSCRIBE_NOTICE_H
#define UNSUBSCRIBE_NOTICE_H

#include "base/buf.h"
#include "base/err.h"
#include "frame/frame.h"

/*
 * notice_compose - a delivery status notification for m's sender
 *
 * refused: "<address>\nreply\n" for each. Appends the whole message, CRLF. 0;
 * -1 with *e.
 */
int	notice_compose(const struct frame_msg *m, const char *refused,
	    struct buf *out, struct err *e);

#endif

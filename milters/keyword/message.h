/* SPDX-License-Identifier: BSD-2-Clause */
/* message.h - what the frame holds, put together as one message again */
#ifndef KEYWORD_MESSAGE_H
#define KEYWORD_MESSAGE_H

#include "base/buf.h"
#include "frame/frame.h"

/* Header fields, an empty line, the body; line ends LF. Fields named in skip
 * (NULL at end) are left out. 0, or -1 without memory. */
int	message_text(const struct frame_msg *, const char *const *skip,
	    struct buf *out);

#endif

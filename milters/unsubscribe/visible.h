/* SPDX-License-Identifier: BSD-2-Clause */
/* visible.h - the footer of one message */
#ifndef UNSUBSCRIBE_VISIBLE_H
#define UNSUBSCRIBE_VISIBLE_H

#include "frame/frame.h"
#include "unsubscribe/links.h"

enum visible {
	VISIBLE_OFF,		/* the stream wants none */
	VISIBLE_ADDED,
	VISIBLE_THERE,		/* the text has a link that works */
	VISIBLE_NONE		/* it cannot be, see why */
};

/*
 * visible_add - to the body of m, as the stream wants it
 *
 * url:     the link to show, "" when there is none.
 * why:     for VISIBLE_NONE, a few words in static storage; else "".
 * Returns: 0; -1 with *e, of which the message must be tempfailed.
 */
int	visible_add(struct frame_msg *, const struct links *, const char *url,
	    enum visible *, const char **why, struct err *e);

#endif

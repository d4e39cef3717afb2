/* SPDX-License-Identifier: BSD-2-Clause */
/* cover.h - one-click headers leave under a signature that covers them */
#ifndef DKIM_COVER_H
#define DKIM_COVER_H

#include <stdbool.h>

#include "dkim/snap.h"
#include "frame/frame.h"
#include "mail/header.h"

/*
 * cover_complete - does a signature's h= name every List-Unsubscribe and every
 * List-Unsubscribe-Post of the header, at least one of each? (RFC 8058 4)
 */
bool	cover_complete(const struct header_list *, const char *signature);

/*
 * cover_unsigned - a message is about to leave without a signature of ours
 *
 * Continue, unless it has a one-click header and its stream says
 * require_signing: then it is refused, or put off when a fault of ours is the
 * cause. why: a few words for sender and log.
 */
enum frame_verdict cover_unsigned(struct frame_msg *,
	    const struct dkim_snap *, const char *why, bool fault);

/* The same for a signature just made; asked for each of them. */
enum frame_verdict cover_signed(struct frame_msg *, const struct dkim_snap *,
	    const char *signature);

#endif

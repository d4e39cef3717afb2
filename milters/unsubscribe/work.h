/* SPDX-License-Identifier: BSD-2-Clause */
/* work.h - what unsubscribe.c decides and edits.c does */
#ifndef UNSUBSCRIBE_WORK_H
#define UNSUBSCRIBE_WORK_H

#include "frame/frame.h"
#include "unsubscribe/existing.h"
#include "unsubscribe/settings.h"
#include "unsubscribe/visible.h"

enum who { WHO_NONE, WHO_ONE, WHO_BAD, WHO_SEVERAL };
enum action { DO_KEEP, DO_PERSONAL, DO_PAGE, DO_SKIP, DO_SPLIT,
	DO_REFUSE, DO_HOLD };

/* One message, as this policy sees it. */
struct work {
	struct frame_msg	*m;
	const struct snap	*snap;
	const struct stream	*stream;
	const struct header_list *headers;
	struct addr		 sender;	/* text "" for <> or broken */
	enum who		 who;
	struct addr		 rcpt;		/* WHO_ONE */
	enum existing		 existing;
	enum action		 action;
	bool			 copy;		/* ours, of a split message */
	const char		*why;		/* of skip, refuse, hold,
						   invalid */
	bool			 verp;
	enum visible		 visible;
	const char		*hidden;	/* why VISIBLE_NONE */
};

#endif

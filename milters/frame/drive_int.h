/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drive_int.h - what drive.c writes down and drive_print.c reads
 */
#ifndef FRAME_DRIVE_INT_H
#define FRAME_DRIVE_INT_H

#include "base/buf.h"
#include "frame/drive.h"
#include "frame/msg.h"

#define DRIVE_REPLY_SIZE	(MSG_REPLY_MAX + 32)

struct drive_rcpt {
	char			*rcpt;
	enum frame_verdict	 verdict;
	char			 reply[DRIVE_REPLY_SIZE];
};

struct drive_result {
	struct msg_env		 env;
	struct frame_conn	 conn;	/* of strings that the caller keeps */
	struct msg		*msg;	/* as it stands after end of message */
	struct drive_rcpt	*rcpts;
	size_t			 nrcpts;
	char			 reply[DRIVE_REPLY_SIZE];
	struct buf		 events, plan, body, message;
};

/* "550 5.7.1 text", or "" when the verdict needs none. */
void	drive_reply_text(enum frame_verdict, const struct msg_reply *,
	    char out[DRIVE_REPLY_SIZE]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drive.h - run policies over a message without an MTA
 *
 * For unit tests, golden files and `mailweir replay`. Same message object,
 * same plan, same checks as under libmilter.
 */
#ifndef FRAME_DRIVE_H
#define FRAME_DRIVE_H

#include <stdio.h>

#include "frame/frame.h"

/* A session and a message to play; NULL members take harmless defaults. */
struct drive_input {
	struct frame_conn	 conn;
	const char		*sender;	/* "<a@b.example>" */
	const char *const	*rcpts;		/* NULL-terminated */
	const char		*raw;		/* message, LF or CRLF */
	size_t			 raw_len;
	const char		*qid;
};

struct drive;		/* policies under one configuration */
struct drive_result;	/* what came of one message */

int	drive_open(const struct conf *, const struct frame_policy *const *,
	    struct drive **, struct err *e);
void	drive_close(struct drive **);

/* Returns 0 and a result (free it), whatever the verdict; -1: no memory. */
int	drive_run(struct drive *, const struct drive_input *,
	    struct drive_result **, struct err *e);
void	drive_result_free(struct drive_result **);

enum frame_verdict drive_verdict(const struct drive_result *);
const char *drive_reply(const struct drive_result *);	/* "550 5.7.1 text" */
/* Verdict of one RCPT; the reply it got. */
enum frame_verdict drive_rcpt_verdict(const struct drive_result *, size_t i,
	    const char **reply);
/* Verdicts, edits and events of every policy as lines, for people and golden
 * files; json: one object. */
void	drive_print(const struct drive_result *, bool json, FILE *);
/* The plan alone, an edit a line ("insert 0 X-Score: 3.2"). */
const char *drive_plan(const struct drive_result *);
/* The event lines, without time and qid. */
const char *drive_events(const struct drive_result *);
/* The message after the edits, CRLF. */
const char *drive_message(const struct drive_result *, size_t *len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * msg.h - one transaction: what the MTA told, what the policies want
 *
 * Between whoever plays the MTA (milter.c, drive.c) and the policies. Feed it
 * in the order of SMTP; each step returns the verdict so far. Once it is not
 * FRAME_CONTINUE, or `pass` is set, nothing more need be fed. The plan holds
 * what to change when msg_eom() says FRAME_CONTINUE.
 * Threads: one at a time.
 */
#ifndef FRAME_MSG_H
#define FRAME_MSG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "frame/frame.h"
#include "frame/gen.h"
#include "frame/plan.h"
#include "mail/header.h"
#include "metrics/metrics.h"

#define MSG_QID_SIZE	64
#define MSG_REPLY_MAX	480	/* octets of text: a reply line has 512 */

/* What messages run in; outlives them all. */
struct msg_env {
	struct metrics	*metrics;	/* NULL: nothing is counted */
	atomic_size_t	*octets;	/* kept by all messages; NULL: no sum */
	bool		dry;		/* nobody will send this message */
	void		(*log)(void *arg, int priority, const char *event,
			    const struct log_field *);
	void		*arg;
};

struct msg_reply {
	char	code[4];		/* "" = none set */
	char	status[12];
	char	text[MSG_REPLY_MAX + 1];
};

struct msg;

/* A policy's view of the message: what its hooks get. */
struct frame_msg {
	struct msg			*msg;
	const struct frame_policy	*policy;
	const void			*snap;
	const struct frame_needs	*needs;
	void				*local;
	bool				 begun;
	bool				 late;	/* fed at end of message */
};

struct msg {
	struct gen		*gen;
	const struct msg_env	*env;
	const struct frame_conn	*conn;
	char			 qid[MSG_QID_SIZE];
	char			*sender;
	char			**rcpts;
	size_t			 nrcpts, rcpt_cap;
	char			**told;		/* the list before this eom's
						   edits, or NULL */
	size_t			 ntold, nadded;	/* added: the last of rcpts */
	struct header_list	 headers;
	struct buf		 body;		/* what is kept of it */
	uint64_t		 body_total;
	struct plan		 plan;
	int64_t			 since;		/* clock_mono_us() at MAIL */
	size_t			 used, charged;	/* octets, see charge() */
	enum frame_verdict	 verdict;
	const char		*by;		/* who gave it */
	struct msg_reply	 reply;		/* of the hook that speaks */
	bool			 pass;		/* over a limit: as it is */
	bool			 editing;	/* a policy's eom is running */
	bool			 fault;		/* an edit was refused */
	bool			 held;		/* by a policy that ran */
	size_t			 npol;
	struct frame_msg	 pol[];
};

/* conn and env must outlive the message; takes a reference of g. 0; -1
 * without memory. */
int	msg_open(struct gen *g, const struct frame_conn *conn,
	    const struct msg_env *env, const char *sender, struct msg **out);
/* finish() of every policy, then all memory; NULL is fine. */
void	msg_close(struct msg **);

void	msg_set_qid(struct msg *, const char *qid);	/* NULL: no change */

enum frame_verdict msg_mail(struct msg *);
/* The verdict of this recipient; the message goes on after REJECT and
 * TEMPFAIL. */
enum frame_verdict msg_rcpt(struct msg *, const char *rcpt);
enum frame_verdict msg_header(struct msg *, const char *name,
	    const char *value, size_t len);
enum frame_verdict msg_eoh(struct msg *);
enum frame_verdict msg_body(struct msg *, const void *p, size_t n);
enum frame_verdict msg_eom(struct msg *);

/* One more to the list that policies see; from malloc, and the list's own if
 * this succeeds. 0; -1 without memory. */
int	msg_keep_rcpt(struct msg *, char *rcpt);

/* Nobody wants to see more of the body. */
bool	msg_enough(const struct msg *);

/* Fill in what the policy did not say, or said of the wrong class. */
void	msg_default_reply(struct msg_reply *, enum frame_verdict);
void	msg_set_reply(struct msg_reply *, const char *code, const char *status,
	    const char *text);

const char *msg_verdict_name(enum frame_verdict);

#endif

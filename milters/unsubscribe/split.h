/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split.h - a message to several goes back into Postfix once for each
 *
 * Each recipient's copy is handed to split_server by SMTP while the sender
 * still waits for his answer; he gets 250 when all copies were taken, else 451,
 * and comes again. A ledger on disk (smtp/ledger.h) remembers what was taken,
 * so that he who comes again adds nothing but what is missing.
 *
 * A copy carries X-Mailweir-Split, a token for its recipient, by which the
 * milter behind split_server knows it. It takes the field away, so it never
 * leaves; nobody else can make one.
 */
#ifndef UNSUBSCRIBE_SPLIT_H
#define UNSUBSCRIBE_SPLIT_H

#include "frame/frame.h"
#include "mail/addr.h"
#include "store/key.h"
#include "stream/stream.h"
#include "token/token.h"

/* In the section unsubscribe. */
struct split_conf {
	const char	*split_server;
	long		 split_timeout;
	long		 split_memory;
};

struct split;

/* -1 with *e and the parameter at fault. What it is given must outlive it. */
int	split_new(const struct split_conf *, const char *state_dir,
	    const struct token_keys *, const struct store_keys *,
	    const struct addr_rules *, struct split **, const char **name,
	    struct err *e);
void	split_free(struct split **);

/* Hand over a copy for each recipient; the verdict for the message. */
enum frame_verdict split_send(const struct split *, struct frame_msg *,
	    const struct stream *);

/*
 * To one recipient, and no copy of ours: the sender of a message that we split
 * may come again when all but one are refused at RCPT. FRAME_DISCARD when he
 * has his copy, FRAME_CONTINUE when not; FRAME_TEMPFAIL when that is not known.
 */
enum frame_verdict split_again(const struct split *, struct frame_msg *,
	    const struct stream *);

enum split_mark {
	SPLIT_MARK_NONE,
	SPLIT_MARK_COPY,	/* ours, for the one recipient */
	SPLIT_MARK_FORGED,	/* made by others, or for somebody else */
	SPLIT_MARK_LOOP		/* ours, on a message to several */
};

/* What the message's own X-Mailweir-Split says; the fields are deleted. -1
 * when the plan refuses. */
int	split_mark(struct frame_msg *, const struct token_keys *,
	    const struct store_keys *, const struct addr_rules *,
	    enum split_mark *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feedback.h - what a returned mail says, as events about recipients
 *
 * Reads bounces (RFC 3464, 6533 and what real systems send instead), spam
 * complaints (RFC 5965), unsubscribe mail and automatic replies. Says what the
 * mail says and no more: a status that is not there stays absent. Whether an
 * event is to be believed is belief.h's, what it does to the store apply.h's.
 * Knows nothing of where a mail came from; writes nothing.
 */
#ifndef FEEDBACK_FEEDBACK_H
#define FEEDBACK_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "feedback/bounces.h"
#include "token/token.h"

/* Bounds; what is beyond is left out and said in feedback.truncated. */
#define FEEDBACK_OCTETS_MAX	(64u << 20)	/* of a mail */
#define FEEDBACK_EVENTS_MAX	1000		/* of a mail */
#define FEEDBACK_TEXT_MAX	(128u << 10)	/* of prose that is read */

enum feedback_kind {
	FEEDBACK_BOUNCE = 1,	/* given up; hard says for good or not */
	FEEDBACK_DELAYED,	/* still trying */
	FEEDBACK_COMPLAINT,	/* somebody pressed "this is spam" */
	FEEDBACK_OPTOUT,	/* asks for no more mail of this kind */
	FEEDBACK_NOT_SPAM,	/* took a complaint back */
	FEEDBACK_VACATION,	/* automatic reply; nothing to do */
	FEEDBACK_DELIVERED,	/* receipt: it arrived */
	FEEDBACK_OTHER		/* counted only: auth-failure, MDN, ... */
};

/* Where a token was found decides how much it proves (belief.h). */
enum feedback_token_at {
	FEEDBACK_TOKEN_NOWHERE,
	FEEDBACK_TOKEN_RCPT,	/* the address that the mail came to */
	FEEDBACK_TOKEN_RETURNED	/* the mail or header that it returns */
};

/* Strings are never NULL; "" = the mail does not say. */
struct feedback_event {
	enum feedback_kind	 kind;
	const char		*recipient;	/* as the report spells it */
	const char		*original_recipient;
	const char		*action;	/* RFC 3464: "failed", ... */
	const char		*status;	/* "5.1.1" */
	const char		*code;		/* "550" */
	const char		*reason;	/* a word of bounces.h */
	bool			 hard;
	const char		*feedback_type;	/* RFC 5965: "abuse", ... */
	const char		*reporter;	/* who says so */
	const char		*message_id;	/* of the mail it is about */
	const char		*event_id;	/* a web hook's (hook.h): of the
						   event, by its sender */
	const char		*scope;		/* a web hook's: what its labels
						   stand for */
	const char		*list_id, *feedback_id;
	enum token_result	 token_state;
	enum feedback_token_at	 token_at;
	struct token		 token;		/* VALID and EXPIRED only */
	const char		*diagnostic;	/* one line */
	const char		*agent;		/* how it was read: "rfc3464" */
	double			 confidence;	/* 0..1 */
};

/* The original as far as it was returned. */
struct feedback_original {
	bool		 present;	/* some of its header came back */
	bool		 whole;		/* with its body */
	bool		 signed_by_us;	/* our DKIM signature verifies; the
					   parser leaves it false */
	size_t		 off, len;	/* in the raw mail; 0, 0 if it had to
					   be decoded first */
};

struct feedback {
	struct feedback_event	*v;
	size_t			 n;
	const char		*report_id;	/* Message-ID of the report */
	const char		*from;		/* its author's address */
	const char		*sender;	/* its Return-Path, "" = null
						   or unknown */
	const char		*subject;	/* UTF-8 */
	const char		*why;		/* n = 0: what it was not */
	struct feedback_original original;
	bool			 truncated;
};

/* What the parser may use; any member may be NULL. */
struct feedback_ctx {
	const struct bounces	*bounces;	/* NULL: reasons undefined */
	const struct token_keys	*tokens;	/* NULL: no token is read */
	uint32_t		 token_today;	/* days since 1970 */
	uint32_t		 token_days;	/* oldest valid; 0 = any */
};

/*
 * feedback_parse - what does this mail say?
 *
 * rcpt:    the envelope recipient it came to, or NULL: its To and
 *          Delivered-To are asked instead.
 * Returns: 0 and *out (feedback_free), n = 0 with why when it is no feedback;
 *          -1 without memory.
 * Cost:    linear in len; memory less than 3 * len + 1 MB.
 * Threads: safe.
 */
int	feedback_parse(const struct feedback_ctx *, const char *raw, size_t len,
	    const char *rcpt, struct feedback **out, struct err *e);
void	feedback_free(struct feedback **);

const char *feedback_kind_name(enum feedback_kind);
/* "valid", "expired", "forged" or "none", as the JSON line says it. */
const char *feedback_token_name(enum token_result);

/* One JSON object of event i, no newline; keys as in doc/FEEDBACK. */
int	feedback_json(const struct feedback *, size_t i, const char *file,
	    struct buf *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge.h - may this stream mail this recipient? The decision, without a frame
 *
 * Shared by the milter's hooks and by `mailweir explain`, so that the command
 * says what the milter does.
 */
#ifndef SUPPRESS_JUDGE_H
#define SUPPRESS_JUDGE_H

#include "base/buf.h"
#include "base/codec.h"
#include "base/err.h"
#include "mail/addr.h"
#include "store/store.h"
#include "stream/stream.h"

/*
 * A case id is the first octets of the recipient's keyed digest, in hex as the
 * journal prints it: an operator finds the records by it; without the store
 * key it tells nothing.
 */
#define JUDGE_CASE_OCTETS	5
#define JUDGE_CASE_SIZE		CODEC_HEX_SIZE(JUDGE_CASE_OCTETS)
#define JUDGE_TEXT_MAX		480	/* octets of a reply's text */

enum judge_answer {
	JUDGE_PASS,		/* nothing stops this stream */
	JUDGE_STOP,
	JUDGE_UNKNOWN		/* the store cannot say */
};

struct judgement {
	enum judge_answer	 answer;
	struct store_entry	 entry;		/* STOP: what decides */
	const char		*scope;		/* STOP: its name */
	char			 case_id[JUDGE_CASE_SIZE];	/* STOP */
	bool			 has_optout;	/* he left one of the scopes */
	struct store_entry	 optout;	/* his earliest */
	const char		*optout_scope;
};

/*
 * judge - ask the store
 *
 * store:   NULL is one that is not there: UNKNOWN, and *e is left alone.
 * e:       why, when UNKNOWN.
 * Of several entries that stop, the gravest decides (judge.c has the order).
 * Threads: safe.
 */
void	judge(struct store *store, const struct stream *, const struct addr *,
	    struct judgement *out, struct err *e);

/* Does this entry stop this stream's mail? */
bool	judge_stops(const struct stream *, const struct store_entry *);

void	judge_case(const struct store_id *, char out[JUDGE_CASE_SIZE]);

/* The obeyed scope of that id by name, or "?". */
const char *judge_scope(const struct stream *, uint32_t id);

/*
 * judge_reply - the refusal of a STOP: status "5.1.1" and text into *text
 *
 * From the stream's `reply`, or the default. Returns 0; -1 with *e when the
 * template names what is not there (tried at load, so never later).
 */
int	judge_reply(const struct stream *, const struct judgement *,
	    const char **status, struct buf *text, struct err *e);

#endif

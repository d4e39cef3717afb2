/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_int.h - what the forms of hook.h share */
#ifndef FEEDBACK_HOOK_INT_H
#define FEEDBACK_HOOK_INT_H

#include "feedback/hook.h"
#include "feedback/parse.h"

/* One request being read. */
struct hook {
	struct parse			 ps;
	const struct hook_scopes	*scopes;
	const char			*agent;	/* how it was read */
	size_t				 bad;
};

/* What a provider's word means, where the table of bounces does not tell. */
struct hook_word {
	const char		*word;
	enum feedback_kind	 kind;
	const char		*reason;	/* of a bounce */
	bool			 hard;
};

/* A member as a string on one line, "" if it is none; numbers, too. */
const char *hook_str(struct hook *, const json_t *o, const char *key);
/* The row of that word, letters in either case, or NULL. The table ends with
 * word NULL. */
const struct hook_word *hook_find(const struct hook_word *, const char *word);
/* One more event about this address; NULL, and counted as bad, if it is no
 * address. id: of the event. */
struct feedback_event *hook_add(struct hook *, enum feedback_kind,
	    const char *address, const char *id);
/* The scope of the event, if it has none yet, by a label, or an array of
 * them. */
void	hook_label(struct hook *, struct feedback_event *, const json_t *);
/* Why it bounced: by what was said, else by the word (NULL: none). */
void	hook_reason(struct hook *, struct feedback_event *, const char *said,
	    const char *status, const char *code, const struct hook_word *);

/* One element of each form. */
void	hook_ses(struct hook *, const json_t *);
void	hook_sendgrid(struct hook *, const json_t *);
void	hook_mailgun(struct hook *, const json_t *);
void	hook_postmark(struct hook *, const json_t *);

#endif

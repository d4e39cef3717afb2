/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words.h - the phrases by which the parsers know reports, in one automaton
 *
 * Built once for the process; white space of any kind and length is one blank.
 */
#ifndef FEEDBACK_WORDS_H
#define FEEDBACK_WORDS_H

#include <stdbool.h>

#include "feedback/phrase.h"
#include "feedback/parse.h"

enum word_set {
	WORDS_COMMAND,		/* says which SMTP command was answered */
	WORDS_SESSION,		/* ">>> RCPT": a transcript's command */
	WORDS_BOUNCE,		/* sentences that only a report has */
	WORDS_TRYING,		/* not given up yet */
	WORDS_OVER,		/* given up */
	WORDS_SETS
};

/* Which phrases stand in the text; false without memory: none do. */
bool	words_scan(struct text, struct phrase_hits *);
/* Any of this set? */
bool	words_any(const struct phrase_hits *, enum word_set);
/* The first phrase of the set, in the order of the table, and what it means
 * (WORDS_COMMAND, WORDS_SESSION: "RCPT", ...); NULL if none. */
const char *words_meaning(const struct phrase_hits *, enum word_set);

#endif

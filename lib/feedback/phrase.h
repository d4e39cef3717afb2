/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phrase.h - which of many phrases stand in a text, in one pass over it
 *
 * An Aho-Corasick automaton. ASCII letters fold, a run of white space is one
 * blank. Build once, scan from any thread.
 */
#ifndef FEEDBACK_PHRASE_H
#define FEEDBACK_PHRASE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PHRASES_MAX	8192	/* phrases of a set */
#define PHRASES_WORDS	(PHRASES_MAX / 64)

struct phrases;

/* Which were found: bit i of hits[i / 64]. */
struct phrase_hits {
	uint64_t	w[PHRASES_WORDS];
};

int	phrases_new(struct phrases **, struct err *e);
void	phrases_free(struct phrases **);
/* The number of the phrase (the same for the same text), or -1. */
int	phrases_add(struct phrases *, const char *p, size_t n, struct err *e);
int	phrases_build(struct phrases *, struct err *e);
/* Sets bits, clears none. Only after phrases_build(). */
void	phrases_scan(const struct phrases *, const char *p, size_t n,
	    struct phrase_hits *);

#endif

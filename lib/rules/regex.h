/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regex.h - one pattern, in Perl's spelling, on PCRE2
 *
 * Patterns and texts are octets: mail is seldom valid UTF-8, and SpamAssassin
 * compares octets, too. Every match is bounded by a number of backtracks.
 */
#ifndef RULES_REGEX_H
#define RULES_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct regex;		/* a compiled pattern; immutable, shared */
struct regex_scratch;	/* match data and JIT stack, one user at a time */

enum { REGEX_NOMATCH = 0, REGEX_MATCH = 1, REGEX_LIMIT = -1 };

struct regex_text {	/* a pattern taken apart */
	char		*pattern;	/* without delimiters; free it */
	bool		 icase, multi, dotall, extended, nocapture;
};

/* Take "/x/i", "m{x}", "qr!x!s" apart. 0, or -1 with why. */
int	regex_split(const char *text, struct regex_text *out, struct err *e);
void	regex_text_free(struct regex_text *);

/* 0 and *out; -1 with PCRE2's words and the offset. */
int	regex_compile(const struct regex_text *, struct regex **out,
	    struct err *e);
void	regex_free(struct regex **);

/* Find what is cheap to see and without which the pattern, as it was compiled,
 * cannot match; regex_match() then looks at that first. 0, or -1 without
 * memory. */
int	regex_hasten(struct regex *, const struct regex_text *);

/* match_limit: backtracks; heap in KiB. NULL without memory. */
struct regex_scratch *regex_scratch_new(unsigned long match_limit);
void	regex_scratch_free(struct regex_scratch **);

/* First match at or behind `from`: REGEX_MATCH and *at, *end (NULL is fine),
 * REGEX_NOMATCH, or REGEX_LIMIT when it took too much. */
int	regex_match(const struct regex *, struct regex_scratch *,
	    const char *p, size_t n, size_t from, size_t *at, size_t *end);

/* The same from the beginning, and where group n (from 1) matched; a group
 * that took no part is REGEX_NOMATCH. */
int	regex_group(const struct regex *, struct regex_scratch *,
	    const char *p, size_t n, unsigned group, size_t *at, size_t *end);

/* A group of the match that regex_match() found last with this scratch. */
int	regex_group_again(const struct regex_scratch *, unsigned group,
	    size_t *at, size_t *end);

/* No text of fewer octets can match. */
size_t	regex_shortest(const struct regex *);

/* Memory of the compiled form. */
size_t	regex_octets(const struct regex *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phrase.h - words without regular expressions
 *
 * A phrase matches the rendered text, folded by lib/mail/fold.h: in any case,
 * width and spacing, whatever zero-width or lookalike letters are in it, and
 * only whole words, but for scripts that have no blanks between them.
 */
#ifndef RULES_PHRASE_H
#define RULES_PHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct phrase;		/* one or more of them, any of which hits */

/* Add a phrase to *list (NULL at first). 0; -1 with why. */
int	phrase_add(struct phrase **list, const char *words, struct err *e);
void	phrase_free(struct phrase **);

/* In folded text, at or behind `from`. */
bool	phrase_match(const struct phrase *, const char *p, size_t n,
	    size_t from, size_t *at, size_t *end);

/* The folded words of the list, for a prefilter; NULL at the end. */
const char *phrase_text(const struct phrase *, size_t i, size_t *len);

#endif

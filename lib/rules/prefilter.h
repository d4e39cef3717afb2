/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefilter.h - which of many words are in a text, in one pass over it
 *
 * Each word belongs to an owner, a small number; a scan gives the owners of
 * those that are there. Words and texts are folded by literal_fold().
 */
#ifndef RULES_PREFILTER_H
#define RULES_PREFILTER_H

#include <stddef.h>
#include <stdint.h>

#include "rules/literal.h"

#define PREFILTER_PAD	4	/* octets behind a text that are read, too */

struct prefilter;

/* Collect, then build. 0, or -1 without memory (or too much of it). */
struct prefilter *prefilter_new(void);
int	prefilter_add(struct prefilter *, const char *p, size_t n,
	    uint32_t owner);
int	prefilter_build(struct prefilter *);
void	prefilter_free(struct prefilter **);

/*
 * prefilter_scan - owners of words in a folded text, each once
 *
 * p:       n octets, and PREFILTER_PAD more, whatever is in them.
 * stamp:   per owner; those that hold `now` already are not given again.
 * seen:    prefilter_words() of them: which words were met in this text, by
 *          the same mark.
 * out:     room for every owner.
 * Returns: how many. Threads: safe, with arrays for each.
 */
size_t	prefilter_scan(const struct prefilter *, const char *p, size_t n,
	    uint32_t *stamp, uint32_t *seen, uint32_t now, uint32_t *out);

/* How many words there are. */
size_t	prefilter_words(const struct prefilter *);

size_t	prefilter_octets(const struct prefilter *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prefilter.h - which of many words are in a text, in one pass over it
 *
 * An Aho-Corasick automaton over literals, compared by literal_fold(). Each
 * literal belongs to an owner, a small number; a scan gives the owners of
 * those that are there.
 */
#ifndef RULES_PREFILTER_H
#define RULES_PREFILTER_H

#include <stddef.h>
#include <stdint.h>

#include "rules/literal.h"

struct prefilter;

/* Collect, then build. 0, or -1 without memory (or too much of it). */
struct prefilter *prefilter_new(void);
int	prefilter_add(struct prefilter *, const char *p, size_t n,
	    uint32_t owner);
int	prefilter_build(struct prefilter *);
void	prefilter_free(struct prefilter **);

/*
 * prefilter_scan - owners of literals in a text, each once
 *
 * stamp:   per owner; those that hold `now` already are not given again.
 * seen:    prefilter_ends() of them: which words were met in this text, by the
 *          same mark.
 * out:     room for every owner.
 * Returns: how many. Threads: safe, with arrays for each.
 */
size_t	prefilter_scan(const struct prefilter *, const char *p, size_t n,
	    uint32_t *stamp, uint32_t *seen, uint32_t now, uint32_t *out);

/* Places in the automaton where words end. */
size_t	prefilter_ends(const struct prefilter *);

size_t	prefilter_octets(const struct prefilter *);

#endif

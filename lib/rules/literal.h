/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * literal.h - words of which a text must hold one before a pattern can match
 *
 * Sound before all: what is given is a set of strings such that every text in
 * which the pattern matches holds at least one of them, as literal_fold()
 * compares. Whatever is not understood gives no string at all, and the pattern
 * is then always tried.
 *
 * There are two ways to look at a text: as it is, and squeezed, with its ASCII
 * letters and digits alone. Squeezed, "c.l,i c-k h e r e" holds "clickhere",
 * and so does whatever a pattern allows between the letters.
 */
#ifndef RULES_LITERAL_H
#define RULES_LITERAL_H

#include <stddef.h>

#include "rules/regex.h"
#include "rules/run.h"

#define LITERAL_LEN	12	/* octets of a string */
#define LITERAL_SET	64	/* strings of a set */
#define LITERAL_PARTS	16	/* of a pattern */

/* What words are compared by: ASCII letters in lower case, digits as '0',
 * white space as a blank. */
static inline unsigned char
literal_fold(unsigned char c)
{
	/* Without branches, so that a loop over a text does many at once. */
	unsigned char	upper = (unsigned char)(c - 'A') < 26 ? 0x20 : 0;
	unsigned char	digit = (unsigned char)(c - '0') < 10 ? 0xff : 0;
	unsigned char	space = (unsigned char)(c - '\t') < 5 ? 0xff : 0;

	return (unsigned char)(((c | upper) & ~(digit | space)) |
	    ('0' & digit) | (' ' & space));
}

struct literal_set {
	size_t		n;		/* 0: nothing is known */
	struct {
		unsigned char	len;
		char		s[LITERAL_LEN];	/* folded */
	}		v[LITERAL_SET];
};

/* The pattern as regex_compile() gets it. Strings of the text as it is, or of
 * the squeezed one. */
void	literal_find(const struct regex_text *, bool squeezed,
	    struct literal_set *out);

/* How often one of them would be found by chance; 1000 for an empty set. */
double	literal_cost(const struct literal_set *);

/* What else is seen of a pattern's shape. */
struct literal_shape {
	struct run	run;		/* that every match holds */
	size_t		nparts;		/* where the pattern may be cut: what
					   is behind must match, too */
	size_t		part[LITERAL_PARTS];
};

void	literal_shape(const struct regex_text *, struct literal_shape *out);

/* n octets, folded; out holds n, and is another place. */
void	literal_fold_text(const char *restrict p, size_t n,
	    char *restrict out);

/* What squeezing leaves of n octets, folded; out holds n and may be p. Returns
 * how many. */
size_t	literal_squeeze(const char *p, size_t n, char *out);

#endif

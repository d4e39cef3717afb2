/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * literal.h - words of which a text must hold one before a pattern can match
 *
 * Sound before all: what is given is a set of strings such that every text in
 * which the pattern matches holds at least one of them, ASCII letters in
 * either case. Whatever is not understood gives no string at all, and the
 * pattern is then always tried.
 */
#ifndef RULES_LITERAL_H
#define RULES_LITERAL_H

#include <stddef.h>

#include "rules/regex.h"

#define LITERAL_LEN	12	/* octets of a string */
#define LITERAL_SET	64	/* strings of a set */

struct literal_set {
	size_t		n;		/* 0: nothing is known */
	struct {
		unsigned char	len;
		char		s[LITERAL_LEN];	/* ASCII letters lower case */
	}		v[LITERAL_SET];
};

/* The pattern as regex_compile() gets it. */
void	literal_find(const struct regex_text *, struct literal_set *out);

#endif

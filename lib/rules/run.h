/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - octets that a text must hold in a row before a pattern can match
 *
 * /[0-9a-f]{32}/ has no word, but without 32 hex digits in a row nothing
 * matches, and that is seen by looking at every 32nd octet. While literal.c
 * reads a pattern it keeps a span of each piece: what the piece may consume,
 * how much at least, and the rarest run inside of it.
 */
#ifndef RULES_RUN_H
#define RULES_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_MAX		65535	/* octets of a run */
#define RUN_LEAST	6	/* shorter ones save nothing */

struct octets {			/* a set of them */
	uint64_t	bit[4];
};

struct run {
	struct octets	of;
	uint32_t	n;	/* so many in a row; 0: nothing is known */
	double		bits;	/* how much it tells: rare ones, and many */
};

struct span {
	struct octets	of;	/* all that it may consume */
	uint32_t	min;	/* at least so much of it */
	struct run	best;	/* in each match of it */
};

/* The span of: nothing, one octet of a set, whatever. */
void	span_nothing(struct span *);
void	span_one(struct span *, const bool in[256], bool icase);
void	span_unknown(struct span *);

/* One after the other; either this or that; at least min times. */
void	span_sequence(struct span *out, const struct span *v, size_t n);
void	span_either(struct span *, const struct span *);
void	span_repeat(struct span *, unsigned long min);

/* How often an octet of mail is one of these, 0 to 1. */
double	octets_rate(const struct octets *);

/* A run as the search wants it. */
struct run_search {
	bool		in[256];
	uint32_t	n;
};

void	run_search_init(const struct run *, struct run_search *);
/* Is there such a run in the text? */
bool	run_in(const struct run_search *, const char *p, size_t n);

#endif

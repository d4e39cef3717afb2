/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words.h - what packets are filled with: addresses, fields, bodies, macros
 *
 * Words that our policies look for, and long, empty and broken ones.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t	state;
};

struct text {
	char	*p;
	size_t	 n, cap;
};

uint64_t next(struct rng *);
uint32_t below(struct rng *, uint32_t n);	/* 0 .. n - 1; n > 0 */

void	add(struct text *, const void *p, size_t n);
void	add_u32(struct text *, uint32_t);
void	random_octets(struct rng *, struct text *, size_t n);

/* Each: the data of one packet. */
void	put_connect(struct rng *, struct text *);
void	put_word(struct rng *, struct text *);
void	put_path(struct rng *, struct text *, bool sender);
void	put_macros(struct rng *, struct text *, char where);
void	put_header(struct rng *, struct text *);
void	put_body(struct rng *, struct text *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* match.h - the conditions of one stream, compiled; stream.c alone uses it */
#ifndef STREAM_MATCH_H
#define STREAM_MATCH_H

#include "stream/stream.h"

enum match_answer { MATCH_NO, MATCH_YES, MATCH_NEEDS_HEADERS };

/*
 * match_compile - from the match_* members of *s into s->match
 *
 * name: out, on failure: the parameter at fault. 0, or -1 with *e.
 */
int	match_compile(struct stream *s, const char **name, struct err *e);
void	match_free(struct stream *s);

enum match_answer match_test(const struct stream *,
	    const struct stream_facts *);
bool	match_uses_headers(const struct stream *);
bool	match_unconditional(const struct stream *);

/* Does text match the pattern, '*' for any octets, ASCII letters alike? */
bool	match_glob(const char *pattern, const char *text, size_t len);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* existing.h - is the unsubscribe header that a message brings a good one? */
#ifndef UNSUBSCRIBE_EXISTING_H
#define UNSUBSCRIBE_EXISTING_H

#include "mail/header.h"

enum existing { EXISTING_NONE, EXISTING_VALID, EXISTING_INVALID };

/*
 * existing_judge - List-Unsubscribe and List-Unsubscribe-Post together
 *
 * Valid: one field of each name; the first is a list of <URI>s by RFC 2369
 * with exactly one web URI, which is https; the second says
 * List-Unsubscribe=One-Click (RFC 8058 3.1 and 3.2).
 * why: what makes it invalid, in static storage; "" otherwise.
 */
enum existing existing_judge(const struct header_list *, const char **why);

/* The https link of the first List-Unsubscribe, appended without white space.
 * 0; -1 when it has none, or out is full. */
int	existing_url(const struct header_list *, struct buf *out);

#endif

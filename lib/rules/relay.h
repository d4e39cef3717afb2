/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay.h - the way a message came, out of its Received fields
 */
#ifndef RULES_RELAY_H
#define RULES_RELAY_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/view.h"

enum relay_set {
	RELAY_TRUSTED, RELAY_UNTRUSTED, RELAY_INTERNAL, RELAY_EXTERNAL
};

/*
 * Each appends to out. 1, 0 when there is nothing, -1 without memory.
 *
 * relay_string: "[ ip=192.0.2.1 rdns=... helo=... by=... ident= envfrom=
 *          intl=0 id=... auth= msa=0 ] [ ... ]", as X-Spam-Relays-*.
 * relay_fields: the header fields above or below the border (ALL-*).
 * relay_envelope: the envelope sender, as far as the header tells.
 */
int	relay_string(const struct view *, enum relay_set, struct buf *out);
int	relay_fields(const struct view *, enum relay_set, bool raw,
	    struct buf *out);
int	relay_envelope(const struct view *, struct buf *out);

#endif

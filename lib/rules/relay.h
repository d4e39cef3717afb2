/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay.h - the way a message came, out of its Received fields
 *
 * Nothing is configured of which hosts are ours; as SpamAssassin does then, a
 * handover from a private address or from a client that had logged in is
 * trusted, and the first other one ends the trust. Trusted and internal are
 * the same.
 */
#ifndef RULES_RELAY_H
#define RULES_RELAY_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/view.h"
#include "rules/received.h"

enum relay_set {
	RELAY_TRUSTED, RELAY_UNTRUSTED, RELAY_INTERNAL, RELAY_EXTERNAL
};

struct relays;		/* of one message */

/* origin: names of fields that hold the client's address, NULL at the end. */
struct relays *relays_new(const struct view *, const struct received_forms *,
	    struct regex_scratch *, const char *const *origin);
void	relays_free(struct relays **);

/*
 * Each appends to out. 1, 0 when there is nothing, -1 when out is full.
 *
 * relay_string: "[ ip=192.0.2.1 rdns=... helo=... by=... ident= envfrom=
 *          intl=0 id=... auth= msa=0 ]" of each relay, a blank between.
 * relay_fields: the header fields above or below the border (ALL-*).
 * relay_envelope: the envelope sender, as far as the header tells.
 */
int	relay_string(const struct relays *, enum relay_set, struct buf *out);
int	relay_fields(const struct relays *, const struct view *,
	    enum relay_set, bool raw, struct buf *out);
int	relay_envelope(const struct relays *, const struct view *,
	    struct buf *out);

#endif

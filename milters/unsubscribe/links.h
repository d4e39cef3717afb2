/* SPDX-License-Identifier: BSD-2-Clause */
/* links.h - tokens of one message as header values and addresses */
#ifndef UNSUBSCRIBE_LINKS_H
#define UNSUBSCRIBE_LINKS_H

#include "base/buf.h"
#include "base/err.h"
#include "mail/addr.h"
#include "store/key.h"
#include "stream/stream.h"
#include "token/token.h"

/* What tokens are made of. */
struct links {
	const struct token_keys	*tokens;
	const struct store_keys	*store;
	const struct stream	*stream;
	const struct addr	*rcpt;		/* NULL: names nobody */
	const char		*subject;	/* of unsubscribe mail */
};

/*
 * Each appends to out; 0, or -1 with *e.
 *
 * links_unsubscribe: "<https://...>, <mailto:...>", folded for
 *          List-Unsubscribe; without rcpt only the page's link.
 * links_url: the link alone that a footer shows: https, else mailto, else
 *          nothing.
 * links_cfbl: the token alone. links_sender: "<b+TOKEN@host>".
 */
int	links_unsubscribe(const struct links *, struct buf *out,
	    struct err *e);
int	links_url(const struct links *, struct buf *out, struct err *e);
int	links_cfbl(const struct links *, struct buf *out, struct err *e);
int	links_sender(const struct links *, struct buf *out, struct err *e);

#endif

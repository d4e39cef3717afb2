/* SPDX-License-Identifier: BSD-2-Clause */
/* choose.h - which keys sign this message */
#ifndef DKIM_CHOOSE_H
#define DKIM_CHOOSE_H

#include "dkim/snap.h"
#include "frame/frame.h"
#include "mail/addr.h"

struct choice {
	size_t		n;
	struct {
		const struct dtable_entry	*entry;
		char	 domain[ADDR_DOMAIN_MAX + 1];	/* d= */
		char	 identity[ADDR_SIZE];		/* i=; "" none */
	}		 v[DTABLE_FOUND];
	char		 domain[ADDR_DOMAIN_MAX + 1];	/* first of From, for
							   the log; "" none */
	const char	*why;		/* n is 0 because ... */
	bool		 bad;		/* the message itself is at fault */
};

/* The message's stream; NULL when it cannot be told. */
const struct stream *choose_stream(struct frame_msg *m,
	    const struct dkim_snap *s);

void	choose(struct frame_msg *m, const struct dkim_snap *s,
	    struct choice *out);

#endif

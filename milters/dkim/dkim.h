/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim.h - the policy that signs */
#ifndef DKIM_POLICY_H
#define DKIM_POLICY_H

#include "dkim/dtable.h"
#include "frame/frame.h"

extern const struct frame_policy dkim_policy;

/* What `mailweir dkim rotate` needs of [dkim]; conf must outlive it. */
struct dkim_rotation {
	const char	*key_store, *rotate_hook, *dns_servers;
	struct conf_list rotate_domains, rotate_algorithms;
	long		 rotate_bits, rotate_every, queue_lifetime, min_ttl,
			 dns_port;
};

int	dkim_rotation_load(const struct conf *, struct dkim_rotation *,
	    struct err *e);

/* The key table of a configuration, as the policy loads it; dtable_free. */
int	dkim_table_load(const struct conf *, struct dtable **, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* sdns.h - what libspf2 asks DNS, through lib/dns; private to lib/spf */
#ifndef SPF_SDNS_H
#define SPF_SDNS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <netinet/in.h>
#include <arpa/nameser.h>
#include <spf2/spf.h>

#include "dns/dns.h"

/* The questions of one check. */
struct sdns {
	SPF_dns_server_t	 server;	/* for libspf2; first */
	const struct dns	*dns;
	int64_t			 deadline;	/* clock_mono_us() */
	int			 questions;
	bool			 doubtful;	/* something was kept from
						   libspf2: no pass */
	bool			 failed;	/* something got no answer */
};

void	sdns_init(struct sdns *, const struct dns *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns.h - one question to DNS, through c-ares, and its answer
 *
 * Threads: safe; every question uses a channel of its own. It blocks, at most
 * timeout x (tries + 1) for each server asked.
 */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include "base/err.h"

struct dns_options {
	const char	*servers;	/* "192.0.2.53, [2001:db8::53]:5353";
					   "": those of /etc/resolv.conf */
	int		 timeout_ms, tries;	/* 0: 2000, 2 */
};

struct dns;

int	dns_open(const struct dns_options *, struct dns **, struct err *e);
void	dns_close(struct dns **);

/* A whole DNS message, for ns_initparse(). */
struct dns_reply {
	unsigned char	*p;
	int		 len;
};

/*
 * dns_ask - records of this type (ns_t_txt, ...) at this name?
 *
 * server:  ask this one ("192.0.2.1:53") without recursion; "" = the resolver.
 * Returns: 0 and *r with a message, which may say that there are none (free
 *          r->p); -1: none came, or it says that the server could not.
 */
int	dns_ask(const struct dns *, const char *server, const char *name,
	    int type, struct dns_reply *r);

#endif

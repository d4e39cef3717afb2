/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ddns.h - key records in DNS, through c-ares
 *
 * Two ways to ask: like any receiver, through the resolver (ddns_txt); or each
 * authoritative server of a name by itself, without recursion
 * (ddns_everywhere), because a record counts as published only when all of them
 * have it.
 * Threads: safe; every question uses a channel of its own. It blocks, at most
 * timeout x tries for each server asked.
 */
#ifndef DKIM_DDNS_H
#define DKIM_DDNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ddns_options {
	const char	*servers;	/* "192.0.2.53, [2001:db8::53]:5353";
					   "": those of /etc/resolv.conf */
	unsigned	 port;		/* of authoritative servers; 0 = 53 */
	int		 timeout_ms, tries;	/* 0: 2000, 2 */
};

struct ddns;

int	ddns_open(const struct ddns_options *, struct ddns **, struct err *e);
void	ddns_close(struct ddns **);

/* A dverify_lookup; arg is the struct ddns. Of several records, the one that
 * looks like a key; several keys are as good as none. */
int	ddns_txt(void *arg, const char *name, char *txt, size_t size);

#define DDNS_SERVERS	32	/* authoritative addresses asked for a name */

struct ddns_answer {
	char	server[80];	/* "ns1.example.com (192.0.2.53)" */
	int	found;		/* 1, 0, or -1: no answer, or a useless one */
	bool	alias;		/* it says: look under another name */
	long	ttl;		/* of the record, or of its absence; seconds */
	char	*txt;		/* of the record; NULL if none */
};

struct ddns_answers {
	size_t			n;
	struct ddns_answer	v[DDNS_SERVERS + 1];	/* the last: "more" */
	char			zone[256];	/* whose servers they are */
};

/* Ask every authoritative server of the zone that holds name; an alias (CNAME)
 * that all of them have is followed; of one that only some have, those are -1.
 * Servers whose addresses cannot be looked up, and those beyond DDNS_SERVERS,
 * have an answer of -1, too: nobody can say what they have.
 * 0 and *out (ddns_answers_free); -1: the servers cannot be found. */
int	ddns_everywhere(struct ddns *, const char *name,
	    struct ddns_answers *out, struct err *e);
void	ddns_answers_free(struct ddns_answers *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address.h - mailboxes of a header as rules see them
 *
 * More forgiving than lib/mail/addr.h: rules look for what a sender tried to
 * pass off as an address, and for the name in front of it.
 */
#ifndef RULES_ADDRESS_H
#define RULES_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* addr or name may be NULL; valid during the call. */
typedef void address_fn(void *arg, const char *addr, size_t naddr,
	    const char *name, size_t nname);

void	address_each(const char *value, size_t n, address_fn *each,
	    void *arg);

/* A name in front of an address, decoded and tidied. 0, or -1 when full. */
int	address_phrase(const char *p, size_t n, struct buf *out);

/* The host in a value: behind the @ of an address, or the first name with a
 * top-level domain; domain: only the registered part. False if none. */
bool	address_host(const char *p, size_t n, bool is_addr, bool domain,
	    struct buf *out);
/* The first IP address in it, octets reversed if wanted. */
bool	address_ip(const char *p, size_t n, bool reversed, struct buf *out);

#endif

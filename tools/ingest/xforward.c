/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xforward.c - the client that Postfix had a message from
 *
 * XFORWARD NAME=VALUE ..., values as xtext; [UNAVAILABLE] for what is not
 * known, IPv6 addresses with their prefix. Sent before MAIL when
 * lmtp_send_xforward_command = yes.
 */
#include "ingest/ingest.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

/* one - an attribute that ends at end; only the address is of use */
static bool
one(const char *p, const char *end, char client[CLIENT_SIZE])
{
	const char	*eq = memchr(p, '=', (size_t)(end - p));
	int		 n;

	if (eq == NULL || eq == p || eq + 1 == end)
		return false;
	if (eq - p != 4 || strncasecmp(p, "ADDR", 4) != 0)
		return true;
	p = eq + 1;
	if (end - p > 5 && strncasecmp(p, "IPv6:", 5) == 0)
		p += 5;
	n = (int)(end - p);
	client[0] = '\0';
	if (n < CLIENT_SIZE && p[0] != '[')
		(void)snprintf(client, CLIENT_SIZE, "%.*s", n, p);
	return true;
}

bool
xforward(const char *arg, char client[CLIENT_SIZE])
{
	const char	*end;
	bool		 any = false;

	for (;; arg = end) {
		arg += strspn(arg, " ");
		end = arg + strcspn(arg, " ");
		if (end == arg)
			return any;
		if (!one(arg, end, client))
			return false;
		any = true;
	}
}

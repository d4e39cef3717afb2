/* SPDX-License-Identifier: BSD-2-Clause */
/* spf.c - see spf.h */
#include "spf/spf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "spf/sdns.h"

#include "base/banned.h"

#define DOMAIN_MAX	253

/* domain_ok - letters, digits, hyphens, dots: nothing that means something */
static bool
domain_ok(const char *d)
{
	size_t	i;

	for (i = 0; d[i] != '\0'; i++)
		if (!isalnum((unsigned char)d[i]) && d[i] != '-' &&
		    d[i] != '.' && d[i] != '_')
			return false;
	return i > 0 && i <= DOMAIN_MAX && strchr(d, '.') != NULL;
}

/* set_client - false when it is no address */
static bool
set_client(SPF_request_t *q, const char *client)
{
	struct in_addr	a4;
	struct in6_addr	a6;

	if (inet_pton(AF_INET, client, &a4) == 1)
		return SPF_request_set_ipv4(q, a4) == SPF_E_SUCCESS;
	if (inet_pton(AF_INET6, client, &a6) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&a6)) {
		memcpy(&a4, a6.s6_addr + 12, sizeof a4);
		return SPF_request_set_ipv4(q, a4) == SPF_E_SUCCESS;
	}
	return SPF_request_set_ipv6(q, a6) == SPF_E_SUCCESS;
}

/* ask - the library's answer in our words */
static enum spf_answer
ask(SPF_request_t *q, const struct sdns *s)
{
	SPF_response_t	*r = NULL;
	enum spf_answer	 a = SPF_NOT_PASSED;

	(void)SPF_request_query_mailfrom(q, &r);
	if (r != NULL && SPF_response_result(r) == SPF_RESULT_PASS &&
	    SPF_response_reason(r) == SPF_REASON_MECH && !s->doubtful)
		a = SPF_PASSED;
	else if (r == NULL || SPF_response_result(r) ==
	    SPF_RESULT_TEMPERROR || s->failed)
		a = SPF_UNKNOWN;
	if (r != NULL)
		SPF_response_free(r);
	return a;
}

enum spf_answer
spf_check(const struct dns *dns, const char *client, const char *domain)
{
	enum spf_answer	 a = SPF_UNKNOWN;
	SPF_server_t	*server;
	SPF_request_t	*q;
	struct sdns	 s;
	char		 from[DOMAIN_MAX + 16];

	if (!domain_ok(domain))
		return SPF_NOT_PASSED;
	(void)snprintf(from, sizeof from, "postmaster@%s", domain);
	sdns_init(&s, dns);
	if ((server = SPF_server_new_dns(&s.server, 0)) == NULL)
		return SPF_UNKNOWN;
	if ((q = SPF_request_new(server)) != NULL) {
		if (!set_client(q, client))
			a = SPF_NOT_PASSED;
		else if (SPF_request_set_helo_dom(q, domain) ==
		    SPF_E_SUCCESS && SPF_request_set_env_from(q, from) == 0)
			a = ask(q, &s);
		SPF_request_free(q);
	}
	SPF_server_free(server);
	return a;
}

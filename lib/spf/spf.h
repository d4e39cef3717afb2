/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spf.h - may this client send for this domain (RFC 7208, libspf2)?
 *
 * Only asked to believe somebody, so everything doubtful is no pass: a record
 * with macros, one of more than SPF_RECORD_MAX octets, one that needs too many
 * questions, a client on loopback (which libspf2 would always let pass).
 * libspf2 has had faults in the expansion of macros; records with any never
 * reach it.
 */
#ifndef SPF_SPF_H
#define SPF_SPF_H

#include "dns/dns.h"

#define SPF_RECORD_MAX	450	/* octets of a TXT record that is looked at */

enum spf_answer {
	SPF_NOT_PASSED,
	SPF_PASSED,
	SPF_UNKNOWN	/* DNS gave no answer: ask again later */
};

/*
 * spf_check - may client send mail from somebody of domain?
 *
 * client:  "192.0.2.1" or "2001:db8::1".
 * Threads: safe. It blocks for DNS, 20 seconds at most.
 */
enum spf_answer	spf_check(const struct dns *, const char *client,
	    const char *domain);

#endif

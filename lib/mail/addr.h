/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addr.h - mailbox addresses as suppression keys
 *
 * One spelling per mailbox, so that a complaint about Ann@Example.COM also
 * stops mail to ann@example.com. Knows nothing of sessions or databases.
 *
 * Normal form: local part with ASCII letters folded (unless fold_local = no),
 * quotes removed where they are not needed, NFC when it holds UTF-8; domain in
 * A-label form (libidn2, UTS #46 non-transitional), lower case, no final dot;
 * a domain in ASCII is only folded, A-labels are not judged.
 * An address literal ([192.0.2.1]) is kept, lower case. Ref: RFC 5321 4.1.2,
 * 6531 3.3, 5890.
 */
#ifndef MAIL_ADDR_H
#define MAIL_ADDR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"

#define ADDR_LOCAL_MAX	64	/* octets without quotes and backslashes, after
				   NFC; RFC 5321 4.5.3.1.1 */
#define ADDR_DOMAIN_MAX	255	/* octets, RFC 5321 4.5.3.1.2 */
/* Quoting may double the local part, and adds two. */
#define ADDR_SIZE	(3 * ADDR_LOCAL_MAX + 1 + ADDR_DOMAIN_MAX + 1)

enum addr_result {
	ADDR_OK,
	ADDR_NULL,	/* "<>", the bounce sender; not an error */
	ADDR_BAD	/* no '@', empty side, control octet, too long, ... */
};

struct addr {
	char		 text[ADDR_SIZE];	/* "ann@example.com" */
	size_t		 local_len;	/* octets before the '@'; the domain
					   is text + local_len + 1 */
};

/*
 * Which spellings are one mailbox. From `fold_local` and `address_rules`:
 * items "gmail.com:subaddress,dots" - cut "+tag", drop dots of the local part.
 */
struct addr_rules;

int	addr_rules_load(bool fold_local, const struct conf_list *items,
	    struct addr_rules **, struct err *e);
void	addr_rules_free(struct addr_rules **);

/*
 * addr_normal - the normal form of one envelope or typed address
 *
 * path:    "<Ann@Example.COM>" or without brackets; a source route is dropped
 *          (RFC 5321 C); outer white space is ignored. len octets, which need
 *          not end in NUL and may hold anything.
 * rules:   NULL for the defaults (fold, no per-domain rules).
 * out:     written whole, or text[0] = '\0' unless ADDR_OK.
 * Errors:  by return value; why, if not NULL, says what is wrong in a few
 *          words (static storage).
 * Threads: safe; never logs, allocates only inside libidn2/libunistring.
 */
enum addr_result addr_normal(const char *path, size_t len,
	    const struct addr_rules *rules, struct addr *out,
	    const char **why);

/* The domain alone, normalised ("Example.COM." -> "example.com"); same
 * results. Used for whole-domain entries, key tables and matching. */
enum addr_result addr_domain(const char *domain, size_t len,
	    char out[ADDR_DOMAIN_MAX + 1], const char **why);

/*
 * addr_list - the mailboxes of an address header (From, To, Cc, Reply-To)
 *
 * value:   unfolded or folded field body (RFC 5322 3.4: groups, comments,
 *          quoted strings, route). Display names are skipped, whatever
 *          octets they hold.
 * each:    called with the addr-spec as spelt ("Ann@Example.com"), without
 *          the comments and white space inside it; no NUL behind it; valid
 *          during the call. NULL: only count. Return non-zero to stop.
 * Returns: the number of mailboxes seen (groups may have none), or -1 when
 *          the syntax is broken; those found before are reported all the same.
 */
int	addr_list(const char *value, size_t len,
	    int (*each)(void *arg, const char *spec, size_t len), void *arg);

#endif

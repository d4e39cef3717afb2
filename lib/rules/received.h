/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * received.h - one Received field, read as far as MTAs let it be read
 *
 * Every MTA writes it in its own way, and rules that speak of relays were
 * tried on what SpamAssassin makes of them; so the forms are tried in its
 * order. They stand in a table of templates (received.c).
 */
#ifndef RULES_RECEIVED_H
#define RULES_RECEIVED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "rules/regex.h"

#define RECEIVED_FIELD	1024	/* octets of a field's part; the rest is cut */

struct received {
	char	ip[64], rdns[RECEIVED_FIELD], helo[RECEIVED_FIELD],
		by[RECEIVED_FIELD], ident[RECEIVED_FIELD],
		envfrom[RECEIVED_FIELD], id[RECEIVED_FIELD], auth[256];
	bool	has_envfrom;
	bool	private_ip;	/* not of the public Internet */
	bool	looked_up;	/* the MTA asked for the name of the address */
};

enum received_result {
	RECEIVED_OK,
	RECEIVED_SKIP,		/* no handover between hosts, ignore it */
	RECEIVED_FETCHED,	/* taken from a mailbox: what is above is not
				   the way that the mail came */
	RECEIVED_UNKNOWN	/* some form that nobody knows */
};

struct received_forms;	/* the table, compiled; immutable, shared */

struct received_forms *received_forms_new(struct err *e);
void	received_forms_free(struct received_forms **);

/* value: unfolded. scanner_from: RECEIVED_FIELD octets, the sender that a
 * qmail-scanner field told of the field below it ("" if none); updated. */
enum received_result received_parse(const struct received_forms *,
	    struct regex_scratch *, const char *value, size_t len,
	    struct received *out, char *scanner_from);

#endif

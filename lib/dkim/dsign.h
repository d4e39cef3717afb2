/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dsign.h - DKIM signatures over one message (RFC 6376, 8301, 8463)
 *
 * A message is hashed once, body as it streams and header at its end; then
 * as many signatures as wanted are made from it, each for the cost of its
 * private key operation: RSA and Ed25519 side by side, several domains, or
 * (DKIM2) one for each recipient.
 *
 * What h= names, so that what counts is covered and mailing lists are not
 * needlessly broken:
 *	- every From, always, whatever the lists say;
 *	- every field that the sign or the oversign list names, as often as
 *	  it is present;
 *	- every List-Unsubscribe and List-Unsubscribe-Post (RFC 8058 4),
 *	  whatever the lists say;
 *	- names of the oversign list once more than present, present or not:
 *	  nobody can add another one; From is always among them;
 *	- names of the oversign-if-present list likewise when present;
 *	- never a signature (DKIM-*, ARC-*), a trace field or
 *	  Authentication-Results.
 */
#ifndef DKIM_DSIGN_H
#define DKIM_DSIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "dkim/canon.h"
#include "dkim/dkey.h"
#include "mail/header.h"

#define DSIGN_FIELDS_MAX	250	/* names in h=; more is refused */
#define DSIGN_VALUE_MAX		32768	/* octets of a signature field */
/* Octets of a field that is surely whole: Postfix 3.7 shows milters the first
 * 60000 of it and sends all of it, so that every signature over it is wrong. */
#define DSIGN_FIELD_MAX		59000
#define DSIGN_BODY_MAX	(256u << 20)	/* libopendkim's engine keeps bodies */

/* Who does the work. Both give the same bh= and signatures that verify. */
enum dsign_engine_id {
	DSIGN_NATIVE,		/* canon.h and OpenSSL, keys parsed once */
	DSIGN_LIBOPENDKIM	/* the reference: parses the key each time,
				   keeps the whole body, leaks about 500
				   octets for each Ed25519 signature, knows
				   no oversign-if-present */
};

struct dsign_options {
	enum dsign_engine_id	 engine;
	enum canon		 header, body;
	struct conf_list	 sign, oversign, oversign_present;
				/* names; in sign a final '*' matches any */
	long			 ttl;	/* x= is t= and this; 0: no x= */
	size_t			 line_limit;	/* canon.h; 0: none */
};

/* What fills the lists when the configuration does not. */
#define DSIGN_SIGN							\
	"From Sender Reply-To Subject Date Message-ID To Cc MIME-Version " \
	"Content-Type Content-Transfer-Encoding Content-ID "		\
	"Content-Description Content-Disposition In-Reply-To References " \
	"Resent-* List-* Feedback-ID CFBL-Address CFBL-Feedback-ID "	\
	"Autocrypt Auto-Submitted Precedence"
#define DSIGN_OVERSIGN		"From Subject To Cc Reply-To"
#define DSIGN_OVERSIGN_PRESENT						\
	"Date Message-ID MIME-Version Content-Type "			\
	"Content-Transfer-Encoding List-Unsubscribe List-Unsubscribe-Post"

struct dsign_policy;	/* immutable, shared by threads */
struct dsign;		/* one message; one thread at a time */

/* The lists in *o must outlive the policy. -1 with *e: a name that is none,
 * or one that must not be signed. */
int	dsign_policy_new(const struct dsign_options *o,
	    struct dsign_policy **, struct err *e);
void	dsign_policy_free(struct dsign_policy **);

/* Begin a message; then any number of dsign_body; then dsign_header once; then
 * any number of dsign_make; dsign_end at any time. */
int	dsign_begin(const struct dsign_policy *, struct dsign **,
	    struct err *e);
int	dsign_body(struct dsign *, const void *p, size_t n, struct err *e);
/*
 * Body is complete; list is the header as it will be sent and must stay until
 * the last dsign_make. -1: with EX_DATAERR, the message cannot be signed
 * rightly: no From field, too many fields or too large ones, a NUL, or what
 * libopendkim and dkimpy hash differently, so that one receiver or the other
 * would refuse the signature: a CR that ends no line; VT or FF in a signed
 * field.
 */
int	dsign_header(struct dsign *, const struct header_list *list,
	    struct err *e);
void	dsign_end(struct dsign **);

struct dsign_tags {
	const char	*domain;	/* d=, A-labels */
	const char	*selector;	/* s= */
	const char	*identity;	/* i=, "" or NULL: none */
	time_t		 time;		/* t= */
};

/*
 * dsign_make - one signature
 *
 * out:     gets the value of a DKIM-Signature field, without the space that
 *          must stand before it, folded with "\n\t" at 76 columns.
 * Returns: 0; -1 with *e.
 */
int	dsign_make(struct dsign *, struct dkey *, const struct dsign_tags *,
	    struct buf *out, struct err *e);

#define DSIGN_FIELD	"DKIM-Signature"

#endif

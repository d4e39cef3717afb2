/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dverify.h - are the signatures of a message good? (libopendkim's answer)
 *
 * Keys come from a function of the caller: a file of records (drecord.h), DNS
 * (ddns.h), or both. libopendkim itself never asks the network.
 */
#ifndef DKIM_DVERIFY_H
#define DKIM_DVERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "mail/header.h"

/*
 * The TXT data of "name" ("sel._domainkey.example.com", lower case), strings
 * joined, as a C string in txt. 1 found; 0 there is none; -1 cannot say.
 */
typedef int (*dverify_lookup)(void *arg, const char *name, char *txt,
	    size_t size);

enum dverify_result {		/* RFC 8601 2.7.1 */
	DVERIFY_PASS,
	DVERIFY_FAIL,		/* verified, and wrong */
	DVERIFY_PERMERROR,	/* no key, revoked, malformed: never will */
	DVERIFY_TEMPERROR	/* the key could not be looked up */
};

#define DVERIFY_SIGS	20	/* signatures looked at in one message */

struct dverify_sig {
	enum dverify_result result;
	char		 why[160];	/* "" when it passes */
	char		 domain[256];	/* d=, lower case */
	char		 selector[256];	/* s= */
	char		 identity[512];	/* i=, or "@" and d= */
	char		 algorithm[32];	/* a= */
	int		 bits;		/* of the key; 0 unknown */
	bool		 testing;	/* t=y in the record */
	bool		 body_ok;	/* bh= matches */
	bool		 header_ok;	/* the signature over the header is
					   good, whatever became of the body:
					   what a bounce returns */
	bool		 form_ok;	/* the fields that say how the body is
					   to be read (Content-Type, -Transfer-
					   Encoding) are covered if present: who
					   passed it on cannot make its text
					   into parts */
};

struct dverify_out {
	size_t			n;	/* 0: not signed */
	struct dverify_sig	sig[DVERIFY_SIGS];	/* top of the message
							   first */
};

struct dverify;		/* libopendkim, set up; shared by threads */

int	dverify_open(dverify_lookup lookup, void *arg, struct dverify **,
	    struct err *e);
void	dverify_close(struct dverify **);

/*
 * dverify_message - every signature of one message
 *
 * header:  as in mail/header.h; body: CRLF or LF, len octets.
 * Returns: 0 and *out; -1 when libopendkim cannot take the message at all
 *          (broken header syntax, no memory), with *e.
 * Threads: safe.
 */
int	dverify_message(struct dverify *, const struct header_list *header,
	    const char *body, size_t len, struct dverify_out *out,
	    struct err *e);

/* The same of a raw message, LF or CRLF. */
int	dverify_raw(struct dverify *, const char *raw, size_t len,
	    struct dverify_out *out, struct err *e);

const char *dverify_result_name(enum dverify_result);	/* "pass", ... */
/* Does any signature of that domain, or of one below it, pass? */
bool	dverify_passes(const struct dverify_out *, const char *domain);

#endif

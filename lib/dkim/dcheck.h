/* SPDX-License-Identifier: BSD-2-Clause */
/* dcheck.h - does what is published fit the key that signs? */
#ifndef DKIM_DCHECK_H
#define DKIM_DCHECK_H

#include <stdbool.h>

#include "dkim/dtable.h"
#include "dkim/dverify.h"

enum dcheck_state {
	DCHECK_OK,
	DCHECK_MISSING,		/* no record */
	DCHECK_MISMATCH,	/* another key is published */
	DCHECK_REVOKED,		/* p= is empty */
	DCHECK_MALFORMED,	/* receivers will not take the record */
	DCHECK_UNUSABLE,	/* the private key cannot be loaded */
	DCHECK_UNKNOWN		/* the record cannot be looked up now */
};

struct dcheck {
	enum dcheck_state state;
	int		 bits;		/* 0 unknown */
	bool		 weak;		/* RSA below 2048 bits */
	bool		 testing;	/* t=y: as good as unsigned */
	char		 why[300];	/* "" or a sentence after a space */
};

const char *dcheck_state_name(enum dcheck_state);

void	dcheck_key(struct dtable *, const struct dtable_entry *,
	    dverify_lookup lookup, void *arg, struct dcheck *out);

/* The same for a key and a record that are at hand. */
void	dcheck_record(const struct dkey *, const char *record,
	    struct dcheck *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* dsign_int.h - what dsign.c shares with its two engines */
#ifndef DKIM_DSIGN_INT_H
#define DKIM_DSIGN_INT_H

#include "dkim/dsign.h"

struct dsign_engine {
	int	(*policy)(struct dsign_policy *, struct err *e);
	void	(*policy_free)(struct dsign_policy *);
	int	(*begin)(struct dsign *, struct err *e);
	int	(*body)(struct dsign *, const void *p, size_t n,
		    struct err *e);
	int	(*header)(struct dsign *, struct err *e);
	int	(*make)(struct dsign *, struct dkey *,
		    const struct dsign_tags *, struct buf *out,
		    struct err *e);
	void	(*end)(struct dsign *);
};

extern const struct dsign_engine dsign_native, dsign_reference;

struct dsign_policy {
	struct dsign_options		 o;
	const struct dsign_engine	*engine;
	void				*own;	/* the engine's */
};

/* The fields to sign, in the order that h= names them. */
struct dsign_fields {
	size_t		 n;		/* names; the first npresent exist */
	size_t		 npresent;
	const char	*name[DSIGN_FIELDS_MAX];
	size_t		 at[DSIGN_FIELDS_MAX];	/* index in the header list */
};

struct dsign {
	const struct dsign_policy	*policy;
	const struct header_list	*list;
	struct dsign_fields		 fields;
	bool				 lone_cr;	/* set by the engine */
	void				*own;
};

/* Fill fields from policy and list; -1 with *e when there are too many. */
int	dsign_select(const struct dsign_policy *, const struct header_list *,
	    struct dsign_fields *, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* conf.h - section [store] of mailweir.conf */
#ifndef STORE_CONF_H
#define STORE_CONF_H

#include "conf/conf.h"
#include "store/reason.h"

struct store_conf {
	long	map_size;		/* octets of address space */
	long	expire_optout;		/* seconds; 0 = never, each */
	long	expire_complaint;
	long	expire_hard_bounce;
	long	expire_soft_bounce;
	long	expire_invalid_domain;
	long	expire_manual;
	long	expire_import;
	long	expire_legal;
	long	expire_trap;
	long	soft_threshold;		/* steps that bring it into force */
	long	soft_decay;		/* seconds that take one step back */
	long	retry_doubling;		/* times that a repeat doubles expiry */
	long	dedup_keep;		/* seconds that a report is known */
	long	journal_keep;		/* seconds; 0 = for ever */
	const char *seal_key_file;	/* public key; "" = no sealed copies */
};

extern const struct conf_param store_params[];
/* The row for a program's list of schemas. */
#define STORE_SCHEMA	{ "store", false, { store_params } }

/* The defaults, for those who have no configuration. */
extern const struct store_conf store_conf_default;

/* How long an entry of this reason holds, in seconds; 0 = for ever. */
long	store_default_expiry(const struct store_conf *, enum store_reason);

#endif

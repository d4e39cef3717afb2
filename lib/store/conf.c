/* SPDX-License-Identifier: BSD-2-Clause */
/* conf.c - see conf.h */
#include "store/conf.h"

#include "base/banned.h"

#define S	struct store_conf
#define DAY	86400L
#define CENTURY	(36525 * DAY)
#define SIZE_LO	(1L << 20)
#define SIZE_HI	(1L << 46)

const struct conf_param store_params[] = {
	CONF_SIZE(S, map_size, "64G", SIZE_LO, SIZE_HI,
	    "Address space reserved for the store: the size that it can never "
	    "outgrow. Takes no memory and no disk until it is used."),
	CONF_SECS(S, expire_optout, "0", 0, CENTURY,
	    "How long an opt-out holds; 0 = for ever."),
	CONF_SECS(S, expire_complaint, "0", 0, CENTURY,
	    "How long a complaint holds; 0 = for ever."),
	CONF_SECS(S, expire_hard_bounce, "90d", 0, CENTURY,
	    "How long a hard bounce holds before one more try; 0 = for ever."),
	CONF_SECS(S, expire_soft_bounce, "14d", 0, CENTURY,
	    "How long soft bounces over the threshold hold; 0 = for ever."),
	CONF_SECS(S, expire_invalid_domain, "30d", 0, CENTURY,
	    "How long a domain that takes no mail is left alone; 0 = for "
	    "ever."),
	CONF_SECS(S, expire_manual, "0", 0, CENTURY,
	    "How long an operator's entry holds; 0 = for ever."),
	CONF_SECS(S, expire_import, "0", 0, CENTURY,
	    "How long a row of an imported list holds; 0 = for ever."),
	CONF_SECS(S, expire_legal, "0", 0, CENTURY,
	    "How long a legal order holds; 0 = for ever."),
	CONF_SECS(S, expire_trap, "0", 0, CENTURY,
	    "How long a spam trap holds; 0 = for ever."),
	CONF_INT(S, soft_threshold, "5", 1, 1000,
	    "Soft bounces, at most one counted a day, that suppress."),
	CONF_SECS(S, soft_decay, "7d", DAY, CENTURY,
	    "Time without a soft bounce that takes one back."),
	CONF_INT(S, retry_doubling, "3", 0, 16,
	    "How many times a bounce after the retry doubles the expiry."),
	CONF_SECS(S, dedup_keep, "30d", 0, CENTURY,
	    "How long a report is remembered, so that its repeat counts once."),
	CONF_SECS(S, journal_keep, "0", 0, CENTURY,
	    "How long `mailweir journal cut` keeps records; 0 = for ever."),
	CONF_STR(S, seal_key_file, "",
	    "Public key for sealed copies of addresses (`mailweir seal "
	    "genkey`); empty: none are made."),
	CONF_END
};

const struct store_conf store_conf_default = {
	.map_size = 64L << 30,
	.expire_hard_bounce = 90 * DAY,
	.expire_soft_bounce = 14 * DAY,
	.expire_invalid_domain = 30 * DAY,
	.soft_threshold = 5,
	.soft_decay = 7 * DAY,
	.retry_doubling = 3,
	.dedup_keep = 30 * DAY,
	.seal_key_file = "",
};

long
store_default_expiry(const struct store_conf *c, enum store_reason reason)
{
	switch (reason) {
	case STORE_OPTOUT:
		return c->expire_optout;
	case STORE_COMPLAINT:
		return c->expire_complaint;
	case STORE_HARD_BOUNCE:
		return c->expire_hard_bounce;
	case STORE_SOFT_BOUNCE:
		return c->expire_soft_bounce;
	case STORE_INVALID_DOMAIN:
		return c->expire_invalid_domain;
	case STORE_MANUAL:
		return c->expire_manual;
	case STORE_IMPORT:
		return c->expire_import;
	case STORE_LEGAL:
		return c->expire_legal;
	case STORE_TRAP:
		return c->expire_trap;
	default:
		return 0;
	}
}

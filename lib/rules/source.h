/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - which rule files there are, from the configuration
 *
 *	[rules NAME]	a file or folder, its owner, and what it may do
 *	plain paths	`rules` of [keyword]: may do all, nothing is demanded
 */
#ifndef RULES_SOURCE_H
#define RULES_SOURCE_H

#include "conf/conf.h"
#include "rules/rules.h"

extern const struct conf_param rules_params[];

#define RULES_SCHEMA	{ "rules", true, { rules_params } }

/*
 * rules_sources - the [rules] sections, then the plain paths
 *
 * plain:   NULL for none.
 * Returns: 0 and *out (free it; strings are the configuration's), *n; -1.
 */
int	rules_sources(const struct conf *, const struct conf_list *plain,
	    struct rules_source **out, size_t *n, struct err *e);

/* A path that nobody configured: everything is allowed, nothing demanded but
 * what strict asks for. */
void	rules_source_init(struct rules_source *, const char *path,
	    bool strict);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * common.h - the top of mailweir.conf: what every program needs to know
 */
#ifndef CONF_COMMON_H
#define CONF_COMMON_H

#include "conf/conf.h"

struct conf_common {
	const char	*state_dir;	/* /var/lib/mailweir */
	const char	*run_dir;	/* /run/mailweir: sockets, counters */
	const char	*store_path;	/* $state_dir/store */
	const char	*store_key_file; /* /etc/mailweir/store.key */
	const char	*token_key_file; /* /etc/mailweir/token.key */
	const char	*authority;	/* our name in Authentication-Results
					   (RFC 8601); "" = the host's name */
	bool		 fold_local;	/* fold ASCII letters of local parts */
	struct conf_list address_rules;	/* "domain:subaddress,dots" items */
};

extern const struct conf_param conf_common_params[];

#endif

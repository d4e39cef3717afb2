/* SPDX-License-Identifier: BSD-2-Clause */
/* conf.h - what section [feedback] says of belief and of the store's changes */
#ifndef FEEDBACK_CONF_H
#define FEEDBACK_CONF_H

#include "conf/conf.h"

struct feedback_conf {
	const char	*bounces;	/* rows before the built-in ones */
	const char	*park_dir;
	long		 park_max;	/* parked reports before 452 */
	const char	*bounce_scope;
	const char	*complaint_scope;	/* "" = the token's */
	const char	*default_scope;	/* without a token */
	long		 token_max_age;	/* seconds */
	struct conf_list optout_replies;	/* scopes */
};

extern const struct conf_param feedback_params[];

#endif

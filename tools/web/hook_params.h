/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_params.h - sections [webhook NAME] of mailweir.conf */
#ifndef WEB_HOOK_PARAMS_H
#define WEB_HOOK_PARAMS_H

#include "conf/conf.h"

#define HOOK_NAME_MAX	32	/* octets of a section's name */

struct hook_conf {
	int		 provider;	/* enum hook_provider */
	const char	*key_file;
	const char	*header;	/* Postmark: "" = Basic */
	struct conf_list topics;	/* SES */
	bool		 fetch;
	bool		 confirm;
	const char	*scope;		/* "" = default_scope */
	struct conf_list scopes;	/* "LABEL:SCOPE" */
	long		 max_age;
};

extern const struct conf_param webhook_params[];

/* The row for a program's list of schemas. */
#define WEBHOOK_SCHEMA	{ "webhook", true, { webhook_params } }

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * params.h - sections [web] and [scope NAME] of mailweir.conf
 *
 * For mailweir-web, and for `mailweir check`.
 */
#ifndef WEB_PARAMS_H
#define WEB_PARAMS_H

#include "conf/conf.h"

#define WEB_LANGS	6	/* en zh de fr es ja, in this order */

struct web_conf {
	const char	*listen;	/* "127.0.0.1:8580", "fd:3" */
	const char	*api_listen;
	const char	*admin_listen;	/* "" = none */
	long		 threads;
	long		 max_connections;
	long		 connection_memory;
	long		 idle_timeout;
	long		 request_timeout;
	long		 max_body;
	long		 hook_max_body;
	long		 hook_max_memory;
	long		 max_pending;
	long		 batch;
	long		 stop_timeout;
	const char	*base_url;	/* "https://u.example", "" = unknown */
	const char	*path;		/* "/u/" */
	long		 token_max_age;
	long		 undo_time;
	long		 proof_time;
	struct conf_list trusted_proxies;
	long		 client_rate;	/* presses a minute and client */
	long		 mail_rate;	/* mails an hour and recipient */
	long		 mail_client_rate;
	const char	*brand;
	const char	*brand_color;
	const char	*logo;
	const char	*postal_address;
	const char	*smtp;		/* "127.0.0.1:25", "" = no mail */
	const char	*mail_from;
	long		 mail_timeout;
	const char	*api_key_file;	/* "" = no API */
	long		 api_rate;	/* requests a second and key */
	long		 api_max_connections;
};

/* What a scope is called on the page. */
struct scope_conf {
	const char	*title;
	const char	*titles[WEB_LANGS];
};

extern const struct conf_param web_params[];
extern const struct conf_param scope_params[];

/* The rows for a program's list of schemas. */
#define WEB_SCHEMA	{ "web", false, { web_params } }, \
			{ "scope", true, { scope_params } }

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.h - section [feedback], what is believed and what it changes, and
 * section [ingest], how mail comes in
 */
#ifndef FEEDBACK_CONF_H
#define FEEDBACK_CONF_H

#include "conf/conf.h"

struct feedback_conf {
	const char	*bounces;	/* rows before the built-in ones */
	const char	*park_dir;
	long		 park_max;	/* parked reports before 451 */
	long		 park_share;	/* of them, from one source */
	const char	*complaint_dir;	/* "" = none */
	const char	*bounce_scope;
	const char	*complaint_scope;	/* "" = the token's */
	const char	*default_scope;	/* without a token */
	long		 token_max_age;	/* seconds */
	struct conf_list optout_replies;	/* scopes */
	struct conf_list our_domains;	/* d= of our own signatures */
	const char	*dkim_records;	/* file, instead of DNS */
	const char	*dns_servers;
};

struct ingest_conf {
	const char	*socket;
	const char	*socket_mode;
	long		 max_connections;
	long		 max_recipients;
	long		 max_message_size;
	long		 max_memory;	/* octets of mail held at once */
	long		 timeout;	/* seconds for a command */
	long		 data_timeout;	/* for a whole message */
	long		 stop_timeout;
	long		 rescan;	/* --maildir: look again */
};

/* Fill *out from section [feedback]; scopes must be names of scopes. -1 with
 * "FILE:LINE: name: why". */
int	feedback_conf_load(const struct conf *, struct feedback_conf *out,
	    struct err *e);

extern const struct conf_param feedback_params[];
extern const struct conf_param ingest_params[];

/* The rows for a program's list of schemas. */
#define FEEDBACK_SCHEMA	{ "feedback", false, { feedback_params } }
#define INGEST_SCHEMA	{ "ingest", false, { ingest_params } }

#endif

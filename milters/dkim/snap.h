/* SPDX-License-Identifier: BSD-2-Clause */
/* snap.h - what dkim.c, choose.c and snap.c know of one configuration */
#ifndef DKIM_SNAP_H
#define DKIM_SNAP_H

#include "conf/conf.h"
#include "dkim/dsign.h"
#include "dkim/dtable.h"
#include "dkim/hosts.h"
#include "stream/stream.h"

enum dkim_action { DKIM_PASS, DKIM_REJECT, DKIM_TEMPFAIL };
enum dkim_by { DKIM_BY_FROM, DKIM_BY_SENDER, DKIM_BY_SASL, DKIM_BY_MAX };

struct dkim_conf {
	struct conf_list sign_headers, oversign_headers, oversign_present;
	int		 canonicalization;	/* 2 * header + body */
	int		 engine;
	long		 signature_ttl;
	long		 line_limit;
	struct conf_list sign_by;
	struct conf_list internal_hosts;
	bool		 sign_authenticated, sign_local;
	bool		 parent_domains;
	int		 no_key, bad_message, on_error;
	int		 existing;		/* 1 = remove */
	long		 key_cache;
	bool		 signing_table_all;
	const char	*key_table, *signing_table, *key_path, *key_selector;
	const char	*path_map, *selector_map, *key_store;
};

struct dkim_snap {
	struct dkim_conf	 c;
	struct dsign_policy	*policy;
	struct dtable		*table;
	struct hosts		*internal;
	struct stream_set	*streams;
	bool			 by_stream;	/* some stream names keys */
	enum dkim_by		 by[DKIM_BY_MAX];
	size_t			 nby;
};

extern const struct conf_param dkim_params[], rotation_params[];
extern const struct conf_schema dkim_schemas[];

int	snap_load(const struct conf *, void **snap, struct err *e);
void	snap_free(void *snap);

#endif

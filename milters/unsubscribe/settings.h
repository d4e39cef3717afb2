/* SPDX-License-Identifier: BSD-2-Clause */
/* settings.h - one configuration of unsubscribe.c and its kin */
#ifndef UNSUBSCRIBE_SETTINGS_H
#define UNSUBSCRIBE_SETTINGS_H

#include "conf/common.h"
#include "mail/addr.h"
#include "store/key.h"
#include "stream/stream.h"
#include "token/token.h"
#include "unsubscribe/split.h"

struct settings {
	const char		*mailto_subject;
	struct split_conf	 split;
};

/* One configuration, loaded. */
struct snap {
	struct conf_common	 common;
	struct settings		 set;
	struct addr_rules	*rules;
	struct stream_set	*streams;
	struct token_keys	*tokens;	/* NULL: no stream needs them */
	struct store_keys	*store;
	struct split		*split;		/* NULL: no stream splits */
	bool			 headers, sender, body;	/* what is edited */
	bool			 holds;		/* some stream does */
};

extern const struct conf_param settings_params[];
extern const struct conf_schema settings_schemas[];

/* As load and unload of struct frame_policy. */
int	settings_load(const struct conf *, void **snap, struct err *e);
void	settings_free(void *snap);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_conf.h - the [webhook NAME] sections of a file, with their keys */
#ifndef WEB_HOOK_CONF_H
#define WEB_HOOK_CONF_H

#include "feedback/hook.h"
#include "web/hook_params.h"

struct hook_keys;

struct webhook {
	const char		*name;
	struct hook_conf	 conf;
	struct hook_scopes	 scopes;
	struct hook_keys	*keys;
};

struct webhooks {
	size_t		 n;
	struct webhook	*v;
};

/* All of them; -1 with "FILE:LINE: name: why". */
int	webhooks_load(const struct conf *, struct webhooks *, struct err *e);
void	webhooks_free(struct webhooks *);
/* Is there one of that name? Else NULL. */
const struct webhook *webhooks_find(const struct webhooks *,
	    const char *name);

#endif

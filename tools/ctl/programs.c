/* SPDX-License-Identifier: BSD-2-Clause */
/* programs.c - see programs.h */
#include "ctl/programs.h"

#include <stdlib.h>
#include <string.h>

#include "dkim/dkim.h"
#include "feedback/belief.h"
#include "feedback/conf.h"
#include "keyword/keyword.h"
#include "store/conf.h"
#include "stream/stream.h"
#include "suppress/suppress.h"
#include "unsubscribe/unsubscribe.h"
#include "web/hook_params.h"
#include "web/params.h"

#include "base/banned.h"

const struct frame_policy *const ctl_policies[] = {
	&suppress_policy,
	&keyword_policy,
	&unsubscribe_policy,
	&dkim_policy,
	NULL
};

/* What no policy names: shared by all, or a tool's own. */
static const struct conf_schema others[] = {
	STORE_SCHEMA,
	FEEDBACK_SCHEMA,
	INGEST_SCHEMA,
	REPORTER_SCHEMA,
	WEB_SCHEMA,
	WEBHOOK_SCHEMA,
	{ "stream", true, { stream_params } },
	{ NULL, false, { NULL } }
};

/* add - one kind, its tables joined with those of the same kind before it */
static size_t
add(struct conf_schema *v, size_t n, const struct conf_schema *s)
{
	size_t	i, t, k;

	for (i = 0; i < n && strcmp(v[i].kind, s->kind) != 0; i++)
		;
	if (i == n) {
		v[n] = *s;
		return n + 1;
	}
	for (t = 0; t < CONF_TABLES && s->tables[t] != NULL; t++) {
		for (k = 0; k < CONF_TABLES && v[i].tables[k] != NULL &&
		    v[i].tables[k] != s->tables[t]; k++)
			;
		if (k < CONF_TABLES)
			v[i].tables[k] = s->tables[t];
	}
	return n;
}

const struct conf_schema *
ctl_schemas(void)
{
	static struct conf_schema	all[2 * FRAME_SCHEMAS];
	size_t				i, n = 0;

	if (all[0].kind != NULL)
		return all;
	/* The chain reads what all milters read, and has a section too. */
	if (frame_schemas("chain", ctl_policies, all, FRAME_SCHEMAS,
	    NULL) == -1)
		abort();	/* the tables are constants: our mistake */
	while (all[n].kind != NULL)
		n++;
	for (i = 0; others[i].kind != NULL; i++)
		n = add(all, n, &others[i]);
	return all;
}

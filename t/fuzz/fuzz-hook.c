/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-hook.c - any JSON in the form of each provider: its first octet says
 * which; the events must hold what hook.h says */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedback/hook.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bounces		*bounces;
	static const char *const	 items[] = { "promo:offers", NULL };
	const struct conf_list		 map = { items, 1 };
	const struct hook_scopes	 scopes = { &map, "" };
	struct feedback_ctx		 ctx = { NULL, NULL, 0, 0 };
	struct feedback			*fb;
	struct err			 e = { "", 0 };
	json_t				*doc;
	size_t				 i, bad;

	if (bounces == NULL && bounces_load(NULL, &bounces, &e) == -1)
		abort();
	ctx.bounces = bounces;
	if (size == 0 || (doc = hook_json((const char *)data + 1,
	    size - 1)) == NULL)
		return 0;
	if (hook_parse(&ctx, (enum hook_provider)(data[0] & 3), &scopes, doc,
	    &fb, &bad, &e) == 0) {
		if (fb->n > HOOK_EVENTS_MAX)
			abort();
		for (i = 0; i < fb->n; i++)
			if (strchr(fb->v[i].recipient, '\n') != NULL ||
			    fb->v[i].kind == 0 || fb->v[i].scope == NULL ||
			    strlen(fb->v[i].event_id) == 0 ||
			    feedback_kind_name(fb->v[i].kind) == NULL)
				abort();
		feedback_free(&fb);
	}
	json_decref(doc);
	return 0;
}

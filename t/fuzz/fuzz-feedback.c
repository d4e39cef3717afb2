/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-feedback.c - any octets as a report: whole mail, and as JSON */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "feedback/feedback.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bounces	*table;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feedback_ctx	 ctx = { 0 };
	struct feedback		*fb;
	struct buf		 out = BUF_INIT(1 << 20);
	size_t			 i;

	if (table == NULL && bounces_load(NULL, &table, NULL) == -1)
		abort();
	ctx.bounces = table;
	if (feedback_parse(&ctx, (const char *)data, size, NULL, &fb,
	    NULL) == -1)
		abort();
	if (fb->n > FEEDBACK_EVENTS_MAX || (fb->n == 0 && fb->why[0] == '\0'))
		abort();
	for (i = 0; i < fb->n; i++) {
		const struct feedback_event	*ev = &fb->v[i];

		/* a status is stated, never made up */
		if (ev->status[0] != '\0' && memmem(data, size, ".", 1) == NULL)
			abort();
		buf_reset(&out);
		if (feedback_json(fb, i, "f", &out) == -1 ||
		    memchr(out.data, '\n', out.len) != NULL)
			abort();
	}
	feedback_free(&fb);
	buf_free(&out);
	return 0;
}

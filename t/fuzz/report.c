/* SPDX-License-Identifier: BSD-2-Clause */
/* report.c - see report.h */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "feedback/feedback.h"

static struct bounces	*table;

/* check - what feedback.h promises of a result */
static void
check(const struct feedback *fb, const char *raw, size_t len)
{
	struct buf	out = BUF_INIT(1 << 20);
	size_t		i;

	if (fb->n > FEEDBACK_EVENTS_MAX || (fb->n == 0 && fb->why[0] == '\0'))
		abort();
	if (fb->original.off > len ||
	    fb->original.len > len - fb->original.off)
		abort();
	for (i = 0; i < fb->n; i++) {
		/* a status is stated, never made up */
		if (fb->v[i].status[0] != '\0' && memchr(raw, '.', len) == NULL)
			abort();
		buf_reset(&out);
		if (feedback_json(fb, i, "f", &out) == -1 ||
		    memchr(out.data, '\n', out.len) != NULL)
			abort();
	}
	buf_free(&out);
}

int
fuzz_report(const char *header, const uint8_t *data, size_t size)
{
	struct feedback_ctx	 ctx = { 0 };
	struct feedback		*fb;
	size_t			 n = strlen(header), len = n + size;
	char			*raw;

	if (table == NULL && bounces_load(NULL, &table, NULL) == -1)
		abort();
	/* of the exact size, so that a read beyond it is seen */
	if ((raw = malloc(len + (len == 0))) == NULL)
		abort();
	memcpy(raw, header, n);
	if (size > 0)
		memcpy(raw + n, data, size);
	ctx.bounces = table;
	if (feedback_parse(&ctx, raw, len, NULL, &fb, NULL) == -1)
		abort();
	check(fb, raw, len);
	feedback_free(&fb);
	free(raw);
	return 0;
}

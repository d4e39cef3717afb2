/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-view.c - any octets as a message: every text and link of it */
#include <stdint.h>
#include <stdlib.h>

#include "mail/fold.h"
#include "mail/view.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* touch - every octet of a list is there to be read */
static unsigned
touch(const struct view_texts *t)
{
	unsigned	sum = 0;
	size_t		i, k;

	for (i = 0; i < t->n; i++)
		for (k = 0; k < t->v[i].n; k++)
			sum += (unsigned char)t->v[i].p[k];
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view_limits lim = { 1 << 20, 100, 8, 100, 5000, 5000,
				    200, 1 << 20 };
	const struct uri_world	 world = { NULL, NULL, NULL };
	struct view_texts	 body, t;
	struct buf		 fold = BUF_INIT(1 << 20);
	struct view		*v;
	volatile unsigned	 sum = 0;
	size_t			 i;

	if (view_open((const char *)data, size, &lim, &v, NULL) == -1)
		abort();
	if (view_part_count(v) > lim.parts)
		abort();
	if (view_body(v, &body) == -1)
		abort();
	sum += touch(&body);
	for (i = 0; i < body.n; i++) {
		buf_reset(&fold);
		(void)fold_text(body.v[i].p, body.v[i].n, &fold);
	}
	if (view_rawbody(v, &t) == -1)
		abort();
	sum += touch(&t);
	if (view_uris(v, &world, &t) == -1 || t.n > lim.uris)
		abort();
	sum += touch(&t);
	for (i = 0; i < view_header_count(v); i++)
		if (view_header_at(v, i)->name.n == 0)
			abort();
	(void)sum;
	view_free(&v);
	buf_free(&fold);
	return 0;
}

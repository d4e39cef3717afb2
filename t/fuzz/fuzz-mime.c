/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-mime.c - any octets as a message: every part decoded and as text */
#include <stdint.h>
#include <stdlib.h>

#include "mail/mime.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* check - what mime.h promises of every part */
static void
check(const struct mime *m, size_t i, size_t size)
{
	const struct mime_part	*p = mime_at(m, i);

	if (p->raw > size || p->raw_len > size - p->raw || p->parent > i ||
	    (i > 0 && p->parent == i) || p->type == NULL)
		abort();
	if (i > 0 && p->depth != mime_at(m, p->parent)->depth + 1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mime_limits lim = { 1 << 20, 50, 8, 100, 65536 };
	struct buf		 out = BUF_INIT(1 << 20);
	const struct header	*h;
	struct mime		*m;
	size_t			 i, k;

	if (mime_parse((const char *)data, size, &lim, &m, NULL) == -1)
		abort();
	for (i = 0; i < mime_count(m); i++) {
		check(m, i, size);
		buf_reset(&out);
		if (mime_decode(m, i, &out) == -1)
			abort();
		buf_reset(&out);
		if (mime_text(m, i, &out) == -1)
			abort();
		for (k = 0; k < mime_at(m, i)->headers.n; k++) {
			buf_reset(&out);
			h = &mime_at(m, i)->headers.v[k];
			(void)mime_header_text(h->value, h->value_len, &out);
		}
	}
	mime_free(&m);
	buf_free(&out);
	return 0;
}

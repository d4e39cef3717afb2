/* SPDX-License-Identifier: BSD-2-Clause */
/* message.c - see message.h */
#include "keyword/message.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

static bool
skipped(const char *const *skip, const char *name)
{
	for (; *skip != NULL; skip++)
		if (strcasecmp(*skip, name) == 0)
			return true;
	return false;
}

/* add_body - CRLF becomes LF; a CR alone stays */
static int
add_body(const char *p, size_t n, struct buf *out)
{
	const char	*end = p + n, *cr;
	size_t		 len;

	while (p < end) {
		cr = memchr(p, '\r', (size_t)(end - p));
		len = (size_t)((cr == NULL ? end : cr) - p);
		if (buf_add(out, p, len) == -1)
			return -1;
		if (cr == NULL)
			break;
		p = cr + 1;
		if ((p == end || *p != '\n') && buf_addc(out, '\r') == -1)
			return -1;
	}
	return 0;
}

int
message_text(const struct frame_msg *m, const char *const *skip,
    struct buf *out)
{
	const struct header_list	*h = frame_headers(m);
	const char			*body;
	uint64_t			 total;
	size_t				 i, len;

	for (i = 0; i < h->n; i++) {
		if (skipped(skip, h->v[i].name))
			continue;
		if (buf_adds(out, h->v[i].name) == -1 ||
		    buf_addc(out, ':') == -1 ||
		    buf_add(out, h->v[i].value, h->v[i].value_len) == -1 ||
		    buf_addc(out, '\n') == -1)
			return -1;
	}
	body = frame_body(m, &len, &total);
	return buf_addc(out, '\n') == -1 ? -1 : add_body(body, len, out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* json.c - an event as one JSON object on one line */
#include "feedback/parse.h"

#include <string.h>

#include "base/banned.h"

/* utf8_len - octets of the well-formed sequence at p, 0 if it is none */
static size_t
utf8_len(const unsigned char *p)
{
	size_t	i, k;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	k = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	for (i = 1; i < k; i++)
		if ((p[i] & 0xc0) != 0x80)	/* NUL ends it here, too */
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return k;
}

void
json_quote(struct buf *out, const char *s)
{
	const unsigned char	*p = (const unsigned char *)s;
	size_t			 k;

	(void)buf_addc(out, '"');
	while (*p != '\0') {
		if (*p == '"' || *p == '\\') {
			(void)buf_addc(out, '\\');
			(void)buf_addc(out, (char)*p++);
		} else if (*p < ' ' || *p == 0x7f) {
			(void)buf_addf(out, "\\u%04x", *p++);
		} else if ((k = utf8_len(p)) > 0) {
			(void)buf_add(out, p, k);
			p += k;
		} else {
			(void)buf_adds(out, "\\ufffd");
			p++;
		}
	}
	(void)buf_addc(out, '"');
}

static void
put(struct buf *out, const char *key, const char *value)
{
	(void)buf_addf(out, ",\"%s\":", key);
	json_quote(out, value);
}

int
feedback_json(const struct feedback *fb, size_t i, const char *file,
    struct buf *out)
{
	const struct feedback_event	*ev = &fb->v[i];

	(void)buf_adds(out, "{\"file\":");
	json_quote(out, file);
	(void)buf_addf(out, ",\"event\":%zu", i + 1);
	put(out, "kind", feedback_kind_name(ev->kind));
	put(out, "recipient", ev->recipient);
	put(out, "original_recipient", ev->original_recipient);
	put(out, "action", ev->action);
	put(out, "status", ev->status);
	put(out, "code", ev->code);
	put(out, "reason", ev->reason);
	(void)buf_addf(out, ",\"hard\":%s", ev->hard ? "true" : "false");
	put(out, "feedback_type", ev->feedback_type);
	put(out, "reporter", ev->reporter);
	put(out, "message_id", ev->message_id);
	put(out, "list_id", ev->list_id);
	put(out, "feedback_id", ev->feedback_id);
	put(out, "token", feedback_token_name(ev->token_state));
	put(out, "diagnostic", ev->diagnostic);
	put(out, "agent", ev->agent);
	(void)buf_addf(out, ",\"confidence\":%.2f}", ev->confidence);
	return out->failed ? -1 : 0;
}

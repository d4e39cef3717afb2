/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cover.c - see cover.h
 *
 * The signer names both fields in h= by itself; this is the second look, at
 * what is about to leave:
 *
 *	one-click header   stream's         signature		verdict
 *			   require_signing
 *	none		   -		    -			continue
 *	there		   no		    -			continue
 *	there		   yes		    covers both		continue
 *	there		   yes		    none, or lacks one	550
 *	there		   yes		    none by our fault	451
 */
#include "dkim/cover.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dkim/choose.h"
#include "dkim/drecord.h"

#include "base/banned.h"

#define TEXT_SIZE	400	/* octets of a refusal */

static const char	link_name[] = "List-Unsubscribe";
static const char	post_name[] = "List-Unsubscribe-Post";

/* named - how often a name stands in a list with colons */
static size_t
named(const char *h, size_t len, const char *name)
{
	const char	*end = h + len, *p;
	size_t		 n = strlen(name), count = 0;

	for (; h < end; h = p + 1) {
		if ((p = memchr(h, ':', (size_t)(end - h))) == NULL)
			p = end;
		while (h < p && strchr(" \t\r\n", *h) != NULL)
			h++;
		len = (size_t)(p - h);
		while (len > 0 && strchr(" \t\r\n", h[len - 1]) != NULL)
			len--;
		if (len == n && strncasecmp(h, name, n) == 0)
			count++;
	}
	return count;
}

bool
cover_complete(const struct header_list *l, const char *signature)
{
	size_t		 links = header_count(l, link_name), len,
			 posts = header_count(l, post_name);
	const char	*h = drecord_tag(signature, "h", &len);

	return h != NULL && links > 0 && posts > 0 &&
	    named(h, len, link_name) >= links &&
	    named(h, len, post_name) >= posts;
}

/* concerned - the stream, if it wants the signature; else NULL */
static const struct stream *
concerned(struct frame_msg *m, const struct dkim_snap *s)
{
	const struct stream	*st;

	if (header_first(frame_headers(m), post_name) == NULL)
		return NULL;
	st = choose_stream(m, s);
	return st != NULL && st->require_signing ? st : NULL;
}

/* refuse - and say so */
static enum frame_verdict
refuse(struct frame_msg *m, const struct stream *st, const char *why,
    bool fault)
{
	char	text[TEXT_SIZE];

	frame_event(m, fault ? LOG_ERR : LOG_NOTICE, "dkim_uncovered",
	    LOG_STR("stream", st->name), LOG_STR("why", why));
	frame_count(m, "dkim_uncovered_total", "stream", st->name);
	(void)snprintf(text, sizeof text, "One-click unsubscribe headers of "
	    "stream %.64s leave only under a DKIM signature that covers "
	    "them: %.200s", st->name, why);
	frame_reply(m, fault ? "451" : "550", fault ? "4.7.5" : "5.7.1",
	    text);
	return fault ? FRAME_TEMPFAIL : FRAME_REJECT;
}

enum frame_verdict
cover_unsigned(struct frame_msg *m, const struct dkim_snap *s,
    const char *why, bool fault)
{
	const struct stream	*st = concerned(m, s);

	return st == NULL ? FRAME_CONTINUE : refuse(m, st, why, fault);
}

enum frame_verdict
cover_signed(struct frame_msg *m, const struct dkim_snap *s,
    const char *signature)
{
	const struct stream	*st = concerned(m, s);

	if (st == NULL || cover_complete(frame_headers(m), signature))
		return FRAME_CONTINUE;
	return refuse(m, st, header_first(frame_headers(m), link_name) ==
	    NULL ? "there is no List-Unsubscribe" :
	    "the signature does not name both", false);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* bymail.h - links that go to the mailbox itself */
#ifndef WEB_BYMAIL_H
#define WEB_BYMAIL_H

#include "web/http.h"
#include "web/web.h"

/*
 * bymail - mail a link to the address, and say so whatever becomes of it once
 * it is on disk; 503 if it cannot be
 *
 * A recipient's token: a proof for `scope`, if it is that recipient's address.
 * A list's token: the address's own unsubscribe link.
 */
enum http_next bymail(struct http_req *, struct http_resp *,
	    const struct token *, const struct web_scope *scope,
	    const char *address);

#endif

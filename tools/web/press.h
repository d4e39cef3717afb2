/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * press.h - what changes the store: presses, undo, subscribing again
 *
 * Each returns HTTP_DONE with an answer, or HTTP_WAIT: the committing thread
 * is to have the change, and the answer comes after that.
 */
#ifndef WEB_PRESS_H
#define WEB_PRESS_H

#include "web/http.h"
#include "web/ticket.h"
#include "web/web.h"

enum press { P_ONE_CLICK, P_OFF, P_ALL, P_UNDO, P_CONFIRM };

/* Opt out of one scope, or of "*". */
enum http_next press_off(struct http_req *, struct http_resp *, enum press,
	    const struct token *, const struct web_scope *);
/* Take back what the undo ticket names. */
enum http_next press_undo(struct http_req *, struct http_resp *,
	    const struct token *, const char *ticket);
/* Subscribe again to one list, with proof. */
enum http_next press_confirm(struct http_req *, struct http_resp *,
	    const struct ticket *, const struct web_scope *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hook.h - POST /hooks/NAME: what mail providers report, proven and stored
 *
 *	not proven, unknown NAME	403, the same octets for all
 *	proven				200 once all of it is on disk
 *	the store cannot take it	503, Retry-After; nothing is on disk
 */
#ifndef WEB_HOOK_H
#define WEB_HOOK_H

#include "feedback/apply.h"
#include "web/hook_conf.h"
#include "web/http.h"

#define HOOK_PATH	"/hooks/"

/* Of one configuration. */
struct hooks {
	struct webhooks		 list;
	struct feedback_conf	 feedback;
	struct bounces		*bounces;
	struct apply		 apply;
};

/* Of the program: tokens that were used, memory in use, who fetches. */
struct hook_state;

struct conf;
int	hooks_load(const struct snap *, struct hooks **, struct err *e);
void	hooks_free(struct hooks **);
int	hook_state_new(struct hook_state **, struct err *e);
void	hook_state_free(struct hook_state **);

/* Is the request for us? Its other functions are then these, as in struct
 * http_handlers. */
bool	hook_is(const struct http_req *);
int	hook_begin(struct http_req *);
enum http_next hook_handle(struct http_req *, struct http_resp *);

#endif

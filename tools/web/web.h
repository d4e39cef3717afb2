/* SPDX-License-Identifier: BSD-2-Clause */
/* web.h - what the parts of mailweir-web share */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "conf/common.h"
#include "metrics/metrics.h"
#include "store/store.h"
#include "stream/stream.h"
#include "token/token.h"
#include "web/params.h"
#include "web/text.h"

#define WEB_ACTOR	"mailweir-web"	/* in the journal */

extern const struct conf_schema web_schemas[];

/* A scope by name and number, with what people call it. */
struct web_scope {
	const char		*name;
	uint32_t		 id;
	const char		*titles[WEB_LANGS];
	const struct stream	*stream;	/* the first whose unsubscribes
						   go here; NULL */
};

/* One configuration, loaded whole; requests hold it while they run. */
struct snap {
	atomic_uint		 refs;
	struct conf		*file;
	struct conf_common	 common;
	struct web_conf		 web;
	struct addr_rules	*rules;
	struct store_keys	*keys;
	struct token_keys	*tokens;
	struct stream_set	*streams;
	struct api_keys		*api;		/* NULL: no API */
	struct hooks		*hooks;		/* hook.h */
	struct web_scope	*scopes;	/* all that have a name */
	size_t			 nscopes;
	uint8_t			 ticket_key[32];
	char			*logo;		/* its octets, NULL = none */
	size_t			 logo_len;
	const char		*logo_type;
	char			*style;		/* the sheet, colours in */
	char			*csp;		/* Content-Security-Policy */

	pthread_mutex_t		 lock;		/* of store, tried */
	struct store		*store;		/* NULL while it cannot be
						   opened */
	time_t			 tried;
};

int	snap_load(const char *path, struct snap **, struct err *e);
void	snap_release(struct snap *);
/* The store, opened now if it was not; NULL and *e. At most one attempt a
 * second. Valid as long as the snap. */
struct store *snap_store(struct snap *, struct err *e);
const struct web_scope *snap_scope(const struct snap *, uint32_t id);
const char *web_title(const struct web_scope *, enum lang);

struct commit;
struct mailer;
struct limit;
struct hook_state;
struct http_server;

struct web {
	pthread_mutex_t	 lock;		/* of snap */
	struct snap	*snap;
	struct metrics	*metrics;
	struct commit	*commit;
	struct mailer	*mailer;
	struct limit	*limit;
	struct hook_state *hook_state;
	struct http_server *pub, *api, *admin;
	atomic_bool	 stopping;
};

struct snap *web_snap(struct web *);	/* snap_release() it */
void	web_swap(struct web *, struct snap *);

struct http_handlers;
extern const struct http_handlers public_handlers, api_handlers,
	    admin_handlers;

#endif

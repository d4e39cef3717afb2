/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http.h - requests in, responses out; no handler knows libmicrohttpd
 *
 * A handler is called when a request is complete, with its whole body (which
 * is bounded), fills the response and returns. A handler of the public server
 * must not block: what needs the disk goes into a commit_job of the request's
 * .work and the handler returns HTTP_WAIT; .care then has the rest. Handlers
 * of the API and the admin's server have a thread of their own and may wait.
 */
#ifndef WEB_HTTP_H
#define WEB_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct MHD_Connection;
struct web;
struct snap;

enum http_method {
	HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OPTIONS, HTTP_OTHER
};

enum http_next { HTTP_DONE, HTTP_WAIT };

#define HTTP_CLIENT	46	/* text of an address, NUL included */

struct http_req;
struct http_resp;

/* Who takes care of a request's .work. The first two: of one that waits. */
struct http_care {
	/* Start what it waits for; http_resume() ends that. */
	void		(*start)(struct http_req *);
	/* Answer, or wait again. */
	enum http_next	(*finish)(struct http_req *, struct http_resp *);
	void		(*free)(struct http_req *);
};

struct http_req {
	enum http_method method;
	const char	*path;		/* as it came, not unescaped; valid for
					   the handler's call only */
	struct buf	 body;
	size_t		 body_seen;	/* octets, those dropped included */
	char		 client[HTTP_CLIENT];
	int64_t		 began_us;
	struct snap	*snap;		/* the configuration it began with */
	struct web	*web;
	struct http_server *server;
	struct loop	*loop;		/* that serves it; http.c's */
	struct MHD_Connection *conn;	/* request.c's */
	bool		 waited;	/* .care goes on with it */
	int		 early;		/* status to give without a handler */
	bool		 hook;		/* a web hook's (hook.h) */
	void		*work;		/* the handler's; set with .care */
	const struct http_care *care;
};

#define HTTP_HEADERS	12

struct http_resp {
	int		 status;
	const char	*type;		/* Content-Type; NULL: text/plain */
	struct buf	 body;
	struct { const char *name, *value; } headers[HTTP_HEADERS];
	size_t		 nheaders;	/* values are copied on return */
	char		 scratch[512];	/* for a value made on the spot */
	const char	*fixed;		/* instead of body: static text */
};

void	http_header(struct http_resp *, const char *name, const char *value);
/* A request's header, NULL if it has none. */
const char *http_get(const struct http_req *, const char *name);
/* A query argument as it came, NULL if it has none. */
const char *http_arg(const struct http_req *, const char *name);

struct http_handlers {
	/* Is this body wanted? 0, or a status to refuse with. After the
	 * header, before any of the body. NULL: max_body alone decides. */
	int		(*begin)(struct http_req *);
	/* A piece of the body as it comes; NULL: it is collected in .body.
	 * -1: no more is wanted. */
	int		(*piece)(struct http_req *, const char *, size_t);
	enum http_next	(*handle)(struct http_req *, struct http_resp *);
};

struct http_opts {
	const char	*listen;
	const char	*name;		/* "public", for metrics */
	unsigned	 threads;	/* 0: a thread each connection */
	unsigned	 max_connections;
	size_t		 memory;
	unsigned	 idle_timeout;
	unsigned	 request_timeout;	/* 0: none */
	size_t		 max_body;
};

struct http_server;

int	http_start(struct web *, const struct http_opts *,
	    const struct http_handlers *, struct http_server **,
	    struct err *e);
/* The request that waits goes on; from any thread. */
void	http_resume(struct http_req *);
/* Cut off who takes longer than request_timeout, and who went away; call about
 * once a second, ten times as often while it says so. */
bool	http_sweep(struct http_server *);
/* Take no more connections. */
int	http_fd(const struct http_server *);	/* that it listens on, or -1 */
void	http_quiesce(struct http_server *);
/* Requests in hand. */
long	http_active(const struct http_server *);
void	http_stop(struct http_server **);

#endif

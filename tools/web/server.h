/* SPDX-License-Identifier: BSD-2-Clause */
/* server.h - a server inside: what http.c and request.c share */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "web/conns.h"
#include "web/http.h"

/*
 * One thread that serves. The library's own loop asks the kernel again,
 * and waits, before it serves what it was told, whenever it was told of just
 * 128 events: these then wait until something else happens. Ours waits by
 * itself and lets the library only fetch. The library has no way then to wake
 * it for a request that goes on; `wake` is ours.
 */
struct loop {
	struct http_server	*server;
	struct MHD_Daemon	*daemon;
	pthread_t		 thread;
	int			 wake;		/* an eventfd */
	bool			 running;
	bool			 quiet;		/* takes no more connections */
	int			 listener;	/* ours again, when quiet */
};

struct http_server {
	struct web			*web;
	const struct http_handlers	*h;
	struct http_opts		 o;
	struct loop			*loops;
	size_t				 nloops;
	atomic_bool			 stop;
	struct conns			 conns;
	atomic_long			 active;	/* requests in hand */
};

/* Callbacks of the library; cls is the loop, and the server. */
enum MHD_Result server_access(void *cls, struct MHD_Connection *,
	    const char *url, const char *method, const char *version,
	    const char *data, size_t *ndata, void **ctx);
void	server_completed(void *cls, struct MHD_Connection *, void **ctx,
	    enum MHD_RequestTerminationCode);

#endif

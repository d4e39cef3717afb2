/* SPDX-License-Identifier: BSD-2-Clause */
/* request.c - a request's life, from its header to its answer; see http.h */
#include "web/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "web/conns.h"
#include "web/web.h"

#include "base/banned.h"

void
http_header(struct http_resp *r, const char *name, const char *value)
{
	if (r->nheaders == HTTP_HEADERS)
		return;
	r->headers[r->nheaders].name = name;
	r->headers[r->nheaders].value = value;
	r->nheaders++;
}

const char *
http_get(const struct http_req *q, const char *name)
{
	return MHD_lookup_connection_value(q->conn, MHD_HEADER_KIND, name);
}

const char *
http_arg(const struct http_req *q, const char *name)
{
	return MHD_lookup_connection_value(q->conn, MHD_GET_ARGUMENT_KIND,
	    name);
}

/* -- who asks -------------------------------------------------------------- */

/* peer - the address of the other end, as text */
static void
peer(struct MHD_Connection *c, char out[HTTP_CLIENT])
{
	const union MHD_ConnectionInfo	*ci;
	const struct sockaddr		*sa;

	(void)snprintf(out, HTTP_CLIENT, "unknown");
	ci = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (ci == NULL || (sa = ci->client_addr) == NULL)
		return;
	if (sa->sa_family == AF_INET)
		(void)inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
		    out, HTTP_CLIENT);
	else if (sa->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)
		    (const void *)sa)->sin6_addr, out, HTTP_CLIENT);
}

static bool
listed(const struct conf_list *l, const char *addr)
{
	size_t	i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], addr) == 0)
			return true;
	return false;
}

/* client - the peer, or whom a trusted proxy says it speaks for: the last
 * address of X-Forwarded-For, which that proxy wrote itself */
static void
client(struct http_req *q)
{
	const char	*f, *comma;
	unsigned char	 bin[16];
	char		 text[HTTP_CLIENT];
	size_t		 n;

	peer(q->conn, q->client);
	if (!listed(&q->snap->web.trusted_proxies, q->client) ||
	    (f = http_get(q, "X-Forwarded-For")) == NULL)
		return;
	if ((comma = strrchr(f, ',')) != NULL)
		f = comma + 1;
	while (*f == ' ')
		f++;
	n = strcspn(f, " ,");
	if (n == 0 || n >= sizeof text)
		return;
	memcpy(text, f, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, bin) == 1 ||
	    inet_pton(AF_INET6, text, bin) == 1)
		memcpy(q->client, text, n + 1);
}

/* -- a request's life ------------------------------------------------------ */

static enum http_method
method_of(const char *m)
{
	if (strcmp(m, MHD_HTTP_METHOD_GET) == 0)
		return HTTP_GET;
	if (strcmp(m, MHD_HTTP_METHOD_HEAD) == 0)
		return HTTP_HEAD;
	if (strcmp(m, MHD_HTTP_METHOD_POST) == 0)
		return HTTP_POST;
	if (strcmp(m, MHD_HTTP_METHOD_OPTIONS) == 0)
		return HTTP_OPTIONS;
	return HTTP_OTHER;
}

static void
req_free(struct http_req *q)
{
	if (q->care != NULL)
		q->care->free(q);
	buf_free(&q->body);
	snap_release(q->snap);
	free(q);
}

/* respond - what the handler filled, to the library */
static enum MHD_Result
respond(struct MHD_Connection *c, struct http_resp *r)
{
	struct MHD_Response	*m;
	enum MHD_Result		 rc;
	size_t			 i, n;

	if (r->fixed != NULL)
		m = MHD_create_response_from_buffer(strlen(r->fixed),
		    (void *)(uintptr_t)r->fixed, MHD_RESPMEM_PERSISTENT);
	else {
		n = r->body.len;
		if (r->body.failed || (n > 0 && r->body.data == NULL)) {
			buf_free(&r->body);
			return MHD_NO;
		}
		m = n == 0 ? MHD_create_response_from_buffer(0,
		    (void *)(uintptr_t)"", MHD_RESPMEM_PERSISTENT) :
		    MHD_create_response_from_buffer(n, r->body.data,
		    MHD_RESPMEM_MUST_FREE);
		if (m != NULL && n > 0)
			r->body = (struct buf){ .max = r->body.max };
	}
	if (m == NULL) {
		buf_free(&r->body);
		return MHD_NO;
	}
	(void)MHD_add_response_header(m, "Content-Type", r->type != NULL ?
	    r->type : "text/plain; charset=utf-8");
	(void)MHD_add_response_header(m, "X-Content-Type-Options", "nosniff");
	for (i = 0; i < r->nheaders; i++)
		(void)MHD_add_response_header(m, r->headers[i].name,
		    r->headers[i].value);
	rc = MHD_queue_response(c, (unsigned)r->status, m);
	MHD_destroy_response(m);
	buf_free(&r->body);
	return rc;
}

/* plain - a status without a handler */
static enum MHD_Result
plain(struct MHD_Connection *c, int status)
{
	struct http_resp	r = { .status = status,
				    .fixed = status == 413 ?
				    "Too large.\n" : status == 503 ?
				    "Try again later.\n" : "Refused.\n" };

	if (status == 503)
		http_header(&r, "Retry-After", "120");
	if (status == 401)
		http_header(&r, "WWW-Authenticate", "Bearer");
	http_header(&r, "Cache-Control", "no-store");
	return respond(c, &r);
}

/* begin - the header is there */
static enum MHD_Result
begin(struct loop *l, struct MHD_Connection *c, const char *path,
    const char *method, void **ctx)
{
	struct http_server	*s = l->server;
	struct http_req		*q = calloc(1, sizeof *q);
	const char		*len;
	int			 status = 0;

	if (q == NULL)
		return MHD_NO;
	q->server = s;
	q->loop = l;
	q->web = s->web;
	q->conn = c;
	q->path = path;
	q->method = method_of(method);
	q->began_us = clock_mono_us();
	q->snap = web_snap(s->web);
	buf_init(&q->body, s->o.max_body);
	client(q);
	*ctx = q;
	(void)atomic_fetch_add(&s->active, 1);
	conns_sending(c, q->began_us);
	if (s->h->begin != NULL)
		status = s->h->begin(q);
	else if ((len = http_get(q, "Content-Length")) != NULL &&
	    strtoull(len, NULL, 10) > s->o.max_body)
		status = 413;
	if (status != 0) {
		q->early = status;
		return plain(c, status);
	}
	return MHD_YES;
}

/* piece - some of the body */
static void
piece(struct http_server *s, struct http_req *q, const char *p, size_t n)
{
	q->body_seen += n;
	if (q->early != 0)
		return;
	if (s->h->piece != NULL) {
		if (s->h->piece(q, p, n) == -1)
			q->early = 400;
	} else if (buf_add(&q->body, p, n) == -1) {
		buf_free(&q->body);
		q->early = 413;
	}
}

enum MHD_Result
server_access(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data,
    size_t *ndata, void **ctx)
{
	struct loop		*l = cls;
	struct http_server	*s = l->server;
	struct http_req		*q = *ctx;
	struct http_resp	 r = { .status = 500 };

	(void)version;
	if (q == NULL)
		return begin(l, c, url, method, ctx);
	if (*ndata > 0) {
		piece(s, q, data, *ndata);
		*ndata = 0;
		return MHD_YES;
	}
	conns_sending(c, 0);
	if (q->early != 0 && q->server->h->piece == NULL)
		return plain(c, q->early);
	q->path = url;
	buf_init(&r.body, 64u << 20);
	if ((q->waited ? q->care->finish(q, &r) : s->h->handle(q, &r)) ==
	    HTTP_DONE)
		return respond(c, &r);
	buf_free(&r.body);
	q->waited = true;
	MHD_suspend_connection(c);
	q->care->start(q);
	return MHD_YES;
}

void
server_completed(void *cls, struct MHD_Connection *c, void **ctx,
    enum MHD_RequestTerminationCode why)
{
	struct http_server	*s = cls;
	struct http_req		*q = *ctx;

	(void)why;
	*ctx = NULL;
	if (q != NULL) {
		req_free(q);
		(void)atomic_fetch_sub(&s->active, 1);
	}
	conns_sending(c, clock_mono_us());
}

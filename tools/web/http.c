/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http.c - see http.h; the only user of libmicrohttpd
 *
 * What the library leaves to us: its timeout is one of silence, so whoever
 * sends an octet now and then would stay for ever. Every connection stands in
 * a table with the time since which it has been sending one request;
 * http_sweep() shuts those that take too long. The library tells of the end of
 * a connection before it closes the descriptor, so under the table's lock a
 * descriptor is never somebody else's.
 */
#include "web/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sysexits.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/limit.h"
#include "web/web.h"

#include "base/banned.h"

#define BACKLOG		1024u
#define LIBRARY_LINES	5	/* of log a second */
#define API_STACK	(2u << 20)	/* JSON of 2048 levels goes deep */

/* One connection, in the table and as MHD's socket context. */
struct conn {
	int		 fd;
	_Atomic int64_t	 since_us;	/* sending since; 0: it is our turn */
	bool		 shut;
	struct conn	*prev, *next;
};

struct http_server {
	struct web			*web;
	const struct http_handlers	*h;
	struct http_opts		 o;
	struct MHD_Daemon		*daemon;
	int				 listener;	/* fd:N, or -1 */
	int				 quiet;		/* after quiesce */
	pthread_mutex_t			 lock;
	struct conn			*conns;
	atomic_long			 active;
};

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

static struct conn *
conn_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo	*ci;

	ci = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return ci != NULL ? ci->socket_context : NULL;
}

/* sending - the other end's turn begins, or (0) ends */
static void
sending(struct MHD_Connection *c, int64_t since)
{
	struct conn	*k = conn_of(c);

	if (k != NULL)
		atomic_store(&k->since_us, since);
}

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
	if (q->server->h->done != NULL && q->work != NULL)
		q->server->h->done(q);
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
begin(struct http_server *s, struct MHD_Connection *c, const char *path,
    const char *method, void **ctx)
{
	struct http_req	*q = calloc(1, sizeof *q);
	const char	*len;
	int		 status = 0;

	if (q == NULL)
		return MHD_NO;
	q->server = s;
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
	sending(c, q->began_us);
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

static enum MHD_Result
access_cb(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data,
    size_t *ndata, void **ctx)
{
	struct http_server	*s = cls;
	struct http_req		*q = *ctx;
	struct http_resp	 r = { .status = 500 };

	(void)version;
	if (q == NULL)
		return begin(s, c, url, method, ctx);
	if (*ndata > 0) {
		piece(s, q, data, *ndata);
		*ndata = 0;
		return MHD_YES;
	}
	sending(c, 0);
	if (q->early != 0 && q->server->h->piece == NULL)
		return plain(c, q->early);
	q->path = url;
	buf_init(&r.body, 64u << 20);
	if (s->h->handle(q, &r) == HTTP_DONE)
		return respond(c, &r);
	buf_free(&r.body);
	q->waited = true;
	MHD_suspend_connection(c);
	s->h->wait(q);
	return MHD_YES;
}

void
http_resume(struct http_req *q)
{
	MHD_resume_connection(q->conn);
}

static void
completed_cb(void *cls, struct MHD_Connection *c, void **ctx,
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
	sending(c, clock_mono_us());
}

static void
connection_cb(void *cls, struct MHD_Connection *c, void **ctx,
    enum MHD_ConnectionNotificationCode what)
{
	struct http_server		*s = cls;
	const union MHD_ConnectionInfo	*ci;
	struct conn			*k = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		ci = MHD_get_connection_info(c,
		    MHD_CONNECTION_INFO_CONNECTION_FD);
		if (ci == NULL || (k = calloc(1, sizeof *k)) == NULL)
			return;
		k->fd = ci->connect_fd;
		atomic_init(&k->since_us, clock_mono_us());
		(void)pthread_mutex_lock(&s->lock);
		if ((k->next = s->conns) != NULL)
			k->next->prev = k;
		s->conns = k;
		(void)pthread_mutex_unlock(&s->lock);
		*ctx = k;
	} else if (k != NULL) {
		(void)pthread_mutex_lock(&s->lock);
		if (k->next != NULL)
			k->next->prev = k->prev;
		if (k->prev != NULL)
			k->prev->next = k->next;
		else
			s->conns = k->next;
		(void)pthread_mutex_unlock(&s->lock);
		*ctx = NULL;
		free(k);
	}
}

void
http_sweep(struct http_server *s)
{
	struct conn	*k;
	int64_t		 limit, since;

	if (s == NULL || s->o.request_timeout == 0)
		return;
	limit = clock_mono_us() - (int64_t)s->o.request_timeout * 1000000;
	(void)pthread_mutex_lock(&s->lock);
	for (k = s->conns; k != NULL; k = k->next) {
		since = atomic_load(&k->since_us);
		if (since == 0 || since > limit || k->shut)
			continue;
		k->shut = true;
		(void)shutdown(k->fd, SHUT_RDWR);
		metrics_add(s->web->metrics, "web_slow_total", NULL, NULL, 1);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

/* -- the server ------------------------------------------------------------ */

/* keep_raw - paths stay as they came: no escape makes one into another */
static size_t
keep_raw(void *cls, struct MHD_Connection *c, char *s)
{
	(void)cls;
	(void)c;
	return strlen(s);
}

/* complain - the library's own words, for those who debug */
static void __attribute__((format(printf, 2, 0)))
complain(void *cls, const char *fmt, va_list ap)
{
	struct web	*w = cls;
	char		 line[256];
	size_t		 n;

	if (!limit_take(w->limit, 'l', "", 0, LIBRARY_LINES, 1))
		return;
	(void)vsnprintf(line, sizeof line, fmt, ap);
	n = strlen(line);
	if (n > 0 && line[n - 1] == '\n')
		line[n - 1] = '\0';
	log_event(LOG_DEBUG, "web_library", LOG_STR("says", line));
}

/* resolve - "127.0.0.1:8580", "[::1]:8580" */
static int
resolve(const char *spec, struct sockaddr_storage *out, struct err *e)
{
	struct addrinfo	 hints = { .ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *ai;
	char		 host[128];
	const char	*colon = strrchr(spec, ':'), *h = host;
	size_t		 n;
	int		 rc;

	if (colon == NULL || (n = (size_t)(colon - spec)) >= sizeof host)
		return err_code(e, EX_CONFIG, "listen %s: use address:port",
		    spec);
	memcpy(host, spec, n);
	host[n] = '\0';
	if (n > 1 && host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		h++;
	}
	if ((rc = getaddrinfo(h, colon + 1, &hints, &ai)) != 0)
		return err_code(e, EX_CONFIG, "listen %s: %s", spec,
		    gai_strerror(rc));
	memcpy(out, ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	return 0;
}

/* flags_of - epoll and a pool, or a thread each */
static unsigned
flags_of(const struct http_opts *o, const struct sockaddr_storage *ss)
{
	unsigned	f = MHD_USE_ERROR_LOG | MHD_USE_ITC |
			    MHD_USE_INTERNAL_POLLING_THREAD;

	if (o->threads > 0)
		f |= MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	else
		f |= MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL;
	if (ss->ss_family == AF_INET6)
		f |= MHD_USE_IPv6;
	return f;
}

/* launch - start the daemon on its address or its descriptor */
static int
launch(struct http_server *s, struct err *e)
{
	const struct http_opts	*o = &s->o;
	struct sockaddr_storage	 ss = { .ss_family = AF_INET };
	struct MHD_OptionItem	 v[6];
	size_t			 n = 0;

	if (strncmp(o->listen, "fd:", 3) == 0)
		s->listener = (int)strtol(o->listen + 3, NULL, 10);
	else if (resolve(o->listen, &ss, e) == -1)
		return -1;
	if (s->listener > 2)
		v[n++] = (struct MHD_OptionItem){ MHD_OPTION_LISTEN_SOCKET,
		    s->listener, NULL };
	else
		v[n++] = (struct MHD_OptionItem){ MHD_OPTION_SOCK_ADDR, 0,
		    &ss };
	if (o->threads > 1)
		v[n++] = (struct MHD_OptionItem){
		    MHD_OPTION_THREAD_POOL_SIZE, o->threads, NULL };
	if (o->threads == 0)
		v[n++] = (struct MHD_OptionItem){
		    MHD_OPTION_THREAD_STACK_SIZE, API_STACK, NULL };
	v[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	s->daemon = MHD_start_daemon(flags_of(o, &ss), 0, NULL, NULL,
	    access_cb, s,
	    MHD_OPTION_EXTERNAL_LOGGER, complain, s->web,
	    MHD_OPTION_NOTIFY_COMPLETED, completed_cb, s,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_cb, s,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_raw, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, o->max_connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->memory,
	    MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout,
	    MHD_OPTION_LISTEN_BACKLOG_SIZE, BACKLOG,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_ARRAY, v, MHD_OPTION_END);
	if (s->daemon == NULL)
		return err_code(e, EX_UNAVAILABLE, "listen %s: cannot; is "
		    "another program there?", o->listen);
	return 0;
}

int
http_start(struct web *w, const struct http_opts *o,
    const struct http_handlers *h, struct http_server **out, struct err *e)
{
	struct http_server	*s = calloc(1, sizeof *s);

	*out = NULL;
	if (s == NULL)
		return err_set(e, "out of memory");
	s->web = w;
	s->h = h;
	s->o = *o;
	s->listener = s->quiet = -1;
	atomic_init(&s->active, 0);
	(void)pthread_mutex_init(&s->lock, NULL);
	/* the daemon's threads may call before *out is set: it is not theirs */
	if (launch(s, e) == -1) {
		(void)pthread_mutex_destroy(&s->lock);
		free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
http_quiesce(struct http_server *s)
{
	if (s != NULL && s->quiet == -1)
		s->quiet = MHD_quiesce_daemon(s->daemon);
}

long
http_active(const struct http_server *s)
{
	return s != NULL ? atomic_load(&s->active) : 0;
}

void
http_stop(struct http_server **sp)
{
	struct http_server	*s = *sp;

	if (s == NULL)
		return;
	MHD_stop_daemon(s->daemon);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	*sp = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* http.c - servers: where they listen, which threads serve; see http.h */
#include "web/http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "web/limit.h"
#include "web/server.h"
#include "web/web.h"

#include "base/banned.h"

#define BACKLOG		1024
#define LIBRARY_LINES	5	/* of log a second */
#define API_STACK	(2u << 20)	/* JSON of 2048 levels goes deep */
#define LOOP_MS		1000

/* -- the library ----------------------------------------------------------- */

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

/* -- where to listen ------------------------------------------------------- */

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

/* listener - a socket that listens on the address; *e */
static int
listener(const char *spec, struct err *e)
{
	struct sockaddr_storage	ss = { .ss_family = AF_INET };
	socklen_t		len;
	int			fd, one = 1;

	if (strncmp(spec, "fd:", 3) == 0) {
		if ((fd = dup((int)strtol(spec + 3, NULL, 10))) == -1)
			return err_code(e, EX_CONFIG, "listen %s: %s", spec,
			    strerror(errno));
		return fd;
	}
	if (resolve(spec, &ss, e) == -1)
		return -1;
	len = ss.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in);
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	/* what we accept inherits TCP_NODELAY; an answer never waits for the
	 * acknowledgement of the one before */
	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof one) == -1 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
	    sizeof one) == -1 || (ss.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == -1)
	    || bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		(void)err_code(e, EX_UNAVAILABLE, "listen %s: %s", spec,
		    strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	return fd;
}

/* -- the server ------------------------------------------------------------ */

/* serve - one thread of the public server */
static void *
serve(void *arg)
{
	struct loop		*l = arg;
	MHD_UNSIGNED_LONG_LONG	 ms;
	eventfd_t		 n;
	struct pollfd		 p[2] = {
	    { MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD)->
		epoll_fd, POLLIN, 0 },
	    { l->wake, POLLIN, 0 } };

	while (!atomic_load(&l->server->stop)) {
		if (MHD_get_timeout(l->daemon, &ms) == MHD_NO || ms > LOOP_MS)
			ms = LOOP_MS;
		if (poll(p, 2, (int)ms) == -1 && errno != EINTR)
			break;
		/* before it looks: who is resumed from now on wakes us again */
		if (p[1].revents != 0)
			(void)eventfd_read(l->wake, &n);
		(void)MHD_run(l->daemon);
	}
	return NULL;
}

void
http_resume(struct http_req *q)
{
	struct loop	*l = q->loop;

	MHD_resume_connection(q->conn);		/* q may be gone now */
	(void)eventfd_write(l->wake, 1);
}

/* launch - the daemon of one loop, on a descriptor of its own; its thread */
static int
launch(struct http_server *s, struct loop *l, int fd, unsigned connections)
{
	const struct http_opts	*o = &s->o;
	unsigned		 f = MHD_USE_ERROR_LOG | MHD_USE_ITC;
	struct MHD_OptionItem	 v[] = { { MHD_OPTION_END, 0, NULL },
				    { MHD_OPTION_END, 0, NULL } };

	l->server = s;
	if ((l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1 ||
	    (fd = dup(fd)) == -1)
		return -1;
	if (o->threads > 0)
		f |= MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	else {
		f |= MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
		    MHD_USE_THREAD_PER_CONNECTION;
		v[0] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_STACK_SIZE,
		    API_STACK, NULL };
	}
	l->daemon = MHD_start_daemon(f, 0, NULL, NULL, server_access, l,
	    MHD_OPTION_EXTERNAL_LOGGER, complain, s->web,
	    MHD_OPTION_NOTIFY_COMPLETED, server_completed, s,
	    MHD_OPTION_NOTIFY_CONNECTION, conns_notify, &s->conns,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_raw, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->memory,
	    MHD_OPTION_CONNECTION_TIMEOUT, o->idle_timeout,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_ARRAY, v, MHD_OPTION_END);
	if (l->daemon == NULL) {
		(void)close(fd);
		return -1;
	}
	if (o->threads == 0)
		return 0;
	if (pthread_create(&l->thread, NULL, serve, l) != 0)
		return -1;
	l->running = true;
	return 0;
}

/* server_new - without its loops */
static struct http_server *
server_new(struct web *w, const struct http_opts *o,
    const struct http_handlers *h)
{
	struct http_server	*s = calloc(1, sizeof *s);
	unsigned		 n = o->threads > 0 ? o->threads : 1;

	if (s == NULL)
		return NULL;
	s->web = w;
	s->h = h;
	s->o = *o;
	/* each loop has its share of the connections */
	conns_init(&s->conns, (o->max_connections + n - 1) / n * n);
	atomic_init(&s->active, 0);
	atomic_init(&s->stop, false);
	if ((s->loops = calloc(n, sizeof *s->loops)) == NULL) {
		free(s);
		return NULL;
	}
	for (; s->nloops < n; s->nloops++)
		s->loops[s->nloops].wake = -1;
	return s;
}

int
http_start(struct web *w, const struct http_opts *o,
    const struct http_handlers *h, struct http_server **out, struct err *e)
{
	struct http_server	*s;
	size_t			 i;
	int			 fd;

	*out = NULL;
	if ((fd = listener(o->listen, e)) == -1)
		return -1;
	if ((s = server_new(w, o, h)) == NULL) {
		(void)close(fd);
		return err_set(e, "out of memory");
	}
	for (i = 0; i < s->nloops; i++)
		if (launch(s, &s->loops[i], fd,
		    (unsigned)(s->conns.max / s->nloops)) == -1)
			break;
	(void)close(fd);
	if (i < s->nloops) {
		http_stop(&s);
		return err_code(e, EX_OSERR, "listen %s: no memory, threads "
		    "or descriptors to serve it", o->listen);
	}
	*out = s;
	return 0;
}

bool
http_sweep(struct http_server *s)
{
	size_t	slow;
	bool	again;

	if (s == NULL || s->o.request_timeout == 0)
		return false;
	again = conns_sweep(&s->conns, s->o.request_timeout, &slow);
	if (slow > 0)
		metrics_add(s->web->metrics, "web_slow_total", NULL, NULL,
		    (long)slow);
	return again;
}

int
http_fd(const struct http_server *s)
{
	const union MHD_DaemonInfo	*i = MHD_get_daemon_info(
					    s->loops[0].daemon,
					    MHD_DAEMON_INFO_LISTEN_FD);

	return i != NULL ? i->listen_fd : -1;
}

void
http_quiesce(struct http_server *s)
{
	size_t	i;

	for (i = 0; s != NULL && i < s->nloops; i++)
		if (!s->loops[i].quiet) {
			s->loops[i].quiet = true;
			s->loops[i].listener =
			    MHD_quiesce_daemon(s->loops[i].daemon);
		}
}

long
http_active(const struct http_server *s)
{
	return s != NULL ? atomic_load(&s->active) : 0;
}

static void
loop_end(struct loop *l)
{
	if (l->running) {
		(void)eventfd_write(l->wake, 1);
		(void)pthread_join(l->thread, NULL);
	}
	if (l->daemon != NULL)
		MHD_stop_daemon(l->daemon);
	if (l->quiet && l->listener != MHD_INVALID_SOCKET)
		(void)close(l->listener);
	if (l->wake != -1)
		(void)close(l->wake);
}

void
http_stop(struct http_server **sp)
{
	struct http_server	*s = *sp;
	size_t			 i;

	if (s == NULL)
		return;
	atomic_store(&s->stop, true);
	for (i = 0; i < s->nloops; i++)
		loop_end(&s->loops[i]);
	conns_free(&s->conns);
	free(s->loops);
	free(s);
	*sp = NULL;
}

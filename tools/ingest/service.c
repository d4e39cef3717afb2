/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service.c - connections in, a thread each, at most max_connections
 *
 * A stop takes no more connections, shuts the reading side of those that are
 * idle (a message in hand is finished and answered), and waits stop_timeout.
 */
#include "ingest/ingest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/listen.h"
#include "base/log.h"
#include "base/sigfd.h"
#include "base/notify.h"
#include "base/watchdog.h"

#include "base/banned.h"

#define STACK_SIZE	(512u << 10)

struct service {
	struct ingest	*in;
	pthread_mutex_t	 lock;
	pthread_cond_t	 ended;
	int		*fds;		/* of the running sessions; -1 free */
	size_t		 n, max;
	unsigned long	 serial;
};

struct conn {
	struct service	*sv;
	int		 fd;
	size_t		 slot;
	unsigned long	 id;
};

static void *
conn_main(void *arg)
{
	struct conn	*c = arg;
	struct service	*sv = c->sv;

	lmtp_session(sv->in, c->fd, c->id);
	(void)pthread_mutex_lock(&sv->lock);
	sv->fds[c->slot] = -1;
	(void)close(c->fd);
	sv->n--;
	(void)pthread_cond_signal(&sv->ended);
	(void)pthread_mutex_unlock(&sv->lock);
	free(c);
	return NULL;
}

/* turn_away - 421 and close, without waiting for anything */
static void
turn_away(int fd)
{
	static const char	msg[] = "421 4.3.2 Too many connections\r\n";

	(void)send(fd, msg, sizeof msg - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

/* begin - a thread for the connection */
static int
begin(struct service *sv, int fd)
{
	struct conn	*c = calloc(1, sizeof *c);
	pthread_attr_t	 attr;
	pthread_t	 t;
	int		 rc;

	if (c == NULL)
		return -1;
	c->sv = sv;
	c->fd = fd;
	(void)pthread_mutex_lock(&sv->lock);
	while (c->slot < sv->max && sv->fds[c->slot] != -1)
		c->slot++;
	if (c->slot == sv->max) {
		(void)pthread_mutex_unlock(&sv->lock);
		free(c);
		return -1;
	}
	sv->fds[c->slot] = fd;
	sv->n++;
	c->id = ++sv->serial;
	(void)pthread_mutex_unlock(&sv->lock);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	rc = pthread_create(&t, &attr, conn_main, c);
	(void)pthread_attr_destroy(&attr);
	if (rc == 0)
		return 0;
	(void)pthread_mutex_lock(&sv->lock);
	sv->fds[c->slot] = -1;
	sv->n--;
	(void)pthread_mutex_unlock(&sv->lock);
	free(c);
	return -1;
}

/* drain - see the head comment; the number of sessions still running */
static size_t
drain(struct service *sv, long seconds)
{
	struct timespec	until;
	size_t		i, left;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	(void)pthread_mutex_lock(&sv->lock);
	for (i = 0; i < sv->max; i++)
		if (sv->fds[i] != -1)
			(void)shutdown(sv->fds[i], SHUT_RD);
	while (sv->n > 0 && pthread_cond_timedwait(&sv->ended, &sv->lock,
	    &until) == 0)
		;
	left = sv->n;
	(void)pthread_mutex_unlock(&sv->lock);
	return left;
}

/* serve - until a signal says stop */
static void
serve(struct service *sv, int lfd, int sfd, const char *conf_path)
{
	struct pollfd	p[3] = { { lfd, POLLIN, 0 }, { sfd, POLLIN, 0 },
			    { -1, POLLIN, 0 } };
	struct watchdog	dog;
	int		fd;

	watchdog_open(&dog, lfd);
	for (;;) {
		p[2].fd = watchdog_fd(&dog);
		if (poll(p, 3, watchdog_ms(&dog)) == -1 && errno != EINTR)
			break;
		watchdog_turn(&dog);
		if (p[1].revents != 0 &&
		    signals_take(sv->in, conf_path, sfd))
			break;
		if (p[0].revents == 0)
			continue;
		fd = listen_accept(lfd, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1 && begin(sv, fd) == -1)
			turn_away(fd);
	}
	watchdog_close(&dog);
}

/* mode_of - "0660" */
static mode_t
mode_of(const char *s)
{
	return (mode_t)strtoul(s, NULL, 8) & 0777;
}

int
service_run(struct ingest *in, const char *conf_path, const char *sock)
{
	const struct ingest_conf *conf = &in->snap->ingest;
	struct service		 sv = { .in = in,
	    .lock = PTHREAD_MUTEX_INITIALIZER,
	    .ended = PTHREAD_COND_INITIALIZER,
	    .max = (size_t)conf->max_connections };
	struct listener		 l;
	struct err		 e = { "", 0 };
	long			 patience = conf->stop_timeout;
	size_t			 i, left;
	int			 sfd;

	if ((sv.fds = malloc(sv.max * sizeof *sv.fds)) == NULL)
		return EX_OSERR;
	for (i = 0; i < sv.max; i++)
		sv.fds[i] = -1;
	if (sock == NULL)
		sock = listen_spec(conf->socket);
	if ((sfd = sigfd_open(&e)) == -1 ||
	    listen_open(sock, mode_of(conf->socket_mode), &l, &e) == -1) {
		log_event(LOG_ERR, "start_failed", LOG_STR("why", e.msg));
		free(sv.fds);
		return EX_UNAVAILABLE;
	}
	log_event(LOG_INFO, "started", LOG_STR("socket", sock));
	notify("READY=1");
	serve(&sv, l.fd, sfd, conf_path);
	atomic_store(&in->stopping, true);
	notify("STOPPING=1");
	left = drain(&sv, patience);
	listen_close(&l);
	(void)close(sfd);
	log_event(left == 0 ? LOG_INFO : LOG_WARNING, "stopped",
	    LOG_INT("unfinished", left));
	if (left > 0)
		_exit(EX_TEMPFAIL);	/* their threads still use it all */
	free(sv.fds);
	return EX_OK;
}

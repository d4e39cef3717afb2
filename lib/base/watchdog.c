/* SPDX-License-Identifier: BSD-2-Clause */
/* watchdog.c - see watchdog.h */
#include "base/watchdog.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/notify.h"

#include "base/banned.h"

#define PROBES		3		/* in each period that systemd waits */
#define RETRY_US	1000000		/* when no probe could be sent */

/* period - what systemd asks of this process, in microseconds; 0: nothing */
static int64_t
period(void)
{
	const char	*us = getenv("WATCHDOG_USEC");
	const char	*pid = getenv("WATCHDOG_PID");

	if (us == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(us, NULL, 10);
}

void
watchdog_open(struct watchdog *w, int lfd)
{
	w->every = period() / PROBES;
	w->due = clock_mono_us();
	w->lfd = lfd;
	w->fd = -1;
}

void
watchdog_close(struct watchdog *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	w->fd = -1;
	w->every = 0;
}

int
watchdog_fd(const struct watchdog *w)
{
	return w->fd;
}

int
watchdog_ms(const struct watchdog *w)
{
	int64_t	left;

	if (w->every <= 0 || w->fd != -1)
		return -1;	/* an answer that never comes is the news */
	left = (w->due - clock_mono_us()) / 1000 + 1;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* probe - connect to ourselves and say that no more comes; -1 if that fails */
static int
probe(int lfd)
{
	struct sockaddr_storage	 ss;
	struct timeval		 patience = { 0, 100000 };
	socklen_t		 n = sizeof ss;
	int			 fd;

	if (getsockname(lfd, (struct sockaddr *)&ss, &n) == -1 ||
	    (fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		return -1;
	/* a full queue must not hold up the thread that signals come to */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof patience);
	if (connect(fd, (struct sockaddr *)&ss, n) == -1 ||
	    shutdown(fd, SHUT_WR) == -1) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

void
watchdog_turn(struct watchdog *w)
{
	int64_t	now = clock_mono_us();
	char	c;

	if (w->every <= 0)
		return;
	if (w->fd == -1) {
		if (now < w->due)
			return;
		if ((w->fd = probe(w->lfd)) == -1)
			w->due = now + RETRY_US;
		return;
	}
	if (recv(w->fd, &c, 1, MSG_DONTWAIT) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;			/* not yet */
	(void)close(w->fd);
	w->fd = -1;
	w->due = now + w->every;
	notify("WATCHDOG=1");
}

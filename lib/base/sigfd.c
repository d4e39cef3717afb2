/* SPDX-License-Identifier: BSD-2-Clause */
/* sigfd.c - see sigfd.h */
#include "base/sigfd.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/banned.h"

int
sigfd_open(struct err *e)
{
	sigset_t	set;
	int		fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd != -1 ? fd : err_set(e, "signalfd: %s", strerror(errno));
}

enum sigfd_wish
sigfd_next(int fd)
{
	struct signalfd_siginfo	si;

	if (read(fd, &si, sizeof si) != (ssize_t)sizeof si)
		return SIGFD_NONE;
	return si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT ?
	    SIGFD_STOP : SIGFD_RELOAD;
}

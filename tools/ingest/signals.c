/* SPDX-License-Identifier: BSD-2-Clause */
/* signals.c - TERM and INT stop, HUP and USR1 reload */
#include "ingest/ingest.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/notify.h"

#include "base/banned.h"

int
signals_open(struct err *e)
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

/* reload - the new configuration, or the old one and a complaint */
static void
reload(struct ingest *in, const char *conf_path)
{
	struct snap	*s;
	struct err	 e = { "", 0 };

	notify_reloading();
	if (snap_load(conf_path, true, &s, &e) == -1) {
		log_event(LOG_ERR, "reload_failed", LOG_STR("why", e.msg));
	} else {
		ingest_swap(in, s);
		log_event(LOG_INFO, "reloaded", LOG_STR("file", conf_path));
	}
	notify("READY=1");
}

bool
signals_take(struct ingest *in, const char *conf_path, int fd)
{
	struct signalfd_siginfo	si;

	while (read(fd, &si, sizeof si) == (ssize_t)sizeof si) {
		if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT)
			return true;
		reload(in, conf_path);
	}
	return false;
}

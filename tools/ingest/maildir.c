/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maildir.c - mail that a delivery agent puts into DIR/new
 *
 * Told by inotify, done with, then moved to DIR/cur as seen. What could not be
 * stored stays in new and is tried again. A crash between storing and moving
 * makes the report come twice, which counts once.
 */
#include "ingest/ingest.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sigfd.h"
#include "base/notify.h"

#include "base/banned.h"

/* one - take new/name; false when it has to be tried again */
static bool
one(struct ingest *in, const struct snap *s, const char *dir,
    const char *name)
{
	char		 from[PATH_MAX], to[PATH_MAX];
	const struct belief_way unknown = { "", "" };
	char		*data;
	size_t		 len;
	struct err	 e = { "", 0 };
	bool		 done;

	(void)snprintf(from, sizeof from, "%s/new/%s", dir, name);
	(void)snprintf(to, sizeof to, "%s/cur/%s%s", dir, name,
	    strstr(name, ":2,") == NULL ? ":2,S" : "");
	if (file_read(from, (size_t)s->ingest.max_message_size, &data, &len,
	    &e) == -1) {
		if (access(from, F_OK) == -1)
			return true;		/* somebody else's now */
		log_event(LOG_ERR, "feedback_failed", LOG_STR("id", name),
		    LOG_STR("to", "-"), LOG_STR("why", e.msg));
		return false;
	}
	done = deliver(in, &s->apply, name, data, len, &unknown, NULL);
	free(data);
	if (done && rename(from, to) == -1) {
		log_event(LOG_ERR, "feedback_failed", LOG_STR("id", name),
		    LOG_STR("to", "-"), LOG_STR("why", strerror(errno)));
		return false;
	}
	return done;
}

/* sweep - everything in new; the number left, or -1 if it cannot be read */
static long
sweep(struct ingest *in, const char *dir)
{
	struct dirent	*de;
	struct snap	*s;
	char		 path[PATH_MAX];
	DIR		*d;
	long		 left = 0;

	(void)snprintf(path, sizeof path, "%s/new", dir);
	if ((d = opendir(path)) == NULL) {
		log_event(LOG_ERR, "maildir_failed", LOG_STR("path", path),
		    LOG_STR("why", strerror(errno)));
		return -1;
	}
	s = ingest_snap(in);
	while (!atomic_load(&in->stopping) && (de = readdir(d)) != NULL)
		if (de->d_name[0] != '.' && !one(in, s, dir, de->d_name))
			left++;
	(void)closedir(d);
	snap_release(s);
	return left;
}

/* drain - events only say "look again" */
static void
drain(int ifd)
{
	char	buf[8192] __attribute__((aligned(8)));

	while (read(ifd, buf, sizeof buf) > 0)
		;
}

/* watch - wait for mail or a signal, for ever */
static int
watch(struct ingest *in, const char *conf_path, const char *dir, int ifd,
    int sfd)
{
	struct pollfd	p[2] = { { ifd, POLLIN, 0 }, { sfd, POLLIN, 0 } };
	int		wait;
	struct snap	*s;

	for (;;) {
		if (sweep(in, dir) == -1)
			return EX_NOINPUT;
		s = ingest_snap(in);
		wait = (int)s->ingest.rescan * 1000;
		snap_release(s);
		if (poll(p, 2, wait) == -1 && errno != EINTR)
			return EX_OSERR;
		drain(ifd);
		if (p[1].revents != 0 && signals_take(in, conf_path, sfd))
			return EX_OK;
	}
}

int
maildir_run(struct ingest *in, const char *conf_path, const char *dir,
    bool once)
{
	struct err	e = { "", 0 };
	char		path[PATH_MAX];
	int		ifd, sfd, rc;

	if (once) {
		long	left = sweep(in, dir);

		return left == 0 ? EX_OK :
		    left > 0 ? EX_TEMPFAIL : EX_NOINPUT;
	}
	(void)snprintf(path, sizeof path, "%s/new", dir);
	if ((sfd = sigfd_open(&e)) == -1) {
		log_event(LOG_ERR, "start_failed", LOG_STR("why", e.msg));
		return EX_OSERR;
	}
	ifd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (ifd == -1 || inotify_add_watch(ifd, path, IN_MOVED_TO |
	    IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR) == -1) {
		log_event(LOG_ERR, "maildir_failed", LOG_STR("path", path),
		    LOG_STR("why", strerror(errno)));
		(void)close(ifd);
		(void)close(sfd);
		return EX_NOINPUT;
	}
	log_event(LOG_INFO, "started", LOG_STR("maildir", dir));
	notify("READY=1");
	rc = watch(in, conf_path, dir, ifd, sfd);
	log_event(LOG_INFO, "stopped", LOG_INT("unfinished", 0));
	(void)close(ifd);
	(void)close(sfd);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* listen.c - see listen.h */
#include "base/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

/* Microseconds between two tries, and between two lines of the log, where
 * there are no descriptors for those who come. */
#define NEXT_TRY	100000
#define NEXT_LINE	60000000

/* nodelay - on a listening TCP socket; accepted ones inherit it */
static void
nodelay(int fd)
{
	int	one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* in_use - does somebody answer at this address? */
static bool
in_use(const struct sockaddr_un *sun)
{
	int	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
	int	rc, why;

	if (fd == -1)
		return true;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof *sun);
	why = errno;
	(void)close(fd);
	return rc == 0 || why == EAGAIN || why == EINPROGRESS;
}

/* make_way - remove a socket that an earlier run left */
static int
make_way(const struct sockaddr_un *sun, struct err *e)
{
	struct stat	st;

	if (lstat(sun->sun_path, &st) == -1)
		return errno == ENOENT ? 0 : err_code(e, EX_CANTCREAT,
		    "%s: %s", sun->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_code(e, EX_CANTCREAT,
		    "%s: exists and is no socket; choose another path",
		    sun->sun_path);
	if (in_use(sun))
		return err_code(e, EX_TEMPFAIL,
		    "%s: another program listens there; stop it first",
		    sun->sun_path);
	if (unlink(sun->sun_path) == -1)
		return err_code(e, EX_NOPERM, "%s: cannot remove the socket "
		    "of an earlier run: %s", sun->sun_path, strerror(errno));
	return 0;
}

static int
open_unix(const char *path, mode_t mode, struct listener *l, struct err *e)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	mode_t			old;
	int			rc;

	if (strlen(path) >= sizeof sun.sun_path)
		return err_code(e, EX_CONFIG, "%s: path of more than %zu "
		    "octets", path, sizeof sun.sun_path - 1);
	memcpy(sun.sun_path, path, strlen(path) + 1);
	if (make_way(&sun, e) == -1)
		return -1;
	l->local = true;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd == -1 || (l->path = strdup(path)) == NULL)
		return err_code(e, EX_OSERR, "%s: %s", path, strerror(errno));
	/* the mode must hold from the first moment; still single-threaded */
	old = umask(~mode & 0777);
	rc = bind(l->fd, (const struct sockaddr *)&sun, sizeof sun);
	(void)umask(old);
	if (rc == -1) {
		rc = errno;
		free(l->path);		/* not ours to remove */
		l->path = NULL;
		return err_code(e, EX_CANTCREAT, "%s: %s", path, strerror(rc));
	}
	return 0;
}

/* split - "port@host" or "host:port" in place; host NULL if not given */
static void
split(char *spec, const char **host, const char **port)
{
	char	*at;

	*host = NULL;
	*port = spec;
	if ((at = strchr(spec, '@')) != NULL) {
		*at = '\0';
		*host = at + 1;
	} else if ((at = strrchr(spec, ':')) != NULL) {
		*at = '\0';
		*host = spec;
		*port = at + 1;
	}
	if (*host != NULL && **host == '[' && (at = strchr(*host, ']'))) {
		*at = '\0';
		(*host)++;
	}
}

static int
open_inet(const char *spec, int family, struct listener *l, struct err *e)
{
	struct addrinfo	 hints = { .ai_family = family,
			    .ai_socktype = SOCK_STREAM }, *ai;
	const char	*host, *port;
	char		*copy = strdup(spec);
	int		 rc, one = 1;

	if (copy == NULL)
		return err_code(e, EX_OSERR, "out of memory");
	split(copy, &host, &port);
	if (host == NULL)	/* whoever means the world must say so */
		host = family == AF_INET ? "127.0.0.1" : "::1";
	rc = getaddrinfo(host, port, &hints, &ai);
	free(copy);
	if (rc != 0)
		return err_code(e, EX_CONFIG, "socket %s: %s", spec,
		    gai_strerror(rc));
	l->fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd == -1 || setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &one,
	    sizeof one) == -1 ||
	    bind(l->fd, ai->ai_addr, ai->ai_addrlen) == -1)
		rc = err_code(e, EX_CANTCREAT, "socket %s: %s", spec,
		    strerror(errno));
	freeaddrinfo(ai);
	return rc;
}

/* open_fd - a socket that was open when we were started */
static int
open_fd(const char *number, struct listener *l, struct err *e)
{
	int		 domain, accepting = 0;
	socklen_t	 n = sizeof domain, m = sizeof accepting;
	char		*end;
	long		 fd = strtol(number, &end, 10);

	if (*number == '\0' || *end != '\0' || fd < 3 || fd > 1023)
		return err_code(e, EX_CONFIG, "socket fd:%s: not the number "
		    "of a descriptor", number);
	if (getsockopt((int)fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == -1 ||
	    getsockopt((int)fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting,
	    &m) == -1 || !accepting)
		return err_code(e, EX_CONFIG, "socket fd:%ld: no listening "
		    "socket; is this started by a systemd .socket unit?", fd);
	l->fd = (int)fd;
	l->local = domain == AF_UNIX;
	return 0;
}

static int
open_any(const char *spec, mode_t mode, struct listener *l, struct err *e)
{
	if (*spec == '/')
		return open_unix(spec, mode, l, e);
	if (strncmp(spec, "unix:", 5) == 0)
		return open_unix(spec + 5, mode, l, e);
	if (strncmp(spec, "local:", 6) == 0)
		return open_unix(spec + 6, mode, l, e);
	if (strncmp(spec, "inet:", 5) == 0)
		return open_inet(spec + 5, AF_INET, l, e);
	if (strncmp(spec, "inet6:", 6) == 0)
		return open_inet(spec + 6, AF_INET6, l, e);
	if (strncmp(spec, "fd:", 3) == 0)
		return open_fd(spec + 3, l, e);
	return err_code(e, EX_CONFIG, "socket %s: use unix:/path, "
	    "inet:port@host, inet6:port@host or fd:3", spec);
}

const char *
listen_spec(const char *spec)
{
	const char	*pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	return pid != NULL && n != NULL &&
	    strtol(pid, NULL, 10) == getpid() && strtol(n, NULL, 10) > 0 ?
	    "fd:3" : spec;
}

int
listen_open(const char *spec, mode_t mode, struct listener *l, struct err *e)
{
	memset(l, 0, sizeof *l);
	l->fd = -1;
	if (open_any(spec, mode, l, e) == -1) {
		listen_close(l);
		return -1;
	}
	if (!l->local)
		nodelay(l->fd);
	if (listen(l->fd, SOMAXCONN) == -1) {
		(void)err_code(e, EX_OSERR, "socket %s: %s", spec,
		    strerror(errno));
		listen_close(l);
		return -1;
	}
	return 0;
}

void
listen_close(struct listener *l)
{
	if (l->path != NULL)
		(void)unlink(l->path);
	free(l->path);
	l->path = NULL;
	if (l->fd != -1)
		(void)close(l->fd);
	l->fd = -1;
}

int
listen_accept(int sd, struct sockaddr *sa, socklen_t *len, int flags)
{
	static int64_t	next;		/* line of the log */
	int		fd = accept4(sd, sa, len, flags), error = errno;

	if (fd != -1 ||
	    (error != EMFILE && error != ENFILE && error != ENOMEM))
		return fd;
	if (clock_mono_us() >= next) {
		log_event(LOG_ERR, "no_descriptor",
		    LOG_STR("why", strerror(error)));
		next = clock_mono_us() + NEXT_LINE;
	}
	(void)usleep(NEXT_TRY);
	errno = error;
	return -1;
}

void
listen_poke(const struct listener *l)
{
	struct sockaddr_storage	 ss;
	socklen_t		 n = sizeof ss;
	int			 fd;

	if (getsockname(l->fd, (struct sockaddr *)&ss, &n) == -1)
		return;
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return;
	(void)connect(fd, (struct sockaddr *)&ss, n);
	(void)close(fd);
}

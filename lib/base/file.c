/* SPDX-License-Identifier: BSD-2-Clause */
/* file.c - see file.h */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/banned.h"

/* slurp - up to max octets of fd into fresh memory */
static int
slurp(int fd, const char *path, size_t max, char **data, size_t *len,
    struct err *e)
{
	size_t	 cap = 4096, n = 0;
	char	*p = NULL, *q;
	ssize_t	 r;

	for (;;) {
		if ((q = realloc(p, cap + 1)) == NULL) {
			free(p);
			return err_code(e, EX_OSERR, "%s: no memory", path);
		}
		p = q;
		while (n < cap && (r = read(fd, p + n, cap - n)) != 0) {
			if (r == -1 && errno == EINTR)
				continue;
			if (r == -1) {
				free(p);
				return err_code(e, EX_NOINPUT, "%s: %s", path,
				    strerror(errno));
			}
			n += (size_t)r;
		}
		if (n < cap)
			break;
		if (n > max) {
			free(p);
			return err_code(e, EX_DATAERR,
			    "%s: larger than %zu octets", path, max);
		}
		cap *= 2;
	}
	if (n > max) {
		free(p);
		return err_code(e, EX_DATAERR, "%s: larger than %zu octets",
		    path, max);
	}
	p[n] = '\0';
	*data = p;
	*len = n;
	return 0;
}

/* open_regular - a descriptor of a regular file and its status */
static int
open_regular(const char *path, struct stat *st, struct err *e)
{
	int	fd;

	/* NONBLOCK: a FIFO in this place must not hang us */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		return err_code(e, EX_NOINPUT, "%s: %s", path,
		    strerror(errno));
	if (fstat(fd, st) == -1 || !S_ISREG(st->st_mode)) {
		(void)close(fd);
		return err_code(e, EX_NOINPUT, "%s: not a regular file", path);
	}
	return fd;
}

int
file_read(const char *path, size_t max, char **data, size_t *len,
    struct err *e)
{
	struct stat	st;
	int		fd, rc;

	if ((fd = open_regular(path, &st, e)) == -1)
		return -1;
	rc = slurp(fd, path, max, data, len, e);
	(void)close(fd);
	return rc;
}

int
file_read_secret(const char *path, size_t max, char **data, size_t *len,
    struct err *e)
{
	struct stat	st;
	int		fd, rc;

	if ((fd = open_regular(path, &st, e)) == -1)
		return -1;
	if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		rc = err_code(e, EX_CONFIG, "%s: mode %04o lets others at a "
		    "secret; chmod 0600 (or 0640) it", path,
		    (unsigned)st.st_mode & 07777);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		rc = err_code(e, EX_CONFIG, "%s: belongs to uid %lu, who is "
		    "neither root nor this program's user", path,
		    (unsigned long)st.st_uid);
	else
		rc = slurp(fd, path, max, data, len, e);
	(void)close(fd);
	return rc;
}

void
file_wipe(char **data, size_t len)
{
	if (*data == NULL)
		return;
	explicit_bzero(*data, len);
	free(*data);
	*data = NULL;
}

static int
write_all(int fd, const char *p, size_t n)
{
	ssize_t	r;

	while (n > 0) {
		if ((r = write(fd, p, n)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

int
file_sync_dir(const char *dir)
{
	int	fd, rc;

	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	rc = fsync(fd);
	(void)close(fd);
	return rc;
}

/* fill - a new file's mode and octets, on disk; 0 or errno */
static int
fill(int fd, mode_t mode, const void *data, size_t len)
{
	return fchmod(fd, mode) == -1 || write_all(fd, data, len) == -1 ||
	    fsync(fd) == -1 ? errno : 0;
}

/*
 * write_nameless - a new file that has no name until it is whole
 *
 * So that nothing of a secret stays behind when the process is killed.
 * Returns: 0; errno; -1 when the file system or a lack of /proc forbids it.
 */
static int
write_nameless(const char *path, mode_t mode, const void *data, size_t len)
{
	char	dir[PATH_MAX], self[40];
	int	fd, why;

	(void)snprintf(dir, sizeof dir, "%s", path);
	fd = open(dirname(dir), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	why = fill(fd, mode, data, len);
	if (why == 0 && linkat(AT_FDCWD, self, AT_FDCWD, path,
	    AT_SYMLINK_FOLLOW) == -1)
		why = errno == EEXIST ? errno : -1;
	(void)close(fd);
	return why;
}

/* write_named - the same by way of a neighbour */
static int
write_named(const char *path, mode_t mode, const void *data, size_t len,
    bool replace)
{
	char	tmp[PATH_MAX];
	int	fd, why;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s.XXXXXX", path) >= sizeof tmp)
		return ENAMETOOLONG;
	if ((fd = mkostemp(tmp, O_CLOEXEC)) == -1)
		return errno;
	why = fill(fd, mode, data, len);
	if (close(fd) == -1 && why == 0)
		why = errno;
	/* link() refuses an existing name, rename() replaces it */
	if (why == 0 && (replace ? rename(tmp, path) : link(tmp, path)) == -1)
		why = errno;
	if (why != 0 || !replace)
		(void)unlink(tmp);
	return why;
}

int
file_write_new(const char *path, mode_t mode, const void *data, size_t len,
    bool replace, struct err *e)
{
	char	dir[PATH_MAX];
	int	why = -1;

	if ((size_t)snprintf(dir, sizeof dir, "%s", path) >= sizeof dir)
		return err_code(e, EX_CANTCREAT, "%.200s: name too long", path);
	if (!replace)
		why = write_nameless(path, mode, data, len);
	if (why == -1)
		why = write_named(path, mode, data, len, replace);
	if (why == 0 && file_sync_dir(dirname(dir)) == -1)
		why = errno;
	if (why != 0)
		return err_code(e, EX_CANTCREAT, "%s: %s", path,
		    strerror(why));
	return 0;
}

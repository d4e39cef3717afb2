/* SPDX-License-Identifier: BSD-2-Clause */
/* backup.c - a compact copy while the store is in use; see admin.h */
#include "store/admin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "store/find.h"

#include "base/banned.h"

#define GROWTH_MIN	(64u << 20)	/* octets that the store may grow */
#define GROWTH_PART	8		/* or this part of it, if more */
#define PIPE_BUF_SIZE	(1u << 18)

/*
 * One copy. LMDB copies a snapshot; pages that writers free meanwhile cannot
 * be used again before it is done, so a busy store grows. When it has grown
 * by too much, the writers wait for the rest of the copy.
 */
struct copying {
	struct store	*s;
	int		 pipe[2];	/* LMDB writes, we read */
	int		 fd;		/* the copy */
	const char	*path;
	char		*buf;
	off_t		 grown_from;
	int		 lock;		/* the writers' turn, or -1 */
	int		 rc;		/* of LMDB's part */
	struct err	*e;
};

static int
copying_run(void *arg)
{
	struct copying	*c = arg;

	c->rc = mdb_env_copyfd2(c->s->env->mdb, c->pipe[1], MDB_CP_COMPACT);
	return 0;
}

static void *
copying_thread(void *arg)
{
	struct copying	*c = arg;
	struct err	 e;

	if (env_guard(c->s->env, copying_run, c, &e) == -1)
		c->rc = MDB_CORRUPTED;
	(void)close(c->pipe[1]);
	return NULL;
}

/* file_size - of data.mdb as it is */
static off_t
file_size(const struct copying *c)
{
	struct stat	st;
	int		fd;

	if (mdb_env_get_fd(c->s->env->mdb, &fd) != 0 || fstat(fd, &st) == -1)
		return 0;
	return st.st_size;
}

/* hold_writers - once the store has grown by too much */
static void
hold_writers(struct copying *c)
{
	off_t	most = c->grown_from / GROWTH_PART;

	if (most < GROWTH_MIN)
		most = GROWTH_MIN;
	if (c->lock == -1 && file_size(c) - c->grown_from > most)
		c->lock = env_lock(c->s->env, LOCK_TURN, true, NULL);
}

/* pump - from the pipe into the file */
static int
pump(struct copying *c)
{
	ssize_t	n, done, w;

	for (;;) {
		n = read(c->pipe[0], c->buf, PIPE_BUF_SIZE);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? 0 : err_code(c->e, EX_IOERR,
			    "backup: %s", strerror(errno));
		for (done = 0; done < n; done += w) {
			w = write(c->fd, c->buf + done, (size_t)(n - done));
			if (w == -1 && errno == EINTR)
				w = 0;
			if (w == -1)
				return err_code(c->e, EX_CANTCREAT, "%s: %s",
				    c->path, strerror(errno));
		}
		hold_writers(c);
	}
}

/* copy - both halves */
static int
copy(struct copying *c)
{
	pthread_t	t;
	int		rc;

	if (pipe2(c->pipe, O_CLOEXEC) == -1)
		return err_code(c->e, EX_OSERR, "backup: %s",
		    strerror(errno));
	if (pthread_create(&t, NULL, copying_thread, c) != 0) {
		(void)close(c->pipe[0]);
		(void)close(c->pipe[1]);
		return err_code(c->e, EX_OSERR, "backup: no thread");
	}
	rc = pump(c);
	(void)close(c->pipe[0]);	/* ends LMDB's half if ours failed */
	(void)pthread_join(t, NULL);
	if (rc == 0 && c->rc != 0)
		rc = env_fail(c->s->env, "copy", c->rc, c->e);
	return rc;
}

/* is_empty - no name in this folder */
static bool
is_empty(const char *dir)
{
	struct dirent	*de;
	DIR		*d = opendir(dir);
	bool		 empty = true;

	if (d == NULL)
		return false;
	while (empty && (de = readdir(d)) != NULL)
		empty = strcmp(de->d_name, ".") == 0 ||
		    strcmp(de->d_name, "..") == 0;
	(void)closedir(d);
	return empty;
}

/* write_copy - data.mdb.new in dir, synced */
static int
write_copy(struct store *s, const char *path, struct err *e)
{
	struct copying	c = { .s = s, .path = path, .lock = -1, .e = e };
	int		rc;

	if ((c.buf = malloc(PIPE_BUF_SIZE)) == NULL)
		return err_code(e, EX_OSERR, "backup: no memory");
	c.grown_from = file_size(&c);
	c.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (c.fd == -1) {
		free(c.buf);
		return err_code(e, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	}
	rc = copy(&c);
	env_unlock(c.lock);
	free(c.buf);
	if (rc == 0 && fsync(c.fd) == -1)
		rc = err_code(e, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	(void)close(c.fd);
	return rc;
}

static void
ignore(void *arg, const char *what)
{
	struct err	*e = arg;

	if (e->msg[0] == '\0')
		(void)err_code(e, EX_DATAERR, "%s", what);
}

/* prove - open the copy as a store and check it */
static int
prove(const struct store *s, const char *dir, struct err *e)
{
	struct store_check	check;
	struct store		*copy;
	struct err		 first = { .msg = "" };
	int			 rc;

	if (store_open_with(dir, STORE_READ, s->keys, &s->conf, &copy,
	    e) == -1)
		return -1;
	rc = store_verify(copy, &check, ignore, &first, e);
	store_close(&copy);
	if (rc == 0 && check.faults > 0)
		return err_code(e, EX_DATAERR, "the copy has faults, as the "
		    "store must have: %s", first.msg);
	return rc;
}

/* alike - owner, group and mode of one file as the other's, if we may; the
 * group first, as a program of another user could not give it any more */
static void
alike(const char *dir, const char *as_dir, const char *name)
{
	char		path[PATH_MAX], as[PATH_MAX];
	struct stat	st;
	int		fd;

	if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >=
	    sizeof path || (size_t)snprintf(as, sizeof as, "%s/%s", as_dir,
	    name) >= sizeof as || stat(as, &st) == -1)
		return;
	fd = open(path, S_ISDIR(st.st_mode) ? O_RDONLY | O_CLOEXEC :
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return;
	if (fchown(fd, st.st_uid, st.st_gid) == 0)
		(void)fchmod(fd, st.st_mode & 0770);
	(void)close(fd);
}

/* share - put in the store's place, the copy serves the same users; they make
 * no lock files of their own there, which others could not open */
static void
share(const char *dir, const char *as_dir, bool made)
{
	alike(dir, as_dir, "lock.mdb");
	alike(dir, as_dir, "writers.lock");
	alike(dir, as_dir, "data.mdb");
	if (made)
		alike(dir, as_dir, ".");
}

int
store_backup(struct store *s, const char *dir, struct err *e)
{
	char	tmp[PATH_MAX], path[PATH_MAX];
	bool	made;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s/data.mdb.new", dir) >=
	    sizeof tmp)
		return err_code(e, EX_CANTCREAT, "%.200s: name too long", dir);
	(void)snprintf(path, sizeof path, "%s/data.mdb", dir);
	made = mkdir(dir, 0700) == 0;
	if (!made && (errno != EEXIST || !is_empty(dir)))
		return err_code(e, EX_CANTCREAT, "%s: must be absent or an "
		    "empty folder", dir);
	if (write_copy(s, tmp, e) == -1)
		goto undo;
	if (rename(tmp, path) == -1) {
		err_code(e, EX_CANTCREAT, "%s: %s", path, strerror(errno));
		goto undo;
	}
	if (prove(s, dir, e) == -1) {
		err_prefix(e, "%s: backup is not usable", dir);
		goto undo;
	}
	share(dir, s->env->dir, made);
	(void)file_sync_dir(dir);
	return 0;
undo:
	(void)unlink(tmp);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/lock.mdb", dir);
	(void)unlink(path);
	if (made)
		(void)rmdir(dir);
	return -1;
}

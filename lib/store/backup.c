/* SPDX-License-Identifier: BSD-2-Clause */
/* backup.c - a compact copy while the store is in use; see admin.h */
#include "store/admin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/find.h"

#include "base/banned.h"

struct copying {
	struct store	*s;
	int		 fd;
	struct err	*e;
};

/* copying_run - LMDB copies one snapshot; pages freed meanwhile are not reused
 * until it is done, which is the time that writing the copy takes */
static int
copying_run(void *arg)
{
	struct copying	*c = arg;
	int		 rc = mdb_env_copyfd2(c->s->env->mdb, c->fd,
			    MDB_CP_COMPACT);

	return rc == 0 ? 0 : env_fail(c->s->env, "copy", rc, c->e);
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
	struct copying	c = { .s = s, .e = e };
	int		rc;

	c.fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (c.fd == -1)
		return err_code(e, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	rc = env_guard(s->env, copying_run, &c, e);
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

int
store_backup(struct store *s, const char *dir, struct err *e)
{
	char	tmp[PATH_MAX], path[PATH_MAX];
	bool	made;
	int	fd;

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
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) != -1) {
		(void)fsync(fd);
		(void)close(fd);
	}
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

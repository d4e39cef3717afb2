/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compact.c - a smaller file in the place of the store's; see admin.h
 *
 * LMDB maps data.mdb and pairs it with the readers and numbers in lock.mdb:
 * both can only be swapped while nobody has them open. LMDB's own lock on the
 * first octet of lock.mdb tells; while we hold it alone, who opens waits, and
 * then finds by the files' numbers that they were replaced (env.c).
 */
#include "store/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "store/find.h"

#include "base/banned.h"

#define ASIDE	"compact.new"	/* a folder in the store's, while we work */

struct compacting {
	const char	*dir;
	char		 aside[PATH_MAX];
	char		 path[PATH_MAX], other[PATH_MAX];	/* scratch */
	struct err	*e;
};

/* in - a file of a folder; names are ours and short */
static const char *
in(char out[PATH_MAX], const char *dir, const char *name)
{
	if ((size_t)snprintf(out, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		out[0] = '\0';		/* names no file */
	return out;
}

static int
failed(const struct compacting *c, const char *what)
{
	return err_code(c->e, EX_CANTCREAT, "store %s: %s: %s", c->dir, what,
	    strerror(errno));
}

/* clear - what an earlier compaction, or this one, left aside */
static void
clear(struct compacting *c)
{
	static const char *const	names[] = { "data.mdb.new", "data.mdb",
		"lock.mdb", "writers.lock" };
	size_t				i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		(void)unlink(in(c->path, c->aside, names[i]));
	(void)rmdir(c->aside);
}

/* alone - LMDB's lock, if nobody has the store open; a descriptor, -1. Must
 * not be called while this process has it open: closing any descriptor of the
 * file would end LMDB's own lock. */
static int
alone(struct compacting *c)
{
	struct flock	l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
			    .l_len = 1 };
	int		fd;

	fd = open(in(c->path, c->dir, "lock.mdb"), O_RDWR | O_CLOEXEC);
	if (fd == -1)
		return failed(c, "lock.mdb");
	if (fcntl(fd, F_SETLK, &l) == 0)
		return fd;
	(void)close(fd);
	return err_code(c->e, EX_TEMPFAIL, "store %s: is open in another "
	    "program: stop them all, compact, start them (`fuser -v "
	    "%s/lock.mdb` names them)", c->dir, c->dir);
}

/* swap - the copy takes the store's place in one step; the old file stays as
 * data.mdb.before */
static int
swap(struct compacting *c)
{
	int	fd, rc;

	if ((fd = alone(c)) == -1)
		return -1;
	(void)unlink(in(c->other, c->dir, "data.mdb.before"));
	if (link(in(c->path, c->dir, "data.mdb"), c->other) == -1)
		rc = failed(c, "data.mdb.before");
	else if (rename(in(c->other, c->aside, "lock.mdb"),
	    in(c->path, c->dir, "lock.mdb")) == -1)
		rc = failed(c, "lock.mdb");
	else if (rename(in(c->other, c->aside, "data.mdb"),
	    in(c->path, c->dir, "data.mdb")) == -1)
		rc = failed(c, "data.mdb");
	else
		rc = 0;
	(void)close(fd);
	if (file_sync_dir(c->dir) == -1 && rc == 0)
		rc = failed(c, "sync");
	return rc;
}

int
store_compact(const struct conf *conf, const char *dir,
    const struct store_keys *keys, struct err *e)
{
	struct compacting	c = { .dir = dir, .e = e };
	struct store		*s;
	int			 fd, turn = -1, rc;

	if (in(c.aside, dir, ASIDE)[0] == '\0')
		return err_code(e, EX_CONFIG, "%.200s: name too long", dir);
	if ((fd = alone(&c)) == -1)	/* before the work, not after it */
		return -1;
	(void)close(fd);
	if (store_open_conf(conf, dir, STORE_WRITE, keys, &s, e) == -1)
		return -1;
	/* who opens it from now on can read, but not write */
	rc = (turn = env_lock(s->env, LOCK_TURN, true, e)) == -1 ? -1 : 0;
	if (rc == 0) {
		clear(&c);
		rc = store_backup(s, c.aside, e);
	}
	store_close(&s);
	if (rc == 0)
		rc = swap(&c);
	if (turn != -1)
		clear(&c);
	env_unlock(turn);
	return rc;
}

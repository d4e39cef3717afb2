/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * upgrade.c - see upgrade.h
 *
 * It is this writer's turn from the look at the number to the commit: so of
 * two programs that start at once the second finds the work done, and the copy
 * is of just what the steps begin with.
 */
#include "store/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"

#include "base/banned.h"

struct upgrading {
	struct env	*env;
	MDB_txn		*txn;
	uint32_t	 from;			/* the store's number */
	int		 fd;			/* of the copy, -1 */
	char		 copy[PATH_MAX + 32], tmp[PATH_MAX + 40];
	struct err	*e;
};

/* to_2 - "=gen" tells how many rows `entries` has; before, it ended with those
 * of `domains` */
static int
to_2(struct upgrading *u)
{
	struct head	h;
	int		rc;

	if (env_head(u->env, u->txn, &h, u->e) == -1)
		return -1;
	if ((rc = env_set_head(u->env, u->txn, &h)) != 0)
		return env_fail(u->env, "upgrade", rc, u->e);
	return 0;
}

/* One step for each number from UPGRADE_FROM on: to the next one. */
static int (*const steps[])(struct upgrading *) = { to_2 };

_Static_assert(sizeof steps / sizeof *steps == FORMAT_VERSION - UPGRADE_FROM,
    "a format needs its step");

/* copy_failed - the copy, not the store */
static int
copy_failed(struct upgrading *u, int rc)
{
	return err_code(u->e, EX_CANTCREAT, "store %s: not upgraded, as no "
	    "copy of it can be made: %s: %s", u->env->dir, u->tmp,
	    mdb_strerror(rc));
}

/* make_copy - data.mdb as it is, of the same owner and mode, on disk before
 * it has its name */
static int
make_copy(struct upgrading *u)
{
	struct stat	st;
	int		fd, rc;

	(void)snprintf(u->copy, sizeof u->copy, "%s/data.mdb.format%u",
	    u->env->dir, (unsigned)u->from);
	(void)snprintf(u->tmp, sizeof u->tmp, "%s/data.mdb.format%u.new",
	    u->env->dir, (unsigned)u->from);
	if (unlink(u->tmp) == -1 && errno != ENOENT)	/* of a killed one */
		return copy_failed(u, errno);
	u->fd = open(u->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (u->fd == -1)
		return copy_failed(u, errno);
	if ((rc = mdb_env_copyfd2(u->env->mdb, u->fd, MDB_CP_COMPACT)) != 0)
		return copy_failed(u, rc);
	if (mdb_env_get_fd(u->env->mdb, &fd) == 0 && fstat(fd, &st) == 0 &&
	    fchown(u->fd, st.st_uid, st.st_gid) == 0)
		(void)fchmod(u->fd, st.st_mode & 0770);
	if (fsync(u->fd) == -1 || rename(u->tmp, u->copy) == -1)
		return copy_failed(u, errno);
	if (file_sync_dir(u->env->dir) == -1)
		return copy_failed(u, errno);
	return 0;
}

/* take_steps - from the store's number to ours */
static int
take_steps(struct upgrading *u)
{
	uint8_t		format[FORMAT_SIZE];
	MDB_val		v;
	uint32_t	n;
	int		rc;

	for (n = u->from; n < FORMAT_VERSION; n++)
		if (steps[n - UPGRADE_FROM](u) == -1)
			return -1;
	if ((rc = env_get(u->env, u->txn, T_MAIN, "=format", 7, &v)) == 0) {
		memcpy(format, v.mv_data, sizeof format);
		put32(format + 8, FORMAT_VERSION);
		rc = env_put(u->env, u->txn, T_MAIN, "=format", 7, format,
		    sizeof format, 0);
	}
	return rc == 0 ? 0 : env_fail(u->env, "upgrade", rc, u->e);
}

static int
upgrade(void *arg)
{
	struct upgrading	*u = arg;

	if (env_begin(u->env, &u->txn, u->e) == -1)
		return -1;
	if (env_format(u->env, u->txn, &u->from, u->e) == -1) {
		env_abort(u->env, u->txn);
		return -1;
	}
	if (u->from == FORMAT_VERSION) {	/* somebody was faster */
		env_abort(u->env, u->txn);
		return 0;
	}
	if (make_copy(u) == -1 || take_steps(u) == -1) {
		env_abort(u->env, u->txn);
		return -1;
	}
	return env_commit(u->env, u->txn, u->e);
}

int
env_upgrade(struct env *env, struct err *e)
{
	struct upgrading	u = { .env = env, .fd = -1, .e = e };
	int			rc;

	if (env->format == FORMAT_VERSION)
		return 0;
	rc = env_guard(env, upgrade, &u, e);
	if (u.fd != -1)
		(void)close(u.fd);
	if (rc == -1 && u.tmp[0] != '\0')
		(void)unlink(u.tmp);
	if (rc == 0)
		env->format = FORMAT_VERSION;
	return rc;
}

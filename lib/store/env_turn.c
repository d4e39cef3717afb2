/* SPDX-License-Identifier: BSD-2-Clause */
/* env_turn.c - writers in turn, and other locks of programs; see env.h */
#include "store/env_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define CHECK_EVERY	64	/* commits between looks for dead readers */
#define TURN_NEXT	0		/* held by who goes next */
#define TURN_NOW	LOCK_TURN	/* held by who writes */

atomic_long env_turn_limit = 30000;

int
env_turn_open(const char *dir)
{
	char	path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/writers.lock", dir) >=
	    sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
}

/* lock_range - one octet of a lock file; cmd F_OFD_SETLK or F_OFD_SETLKW */
static int
lock_range(int fd, int cmd, short type, uint64_t what)
{
	struct flock	l = { .l_type = type, .l_whence = SEEK_SET,
			    .l_start = (off_t)what, .l_len = 1 };
	int		rc;

	while ((rc = fcntl(fd, cmd, &l)) == -1 && errno == EINTR)
		;
	return rc;
}

/* lock_until - wait for an octet of the lock file, but not for ever: fcntl has
 * no time limit of its own; 0, or an errno */
static int
lock_until(int fd, uint64_t what, int64_t until_us)
{
	struct timespec	pause = { 0, 100000 };

	while (lock_range(fd, F_OFD_SETLK, F_WRLCK, what) == -1) {
		if (errno != EAGAIN && errno != EACCES)
			return errno;
		if (clock_mono_us() >= until_us)
			return ETIMEDOUT;
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 1600000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

/*
 * turn_wait - a turnstile of two locks
 *
 * Who wrote must queue for NEXT again, and whoever holds NEXT is sure of NOW:
 * so a process that commits without a pause cannot shut the others out.
 */
static int
turn_wait(struct env *env)
{
	int64_t	until = clock_mono_us() + atomic_load(&env_turn_limit) * 1000;
	int	rc;

	if ((rc = lock_until(env->turn_fd, TURN_NEXT, until)) != 0)
		return rc;
	rc = lock_until(env->turn_fd, TURN_NOW, until);
	(void)lock_range(env->turn_fd, F_OFD_SETLK, F_UNLCK, TURN_NEXT);
	return rc;
}

void
env_turn_end(struct env *env)
{
	struct env_held	*held = env_held();

	if (held != NULL) {
		held->turn = false;
		held->txn = NULL;
	}
	(void)lock_range(env->turn_fd, F_OFD_SETLK, F_UNLCK, TURN_NOW);
	(void)pthread_mutex_unlock(&env->write);
}

/*
 * still_here - is our file the one that has the name?
 *
 * After a backup was put in its place nobody would ever read what we write.
 */
static int
still_here(const struct env *env, struct err *e)
{
	struct stat	file;

	if (env_look(env->dir, &file, e) == -1)
		return -1;
	if (file.st_dev == env->dev && file.st_ino == env->ino)
		return 0;
	return err_code(e, EX_TEMPFAIL, "store %s: was replaced while it was "
	    "open; reload or restart this program", env->dir);
}

int
env_begin(struct env *env, MDB_txn **txn, struct err *e)
{
	int	rc, tries, dead;

	*txn = NULL;
	if (!env->writable)
		return err_code(e, EX_SOFTWARE, "store %s: open for reading "
		    "only", env->dir);
	if (still_here(env, e) == -1)
		return -1;
	for (tries = 0;; tries++) {
		(void)pthread_mutex_lock(&env->write);
		if ((rc = turn_wait(env)) == 0) {
			env_held()->turn = true;
			if (env->commits++ % CHECK_EVERY == 0)
				(void)mdb_reader_check(env->mdb, &dead);
			rc = mdb_txn_begin(env->mdb, NULL, 0, txn);
			if (rc == 0 && (env_size_is_fresh(env) ||
			    env_check_size(env, *txn, e) == 0)) {
				env_held()->txn = *txn;
				return 0;
			}
			if (rc == 0) {
				env_abort(env, *txn);
				return -1;
			}
			env_turn_end(env);
		} else
			(void)pthread_mutex_unlock(&env->write);
		if (rc != MDB_MAP_RESIZED || tries == 2)
			break;
		(void)env_resize(env);
	}
	*txn = NULL;
	return env_fail(env, "write", rc, e);
}

int
env_commit(struct env *env, MDB_txn *txn, struct err *e)
{
	int	rc;

	env_held()->txn = NULL;	/* gone whatever commit says */
	if (env_write_fails()) {
		mdb_txn_abort(txn);
		rc = ENOSPC;
	} else
		rc = mdb_txn_commit(txn);
	env_turn_end(env);
	return rc == 0 ? 0 : env_fail(env, "write", rc, e);
}

void
env_abort(struct env *env, MDB_txn *txn)
{
	env_held()->txn = NULL;
	mdb_txn_abort(txn);
	env_turn_end(env);
}

int
env_lock(struct env *env, uint64_t what, bool wait, struct err *e)
{
	int	fd, rc;

	if ((fd = env_turn_open(env->dir)) == -1)
		return err_code(e, EX_NOPERM, "store %s: writers.lock: %s",
		    env->dir, strerror(errno));
	rc = lock_until(fd, what, wait ? clock_mono_us() +
	    atomic_load(&env_turn_limit) * 1000 : 0);
	if (rc == 0)
		return fd;
	(void)close(fd);
	if (rc != ETIMEDOUT)
		err_code(e, EX_OSERR, "store %s: writers.lock: %s", env->dir,
		    strerror(rc));
	else if (wait)
		env_fail(env, "wait", rc, e);
	errno = rc;
	return -1;
}

void
env_unlock(int fd)
{
	if (fd != -1)
		(void)close(fd);
}

bool
env_locked(struct env *env, uint64_t what)
{
	struct flock	l = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
			    .l_start = (off_t)what, .l_len = 1 };
	int		fd, rc;

	if ((fd = env_turn_open(env->dir)) == -1)
		return true;		/* cannot say: leave it alone */
	rc = fcntl(fd, F_OFD_GETLK, &l);
	(void)close(fd);
	return rc == -1 || l.l_type != F_UNLCK;
}

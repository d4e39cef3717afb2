/* SPDX-License-Identifier: BSD-2-Clause */
/* env_create.c - a store where there is none; see env.h */
#include "store/env_int.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/clock.h"

#include "base/banned.h"

static const char *const files[] = { "data.mdb", "lock.mdb", "writers.lock" };

/* write_format - the first commit of a new store */
static int
write_format(struct env *env)
{
	struct head	 h = { .first = 1, .next_list = 1 };
	uint8_t		 format[FORMAT_SIZE] = FORMAT_MAGIC;
	MDB_txn		*txn;
	int		 rc;

	put32(format + 8, FORMAT_VERSION);
	if (RAND_bytes(format + 12, 16) != 1)
		return EIO;
	put64(format + 28, (uint64_t)clock_now());
	/* the chain begins with the store's own number */
	memcpy(h.hash, format + 12, 16);
	memcpy(h.before, h.hash, sizeof h.before);
	if ((rc = mdb_txn_begin(env->mdb, NULL, 0, &txn)) != 0)
		return rc;
	if ((rc = env_open_tables(env, txn, true)) != 0 ||
	    (rc = env_put(env, txn, T_MAIN, "=format", 7, format,
	    sizeof format, MDB_NOOVERWRITE)) != 0 ||
	    (rc = env_set_head(env, txn, &h)) != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

/* undo_create - leave nothing that was not there */
static void
undo_create(const char *dir, bool made)
{
	char	path[PATH_MAX];
	size_t	i;

	for (i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		(void)unlink(path);
	}
	if (made)
		(void)rmdir(dir);
}

/* share_files - the group writes, too: every program locks, some write */
static void
share_files(const char *dir)
{
	char	path[PATH_MAX];
	size_t	i;

	for (i = 0; i < sizeof files / sizeof *files; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, files[i]);
		(void)chmod(path, 0660);
	}
}

int
env_create(const char *dir, size_t map_size, struct err *e)
{
	char		 path[PATH_MAX];
	struct env	*env;
	bool		 made;
	int		 fd, rc;

	if ((size_t)snprintf(path, sizeof path, "%s/data.mdb", dir) >=
	    sizeof path)
		return err_code(e, EX_CONFIG, "store %.200s: name too long",
		    dir);
	made = mkdir(dir, 0750) == 0;
	if (!made && errno != EEXIST)
		return err_code(e, EX_CANTCREAT, "store %s: %s", dir,
		    strerror(errno));
	if (access(path, F_OK) == 0)
		return err_code(e, EX_CANTCREAT, "store %s: there is one "
		    "already", dir);
	if ((env = env_new(dir, e)) == NULL)
		return -1;
	if ((fd = env_turn_open(dir)) == -1)
		rc = errno;
	else {
		(void)close(fd);
		if ((rc = env_start_mdb(env, 0, map_size)) == 0)
			rc = write_format(env);
	}
	if (rc != 0)
		env_fail(env, "create", rc, e);
	else
		share_files(dir);
	env_free(env);
	if (rc == 0)
		return 0;
	undo_create(dir, made);
	return -1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env.c - see env.h; opening and closing
 *
 *	env_guard.c	what ends a process becomes an error
 *	env_fail.c	errors in words
 *	env_table.c	short forms of LMDB's calls
 *	env_turn.c	writers and other locks
 *	env_create.c	a store where there is none
 *	reader.c	read transactions, and the size of the map
 */
#include "store/env_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/scope.h"
#include "store/upgrade.h"

#include "base/banned.h"

#define READERS_MAX	4096	/* of all processes; 64 octets of lock file */

static pthread_mutex_t	 all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct env	*all;

static const char *const table_names[T_COUNT] = {
	NULL, "entries", "domains", "lists", "scopes", "runs", "journal",
	"dedup", "sealed"
};

int
env_start_mdb(struct env *env, unsigned flags, size_t map_size)
{
	MDB_envinfo	info;
	size_t		least = 1u << 20;
	int		rc;

	for (;;) {
		if ((rc = mdb_env_create(&env->mdb)) != 0)
			return rc;
		if ((rc = mdb_env_set_maxdbs(env->mdb, 16)) == 0 &&
		    (rc = mdb_env_set_maxreaders(env->mdb,
		    READERS_MAX)) == 0 &&
		    (rc = mdb_env_set_mapsize(env->mdb, map_size)) == 0 &&
		    (rc = mdb_env_set_assert(env->mdb, env_guard_assert)) == 0)
			rc = mdb_env_open(env->mdb, env->dir,
			    flags | MDB_NOTLS, 0660);
		if (rc == 0)
			break;
		mdb_env_close(env->mdb);
		env->mdb = NULL;
		if (rc != ENOMEM || map_size / 2 < least)
			return rc;
		map_size /= 2;
	}
	/* another process may have been given more, and used it */
	if (mdb_env_info(env->mdb, &info) == 0 && info.me_mapsize < map_size)
		rc = mdb_env_set_mapsize(env->mdb, map_size);
	return rc;
}

int
env_open_tables(struct env *env, MDB_txn *txn, bool create)
{
	int	i, rc = 0;

	for (i = 0; i < T_COUNT && rc == 0; i++)
		rc = mdb_dbi_open(txn, table_names[i],
		    create && i != T_MAIN ? MDB_CREATE : 0, &env->dbi[i]);
	return rc;
}

int
env_format(struct env *env, MDB_txn *txn, uint32_t *number, struct err *e)
{
	const uint8_t	*p;
	MDB_val		 v;
	int		 rc;

	rc = env_get(env, txn, T_MAIN, "=format", 7, &v);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return env_fail(env, "open", rc, e);
	p = v.mv_data;
	if (rc == MDB_NOTFOUND || v.mv_size < 12 ||
	    memcmp(p, FORMAT_MAGIC, 8) != 0)
		return err_code(e, EX_DATAERR, "store %s: data.mdb is an LMDB "
		    "file, but not a suppression store", env->dir);
	*number = get32(p + 8);
	if (*number > FORMAT_VERSION)
		return err_code(e, EX_CONFIG, "store %s: its format is %lu, "
		    "this program knows up to %d; install the newer program",
		    env->dir, (unsigned long)*number, FORMAT_VERSION);
	if (*number < UPGRADE_FROM || v.mv_size < FORMAT_SIZE)
		return env_garbled(env, "its format record", e);
	return 0;
}

/* check_format - is it ours, and of a version that we know? An older one is
 * for those who write, as they upgrade it. */
static int
check_format(struct env *env, MDB_txn *txn, struct err *e)
{
	MDB_val	v;
	int	rc;

	if ((rc = mdb_dbi_open(txn, NULL, 0, &env->dbi[T_MAIN])) != 0)
		return env_fail(env, "open", rc, e);
	if (env_format(env, txn, &env->format, e) == -1)
		return -1;
	if (env->format != FORMAT_VERSION && !env->writable)
		return err_code(e, EX_TEMPFAIL, "store %s: its format is %lu, "
		    "an older one: `mailweir init` upgrades it to %d and keeps "
		    "a copy", env->dir, (unsigned long)env->format,
		    FORMAT_VERSION);
	if ((rc = env_get(env, txn, T_MAIN, "=format", 7, &v)) != 0)
		return env_fail(env, "open", rc, e);
	memcpy(env->uuid, (const uint8_t *)v.mv_data + 12, sizeof env->uuid);
	return 0;
}

/* start - what the guard watches while opening */
struct start {
	struct env	*env;
	struct err	*e;
	MDB_txn		*txn;
};

static int
start_tables(void *arg)
{
	struct start	*st = arg;
	struct env	*env = st->env;
	int		 rc;

	if ((rc = mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, &st->txn)) != 0)
		return env_fail(env, "open", rc, st->e);
	if (env_check_size(env, st->txn, st->e) == -1)
		return -1;
	if (check_format(env, st->txn, st->e) == -1)
		return -1;
	if ((rc = env_open_tables(env, st->txn, false)) != 0)
		return env_fail(env, "open its tables", rc == MDB_NOTFOUND ?
		    MDB_CORRUPTED : rc, st->e);
	rc = mdb_txn_commit(st->txn);	/* keeps the handles */
	st->txn = NULL;
	return rc == 0 ? 0 : env_fail(env, "open", rc, st->e);
}

struct env *
env_new(const char *dir, struct err *e)
{
	struct env	*env;

	if ((env = aligned_alloc(64, (sizeof *env + 63) / 64 * 64)) == NULL) {
		err_code(e, EX_OSERR, "store %s: no memory", dir);
		return NULL;
	}
	memset(env, 0, sizeof *env);
	env->refs = 1;
	env->turn_fd = -1;
	env->queue_end = &env->queue;
	(void)snprintf(env->dir, sizeof env->dir, "%s", dir);
	(void)pthread_mutex_init(&env->write, NULL);
	(void)pthread_mutex_init(&env->queue_lock, NULL);
	(void)pthread_mutex_init(&env->scopes_lock, NULL);
	(void)sem_init(&env->janitor.wake, 0, 0);
	return env;
}

void
env_free(struct env *env)
{
	readers_end(env);
	scopes_unref(env->scopes);
	if (env->mdb != NULL)
		mdb_env_close(env->mdb);
	if (env->turn_fd != -1)
		(void)close(env->turn_fd);
	(void)pthread_mutex_destroy(&env->write);
	(void)pthread_mutex_destroy(&env->queue_lock);
	(void)pthread_mutex_destroy(&env->scopes_lock);
	(void)sem_destroy(&env->janitor.wake);
	free(env);
}

int
env_look(const char *dir, struct stat *file, struct err *e)
{
	char	path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/data.mdb", dir) >=
	    sizeof path)
		return err_code(e, EX_CONFIG, "store %.200s: name too long",
		    dir);
	if (stat(path, file) == -1) {
		if (errno == ENOENT)
			return err_code(e, EX_NOINPUT, "store %s: there is no "
			    "store here (`mailweir init` makes one)", dir);
		return err_code(e, EX_NOINPUT, "store %s: %s", dir,
		    strerror(errno));
	}
	if (file->st_size == 0)	/* LMDB would make a new one of it */
		return err_code(e, EX_DATAERR, "store %s: is damaged: data.mdb "
		    "is empty; restore a backup", dir);
	return 0;
}

/*
 * is_safe - may root open these files?
 *
 * LMDB opens both by name and writes into lock.mdb whatever it is: who owns the
 * folder could put a link there, and let root overwrite any file.
 */
static int
is_safe(const char *dir, struct err *e)
{
	static const char *const	names[] = { "data.mdb", "lock.mdb" };
	char				path[PATH_MAX];
	struct stat			st;
	size_t				i;

	for (i = 0; i < 2 && geteuid() == 0; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		if (lstat(path, &st) == 0 && (!S_ISREG(st.st_mode) ||
		    (i == 1 && st.st_nlink != 1)))
			return err_code(e, EX_NOPERM, "store %s: %s is a "
			    "link, or has a second name: root does not open "
			    "it; be the user whom the store belongs to", dir,
			    names[i]);
	}
	return 0;
}

/* lock_number - of the file that the name lock.mdb means now; 0 none */
static ino_t
lock_number(const char *dir)
{
	char		path[PATH_MAX];
	struct stat	st;

	if ((size_t)snprintf(path, sizeof path, "%s/lock.mdb", dir) >=
	    sizeof path || stat(path, &st) == -1)
		return 0;
	return st.st_ino;
}

/* is_whole - did we open the files that have the names? Not if somebody swapped
 * them just then: data of one and lock of another must not be used. */
static int
is_whole(const struct env *env, ino_t lock, struct err *e)
{
	struct stat	file;

	if (env_look(env->dir, &file, e) == -1)
		return -1;
	if (file.st_dev == env->dev && file.st_ino == env->ino &&
	    (lock == 0 || lock_number(env->dir) == lock))
		return 0;
	return err_code(e, EX_TEMPFAIL, "store %s: was replaced while it was "
	    "opened; try again", env->dir);
}

/* has_slot - is what we just read written down in lock.mdb? LMDB goes without
 * where the file system is read-only. */
static bool
has_slot(MDB_env *mdb)
{
	MDB_envinfo	info;

	return mdb_env_info(mdb, &info) == 0 && info.me_numreaders > 0;
}

bool
env_outdated(const struct env *env)
{
	char	path[PATH_MAX];

	return env->unlocked && (size_t)snprintf(path, sizeof path,
	    "%s/lock.mdb", env->dir) < sizeof path && access(path, W_OK) == 0;
}

/* env_start - a fresh environment of an existing store */
static int
env_start(const char *dir, const struct stat *file, bool write,
    size_t map_size, struct env **out, struct err *e)
{
	struct start	 st = { .e = e };
	struct env	*env;
	ino_t		 lock = lock_number(dir);
	int		 rc, dead;

	if (is_safe(dir, e) == -1 || (env = env_new(dir, e)) == NULL)
		return -1;
	env->dev = file->st_dev;
	env->ino = file->st_ino;
	env->writable = write;
	if ((rc = env_start_mdb(env, write ? 0 : MDB_RDONLY, map_size)) != 0) {
		env_fail(env, "open", rc, e);
		env_free(env);
		return -1;
	}
	if (is_whole(env, lock, e) == -1) {
		env_free(env);
		return -1;
	}
	st.env = env;
	if (env_guard(env, start_tables, &st, e) == -1) {
		if (st.txn != NULL)	/* only read: touches no page */
			mdb_txn_abort(st.txn);
		env_free(env);
		return -1;
	}
	env->unlocked = !has_slot(env->mdb);
	(void)mdb_reader_check(env->mdb, &dead);
	if (write && (env->turn_fd = env_turn_open(dir)) == -1) {
		err_code(e, EX_NOPERM, "store %s: writers.lock: %s", dir,
		    strerror(errno));
		env_free(env);
		return -1;
	}
	if (env_upgrade(env, e) == -1) {
		env_free(env);
		return -1;
	}
	*out = env;
	return 0;
}

/* find_open - the environment of this file, if this process has it open */
static struct env *
find_open(const struct stat *file)
{
	struct env	*env;

	for (env = all; env != NULL; env = env->next)
		if (env->dev == file->st_dev && env->ino == file->st_ino &&
		    !env_outdated(env))
			return env;
	return NULL;
}

int
env_open(const char *dir, bool write, size_t map_size, struct env **out,
    struct err *e)
{
	struct stat	 file;
	struct env	*env;
	int		 rc = 0;

	*out = NULL;
	if (env_look(dir, &file, e) == -1)
		return -1;
	(void)pthread_mutex_lock(&all_lock);
	env_guard_install();
	if ((env = find_open(&file)) != NULL) {
		if (write && !env->writable)
			rc = err_code(e, EX_SOFTWARE, "store %s: this process "
			    "has it open for reading already", dir);
		else
			env->refs++;
	} else if ((rc = env_start(dir, &file, write, map_size, &env,
	    e)) == 0) {
		env->next = all;
		all = env;
	}
	(void)pthread_mutex_unlock(&all_lock);
	if (rc == 0)
		*out = env;
	return rc;
}

void
env_close(struct env **envp)
{
	struct env	*env = *envp, **p;

	*envp = NULL;
	(void)pthread_mutex_lock(&all_lock);
	if (--env->refs > 0) {
		(void)pthread_mutex_unlock(&all_lock);
		return;
	}
	for (p = &all; *p != env; p = &(*p)->next)
		;
	*p = env->next;
	env_free(env);		/* still under the lock: LMDB allows no second
				   environment of a file before this is gone */
	(void)pthread_mutex_unlock(&all_lock);
}

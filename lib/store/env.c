/* SPDX-License-Identifier: BSD-2-Clause */
/* env.c - see env.h */
#include "store/env.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/clock.h"
#include "store/scope.h"
#include "store/upgrade.h"

#include "base/banned.h"

#define READERS_MAX	4096	/* of all processes; 64 octets of lock file */
#define FULL_BELOW	(1u << 20)	/* octets free: the disk is full */
#define CHECK_EVERY	64	/* commits between looks for dead readers */

atomic_long env_fail_write;
atomic_long env_turn_limit = 30000;

static pthread_mutex_t	 all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct env	*all;
static struct sigaction	 handler_before;

static const char *const table_names[T_COUNT] = {
	NULL, "entries", "domains", "lists", "scopes", "runs", "journal",
	"dedup", "sealed"
};

/*
 * The guard. One thread-local pointer: it lives within one call on one
 * thread, which is not the per-connection state that HOUSE forbids.
 */
struct guard {
	sigjmp_buf	 jump;
	struct guard	*outer;
	MDB_txn		*txn;		/* the write transaction, if any */
	bool		 turn;		/* it is this thread's turn to write */
	MDB_cursor	*cursor;	/* of env_cursor(), one at a time */
	char		 why[200];
};

static _Thread_local struct guard *guard_now;

static void
guard_sigbus(int sig, siginfo_t *info, void *context)
{
	static const char why[] = "data.mdb is shorter than it was, or its "
			    "disk cannot be read";
	struct guard	*g = guard_now;

	if (g != NULL) {
		memcpy(g->why, why, sizeof why);
		siglongjmp(g->jump, 1);
	}
	if ((handler_before.sa_flags & SA_SIGINFO) != 0 &&
	    handler_before.sa_sigaction != NULL) {
		handler_before.sa_sigaction(sig, info, context);
		return;
	}
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void
guard_assert(MDB_env *mdb, const char *msg)
{
	struct guard	*g = guard_now;

	(void)mdb;
	if (g == NULL)
		return;		/* LMDB prints it and aborts */
	(void)snprintf(g->why, sizeof g->why, "a page is garbled (%s)", msg);
	siglongjmp(g->jump, 1);
}

/* guard_install - catch SIGBUS; all_lock held */
static void
guard_install(void)
{
	struct sigaction	sa = { .sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction	now;

	if (sigaction(SIGBUS, NULL, &now) == 0 &&
	    (now.sa_flags & SA_SIGINFO) != 0 &&
	    now.sa_sigaction == guard_sigbus)
		return;
	handler_before = now;
	sa.sa_sigaction = guard_sigbus;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGBUS, &sa, NULL);
}

/* abort_txn - for env_guard, which may call it in a damaged environment */
static int
abort_txn(void *txn)
{
	mdb_txn_abort(txn);
	return 0;
}

static void	turn_end(struct env *);

/* guard_release - let others write after a fault in the midst of it */
static void
guard_release(struct env *env, const struct guard *caught)
{
	if (caught->cursor != NULL)
		mdb_cursor_close(caught->cursor);
	if (caught->txn != NULL)
		(void)env_guard(env, abort_txn, caught->txn, NULL);
	if (caught->turn)
		turn_end(env);
	atomic_store(&env->broken, true);
}

int
env_guard(struct env *env, int (*fn)(void *), void *arg, struct err *e)
{
	struct guard	g;
	int		rc;

	if (atomic_load_explicit(&env->broken, memory_order_relaxed))
		return err_code(e, EX_DATAERR, "store %s: is damaged; restore "
		    "a backup, then restart", env->dir);
	g.outer = guard_now;
	g.txn = NULL;
	g.turn = false;
	g.cursor = NULL;
	g.why[0] = '\0';
	if (sigsetjmp(g.jump, 0) != 0) {
		guard_now = g.outer;
		guard_release(env, &g);
		return err_code(e, EX_DATAERR, "store %s: is damaged: %s; "
		    "restore a backup", env->dir, g.why);
	}
	guard_now = &g;
	rc = fn(arg);
	guard_now = g.outer;
	return rc;
}

/* env_text - what a code of LMDB means to an admin, and the status for it */
static const char *
env_text(int rc, int *code)
{
	*code = EX_IOERR;
	switch (rc) {
	case MDB_MAP_FULL:
		*code = EX_CANTCREAT;
		return "full: raise map_size in section [store]";
	case ENOSPC:
	case EDQUOT:
		*code = EX_CANTCREAT;
		return "no space left on the disk";
	case MDB_READERS_FULL:
		*code = EX_TEMPFAIL;
		return "too many readers at one time";
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		*code = EX_DATAERR;
		return "data.mdb is not a store of this kind";
	case MDB_PANIC:
		*code = EX_TEMPFAIL;
		return "an earlier write of this program failed half-way: "
		    "restart it";
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
		*code = EX_DATAERR;
		return "data.mdb is damaged; restore a backup";
	case EACCES:
	case EPERM:
		*code = EX_NOPERM;
		return "no permission (lock.mdb must be writable even for "
		    "those who only read)";
	case ENOENT:
		*code = EX_NOINPUT;
		return "there is no store here (`mailweir init` makes one)";
	case ENOMEM:
		*code = EX_OSERR;
		return "no memory or address space";
	case ETIMEDOUT:
		*code = EX_TEMPFAIL;
		return "locked: another program does not let go of it "
		    "(`fuser -v writers.lock` in that folder names it)";
	default:
		return mdb_strerror(rc);
	}
}

/* disk_is_full - LMDB calls a write that the disk took in part EIO */
static bool
disk_is_full(const struct env *env)
{
	struct statvfs	fs;

	return statvfs(env->dir, &fs) == 0 &&
	    (uint64_t)fs.f_bavail * fs.f_frsize < FULL_BELOW;
}

int
env_fail(struct env *env, const char *step, int rc, struct err *e)
{
	int		 code;
	const char	*text;

	if (rc == EIO && disk_is_full(env))
		rc = ENOSPC;
	text = env_text(rc, &code);

	return err_code(e, code, "store %s: %s: %s", env->dir, step, text);
}

int
env_garbled(struct env *env, const char *what, struct err *e)
{
	return err_code(e, EX_DATAERR, "store %s: is damaged: %s is not what "
	    "the format allows; restore a backup", env->dir, what);
}

int
env_get(struct env *env, MDB_txn *txn, enum env_table t, const void *key,
    size_t n, MDB_val *out)
{
	MDB_val	k = { n, (void *)(uintptr_t)key };

	return mdb_get(txn, env->dbi[t], &k, out);
}

int
env_cursor_at(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **c)
{
	int	rc = mdb_cursor_open(txn, dbi, c);

	if (rc == 0)
		guard_now->cursor = *c;
	return rc;
}

int
env_cursor(struct env *env, MDB_txn *txn, enum env_table t, MDB_cursor **c)
{
	return env_cursor_at(txn, env->dbi[t], c);
}

void
env_cursor_done(MDB_cursor *c)
{
	guard_now->cursor = NULL;
	mdb_cursor_close(c);
}

bool
env_write_fails(void)
{
	if (atomic_load_explicit(&env_fail_write, memory_order_relaxed) == 0)
		return false;
	return atomic_fetch_sub(&env_fail_write, 1) == 1;
}

int
env_put(struct env *env, MDB_txn *txn, enum env_table t, const void *key,
    size_t n, const void *p, size_t len, unsigned flags)
{
	MDB_val	k = { n, (void *)(uintptr_t)key };
	MDB_val	v = { len, (void *)(uintptr_t)p };

	if (env_write_fails())
		return ENOSPC;
	return mdb_put(txn, env->dbi[t], &k, &v, flags);
}

int
env_del(struct env *env, MDB_txn *txn, enum env_table t, const void *key,
    size_t n)
{
	MDB_val	k = { n, (void *)(uintptr_t)key };

	if (env_write_fails())
		return ENOSPC;
	return mdb_del(txn, env->dbi[t], &k, NULL);
}

void
env_forget(const void *lo, const void *hi)
{
	uintptr_t	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t	from = (uintptr_t)lo / page * page;

	(void)madvise((void *)from, (uintptr_t)hi - from, MADV_DONTNEED);
}

int
env_head(struct env *env, MDB_txn *txn, struct head *h, struct err *e)
{
	MDB_val	v;
	int	rc;

	if ((rc = env_get(env, txn, T_MAIN, "=head", 5, &v)) != 0)
		return env_fail(env, "read its head", rc == MDB_NOTFOUND ?
		    MDB_CORRUPTED : rc, e);
	if (head_unpack(v.mv_data, v.mv_size, h) == -1)
		return env_garbled(env, "its head", e);
	return 0;
}

int
env_set_head(struct env *env, MDB_txn *txn, const struct head *h)
{
	uint8_t		packed[HEAD_SIZE], gen[GEN_SIZE];
	MDB_stat	st;
	int		rc;

	head_pack(packed, h);
	put64(gen, h->gen);
	if ((rc = mdb_stat(txn, env->dbi[T_DOMAINS], &st)) != 0)
		return rc;
	put64(gen + 8, st.ms_entries);
	if ((rc = mdb_stat(txn, env->dbi[T_ENTRIES], &st)) != 0)
		return rc;
	put64(gen + 16, st.ms_entries);
	if ((rc = env_put(env, txn, T_MAIN, "=gen", 4, gen, sizeof gen,
	    0)) != 0)
		return rc;
	return env_put(env, txn, T_MAIN, "=head", 5, packed, sizeof packed, 0);
}

/* -- opening and closing ------------------------------------------------- */

/* mdb_start - create and open the LMDB environment, with less address space
 * when the system (RLIMIT_AS) does not grant it all */
static int
mdb_start(struct env *env, unsigned flags, size_t map_size)
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
		    (rc = mdb_env_set_assert(env->mdb, guard_assert)) == 0)
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

/* open_tables - handles of every table; creates them when `create` */
static int
open_tables(struct env *env, MDB_txn *txn, bool create)
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
	if ((rc = open_tables(env, st->txn, false)) != 0)
		return env_fail(env, "open its tables", rc == MDB_NOTFOUND ?
		    MDB_CORRUPTED : rc, st->e);
	rc = mdb_txn_commit(st->txn);	/* keeps the handles */
	st->txn = NULL;
	return rc == 0 ? 0 : env_fail(env, "open", rc, st->e);
}

/* env_new - the struct, nothing open yet */
static struct env *
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

/* env_free - everything; all_lock not needed, nobody knows it any more */
static void
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

/* turn_open - writers.lock of a folder */
static int
turn_open(const char *dir)
{
	char	path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s/writers.lock", dir) >=
	    sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
}

/* look_at - data.mdb of a folder */
static int
look_at(const char *dir, struct stat *file, struct err *e)
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

	if (look_at(env->dir, &file, e) == -1)
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

	if ((env = env_new(dir, e)) == NULL)
		return -1;
	env->dev = file->st_dev;
	env->ino = file->st_ino;
	env->writable = write;
	if ((rc = mdb_start(env, write ? 0 : MDB_RDONLY, map_size)) != 0) {
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
	if (write && (env->turn_fd = turn_open(dir)) == -1) {
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
	if (look_at(dir, &file, e) == -1)
		return -1;
	(void)pthread_mutex_lock(&all_lock);
	guard_install();
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
	if ((rc = open_tables(env, txn, true)) != 0 ||
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
	static const char *const files[] = { "data.mdb", "lock.mdb",
		"writers.lock" };
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
	static const char *const files[] = { "data.mdb", "lock.mdb",
		"writers.lock" };
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
	if ((fd = turn_open(dir)) == -1)
		rc = errno;
	else {
		(void)close(fd);
		if ((rc = mdb_start(env, 0, map_size)) == 0)
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

/* -- writers -------------------------------------------------------------- */

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

#define TURN_NEXT	0	/* held by who goes next */
#define TURN_NOW	LOCK_TURN	/* held by who writes */

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

static void
turn_end(struct env *env)
{
	if (guard_now != NULL) {
		guard_now->turn = false;
		guard_now->txn = NULL;
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

	if (look_at(env->dir, &file, e) == -1)
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
			guard_now->turn = true;
			if (env->commits++ % CHECK_EVERY == 0)
				(void)mdb_reader_check(env->mdb, &dead);
			rc = mdb_txn_begin(env->mdb, NULL, 0, txn);
			if (rc == 0 && (env_size_is_fresh(env) ||
			    env_check_size(env, *txn, e) == 0)) {
				guard_now->txn = *txn;
				return 0;
			}
			if (rc == 0) {
				env_abort(env, *txn);
				return -1;
			}
			turn_end(env);
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

	guard_now->txn = NULL;	/* gone whatever commit says */
	if (env_write_fails()) {
		mdb_txn_abort(txn);
		rc = ENOSPC;
	} else
		rc = mdb_txn_commit(txn);
	turn_end(env);
	return rc == 0 ? 0 : env_fail(env, "write", rc, e);
}

void
env_abort(struct env *env, MDB_txn *txn)
{
	guard_now->txn = NULL;
	mdb_txn_abort(txn);
	turn_end(env);
}

int
env_lock(struct env *env, uint64_t what, bool wait, struct err *e)
{
	int	fd, rc;

	if ((fd = turn_open(env->dir)) == -1)
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

	if ((fd = turn_open(env->dir)) == -1)
		return true;		/* cannot say: leave it alone */
	rc = fcntl(fd, F_OFD_GETLK, &l);
	(void)close(fd);
	return rc == -1 || l.l_type != F_UNLCK;
}

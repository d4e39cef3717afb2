/* SPDX-License-Identifier: BSD-2-Clause */
/* env_fail.c - what went wrong, in words for an admin; see env.h */
#include "store/env.h"

#include <errno.h>
#include <sys/statvfs.h>
#include <sysexits.h>

#include "base/banned.h"

#define FULL_BELOW	(1u << 20)	/* octets free: the disk is full */

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

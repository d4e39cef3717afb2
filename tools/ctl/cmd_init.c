/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_init.c - mailweir init: everything the programs expect to be there
 *
 * Makes what is absent and leaves alone what is there, but for its owner, so
 * that it can run again after each upgrade. A store key without its store, or a
 * store without its key, is never made good silently: a new key would make
 * every entry of the old store invisible.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl/cmds.h"
#include "token/token.h"

#include "base/banned.h"

/* Whom the programs run as; uid -1 = whoever runs this. */
struct owner {
	uid_t	uid;
	gid_t	gid;
};

static void
say(const char *what, const char *path)
{
	(void)printf("%-8s %s\n", what, path);
}

/* make_dir - path and what is above it; 1 made, 0 was there, -1 with *e */
static int
make_dir(const char *path, mode_t mode, struct err *e)
{
	char		 part[PATH_MAX], *p;
	struct stat	 st;

	if (stat(path, &st) == 0)
		return S_ISDIR(st.st_mode) ? 0 :
		    err_code(e, EX_CANTCREAT, "%s: not a folder", path);
	if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
		return err_code(e, EX_CONFIG, "%.200s: name too long", path);
	for (p = part + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		if (mkdir(part, 0755) == -1 && errno != EEXIST)
			return err_code(e, EX_CANTCREAT, "%s: %s", part,
			    strerror(errno));
	}
	if (mkdir(path, mode) == -1)
		return err_code(e, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	return 1;
}

/* give - path to the owner; keys stay the caller's and become readable */
static int
give(const char *path, const struct owner *o, bool secret, struct err *e)
{
	if (o->uid == (uid_t)-1)
		return 0;
	if (lchown(path, secret ? (uid_t)-1 : o->uid, o->gid) == -1 ||
	    (secret && chmod(path, 0640) == -1))
		return err_code(e, EX_NOPERM, "%s: %s", path,
		    strerror(errno));
	return 0;
}

/* is_his - does it belong to the owner? Then its group is somebody's choice:
 * run_dir's lets the MTA in. */
static bool
is_his(const char *path, const struct owner *o)
{
	struct stat	st;

	return lstat(path, &st) == 0 && st.st_uid == o->uid;
}

/* init_dir - a folder that the programs write to */
static int
init_dir(const char *path, const struct owner *o, struct err *e)
{
	int	rc = make_dir(path, 0750, e);

	if (rc == -1 || (!is_his(path, o) && give(path, o, false, e) == -1))
		return -1;
	say(rc == 1 ? "made" : "there", path);
	return 0;
}

static bool
exists(const char *path)
{
	struct stat	st;

	return stat(path, &st) == 0;
}

/* init_key - a key file, in a folder that others may look into */
static int
init_key(const char *path, int (*create)(const char *path, struct err *e),
    const struct owner *o, struct err *e)
{
	char	dir[PATH_MAX], *slash;

	if (exists(path)) {
		if (give(path, o, true, e) == -1)
			return -1;
		say("there", path);
		return 0;
	}
	(void)snprintf(dir, sizeof dir, "%s", path);
	if ((slash = strrchr(dir, '/')) != NULL && slash != dir) {
		*slash = '\0';
		if (make_dir(dir, 0755, e) == -1)
			return -1;
	}
	if (create(path, e) == -1 || give(path, o, true, e) == -1)
		return -1;
	say("made", path);
	return 0;
}

/* give_at - a file or folder below dir, if it is there, to the owner. He may
 * have put a link of some kind there, so that root gives him another file. */
static int
give_at(int dir, const char *name, const struct owner *o)
{
	struct stat	st;
	int		fd, rc;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	rc = fstat(fd, &st);
	if (rc == 0 && !S_ISDIR(st.st_mode) &&
	    !(S_ISREG(st.st_mode) && st.st_nlink == 1)) {
		errno = EMLINK;
		rc = -1;
	}
	if (rc == 0)
		rc = fchown(fd, o->uid, o->gid);
	(void)close(fd);
	return rc;
}

/* give_store - the folder and what is always in it */
static int
give_store(const char *path, const struct owner *o, struct err *e)
{
	static const char *const	names[] = { "data.mdb", "lock.mdb",
		"writers.lock", "." };
	size_t				i;
	int				dir, rc = 0;

	if (o->uid == (uid_t)-1)
		return 0;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir == -1)
		return err_code(e, EX_NOPERM, "%s: %s; if it is a link, name "
		    "the folder itself", path, strerror(errno));
	for (i = 0; i < sizeof names / sizeof *names && rc == 0; i++)
		if (give_at(dir, names[i], o) == -1)
			rc = err_code(e, EX_NOPERM, "%s/%s: %s", path,
			    names[i], strerror(errno));
	(void)close(dir);
	return rc;
}

/* init_store - the store and its key, both or neither new */
static int
init_store(const struct conf_common *c, const struct owner *o, struct err *e)
{
	struct store	*s;
	char		 data[PATH_MAX];
	bool		 fresh;

	(void)snprintf(data, sizeof data, "%s/data.mdb", c->store_path);
	fresh = !exists(data);
	if (!fresh && !exists(c->store_key_file))
		return err_code(e, EX_CONFIG, "%s is there, but its key %s is "
		    "not: bring the key back, or move the store away",
		    c->store_path, c->store_key_file);
	if (init_key(c->store_key_file, store_keys_create, o, e) == -1)
		return -1;
	if (fresh && (make_dir(c->store_path, 0750, e) == -1 ||
	    store_create(c->store_path, e) == -1))
		return -1;
	/* the first who opens it for writing upgrades it */
	if (!fresh && store_open(c->store_path, STORE_WRITE, NULL, &s,
	    e) == -1)
		return -1;
	if (!fresh)
		store_close(&s);
	if (give_store(c->store_path, o, e) == -1)
		return -1;
	say(fresh ? "made" : "there", c->store_path);
	return 0;
}

static int
find_owner(const char *user, struct owner *o, struct err *e)
{
	const struct passwd	*pw;

	o->uid = (uid_t)-1;
	o->gid = (gid_t)-1;
	if (user == NULL)
		return 0;
	if ((pw = getpwnam(user)) == NULL)
		return err_code(e, EX_NOUSER, "user %s: no such user", user);
	o->uid = pw->pw_uid;
	o->gid = pw->pw_gid;
	return 0;
}

int
cmd_init(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "user", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 }
	};
	const struct conf_common	*c = &ctl->common;
	const char			*user = NULL;
	struct owner			 o;
	struct err			 e = { "", 0 };
	int				 ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("init", "  --user USER  give folders "
			    "and store to USER, whom the programs run as;\n"
			    "               keys become readable to his "
			    "group\n");
		case 'u':
			user = optarg;
			break;
		default:
			return ctl_usage_opt("init", argv);
		}
	}
	if (optind != argc)
		return ctl_usage("init", "takes no argument");
	if ((rc = ctl_conf(ctl)) != EX_OK)
		return rc;
	if (find_owner(user, &o, &e) == -1 ||
	    init_dir(c->state_dir, &o, &e) == -1 ||
	    init_dir(c->run_dir, &o, &e) == -1 ||
	    init_store(c, &o, &e) == -1 ||
	    init_key(c->token_key_file, token_keys_create, &o, &e) == -1)
		return ctl_fail(&e, EX_CANTCREAT);
	return EX_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics.c - a hash table of counters in a mapped file; see metrics.h
 *
 * The file is a header and METRICS_SLOTS slots; a counter's slot is the first
 * free one from its hash on. A slot is claimed by a compare-and-swap of its
 * state, named, then published; it is never given back. Whoever finds a slot
 * claimed but not yet published waits a little; should the claimer have died
 * there, the slot is lost and the counter goes to the next one, where two
 * processes may name it twice: readers add such twins up.
 */
#include "metrics/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/banned.h"

#define MAGIC		"mailweir counts"	/* 15 octets and the NUL */
#define VERSION		1u
#define SUFFIX		".metrics"
#define PATIENCE	1000		/* turns given to a claimer */
#define TRIES		8		/* to create against others */
#define DROPPED		"mailweir_metrics_dropped_total"

enum { FREE, CLAIMED, NAMED };

struct slot {
	_Atomic uint64_t count;
	uint64_t	 hash;
	_Atomic uint32_t state;
	uint32_t	 unused;
	char		 name[METRICS_NAME];
	char		 pad[40];	/* whole cache lines: 256 octets */
};

struct table {
	char		 magic[16];
	uint32_t	 version, slots, slot_size, unused;
	_Atomic uint64_t dropped;
	char		 pad[24];
	struct slot	 slot[METRICS_SLOTS];
};

_Static_assert(sizeof(struct slot) == 256, "a slot is four cache lines");

struct metrics {
	struct table	*t;
	bool		 mapped;
};

/* FNV-1a over the name as it will be spelt */
static uint64_t
hash(const char *s)
{
	uint64_t	h = 0xcbf29ce484222325u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h;
}

/* put - append s, its quotes and backslashes escaped; -1 when full */
static int
put(char *out, size_t *n, const char *s, bool escape)
{
	for (; *s != '\0'; s++) {
		if (*n + 3 > METRICS_NAME)
			return -1;
		if (escape && (*s == '"' || *s == '\\' || *s == '\n'))
			out[(*n)++] = '\\';
		out[(*n)++] = escape && *s == '\n' ? 'n' : *s;
	}
	out[*n] = '\0';
	return 0;
}

/* spell - "mailweir_NAME{label="value"}"; -1 when too long */
static int
spell(char out[METRICS_NAME], const char *name, const char *label,
    const char *value)
{
	size_t	n = 0;

	if (put(out, &n, "mailweir_", false) == -1 ||
	    put(out, &n, name, false) == -1)
		return -1;
	if (label == NULL)
		return 0;
	if (put(out, &n, "{", false) == -1 ||
	    put(out, &n, label, false) == -1 ||
	    put(out, &n, "=\"", false) == -1 ||
	    put(out, &n, value != NULL ? value : "", true) == -1 ||
	    put(out, &n, "\"}", false) == -1)
		return -1;
	return 0;
}

/* settled - the slot's state once nobody is busy naming it */
static uint32_t
settled(struct slot *s)
{
	uint32_t	state;
	int		i;

	for (i = 0; i < PATIENCE; i++) {
		state = atomic_load_explicit(&s->state, memory_order_acquire);
		if (state != CLAIMED)
			break;
		(void)sched_yield();
	}
	return state;
}

/* find - the slot of a name, taking one if `make`; NULL if there is none */
static struct slot *
find(struct table *t, const char *name, bool make)
{
	uint64_t	 h = hash(name);
	struct slot	*s;
	uint32_t	 state;
	size_t		 i;

	for (i = 0; i < METRICS_SLOTS; i++) {
		s = &t->slot[(h + i) % METRICS_SLOTS];
		state = atomic_load_explicit(&s->state, memory_order_acquire);
		if (state == FREE) {
			if (!make)
				return NULL;
			if (atomic_compare_exchange_strong(&s->state, &state,
			    CLAIMED)) {
				s->hash = h;
				memcpy(s->name, name, strlen(name) + 1);
				atomic_store_explicit(&s->state, NAMED,
				    memory_order_release);
				return s;
			}
		}
		if (state == CLAIMED)
			state = settled(s);
		if (state == NAMED && s->hash == h &&
		    strncmp(s->name, name, METRICS_NAME) == 0)
			return s;
	}
	return NULL;
}

void
metrics_add(struct metrics *m, const char *name, const char *label,
    const char *value, uint64_t n)
{
	char		 key[METRICS_NAME];
	struct slot	*s = NULL;

	if (m == NULL)
		return;
	if (spell(key, name, label, value) == 0)
		s = find(m->t, key, true);
	atomic_fetch_add_explicit(s != NULL ? &s->count : &m->t->dropped,
	    s != NULL ? n : 1, memory_order_relaxed);
}

void
metrics_peak(struct metrics *m, const char *name, const char *label,
    const char *value, uint64_t n)
{
	char		 key[METRICS_NAME];
	struct slot	*s = NULL;
	uint64_t	 now;

	if (m == NULL)
		return;
	if (spell(key, name, label, value) == 0)
		s = find(m->t, key, true);
	if (s == NULL) {
		atomic_fetch_add_explicit(&m->t->dropped, 1,
		    memory_order_relaxed);
		return;
	}
	now = atomic_load_explicit(&s->count, memory_order_relaxed);
	while (now < n && !atomic_compare_exchange_weak(&s->count, &now, n))
		;
}

uint64_t
metrics_value(const struct metrics *m, const char *name, const char *label,
    const char *value)
{
	char		 key[METRICS_NAME];
	struct slot	*s;

	if (m == NULL || spell(key, name, label, value) == -1)
		return 0;
	if (strcmp(key, DROPPED) == 0)
		return atomic_load(&m->t->dropped);
	s = find(m->t, key, false);
	return s != NULL ? atomic_load(&s->count) : 0;
}

static void
format_header(struct table *t)
{
	memcpy(t->magic, MAGIC, sizeof t->magic);
	t->version = VERSION;
	t->slots = METRICS_SLOTS;
	t->slot_size = sizeof(struct slot);
}

/* header_ok - made by this version of this file? */
static bool
header_ok(const struct table *t)
{
	return memcmp(t->magic, MAGIC, sizeof t->magic) == 0 &&
	    t->version == VERSION && t->slots == METRICS_SLOTS &&
	    t->slot_size == sizeof(struct slot);
}

/* still_there - is fd still what path names? */
static bool
still_there(int fd, const char *path)
{
	struct stat	a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/*
 * map_file - the table in an open, locked file
 *
 * Returns 1 and *t; 0 when the file is not usable and should make room for a
 * new one (others may have it mapped, so it is never cut or rewritten); -1
 * with errno.
 */
static int
map_file(int fd, struct table **t)
{
	struct stat	st;
	bool		fresh;

	if (fstat(fd, &st) == -1)
		return -1;
	fresh = st.st_size == 0;
	if (!S_ISREG(st.st_mode) ||
	    (!fresh && st.st_size != (off_t)sizeof **t))
		return 0;
	/* allocate, so that a full file system is an error here and not a
	 * SIGBUS in the midst of a message */
	if (fresh && (errno = posix_fallocate(fd, 0, sizeof **t)) != 0)
		return -1;
	*t = mmap(NULL, sizeof **t, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*t == MAP_FAILED)
		return -1;
	if (fresh)
		format_header(*t);
	if (header_ok(*t))
		return 1;
	(void)munmap(*t, sizeof **t);
	return 0;
}

/* open_table - create or join path */
static int
open_table(const char *path, struct table **t, struct err *e)
{
	int	fd, rc = 0, i;

	for (i = 0; i < TRIES && rc == 0; i++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    0640);
		if (fd == -1)
			break;
		if (flock(fd, LOCK_EX) == -1)
			rc = -1;
		else if (still_there(fd, path) &&
		    (rc = map_file(fd, t)) == 0 && unlink(path) == -1)
			rc = -1;
		/* a mapping keeps the file open, and with it the lock */
		(void)flock(fd, LOCK_UN);
		(void)close(fd);
	}
	if (rc == 1)
		return 0;
	return err_code(e, EX_CANTCREAT, "%s: %s", path, strerror(errno));
}

int
metrics_open(const char *dir, const char *program, struct metrics **out,
    struct err *e)
{
	char		 path[PATH_MAX];
	struct metrics	*m;

	*out = NULL;
	if ((m = calloc(1, sizeof *m)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (dir == NULL) {
		if ((m->t = aligned_alloc(64, sizeof *m->t)) == NULL) {
			free(m);
			return err_code(e, EX_OSERR, "no memory");
		}
		memset(m->t, 0, sizeof *m->t);
		format_header(m->t);
		*out = m;
		return 0;
	}
	m->mapped = true;
	if ((size_t)snprintf(path, sizeof path, "%s/%s" SUFFIX, dir,
	    program) >= sizeof path) {
		free(m);
		return err_code(e, EX_CONFIG, "%.200s: name too long", dir);
	}
	if (open_table(path, &m->t, e) == -1) {
		free(m);
		return -1;
	}
	*out = m;
	return 0;
}

void
metrics_close(struct metrics **mp)
{
	struct metrics	*m = *mp;

	if (m == NULL)
		return;
	if (m->mapped)
		(void)munmap(m->t, sizeof *m->t);
	else
		free(m->t);
	free(m);
	*mp = NULL;
}

struct reading {
	void	(*each)(void *arg, const char *program, const char *name,
		    uint64_t count);
	void	*arg;
};

/* twin - does slot i hold the name of slot j? */
static bool
twin(struct table *t, size_t i, size_t j)
{
	return atomic_load(&t->slot[i].state) == NAMED &&
	    t->slot[i].hash == t->slot[j].hash &&
	    strncmp(t->slot[i].name, t->slot[j].name, METRICS_NAME) == 0;
}

/* report_slot - slot i with its twins, unless one before it was the first */
static void
report_slot(struct table *t, size_t i, const char *program,
    const struct reading *r)
{
	char		name[METRICS_NAME];
	uint64_t	sum;
	size_t		j;

	if (atomic_load(&t->slot[i].state) != NAMED)
		return;
	sum = atomic_load(&t->slot[i].count);
	for (j = 0; j < METRICS_SLOTS; j++) {
		if (j == i || !twin(t, j, i))
			continue;
		if (j < i)
			return;
		sum += atomic_load(&t->slot[j].count);
	}
	(void)snprintf(name, sizeof name, "%.*s", METRICS_NAME - 1,
	    t->slot[i].name);
	r->each(r->arg, program, name, sum);
}

/* read_file - every counter of the file at path */
static int
read_file(const char *path, const struct reading *r, struct err *e)
{
	struct table	*t;
	struct stat	 st;
	char		 program[64];
	const char	*base = strrchr(path, '/');
	size_t		 i, n;
	int		 fd;

	base = base != NULL ? base + 1 : path;
	n = strlen(base);
	if (n > strlen(SUFFIX) &&
	    strcmp(base + n - strlen(SUFFIX), SUFFIX) == 0)
		n -= strlen(SUFFIX);
	(void)snprintf(program, sizeof program, "%.*s", (int)n, base);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return err_code(e, EX_NOINPUT, "%s: %s", path,
		    strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) ||
	    st.st_size != (off_t)sizeof *t) {
		(void)close(fd);
		return err_code(e, EX_DATAERR, "%s: not a file of counters of "
		    "this version", path);
	}
	t = mmap(NULL, sizeof *t, PROT_READ, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (t == MAP_FAILED)
		return err_code(e, EX_OSERR, "%s: %s", path, strerror(errno));
	if (!header_ok(t)) {
		(void)munmap(t, sizeof *t);
		return err_code(e, EX_DATAERR, "%s: not a file of counters of "
		    "this version", path);
	}
	for (i = 0; i < METRICS_SLOTS; i++)
		report_slot(t, i, program, r);
	r->each(r->arg, program, DROPPED, atomic_load(&t->dropped));
	(void)munmap(t, sizeof *t);
	return 0;
}

static int
is_metrics(const struct dirent *de)
{
	size_t	n = strlen(de->d_name);

	return n > strlen(SUFFIX) && de->d_name[0] != '.' &&
	    strcmp(de->d_name + n - strlen(SUFFIX), SUFFIX) == 0;
}

int
metrics_each(const char *dir, void (*each)(void *arg, const char *program,
    const char *name, uint64_t count), void *arg, struct err *e)
{
	const struct reading	 r = { each, arg };
	struct dirent		**v;
	struct stat		 st;
	struct err		 why;
	char			 path[PATH_MAX];
	int			 n, i, rc = 0;

	if (stat(dir, &st) == -1)
		return err_code(e, EX_NOINPUT, "%s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return read_file(dir, &r, e);
	if ((n = scandir(dir, &v, is_metrics, alphasort)) == -1)
		return err_code(e, EX_NOINPUT, "%s: %s", dir, strerror(errno));
	for (i = 0; i < n; i++) {
		if ((size_t)snprintf(path, sizeof path, "%s/%s", dir,
		    v[i]->d_name) < sizeof path &&
		    read_file(path, &r, &why) == -1 && rc == 0)
			rc = err_code(e, why.code, "%s", why.msg);
		free(v[i]);
	}
	free(v);
	return rc;
}

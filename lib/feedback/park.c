/* SPDX-License-Identifier: BSD-2-Clause */
/* park.c - see park.h */
#include "feedback/park.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"

#include "base/banned.h"

#define HEAD_MAX	4096
#define SOURCE_OCTETS	2	/* of an id: where the report came from */
#define SOURCES		65536
#define RECOUNT_US	60000000
#define MIN_FREE	(64u << 20)	/* octets of the disk */
#define MIN_FREE_PART	50		/* and a 50th of it */
#define FILE_MAX	(256u << 20)
#define MAGIC		"mailweir-parked 1\n"

/* id_ok - is it one of our names? It becomes part of a path. */
static bool
id_ok(const char *id)
{
	return strlen(id) == PARK_ID - 1 &&
	    strspn(id, "0123456789abcdef") == PARK_ID - 1;
}

/* digest - of two things, in hex */
static int
digest(const char *word, const char *raw, size_t len, size_t octets,
    char *hex)
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();
	unsigned char	 md[EVP_MAX_MD_SIZE];
	unsigned	 n = 0;
	bool		 ok;

	ok = c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(c, word, strlen(word) + 1) == 1 &&
	    EVP_DigestUpdate(c, raw, len) == 1 &&
	    EVP_DigestFinal_ex(c, md, &n) == 1;
	EVP_MD_CTX_free(c);
	if (!ok)
		return -1;
	(void)codec_hex(md, octets, hex);
	return 0;
}

/* make_id - see park.h */
static int
make_id(const struct park_report *r, char id[PARK_ID])
{
	return digest(r->source, "", 0, SOURCE_OCTETS, id) == -1 ||
	    digest(r->rcpt != NULL ? r->rcpt : "", r->raw, r->len,
	    (PARK_ID - 1) / 2 - SOURCE_OCTETS, id + 2 * SOURCE_OCTETS) == -1 ?
	    -1 : 0;
}

/* -- how many are there? -------------------------------------------------- */

/* Counted once a RECOUNT_US and added to meanwhile: looking through a large
 * folder for each report would make a flood of them slower with every one. */
static struct {
	pthread_mutex_t	 lock;
	char		 dir[PATH_MAX];
	int64_t		 when;		/* clock_mono_us(); 0 = never */
	long		 all;
	unsigned	 of[SOURCES];
} counts = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* source_of - the number of a report's source, which begins its id */
static size_t
source_of(const char *id)
{
	char	digits[2 * SOURCE_OCTETS + 1];

	(void)snprintf(digits, sizeof digits, "%s", id);
	return strtoul(digits, NULL, 16);
}

/* count_one - for park_each() */
static int
count_one(void *arg, const char *id)
{
	(void)arg;
	counts.all++;
	counts.of[source_of(id)]++;
	return 0;
}

/* recount - look through the folder, unless that was done lately; locked */
static void
recount(const char *dir)
{
	struct err	e;
	int64_t		now = clock_mono_us();

	if (counts.when != 0 && now - counts.when < RECOUNT_US &&
	    strcmp(counts.dir, dir) == 0)
		return;
	(void)snprintf(counts.dir, sizeof counts.dir, "%s", dir);
	counts.when = now;
	counts.all = 0;
	memset(counts.of, 0, sizeof counts.of);
	(void)park_each(dir, count_one, NULL, &e);
}

/* Is there room for one more? */
enum room { ROOM, ROOM_NONE, ROOM_NOT_FOR_IT };

/* take - count one more of the id's source, if there is room */
static enum room
take(const char *dir, const struct park_limits *lim, const char *id)
{
	enum room	r = ROOM;

	(void)pthread_mutex_lock(&counts.lock);
	recount(dir);
	if (counts.of[source_of(id)] >= (unsigned long)lim->share)
		r = ROOM_NOT_FOR_IT;
	else if (counts.all >= lim->max)
		r = ROOM_NONE;
	else
		(void)count_one(NULL, id);
	(void)pthread_mutex_unlock(&counts.lock);
	return r;
}

/* short_of_space - keep the disk for the store, which may share it */
static bool
short_of_space(const char *dir, size_t need)
{
	struct statvfs	v;

	if (statvfs(dir, &v) == -1)
		return false;
	return (uint64_t)v.f_bavail * v.f_frsize < need + MIN_FREE ||
	    v.f_bavail < v.f_blocks / MIN_FREE_PART;
}

/* add_line - "key value\n" without anything that could end the line */
static void
add_line(struct buf *b, const char *key, const char *value)
{
	size_t	i;

	(void)buf_addf(b, "%s ", key);
	for (i = 0; value[i] != '\0' && i < 500; i++)
		(void)buf_addc(b, (unsigned char)value[i] < ' ' ? '?' :
		    value[i]);
	(void)buf_addc(b, '\n');
}

/* write_it - the file */
static int
write_it(const char *path, const struct park_report *r, struct err *e)
{
	struct buf	b = BUF_INIT(HEAD_MAX + r->len);
	char		iso[CLOCK_ISO_SIZE];
	struct err	why = { "", 0 };
	int		rc;

	(void)buf_adds(&b, MAGIC);
	add_line(&b, "time", clock_iso(clock_now(), iso));
	add_line(&b, "reason", r->reason);
	add_line(&b, "sender", r->sender);
	if (r->rcpt != NULL)
		add_line(&b, "recipient", r->rcpt);
	(void)buf_addc(&b, '\n');
	(void)buf_add(&b, r->raw, r->len);
	if (b.failed) {
		buf_free(&b);
		return err_code(e, EX_TEMPFAIL, "park: out of memory");
	}
	rc = file_write_new(path, 0600, b.data, b.len, false, &why);
	buf_free(&b);
	/* somebody else parked the same meanwhile */
	if (rc == -1 && access(path, F_OK) == 0)
		return 0;
	return rc == 0 ? 0 : err_code(e, EX_TEMPFAIL, "park: %s", why.msg);
}

int
park_add(const char *dir, const struct park_limits *lim,
    const struct park_report *r, char id[PARK_ID], struct err *e)
{
	char	path[4096];

	if (make_id(r, id) == -1)
		return err_code(e, EX_TEMPFAIL, "park: out of memory");
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return err_code(e, EX_TEMPFAIL, "%s: %s", dir,
		    strerror(errno));
	(void)snprintf(path, sizeof path, "%s/%s", dir, id);
	if (access(path, F_OK) == 0)
		return 0;
	if (short_of_space(dir, r->len))
		return err_code(e, EX_TEMPFAIL, "%s: the disk is almost "
		    "full", dir);
	switch (take(dir, lim, id)) {
	case ROOM:
		return write_it(path, r, e);
	case ROOM_NOT_FOR_IT:
		id[0] = '\0';
		return 1;
	case ROOM_NONE:
		break;
	}
	return err_code(e, EX_TEMPFAIL, "%s: %ld reports are parked "
	    "(park_max); look at them with \"mailweir feedback parked list\"",
	    dir, lim->max);
}

/* head - the lines before the mail; its offset, or 0 when it is garbled */
static size_t
head(struct parked *p, size_t len)
{
	const struct { const char *key; char *to; size_t size; } want[] = {
		{ "time ", p->time, sizeof p->time },
		{ "reason ", p->reason, sizeof p->reason },
		{ "sender ", p->sender, sizeof p->sender },
		{ "recipient ", p->recipient, sizeof p->recipient },
	};
	const char	*s = p->data, *end = p->data + len, *nl;
	size_t		 i;

	if (len < strlen(MAGIC) || memcmp(s, MAGIC, strlen(MAGIC)) != 0)
		return 0;
	for (s += strlen(MAGIC); s < end; s = nl + 1) {
		if ((nl = memchr(s, '\n', (size_t)(end - s))) == NULL)
			return 0;
		if (nl == s)
			return (size_t)(nl + 1 - p->data);
		for (i = 0; i < 4; i++) {
			size_t	k = strlen(want[i].key);

			if ((size_t)(nl - s) < k ||
			    memcmp(s, want[i].key, k) != 0)
				continue;
			(void)snprintf(want[i].to, want[i].size, "%.*s",
			    (int)(nl - s - (long)k), s + k);
			p->has_recipient |= i == 3;
		}
	}
	return 0;
}

int
park_get(const char *dir, const char *id, struct parked *p, struct err *e)
{
	char	path[4096];
	size_t	len, off;

	memset(p, 0, sizeof *p);
	if (!id_ok(id))
		return err_code(e, EX_USAGE, "%s: not the id of a parked "
		    "report", id);
	(void)snprintf(path, sizeof path, "%s/%s", dir, id);
	if (file_read(path, FILE_MAX, &p->data, &len, e) == -1)
		return -1;
	if ((off = head(p, len)) == 0) {
		park_free(p);
		return err_code(e, EX_DATAERR, "%s: not a parked report",
		    path);
	}
	p->mail = p->data + off;
	p->mail_len = len - off;
	return 0;
}

void
park_free(struct parked *p)
{
	free(p->data);
	memset(p, 0, sizeof *p);
}

int
park_drop(const char *dir, const char *id, struct err *e)
{
	char	path[4096];

	if (!id_ok(id))
		return err_code(e, EX_USAGE, "%s: not the id of a parked "
		    "report", id);
	(void)snprintf(path, sizeof path, "%s/%s", dir, id);
	if (unlink(path) == -1)
		return err_code(e, errno == ENOENT ? EX_NOINPUT : EX_IOERR,
		    "%s: %s", path, strerror(errno));
	return 0;
}

long
park_each(const char *dir, int (*each)(void *arg, const char *id), void *arg,
    struct err *e)
{
	struct dirent	*de;
	DIR		*d = opendir(dir);
	long		 n = 0;

	if (d == NULL && errno == ENOENT)
		return 0;
	if (d == NULL)
		return err_code(e, EX_NOINPUT, "%s: %s", dir,
		    strerror(errno));
	while ((de = readdir(d)) != NULL) {
		if (!id_ok(de->d_name))
			continue;
		n++;
		if (each(arg, de->d_name) != 0)
			break;
	}
	(void)closedir(d);
	return n;
}

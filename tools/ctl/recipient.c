/* SPDX-License-Identifier: BSD-2-Clause */
/* recipient.c - see recipient.h */
#include "ctl/recipient.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"

#include "base/banned.h"

#define SECS_MAX	(100L * 366 * 86400)

int
recipient_parse(const struct ctl *c, const char *typed, struct recipient *r)
{
	const char	*why = NULL;
	struct err	 e = { "", 0 };

	memset(r, 0, sizeof *r);
	if (typed[0] == '@') {
		r->is_domain = true;
		if (addr_domain(typed + 1, strlen(typed + 1), r->domain,
		    &why) == ADDR_OK)
			return EX_OK;
	} else if (addr_normal(typed, strlen(typed), c->rules, &r->addr,
	    &why) == ADDR_OK)
		return EX_OK;
	(void)err_set(&e, "%.200s: not an address: %s", typed,
	    why != NULL ? why : "the null sender");
	return ctl_fail(&e, EX_DATAERR);
}

long
secs_parse(const char *s)
{
	static const struct { char unit; long secs; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 }, { 'y', 31536000 },
	};
	char	*end;
	size_t	 i;
	long	 n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (errno != 0 || end == s || n < 0 || *end == '\0' || end[1] != '\0')
		return -1;
	for (i = 0; i < sizeof units / sizeof *units; i++)
		if (*end == units[i].unit)
			return n > SECS_MAX / units[i].secs ? -1 :
			    n * units[i].secs;
	return -1;
}

int
when_parse(const char *s, int64_t *when)
{
	time_t	t;
	long	n;

	if (strcmp(s, "never") == 0) {
		*when = 0;
		return 0;
	}
	if ((n = secs_parse(s)) != -1) {
		*when = (int64_t)clock_now() + n;
		return 0;
	}
	if (clock_parse_iso(s, &t) == -1)
		return -1;
	*when = t;
	return 0;
}

int
since_parse(const char *s, int64_t *when)
{
	time_t	t;
	long	n;

	if ((n = secs_parse(s)) != -1) {
		*when = (int64_t)clock_now() - n;
		return 0;
	}
	if (clock_parse_iso(s, &t) == -1)
		return -1;
	*when = t;
	return 0;
}

const char *
when_text(int64_t when, char out[CLOCK_ISO_SIZE])
{
	return when == 0 ? "never" : clock_iso((time_t)when, out);
}

const char *
id_text(const struct store_id *id, char out[ID_TEXT_SIZE])
{
	int	n = snprintf(out, ID_TEXT_SIZE, "%u:", id->key);

	codec_hex(id->digest, STORE_DIGEST, out + n);
	return out;
}

/* utf8 - octets of the printable character at s, 0 when there is none */
static size_t
utf8(const unsigned char *s)
{
	size_t	i, n;

	if (s[0] < 0x80)
		return s[0] >= ' ' && s[0] != 0x7f;
	n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
	    s[0] < 0xf5 ? 4 : 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xc2 && s[1] < 0xa0) ||	/* control characters */
	    (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

const char *
safe_text(const char *s, bool word, char *out, size_t size)
{
	const unsigned char	*p = (const unsigned char *)s;
	char			*to = out;
	size_t			 n;

	for (; *p != '\0' && (size_t)(to - out) + 5 <= size; p += n) {
		if ((n = utf8(p)) == 0 || (*p == ' ' && word)) {
			n = 1;
			to += snprintf(to, 5, "\\x%02x", *p);
			continue;
		}
		if (*p == '"' || *p == '\\')
			*to++ = '\\';
		memcpy(to, p, n);
		to += n;
	}
	*to = '\0';
	return out;
}

int
open_input(const char *name, unsigned long long *size)
{
	struct stat	st;
	int		fd;

	*size = 0;
	if (strcmp(name, "-") == 0)
		return STDIN_FILENO;
	/* not to wait in open() for somebody to write to a FIFO: the reader
	 * waits, for as long as it was told */
	if ((fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1) {
		(void)fprintf(stderr, "mailweir: %s: %s\n", name,
		    strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		*size = (unsigned long long)st.st_size;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)fprintf(stderr, "mailweir: %s: is a folder\n", name);
		(void)close(fd);
		return -1;
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return fd;
}

/* cannot - an output that fails; the exit status */
static int
cannot(const char *path)
{
	(void)fprintf(stderr, "mailweir: %s: %s\n", path, strerror(errno));
	return EX_CANTCREAT;
}

/* open_device - what is there and is no file keeps its place; EX_OK, or an
 * exit status; o->f NULL: it is none */
static int
open_device(struct output *o, const char *path)
{
	struct stat	st;
	int		fd;

	o->f = NULL;
	if (stat(path, &st) == -1 || S_ISREG(st.st_mode))
		return EX_OK;
	if ((fd = open(path, O_WRONLY | O_CLOEXEC)) == -1)
		return cannot(path);
	if ((o->f = fdopen(fd, "w")) == NULL) {
		(void)close(fd);
		return cannot(path);
	}
	if ((o->path = strdup(path)) == NULL) {
		(void)fclose(o->f);
		(void)fprintf(stderr, "mailweir: no memory\n");
		return EX_OSERR;
	}
	return EX_OK;
}

int
output_open(struct output *o, const char *path)
{
	int	fd, rc;

	*o = (struct output){ .f = stdout };
	if (path == NULL || strcmp(path, "-") == 0)
		return EX_OK;
	if ((rc = open_device(o, path)) != EX_OK || o->f != NULL)
		return rc;
	o->path = strdup(path);
	if (o->path == NULL || asprintf(&o->tmp, "%s.XXXXXX", path) == -1) {
		o->tmp = NULL;
		(void)fprintf(stderr, "mailweir: no memory\n");
		return EX_OSERR;
	}
	if ((fd = mkostemp(o->tmp, O_CLOEXEC)) == -1)
		return cannot(path);
	if ((o->f = fdopen(fd, "w")) == NULL) {
		(void)close(fd);
		(void)unlink(o->tmp);
		return cannot(path);
	}
	return EX_OK;
}

int
output_close(struct output *o, bool keep)
{
	int	rc = EX_OK;

	if (o->path != NULL && o->f != NULL) {
		if ((fflush(o->f) != 0 || ferror(o->f) || (o->tmp != NULL &&
		    fsync(fileno(o->f)) == -1)) && keep) {
			rc = cannot(o->path);
			keep = false;
		}
		(void)fclose(o->f);
		if (keep && o->tmp != NULL && rename(o->tmp, o->path) == -1) {
			rc = cannot(o->path);
			keep = false;
		}
		if (!keep && o->tmp != NULL)
			(void)unlink(o->tmp);
	}
	free(o->path);
	free(o->tmp);
	*o = (struct output){ .f = NULL };
	return rc;
}

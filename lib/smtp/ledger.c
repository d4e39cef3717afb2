/* SPDX-License-Identifier: BSD-2-Clause */
/* ledger.c - see ledger.h */
#include "smtp/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "base/codec.h"
#include "base/file.h"

#include "base/banned.h"

#define ID_OCTETS	16
#define ID_TEXT		(2 * ID_OCTETS)
#define LEDGER_MAX	(8u << 20)	/* octets of a file */

static const char	magic[] = "mailweir-ledger 1\n";

struct ledger {
	char		*path;
	int		 fd;
	uint8_t		 secret[LEDGER_SECRET];
	char		 name[ID_TEXT + 1];
	struct buf	 text;		/* what the file holds */
};

/* id_of - HMAC of some octets, as text; -1 when OpenSSL fails */
static int
id_of(const uint8_t secret[LEDGER_SECRET], const struct smtp_piece *v,
    size_t n, char out[ID_TEXT + 1])
{
	unsigned char	 md[EVP_MAX_MD_SIZE], sum[EVP_MAX_MD_SIZE];
	EVP_MD_CTX	*c = EVP_MD_CTX_new();
	unsigned	 len = 0, sum_len = 0;
	size_t		 i;
	int		 rc = -1;

	if (c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1) {
		for (i = 0; i < n; i++)
			if (EVP_DigestUpdate(c, &v[i].n, sizeof v[i].n) != 1 ||
			    EVP_DigestUpdate(c, v[i].p, v[i].n) != 1)
				break;
		if (i == n && EVP_DigestFinal_ex(c, sum, &sum_len) == 1 &&
		    HMAC(EVP_sha256(), secret, LEDGER_SECRET, sum, sum_len,
		    md, &len) != NULL) {
			(void)codec_hex(md, ID_OCTETS, out);
			rc = 0;
		}
	}
	EVP_MD_CTX_free(c);
	return rc;
}

/* load - what the file holds; what was not finished is cut off */
static int
load(struct ledger *l)
{
	char	tmp[8192];
	ssize_t	n;
	size_t	len;

	while ((n = read(l->fd, tmp, sizeof tmp)) > 0)
		if (buf_add(&l->text, tmp, (size_t)n) == -1)
			return -1;
	if (n == -1)
		return -1;
	for (len = l->text.len; len > 0 && l->text.data[len - 1] != '\n';
	    len--)
		;
	if (len < sizeof magic - 1 || memcmp(l->text.data, magic,
	    sizeof magic - 1) != 0)
		len = 0;
	if (len < l->text.len) {
		l->text.len = len;
		l->text.data[len] = '\0';
		if (ftruncate(l->fd, (off_t)len) == -1)
			return -1;
	}
	if (len > 0)
		return 0;
	if (buf_adds(&l->text, magic) == -1 ||
	    write(l->fd, magic, sizeof magic - 1) != sizeof magic - 1 ||
	    fdatasync(l->fd) == -1)
		return -1;
	return 0;
}

/* take - the file, locked, and still the one of that name */
static enum ledger_result
take(struct ledger *l, bool make)
{
	const int	flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW |
			    (make ? O_CREAT : 0);
	struct stat	mine, there;

	for (;;) {
		l->fd = open(l->path, flags, 0600);
		if (l->fd == -1)
			return errno == ENOENT && !make ? LEDGER_NONE :
			    LEDGER_FAULT;
		if (flock(l->fd, LOCK_EX | LOCK_NB) == -1)
			return errno == EWOULDBLOCK ? LEDGER_BUSY :
			    LEDGER_FAULT;
		if (fstat(l->fd, &mine) == -1)
			return LEDGER_FAULT;
		/* its last owner may have removed it in between */
		if (stat(l->path, &there) == 0 && there.st_ino == mine.st_ino)
			return LEDGER_OPEN;
		(void)close(l->fd);
	}
}

enum ledger_result
ledger_open(const char *dir, const uint8_t secret[LEDGER_SECRET],
    const struct smtp_piece *what, size_t n, bool make,
    struct ledger **out, struct err *e)
{
	struct ledger		*l = calloc(1, sizeof *l);
	enum ledger_result	 rc = LEDGER_FAULT;

	*out = NULL;
	if (l == NULL || id_of(secret, what, n, l->name) == -1 ||
	    asprintf(&l->path, "%s/%s", dir, l->name) == -1) {
		free(l);
		(void)err_set(e, "ledger: out of memory");
		return LEDGER_FAULT;
	}
	l->fd = -1;
	memcpy(l->secret, secret, LEDGER_SECRET);
	buf_init(&l->text, LEDGER_MAX);
	if (make && mkdir(dir, 0700) == -1 && errno != EEXIST)
		(void)err_set(e, "%s: %s", dir, strerror(errno));
	else if ((rc = take(l, make)) == LEDGER_OPEN && (load(l) == -1 ||
	    file_sync_dir(dir) == -1))
		rc = LEDGER_FAULT;
	if (rc == LEDGER_OPEN) {
		*out = l;
		return rc;
	}
	if (e != NULL && e->msg[0] == '\0')
		(void)err_set(e, "%s: %s", l->path, strerror(errno));
	ledger_close(&l, false);
	return rc;
}

void
ledger_close(struct ledger **lp, bool forget)
{
	struct ledger	*l = *lp;

	if (l == NULL)
		return;
	if (forget)
		(void)unlink(l->path);
	if (l->fd != -1)
		(void)close(l->fd);
	buf_free(&l->text);
	free(l->path);
	explicit_bzero(l->secret, sizeof l->secret);
	free(l);
	*lp = NULL;
}

/* entry_id - "HEX32\n" */
static int
entry_id(const struct ledger *l, const char *entry, char out[ID_TEXT + 2])
{
	const struct smtp_piece	v[] = {
		{ l->name, ID_TEXT }, { entry, strlen(entry) }
	};

	if (id_of(l->secret, v, 2, out) == -1)
		return -1;
	out[ID_TEXT] = '\n';
	out[ID_TEXT + 1] = '\0';
	return 0;
}

bool
ledger_has(const struct ledger *l, const char *entry)
{
	char	id[ID_TEXT + 2];

	return entry_id(l, entry, id) == 0 &&
	    strstr(buf_str(&l->text), id) != NULL;
}

int
ledger_room(struct ledger *l, size_t entries, struct err *e)
{
	off_t	octets = (off_t)(l->text.len + entries * (ID_TEXT + 1));

	if (fallocate(l->fd, FALLOC_FL_KEEP_SIZE, 0, octets) == 0 ||
	    errno == EOPNOTSUPP || errno == ENOSYS)
		return 0;
	return err_set(e, "%s: %s", l->path, strerror(errno));
}

int
ledger_add(struct ledger *l, const char *entry, struct err *e)
{
	char	id[ID_TEXT + 2];

	if (entry_id(l, entry, id) == -1)
		return err_set(e, "ledger: out of memory");
	if (write(l->fd, id, ID_TEXT + 1) != ID_TEXT + 1 ||
	    fdatasync(l->fd) == -1)
		return err_set(e, "%s: %s", l->path, strerror(errno));
	return buf_adds(&l->text, id) == -1 ? err_set(e, "ledger: too many "
	    "entries, or out of memory") : 0;
}

size_t
ledger_sweep(const char *dir, long age)
{
	DIR		*d = opendir(dir);
	struct dirent	*ent;
	struct stat	 st;
	time_t		 now = time(NULL);
	size_t		 n = 0;

	if (d == NULL)
		return 0;
	while ((ent = readdir(d)) != NULL)
		if (strlen(ent->d_name) == ID_TEXT &&
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
		    0 && S_ISREG(st.st_mode) && now - st.st_mtime > age &&
		    unlinkat(dirfd(d), ent->d_name, 0) == 0)
			n++;
	(void)closedir(d);
	return n;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.c - the file of token keys: read, made, rotated; see token.h */
#include "token/token_int.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"

#include "base/banned.h"

#define FILE_MAX	65536	/* octets of a key file */
#define HEX_LEN		(TOKEN_SECRET * 2)

/* word - the next word of a line, ended by NUL; NULL at the line's end */
static char *
word(char **line)
{
	char	*w;

	while ((w = strsep(line, " \t\r")) != NULL && *w == '\0')
		;
	return w;
}

/* parse_line - "ID HEX [retired]"; NULL, or what is wrong */
static const char *
parse_line(char *id, char *rest, struct token_key *k)
{
	char		*end, *hex, *flag;
	unsigned long	 n;

	n = strtoul(id, &end, 10);
	if (id[0] < '0' || id[0] > '9' || *end != '\0' || n < 1 || n > 255)
		return "want \"ID HEX\" with an ID from 1 to 255";
	if ((hex = word(&rest)) == NULL || strlen(hex) != HEX_LEN ||
	    codec_unhex(hex, HEX_LEN, k->secret, sizeof k->secret) == -1)
		return "want 64 hexadecimal digits after the ID";
	k->id = (uint8_t)n;
	k->retired = false;
	if ((flag = word(&rest)) != NULL) {
		if (strcmp(flag, "retired") != 0 || word(&rest) != NULL)
			return "only \"retired\" may follow the key";
		k->retired = true;
	}
	return NULL;
}

/* add_line - one line of the file into keys; NULL, or what is wrong */
static const char *
add_line(char *line, struct token_keys *keys)
{
	struct token_key	*k;
	const char		*why;
	char			*id;
	size_t			 i;

	if ((id = word(&line)) == NULL || *id == '#')
		return NULL;
	if (keys->n == TOKEN_KEYS_MAX)
		return "too many keys";
	k = &keys->v[keys->n];
	if ((why = parse_line(id, line, k)) != NULL)
		return why;
	for (i = 0; i < keys->n; i++)
		if (keys->v[i].id == k->id)
			return "this ID stands in an earlier line";
	keys->n++;
	return NULL;
}

/* signing_first - the first key that is not retired comes to the front */
static int
signing_first(struct token_keys *keys)
{
	struct token_key	tmp;
	size_t			i;

	for (i = 0; i < keys->n && keys->v[i].retired; i++)
		;
	if (i == keys->n)
		return -1;
	tmp = keys->v[i];
	memmove(keys->v + 1, keys->v, i * sizeof tmp);
	keys->v[0] = tmp;
	explicit_bzero(&tmp, sizeof tmp);
	return 0;
}

/* parse - the text of a key file, which is changed */
static int
parse(const char *path, char *text, struct token_keys *keys, struct err *e)
{
	const char	*why;
	char		*line;
	unsigned	 n = 0;

	while ((line = strsep(&text, "\n")) != NULL) {
		n++;
		if ((why = add_line(line, keys)) != NULL)
			return err_code(e, EX_CONFIG, "%s:%u: %s", path, n,
			    why);
	}
	if (signing_first(keys) == -1)
		return err_code(e, EX_CONFIG, "%s: no key to sign with; make "
		    "one with `mailweir token genkey`", path);
	return 0;
}

/* alloc_keys - memory that is not swapped out where the system allows it */
static struct token_keys *
alloc_keys(void)
{
	struct token_keys	*keys = calloc(1, sizeof *keys);

	if (keys != NULL)
		(void)mlock(keys, sizeof *keys);
	return keys;
}

int
token_keys_load(const char *path, struct token_keys **out, struct err *e)
{
	struct token_keys	*keys;
	char			*text;
	size_t			 len;
	int			 rc;

	*out = NULL;
	if (file_read_secret(path, FILE_MAX, &text, &len, e) == -1)
		return -1;
	if ((keys = alloc_keys()) == NULL)
		rc = err_code(e, EX_OSERR, "%s: no memory", path);
	else if (strlen(text) != len)
		rc = err_code(e, EX_CONFIG, "%s: holds NUL octets: no key "
		    "file", path);
	else
		rc = parse(path, text, keys, e);
	file_wipe(&text, len);
	if (rc == -1)
		token_keys_free(&keys);
	*out = keys;
	return rc;
}

void
token_keys_free(struct token_keys **keys)
{
	if (*keys == NULL)
		return;
	explicit_bzero(*keys, sizeof **keys);
	(void)munlock(*keys, sizeof **keys);
	free(*keys);
	*keys = NULL;
}

/* add_key - the lines of one fresh key of that id */
static int
add_key(struct buf *b, unsigned id, struct err *e)
{
	uint8_t	secret[TOKEN_SECRET];
	char	hex[CODEC_HEX_SIZE(TOKEN_SECRET)], iso[CLOCK_ISO_SIZE];
	int	rc;

	if (RAND_priv_bytes(secret, sizeof secret) != 1)
		return err_code(e, EX_OSERR, "token key: OpenSSL has no "
		    "random octets");
	codec_hex(secret, sizeof secret, hex);
	rc = buf_addf(b, "# made %s\n%u %s\n", clock_iso(clock_now(), iso),
	    id, hex);
	explicit_bzero(secret, sizeof secret);
	explicit_bzero(hex, sizeof hex);
	return rc == -1 ? err_code(e, EX_OSERR, "token key: no memory") : 0;
}

/* wipe - release a buffer that held secrets */
static void
wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_free(b);
}

int
token_keys_create(const char *path, struct err *e)
{
	struct buf	b = BUF_INIT(FILE_MAX);
	int		rc;

	(void)buf_adds(&b, "# Keys of unsubscribe tokens: ID HEX [retired]. "
	    "Keep it secret.\n");
	rc = add_key(&b, 1, e);
	if (rc == 0)
		rc = file_write_new(path, 0600, b.data, b.len, false, e);
	wipe(&b);
	return rc;
}

/* fresh_id - one more than the highest, or a gap; 0 when all are taken */
static unsigned
fresh_id(const struct token_keys *keys)
{
	bool		used[256] = { false };
	unsigned	id, top = 0;
	size_t		i;

	for (i = 0; i < keys->n; i++) {
		used[keys->v[i].id] = true;
		if (keys->v[i].id > top)
			top = keys->v[i].id;
	}
	if (top < 255)
		return top + 1;
	for (id = 1; id <= 255 && used[id]; id++)
		;
	return id <= 255 ? id : 0;
}

/* add_rest - the old file behind the new key, its keys marked as retired */
static int
add_rest(struct buf *b, char *text)
{
	char	*line, *first;

	while ((line = strsep(&text, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		first = line + strspn(line, " \t");
		if (*first == '\0' && text == NULL)
			break;
		(void)buf_adds(b, line);
		if (*first != '\0' && *first != '#' &&
		    strstr(line, "retired") == NULL)
			(void)buf_adds(b, " retired");
		(void)buf_addc(b, '\n');
	}
	return b->failed ? -1 : 0;
}

int
token_keys_rotate(const char *path, uint8_t *id, struct err *e)
{
	struct token_keys	*keys;
	struct stat		 st;
	struct buf		 b = BUF_INIT(FILE_MAX);
	char			*text = NULL;
	size_t			 len = 0;
	unsigned		 next;
	int			 rc = -1;

	if (token_keys_load(path, &keys, e) == -1)
		return -1;
	next = fresh_id(keys);
	token_keys_free(&keys);
	if (next == 0)
		return err_code(e, EX_DATAERR, "%s: all 255 ids are taken; "
		    "delete lines of keys that no living mail needs", path);
	if (stat(path, &st) == -1 ||
	    file_read_secret(path, FILE_MAX, &text, &len, e) == -1)
		return err_prefix(e, "rotate");
	if (add_key(&b, next, e) == -1)
		goto out;
	if (add_rest(&b, text) == -1) {
		err_code(e, EX_DATAERR, "%s: too large to add a key", path);
		goto out;
	}
	rc = file_write_new(path, st.st_mode & 0777, b.data, b.len, true, e);
	/* daemons read it through its group */
	if (rc == 0 && chown(path, st.st_uid, st.st_gid) == -1)
		rc = err_code(e, EX_NOPERM, "%s: rotated, but its owner is "
		    "now uid %lu: chown it back", path,
		    (unsigned long)geteuid());
	if (rc == 0)
		*id = (uint8_t)next;
out:
	file_wipe(&text, len);
	wipe(&b);
	return rc;
}

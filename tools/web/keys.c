/* SPDX-License-Identifier: BSD-2-Clause */
/* keys.c - see keys.h */
#include "web/keys.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sysexits.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/codec.h"
#include "base/file.h"

#include "base/banned.h"

#define FILE_MAX	(256u << 10)
#define KEYS_MAX	256
#define KEY_OCTETS	32

struct api_keys {
	struct api_key	v[KEYS_MAX];
	uint8_t		hash[KEYS_MAX][SHA256_DIGEST_LENGTH];
	size_t		n;
};

static const struct { const char *name; unsigned role; } role_names[] = {
	{ "read", API_READ }, { "add", API_ADD }, { "remove", API_REMOVE },
	{ "admin", API_READ | API_ADD | API_REMOVE | API_ADMIN },
};

/* roles_of - "read,add"; 0: one of them is none */
static unsigned
roles_of(const char *s, size_t n)
{
	unsigned	 roles = 0;
	size_t		 i, len;
	const char	*comma;

	while (n > 0) {
		comma = memchr(s, ',', n);
		len = comma != NULL ? (size_t)(comma - s) : n;
		for (i = 0; i < 4; i++)
			if (strlen(role_names[i].name) == len &&
			    memcmp(role_names[i].name, s, len) == 0)
				break;
		if (i == 4)
			return 0;
		roles |= role_names[i].role;
		n -= len;
		s += len;
		if (n > 0) {
			n--;
			s++;
		}
	}
	return roles;
}

static bool
name_ok(const char *s, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if ((s[i] < 'a' || s[i] > 'z') && (s[i] < '0' || s[i] > '9') &&
		    s[i] != '-' && s[i] != '_' && s[i] != '.')
			return false;
	return n > 0 && n <= API_NAME_MAX;
}

/* line - one of the file, without its newline */
static int
line(struct api_keys *k, const char *p, size_t n, const char **why)
{
	size_t	 a, b, roles, i;

	if (k->n == KEYS_MAX) {
		*why = "too many keys";
		return -1;
	}
	a = strcspn(p, " \t\n");
	b = a + strspn(p + a, " \t");
	*why = "want NAME ROLE[,ROLE] SHA256";
	if (a >= n || b >= n)
		return -1;
	roles = strcspn(p + b, " \t\n");
	i = b + roles + strspn(p + b + roles, " \t");
	if (i >= n || codec_unhex(p + i, n - i, k->hash[k->n],
	    SHA256_DIGEST_LENGTH) != SHA256_DIGEST_LENGTH)
		return -1;
	*why = "a name is 1 to 48 of a-z 0-9 . _ -";
	if (!name_ok(p, a))
		return -1;
	*why = "roles are read, add, remove, admin";
	if ((k->v[k->n].roles = roles_of(p + b, roles)) == 0)
		return -1;
	memcpy(k->v[k->n].name, p, a);
	k->v[k->n].name[a] = '\0';
	for (i = 0; i < k->n; i++)
		if (strcmp(k->v[i].name, k->v[k->n].name) == 0) {
			*why = "this name stands there twice";
			return -1;
		}
	k->n++;
	return 0;
}

int
api_keys_load(const char *path, struct api_keys **out, struct err *e)
{
	struct api_keys	*k = calloc(1, sizeof *k);
	const char	*p, *end, *eol, *why = "";
	char		*data = NULL;
	size_t		 len = 0, n;
	unsigned long	 at = 0;

	*out = NULL;
	if (k == NULL)
		return err_set(e, "out of memory");
	if (file_read_secret(path, FILE_MAX, &data, &len, e) == -1) {
		free(k);
		return -1;
	}
	for (p = data, end = data + len; p < end; p = eol + 1) {
		at++;
		if ((eol = memchr(p, '\n', (size_t)(end - p))) == NULL)
			eol = end;
		for (n = (size_t)(eol - p); n > 0 && (p[n - 1] == ' ' ||
		    p[n - 1] == '\t' || p[n - 1] == '\r'); n--)
			;
		if (n == 0 || *p == '#')
			continue;
		if (line(k, p, n, &why) == -1) {
			file_wipe(&data, len);
			api_keys_free(&k);
			return err_code(e, EX_CONFIG, "%s:%lu: %s", path, at,
			    why);
		}
	}
	file_wipe(&data, len);
	*out = k;
	return 0;
}

void
api_keys_free(struct api_keys **kp)
{
	if (*kp == NULL)
		return;
	OPENSSL_cleanse(*kp, sizeof **kp);
	free(*kp);
	*kp = NULL;
}

const struct api_key *
api_keys_find(const struct api_keys *k, const char *authorization)
{
	const struct api_key	*found = NULL;
	uint8_t			 md[SHA256_DIGEST_LENGTH];
	size_t			 i, n;

	if (k == NULL || authorization == NULL ||
	    strncasecmp(authorization, "Bearer ", 7) != 0)
		return NULL;
	authorization += 7;
	authorization += strspn(authorization, " ");
	n = strcspn(authorization, " \t\r\n");
	if (n == 0 || n > 256)
		return NULL;
	SHA256((const unsigned char *)authorization, n, md);
	for (i = 0; i < k->n; i++)
		if (CRYPTO_memcmp(md, k->hash[i], sizeof md) == 0)
			found = &k->v[i];
	return found;
}

int
api_keys_new(const char *name, const char *roles)
{
	uint8_t	key[KEY_OCTETS], md[SHA256_DIGEST_LENGTH];
	char	text[CODEC_B64_SIZE(KEY_OCTETS)];
	char	hex[CODEC_HEX_SIZE(SHA256_DIGEST_LENGTH)];

	if (!name_ok(name, strlen(name)) ||
	    roles_of(roles, strlen(roles)) == 0) {
		(void)fputs("mailweir-web: --new-key NAME ROLES: a name of a-z "
		    "0-9 . _ -, roles of read,add,remove,admin\n", stderr);
		return EX_USAGE;
	}
	if (getrandom(key, sizeof key, 0) != sizeof key) {
		(void)fputs("mailweir-web: no random octets\n", stderr);
		return EX_OSERR;
	}
	(void)codec_b64url(key, sizeof key, text);
	SHA256((const unsigned char *)text, strlen(text), md);
	(void)codec_hex(md, sizeof md, hex);
	(void)fprintf(stderr, "%s\n", text);
	(void)printf("%s %s %s\n", name, roles, hex);
	OPENSSL_cleanse(key, sizeof key);
	OPENSSL_cleanse(text, sizeof text);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

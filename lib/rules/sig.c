/* SPDX-License-Identifier: BSD-2-Clause */
/* sig.c - see sig.h */
#include "rules/sig.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include <openssl/evp.h>

#include "base/codec.h"

#include "base/banned.h"

#define FIELDS	5	/* of a line */

bool
sig_name_ok(const char *s)
{
	size_t	n = strlen(s);

	return n > 0 && n < SIG_NAME && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

/* split - the words of a line, in place; how many, one more than FIELDS if
 * there are too many */
static size_t
split(char *line, char *out[FIELDS])
{
	char	*word, *rest;
	size_t	 n = 0;

	for (word = strtok_r(line, " ", &rest); word != NULL;
	    word = strtok_r(NULL, " ", &rest)) {
		if (n == FIELDS)
			return n + 1;
		out[n++] = word;
	}
	return n;
}

/* parse - one line; false when it is none */
static bool
parse(char *line, struct sig *s)
{
	char	*f[FIELDS];
	time_t	 when;

	if (split(line, f) != FIELDS ||
	    (strcmp(f[0], "sign") != 0 && strcmp(f[0], "approve") != 0) ||
	    !sig_name_ok(f[1]) || strlen(f[3]) >= sizeof s->date ||
	    clock_parse_iso(f[3], &when) == -1)
		return false;
	s->approval = f[0][0] == 'a';
	(void)snprintf(s->name, sizeof s->name, "%s", f[1]);
	(void)snprintf(s->date, sizeof s->date, "%s", f[3]);
	return codec_unb64url(f[2], strlen(f[2]), s->key, sizeof s->key) ==
	    SIG_KEY && codec_unb64url(f[4], strlen(f[4]), s->octets,
	    sizeof s->octets) == SIG_OCTETS;
}

int
sigs_parse(char *text, struct sigs *out, struct err *e)
{
	char		*line, *next;
	unsigned	 n;

	out->n = 0;
	for (line = text, n = 1; line != NULL; line = next, n++) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		if (out->n == SIGS_MAX)
			return err_code(e, EX_DATAERR, "%u: more than %d "
			    "signatures", n, SIGS_MAX);
		if (!parse(line, &out->v[out->n]))
			return err_code(e, EX_DATAERR, "%u: want sign or "
			    "approve, NAME, KEY, DATE, SIGNATURE", n);
		out->v[out->n++].line = n;
	}
	return 0;
}

int
sig_print(const struct sig *s, struct buf *out)
{
	char	key[CODEC_B64_SIZE(SIG_KEY)], sig[CODEC_B64_SIZE(SIG_OCTETS)];

	(void)codec_b64url(s->key, sizeof s->key, key);
	(void)codec_b64url(s->octets, sizeof s->octets, sig);
	return buf_addf(out, "%s %s %s %s %s\n", s->approval ? "approve" :
	    "sign", s->name, key, s->date, sig);
}

int
sig_digest(const struct sig *s, const void *content, size_t n,
    unsigned char digest[32])
{
	unsigned char	sum[32];
	char		hex[CODEC_HEX_SIZE(32)], text[256];
	int		len;

	if (EVP_Digest(content, n, sum, NULL, EVP_sha256(), NULL) != 1)
		return -1;
	(void)codec_hex(sum, sizeof sum, hex);
	len = snprintf(text, sizeof text, "mailweir rules 1\n%s\n%s\n%s\n%s\n",
	    s->approval ? "approve" : "sign", s->name, s->date, hex);
	return EVP_Digest(text, (size_t)len, digest, NULL, EVP_sha256(),
	    NULL) == 1 ? 0 : -1;
}

int
sig_fits(const struct sig *s, const void *content, size_t n)
{
	unsigned char	 digest[32];
	EVP_PKEY	*key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519,
			    NULL, s->key, sizeof s->key);
	EVP_MD_CTX	*ctx = EVP_MD_CTX_new();
	int		 rc = -1;

	if (key != NULL && ctx != NULL &&
	    sig_digest(s, content, n, digest) == 0 &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1)
		rc = EVP_DigestVerify(ctx, s->octets, sizeof s->octets,
		    digest, sizeof digest) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return rc;
}

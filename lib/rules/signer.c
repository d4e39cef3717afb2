/* SPDX-License-Identifier: BSD-2-Clause */
/* signer.c - see signer.h */
#include "rules/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"

#include "base/banned.h"

#define PEM_MAX	65536	/* octets of a key file */

struct signers {
	size_t	n;
	struct {
		char		name[SIG_NAME];
		unsigned char	key[SIG_KEY];
	}	v[];
};

/* cut - the name in front of the colon; NULL when there is none */
static const char *
cut(const char *item, char name[SIG_NAME])
{
	const char	*colon = strchr(item, ':');

	if (colon == NULL || colon - item >= SIG_NAME || colon[1] == '\0')
		return NULL;
	(void)snprintf(name, SIG_NAME, "%.*s", (int)(colon - item), item);
	return sig_name_ok(name) ? colon + 1 : NULL;
}

bool
signer_ok(const char *item)
{
	char	name[SIG_NAME];

	return cut(item, name) != NULL;
}

/* read_key - a public key as `openssl pkey -pubout` writes it */
static int
read_key(const char *file, unsigned char key[SIG_KEY], struct err *e)
{
	EVP_PKEY	*pkey = NULL;
	BIO		*bio;
	char		*pem;
	size_t		 len, n = SIG_KEY;
	int		 rc = 0;

	if (file_read(file, PEM_MAX, &pem, &len, e) == -1)
		return -1;
	if ((bio = BIO_new_mem_buf(pem, (int)len)) != NULL)
		pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_public_key(pkey, key, &n) != 1)
		rc = err_code(e, EX_CONFIG, "%s: not an Ed25519 public key in "
		    "PEM (openssl pkey -in KEY -pubout)", file);
	ERR_clear_error();
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	file_wipe(&pem, len);	/* it may be a private key, by mistake */
	return rc;
}

int
signers_load(const char *const *list, struct signers **out, struct err *e)
{
	struct signers	*s;
	const char	*file, *other;
	size_t		 n = 0;

	while (list[n] != NULL)
		n++;
	if ((s = calloc(1, sizeof *s + n * sizeof s->v[0])) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	for (; list[s->n] != NULL; s->n++) {
		if ((file = cut(list[s->n], s->v[s->n].name)) == NULL) {
			(void)err_code(e, EX_CONFIG, "%.80s: want NAME:FILE",
			    list[s->n]);
			goto fail;
		}
		if (read_key(file, s->v[s->n].key, e) == -1)
			goto fail;
		other = signers_name(s, s->v[s->n].key);
		if (other != NULL) {
			(void)err_code(e, EX_CONFIG, "%s: the same key as "
			    "that of %s", file, other);
			goto fail;
		}
	}
	*out = s;
	return 0;
fail:
	signers_free(&s);
	return -1;
}

void
signers_free(struct signers **s)
{
	free(*s);
	*s = NULL;
}

const char *
signers_name(const struct signers *s, const unsigned char key[SIG_KEY])
{
	size_t	i;

	for (i = 0; i < s->n; i++)
		if (memcmp(s->v[i].key, key, SIG_KEY) == 0)
			return s->v[i].name;
	return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_key.c - the key file of a [webhook NAME] */
#include "web/hook_key.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "feedback/hook.h"

#include "base/banned.h"

#define FILE_MAX	(64u << 10)

int
hook_unbase64(const char *s, unsigned char *out, size_t size)
{
	size_t	n = s == NULL ? 0 : strlen(s);
	int	len;

	if (n == 0 || n % 4 != 0 || n / 4 * 3 > size)
		return -1;
	len = EVP_DecodeBlock(out, (const unsigned char *)s, (int)n);
	if (len > 0 && s[n - 1] == '=')
		len -= s[n - 2] == '=' ? 2 : 1;
	return len;
}

/* certificates - every one of a PEM file */
static void
certificates(struct hook_keys *k, BIO *b)
{
	X509	*x;

	while (k->npkeys < HOOK_KEYS_MAX &&
	    (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL) {
		k->pkeys[k->npkeys] = X509_get_pubkey(x);
		k->npkeys += k->pkeys[k->npkeys] != NULL;
		X509_free(x);
	}
}

/* bare_key - a public key as base64 alone, as SendGrid's page shows it */
static void
bare_key(struct hook_keys *k)
{
	unsigned char		 der[1024];
	const unsigned char	*p = der;
	int			 n;

	k->data[strcspn(k->data, "\r\n")] = '\0';
	if ((n = hook_unbase64(k->data, der, sizeof der)) <= 0)
		return;
	k->pkeys[0] = d2i_PUBKEY(NULL, &p, n);
	k->npkeys = k->pkeys[0] != NULL;
}

/* public_keys - PEM, or base64; only of the algorithm that it takes */
static void
public_keys(struct hook_keys *k, BIO *b)
{
	EVP_PKEY	*p;
	size_t		 i, n = 0;

	while (k->npkeys < HOOK_KEYS_MAX &&
	    (p = PEM_read_bio_PUBKEY(b, NULL, NULL, NULL)) != NULL)
		k->pkeys[k->npkeys++] = p;
	if (k->npkeys == 0)
		bare_key(k);
	for (i = 0; i < k->npkeys; i++)
		if (EVP_PKEY_is_a(k->pkeys[i], "EC"))
			k->pkeys[n++] = k->pkeys[i];
		else
			EVP_PKEY_free(k->pkeys[i]);
	k->npkeys = n;
}

/* secrets - one a line; empty lines and comments are none */
static void
secrets(struct hook_keys *k)
{
	char	*p = k->data, *end;
	size_t	 n;

	for (; p != NULL && *p != '\0' && k->nsecrets < HOOK_KEYS_MAX;
	    p = end) {
		if ((end = strchr(p, '\n')) != NULL)
			*end++ = '\0';
		n = strcspn(p, "\r");
		if (n == 0 || *p == '#')
			continue;
		k->secrets[k->nsecrets].p = p;
		k->secrets[k->nsecrets++].n = n;
	}
}

int
hook_keys_load(const struct hook_conf *conf, struct hook_keys **out,
    struct err *e)
{
	struct hook_keys	*k = calloc(1, sizeof *k);
	BIO			*b = NULL;

	*out = NULL;
	if (k == NULL)
		return err_set(e, "out of memory");
	k->conf = conf;
	if (conf->key_file[0] == '\0') {	/* SES that fetches */
		*out = k;
		return 0;
	}
	if (file_read_secret(conf->key_file, FILE_MAX, &k->data, &k->len,
	    e) == -1 || (b = BIO_new_mem_buf(k->data, (int)k->len)) == NULL) {
		hook_keys_free(&k);
		return -1;
	}
	if (conf->provider == HOOK_SES)
		certificates(k, b);
	else if (conf->provider == HOOK_SENDGRID)
		public_keys(k, b);
	else
		secrets(k);
	BIO_free(b);
	if (k->npkeys + k->nsecrets == 0) {
		(void)err_code(e, EX_CONFIG, "%s: holds no %s",
		    conf->key_file, conf->provider == HOOK_SES ?
		    "certificate (PEM)" : conf->provider == HOOK_SENDGRID ?
		    "ECDSA public key (PEM or base64)" : "key");
		hook_keys_free(&k);
		return -1;
	}
	*out = k;
	return 0;
}

void
hook_keys_free(struct hook_keys **kp)
{
	struct hook_keys	*k = *kp;

	if (k == NULL)
		return;
	while (k->npkeys > 0)
		EVP_PKEY_free(k->pkeys[--k->npkeys]);
	file_wipe(&k->data, k->len);
	free(k);
	*kp = NULL;
}

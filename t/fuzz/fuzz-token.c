/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-token.c - any octets as a token; what verifies is what we would write */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "token/token.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* keys - one fixed key, loaded once */
static const struct token_keys *
keys(void)
{
	static struct token_keys	*k;
	static const char		 text[] = "7 000102030405060708090a0b0"
	    "c0d0e0f101112131415161718191a1b1c1d1e1f\n";
	char				 path[] = "/tmp/fuzz-token.XXXXXX";
	struct err			 e;
	int				 fd;

	if (k != NULL)
		return k;
	if ((fd = mkstemp(path)) == -1 ||
	    write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1 ||
	    token_keys_load(path, &k, &e) == -1)
		abort();
	close(fd);
	unlink(path);
	return k;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct token		t;
	struct err		e;
	char			url[TOKEN_URL_SIZE], mail[TOKEN_MAIL_SIZE];
	enum token_result	rc;

	rc = token_read(keys(), (const char *)data, size, 20778, 30, &t);
	(void)token_result_name(rc);
	if (rc != TOKEN_VALID && rc != TOKEN_EXPIRED)
		return 0;
	if (token_url(keys(), &t, url, &e) == -1 ||
	    token_mail(keys(), &t, mail, &e) == -1)
		abort();
	if (size == strlen(url) ? memcmp(url, data, size) != 0 :
	    strncasecmp(mail, (const char *)data, size) != 0)
		abort();
	return 0;
}

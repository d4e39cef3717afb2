/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-header.c - any octets as a header section; unfold, fold, unfold */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* words - octets that are not white space, in order */
static size_t
words(const char *s, char *out)
{
	size_t	n = 0;

	for (; *s != '\0'; s++)
		if (strchr(" \t\r\n", *s) == NULL)
			out[n++] = *s;
	return n;
}

/* fold - folding loses nothing but white space */
static void
fold(const struct header *h)
{
	struct buf	plain = BUF_INIT(1 << 20), folded = BUF_INIT(2 << 20);
	char		*a, *b;
	size_t		n;

	if (header_unfold(h->value, h->value_len, &plain) == -1 ||
	    header_fold(strlen(h->name), buf_str(&plain), true, &folded) == -1)
		abort();
	a = malloc(plain.len + 1);
	b = malloc(folded.len + 1);
	n = words(buf_str(&plain), a);
	if (words(buf_str(&folded), b) != n || memcmp(a, b, n) != 0)
		abort();
	free(a);
	free(b);
	buf_free(&plain);
	buf_free(&folded);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header_list	l;
	bool			cut;
	long			at;
	size_t			i;

	header_list_init(&l);
	at = header_parse((const char *)data, size, 100, 20000, &l, &cut);
	if (at < 0 || (size_t)at > size || l.n > 100 || l.octets > 20000)
		abort();
	for (i = 0; i < l.n; i++)
		fold(&l.v[i]);
	while (l.n > 0)
		header_delete(&l, l.n / 2);
	if (l.octets != 0)
		abort();
	header_list_free(&l);
	return 0;
}

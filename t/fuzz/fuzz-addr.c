/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-addr.c - any octets as an address and as an address header */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/addr.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* each - what a header gives goes where the callers put it */
static int
each(void *arg, const char *spec, size_t len)
{
	struct addr	a;

	(void)arg;
	(void)addr_normal(spec, len, NULL, &a, NULL);
	return 0;
}

/* same_quoted - atoms and the same in quotes are one mailbox; the one goes by
 * the short way in addr.c, the other by the long one */
static void
same_quoted(const char *s, size_t size, const struct addr *want)
{
	const char	*at = memrchr(s, '@', size);
	char		 q[2048];
	struct addr	 a;
	size_t		 n;

	if (size > 1000 || at == NULL || memchr(s, '"', size) != NULL ||
	    memchr(s, ':', size) != NULL || strchr("< \t\r\n", *s) != NULL)
		return;
	n = (size_t)(at - s);
	q[0] = '"';
	memcpy(q + 1, s, n);
	q[n + 1] = '"';
	memcpy(q + n + 2, at, size - n);
	if (addr_normal(q, size + 2, NULL, &a, NULL) != ADDR_OK ||
	    strcmp(a.text, want->text) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr	 a, again;
	char		 domain[ADDR_DOMAIN_MAX + 1];
	const char	*s = (const char *)data;

	if (addr_normal(s, size, NULL, &a, NULL) == ADDR_OK) {
		/* its own normal form, and its domain too */
		if (a.text[a.local_len] != '@' ||
		    addr_normal(a.text, strlen(a.text), NULL, &again, NULL) !=
		    ADDR_OK || strcmp(a.text, again.text) != 0 ||
		    addr_domain(a.text + a.local_len + 1,
		    strlen(a.text + a.local_len + 1), domain, NULL) !=
		    ADDR_OK || strcmp(domain, a.text + a.local_len + 1) != 0)
			abort();
		same_quoted(s, size, &a);
	}
	(void)addr_list(s, size, each, NULL);
	return 0;
}

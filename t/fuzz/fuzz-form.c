/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-form.c - any body under any content type: first line type, rest body */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/form.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t	*eol = memchr(data, '\n', size);
	size_t		 n = eol != NULL ? (size_t)(eol - data) : 0;
	struct form	*f = malloc(sizeof *f);
	char		*type = malloc(n + 1), *body;
	size_t		 i, len = eol != NULL ? size - n - 1 : size;
	bool		 twice = false;

	body = malloc(len > 0 ? len : 1);
	if (f == NULL || type == NULL || body == NULL)
		abort();
	memcpy(type, data, n);
	type[n] = '\0';
	memcpy(body, eol != NULL ? eol + 1 : data, len);
	if (form_parse(type, body, len, f) == FORM_OK) {
		for (i = 0; i < f->n; i++)
			if (strlen(f->v[i].name) >= FORM_NAME ||
			    strlen(f->v[i].value) >= FORM_VALUE)
				abort();
		(void)form_get(f, "List-Unsubscribe", &twice);
	} else if (f->n != 0)
		abort();
	free(f);
	free(type);
	free(body);
	return 0;
}

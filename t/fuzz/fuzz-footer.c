/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-footer.c - a raw message gets a footer: what results is a message whose
 * first footer is found again as a link */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/footer.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
linked(void *arg, const char *p, size_t n)
{
	(void)arg;
	return memmem(p, n, "link-\xc3\xbc", 7) != NULL ||
	    memmem(p, n, "link-&#252;", 11) != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct footer		 f = { "link-\xc3\xbc\n", "link-&#252;\n",
				    linked, NULL };
	struct footer_out	 out, again;
	struct header_list	 l;
	struct err		 e;
	const char		*raw = (const char *)data;
	size_t			 i;
	long			 at;
	bool			 cut;

	header_list_init(&l);
	at = header_parse(raw, size, 50, 8192, &l, &cut);
	if (at >= 0 && footer_add(&l, raw + at, size - (size_t)at, &f, &out,
	    &e) == 0) {
		if (out.content_type.len > 0 && (i = header_index(&l,
		    "Content-Type", 1)) != (size_t)-1)
			(void)header_change(&l, i, out.content_type.data,
			    out.content_type.len);
		if (out.added > 0 && footer_add(&l, out.body.data,
		    out.body.len, &f, &again, &e) == 0)
			footer_out_free(&again);
		footer_out_free(&out);
	}
	header_list_free(&l);
	return 0;
}

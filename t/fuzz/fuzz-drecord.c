/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-drecord.c - files of key records, and records against a key */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dkim/dcheck.h"
#include "dkim/dkey.h"
#include "dkim/drecord.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dkey	*key;
	struct drecord_set	*set;
	struct dcheck		 c;
	struct err		 e;
	char			 txt[DKEY_RECORD_MAX], *text;

	if (key == NULL && dkey_generate(DKEY_ED25519, 0, &key, &e) == -1)
		abort();
	if (drecord_parse("f", (const char *)data, size, &set, &e) == 0) {
		(void)drecord_lookup(set, "s._domainkey.d.example", txt,
		    sizeof txt);
		drecord_free(&set);
	}
	if ((text = malloc(size + 1)) == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	dcheck_record(key, text, &c);
	free(text);
	return 0;
}

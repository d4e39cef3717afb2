/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-rules.c - any octets as a rule file; what loads is run once */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rules.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char	mail[] = "From: Ann <a@b.example>\nSubject: x\n"
			    "Content-Type: text/html\n\n<a href=http://a.b/>"
			    "Hello</a> world\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view_limits	 lim = VIEW_LIMITS;
	struct rules_options		 opt = { .plugins = true,
					    .subrules = true,
					    .match_limit = 1000, .now = 1 };
	struct rules_scan_options	 scan = { .explain = true };
	struct rules_source		 src = { .path = "f.cf" };
	struct rules_result		*res;
	struct rules			*r;
	struct view			*v;
	struct err			 e = { "", 0 };
	char				*text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	/* Other files are not for this test to read. */
	if (strcasestr(text, "include") != NULL) {
		free(text);
		return 0;
	}
	src.text = text;
	src.strict = size > 0 && (data[0] & 1) != 0;
	if (rules_load(&src, 1, &opt, NULL, NULL, &r, &e) == -1) {
		if (e.msg[0] == '\0')
			abort();
		free(text);
		return 0;
	}
	if (view_open(mail, sizeof mail - 1, &lim, &v, &e) == -1 ||
	    rules_scan(r, v, &scan, &res, &e) == -1)
		abort();
	rules_result_free(&res);
	view_free(&v);
	rules_free(&r);
	free(text);
	return 0;
}

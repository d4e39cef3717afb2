/* SPDX-License-Identifier: BSD-2-Clause */
/* regex_int.h - what regex.c and hasten.c share */
#ifndef RULES_REGEX_INT_H
#define RULES_REGEX_INT_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "rules/regex.h"
#include "rules/run.h"

struct regex {
	pcre2_code		*code;
	bool			 jit;
	/* Looked at first, from the cheapest; NULL: */
	struct run_search	*run;	/* must be in the text */
	struct regex		*part;	/* must match, too */
};

/* Compile without the machine code. NULL with PCRE2's words. */
pcre2_code *regex_code(const struct regex_text *, struct err *e);

#endif

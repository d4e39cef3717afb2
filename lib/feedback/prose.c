/* SPDX-License-Identifier: BSD-2-Clause */
/* prose.c - bounces that are written for people */
#include "feedback/parse.h"

#include "base/banned.h"

bool
prose_parse(struct parse *ps)
{
	(void)ps;
	return false;
}

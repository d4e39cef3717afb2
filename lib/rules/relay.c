/* SPDX-License-Identifier: BSD-2-Clause */
/* relay.c - see relay.h */
#include "rules/relay.h"

#include "base/banned.h"

int
relay_string(const struct view *v, enum relay_set which, struct buf *out)
{
	(void)v;
	(void)which;
	(void)out;
	return 0;
}

int
relay_fields(const struct view *v, enum relay_set which, bool raw,
    struct buf *out)
{
	(void)v;
	(void)which;
	(void)raw;
	(void)out;
	return 0;
}

int
relay_envelope(const struct view *v, struct buf *out)
{
	(void)v;
	(void)out;
	return 0;
}

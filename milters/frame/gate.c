/* SPDX-License-Identifier: BSD-2-Clause */
/* gate.c - see gate.h */
#include "frame/gate.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/banned.h"

/* The number inside, and above it one bit that says closed: one atomic for
 * both, so that nobody slips in between looking and entering. */
#define CLOSED	(1u << 31)

static atomic_uint	gate;

bool
gate_enter(void)
{
	if ((atomic_fetch_add(&gate, 1) & CLOSED) == 0)
		return true;
	(void)atomic_fetch_sub(&gate, 1);
	return false;
}

void
gate_leave(void)
{
	(void)atomic_fetch_sub(&gate, 1);
}

int
gate_close(long ms)
{
	(void)atomic_fetch_or(&gate, CLOSED);
	for (; (atomic_load(&gate) & ~CLOSED) != 0; ms--) {
		if (ms <= 0)
			return -1;
		(void)usleep(1000);
	}
	return 0;
}

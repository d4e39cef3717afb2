/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gate.h - who is inside, so that nothing is torn down under their feet
 *
 * smfi_main() returns while its worker threads still run callbacks. Each of
 * them enters here first; once the gate is closed none gets in, and those
 * inside are waited for.
 */
#ifndef FRAME_GATE_H
#define FRAME_GATE_H

#include <stdbool.h>

bool	gate_enter(void);	/* false: closed, touch nothing */
void	gate_leave(void);

/* Let nobody in and wait, at most ms milliseconds. 0; -1 when some outstay. */
int	gate_close(long ms);

#endif

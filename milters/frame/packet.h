/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - packets that libmilter must not see
 */
#ifndef FRAME_PACKET_H
#define FRAME_PACKET_H

#include "base/err.h"

/* Before the first connection. -1: this libmilter cannot be looked after. */
int	packet_setup(struct err *e);

#endif

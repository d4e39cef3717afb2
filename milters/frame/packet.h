/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - libmilter's reading of packets, looked after
 */
#ifndef FRAME_PACKET_H
#define FRAME_PACKET_H

#include <stdbool.h>

#include "base/err.h"

/* Before the first connection. -1: this libmilter cannot be looked after. */
int	packet_setup(bool local, struct err *e);

#endif

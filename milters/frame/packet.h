/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - libmilter's reading of packets, looked after
 */
#ifndef FRAME_PACKET_H
#define FRAME_PACKET_H

#include <stdbool.h>

#include "base/err.h"

/* Octets of a packet behind its command. libmilter's own limit is 64 KB, and it
 * hangs up on more: a header line of 1 MB would be tried again for days instead
 * of refused. */
#define PACKET_MAX	(4u << 20)

/* Before the first connection. -1: this libmilter cannot be looked after. */
int	packet_setup(bool local, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inflow.h - what an MTA sends, read in large pieces
 *
 * Between two answers Postfix sends a dozen packets in one piece. libmilter
 * takes five system calls for each: is there something, is there really, its
 * head, is there more, the rest.
 */
#ifndef FRAME_INFLOW_H
#define FRAME_INFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

/* Before the first connection; is its MTA on this machine? */
void	inflow_setup(bool local);

/* The next n octets of a connection; false when it has ended, failed, or stood
 * still for as long as `timeout`. Octets that came along wait for the next
 * call, of any thread, as long as the descriptor is open. */
bool	inflow_read(int sd, const struct timeval *timeout, void *to, size_t n);

#endif

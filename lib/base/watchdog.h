/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog.h - tell systemd that we answer, for as long as we do
 *
 * With $WATCHDOG_USEC (WatchdogSec= of the unit) we connect to our own
 * listening socket, as a client would, and send WATCHDOG=1 only when the
 * connection was taken and answered, be it by hanging up: whoever accepts and
 * whoever serves must be alive. One probe at a time, three in each period. A
 * program that hangs sends nothing, and systemd starts it anew. Without
 * $WATCHDOG_USEC nothing happens.
 *
 * Used by the one thread that waits for signals:
 *
 *	watchdog_open(&w, lfd);
 *	for (;;) {
 *		poll({ sfd, watchdog_fd(&w) }, watchdog_ms(&w));
 *		watchdog_turn(&w);
 *	}
 */
#ifndef BASE_WATCHDOG_H
#define BASE_WATCHDOG_H

#include <stdint.h>

struct watchdog {
	int64_t	every, due;	/* microseconds; every 0: nobody asks */
	int	lfd, fd;	/* our listener; a probe on its way, or -1 */
};

void	watchdog_open(struct watchdog *, int lfd);
void	watchdog_close(struct watchdog *);

/* For poll(): what to read from (-1: nothing), how long to wait at most. */
int	watchdog_fd(const struct watchdog *);
int	watchdog_ms(const struct watchdog *);

/* After each poll: begin a probe that is due, or take its answer. */
void	watchdog_turn(struct watchdog *);

#endif

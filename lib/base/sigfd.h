/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sigfd.h - the signals of a daemon as a descriptor that poll() can watch
 *
 * TERM and INT stop, HUP and USR1 reload. SIGPIPE is ignored.
 */
#ifndef BASE_SIGFD_H
#define BASE_SIGFD_H

#include "base/err.h"

enum sigfd_wish { SIGFD_NONE, SIGFD_STOP, SIGFD_RELOAD };

/* Block them in this thread and all that it starts later: call it before the
 * first. Returns a descriptor that does not block, or -1 and *e. */
int	sigfd_open(struct err *e);

/* The next signal's wish; SIGFD_NONE when none waits. */
enum sigfd_wish sigfd_next(int fd);

#endif

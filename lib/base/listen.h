/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen.h - the socket that a service is reached by
 *
 * One way for milters and LMTP. The frame hands libmilter "fd:N" of it: only
 * so can a stale socket be told from a live one, its mode be set, TCP_NODELAY
 * be set before accept (Linux hands it on; without it each reply waits for a
 * delayed acknowledgement, 40 ms), and a socket of systemd's be the same thing.
 */
#ifndef BASE_LISTEN_H
#define BASE_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"

struct listener {
	int	 fd;
	bool	 local;		/* a unix socket: no delayed acknowledgements */
	char	*path;		/* unix, ours to remove; else NULL */
};

/*
 * listen_open - spec: "unix:/path" ("local:"), "inet:port@host",
 * "inet6:port@host" (or host:port, as main.cf has it), "fd:3"
 *
 * A unix socket that nobody listens on is replaced; one that is in use, or a
 * file that is no socket, is an error.
 */
int	listen_open(const char *spec, mode_t mode, struct listener *,
	    struct err *e);
/* spec, or "fd:3" when systemd handed this process a socket (a .socket unit:
 * $LISTEN_PID, $LISTEN_FDS). */
const char *listen_spec(const char *spec);
void	listen_close(struct listener *);	/* and remove the path */

/* accept4(), by one thread of a program. Where there are no descriptors it logs
 * no_descriptor, once a minute, and rests before it returns -1. */
int	listen_accept(int sd, struct sockaddr *, socklen_t *, int flags);

/* Connect once and hang up: wakes an accept loop. */
void	listen_poke(const struct listener *);

#endif

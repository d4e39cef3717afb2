/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conns.h - every connection of a server, and who has been there too long
 *
 * What the library leaves to us. Its timeout is one of silence, so whoever
 * sends an octet now and then would stay for ever. And it takes the kernel's
 * word only once: of somebody who sent half a request and went away before we
 * looked it never hears again. The library tells of the end of a connection
 * before it closes the descriptor, so under the table's lock a descriptor is
 * never somebody else's.
 */
#ifndef WEB_CONNS_H
#define WEB_CONNS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

struct conn;

struct conns {
	pthread_mutex_t	 lock;
	struct conn	*first;
	size_t		 n, max;
};

void	conns_init(struct conns *, size_t max);
void	conns_free(struct conns *);

/* Of the library: a connection began, or is about to end; cls is the table. */
void	conns_notify(void *cls, struct MHD_Connection *, void **ctx,
	    enum MHD_ConnectionNotificationCode);

/* The other end's turn, to send a request, began; 0: it is over. */
void	conns_sending(struct MHD_Connection *, int64_t since_us);

/*
 * conns_sweep - shut those whose turn has lasted `seconds`, or CONNS_CROWDED
 * once the table is full, and those who went away
 *
 * *slow: how many of the first kind. Returns true when it should soon be done
 * again: there is a crowd.
 */
#define CONNS_CROWDED	2
bool	conns_sweep(struct conns *, unsigned seconds, size_t *slow);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* conns.c - see conns.h */
#include "web/conns.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"

#include "base/banned.h"

#define LOOK	64		/* at so many in one system call */

/* One connection, in the table and as the library's socket context. */
struct conn {
	int		 fd;
	_Atomic int64_t	 since_us;	/* sending since; 0: it is our turn */
	bool		 shut;
	struct conn	*prev, *next;
};

void
conns_init(struct conns *t, size_t max)
{
	*t = (struct conns){ .max = max };
	(void)pthread_mutex_init(&t->lock, NULL);
}

void
conns_free(struct conns *t)
{
	(void)pthread_mutex_destroy(&t->lock);
}

static void
add(struct conns *t, struct conn *k)
{
	(void)pthread_mutex_lock(&t->lock);
	if ((k->next = t->first) != NULL)
		k->next->prev = k;
	t->first = k;
	t->n++;
	(void)pthread_mutex_unlock(&t->lock);
}

static void
take_out(struct conns *t, struct conn *k)
{
	(void)pthread_mutex_lock(&t->lock);
	if (k->next != NULL)
		k->next->prev = k->prev;
	if (k->prev != NULL)
		k->prev->next = k->next;
	else
		t->first = k->next;
	t->n--;
	(void)pthread_mutex_unlock(&t->lock);
}

void
conns_notify(void *cls, struct MHD_Connection *c, void **ctx,
    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo	*ci;
	struct conn			*k = *ctx;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		ci = MHD_get_connection_info(c,
		    MHD_CONNECTION_INFO_CONNECTION_FD);
		if (ci == NULL || (k = calloc(1, sizeof *k)) == NULL)
			return;
		k->fd = ci->connect_fd;
		atomic_init(&k->since_us, clock_mono_us());
		add(cls, k);
		*ctx = k;
	} else if (k != NULL) {
		take_out(cls, k);
		*ctx = NULL;
		free(k);
	}
}

void
conns_sending(struct MHD_Connection *c, int64_t since_us)
{
	const union MHD_ConnectionInfo	*ci;
	struct conn			*k;

	ci = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (ci != NULL && (k = ci->socket_context) != NULL)
		atomic_store(&k->since_us, since_us);
}

/* gone - wake the library for those who sent their last octet; what they sent
 * before is still read, so a whole request is answered. How many */
static size_t
gone(struct conn **v, size_t n)
{
	struct pollfd	p[LOOK];
	size_t		i, found = 0;

	for (i = 0; i < n; i++)
		p[i] = (struct pollfd){ v[i]->fd, POLLRDHUP, 0 };
	if (poll(p, n, 0) < 1)
		return 0;
	for (i = 0; i < n; i++) {
		if (p[i].revents == 0)
			continue;
		v[i]->shut = true;
		(void)shutdown(v[i]->fd, SHUT_RD);
		found++;
	}
	return found;
}

bool
conns_sweep(struct conns *t, unsigned seconds, size_t *slow)
{
	struct conn	*k, *look[LOOK];
	int64_t		 limit, since;
	size_t		 n = 0, left = 0;
	bool		 full;

	*slow = 0;
	(void)pthread_mutex_lock(&t->lock);
	full = t->n >= t->max;
	if (full && seconds > CONNS_CROWDED)
		seconds = CONNS_CROWDED;
	limit = clock_mono_us() - (int64_t)seconds * 1000000;
	for (k = t->first; k != NULL; k = k->next) {
		since = atomic_load(&k->since_us);
		if (since == 0 || k->shut)
			continue;
		if (since <= limit) {
			k->shut = true;
			(void)shutdown(k->fd, SHUT_RDWR);
			(*slow)++;
			continue;
		}
		look[n++] = k;
		if (n == LOOK) {
			left += gone(look, n);
			n = 0;
		}
	}
	left += gone(look, n);
	(void)pthread_mutex_unlock(&t->lock);
	return full || left > 0;
}

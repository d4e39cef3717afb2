/* SPDX-License-Identifier: BSD-2-Clause */
/* inflow.c - see inflow.h */
#include "frame/inflow.h"

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/banned.h"

#define ROOM		16384	/* octets read at once */
#define DESCRIPTORS	65536	/* those above are read packet by packet */

#define LOOK_MS		1	/* how long libmilter's workers look, */
#define LINGER_MS	50	/* and ours stay, */
#define LINGERERS	32	/* so many of them at a time */

/* What has been read of a connection and not been asked for. */
struct rest {
	size_t	at, end;
	char	p[ROOM];
};

/* By descriptor; NULL: nothing. A connection is one thread's at a time, and
 * libmilter's locks stand between two of them. */
static _Atomic(struct rest *)	 rests[DESCRIPTORS];

typedef int closer(int);

static closer		*libcs_close;
static bool		 over_tcp;
static atomic_int	 lingering;

void
inflow_setup(bool local)
{
	void	*f = dlsym(RTLD_NEXT, "close");

	memcpy(&libcs_close, &f, sizeof f);
	over_tcp = !local;
}

static struct rest *
rest_of(int sd)
{
	return sd < 0 || sd >= DESCRIPTORS ? NULL : atomic_load(&rests[sd]);
}

static void
forget(int sd)
{
	struct rest	*r = rest_of(sd);

	if (r == NULL)
		return;
	atomic_store(&rests[sd], NULL);
	free(r);
}

/*
 * quick - acknowledge at once what comes next
 *
 * The MTA's kernel keeps a small piece back while an earlier one is not
 * acknowledged (Nagle), and Postfix writes pieces of 4 KB; ours would wait
 * 40 ms before it acknowledges. Each answer that we send makes it forget.
 */
static void
quick(int sd)
{
	int	one = 1;

	(void)setsockopt(sd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

/* receive - at least one octet and at most n; 0 or -1 when there are none */
static ssize_t
receive(int sd, const struct timeval *timeout, void *to, size_t n)
{
	struct pollfd	fd = { .fd = sd, .events = POLLIN };
	int		ms = (int)(timeout->tv_sec * 1000 +
			    timeout->tv_usec / 1000);
	ssize_t		k;

	for (;;) {
		if (over_tcp)
			quick(sd);
		if ((k = recv(sd, to, n, MSG_DONTWAIT)) != -1)
			return k;
		if (errno == EAGAIN && poll(&fd, 1, ms) == 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -1;
	}
}

/* take - of what has been read, at most n octets; how many */
static size_t
take(int sd, void *to, size_t n)
{
	struct rest	*r = rest_of(sd);

	if (r == NULL)
		return 0;
	if (n > r->end - r->at)
		n = r->end - r->at;
	memcpy(to, r->p + r->at, n);
	if ((r->at += n) == r->end)
		forget(sd);
	return n;
}

/* fill - read ahead, when all before is taken; 1, 0 when there is no memory
 * for that, -1 when there is nothing to read */
static int
fill(int sd, const struct timeval *timeout)
{
	struct rest	*r;
	ssize_t		 k;

	if (sd >= DESCRIPTORS || (r = malloc(sizeof *r)) == NULL)
		return 0;
	if ((k = receive(sd, timeout, r->p, sizeof r->p)) <= 0) {
		free(r);
		return -1;
	}
	r->at = 0;
	r->end = (size_t)k;
	atomic_store(&rests[sd], r);
	return 1;
}

bool
inflow_read(int sd, const struct timeval *timeout, void *to, size_t n)
{
	char	*p = to;
	ssize_t	 k;
	int	 rc;

	for (; n > 0; p += k, n -= (size_t)k) {
		if ((k = (ssize_t)take(sd, p, n)) > 0)
			continue;
		rc = n < ROOM ? fill(sd, timeout) : 0;
		if (rc == 0 && (k = receive(sd, timeout, p, n)) <= 0)
			rc = -1;
		if (rc == -1)
			return false;
	}
	return true;
}

/* ---- in the place of libc's ---- */

/* Under names of ours, since headers may have code for theirs. */
int	inflow_poll(struct pollfd *, nfds_t, int) __asm__("poll");
int	inflow_close(int) __asm__("close");

static int
wait_ms(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec	limit = { ms / 1000, ms % 1000 * 1000000L };

	return ppoll(fds, n, ms < 0 ? NULL : &limit, NULL);
}

/*
 * linger - stay with a connection until its next packet, for a while
 *
 * libmilter's worker gives a connection back after a millisecond. That is
 * shorter than an MTA needs for its other milters or its client, and what
 * follows, a pipe to the thread that waits for all, and from there to another
 * worker, costs as much as reading the message. When many stay, more threads
 * would be wanted for the others.
 */
static int
linger(struct pollfd *fd)
{
	int	rc;

	rc = wait_ms(fd, 1, atomic_fetch_add(&lingering, 1) < LINGERERS ?
	    LINGER_MS : LOOK_MS);
	(void)atomic_fetch_sub(&lingering, 1);
	return rc;
}

/* inflow_poll - libmilter asks it for the next packet, which we may have */
int
inflow_poll(struct pollfd *fds, nfds_t n, int ms)
{
	if (n != 1 || (fds->events & POLLIN) == 0)
		return wait_ms(fds, n, ms);
	if (rest_of(fds->fd) != NULL) {
		fds->revents = POLLIN;
		return 1;
	}
	return ms == LOOK_MS ? linger(fds) : wait_ms(fds, n, ms);
}

/* inflow_close - what came with the last packet is not the next one's who gets
 * the descriptor */
int
inflow_close(int fd)
{
	forget(fd);
	return libcs_close != NULL ? libcs_close(fd) :
	    (int)syscall(SYS_close, fd);
}

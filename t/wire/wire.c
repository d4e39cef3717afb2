/* SPDX-License-Identifier: BSD-2-Clause */
/* wire.c - see wire.h */
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* No answer of ours is near that. */
#define ANSWER_MAX	(1u << 20)
/* A milter that reads nothing for so long hangs. */
#define WRITE_MS	60000

int
wire_open(struct wire *w, const char *path)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };

	memset(w, 0, sizeof *w);
	w->hash = 0xcbf29ce484222325u;
	if (strlen(path) >= sizeof sun.sun_path)
		return -1;
	strcpy(sun.sun_path, path);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd == -1 || connect(w->fd, (struct sockaddr *)&sun,
	    sizeof sun) == -1)
		return -1;
	return fcntl(w->fd, F_SETFL, O_NONBLOCK);
}

void
wire_close(struct wire *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	free(w->in);
	w->in = NULL;
	w->fd = -1;
}

static void
trace(struct wire *w, char cmd)
{
	size_t	n = strlen(w->trace);

	w->last = cmd;
	if (n < sizeof w->trace - 1)
		w->trace[n] = cmd;
}

/* answer - look at one: its command, and how a refusal reads */
static void
answer(struct wire *w, const char *p, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		w->hash = (w->hash ^ (unsigned char)p[i]) * 0x100000001b3u;
	if (*p != 'p')
		trace(w, *p);
	if (strchr("+-2bhimeq", *p) != NULL) {
		w->edits = true;
		return;
	}
	if (*p == 'p')
		return;
	w->answers++;
	if (strchr("Ocatrdsyf", *p) == NULL)
		w->wrong = "an answer that the protocol does not know";
	else if (*p == 'y' && (n < 12 || (p[1] != '4' && p[1] != '5') ||
	    p[n - 1] != '\0' || strlen(p) != n - 1))
		w->wrong = "a refusal that is no SMTP reply";
	else if (w->edits && (*p == 'r' || (*p == 'y' && p[1] == '5')))
		w->wrong = "edits of a message that was refused for good";
	else if (*p == 'O' && n >= 13)
		w->steps = (uint32_t)(unsigned char)p[9] << 24 |
		    (uint32_t)(unsigned char)p[10] << 16 |
		    (uint32_t)(unsigned char)p[11] << 8 |
		    (unsigned char)p[12];
	w->edits = false;
}

/* take - every whole answer out of w->in */
static void
take(struct wire *w)
{
	const unsigned char	*p;
	size_t			 at = 0, n;

	while (w->len - at >= 4) {
		p = (unsigned char *)w->in + at;
		n = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
		    (size_t)p[2] << 8 | p[3];
		if (n == 0 || n > ANSWER_MAX) {
			w->wrong = "an answer of an impossible length";
			w->len = 0;
			return;
		}
		if (w->len - at - 4 < n)
			break;
		answer(w, w->in + at + 4, n);
		at += 4 + n;
	}
	memmove(w->in, w->in + at, w->len - at);
	w->len -= at;
}

/* drain - what can be read now */
static void
drain(struct wire *w)
{
	ssize_t	 n;
	char	*p;

	for (;;) {
		if (w->cap - w->len < 65536) {
			if ((p = realloc(w->in, w->cap + 131072)) == NULL)
				abort();
			w->in = p;
			w->cap += 131072;
		}
		n = read(w->fd, w->in + w->len, w->cap - w->len);
		if (n <= 0)
			break;
		w->len += (size_t)n;
		take(w);
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		w->closed = true;
}

int
wire_raw(struct wire *w, const void *data, size_t n)
{
	const char	*p = data;
	struct pollfd	 pfd = { .fd = w->fd, .events = POLLIN | POLLOUT };
	ssize_t		 sent;

	while (n > 0 && !w->closed) {
		if (poll(&pfd, 1, WRITE_MS) == 0) {
			w->wrong = "it reads nothing";
			return -1;
		}
		if ((pfd.revents & (POLLIN | POLLHUP)) != 0)
			drain(w);
		if (w->closed || (pfd.revents & POLLOUT) == 0)
			continue;
		sent = send(w->fd, p, n, MSG_NOSIGNAL);
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (errno != EAGAIN && errno != EINTR)
			w->closed = true;
	}
	return w->closed ? -1 : 0;
}

int
wire_put(struct wire *w, char cmd, const void *p, size_t n)
{
	uint32_t	len = (uint32_t)n + 1;
	char		head[5] = { (char)(len >> 24), (char)(len >> 16),
			    (char)(len >> 8), (char)len, cmd };

	if (wire_raw(w, head, sizeof head) == -1)
		return -1;
	return n == 0 ? 0 : wire_raw(w, p, n);
}

static long
now_ms(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int
wire_wait(struct wire *w, unsigned answers, int ms)
{
	struct pollfd	pfd = { .fd = w->fd, .events = POLLIN };
	unsigned	want = w->answers + answers;
	long		end = now_ms() + ms, left;

	for (;;) {
		drain(w);
		if (w->answers >= want)
			return 0;
		if (w->closed || (left = end - now_ms()) <= 0)
			return -1;
		(void)poll(&pfd, 1, (int)left);
	}
}

bool
wire_ends(struct wire *w, int ms)
{
	if (w->closed)
		return true;
	(void)shutdown(w->fd, SHUT_WR);
	(void)wire_wait(w, ~0u >> 1, ms);
	return w->closed;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web-load.c - one-click POSTs against mailweir-web, each of a new recipient
 *
 * usage: web-load TOKEN_KEY PORT CONNECTIONS SECONDS RATE SCOPE_HEX
 *
 * RATE requests a second (0: as fast as answers come) over persistent
 * connections, one request at a time on each. With a rate, a request's time
 * counts from when it was due, so a stall of the server is not hidden. Prints
 * "RATE/S P50_MS P99_MS MAX_MS OTHER", OTHER being answers that are no 200.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "token/token.h"

#define CONNS_MAX	4096
#define SAMPLES_MAX	(4u << 20)
#define ANSWER_MAX	4096

struct conn {
	int	fd;
	int64_t	due;		/* of the request in flight; 0: idle */
	size_t	got;
	char	answer[ANSWER_MAX];
};

struct load {
	struct token_keys *keys;
	struct conn	*v;
	int		 n, epfd, idle[CONNS_MAX], nidle;
	uint32_t	*us;		/* of every answer */
	size_t		 done, other;
	uint64_t	 serial;
	uint32_t	 scope;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* send_one - a token of a recipient that nobody has seen */
static void
send_one(struct load *l, int i, int64_t due)
{
	static const char	body[] = "List-Unsubscribe=One-Click";
	struct token		t = { .kind = TOKEN_UNSUB, .store_key = 1,
				    .scope = l->scope };
	char			text[TOKEN_URL_SIZE], out[512];
	struct err		e;
	int			n;

	t.day = (uint32_t)(clock_now() / 86400);
	/* digests are spread like hashes: multiply the serial number */
	l->serial++;
	for (n = 0; n < 16; n += 8) {
		uint64_t	x = (l->serial + (uint64_t)n) *
				    0x9e3779b97f4a7c15u;

		x ^= x >> 29;
		x *= 0xbf58476d1ce4e5b9u;
		memcpy(t.digest + n, &x, 8);
	}
	if (token_url(l->keys, &t, text, &e) == -1)
		die("token");
	n = snprintf(out, sizeof out, "POST /u/%s HTTP/1.1\r\nHost: u\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\n"
	    "Content-Length: %zu\r\n\r\n%s", text, sizeof body - 1, body);
	l->v[i].due = due;
	l->v[i].got = 0;
	if (send(l->v[i].fd, out, (size_t)n, MSG_NOSIGNAL) != n)
		die("send");
}

/* receive - true when the answer is whole */
static int
receive(struct load *l, int i)
{
	struct conn	*c = &l->v[i];
	const char	*end, *len;
	ssize_t		 n;

	n = recv(c->fd, c->answer + c->got, ANSWER_MAX - 1 - c->got, 0);
	if (n == 0) {
		fprintf(stderr, "the server closed a connection\n");
		exit(1);
	}
	if (n < 0)
		return 0;
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if ((end = strstr(c->answer, "\r\n\r\n")) == NULL ||
	    (len = strcasestr(c->answer, "\r\nContent-Length:")) == NULL)
		return 0;
	if (c->got < (size_t)(end + 4 - c->answer) +
	    strtoul(len + 17, NULL, 10))
		return 0;
	if (strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0)
		l->other++;
	if (l->done < SAMPLES_MAX)
		l->us[l->done] = (uint32_t)(clock_mono_us() - c->due);
	l->done++;
	c->due = 0;
	l->idle[l->nidle++] = i;
	return 1;
}

static void
connect_all(struct load *l, int port)
{
	struct sockaddr_in	sin = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port) };
	struct epoll_event	ev = { .events = EPOLLIN };
	int			i, one = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < l->n; i++) {
		l->v[i].fd = socket(AF_INET, SOCK_STREAM, 0);
		if (l->v[i].fd == -1 || connect(l->v[i].fd,
		    (struct sockaddr *)&sin, sizeof sin) == -1)
			die("connect");
		(void)setsockopt(l->v[i].fd, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof one);
		ev.data.u32 = (uint32_t)i;
		if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, l->v[i].fd, &ev) == -1)
			die("epoll_ctl");
		l->idle[l->nidle++] = i;
	}
}

/* run - until the time is over and every answer is here */
static double
run(struct load *l, double seconds, double rate)
{
	struct epoll_event	ev[256];
	int64_t			begin = clock_mono_us(), now = begin;
	int64_t			end = begin + (int64_t)(seconds * 1e6);
	size_t			sent = 0;
	int			i, n;

	for (;;) {
		now = clock_mono_us();
		while (l->nidle > 0 && now < end && (rate == 0 ||
		    (double)(now - begin) * rate / 1e6 > (double)sent)) {
			send_one(l, l->idle[--l->nidle], rate == 0 ? now :
			    begin + (int64_t)((double)sent * 1e6 / rate));
			sent++;
		}
		if (now >= end && l->nidle == l->n)
			return (double)(now - begin) / 1e6;
		n = epoll_wait(l->epfd, ev, 256, rate == 0 ? 100 : 1);
		for (i = 0; i < n; i++)
			(void)receive(l, (int)ev[i].data.u32);
	}
}

static int
by_value(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	static struct load	l;
	struct err		e;
	double			took;
	size_t			n;

	if (argc < 7) {
		fprintf(stderr, "usage: web-load TOKEN_KEY PORT CONNECTIONS "
		    "SECONDS RATE SCOPE_HEX\n");
		return 64;
	}
	if (token_keys_load(argv[1], &l.keys, &e) == -1) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	l.n = (int)strtol(argv[3], NULL, 10);
	l.v = calloc((size_t)l.n, sizeof *l.v);
	l.us = malloc(SAMPLES_MAX * sizeof *l.us);
	l.epfd = epoll_create1(0);
	l.scope = (uint32_t)strtoul(argv[6], NULL, 16);
	if (l.n < 1 || l.n > CONNS_MAX || l.v == NULL || l.us == NULL ||
	    getrandom(&l.serial, sizeof l.serial, 0) != sizeof l.serial)
		die("memory");
	connect_all(&l, (int)strtol(argv[2], NULL, 10));
	took = run(&l, strtod(argv[4], NULL), strtod(argv[5], NULL));
	n = l.done < SAMPLES_MAX ? l.done : SAMPLES_MAX;
	if (n == 0)
		return 1;
	qsort(l.us, n, sizeof *l.us, by_value);
	printf("%.0f %.2f %.2f %.2f %zu\n", (double)l.done / took,
	    l.us[n / 2] / 1e3, l.us[n * 99 / 100] / 1e3, l.us[n - 1] / 1e3,
	    l.other);
	return 0;
}

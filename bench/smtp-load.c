/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp-load.c - SMTP clients that measure how long each message took
 *
 * usage: smtp-load PORT CLIENTS MESSAGES PER_CONNECTION SIZE RATE random|even
 *
 * CLIENTS threads hand MESSAGES messages of about SIZE octets to 127.0.0.1,
 * PER_CONNECTION through each connection, each to a recipient of its own.
 * RATE messages a second, at random moments that are the same in each run or
 * at even distances (0: as fast as they are taken; then a connection has more
 * than one message only if asked for). A message's time is from the first
 * octet that it needs, its connection's included, or from the moment it was
 * due, to the reply to the final dot. Prints one line of JSON. smtp-source of
 * Postfix tells no times.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE	76	/* octets of a line of the body, with CR LF */

static int		 port;
static long		 messages, per_connection;
static char		*body;		/* ends with the dot */
static size_t		 body_len;
static int64_t		*due;		/* us since the start; NULL: at once */
static int64_t		 started;
static uint32_t		*took;		/* us of each message that was taken */
static atomic_long	 next, taken, failed;

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* send_all - 0; -1 when the server is gone */
static int
send_all(int fd, const char *p, size_t n)
{
	ssize_t	k;

	for (; n > 0; p += k, n -= (size_t)k)
		if ((k = send(fd, p, n, MSG_NOSIGNAL)) <= 0)
			return -1;
	return 0;
}

/* reply - the code of one reply; -1 when the server is gone */
static int
reply(int fd)
{
	char	in[2048];
	size_t	n = 0;
	ssize_t	k;
	char	*last;

	for (;;) {
		if ((k = recv(fd, in + n, sizeof in - 1 - n, 0)) <= 0)
			return -1;
		n += (size_t)k;
		in[n] = '\0';
		if (in[n - 1] != '\n') {
			if (n == sizeof in - 1)
				return -1;
			continue;
		}
		in[n - 1] = '\0';
		last = strrchr(in, '\n');
		last = last == NULL ? in : last + 1;
		if (strlen(last) < 4 || last[3] != '-')
			return (int)strtol(last, NULL, 10);
		in[n - 1] = '\n';
	}
}

static int
say(int fd, const char *text, int want)
{
	return send_all(fd, text, strlen(text)) == 0 && reply(fd) == want ?
	    0 : -1;
}

static int
greet(void)
{
	struct sockaddr_in	sin = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int			fd, one = 1;

	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		die("socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&sin, sizeof sin) == -1 ||
	    reply(fd) != 220 || say(fd, "EHLO bench.example\r\n", 250) == -1) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int
one_message(int fd, long i)
{
	char	text[256];

	(void)snprintf(text, sizeof text, "RCPT TO:<b%ld@world.example>\r\n",
	    i);
	if (say(fd, "MAIL FROM:<a@bench.example>\r\n", 250) == -1 ||
	    say(fd, text, 250) == -1 || say(fd, "DATA\r\n", 354) == -1)
		return -1;
	(void)snprintf(text, sizeof text, "Message-ID: <%ld@bench.example>\r\n",
	    i);
	if (send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_MORE) == -1 ||
	    send_all(fd, body, body_len) == -1 || reply(fd) != 250)
		return -1;
	return 0;
}

/* wait_for - until message i is due; the moment from which its time counts */
static int64_t
wait_for(long i)
{
	int64_t	now = clock_mono_us();

	if (due == NULL)
		return now;
	if (started + due[i] > now)
		(void)usleep((useconds_t)(started + due[i] - now));
	return started + due[i];
}

static void *
client(void *arg)
{
	int	fd = -1;
	long	i, left = 0, k;
	int64_t	t0;

	(void)arg;
	while ((i = atomic_fetch_add(&next, 1)) < messages) {
		t0 = wait_for(i);
		if (left == 0) {
			fd = greet();
			left = per_connection;
		}
		if (fd == -1 || one_message(fd, i) == -1) {
			atomic_fetch_add(&failed, 1);
			left = 1;
		} else {
			k = atomic_fetch_add(&taken, 1);
			took[k] = (uint32_t)(clock_mono_us() - t0);
		}
		if (--left == 0 && fd != -1) {
			(void)say(fd, "QUIT\r\n", 221);
			(void)close(fd);
			fd = -1;
		}
	}
	if (fd != -1)
		(void)close(fd);
	return NULL;
}

/* write_body - a header and text of words that no rule looks for */
static void
write_body(size_t size)
{
	static const char	head[] = "From: Ann <a@bench.example>\r\n"
	    "To: Bob <b@world.example>\r\nSubject: figures of the week\r\n"
	    "Date: Sat, 21 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
	static const char	words[] = "plain words about the river and "
	    "the weir that measures it ";
	size_t			n = sizeof head - 1, i, w = 0;

	if ((body = malloc(n + size + LINE + 8)) == NULL)
		die("body");
	memcpy(body, head, n);
	while (n < size) {
		for (i = 0; i < LINE - 2; i++, w = (w + 1) % (sizeof words - 1))
			body[n++] = words[w];
		body[n++] = '\r';
		body[n++] = '\n';
	}
	memcpy(body + n, ".\r\n", 3);
	body_len = n + 3;
}

/* plan_rate - even moments, or those of a Poisson process, the same each run */
static void
plan_rate(double rate, bool even)
{
	double	t = 0;
	long	i;

	if ((due = calloc((size_t)messages, sizeof *due)) == NULL)
		die("due");
	srand48(8);
	for (i = 0; i < messages; i++) {
		due[i] = (int64_t)(t * 1e6);
		t += (even ? 1 : -log(1 - drand48())) / rate;
	}
}

static int
by_time(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(double seconds)
{
	struct rusage	ru;
	size_t		n = (size_t)taken;

	qsort(took, n, sizeof *took, by_time);
	(void)getrusage(RUSAGE_SELF, &ru);
	(void)printf("{\"taken\": %zu, \"failed\": %ld, \"seconds\": %.4f, "
	    "\"p50\": %.3f, \"p99\": %.3f, \"max\": %.3f, \"used\": %.4f}\n",
	    n, atomic_load(&failed), seconds,
	    n == 0 ? 0 : took[n / 2] / 1e3,
	    n == 0 ? 0 : took[n - 1 - n / 100] / 1e3,
	    n == 0 ? 0 : took[n - 1] / 1e3,
	    (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	    (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
}

int
main(int argc, char **argv)
{
	pthread_t	*threads;
	pthread_attr_t	 small;
	double		 rate;
	long		 clients, i;

	if (argc != 8) {
		(void)fprintf(stderr, "usage: smtp-load PORT CLIENTS MESSAGES "
		    "PER_CONNECTION SIZE RATE random|even\n");
		return 64;
	}
	port = (int)strtol(argv[1], NULL, 10);
	clients = strtol(argv[2], NULL, 10);
	messages = strtol(argv[3], NULL, 10);
	per_connection = strtol(argv[4], NULL, 10);
	write_body((size_t)strtol(argv[5], NULL, 10));
	rate = strtod(argv[6], NULL);
	if (clients < 1 || messages < 1 || per_connection < 1 ||
	    (threads = calloc((size_t)clients, sizeof *threads)) == NULL ||
	    (took = calloc((size_t)messages, sizeof *took)) == NULL)
		die("arguments");
	if (rate > 0)
		plan_rate(rate, strcmp(argv[7], "even") == 0);
	(void)pthread_attr_init(&small);
	(void)pthread_attr_setstacksize(&small, 256 << 10);
	started = clock_mono_us();
	for (i = 0; i < clients; i++)
		if ((errno = pthread_create(&threads[i], &small, client,
		    NULL)) != 0)
			die("thread");
	for (i = 0; i < clients; i++)
		(void)pthread_join(threads[i], NULL);
	report((double)(clock_mono_us() - started) / 1e6);
	return failed > 0;
}

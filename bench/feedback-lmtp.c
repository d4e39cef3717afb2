/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * feedback-lmtp.c - how many reports a second mailweir-ingest takes for good
 *
 * usage: feedback-lmtp SOCKET STORE.KEY TOKEN.KEY SCOPE SENDERS REPORTS
 *
 * SENDERS threads, a connection each, send REPORTS bounces in all, every one
 * about a recipient of its own, by VERP. Counted is what was answered 250,
 * which means: on disk. Prints reports a second and the answers' p50 and p99.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/key.h"
#include "store/store.h"
#include "token/token.h"

static struct {
	const char		*path;
	struct store_keys	*keys;
	struct token_keys	*tokens;
	uint32_t		 scope;
	long			 reports;
	atomic_long		 next, taken;
	int64_t			*us;	/* of each answer */
} w;

/* say - send all of it; wait for `replies` lines; the last one is 250? */
static bool
say(int fd, const char *p, size_t n, int replies)
{
	char	in[4096], last = 0, *s, *nl;
	size_t	have = 0;
	ssize_t	got;

	while (n > 0) {
		if ((got = write(fd, p, n)) <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	while (replies > 0) {
		if ((got = read(fd, in + have, sizeof in - 1 - have)) <= 0)
			return false;
		have += (size_t)got;
		in[have] = '\0';
		for (s = in; (nl = strchr(s, '\n')) != NULL; s = nl + 1) {
			last = s[0];
			if (s[3] != '-')
				replies--;
		}
		have -= (size_t)(s - in);
		memmove(in, s, have);
	}
	return last == '2' || last == '3';
}

/* verp - a token for the i-th recipient */
static void
verp(long i, char out[TOKEN_MAIL_SIZE], char address[64])
{
	struct token	t = { .kind = TOKEN_VERP, .scope = w.scope,
	    .day = (uint32_t)(clock_now() / 86400) };
	struct store_id	id;
	struct addr	a;
	struct err	e;

	(void)snprintf(address, 64, "r%ld@far.example", i);
	if (addr_normal(address, strlen(address), NULL, &a, NULL) != ADDR_OK)
		abort();
	store_keys_address(w.keys, 0, &a, &id);
	t.store_key = id.key;
	memcpy(t.digest, id.digest, sizeof t.digest);
	if (token_mail(w.tokens, &t, out, &e) == -1)
		abort();
}

static int
message(long i, char *out, size_t size)
{
	char	token[TOKEN_MAIL_SIZE], who[64];

	verp(i, token, who);
	return snprintf(out, size,
	    "MAIL FROM:<>\r\nRCPT TO:<b+%s@b.sender.example>\r\nDATA\r\n"
	    "From: MAILER-DAEMON@mx.far.example\r\n"
	    "To: b@b.sender.example\r\nSubject: Undelivered\r\n"
	    "Message-ID: <%ld.%ld@mx.far.example>\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;"
	    " boundary=b\r\n\r\n--b\r\n\r\n<%s>: host mx.far.example said: "
	    "550 5.1.1\r\n    User unknown (in reply to RCPT TO command)\r\n"
	    "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
	    "Reporting-MTA: dns; mx.far.example\r\n\r\n"
	    "Final-Recipient: rfc822; %s\r\nAction: failed\r\n"
	    "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"
	    "\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
	    "From: news@sender.example\r\nTo: %s\r\nSubject: November\r\n"
	    "Message-ID: <n%ld@sender.example>\r\n\r\n--b--\r\n.\r\n",
	    token, (long)getpid(), i, who, who, who, i);
}

static void *
sender(void *arg)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	char			buf[4096];
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0), n;
	int64_t			t;
	long			i;

	(void)arg;
	(void)snprintf(sun.sun_path, sizeof sun.sun_path, "%s", w.path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) == -1) {
		perror(w.path);
		exit(1);
	}
	if (!say(fd, "LHLO bench\r\n", 12, 2))
		exit(1);
	while ((i = atomic_fetch_add(&w.next, 1)) < w.reports) {
		n = message(i, buf, sizeof buf);
		t = clock_mono_us();
		if (!say(fd, buf, (size_t)n, 4))
			fprintf(stderr, "report %ld was not taken\n", i);
		else
			atomic_fetch_add(&w.taken, 1);
		w.us[i] = clock_mono_us() - t;
	}
	(void)close(fd);
	return NULL;
}

static int
by_time(const void *a, const void *b)
{
	int64_t	x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	pthread_t	t[256];
	struct err	e = { "", 0 };
	int64_t		began;
	double		s;
	long		i, n;

	if (argc != 7 || (n = strtol(argv[5], NULL, 10)) < 1 || n > 256) {
		fprintf(stderr, "usage: feedback-lmtp SOCKET STORE.KEY "
		    "TOKEN.KEY SCOPE SENDERS REPORTS\n");
		return 64;
	}
	w.path = argv[1];
	w.scope = store_scope_id(argv[4]);
	w.reports = strtol(argv[6], NULL, 10);
	w.us = calloc((size_t)w.reports, sizeof *w.us);
	if (w.us == NULL || store_keys_load(argv[2], &w.keys, &e) == -1 ||
	    token_keys_load(argv[3], &w.tokens, &e) == -1) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	began = clock_mono_us();
	for (i = 0; i < n; i++)
		if (pthread_create(&t[i], NULL, sender, NULL) != 0)
			return 1;
	for (i = 0; i < n; i++)
		(void)pthread_join(t[i], NULL);
	s = (double)(clock_mono_us() - began) / 1e6;
	qsort(w.us, (size_t)w.reports, sizeof *w.us, by_time);
	printf("%ld senders  %ld of %ld reports taken  %.0f reports/s  "
	    "p50 %.1f ms  p99 %.1f ms\n", n, atomic_load(&w.taken), w.reports,
	    (double)atomic_load(&w.taken) / s,
	    (double)w.us[w.reports / 2] / 1000,
	    (double)w.us[w.reports * 99 / 100] / 1000);
	return atomic_load(&w.taken) == w.reports ? 0 : 1;
}

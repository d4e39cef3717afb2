/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim.c - how fast is signing, against the private key operation alone?
 *
 * usage: bench/dkim [SECONDS]	each pair runs in turns, A B A B A B, for
 *				SECONDS altogether (default 3)
 *        bench/dkim loop N	N RSA and Ed25519 signatures in turn, memory
 *				printed now and then (valgrind, leaks)
 *
 * Rates are by the CPU time of the thread, so that a busy machine changes them
 * little; those of two threads are by the wall clock and want a quiet one.
 *
 * A message has 4 KB of text and ten header fields. "raw" is EVP with a key
 * and context that were set up before, as `openssl speed` does.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/buf.h"
#include "base/clock.h"
#include "dkim/dkey.h"
#include "dkim/dsign.h"

#define ROUNDS	6
#define BIG	(10u << 20)

static const char *const sign_v[] = { "From", "To", "Subject", "Date",
	"Message-ID", "MIME-Version", "Content-Type", "List-*", NULL };
static const char *const over_v[] = { "From", "Subject", "To", NULL };

static struct dsign_policy	*native, *reference;
static struct dkey		*rsa, *ed;
static EVP_PKEY			*rsa_raw, *ed_raw;
static struct header_list	 header;
static char			 body[4096], *big;
static bool			 by_wall;

static void
die(const char *what, const struct err *e)
{
	(void)fprintf(stderr, "bench/dkim: %s: %s\n", what,
	    e != NULL ? e->msg : "failed");
	exit(70);
}

/* message - one message, signed with up to two keys */
static void
message(const struct dsign_policy *p, const char *text, size_t len,
    struct dkey *a, struct dkey *b)
{
	struct dsign_tags	 t = { "bench.example", "s", "", 1700000000 };
	struct buf		 v = BUF_INIT(DSIGN_VALUE_MAX);
	struct dsign		*d;
	struct err		 e;

	if (dsign_begin(p, &d, &e) == -1 ||
	    dsign_body(d, text, len, &e) == -1 ||
	    dsign_header(d, &header, &e) == -1 ||
	    (a != NULL && dsign_make(d, a, &t, &v, &e) == -1) ||
	    (b != NULL && dsign_make(d, b, &t, &v, &e) == -1))
		die("sign", &e);
	dsign_end(&d);
	buf_free(&v);
}

static void
native_rsa(void)
{
	message(native, body, sizeof body, rsa, NULL);
}

static void
native_ed(void)
{
	message(native, body, sizeof body, ed, NULL);
}

static void
native_both(void)
{
	message(native, body, sizeof body, rsa, ed);
}

static void
library_rsa(void)
{
	message(reference, body, sizeof body, rsa, NULL);
}

static void
library_ed(void)
{
	message(reference, body, sizeof body, ed, NULL);
}

static void
native_big(void)
{
	message(native, big, BIG, NULL, NULL);
}

static void
raw_sha(void)
{
	unsigned char	out[32];

	if (!EVP_Digest(big, BIG, out, NULL, EVP_sha256(), NULL))
		die("sha256", NULL);
}

static void
raw_rsa(void)
{
	static EVP_PKEY_CTX	*ctx;
	unsigned char		 digest[32] = { 1 }, sig[512];
	size_t			 len = sizeof sig;

	if (ctx == NULL && ((ctx = EVP_PKEY_CTX_new(rsa_raw, NULL)) == NULL ||
	    EVP_PKEY_sign_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) <= 0))
		die("raw rsa", NULL);
	if (EVP_PKEY_sign(ctx, sig, &len, digest, 32) <= 0)
		die("raw rsa", NULL);
}

static void
raw_ed(void)
{
	static EVP_MD_CTX	*ctx;
	unsigned char		 digest[32] = { 1 }, sig[64];
	size_t			 len = sizeof sig;

	if (ctx == NULL && ((ctx = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, ed_raw) <= 0))
		die("raw ed25519", NULL);
	if (EVP_DigestSign(ctx, sig, &len, digest, 32) <= 0)
		die("raw ed25519", NULL);
}

static void
raw_both(void)
{
	raw_rsa();
	raw_ed();
}

/* cpu_us - time this thread has had */
static int64_t
cpu_us(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* run - as often as possible within us; operations a second */
static double
run(void (*op)(void), int64_t us)
{
	int64_t		(*now_us)(void) = by_wall ? clock_mono_us : cpu_us;
	int64_t		began = now_us(), now;
	unsigned long	n = 0;

	do {
		op();
		n++;
		now = now_us();
	} while (now - began < us);
	return (double)n * 1e6 / (double)(now - began);
}

/* versus - both in turns; prints rates and their ratio */
static void
versus(const char *what, void (*a)(void), void (*b)(void), double seconds,
    double least)
{
	const int64_t	us = (int64_t)(seconds * 1e6 / (2 * ROUNDS));
	double		ra = 0, rb = 0;
	int		i;

	(void)run(a, us / 4);
	(void)run(b, us / 4);
	for (i = 0; i < ROUNDS; i++) {
		ra += run(a, us) / ROUNDS;
		rb += run(b, us) / ROUNDS;
	}
	(void)printf("%-36s %9.0f/s  %9.0f/s  ratio %5.2f  (wanted %.2f)\n",
	    what, ra, rb, ra / rb, least);
	(void)fflush(stdout);
}

struct worker {
	void	(*op)(void);
	int64_t	 us;
	double	 rate;
};

static void *
work(void *arg)
{
	struct worker	*w = arg;

	w->rate = run(w->op, w->us);
	return NULL;
}

/* threads - one against two of them, in turns */
static void
threads(const char *what, void (*op)(void), double seconds, double least)
{
	struct worker	w[2];
	pthread_t	id[2];
	double		one = 0, two = 0;
	int		i, k;

	by_wall = true;
	for (i = 0; i < ROUNDS; i++) {
		w[0] = w[1] = (struct worker){ op, (int64_t)(seconds * 1e6 /
		    (2 * ROUNDS)), 0 };
		work(&w[0]);
		one += w[0].rate / ROUNDS;
		for (k = 0; k < 2; k++)
			if (pthread_create(&id[k], NULL, work, &w[k]) != 0)
				die("thread", NULL);
		for (k = 0; k < 2; k++) {
			(void)pthread_join(id[k], NULL);
			two += w[k].rate / ROUNDS;
		}
	}
	by_wall = false;
	(void)printf("%-36s %9.0f/s  %9.0f/s  ratio %5.2f  (wanted %.2f)\n",
	    what, two, one, two / one, least);
	(void)fflush(stdout);
}

/* resident - kilobytes */
static long
resident(void)
{
	long	 pages = 0, all;
	FILE	*f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%ld %ld", &all, &pages) != 2)
		pages = 0;
	if (f != NULL)
		(void)fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
loop(long n)
{
	long	i, step = n >= 10 ? n / 10 : 1;

	for (i = 0; i < n; i++) {
		if (i % step == 0)
			(void)printf("%8ld signatures, %ld KB\n", i,
			    resident());
		if (i % 2 == 0)
			native_rsa();
		else
			native_ed();
	}
	(void)printf("%8ld signatures, %ld KB\n", n, resident());
}

/* new_policy - relaxed/relaxed */
static struct dsign_policy *
new_policy(enum dsign_engine_id engine)
{
	struct dsign_options	 o = { .engine = engine,
		.header = CANON_RELAXED, .body = CANON_RELAXED,
		.sign = { sign_v, 8 }, .oversign = { over_v, 3 },
		.line_limit = 998 };
	struct dsign_policy	*p;
	struct err		 e;

	if (dsign_policy_new(&o, &p, &e) == -1)
		die("policy", &e);
	return p;
}

/* fill - text with lines of 72, words of 5, CRLF; a blank before the line ends
 * where `blanks` */
static void
fill(char *p, size_t n, bool blanks)
{
	size_t	i;

	for (i = 0; i < n; i++)
		p[i] = (char)(i % 74 == 72 ? '\r' : i % 74 == 73 ? '\n' :
		    i % 74 % 6 == 5 && (i % 74 != 71 || blanks) ? ' ' :
		    'a' + i % 23);
}

static void
set_up(void)
{
	static const struct {
		const char *name, *value;
	} fields[] = {
		{ "Received", " from app.example by mx.example; Sat, 21 Nov" },
		{ "From", " Somebody <news@bench.example>" },
		{ "To", " a.recipient@world.example" },
		{ "Subject", " A subject that is not too long" },
		{ "Date", " Sat, 21 Nov 2026 12:00:00 +0000" },
		{ "Message-ID", " <20261121120000.1@bench.example>" },
		{ "MIME-Version", " 1.0" },
		{ "Content-Type", " text/plain; charset=utf-8" },
		{ "List-Id", " <news.bench.example>" },
		{ "List-Unsubscribe", " <https://u.bench.example/u/abcdef>" },
	};
	struct err	 e;
	const char	*pem;
	BIO		*bio;
	size_t		 i;

	(void)dkey_secure(1 << 20);
	if (dkey_generate(DKEY_RSA, 2048, &rsa, &e) == -1 ||
	    dkey_generate(DKEY_ED25519, 0, &ed, &e) == -1)
		die("keys", &e);
	pem = dkey_pem(rsa);
	bio = BIO_new_mem_buf(pem, -1);
	rsa_raw = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	pem = dkey_pem(ed);
	bio = BIO_new_mem_buf(pem, -1);
	ed_raw = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	native = new_policy(DSIGN_NATIVE);
	reference = new_policy(DSIGN_LIBOPENDKIM);
	header_list_init(&header);
	for (i = 0; i < sizeof fields / sizeof *fields; i++)
		if (header_insert(&header, i, fields[i].name, fields[i].value,
		    strlen(fields[i].value)) == -1)
			die("header", NULL);
	if ((big = malloc(BIG)) == NULL)
		die("memory", NULL);
	fill(body, sizeof body, false);
	fill(big, BIG, false);
}

static void
tear_down(void)
{
	header_list_free(&header);
	dsign_policy_free(&native);
	dsign_policy_free(&reference);
	dkey_free(&rsa);
	dkey_free(&ed);
	EVP_PKEY_free(rsa_raw);
	EVP_PKEY_free(ed_raw);
	free(big);
}

int
main(int argc, char **argv)
{
	double	s = argc > 1 ? strtod(argv[1], NULL) : 3;

	set_up();
	if (argc > 2 && strcmp(argv[1], "loop") == 0) {
		loop(strtol(argv[2], NULL, 10));
		tear_down();
		return 0;
	}
	(void)printf("%-36s %11s  %11s\n", "", "A", "B");
	versus("RSA-2048: message, raw", native_rsa, raw_rsa, s, 0.9);
	versus("Ed25519: message, raw", native_ed, raw_ed, s, 0.5);
	versus("both: message, raw", native_both, raw_both, s, 0.8);
	versus("RSA: native, libopendkim", native_rsa, library_rsa, s, 3);
	versus("Ed25519: native, libopendkim", native_ed, library_ed, s, 0);
	threads("RSA: two threads, one", native_rsa, s, 1.85);
	threads("Ed25519: two threads, one", native_ed, s, 1.85);
	versus("10 MB body: native, SHA-256", native_big, raw_sha, s, 0.7);
	fill(big, BIG, true);
	versus("the same, blanks at line ends", native_big, raw_sha, s, 0.7);
	tear_down();
	return 0;
}

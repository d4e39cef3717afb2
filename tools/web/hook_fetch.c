/* SPDX-License-Identifier: BSD-2-Clause */
/* hook_fetch.c - see hook_fetch.h */
#include "web/hook_fetch.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define URL_SIZE	2200
#define SLOTS		16	/* URLs that we have or want */
#define AGAIN_US	60000000	/* between two attempts at one URL */
#define TIMEOUT		10L		/* seconds for one */
#define ANSWER_MAX	(64u << 10)

struct slot {
	char		 url[URL_SIZE];	/* "" = free */
	bool		 visit;		/* no certificate is wanted */
	bool		 wanted;
	EVP_PKEY	*key;
	int64_t		 tried_us, used_us;
};

struct hook_fetch {
	pthread_mutex_t	 lock;
	pthread_cond_t	 more;
	pthread_t	 thread;
	bool		 running, stop;
	struct slot	 v[SLOTS];
};

static size_t
take(char *p, size_t size, size_t n, void *arg)
{
	return buf_add(arg, p, size * n) == 0 ? size * n : 0;
}

/* get - the answer of 200, or false */
static bool
get(const char *url, struct buf *out)
{
	CURL		*c = curl_easy_init();
	CURLcode	 rc;
	long		 status = 0;

	if (c == NULL)
		return false;
	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
	(void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, TIMEOUT);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	rc = curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	return rc == CURLE_OK && status == 200;
}

/* read_key - of a certificate that is valid now and names SNS */
static EVP_PKEY *
read_key(const struct buf *b)
{
	BIO		*bio = BIO_new_mem_buf(b->data, (int)b->len);
	X509		*x = NULL;
	EVP_PKEY	*key = NULL;
	char		 cn[256] = "";

	if (bio != NULL)
		x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (x != NULL && X509_NAME_get_text_by_NID(X509_get_subject_name(x),
	    NID_commonName, cn, sizeof cn) > 0 &&
	    strncmp(cn, "sns.", 4) == 0 &&
	    strstr(cn, "amazonaws.com") != NULL &&
	    X509_cmp_current_time(X509_get0_notBefore(x)) < 0 &&
	    X509_cmp_current_time(X509_get0_notAfter(x)) > 0)
		key = X509_get_pubkey(x);
	X509_free(x);
	BIO_free(bio);
	return key;
}

/* serve - one wanted URL; the lock is held, but not meanwhile */
static void
serve(struct hook_fetch *f, struct slot *s)
{
	struct buf	 b = BUF_INIT(ANSWER_MAX);
	char		 url[URL_SIZE];
	EVP_PKEY	*key = NULL;
	bool		 visit = s->visit, ok;

	memcpy(url, s->url, sizeof url);
	(void)pthread_mutex_unlock(&f->lock);
	ok = get(url, &b);
	if (ok && !visit)
		ok = b.len > 0 && (key = read_key(&b)) != NULL;
	buf_free(&b);
	log_event(ok ? LOG_NOTICE : LOG_WARNING, "web_hook_fetched",
	    LOG_STR("url", url), LOG_STR("result", ok ? "good" : "failed"));
	(void)pthread_mutex_lock(&f->lock);
	s->wanted = false;
	s->tried_us = clock_mono_us();
	s->key = key;
	if (visit)
		s->url[0] = '\0';
}

static void *
run(void *arg)
{
	struct hook_fetch	*f = arg;
	size_t			 i;

	(void)pthread_mutex_lock(&f->lock);
	while (!f->stop) {
		for (i = 0; i < SLOTS && !f->v[i].wanted; i++)
			;
		if (i < SLOTS)
			serve(f, &f->v[i]);
		else
			(void)pthread_cond_wait(&f->more, &f->lock);
	}
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* want - have the thread look at it; lock held */
static void
want(struct hook_fetch *f, struct slot *s)
{
	if (!f->running)
		f->running = pthread_create(&f->thread, NULL, run, f) == 0;
	s->wanted = f->running;
	(void)pthread_cond_signal(&f->more);
}

/* slot_of - the URL's, else a free one or the one longest unused, which
 * becomes the URL's; NULL while all are being fetched. Lock held. */
static struct slot *
slot_of(struct hook_fetch *f, const char *url)
{
	struct slot	*s, *old = NULL;

	for (s = f->v; s < f->v + SLOTS; s++) {
		if (strcmp(s->url, url) == 0)
			return s;
		if (!s->wanted && (old == NULL || s->used_us < old->used_us))
			old = s;
	}
	if (old == NULL || strlen(url) >= sizeof old->url)
		return NULL;
	EVP_PKEY_free(old->key);
	memset(old, 0, sizeof *old);
	memcpy(old->url, url, strlen(url) + 1);
	return old;
}

EVP_PKEY *
hook_fetch_key(struct hook_fetch *f, const char *url)
{
	struct slot	*s;
	EVP_PKEY	*key = NULL;
	int64_t		 now = clock_mono_us();

	(void)pthread_mutex_lock(&f->lock);
	if ((s = slot_of(f, url)) != NULL) {
		s->used_us = now;
		if (s->key != NULL && EVP_PKEY_up_ref(s->key) == 1)
			key = s->key;
		else if (!s->wanted && (s->tried_us == 0 ||
		    now - s->tried_us > AGAIN_US))
			want(f, s);
	}
	(void)pthread_mutex_unlock(&f->lock);
	return key;
}

void
hook_fetch_visit(struct hook_fetch *f, const char *url)
{
	struct slot	*s;

	(void)pthread_mutex_lock(&f->lock);
	if ((s = slot_of(f, url)) != NULL && !s->wanted) {
		s->used_us = clock_mono_us();
		s->visit = true;
		want(f, s);
	}
	(void)pthread_mutex_unlock(&f->lock);
}

struct hook_fetch *
hook_fetch_new(void)
{
	struct hook_fetch	*f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->more, NULL);
	return f;
}

void
hook_fetch_free(struct hook_fetch **fp)
{
	struct hook_fetch	*f = *fp;
	size_t			 i;

	if (f == NULL)
		return;
	(void)pthread_mutex_lock(&f->lock);
	f->stop = true;
	(void)pthread_cond_signal(&f->more);
	(void)pthread_mutex_unlock(&f->lock);
	if (f->running)
		(void)pthread_join(f->thread, NULL);
	for (i = 0; i < SLOTS; i++)
		EVP_PKEY_free(f->v[i].key);
	(void)pthread_cond_destroy(&f->more);
	(void)pthread_mutex_destroy(&f->lock);
	free(f);
	*fp = NULL;
}

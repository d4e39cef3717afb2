/* SPDX-License-Identifier: BSD-2-Clause */
/* mailer.c - see mailer.h */
#include "web/mailer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <curl/curl.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/log.h"

#include "base/banned.h"

#define QUEUE_MAX	1000
#define MAIL_MAX	(64u << 10)
#define B64_LINE	57	/* octets of a base64 line of 76 */
#define STOP_US		5000000	/* a stop sends no longer than that */
#define WORD_MAX	42	/* octets of an encoded word: 56 of base64 */

struct letter {
	char		*url, *from, *to;
	struct buf	 text;
	size_t		 sent;
	long		 timeout;
	struct letter	*next;
};

struct mailer {
	pthread_mutex_t	 lock;
	pthread_cond_t	 more;
	pthread_t	 thread;
	struct metrics	*metrics;
	struct letter	*first, **end;
	size_t		 n;
	bool		 stop;
	int64_t		 stop_by;
};

static void
letter_free(struct letter *l)
{
	if (l == NULL)
		return;
	free(l->url);
	free(l->from);
	free(l->to);
	buf_free(&l->text);
	free(l);
}

/* -- the message ----------------------------------------------------------- */

/* add_base64 - lines of 76, each ended by CRLF */
static void
add_base64(struct buf *b, const char *p, size_t n)
{
	unsigned char	out[B64_LINE / 3 * 4 + 1];
	size_t		k;

	for (; n > 0; p += k, n -= k) {
		k = n < B64_LINE ? n : B64_LINE;
		(void)EVP_EncodeBlock(out, (const unsigned char *)p, (int)k);
		(void)buf_adds(b, (const char *)out);
		(void)buf_adds(b, "\r\n");
	}
}

/* add_words - UTF-8 as encoded words (RFC 2047), cut between characters */
static void
add_words(struct buf *b, const char *s)
{
	unsigned char	out[WORD_MAX / 3 * 4 + 4];
	size_t		k, n = strlen(s);

	for (; n > 0; s += k, n -= k) {
		k = n < WORD_MAX ? n : WORD_MAX;
		while (k < n && k > WORD_MAX - 4 &&
		    ((unsigned char)s[k] & 0xc0) == 0x80)
			k--;
		(void)EVP_EncodeBlock(out, (const unsigned char *)s, (int)k);
		(void)buf_addf(b, "=?UTF-8?B?%s?=%s", (const char *)out,
		    n > k ? "\r\n " : "");
	}
}

/* compose - RFC 5322; Auto-Submitted keeps vacation programs quiet */
static void
compose(struct buf *b, const struct web_conf *conf, const char *to,
    const char *subject, const char *lang, const char *text)
{
	char		date[CLOCK_RFC5322_SIZE], id[CODEC_HEX_SIZE(12)];
	unsigned char	rnd[12];
	const char	*at = strrchr(conf->mail_from, '@');
	struct buf	body = BUF_INIT(MAIL_MAX);

	if (getrandom(rnd, sizeof rnd, 0) != sizeof rnd)
		memset(rnd, 0, sizeof rnd);
	(void)codec_hex(rnd, sizeof rnd, id);
	(void)buf_adds(b, "From: ");
	if (conf->brand[0] != '\0') {
		add_words(b, conf->brand);
		(void)buf_adds(b, "\r\n ");
	}
	(void)buf_addf(b, "<%s>\r\nTo: <%s>\r\nSubject: ", conf->mail_from,
	    to);
	add_words(b, subject);
	(void)buf_addf(b, "\r\nDate: %s\r\nMessage-ID: <%s%s>\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Language: %s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n",
	    clock_rfc5322(clock_now(), date), id, at != NULL ? at : "@local",
	    lang);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			(void)buf_addc(&body, '\r');
		(void)buf_addc(&body, *text);
	}
	if (body.failed)
		b->failed = true;
	else
		add_base64(b, buf_str(&body), body.len);
	buf_free(&body);
}

/* -- sending --------------------------------------------------------------- */

static size_t
read_cb(char *out, size_t size, size_t n, void *arg)
{
	struct letter	*l = arg;
	size_t		 room = size * n, left = l->text.len - l->sent;

	if (room > left)
		room = left;
	memcpy(out, l->text.data + l->sent, room);
	l->sent += room;
	return room;
}

/* send_one - by SMTP, no other protocol, no redirect, a time for all */
static CURLcode
send_one(struct letter *l, char why[CURL_ERROR_SIZE])
{
	CURL			*c = curl_easy_init();
	struct curl_slist	*to = curl_slist_append(NULL, l->to);
	CURLcode		 rc = CURLE_OUT_OF_MEMORY;

	why[0] = '\0';
	if (c != NULL && to != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_URL, l->url);
		(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp");
		(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
		(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
		(void)curl_easy_setopt(c, CURLOPT_TIMEOUT, l->timeout);
		(void)curl_easy_setopt(c, CURLOPT_MAIL_FROM, l->from);
		(void)curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, read_cb);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, l);
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
		rc = curl_easy_perform(c);
	}
	if (rc != CURLE_OK && why[0] == '\0')
		(void)snprintf(why, CURL_ERROR_SIZE, "%s",
		    curl_easy_strerror(rc));
	curl_slist_free_all(to);
	curl_easy_cleanup(c);
	return rc;
}

static void *
run(void *arg)
{
	struct mailer	*m = arg;
	struct letter	*l;
	char		 why[CURL_ERROR_SIZE];
	bool		 ok;

	(void)pthread_mutex_lock(&m->lock);
	for (;;) {
		while (m->first == NULL && !m->stop)
			(void)pthread_cond_wait(&m->more, &m->lock);
		if ((l = m->first) == NULL || (m->stop &&
		    clock_mono_us() > m->stop_by))
			break;
		if ((m->first = l->next) == NULL)
			m->end = &m->first;
		m->n--;
		(void)pthread_mutex_unlock(&m->lock);
		ok = send_one(l, why) == CURLE_OK;
		if (ok)
			log_event(LOG_INFO, "web_mail_sent",
			    LOG_STR("server", l->url));
		else
			log_event(LOG_WARNING, "web_mail_failed",
			    LOG_STR("server", l->url), LOG_STR("why", why));
		metrics_add(m->metrics, "web_mail_total", "result",
		    ok ? "sent" : "failed", 1);
		letter_free(l);
		(void)pthread_mutex_lock(&m->lock);
	}
	(void)pthread_mutex_unlock(&m->lock);
	return NULL;
}

int
mailer_start(struct metrics *metrics, struct mailer **out, struct err *e)
{
	struct mailer	*m = calloc(1, sizeof *m);

	*out = NULL;
	if (m == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(m);
		return err_set(e, "out of memory, or libcurl does not start");
	}
	m->metrics = metrics;
	m->end = &m->first;
	(void)pthread_mutex_init(&m->lock, NULL);
	(void)pthread_cond_init(&m->more, NULL);
	if (pthread_create(&m->thread, NULL, run, m) != 0) {
		free(m);
		return err_set(e, "no thread for mail");
	}
	*out = m;
	return 0;
}

void
mailer_stop(struct mailer **mp)
{
	struct mailer	*m = *mp;
	struct letter	*l;

	if (m == NULL)
		return;
	(void)pthread_mutex_lock(&m->lock);
	m->stop = true;
	m->stop_by = clock_mono_us() + STOP_US;
	(void)pthread_cond_signal(&m->more);
	(void)pthread_mutex_unlock(&m->lock);
	(void)pthread_join(m->thread, NULL);
	while ((l = m->first) != NULL) {
		m->first = l->next;
		letter_free(l);
	}
	(void)pthread_cond_destroy(&m->more);
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
	curl_global_cleanup();
	*mp = NULL;
}

/* letter_new - all of it copied; NULL without memory */
static struct letter *
letter_new(const struct web_conf *conf, const struct addr *to,
    const char *subject, const char *lang, const char *text)
{
	struct letter	*l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	buf_init(&l->text, MAIL_MAX);
	l->timeout = conf->mail_timeout;
	if (asprintf(&l->url, "smtp://%s", conf->smtp) == -1)
		l->url = NULL;
	l->from = strdup(conf->mail_from);
	l->to = strdup(to->text);
	compose(&l->text, conf, to->text, subject, lang, text);
	if (l->url == NULL || l->from == NULL || l->to == NULL ||
	    l->text.failed) {
		letter_free(l);
		return NULL;
	}
	return l;
}

int
mailer_push(struct mailer *m, const struct web_conf *conf,
    const struct addr *to, const char *subject, const char *lang,
    const char *text)
{
	struct letter	*l = letter_new(conf, to, subject, lang, text);
	bool		 full;

	if (l == NULL)
		return -1;
	(void)pthread_mutex_lock(&m->lock);
	if (!(full = m->n == QUEUE_MAX || m->stop)) {
		*m->end = l;
		m->end = &l->next;
		m->n++;
		(void)pthread_cond_signal(&m->more);
	}
	(void)pthread_mutex_unlock(&m->lock);
	if (full)
		letter_free(l);
	return full ? -1 : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* smtp.c - see smtp.h */
#include "smtp/smtp.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/banned.h"

#define CONNECT_TIMEOUT	10L	/* seconds */
#define URL_SIZE	600

struct smtp {
	CURL	*curl;
	char	 url[URL_SIZE];
	long	 timeout;
};

/* A message on its way. */
struct job {
	const struct smtp_piece	*v;
	size_t			 n, i, at;
	struct smtp_reply	*reply;
	bool			 replied;	/* since the end was read */
};

static pthread_once_t	once = PTHREAD_ONCE_INIT;
static CURLcode		started;

static void
start(void)
{
	started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int
smtp_server_ok(const char *server, struct err *e)
{
	const char	*colon = strrchr(server, ':'), *p;
	char		*end;
	unsigned long	 port = 0;

	if (colon != NULL && colon > server && isdigit((unsigned char)
	    colon[1])) {
		port = strtoul(colon + 1, &end, 10);
		if (*end != '\0' || port > 65535)
			port = 0;
	}
	if (port == 0 || strlen(server) > 300)
		return err_set(e, "%.300s: want HOST:PORT", server);
	for (p = server; p < colon; p++)
		if (!isalnum((unsigned char)*p) && strchr(".-[]:", *p) == NULL)
			return err_set(e, "%s: no name or address of a host",
			    server);
	if (*server != '[' && memchr(server, ':', (size_t)(colon - server)) !=
	    NULL)
		return err_set(e, "%s: write [IPv6]:PORT", server);
	return 0;
}

/* read_cb - the next octets of the message */
static size_t
read_cb(char *out, size_t size, size_t n, void *arg)
{
	struct job	*j = arg;
	size_t		 room = size * n, got = 0, k;

	while (j->i < j->n && got < room) {
		k = j->v[j->i].n - j->at;
		if (k > room - got)
			k = room - got;
		if (k > 0)
			memcpy(out + got, j->v[j->i].p + j->at, k);
		got += k;
		j->at += k;
		if (j->at == j->v[j->i].n) {
			j->i++;
			j->at = 0;
		}
	}
	if (j->i == j->n)
		j->reply->sent = true;
	return got;
}

/*
 * line_cb - a line of a reply; the last one stands
 *
 * But 221: libcurl says QUIT of itself once a recipient was refused, and the
 * answer to that is not what the message came to.
 */
static size_t
line_cb(char *p, size_t size, size_t n, void *arg)
{
	struct job	*j = arg;
	size_t		 i, len = size * n;

	if (len > 2 && memcmp(p, "221", 3) == 0)
		return len;
	for (i = 0; i < len && i < SMTP_REPLY_SIZE - 1; i++)
		j->reply->text[i] = p[i] < ' ' || p[i] > '~' ? ' ' : p[i];
	while (i > 0 && j->reply->text[i - 1] == ' ')
		i--;
	j->reply->text[i] = '\0';
	j->replied = j->reply->sent;
	return len;
}

/* nothing_cb - there is no download */
static size_t
nothing_cb(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return size * n;
}

/* plain - nothing in it that would end a line of the dialogue */
static bool
plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* is_host - fit to be said in EHLO, and to stand in a URL */
static bool
is_host(const char *s)
{
	return *s != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] == '\0';
}

int
smtp_open(const char *server, const char *helo, long timeout,
    struct smtp **out, struct err *e)
{
	struct smtp	*s;

	*out = NULL;
	(void)pthread_once(&once, start);
	if (started != CURLE_OK || (s = calloc(1, sizeof *s)) == NULL)
		return err_set(e, "out of memory, or libcurl does not start");
	(void)snprintf(s->url, sizeof s->url, "smtp://%s/%s", server,
	    is_host(helo) ? helo : "localhost");
	s->timeout = timeout;
	if ((s->curl = curl_easy_init()) == NULL) {
		free(s);
		return err_set(e, "out of memory");
	}
	*out = s;
	return 0;
}

void
smtp_limit(struct smtp *s, long timeout)
{
	s->timeout = timeout > 0 ? timeout : 1;
}

void
smtp_close(struct smtp **sp)
{
	if (*sp == NULL)
		return;
	curl_easy_cleanup((*sp)->curl);
	free(*sp);
	*sp = NULL;
}

/* set_options - for one message; handles keep their connection over a reset */
static int
set_options(struct smtp *s, const char *from, struct curl_slist *to,
    struct job *j, char *why)
{
	CURL		*c = s->curl;
	curl_off_t	 size = 0;
	size_t		 i;

	for (i = 0; i < j->n; i++)
		size += (curl_off_t)j->v[i].n;
	curl_easy_reset(c);
	return curl_easy_setopt(c, CURLOPT_URL, s->url) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp") != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_PROXY, "") != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT) !=
	    CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_TIMEOUT, s->timeout) != CURLE_OK ||
	    (strcmp(from, "<>") != 0 && curl_easy_setopt(c,
	    CURLOPT_MAIL_FROM, from) != CURLE_OK) ||
	    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_READFUNCTION, read_cb) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_READDATA, j) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, nothing_cb) !=
	    CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, line_cb) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_HEADERDATA, j) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, size) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why) != CURLE_OK ? -1 : 0;
}

/* judge - what came of it */
static enum smtp_result
judge(CURLcode rc, const struct job *j, const char *why)
{
	const char	*text = j->reply->text;

	if (rc == CURLE_OK)
		return SMTP_TAKEN;
	/* a reply to the end of the message, or one before it ended */
	if (j->replied || !j->reply->sent) {
		if (text[0] == '5')
			return SMTP_REFUSED;
		if (text[0] == '4')
			return SMTP_LATER;
	}
	(void)snprintf(j->reply->text, SMTP_REPLY_SIZE, "%s", why[0] != '\0' ?
	    why : curl_easy_strerror(rc));
	return SMTP_AWAY;
}

enum smtp_result
smtp_send(struct smtp *s, const char *from, const char *to,
    const struct smtp_piece *v, size_t n, struct smtp_reply *reply)
{
	char			 why[CURL_ERROR_SIZE] = "";
	struct job		 j = { .v = v, .n = n, .reply = reply };
	struct curl_slist	*list = curl_slist_append(NULL, to);
	CURLcode		 rc = CURLE_OUT_OF_MEMORY;
	enum smtp_result	 result;

	memset(reply, 0, sizeof *reply);
	if (!plain(from) || !plain(to)) {
		curl_slist_free_all(list);
		(void)snprintf(reply->text, SMTP_REPLY_SIZE,
		    "553 5.1.3 Control octet in an address");
		return SMTP_REFUSED;
	}
	if (list != NULL && set_options(s, from, list, &j, why) == 0)
		rc = curl_easy_perform(s->curl);
	result = judge(rc, &j, why);
	curl_slist_free_all(list);
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* mailer.c - see mailer.h */
#include "web/mailer.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "smtp/smtp.h"

#include "base/banned.h"

#define MAGIC		"mailweir-letter 1\n"
#define LETTERS		1000		/* that wait; more are refused */
#define FILE_MAX	(LETTER_MAX + 4096u)
#define RETRY_S		60
#define PATH_SIZE	1024

struct mailer {
	struct web	*web;
	pthread_mutex_t	 lock;
	pthread_cond_t	 more;
	pthread_t	 thread;
	char		*dir;
	atomic_long	 n;		/* letters in it */
	bool		 fresh, stop;
};

/* -- one letter ------------------------------------------------------------ */

/* given_up - it is refused, or too old for its link to work */
static void
given_up(struct mailer *m, const char *server, const char *why)
{
	log_event(LOG_WARNING, "web_mail_failed", LOG_STR("server", server),
	    LOG_STR("why", why));
	metrics_add(m->web->metrics, "web_mail_total", "result", "failed", 1);
}

/* cut - the lines of the envelope out of a letter's file; the message */
static char *
cut(char *data, char **from, char **to)
{
	char	*end;

	if (strncmp(data, MAGIC, sizeof MAGIC - 1) != 0)
		return NULL;
	*from = data + sizeof MAGIC - 1;
	if ((end = strchr(*from, '\n')) == NULL)
		return NULL;
	*end = '\0';
	*to = end + 1;
	if ((end = strchr(*to, '\n')) == NULL)
		return NULL;
	*end = '\0';
	return end + 1;
}

/* deliver - 1: done with it, 0: later, -1: the server is away */
static int
deliver(struct mailer *m, struct smtp *s, const char *server, char *data,
    size_t len)
{
	char			 from[400], to[400], *f, *t, *text;
	struct smtp_piece	 v;
	struct smtp_reply	 reply;

	if ((text = cut(data, &f, &t)) == NULL) {
		given_up(m, server, "its file is none of ours");
		return 1;
	}
	(void)snprintf(from, sizeof from, "<%s>", f);
	(void)snprintf(to, sizeof to, "<%s>", t);
	v = (struct smtp_piece){ text, len - (size_t)(text - data) };
	switch (smtp_send(s, from, to, &v, 1, &reply)) {
	case SMTP_TAKEN:
		log_event(LOG_INFO, "web_mail_sent",
		    LOG_STR("server", server));
		metrics_add(m->web->metrics, "web_mail_total", "result",
		    "sent", 1);
		return 1;
	case SMTP_REFUSED:
		/* a reply may repeat the address: its code is enough */
		reply.text[strcspn(reply.text, " ")] = '\0';
		given_up(m, server, reply.text);
		return 1;
	case SMTP_LATER:
		reply.text[strcspn(reply.text, " ")] = '\0';
		log_event(LOG_NOTICE, "web_mail_later",
		    LOG_STR("server", server), LOG_STR("why", reply.text));
		return 0;
	case SMTP_AWAY:
	default:
		log_event(LOG_NOTICE, "web_mail_later",
		    LOG_STR("server", server), LOG_STR("why", reply.text));
		return -1;
	}
}

/* -- the folder ------------------------------------------------------------ */

static int
is_letter(const struct dirent *d)
{
	size_t	n = strlen(d->d_name);

	return n > 7 && strcmp(d->d_name + n - 7, ".letter") == 0;
}

/* one - of the folder; as deliver() says */
static int
one(struct mailer *m, struct smtp *s, const struct snap *c, const char *name)
{
	char		 path[PATH_SIZE], *data;
	struct err	 e;
	size_t		 len;
	int		 rc = 1;
	long long	 made = strtoll(name, NULL, 16);	/* path_new() */

	(void)snprintf(path, sizeof path, "%s/%s", m->dir, name);
	if (clock_now() - made > c->web.proof_time)
		given_up(m, c->web.smtp, "the link is too old by now");
	else if (file_read(path, FILE_MAX, &data, &len, &e) == -1)
		given_up(m, c->web.smtp, e.msg);
	else {
		rc = deliver(m, s, c->web.smtp, data, len);
		free(data);
	}
	if (rc == 1 && unlink(path) == 0)
		(void)atomic_fetch_sub(&m->n, 1);
	return rc;
}

static bool
stopping(struct mailer *m)
{
	bool	stop;

	(void)pthread_mutex_lock(&m->lock);
	stop = m->stop;
	(void)pthread_mutex_unlock(&m->lock);
	return stop;
}

/* all - that waits, the oldest first */
static void
all(struct mailer *m)
{
	struct snap	*c = web_snap(m->web);
	struct smtp	*s = NULL;
	struct dirent	**v;
	const char	*at;
	struct err	 e;
	int		 i, n, rc = 0;

	n = scandir(m->dir, &v, is_letter, alphasort);
	if (n > 0 && c->web.smtp[0] != '\0') {
		at = strrchr(c->web.mail_from, '@');
		if (smtp_open(c->web.smtp, at != NULL ? at + 1 : "",
		    c->web.mail_timeout, &s, &e) == -1)
			rc = -1;
		for (i = 0; i < n && rc != -1 && !stopping(m); i++)
			rc = one(m, s, c, v[i]->d_name);
		smtp_close(&s);
	}
	for (i = 0; i < n; i++)
		free(v[i]);
	if (n >= 0)
		free(v);
	snap_release(c);
}

static void *
run(void *arg)
{
	struct mailer	*m = arg;
	struct timespec	 at;

	(void)pthread_mutex_lock(&m->lock);
	while (!m->stop) {
		m->fresh = false;
		(void)pthread_mutex_unlock(&m->lock);
		all(m);
		(void)clock_gettime(CLOCK_REALTIME, &at);
		at.tv_sec += RETRY_S;
		(void)pthread_mutex_lock(&m->lock);
		while (!m->fresh && !m->stop)
			if (pthread_cond_timedwait(&m->more, &m->lock,
			    &at) != 0)
				break;
	}
	(void)pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* -- for the others -------------------------------------------------------- */

/* count - what a run before this one left */
static long
count(const char *dir)
{
	struct dirent	**v;
	int		 i, n = scandir(dir, &v, is_letter, NULL);

	for (i = 0; i < n; i++)
		free(v[i]);
	if (n >= 0)
		free(v);
	return n > 0 ? n : 0;
}

int
mailer_start(struct web *w, struct mailer **out, struct err *e)
{
	struct mailer	*m = calloc(1, sizeof *m);

	*out = NULL;
	if (m == NULL)
		return err_set(e, "out of memory");
	m->web = w;
	if (asprintf(&m->dir, "%s/web-mail", w->snap->common.state_dir) == -1) {
		free(m);
		return err_set(e, "out of memory");
	}
	atomic_init(&m->n, count(m->dir));
	(void)pthread_mutex_init(&m->lock, NULL);
	(void)pthread_cond_init(&m->more, NULL);
	if (pthread_create(&m->thread, NULL, run, m) != 0) {
		free(m->dir);
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

	if (m == NULL)
		return;
	(void)pthread_mutex_lock(&m->lock);
	m->stop = true;
	(void)pthread_cond_signal(&m->more);
	(void)pthread_mutex_unlock(&m->lock);
	(void)pthread_join(m->thread, NULL);
	(void)pthread_cond_destroy(&m->more);
	(void)pthread_mutex_destroy(&m->lock);
	free(m->dir);
	free(m);
	*mp = NULL;
}

/* path_new - of a letter: its second, so that the oldest goes first, and what
 * no other letter has */
static int
path_new(const struct mailer *m, bool really, char out[PATH_SIZE],
    struct err *e)
{
	char		hex[CODEC_HEX_SIZE(8)];
	unsigned char	rnd[8];

	if (getrandom(rnd, sizeof rnd, 0) != sizeof rnd)
		return err_set(e, "no random octets: %s", strerror(errno));
	(void)codec_hex(rnd, sizeof rnd, hex);
	(void)snprintf(out, PATH_SIZE, "%s/%010llx-%s.%s", m->dir,
	    (unsigned long long)clock_now(), hex,
	    really ? "letter" : "nobody");
	return 0;
}

int
mailer_spool(struct mailer *m, const struct letter *l, bool really,
    struct err *e)
{
	char		path[PATH_SIZE];
	struct buf	b = BUF_INIT(FILE_MAX);
	int		rc;

	if (atomic_load(&m->n) >= LETTERS)
		return err_set(e, "%d letters wait already", LETTERS);
	if (mkdir(m->dir, 0700) == -1 && errno != EEXIST)
		return err_set(e, "%s: %s", m->dir, strerror(errno));
	(void)buf_addf(&b, MAGIC "%s\n%s\n", l->from, l->to);
	letter_write(&b, l);
	rc = b.failed ? err_set(e, "out of memory") :
	    path_new(m, really, path, e);
	if (rc == 0)
		rc = file_write_new(path, 0600, b.data, b.len, false, e);
	buf_free(&b);
	if (rc == 0 && !really)
		(void)unlink(path);
	else if (rc == 0) {
		(void)atomic_fetch_add(&m->n, 1);
		(void)pthread_mutex_lock(&m->lock);
		m->fresh = true;
		(void)pthread_cond_signal(&m->more);
		(void)pthread_mutex_unlock(&m->lock);
	}
	return rc;
}

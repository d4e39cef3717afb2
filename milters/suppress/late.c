/* SPDX-License-Identifier: BSD-2-Clause */
/* late.c - see late.h */
#include "suppress/late.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

#include "base/banned.h"

#define ACTOR	"mailweir-suppress"
#define SLOTS	4096		/* a power of two */
#define ROWS	3072		/* of them in use at most */

struct row {
	struct store_id	id;		/* key 0 = free */
	char		scope[STORE_SCOPE_MAX + 1];
	char		note[80];	/* "stream NAME" */
	int64_t		since, until;
	uint32_t	messages;
};

struct late {
	struct handle	*handle;
	pthread_mutex_t	 lock;		/* all but `out` */
	pthread_cond_t	 more;
	pthread_t	 thread;
	bool		 begun;		/* a thread waits to be joined */
	bool		 running, stop;
	size_t		 n;		/* rows in use */
	uint64_t	 lost;		/* messages that found no room */
	struct row	 v[SLOTS];
	struct row	 out[ROWS];	/* being written */
	size_t		 nout;
	struct err	 why;		/* they could not be, last time */
};

/* row_of - the one of this recipient and scope, or a free one */
static struct row *
row_of(struct late *l, const struct store_id *id, const char *scope)
{
	size_t	i = ((size_t)id->digest[0] << 8 | id->digest[1]) % SLOTS;

	while (l->v[i].id.key != 0 && (l->v[i].id.key != id->key ||
	    memcmp(l->v[i].id.digest, id->digest, STORE_DIGEST) != 0 ||
	    strcmp(l->v[i].scope, scope) != 0))
		i = (i + 1) % SLOTS;
	return &l->v[i];
}

/* take - the rows become those that are written; lock held */
static void
take(struct late *l)
{
	size_t	i;

	for (i = 0; i < SLOTS && l->n > 0; i++)
		if (l->v[i].id.key != 0) {
			l->out[l->nout++] = l->v[i];
			l->v[i].id.key = 0;
			l->n--;
		}
}

/* put - `out` into the journal; 0, or -1 with *e: it is kept */
static int
put(struct late *l, struct err *e)
{
	struct store_change	*c = calloc(l->nout, sizeof *c);
	struct store		*s;
	size_t			 i;
	int			 rc;

	if (c == NULL)
		return err_set(e, "out of memory");
	for (i = 0; i < l->nout; i++) {
		c[i].op = STORE_LATE;
		c[i].id = &l->out[i].id;
		c[i].scope = l->out[i].scope;
		c[i].reason = STORE_OPTOUT;
		c[i].note = l->out[i].note;
		c[i].since = l->out[i].since;
		c[i].until = l->out[i].until;
		c[i].messages = l->out[i].messages;
	}
	s = handle_store(l->handle, e);
	rc = s == NULL ? -1 : store_apply(s, ACTOR, c, l->nout, e);
	free(c);
	if (rc == 0)
		l->nout = 0;
	return rc;
}

/* unrecorded - say what the journal does not hold */
static void
unrecorded(uint64_t n, const char *why)
{
	log_event(LOG_ERR, "optout_unrecorded", LOG_INT("n", n),
	    LOG_STR("why", why));
}

/* turn - write what waits; the lock is held, but not meanwhile */
static void
turn(struct late *l)
{
	struct err	e = { "", 0 };
	uint64_t	lost = l->lost;
	int		rc = 0;

	l->lost = 0;
	if (l->nout == 0)	/* else the last attempt failed */
		take(l);
	(void)pthread_mutex_unlock(&l->lock);
	if (lost > 0)
		unrecorded(lost, "too many at once");
	if (l->nout > 0)
		rc = put(l, &e);
	(void)pthread_mutex_lock(&l->lock);
	/* a fault is told when it begins, and when there is no more time */
	if (rc == -1 && (l->stop || strcmp(e.msg, l->why.msg) != 0))
		unrecorded(l->nout, e.msg);
	l->why = e;
	if (l->stop)
		l->nout = 0;
}

/* run - as long as something waits */
static void *
run(void *arg)
{
	struct late	*l = arg;
	struct timespec	 until;

	(void)pthread_mutex_lock(&l->lock);
	while (l->n > 0 || l->nout > 0) {
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		while (!l->stop && pthread_cond_timedwait(&l->more, &l->lock,
		    &until) == 0)
			;
		turn(l);
	}
	l->running = false;
	(void)pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* begin - see that there is a thread; the lock is held */
static void
begin(struct late *l)
{
	if (l->running)
		return;
	if (l->begun)	/* it is over, or lets go of the lock just now */
		(void)pthread_join(l->thread, NULL);
	l->begun = l->running = pthread_create(&l->thread, NULL, run, l) == 0;
}

void
late_note(struct late *l, const struct store_id *id, const char *scope,
    const char *stream, int64_t since)
{
	struct row	*r;

	(void)pthread_mutex_lock(&l->lock);
	begin(l);
	r = row_of(l, id, scope);
	if (!l->running || (r->id.key == 0 && l->n == ROWS)) {
		l->lost++;
	} else {
		if (r->id.key == 0) {
			r->id = *id;
			r->messages = 0;
			(void)snprintf(r->scope, sizeof r->scope, "%s", scope);
			l->n++;
		}
		(void)snprintf(r->note, sizeof r->note, "stream %.64s",
		    stream);
		r->since = since;
		r->until = clock_now();
		r->messages++;
		(void)pthread_cond_signal(&l->more);
	}
	(void)pthread_mutex_unlock(&l->lock);
}

struct late *
late_new(struct handle *h)
{
	struct late	*l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->handle = h;
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_cond_init(&l->more, NULL);
	return l;
}

void
late_free(struct late **lp)
{
	struct late	*l = *lp;

	if (l == NULL)
		return;
	(void)pthread_mutex_lock(&l->lock);
	l->stop = true;
	(void)pthread_cond_signal(&l->more);
	(void)pthread_mutex_unlock(&l->lock);
	if (l->begun)
		(void)pthread_join(l->thread, NULL);
	(void)pthread_cond_destroy(&l->more);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
	*lp = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* commit.c - see commit.h */
#include "web/commit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct commit {
	pthread_mutex_t		 lock;
	pthread_cond_t		 more;
	pthread_t		 thread;
	struct commit_job	*first, **end;
	long			 pending, max;
	size_t			 batch;
	const char		*actor;
	bool			 stop;
	struct store_change	*flat;	/* of a batch, side by side */
	size_t			 nflat;	/* that fit */
};

/* take - jobs of one store, up to a batch; lock held. *n: their changes */
static struct commit_job *
take(struct commit *c, size_t *n)
{
	struct commit_job	*first = c->first, *q = first;
	size_t			 jobs = 1;

	*n = q->n;
	while (first->run == NULL && q->next != NULL && jobs < c->batch &&
	    q->next->run == NULL && q->next->store == first->store &&
	    *n + q->next->n <= c->nflat) {
		q = q->next;
		*n += q->n;
		jobs++;
	}
	c->first = q->next;
	if (c->first == NULL)
		c->end = &c->first;
	c->pending -= (long)jobs;
	q->next = NULL;
	return first;
}

static void
apply_alone(struct commit *c, struct commit_job *j)
{
	j->err.msg[0] = '\0';
	j->rc = j->run != NULL ? j->run(j) :
	    store_apply(j->store, c->actor, j->changes, j->n, &j->err);
}

/* refused - did the store refuse one change, rather than fail? */
static bool
refused(const struct store_change *v, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (v[i].result == -1)
			return true;
	return false;
}

/* apply_batch - several jobs, one transaction */
static void
apply_batch(struct commit *c, struct commit_job *first, size_t n)
{
	struct commit_job	*j;
	struct err		 e = { "", 0 };
	size_t			 at = 0;
	int			 rc;

	for (j = first; j != NULL; at += j->n, j = j->next)
		memcpy(c->flat + at, j->changes, j->n * sizeof *c->flat);
	rc = store_apply(first->store, c->actor, c->flat, n, &e);
	if (rc == -1 && refused(c->flat, n)) {
		for (j = first; j != NULL; j = j->next)
			apply_alone(c, j);
		return;
	}
	at = 0;
	for (j = first; j != NULL; at += j->n, j = j->next) {
		memcpy(j->changes, c->flat + at, j->n * sizeof *c->flat);
		j->rc = rc;
		if (rc == -1)
			j->err = e;
	}
}

static void *
run(void *arg)
{
	struct commit		*c = arg;
	struct commit_job	*j, *next;
	size_t			 n;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		while (c->first == NULL && !c->stop)
			(void)pthread_cond_wait(&c->more, &c->lock);
		if (c->first == NULL)
			break;
		j = take(c, &n);
		(void)pthread_mutex_unlock(&c->lock);
		if (j->next == NULL)
			apply_alone(c, j);
		else
			apply_batch(c, j, n);
		for (; j != NULL; j = next) {
			next = j->next;		/* gone once it is told */
			j->done(j, j->arg);
		}
		(void)pthread_mutex_lock(&c->lock);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

int
commit_start(long max_pending, long batch, const char *actor,
    struct commit **out, struct err *e)
{
	struct commit	*c = calloc(1, sizeof *c);

	*out = NULL;
	if (c == NULL)
		return err_set(e, "out of memory");
	c->end = &c->first;
	c->max = max_pending;
	c->batch = (size_t)batch;
	c->nflat = 2 * (size_t)batch;
	c->actor = actor;
	if ((c->flat = calloc(c->nflat, sizeof *c->flat)) == NULL ||
	    pthread_mutex_init(&c->lock, NULL) != 0 ||
	    pthread_cond_init(&c->more, NULL) != 0 ||
	    pthread_create(&c->thread, NULL, run, c) != 0) {
		free(c->flat);
		free(c);
		return err_set(e, "no memory or no thread for commits");
	}
	*out = c;
	return 0;
}

bool
commit_room(struct commit *c)
{
	bool	room;

	(void)pthread_mutex_lock(&c->lock);
	room = c->pending < c->max && !c->stop;
	(void)pthread_mutex_unlock(&c->lock);
	return room;
}

void
commit_push(struct commit *c, struct commit_job *j)
{
	j->next = NULL;
	(void)pthread_mutex_lock(&c->lock);
	*c->end = j;
	c->end = &j->next;
	c->pending++;
	(void)pthread_cond_signal(&c->more);
	(void)pthread_mutex_unlock(&c->lock);
}

void
commit_stop(struct commit **cp)
{
	struct commit	*c = *cp;

	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->stop = true;
	(void)pthread_cond_signal(&c->more);
	(void)pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->thread, NULL);
	(void)pthread_cond_destroy(&c->more);
	(void)pthread_mutex_destroy(&c->lock);
	free(c->flat);
	free(c);
	*cp = NULL;
}

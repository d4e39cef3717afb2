/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.c - many callers in one commit
 *
 * Callers queue; one of them, the leader, takes the whole queue into one
 * transaction, commits, and wakes each with its result; the first who is left
 * waiting leads next. While a commit waits for the disk the queue grows, so
 * the load itself makes the batches. What each change means: change.c.
 */
#include "store/change.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#include "base/banned.h"

#define BATCH_CHANGES	4096	/* of one commit; a request is never split */
#define SWEEP_PER_NEW	2	/* old reports looked at for each new one */

/* run_request - its changes; -1 when refused or failed */
static int
run_request(struct batch *b, struct queued *q)
{
	size_t	i;

	for (i = 0; i < q->n; i++)
		if (change_one(b, q, &q->changes[i], &b->e) == -1) {
			if (q->refused && q->n > 1)
				err_prefix(&b->e, "change %zu of %zu", i + 1,
				    q->n);
			return -1;
		}
	return 0;
}

/* run_requests - all that were not refused, from the start of a transaction;
 * 1: one of them was refused after it had written, do it all again */
static int
run_requests(struct batch *b)
{
	struct queued	*q;
	uint64_t	 seq;
	size_t		 reports;

	for (q = b->first; q != NULL; q = q->next) {
		if (q->refused)
			continue;
		seq = b->head.seq;
		reports = b->reports;
		if (run_request(b, q) == 0)
			continue;
		if (!q->refused)
			return -1;
		q->rc = -1;
		if (q->e != NULL)
			*q->e = b->e;
		if (b->head.seq != seq || b->reports != reports)
			return 1;
	}
	return 0;
}

/* sweep - forget some of the oldest reports, as many as new ones came */
static int
sweep(struct batch *b)
{
	long		 keep = b->first->s->conf.dedup_keep;
	MDB_cursor	*c;
	MDB_val		 k, v;
	uint8_t		 from[2];
	size_t		 i;
	int		 rc;

	if (b->reports == 0)
		return 0;
	/* digests are random: somewhere in them is as good as anywhere */
	put16(from, (uint16_t)(b->head.hash[0] << 8 | b->head.hash[1]));
	k.mv_data = from;
	k.mv_size = sizeof from;
	if ((rc = env_cursor(b->env, b->txn, T_DEDUP, &c)) != 0)
		return rc;
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	for (i = 0; i < SWEEP_PER_NEW * b->reports && rc == 0; i++) {
		if (v.mv_size != 8 ||
		    b->now - (int64_t)get64(v.mv_data) > keep)
			rc = mdb_cursor_del(c, 0);
		if (rc == 0)
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	env_cursor_done(c);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* try_batch - one transaction; 1 = again without the refused one */
static int
try_batch(struct batch *b)
{
	int	rc;

	b->wrote = false;
	b->reports = 0;
	if (env_begin(b->env, &b->txn, &b->e) == -1)
		return -1;
	if (env_head(b->env, b->txn, &b->head, &b->e) == -1)
		rc = -1;
	else
		rc = run_requests(b);
	if (rc == 0 && b->wrote) {
		if ((rc = sweep(b)) == 0 &&
		    (rc = env_set_head(b->env, b->txn, &b->head)) == 0)
			return env_commit(b->env, b->txn, &b->e);
		rc = env_fail(b->env, "write", rc, &b->e);
	}
	env_abort(b->env, b->txn);
	return rc;
}

/* run_batch - inside the guard */
static int
run_batch(void *arg)
{
	struct batch	*b = arg;
	int		 rc;

	b->now = clock_now();
	while ((rc = try_batch(b)) == 1)
		;
	return rc;
}

/* lead - commit for a chain of requests and give each its result */
static void
lead(struct env *env, struct queued *first)
{
	struct batch	 b = { .env = env, .first = first };
	struct queued	*q;
	size_t		 i;

	if (env_guard(env, run_batch, &b, &b.e) == 0)
		return;
	for (q = first; q != NULL; q = q->next) {
		if (q->refused)
			continue;
		q->rc = -1;
		for (i = 0; i < q->n; i++)
			q->changes[i].result = 0;
		if (q->e != NULL)
			*q->e = b.e;
	}
}

/* take - the head of the queue, up to a full batch; queue_lock held */
static struct queued *
take(struct env *env)
{
	struct queued	*first = env->queue, *q = first;
	size_t		 n = q->n;

	while (q->next != NULL && n + q->next->n <= BATCH_CHANGES) {
		q = q->next;
		n += q->n;
	}
	env->queue = q->next;
	if (env->queue == NULL)
		env->queue_end = &env->queue;
	q->next = NULL;
	return first;
}

/* hand_over - wake who is served, and who leads next; queue_lock held */
static void
hand_over(struct env *env, struct queued *done)
{
	struct queued	*next;

	for (; done != NULL; done = next) {
		next = done->next;	/* gone once it is awake */
		done->done = true;
		(void)pthread_cond_signal(&done->wake);
	}
	env->leader = env->queue != NULL;
	if (env->queue != NULL) {
		env->queue->lead = true;
		(void)pthread_cond_signal(&env->queue->wake);
	}
}

/* seal_changes - sealed copies of what is added */
static int
seal_changes(struct queued *q, struct err *e)
{
	struct store_change	*c;
	struct sealed		*s;
	char			 text[ADDR_SIZE + 1];
	size_t			 i, n;

	if (q->s->seal == NULL)
		return 0;
	if ((q->sealed = calloc(q->n, sizeof *q->sealed)) == NULL)
		return env_fail(q->s->env, "write", ENOMEM, e);
	for (i = 0; i < q->n; i++) {
		c = &q->changes[i];
		s = &q->sealed[i];
		if (c->op != STORE_ADD || (c->addr == NULL &&
		    c->domain == NULL))
			continue;
		n = (size_t)snprintf(text, sizeof text, "%s%s",
		    c->domain != NULL ? "@" : "",
		    c->domain != NULL ? c->domain : c->addr->text);
		if (n >= ADDR_SIZE)
			continue;	/* no address is so long */
		if (seal_make(q->s->seal, text, n, s->p, e) == -1)
			return -1;
		s->n = n + SEAL_OVERHEAD;
	}
	return 0;
}

int
store_apply(struct store *s, const char *actor, struct store_change *changes,
    size_t n, struct err *e)
{
	struct env	*env = s->env;
	struct queued	 q = { .s = s, .actor = actor, .changes = changes,
			    .n = n, .e = e };
	struct queued	*batch;

	if (n == 0)
		return 0;
	if (seal_changes(&q, e) == -1) {
		free(q.sealed);
		return -1;
	}
	if (pthread_cond_init(&q.wake, NULL) != 0) {
		free(q.sealed);
		return env_fail(env, "write", ENOMEM, e);
	}
	(void)pthread_mutex_lock(&env->queue_lock);
	*env->queue_end = &q;
	env->queue_end = &q.next;
	while (!q.done) {
		if (env->leader && !q.lead) {
			(void)pthread_cond_wait(&q.wake, &env->queue_lock);
			continue;
		}
		env->leader = true;
		q.lead = false;
		batch = take(env);
		(void)pthread_mutex_unlock(&env->queue_lock);
		lead(env, batch);
		(void)pthread_mutex_lock(&env->queue_lock);
		hand_over(env, batch);
	}
	(void)pthread_mutex_unlock(&env->queue_lock);
	(void)pthread_cond_destroy(&q.wake);
	free(q.sealed);
	return q.rc;
}

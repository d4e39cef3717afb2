/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listnew.c - write a new list, in order of its digests; see lists.h
 *
 * The caller fills one chunk of rows while a thread of the writer's own
 * hashes, appends and commits the one before: merging costs processor time,
 * committing waits for the disk, and neither waits for the other.
 */
#include "store/lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/scope.h"

#include "base/banned.h"

#define CHUNK		32768	/* rows of a list written in one transaction */

struct list_writer {
	struct env		*env;
	uint32_t		 list;
	struct run_rec		 run;
	int			 lock;		/* LOCK_APPEND */
	struct list_hash	*hash;		/* the thread's */
	uint8_t			*chunk[2];
	unsigned		 filling;	/* which of them the caller
						   fills */
	unsigned		 n;		/* rows in it */
	pthread_t		 thread;
	bool			 started;
	pthread_mutex_t		 mutex;
	pthread_cond_t		 turn;		/* `todo` or `over` changed */
	const uint8_t		*todo;		/* a full chunk; NULL: done */
	unsigned		 ntodo;
	bool			 over;		/* no chunk comes any more */
	bool			 failed;
	struct err		 why;
};

/* take_number - a new list's number and its record, "loading" */
static int
take_number(struct list_writer *w, struct err *e)
{
	struct head	h;
	MDB_txn		*txn;
	int		 rc;

	if (env_begin(w->env, &txn, e) == -1)
		return -1;
	if (env_head(w->env, txn, &h, e) == -1) {
		env_abort(w->env, txn);
		return -1;
	}
	w->list = h.next_list++;
	if ((rc = run_put(w->env, txn, w->list, &w->run)) != 0 ||
	    (rc = env_set_head(w->env, txn, &h)) != 0) {
		env_abort(w->env, txn);
		return env_fail(w->env, "begin a list", rc, e);
	}
	return env_commit(w->env, txn, e);
}

/* edge - the last row of all lists; -1 when it cannot be read */
static int
edge(struct env *env, uint8_t key[LKEY_SIZE], struct err *e)
{
	struct reader	*r;
	MDB_cursor	*c;
	MDB_val		 k, v;
	int		 rc;

	memset(key, 0, LKEY_SIZE);
	if ((r = env_read(env, e)) == NULL)
		return -1;
	if ((rc = env_cursor(env, r->txn, T_LISTS, &c)) == 0) {
		rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
		if (rc == 0 && k.mv_size == LKEY_SIZE)
			memcpy(key, k.mv_data, LKEY_SIZE);
		env_cursor_done(c);
	}
	env_read_done(r);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 :
	    env_fail(env, "read a list", rc, e);
}

/* lock_append - our turn to append; another list may take as long as it likes
 * while it grows */
static int
lock_append(struct env *env, struct err *e)
{
	uint8_t	before[LKEY_SIZE], now[LKEY_SIZE];
	int	fd;

	if (edge(env, now, e) == -1)
		return -1;
	do {
		memcpy(before, now, sizeof before);
		if ((fd = env_lock(env, LOCK_APPEND, true, e)) != -1)
			return fd;
		if (errno != ETIMEDOUT || edge(env, now, e) == -1)
			return -1;
	} while (memcmp(before, now, sizeof now) != 0);
	return -1;
}

/* append - the chunk's rows at the right edge of the tree */
static int
append(struct list_writer *w, MDB_txn *txn)
{
	uint8_t		 key[LKEY_SIZE];
	const uint8_t	*row = w->todo;
	MDB_cursor	*c;
	MDB_val		 k = { sizeof key, key }, v;
	unsigned	 i;
	int		 rc;

	if (env_write_fails())
		return ENOSPC;
	if ((rc = env_cursor(w->env, txn, T_LISTS, &c)) != 0)
		return rc;
	put32(key, w->list);
	for (i = 0; i < w->ntodo && rc == 0; i++, row += LIST_ROW_SIZE) {
		memcpy(key + 4, row, STORE_DIGEST);
		v.mv_size = row[STORE_DIGEST];
		v.mv_data = (void *)(uintptr_t)(row + STORE_DIGEST + 1);
		rc = mdb_cursor_put(c, &k, &v, MDB_APPEND);
	}
	env_cursor_done(c);
	return rc;
}

/* flush - the chunk in one transaction; inside the thread's guard */
static int
flush(void *arg)
{
	struct list_writer	*w = arg;
	const uint8_t		*row = w->todo;
	MDB_txn			*txn;
	unsigned		 i;
	int			 rc;

	for (i = 0; i < w->ntodo; i++, row += LIST_ROW_SIZE)
		list_hash_row(w->hash, row, row + STORE_DIGEST + 1,
		    row[STORE_DIGEST]);
	if (env_begin(w->env, &txn, &w->why) == -1)
		return -1;
	if ((rc = append(w, txn)) != 0) {
		env_abort(w->env, txn);
		return env_fail(w->env, "load a list", rc, &w->why);
	}
	return env_commit(w->env, txn, &w->why);
}

/* write_chunks - the thread: one chunk after another until it is over */
static void *
write_chunks(void *arg)
{
	struct list_writer	*w = arg;
	int			 rc;

	(void)pthread_mutex_lock(&w->mutex);
	for (;;) {
		while (w->todo == NULL && !w->over)
			(void)pthread_cond_wait(&w->turn, &w->mutex);
		if (w->todo == NULL)
			break;
		(void)pthread_mutex_unlock(&w->mutex);
		rc = w->failed ? -1 : env_guard(w->env, flush, w, &w->why);
		(void)pthread_mutex_lock(&w->mutex);
		w->failed |= rc == -1;
		w->todo = NULL;
		(void)pthread_cond_broadcast(&w->turn);
	}
	(void)pthread_mutex_unlock(&w->mutex);
	return NULL;
}

/* hand_over - the filled chunk to the thread, once it is done with the other;
 * last: and wait until it is done with this one, too */
static int
hand_over(struct list_writer *w, bool last, struct err *e)
{
	bool	failed;

	(void)pthread_mutex_lock(&w->mutex);
	while (w->todo != NULL)
		(void)pthread_cond_wait(&w->turn, &w->mutex);
	if (!w->failed && w->n > 0) {
		w->todo = w->chunk[w->filling];
		w->ntodo = w->n;
		(void)pthread_cond_broadcast(&w->turn);
	}
	while (last && w->todo != NULL)
		(void)pthread_cond_wait(&w->turn, &w->mutex);
	failed = w->failed;
	(void)pthread_mutex_unlock(&w->mutex);
	w->filling ^= 1;
	w->n = 0;
	if (failed && e != NULL)
		*e = w->why;
	return failed ? -1 : 0;
}

/* stop - the thread's end */
static void
stop(struct list_writer *w)
{
	if (!w->started)
		return;
	(void)pthread_mutex_lock(&w->mutex);
	w->over = true;
	(void)pthread_cond_broadcast(&w->turn);
	(void)pthread_mutex_unlock(&w->mutex);
	(void)pthread_join(w->thread, NULL);
	w->started = false;
}

/* writer_new - memory only */
static struct list_writer *
writer_new(struct env *env, const struct run_rec *run)
{
	struct list_writer	*w;

	if ((w = calloc(1, sizeof *w)) == NULL)
		return NULL;
	w->env = env;
	w->run = *run;
	w->run.state = RUN_LOADING;
	w->lock = -1;
	(void)pthread_mutex_init(&w->mutex, NULL);
	(void)pthread_cond_init(&w->turn, NULL);
	w->chunk[0] = malloc((size_t)CHUNK * LIST_ROW_SIZE);
	w->chunk[1] = malloc((size_t)CHUNK * LIST_ROW_SIZE);
	w->hash = list_hash_new();
	if (w->chunk[0] == NULL || w->chunk[1] == NULL || w->hash == NULL)
		list_drop(&w);
	return w;
}

int
list_new(struct env *env, const struct run_rec *run, struct list_writer **out,
    struct err *e)
{
	struct list_writer	*w;

	*out = NULL;
	if ((w = writer_new(env, run)) == NULL)
		return env_fail(env, "begin a list", ENOMEM, e);
	if ((w->lock = lock_append(env, e)) == -1 ||
	    take_number(w, e) == -1) {
		list_drop(&w);
		return -1;
	}
	if (pthread_create(&w->thread, NULL, write_chunks, w) != 0) {
		list_drop(&w);
		return err_code(e, EX_OSERR, "store %s: begin a list: no "
		    "thread", env->dir);
	}
	w->started = true;
	*out = w;
	return 0;
}

int
list_add(struct list_writer *w, const uint8_t digest[STORE_DIGEST],
    const struct marks *marks, struct err *e)
{
	uint8_t	*row;

	if (w->n == CHUNK && hand_over(w, false, e) == -1)
		return -1;
	row = w->chunk[w->filling] + (size_t)w->n++ * LIST_ROW_SIZE;
	memcpy(row, digest, STORE_DIGEST);
	row[STORE_DIGEST] = (uint8_t)marks_pack(row + STORE_DIGEST + 1, marks);
	w->run.rows++;
	return 0;
}

int
list_finish(struct list_writer *w, bool domains, uint32_t *list,
    struct run_rec *run, struct err *e)
{
	if (hand_over(w, true, e) == -1)
		return -1;
	stop(w);
	list_hash_end(&w->hash, w->run.digest);
	w->run.state = RUN_READY;
	w->run.domains = domains;
	/* its record is written by the transaction that switches to it */
	*list = w->list;
	*run = w->run;
	env_unlock(w->lock);
	w->lock = -1;
	return 0;
}

void
list_drop(struct list_writer **wp)
{
	struct list_writer	*w = *wp;

	if (w == NULL)
		return;
	stop(w);
	env_unlock(w->lock);
	free(w->chunk[0]);
	free(w->chunk[1]);
	free(w->hash);
	(void)pthread_mutex_destroy(&w->mutex);
	(void)pthread_cond_destroy(&w->turn);
	free(w);
	*wp = NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * commit.h - presses of the public page share commits
 *
 * One thread takes what waits, up to `batch` jobs, makes one transaction of
 * it and tells every job how it went. A job whose changes the store refuses
 * fails alone: the batch is then applied job by job.
 */
#ifndef WEB_COMMIT_H
#define WEB_COMMIT_H

#include "store/store.h"

struct commit_job {
	struct store		*store;
	struct store_change	*changes;
	size_t			 n;
	/* Instead of changes: what else is to be on disk. 0, or -1 and err. */
	int			(*run)(struct commit_job *);
	int			 rc;	/* out: 0 on disk, -1 nothing is */
	struct err		 err;	/* out, when -1 */
	void			(*done)(struct commit_job *, void *arg);
	void			*arg;
	struct commit_job	*next;	/* commit.c's */
};

struct commit;

int	commit_start(long max_pending, long batch, const char *actor,
	    struct commit **, struct err *e);
/* Is there room? Asked before commit_push, which always takes the job. */
bool	commit_room(struct commit *);
/* done() is called on the committing thread; the job is the caller's. */
void	commit_push(struct commit *, struct commit_job *);
/* Apply what waits, then end the thread. */
void	commit_stop(struct commit **);

#endif

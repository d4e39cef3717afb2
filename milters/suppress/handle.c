/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handle.c - see handle.h
 *
 * A backup put in the store's place leaves us with a file that has no name any
 * more, and that nobody writes to: what has been suppressed since is not in
 * it. So the name is looked at, once a second.
 */
#include "suppress/handle.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define RETRY_US	1000000		/* between two attempts, two looks */

/* A store that was replaced: other threads may still be asking it. */
struct past {
	struct past	*next;
	struct store	*store;
};

struct handle {
	const struct conf		*conf;
	const char			*path;
	bool				 write;
	const struct store_keys		*keys;
	_Atomic(struct store *)		 store;	/* NULL while away */
	_Atomic(int64_t)		 looked_us;
	pthread_mutex_t			 lock;	/* the rest */
	struct past			*past;
	dev_t				 dev;	/* of store, as it was opened */
	ino_t				 ino;
	int64_t				 tried_us;
	struct err			 why;	/* of the last attempt */
};

/* identity - which file stands at the store's name now; -1: none to be seen */
static int
identity(const struct handle *h, struct stat *st)
{
	char	path[PATH_MAX];

	(void)snprintf(path, sizeof path, "%s/data.mdb", h->path);
	return stat(path, st);
}

/* attempt - open it; under the lock. A fault is logged once while it lasts. */
static void
attempt(struct handle *h)
{
	struct store	*s;
	struct stat	 st;
	struct err	 e = { "", 0 };

	h->tried_us = clock_mono_us();
	/* before it is opened: what comes between shows at the next look */
	if (identity(h, &st) == -1)
		memset(&st, 0, sizeof st);
	if ((!h->write || store_open_conf(h->conf, h->path, STORE_WRITE,
	    h->keys, &s, &e) == -1) && store_open_conf(h->conf, h->path,
	    STORE_READ, h->keys, &s, &e) == -1) {
		if (strcmp(e.msg, h->why.msg) != 0)
			log_event(LOG_ERR, "store_unavailable",
			    LOG_STR("why", e.msg));
		h->why = e;
		return;
	}
	if (h->why.msg[0] != '\0')
		log_event(LOG_NOTICE, "store_opened",
		    LOG_STR("path", h->path));
	h->why.msg[0] = '\0';
	h->dev = st.st_dev;
	h->ino = st.st_ino;
	atomic_store(&h->looked_us, h->tried_us);
	atomic_store(&h->store, s);
}

/* look - is it still the file that has the name? Under the lock. */
static void
look(struct handle *h)
{
	struct store	*s = atomic_load(&h->store);
	struct past	*p;
	struct stat	 st;

	if (s == NULL || clock_mono_us() - atomic_load(&h->looked_us) <
	    RETRY_US)
		return;
	atomic_store(&h->looked_us, clock_mono_us());
	if (!store_outdated(s) && (identity(h, &st) == 0 ?
	    st.st_dev == h->dev && st.st_ino == h->ino :
	    errno != ENOENT && errno != ENOTDIR))
		return;
	if ((p = malloc(sizeof *p)) == NULL)
		return;			/* at the next look */
	p->store = s;
	p->next = h->past;
	h->past = p;
	atomic_store(&h->store, NULL);
	(void)err_set(&h->why, "store %s: was taken away, replaced, or "
	    "read-only till now", h->path);
	log_event(LOG_ERR, "store_unavailable", LOG_STR("why", h->why.msg));
	attempt(h);
}

struct handle *
handle_new(const struct conf *conf, const struct conf_common *common,
    const struct store_keys *keys, bool write)
{
	struct handle	*h;

	if ((h = calloc(1, sizeof *h)) == NULL)
		return NULL;
	h->conf = conf;
	h->path = common->store_path;
	h->keys = keys;
	h->write = write;
	atomic_init(&h->store, NULL);
	atomic_init(&h->looked_us, 0);
	(void)pthread_mutex_init(&h->lock, NULL);
	attempt(h);
	return h;
}

void
handle_free(struct handle **hp)
{
	struct handle	*h = *hp;
	struct past	*p;
	struct store	*s;

	if (h == NULL)
		return;
	s = atomic_load(&h->store);
	store_close(&s);
	while ((p = h->past) != NULL) {
		h->past = p->next;
		store_close(&p->store);
		free(p);
	}
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
	*hp = NULL;
}

struct store *
handle_store(struct handle *h, struct err *e)
{
	struct store	*s = atomic_load(&h->store);

	if (s != NULL && clock_mono_us() - atomic_load(&h->looked_us) <
	    RETRY_US)
		return s;
	(void)pthread_mutex_lock(&h->lock);
	look(h);
	if ((s = atomic_load(&h->store)) == NULL &&
	    clock_mono_us() - h->tried_us >= RETRY_US) {
		attempt(h);
		s = atomic_load(&h->store);
	}
	if (s == NULL)
		*e = h->why;
	(void)pthread_mutex_unlock(&h->lock);
	return s;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* handle.c - see handle.h */
#include "suppress/handle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define RETRY_US	1000000		/* between two attempts */

struct handle {
	const struct conf		*conf;
	const char			*path;
	const struct store_keys		*keys;
	_Atomic(struct store *)		 store;	/* once there, it stays */
	pthread_mutex_t			 lock;	/* the rest */
	int64_t				 tried_us;
	struct err			 why;	/* of the last attempt */
};

/* attempt - open it; under the lock. A fault is logged once while it lasts. */
static void
attempt(struct handle *h)
{
	struct store	*s;
	struct err	 e = { "", 0 };

	h->tried_us = clock_mono_us();
	if (store_open_conf(h->conf, h->path, STORE_READ, h->keys, &s,
	    &e) == -1) {
		if (strcmp(e.msg, h->why.msg) != 0)
			log_event(LOG_ERR, "store_unavailable",
			    LOG_STR("why", e.msg));
		h->why = e;
		return;
	}
	if (h->why.msg[0] != '\0')
		log_event(LOG_NOTICE, "store_opened",
		    LOG_STR("path", h->path));
	atomic_store(&h->store, s);
}

struct handle *
handle_new(const struct conf *conf, const struct conf_common *common,
    const struct store_keys *keys)
{
	struct handle	*h;

	if ((h = calloc(1, sizeof *h)) == NULL)
		return NULL;
	h->conf = conf;
	h->path = common->store_path;
	h->keys = keys;
	atomic_init(&h->store, NULL);
	(void)pthread_mutex_init(&h->lock, NULL);
	attempt(h);
	return h;
}

void
handle_free(struct handle **hp)
{
	struct handle	*h = *hp;
	struct store	*s;

	if (h == NULL)
		return;
	s = atomic_load(&h->store);
	store_close(&s);
	(void)pthread_mutex_destroy(&h->lock);
	free(h);
	*hp = NULL;
}

struct store *
handle_store(struct handle *h, struct err *e)
{
	struct store	*s = atomic_load(&h->store);

	if (s != NULL)
		return s;
	(void)pthread_mutex_lock(&h->lock);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/* ingest.h - what the parts of mailweir-ingest share */
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "conf/common.h"
#include "feedback/apply.h"
#include "feedback/client.h"
#include "metrics/metrics.h"

extern const struct conf_schema ingest_schemas[];

/* One configuration, loaded whole; sessions hold it while they use it. */
struct snap {
	atomic_uint		 refs;
	struct conf		*file;
	struct conf_common	 common;
	struct ingest_conf	 ingest;
	struct feedback_conf	 feedback;
	struct addr_rules	*rules;
	struct store_keys	*keys;
	struct store		*store;
	struct token_keys	*tokens;
	struct stream_set	*streams;
	struct bounces		*bounces;
	struct belief		*belief;
	struct proof		*proof;
	struct apply		 apply;
};

int	snap_load(const char *path, bool open_store, struct snap **,
	    struct err *e);
void	snap_release(struct snap *);

/* The program: the snapshot that new mail is judged by, and its counters. */
struct ingest {
	pthread_mutex_t	 lock;		/* of snap */
	struct snap	*snap;
	struct metrics	*metrics;
	atomic_bool	 stopping;
	atomic_long	 memory;	/* octets of mail held now */
};

struct snap *ingest_snap(struct ingest *);	/* release it */
void	ingest_swap(struct ingest *, struct snap *);

/*
 * deliver - one mail for one recipient (NULL: unknown), done and logged
 *
 * Returns: true once it is on disk, changed or parked; false when nothing is,
 *          and the sender must keep it.
 */
bool	deliver(struct ingest *, const struct apply *, const char *id,
	    const char *raw, size_t len, const struct belief_way *way,
	    const char *rcpt);

/* lmtp.c: serve one connection until it ends. id: for the log. */
void	lmtp_session(struct ingest *, int fd, unsigned long id);

/* xforward.c: what Postfix says of the client, behind "XFORWARD ". client is
 * "" unless it is an address. False when the command is none. */
bool	xforward(const char *arg, char client[CLIENT_SIZE]);

/* The ways mail comes in; each returns an exit status. */
int	service_run(struct ingest *, const char *conf_path, const char *sock);
int	maildir_run(struct ingest *, const char *conf_path, const char *dir,
	    bool once);
int	stdin_run(struct ingest *, const char *sender, const char *rcpt);

/* signals.c: obey what sigfd_open() (base/sigfd.h) told; true: stop. */
bool	signals_take(struct ingest *, const char *conf_path, int fd);

#endif

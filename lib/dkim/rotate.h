/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rotate.h - keys that come and go: a state machine in a folder
 *
 *	new		made; its record is to be published
 *	published	seen at every authoritative server since `seen`
 *	active		signs; `seen` lasted for the longest TTL
 *	retiring	signs no more; its record must stay while signed mail
 *			waits in queues, then is to be withdrawn
 *	gone		its record is at no server; the private key is deleted
 *
 * A key goes from new to active only by way of published, so nothing is ever
 * signed with a key that some receiver cannot find; the key that it replaces
 * retires in the same step. A step backwards is published -> new, when the
 * record vanishes from a server. What cannot be looked up moves nothing.
 *
 * The folder:
 *	state		a line a key; replaced whole
 *	active		`domain selector file`, what the milter reads; follows
 *			from state and is repaired by the next run
 *	journal		a line a step, appended and synced before it is taken
 *	DOMAIN.SELECTOR.pem	private keys; never overwritten
 *	lock		one run at a time
 */
#ifndef DKIM_ROTATE_H
#define DKIM_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "base/err.h"
#include "conf/conf.h"
#include "dkim/dkey.h"

#define ROTATE_KEYS	200000	/* in one folder */

enum rotate_state {
	ROTATE_NEW, ROTATE_PUBLISHED, ROTATE_ACTIVE, ROTATE_RETIRING,
	ROTATE_GONE, ROTATE_STATES
};

struct rotate_key {
	char			domain[256], selector[64];
	enum dkey_alg		alg;
	enum rotate_state	state;
	long long		since;	/* of this state, seconds UTC */
	long long		made;
	long long		seen;	/* everywhere since; 0 = not */
	long			ttl;	/* of record or absence; 7 d at most */
	bool			told;	/* active: the milter was reloaded */
};

enum rotate_seen {
	ROTATE_EVERYWHERE, ROTATE_SOMEWHERE, ROTATE_NOWHERE, ROTATE_UNKNOWN
};

/* What the world outside the folder does for it. */
struct rotate_ops {
	/* Is this record, for this key (NULL, lost: a record of any key), at
	 * the authoritative servers? *ttl: the longest of the record or of its
	 * absence. why: a few words. */
	enum rotate_seen (*look)(void *arg, const char *name,
		    const struct dkey *key, long *ttl, char *why, size_t size);
	/* verb "publish" or "withdraw" a record; "activate": reload the milter
	 * (data is the domain). 0; -1: not done, ask again next time. */
	int	(*act)(void *arg, const char *verb, const char *name,
		    const char *data);
	/* One line for people. */
	void	(*say)(void *arg, const char *line);
	void	*arg;
};

struct rotate_options {
	const char	*dir;
	struct conf_list domains;	/* that have keys here */
	struct conf_list algorithms;	/* "rsa", "ed25519" */
	int		 bits;		/* of RSA keys */
	long		 every;		/* seconds that a key is active */
	long		 queue_lifetime;
	long		 min_ttl;	/* wait at least so long */
	bool		 now;		/* begin a rotation whatever the age */
};

/*
 * rotate_run - take every step that is due
 *
 * Returns: 0; 1 when something must be looked at (an active key's record is
 *          missing, an action failed); -1 with *e: nothing more was done.
 */
int	rotate_run(const struct rotate_options *, const struct rotate_ops *,
	    struct err *e);

/* Every key of the folder; *v is the caller's to free. */
int	rotate_list(const char *dir, struct rotate_key **v, size_t *n,
	    struct err *e);
const char *rotate_state_name(enum rotate_state);

#endif

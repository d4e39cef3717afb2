/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store.h - the suppression store: who must not get mail of which scope, why
 *
 * One LMDB environment, many readers, one writer at a time, across processes;
 * store/ is its only user. The format is doc/STORE's, versioned. No address is
 * kept (key.h). A recipient may stand in several scopes and for several
 * reasons in one; each is an entry of its own.
 *
 * Scopes are names ("newsletter", "*" for all mail), 1..64 octets of
 * [a-z0-9._-] or "*"; on disk the first four octets of SHA-256(name), the same
 * on every node without any talk between them.
 *
 * In one process, store_open() of one folder twice gives the same environment
 * (LMDB forbids a second one), counted; reload and chain need not care.
 * Never open across fork().
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mail/addr.h"
#include "store/conf.h"
#include "store/key.h"
#include "store/reason.h"

#define STORE_SCOPE_MAX		64	/* octets of a scope's name */
#define STORE_SOURCE_MAX	64	/* octets of a source's name */
#define STORE_EVIDENCE_MAX	64	/* octets of an evidence id */
#define STORE_NOTE_MAX		1024	/* octets of a note */
#define STORE_HITS_MAX		32	/* hits that one lookup reports */

struct store;

enum store_mode {
	STORE_READ,	/* for milters; still writes LMDB's lock file */
	STORE_WRITE,	/* must exist (store_create) */
};

/* Make an empty store in a new or empty folder, mode 0750. */
int	store_create(const char *dir, struct err *e);

/*
 * store_open - keys must stay valid until store_close.
 * Errors: no store there, newer format, unreadable, garbled: -1 and *e.
 */
int	store_open(const char *dir, enum store_mode, const struct store_keys *,
	    struct store **, struct err *e);
/* The same with the settings of section [store] (store/conf.h); store_open()
 * takes the defaults. */
int	store_open_conf(const struct conf *, const char *dir, enum store_mode,
	    const struct store_keys *, struct store **, struct err *e);
int	store_open_with(const char *dir, enum store_mode,
	    const struct store_keys *, const struct store_conf *,
	    struct store **, struct err *e);
void	store_close(struct store **);
/* Was it opened while its file system was read-only, and is that writable now?
 * Then open it anew: who writes to it does not know that we read. */
bool	store_outdated(const struct store *);

uint32_t store_scope_id(const char *name);
bool	store_scope_ok(const char *name);

/* Does a text for the journal spell an address, or what looks like one? Such
 * notes and sources are refused: the store holds no address. NULL: no. */
bool	store_names_address(const char *text);
/* The same of evidence, where a Message-ID in <> looks like one and is none. */
bool	store_evidence_ok(const char *text);

/* What the store knows of one recipient in one scope for one reason. */
struct store_entry {
	struct store_id		 id;
	uint32_t		 scope;		/* store_scope_id() */
	enum store_reason	 reason;
	bool			 domain;	/* the whole domain's entry */
	bool			 imported;	/* came with a list */
	int64_t			 first, last;	/* seconds since 1970 */
	int64_t			 expires;	/* 0 = never */
	uint32_t		 count;		/* times reported */
	char			 source[STORE_SOURCE_MAX + 1];
	char			 evidence[STORE_EVIDENCE_MAX + 1];
	bool			 in_force;	/* not expired; soft bounces
						   over their threshold */
};

/*
 * store_find - every entry of this address and of its domain in these scopes
 *
 * scopes:  ids, n of them; n = 0: all scopes.
 * hits:    up to max, in-force entries first; copies, valid for ever.
 * Returns: the number of hits (0 = nobody knows him); -1 if the store could
 *          not say, with *e: "try later", never "absent".
 * Threads: safe; each call is its own read transaction. Cost: one descent of
 *          the tree per key, plus one per scope that has an imported list.
 */
int	store_find(struct store *, const struct addr *,
	    const uint32_t *scopes, size_t n, struct store_entry *hits,
	    size_t max, struct err *e);

/* The same by digest (a token's, or one found earlier). */
int	store_find_id(struct store *, const struct store_id *,
	    const uint32_t *scopes, size_t n, struct store_entry *hits,
	    size_t max, struct err *e);

/* One change. Exactly one of addr, domain, id is set. */
struct store_change {
	enum { STORE_ADD = 1, STORE_REMOVE, STORE_DELIVERED,
	       STORE_LATE } op;	/* LATE: only a record in the journal */
	const struct addr	*addr;
	const char		*domain;	/* normalised (addr_domain) */
	const struct store_id	*id;
	const char		*scope;		/* name */
	enum store_reason	 reason;	/* REMOVE: 0 = all of a scope */
	int64_t			 expires;	/* 0 = the reason's default */
	const char		*source;	/* "arf:yahoo", "cli", NULL */
	const char		*evidence;	/* Message-ID, case id, NULL */
	const char		*dedup;		/* NULL, or a text unique to the
						   report: the same again does
						   nothing and succeeds */
	const char		*note;		/* stated reason, for REMOVE of
						   complaint and legal */
	bool			 override;	/* allows that removal */
	int64_t			 since, until;	/* LATE: the opt-out, the last
						   message let through */
	uint32_t		 messages;	/* LATE: since it was noted */
	int			 result;	/* out: 1 changed, 0 nothing to
						   do, -1 refused, see why */
	char			 why[128];	/* out, when refused */
};

/*
 * store_apply - n changes, journaled, in one transaction: all or none
 *
 * actor:   who, for the journal: "user:root", "mailweir-ingest", "key:NAME".
 * Returns: 0 after the commit is on disk; -1 with nothing changed and *e
 *          (a refused change refuses them all and says which). Concurrent
 *          callers share a commit and its sync.
 * Threads: safe.
 */
int	store_apply(struct store *, const char *actor,
	    struct store_change *changes, size_t n, struct err *e);

#endif

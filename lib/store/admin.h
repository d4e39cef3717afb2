/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * admin.h - what an operator asks of the whole store
 *
 * All of these read in short portions: a long look never holds back the reuse
 * of pages, so a busy store does not grow because somebody reads it. What
 * changes meanwhile may be seen or not.
 */
#ifndef STORE_ADMIN_H
#define STORE_ADMIN_H

#include "store/store.h"

/* The name of a scope by its number; 1, 0 unknown (out = its number in hex),
 * -1. */
int	store_scope_name(struct store *, uint32_t scope,
	    char out[STORE_SCOPE_MAX + 1], struct err *e);

/* Every entry and every row of every list in force, or of one scope (NULL:
 * all). each() returns non-zero to stop. 0, or -1 with *e. */
int	store_each(struct store *, const char *scope,
	    int (*each)(void *arg, const struct store_entry *,
	    const char *scope_name), void *arg, struct err *e);

/* Numbers for `mailweir stats`. */
struct store_stats {
	uint64_t	entries, domains, lists, list_rows, journal, scopes;
	uint64_t	octets_file, octets_used;	/* of data.mdb */
	uint64_t	readers;	/* slots of the lock file in use */
};
int	store_stats(struct store *, struct store_stats *, struct err *e);
/* The same by scope and reason; walks everything. n in force, all. */
int	store_stats_each(struct store *, int (*each)(void *arg,
	    const char *scope, enum store_reason, uint64_t in_force,
	    uint64_t all), void *arg, struct err *e);

/*
 * store_scope_drop - the end of a scope: its entries, its lists, its name
 *
 * Refused (EX_NOPERM) while anything of it is in force, without override and
 * a note; each entry that goes has a record of its own. All at once; only of
 * more than 2048 entries some go before the others: when it fails, they are
 * gone, with their records.
 */
struct store_drop {
	const char	*scope, *actor, *note;
	bool		 override;
	uint64_t	 in_force, entries, rows;	/* out: what went */
};
int	store_scope_drop(struct store *, struct store_drop *, struct err *e);

/* -- journal -------------------------------------------------------------- */

struct store_event {
	uint64_t		 seq;
	int64_t			 time_ms;
	const char		*op;		/* "add", "remove", ... */
	char			 scope[STORE_SCOPE_MAX + 1];	/* "" none */
	struct store_id		 id;		/* key 0: none */
	bool			 domain;
	enum store_reason	 reason;	/* 0: none */
	char			 actor[65];
	char			 note[1025];
	char			 source[STORE_SOURCE_MAX + 1];
	char			 evidence[STORE_EVIDENCE_MAX + 1];
	int64_t			 expires;
	uint32_t		 count;
	int64_t			 late;		/* "late": seconds from the
						   opt-out to the last of
						   `count` messages */
	/* an import: */
	uint32_t		 list;
	uint64_t		 rows;
	char			 file[256];
	uint8_t			 digest[32];
	uint8_t			 hash[32];	/* of this record */
};

/* Which records: all fields that are set must match. */
struct store_filter {
	const struct addr	*addr;		/* under any key */
	const char		*domain;
	const char		*scope, *actor;
	int64_t			 from, to;	/* seconds; to 0: to the end */
	uint64_t		 after;		/* only records behind this
						   one: where to go on */
};

int	store_journal_each(struct store *, const struct store_filter *,
	    int (*each)(void *arg, const struct store_event *), void *arg,
	    struct err *e);

struct store_chain {
	const uint8_t	*noted;		/* in: NULL, or a head (HASH_SIZE)
					   written down earlier, which must
					   stand in the chain */
	uint64_t	first, last, records;
	uint8_t		head[32];	/* hash of the last; write it down */
	bool		was_cut;	/* begins at a checkpoint: signed by */
	uint8_t		signer[32];	/* this Ed25519 key, */
	bool		signer_known;	/* which derives from our store key;
					   false: that key is not in the key
					   file, so that anybody may have
					   signed: compare with a note of it */
};

/*
 * store_journal_cut - forget records that are older than a moment
 *
 * What is left still verifies: a checkpoint, signed with a key that derives
 * from the store key, says where it begins and which hash stood there.
 * *cut: how many records went; the newest one always stays.
 */
int	store_journal_cut(struct store *, int64_t before, const char *actor,
	    uint64_t *cut, struct err *e);

/* The chain of hashes, record by record, and that nothing in the store names
 * a record behind its end. 0 sound; -1 with *e naming the first record that is
 * altered, missing or out of place (EX_DATAERR). */
int	store_journal_verify(struct store *, struct store_chain *,
	    void (*progress)(void *arg, uint64_t done, uint64_t total),
	    void *arg, struct err *e);

/* -- keys ------------------------------------------------------------------ */

struct seal_key;

struct store_rekey {
	const char		*actor;
	const struct seal_key	*private;	/* NULL: only say what would
						   have to move */
	/* For each row that cannot move: an entry without a sealed copy
	 * (list 0), or a list (en NULL), which must be imported afresh; one
	 * that is only kept for a rollback goes with the next import. */
	void			(*stuck)(void *arg,
				    const struct store_entry *en,
				    const char *scope, uint32_t list,
				    uint64_t rows, uint8_t key, bool kept);
	void			*arg;
	/* out */
	uint64_t		 moved, stuck_entries, stuck_lists, kept_lists;
	unsigned		 nleft;		/* old keys still needed */
	uint8_t			 left[STORE_KEYS_MAX];
};

/* Online: entries move in small transactions, lookups find each under the one
 * key or the other. */
int	store_rekey(struct store *, struct store_rekey *, struct err *e);

/* The address of an entry from its sealed copy; 1, 0 there is none, -1.
 * out: SEAL_TEXT_MAX + 1 octets (seal.h). */
int	store_unseal(struct store *, const struct seal_key *,
	    const struct store_id *, char *out, struct err *e);

/* -- the whole ------------------------------------------------------------ */

struct store_check {
	struct store_chain	chain;
	uint64_t		entries, lists, rows;
	uint64_t		faults;
};

/*
 * store_verify - everything against the journal
 *
 * The chain; each entry against the record that wrote it and each record
 * against the entry it should have left; each list against its digest.
 * fault() is called for each difference, with a sentence.
 * Returns: 0 when it could look at everything (faults counted), -1.
 */
int	store_verify(struct store *, struct store_check *,
	    void (*fault)(void *arg, const char *what), void *arg,
	    struct err *e);

/* A compact copy, made while the store is in use, opened and checked before
 * it is called by its name; dir must not exist or be empty. */
int	store_backup(struct store *, const char *dir, struct err *e);

/* Put such a copy in the place of the store itself, which no program may have
 * open, this one included (EX_TEMPFAIL). The old file stays beside it as
 * data.mdb.before. When it fails, or is killed, the store is as it was. */
int	store_compact(const struct conf *, const char *dir,
	    const struct store_keys *, struct err *e);

#endif

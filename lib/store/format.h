/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * format.h - the octets on disk, as doc/STORE describes them
 *
 * Packing and unpacking only: knows nothing of LMDB. All numbers are big
 * endian, so that LMDB's plain comparison sorts keys as numbers. Unpackers
 * return 0, or -1 for octets that this format does not allow (a garbled
 * store): callers then "cannot say".
 */
#ifndef STORE_FORMAT_H
#define STORE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define FORMAT_VERSION	2
#define FORMAT_MAGIC	"mailweir"	/* 8 octets */
#define HASH_SIZE	32		/* SHA-256 */

static inline void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

static inline void
put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)(v >> 32));
	put32(p + 4, (uint32_t)v);
}

static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static inline uint64_t
get64(const uint8_t *p)
{
	return (uint64_t)get32(p) << 32 | get32(p + 4);
}

/* entries, domains: key */
#define EKEY_ID_SIZE	(1 + STORE_DIGEST)	/* key id, digest */
#define EKEY_SIZE	(EKEY_ID_SIZE + 4 + 1)	/* ... scope, reason */

void	ekey_pack(uint8_t key[EKEY_SIZE], const struct store_id *,
	    uint32_t scope, enum store_reason);
int	ekey_unpack(const uint8_t *key, size_t n, struct store_id *,
	    uint32_t *scope, enum store_reason *);

/* entries, domains: value */
#define REC_TRIPPED	0x01	/* soft bounces went over the threshold */

struct rec {
	uint8_t		flags;
	uint8_t		rounds;	/* times that it came into force */
	uint16_t	score;	/* soft-bounce steps, decayed at `step` */
	uint32_t	count;
	int64_t		first, last, expires, step;
	uint64_t	hlc, seq;	/* of the journal record of it */
	char		source[STORE_SOURCE_MAX + 1];
	char		evidence[STORE_EVIDENCE_MAX + 1];
};

#define REC_FIXED	57
#define REC_SIZE_MAX	(REC_FIXED + 2 + STORE_SOURCE_MAX + STORE_EVIDENCE_MAX)

size_t	rec_pack(uint8_t *out, const struct rec *);
int	rec_unpack(const uint8_t *, size_t n, struct rec *);

/* lists: key and value. A value holds one mark for each reason, ascending, and
 * after a mark was lifted the journal record that did it. */
#define LKEY_SIZE	(4 + STORE_DIGEST)
#define MARK_SIZE	6
#define MARKS_MAX	(STORE_REASON_MAX - 1)
#define MARK_LIFTED	0x01	/* removed by somebody: as if not there */
#define LVALUE_MAX	(MARKS_MAX * MARK_SIZE + 8)
#define DAY_ZERO	18262	/* 2020-01-01, days since 1970 */

struct mark {
	enum store_reason reason;
	uint8_t		flags;
	uint16_t	expires;	/* day since DAY_ZERO; 0 = never */
	uint16_t	seen;		/* day the list says; 0 = none */
};

struct marks {
	unsigned	n;
	struct mark	m[MARKS_MAX];
	uint64_t	seq;	/* of the last lifting; 0 = none */
};

void	lkey_pack(uint8_t key[LKEY_SIZE], uint32_t list,
	    const uint8_t digest[STORE_DIGEST]);
void	mark_pack(uint8_t out[MARK_SIZE], const struct mark *);
size_t	marks_pack(uint8_t out[LVALUE_MAX], const struct marks *);
int	marks_unpack(const uint8_t *, size_t n, struct marks *);

/* Days since DAY_ZERO of a time, at least 1 and at most 65535. */
uint16_t day_of(int64_t when);
int64_t	day_time(uint16_t day);		/* its first second */

/* scopes: key is the id */
#define SCOPE_LISTS	6

struct scope_rec {
	uint32_t	id;
	char		name[STORE_SCOPE_MAX + 1];
	uint64_t	imported;	/* journal record of the last switch */
	bool		can_rollback;
	uint8_t		nactive, nprev;
	uint32_t	active[SCOPE_LISTS], prev[SCOPE_LISTS];
};

#define SCOPE_SIZE_MAX	(16 + STORE_SCOPE_MAX + 8 * SCOPE_LISTS)

size_t	scope_pack(uint8_t *out, const struct scope_rec *);
int	scope_unpack(uint32_t id, const uint8_t *, size_t n,
	    struct scope_rec *);

/* runs: key is the list id */
#define RUN_FILE_MAX	255
#define ACTOR_MAX	64

enum run_state { RUN_LOADING = 1, RUN_READY, RUN_DROPPING };

struct run_rec {
	enum run_state	state;
	uint8_t		key;		/* store key of its digests */
	uint32_t	scope;
	bool		domains;	/* holds whole-domain rows */
	uint64_t	rows, lifted;
	uint64_t	hlc;
	uint8_t		digest[HASH_SIZE];	/* of its rows in order */
	char		actor[ACTOR_MAX + 1];
	char		file[RUN_FILE_MAX + 1];	/* as the importer named it */
};

#define RUN_SIZE_MAX	(80 + ACTOR_MAX + RUN_FILE_MAX)

size_t	run_pack(uint8_t *out, const struct run_rec *);
int	run_unpack(const uint8_t *, size_t n, struct run_rec *);

/* journal: key is the number of the record; value */
#define NOTE_MAX	1024
#define DETAIL_MAX	1024

enum journal_op {
	J_ADD = 1,	/* detail: the value after */
	J_REMOVE,	/* detail: the value before */
	J_RESET,	/* delivered: detail as J_REMOVE */
	J_LIFT,		/* a row of a list: detail list id, value before */
	J_IMPORT,	/* detail: list ids before and after, run record */
	J_ROLLBACK,	/* the same */
	J_REKEY,	/* detail: id before, the value after */
	J_EXPIRE,	/* age: detail as J_REMOVE */
	J_CUT,		/* retention: detail: the signed checkpoint */
	J_SCOPE,	/* a scope came to be: note is its name */
	J_DROP,		/* it went: detail as J_ROLLBACK, then its name */
	J_LATE,		/* mail passed after an opt-out: detail LATE_SIZE */
	J_OP_MAX
};

/* of J_LATE: 8 the opt-out, 8 the last message, seconds; 4 messages */
#define LATE_SIZE	20

struct jrec {
	uint64_t	seq;
	uint8_t		hash[HASH_SIZE];
	enum journal_op	op;
	uint64_t	hlc;
	uint32_t	scope;
	struct store_id	id;		/* key 0 = none */
	enum store_reason reason;	/* 0 = none */
	bool		domain;
	const char	*actor;		/* NUL-terminated when packing; when */
	size_t		 actor_len;	/* unpacking inside the record */
	const char	*note;
	size_t		 note_len;
	const uint8_t	*detail;
	size_t		 detail_len;
};

#define JREC_FIXED	(HASH_SIZE + 1 + 1 + 8 + 4 + 17 + 1 + 1)
#define JREC_SIZE_MAX	(JREC_FIXED + 1 + ACTOR_MAX + 2 + NOTE_MAX + 2 + \
			DETAIL_MAX)

/* Packs all but the hash, which stands first and is left zero. */
size_t	jrec_pack(uint8_t *out, const struct jrec *);
int	jrec_unpack(uint64_t seq, const uint8_t *, size_t n, struct jrec *);

/* the unnamed table: "=format", "=head", "=gen" */
#define FORMAT_SIZE	(8 + 4 + 16 + 8)

struct head {
	uint64_t	seq;		/* last journal record; 0 = none */
	uint8_t		hash[HASH_SIZE];	/* its hash */
	uint64_t	hlc;
	uint64_t	first;		/* oldest record kept; 1 at first */
	uint8_t		before[HASH_SIZE];	/* hash of the one before it */
	uint32_t	next_list;
	uint64_t	gen;		/* changes with the table of scopes */
};

#define HEAD_SIZE	(8 + HASH_SIZE + 8 + 8 + HASH_SIZE + 4 + 8)
#define GEN_SIZE	24	/* gen, rows of `domains`, of `entries` */

void	head_pack(uint8_t out[HEAD_SIZE], const struct head *);
int	head_unpack(const uint8_t *, size_t n, struct head *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* absent.c - see absent.h */
#include "store/absent.h"

#include <stdlib.h>
#include <string.h>

#include "store/walk.h"

#include "base/banned.h"

#define BITS_PER_ROW	10		/* one "perhaps" in fifty is wrong */
#define ROOM_MIN	4096		/* entries */
#define ENTRIES_MAX	(1u << 24)	/* more get no filter: memory */
#define BEHIND_MAX	256		/* journal records read by a lookup */
#define PAYS_AFTER	8		/* lookups, as a part of the entries */

/* Bits are only ever set; a fresh map takes the place of one that is full. */
struct absent_map {
	uint64_t		 blocks;
	uint64_t		 room, used;	/* digests; used by who fills */
	atomic_ullong		 upto;		/* journal record */
	atomic_ullong		 bits[][8];	/* a cache line each */
};

static atomic_ullong *
block_of(struct absent_map *m, uint64_t hi)
{
	return m->bits[(hi >> 32) * m->blocks >> 32];
}

/* put - the six bits of a digest */
static void
put(struct absent_map *m, const struct store_id *id)
{
	atomic_ullong	*b = block_of(m, get64(id->digest));
	uint64_t	 lo = get64(id->digest + 8);
	int		 i;

	for (i = 0; i < 6; i++, lo >>= 9)
		atomic_fetch_or_explicit(&b[lo >> 6 & 7],
		    1ull << (lo & 63), memory_order_relaxed);
	m->used++;
}

static bool
may_hold(struct absent_map *m, const struct store_id *id)
{
	atomic_ullong	*b = block_of(m, get64(id->digest));
	uint64_t	 lo = get64(id->digest + 8);
	int		 i;

	for (i = 0; i < 6; i++, lo >>= 9)
		if ((atomic_load_explicit(&b[lo >> 6 & 7],
		    memory_order_relaxed) >> (lo & 63) & 1) == 0)
			return false;
	return true;
}

/* catch_up - read the journal as far as this reader sees; one at a time */
static bool
catch_up(struct env *env, struct absent_map *m, struct reader *r)
{
	uint64_t	seq = atomic_load(&m->upto);
	uint8_t		key[8];
	struct jrec	j;
	MDB_val		v;
	bool		ok = true;

	if (r->seq - seq > BEHIND_MAX ||
	    atomic_exchange(&env->absent_busy, true))
		return false;
	/* who was here before may have come further than this reader */
	for (seq = atomic_load(&m->upto); ok && seq < r->seq; seq++) {
		put64(key, seq + 1);
		ok = env_get(env, r->txn, T_JOURNAL, key, sizeof key,
		    &v) == 0 && jrec_unpack(seq + 1, v.mv_data, v.mv_size,
		    &j) == 0;
		if (ok && j.id.key != 0)
			put(m, &j.id);
	}
	if (ok)
		atomic_store_explicit(&m->upto, seq, memory_order_release);
	atomic_store(&env->absent_busy, false);
	return ok;
}

bool
absent_surely(struct env *env, struct reader *r, const struct store_id *id)
{
	struct absent_map	*m;

	m = atomic_load_explicit(&env->absent, memory_order_acquire);
	if (m == NULL)
		return false;
	if (atomic_load_explicit(&m->upto, memory_order_acquire) < r->seq &&
	    !catch_up(env, m, r))
		return false;
	return !may_hold(m, id);
}

/* -- filling -------------------------------------------------------------- */

struct filling {
	struct env	*env;
	uint64_t	 lookups;
	uint64_t	 seq, entries;	/* when it began */
	struct absent_map *made;
};

/* look - how far the journal goes, and how many entries there are */
static int
look(struct filling *f)
{
	struct reader	*r;
	struct head	 head;
	MDB_stat	 st;
	int		 rc;

	if ((r = env_read(f->env, NULL)) == NULL)
		return -1;
	rc = env_head(f->env, r->txn, &head, NULL);
	if (rc == 0 && mdb_stat(r->txn, f->env->dbi[T_ENTRIES], &st) != 0)
		rc = -1;
	env_read_done(r);
	if (rc == -1)
		return -1;
	f->seq = head.seq;
	f->entries = st.ms_entries;
	return 0;
}

static struct absent_map *
map_new(uint64_t entries)
{
	struct absent_map	*m;
	uint64_t		 room = entries + entries / 2 + ROOM_MIN;
	uint64_t		 blocks = room * BITS_PER_ROW / 512 + 1;

	m = calloc(1, sizeof *m + blocks * sizeof m->bits[0]);
	if (m == NULL)
		return NULL;
	m->blocks = blocks;
	m->room = room;
	return m;
}

static int
put_row(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct store_id	id;

	(void)v;
	if (k->mv_size < EKEY_ID_SIZE)
		return err_set(e, "garbled");
	memcpy(id.digest, (const uint8_t *)k->mv_data + 1, STORE_DIGEST);
	put(arg, &id);
	return 0;
}

/*
 * fill - a map of every entry there is, portion by portion
 *
 * What comes meanwhile is behind f->seq in the journal. Made afresh when it is
 * full, or fell too far behind.
 */
static int
fill(void *arg)
{
	struct filling		*f = arg;
	struct absent_map	*m = atomic_load(&f->env->absent);

	if (look(f) == -1 || f->entries > ENTRIES_MAX ||
	    f->lookups < f->entries / PAYS_AFTER)
		return 0;
	if (m != NULL && m->used <= m->room &&
	    f->seq - atomic_load(&m->upto) <= BEHIND_MAX)
		return 0;
	if ((m = map_new(f->entries)) == NULL)
		return 0;
	if (walk(f->env, T_ENTRIES, NULL, 0, put_row, m, NULL) == -1) {
		free(m);
		return 0;
	}
	atomic_store(&m->upto, f->seq);
	f->made = m;
	return 0;
}

bool
absent_tend(struct env *env, uint64_t lookups)
{
	struct filling		 f = { .env = env, .lookups = lookups };
	struct absent_map	*old;

	if (atomic_exchange(&env->absent_busy, true))
		return false;
	/* a fault leaves it busy: nobody asks a store that is damaged */
	if (env_guard(env, fill, &f, NULL) == -1)
		return false;
	if (f.made != NULL) {
		old = atomic_exchange(&env->absent, f.made);
		if (readers_pass(env))	/* nobody looks at it any more */
			free(old);
	}
	atomic_store(&env->absent_busy, false);
	return f.made != NULL;
}

void
absent_free(struct env *env)
{
	free(atomic_load(&env->absent));
}

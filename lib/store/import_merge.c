/* SPDX-License-Identifier: BSD-2-Clause */
/* import_merge.c - the new list as one stream, told from those of before */
#include "store/import_int.h"

#include <string.h>

#include "store/find.h"
#include "store/scope.h"

#include "base/banned.h"

#define PROGRESS_EVERY	65536	/* rows */
#define GROWTH		4	/* see choose() */

/*
 * choose - which lists stay beside the new one, which are merged into it
 *
 * A list more than GROWTH times as long as what comes after it stays: so a
 * nightly thousand does not rewrite a hundred million, and lookups still meet
 * but a few lists. sizes: of scope.active, oldest first.
 */
static void
choose(struct job *j, const uint64_t sizes[SCOPE_LISTS])
{
	uint64_t	rows = j->im->rows - j->im->rejected;
	int		i = j->scope.nactive;

	j->keep.nactive = 0;
	while (i > 0 && (sizes[i - 1] <= GROWTH * rows ||
	    i >= SCOPE_LISTS))
		rows += sizes[--i];
	while (j->keep.nactive < i && !j->im->replace) {
		j->keep.active[j->keep.nactive] =
		    j->scope.active[j->keep.nactive];
		j->keep.nactive++;
	}
}

/* old_sizes - rows of the scope's lists, and of all of them for the summary */
static int
old_sizes(struct job *j, uint64_t sizes[SCOPE_LISTS])
{
	struct reader	*r;
	struct run_rec	 run;
	int		 i, rc = 1;

	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	for (i = 0; i < j->scope.nactive && rc == 1; i++) {
		rc = run_get(j->env, r->txn, j->scope.active[i], &run, j->e);
		sizes[i] = rc == 1 ? run.rows - run.lifted : 0;
		/* a replacement walks them all and counts recipients, who
		 * may stand in several: old_done() */
		j->im->before += j->im->replace ? 0 : sizes[i];
	}
	env_read_done(r);
	return rc == -1 ? -1 : 0;
}

int
import_open(struct job *j)
{
	uint64_t	sizes[SCOPE_LISTS];
	int		i;

	if (old_sizes(j, sizes) == -1)
		return -1;
	choose(j, sizes);
	for (i = j->keep.nactive; i < j->scope.nactive; i++) {
		if (list_open(j->env, j->scope.active[i],
		    &j->shadow[j->nshadow], j->e) == -1)
			return -1;
		j->shadows[j->nshadow].next = list_item;
		j->shadows[j->nshadow].arg = &j->shadow[j->nshadow];
		j->nshadow++;
		if (j->im->replace)
			continue;
		if (list_open(j->env, j->scope.active[i], &j->old[j->nold],
		    j->e) == -1)
			return -1;
		j->sources[j->nold].next = list_item;
		j->sources[j->nold].arg = &j->old[j->nold];
		j->nold++;
	}
	if (merge_new(NULL, 0, j->shadows, (size_t)j->nshadow, &j->before,
	    j->e) == -1)
		return -1;
	if (j->old_key != 0 && merge_new(j->twins, j->workers, NULL, 0,
	    &j->twin, j->e) == -1)
		return -1;
	return merge_new(j->sorters, j->workers, j->sources, (size_t)j->nold,
	    &j->all, j->e);
}

/* sample - keep the least line numbers of a kind */
static void
sample(uint32_t *lines, unsigned *n, uint32_t line)
{
	unsigned	i;

	if (line == 0 || (*n == IMPORT_SAMPLES && line >= lines[*n - 1]))
		return;
	if (*n < IMPORT_SAMPLES)
		(*n)++;
	for (i = *n - 1; i > 0 && lines[i - 1] > line; i--)
		lines[i] = lines[i - 1];
	lines[i] = line;
}

/* old_gone - a recipient of before who is not in the new list */
static void
old_gone(struct job *j, const struct item *i)
{
	struct import_gone	*g;
	uint16_t		 expires = (uint16_t)(i->info >> 16);
	uint16_t		 seen = (uint16_t)i->info;

	j->im->removed++;
	if (j->im->ngone == IMPORT_SAMPLES)
		return;
	g = &j->im->gone[j->im->ngone++];
	put64(g->digest, i->hi);
	put64(g->digest + 8, i->lo);
	g->reason = item_reason(i);
	g->seen = seen != 0 ? day_time(seen) : 0;
	g->expires = expires != 0 ? day_time(expires) : 0;
}

/* old_first - the first recipient of before */
static int
old_first(struct job *j)
{
	int	rc = merge_next(j->before, &j->old_item, j->e);

	j->old_live = rc == 1;
	return rc == -1 ? -1 : 0;
}

/* item_before - another recipient, who comes first */
static bool
item_before(const struct item *a, const struct item *b)
{
	return !item_same(a, b) && item_less(a, b);
}

/* keeps - is this mark of before among those of now? */
static bool
keeps(const struct marks *now, const struct item *old)
{
	unsigned	i;

	for (i = 0; now != NULL && i < now->n; i++)
		if (now->m[i].reason == item_reason(old))
			return true;
	return false;
}

/* old_done - all marks of one recipient of before; those that an override is
 * needed for and that are not among `now` are counted */
static int
old_done(struct job *j, const struct marks *now)
{
	struct item	who = j->old_item;
	int		rc;

	j->im->before += j->im->replace;
	do {
		j->im->protected += !keeps(now, &j->old_item) &&
		    reason_protected(item_reason(&j->old_item));
		if ((rc = merge_next(j->before, &j->old_item, j->e)) == -1)
			return -1;
		j->old_live = rc == 1;
	} while (rc == 1 && item_same(&who, &j->old_item));
	return 0;
}

/* old_pass - recipients of before up to this one (NULL: to the end) are gone;
 * 1 when this one was there before */
static int
old_pass(struct job *j, const struct item *now, const struct marks *marks)
{
	while (j->old_live && (now == NULL || item_before(&j->old_item,
	    now))) {
		old_gone(j, &j->old_item);
		if (old_done(j, NULL) == -1)
			return -1;
	}
	if (now == NULL || !j->old_live || !item_same(&j->old_item, now))
		return 0;
	return old_done(j, marks) == -1 ? -1 : 1;
}

/* join - one more mark of the same recipient; the later expiry holds */
static void
join(struct marks *m, const struct item *i)
{
	uint16_t	expires = (uint16_t)(i->info >> 16);
	uint16_t	seen = (uint16_t)i->info;
	struct mark	*last = m->n > 0 ? &m->m[m->n - 1] : NULL;

	if (last == NULL || last->reason != item_reason(i)) {
		last = &m->m[m->n++];	/* sorted by reason: at most 9 */
		last->reason = item_reason(i);
		last->flags = 0;
		last->expires = expires;
		last->seen = seen;
		return;
	}
	if (expires == 0 || (last->expires != 0 && expires > last->expires))
		last->expires = expires;
	if (seen != 0 && (last->seen == 0 || seen < last->seen))
		last->seen = seen;
}

/* covers - does a row of a list that stays say all of this already? */
static bool
covers(const struct marks *there, const struct marks *new)
{
	const struct mark	*t;
	unsigned		 i, k;

	for (i = 0; i < new->n; i++) {
		for (k = 0; k < there->n; k++) {
			t = &there->m[k];
			if (t->reason == new->m[i].reason &&
			    (t->flags & MARK_LIFTED) == 0 &&
			    (t->expires == 0 || (new->m[i].expires != 0 &&
			    t->expires >= new->m[i].expires)))
				break;
		}
		if (k == there->n)
			return false;
	}
	return true;
}

/* live - is any mark of it not lifted? */
static bool
live(const struct marks *m)
{
	unsigned	i;

	for (i = 0; i < m->n; i++)
		if ((m->m[i].flags & MARK_LIFTED) == 0)
			return true;
	return false;
}

/* look - a recipient's row in one of the lists that stay; 1, 0 none, -1 */
static int
look(struct job *j, MDB_txn *txn, uint32_t list,
    const uint8_t digest[STORE_DIGEST], struct marks *there)
{
	uint8_t	key[LKEY_SIZE];
	MDB_val	v;
	int	rc;

	lkey_pack(key, list, digest);
	rc = env_get(j->env, txn, T_LISTS, key, sizeof key, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return env_fail(j->env, "look up", rc, j->e);
	if (marks_unpack(v.mv_data, v.mv_size, there) == -1)
		return env_garbled(j->env, "a list's row", j->e);
	return 1;
}

/* probe - look into the lists that stay; 0 not there, 1 there, 2 there and
 * nothing new to say, -1. No reader is held from one to the next: whoever has
 * to resize the map waits for them all. */
static int
probe(struct job *j, const uint8_t digest[STORE_DIGEST],
    const struct marks *marks)
{
	struct reader	*r;
	struct marks	 there;
	int		 i, rc = 0, was = 0;

	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	for (i = 0; i < j->keep.nactive && was != 2 && rc != -1; i++) {
		rc = look(j, r->txn, j->keep.active[i], digest, &there);
		if (rc == 1 && live(&there))
			was = covers(&there, marks) ? 2 : 1;
	}
	env_read_done(r);
	return rc == -1 ? -1 : was;
}

/* tell - what is new about one recipient; 1, 2 the lists that stay say all of
 * it already, -1 */
static int
tell(struct job *j, const struct item *who, const struct marks *marks,
    const uint8_t digest[STORE_DIGEST], uint32_t line)
{
	struct import	*im = j->im;
	int		 was, kept = 0;

	if ((was = old_pass(j, who, marks)) == -1 || (was == 0 &&
	    j->keep.nactive > 0 && (kept = probe(j, digest, marks)) == -1))
		return -1;
	if (was == 0)
		was = kept != 0;
	if (line != 0)
		im->distinct++;
	if (was == 0) {
		im->added++;
		sample(im->added_lines, &im->nadded_lines, line);
	} else if (line != 0) {		/* not one of a list merged in */
		im->unchanged++;
		sample(im->same_lines, &im->nsame_lines, line);
	}
	return kept == 2 ? 2 : 1;
}

/* emit - one recipient of the new list */
static int
emit(struct job *j, const struct item *who, const struct marks *marks,
    uint32_t line)
{
	struct import	*im = j->im;
	uint8_t		 digest[STORE_DIGEST];
	int		 rc = 1;

	put64(digest, who->hi);
	put64(digest + 8, who->lo);
	if (!j->compared &&
	    (rc = tell(j, who, marks, digest, line)) == -1)
		return -1;
	if (im->progress != NULL && ++j->emitted % PROGRESS_EVERY == 0)
		im->progress(im->arg, "loading", j->emitted,
		    im->rows - im->rejected);
	if (j->writer == NULL || rc == 2)
		return 0;
	return list_add(j->writer, digest, marks, j->e);
}

int
import_merge(struct job *j, struct merge *all)
{
	struct marks	marks = { .n = 0 };
	struct item	i, who = { 0, 0, 0 };
	uint32_t	line = 0;
	int		rc;

	while ((rc = merge_next(all, &i, j->e)) == 1) {
		if (marks.n > 0 && !item_same(&i, &who)) {
			if (emit(j, &who, &marks, line) == -1)
				return -1;
			marks.n = 0;
			line = 0;
		}
		who = i;
		join(&marks, &i);
		if (item_line(&i) != 0 && (line == 0 || item_line(&i) < line))
			line = item_line(&i);
		j->domains |= item_domain(&i);
	}
	return rc == -1 || (marks.n > 0 && emit(j, &who, &marks,
	    line) == -1) ? -1 : 0;
}

int
import_compare(struct job *j, struct merge *all)
{
	if (old_first(j) == -1 || import_merge(j, all) == -1 ||
	    old_pass(j, NULL, NULL) == -1)
		return -1;
	j->im->after = j->im->before + j->im->added - j->im->removed;
	j->compared = true;
	return 0;
}

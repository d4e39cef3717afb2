/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.c - is this recipient suppressed?
 *
 * For each readable key: one descent in `entries` finds all scopes and
 * reasons of an address, since its digest leads the key; one in `domains`, if
 * there are any; one mdb_get for each obeyed scope with a list.
 */
#include "store/find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/absent.h"
#include "store/bloom.h"
#include "store/scope.h"
#include "store/sort.h"

#include "base/banned.h"

/* find - one lookup while it runs */
struct find {
	struct store		*s;
	const struct addr	*addr;		/* one of these two */
	const struct store_id	*id;
	const uint32_t		*scopes;
	size_t			 n;
	struct store_entry	*hits;
	size_t			 max, found, in_force;
	int64_t			 now;		/* 0: nobody asked yet */
	struct tables		 tables;
	struct reader		*r;
	const struct filters	*filters;	/* NULL: none */
	bool			 sorted;	/* the next is not far */
	const struct scopes	*table;
	struct err		*e;
};

bool
rec_in_force(enum store_reason reason, const struct rec *r, int64_t now)
{
	if (reason == STORE_SOFT_BOUNCE && (r->flags & REC_TRIPPED) == 0)
		return false;
	return r->expires == 0 || r->expires > now;
}

void
rec_entry(const struct store_id *id, uint32_t scope, enum store_reason reason,
    bool domain, const struct rec *r, int64_t now, struct store_entry *out)
{
	memset(out, 0, sizeof *out);
	out->id = *id;
	out->scope = scope;
	out->reason = reason;
	out->domain = domain;
	out->first = r->first;
	out->last = r->last;
	out->expires = r->expires;
	out->count = r->count;
	memcpy(out->source, r->source, sizeof out->source);
	memcpy(out->evidence, r->evidence, sizeof out->evidence);
	out->in_force = rec_in_force(reason, r, now);
}

/* now - the time of this lookup; most find nothing and never ask */
static int64_t
now(struct find *f)
{
	if (f->now == 0)
		f->now = clock_now();
	return f->now;
}

/* obeyed - does the caller ask for this scope? */
static bool
obeyed(const struct find *f, uint32_t scope)
{
	size_t	i;

	for (i = 0; i < f->n; i++)
		if (f->scopes[i] == scope)
			return true;
	return f->n == 0;
}

/* keep - one more hit; those in force first, and never crowded out */
static void
keep(struct find *f, const struct store_entry *hit)
{
	if (!hit->in_force) {
		if (f->found < f->max)
			f->hits[f->found++] = *hit;
		return;
	}
	if (f->in_force == f->max)
		return;
	if (f->in_force < f->found) {	/* move one that is not away */
		if (f->found < f->max)
			f->hits[f->found++] = f->hits[f->in_force];
	} else
		f->found++;
	f->hits[f->in_force++] = *hit;
}

/* open_cursor - the slot's cursor on a table, at its transaction */
static int
open_cursor(struct find *f, enum env_table t, MDB_cursor **c)
{
	if (*c != NULL)
		return mdb_cursor_renew(f->r->txn, *c);
	return mdb_cursor_open(f->r->txn, f->s->env->dbi[t], c);
}

/* find_entries - all of one digest in `entries` or `domains` */
static int
find_entries(struct find *f, const struct store_id *id, bool domain)
{
	MDB_cursor		**c = domain ? &f->r->domains : &f->r->entries;
	struct env		*env = f->s->env;
	struct store_entry	 hit;
	struct store_id		 got;
	struct rec		 rec;
	enum store_reason	 reason;
	uint8_t			 key[EKEY_ID_SIZE];
	uint32_t		 scope;
	MDB_val			 k = { sizeof key, key }, v;
	int			 rc;

	key[0] = id->key;
	memcpy(key + 1, id->digest, STORE_DIGEST);
	if ((rc = open_cursor(f, domain ? T_DOMAINS : T_ENTRIES, c)) != 0)
		return env_fail(env, "look up", rc, f->e);
	for (rc = mdb_cursor_get(*c, &k, &v, MDB_SET_RANGE); rc == 0;
	    rc = mdb_cursor_get(*c, &k, &v, MDB_NEXT)) {
		if (k.mv_size < sizeof key ||
		    memcmp(k.mv_data, key, sizeof key) != 0)
			return 0;
		if (ekey_unpack(k.mv_data, k.mv_size, &got, &scope,
		    &reason) == -1 || rec_unpack(v.mv_data, v.mv_size,
		    &rec) == -1)
			return env_garbled(env, "an entry", f->e);
		if (!obeyed(f, scope))
			continue;
		rec_entry(&got, scope, reason, domain, &rec, now(f), &hit);
		keep(f, &hit);
	}
	return rc == MDB_NOTFOUND ? 0 : env_fail(env, "look up", rc, f->e);
}

/* keep_marks - the marks of a list's row as hits */
static int
keep_marks(struct find *f, const struct store_id *id, uint32_t scope,
    bool domain, const MDB_val *v)
{
	struct store_entry	hit;
	struct marks		marks;
	unsigned		i;

	if (marks_unpack(v->mv_data, v->mv_size, &marks) == -1)
		return env_garbled(f->s->env, "a list's row", f->e);
	for (i = 0; i < marks.n; i++) {
		if ((marks.m[i].flags & MARK_LIFTED) != 0)
			continue;
		memset(&hit, 0, sizeof hit);
		hit.id = *id;
		hit.scope = scope;
		hit.reason = marks.m[i].reason;
		hit.domain = domain;
		hit.imported = true;
		hit.count = 1;
		if (marks.m[i].seen != 0)
			hit.first = hit.last = day_time(marks.m[i].seen);
		if (marks.m[i].expires != 0)
			hit.expires = day_time(marks.m[i].expires);
		hit.in_force = hit.expires == 0 || hit.expires > now(f);
		memcpy(hit.source, "import", 7);
		keep(f, &hit);
	}
	return 0;
}

/* may_hold - unless a filter says that this list has no such row */
static bool
may_hold(const struct filters *filters, uint32_t list,
    const struct store_id *id)
{
	size_t	i;

	for (i = 0; filters != NULL && i < filters->n; i++)
		if (filters->v[i].list == list)
			return bloom_may_hold(&filters->v[i],
			    get64(id->digest), get64(id->digest + 8));
	return true;
}

/* find_row - in `lists`; a cursor that stands on the row's page already need
 * not come down the tree. A code. */
static int
find_row(struct find *f, const uint8_t key[LKEY_SIZE], MDB_val *v)
{
	MDB_val	k = { LKEY_SIZE, (void *)(uintptr_t)key };

	if (f->sorted)
		return mdb_cursor_get(f->r->lists, &k, v, MDB_SET);
	return env_get(f->s->env, f->r->txn, T_LISTS, key, LKEY_SIZE, v);
}

/* find_list - one scope's lists; dom NULL when the domain is not known */
static int
find_list(struct find *f, const struct scope_info *scope,
    const struct store_id *id, const struct store_id *dom)
{
	struct env	*env = f->s->env;
	uint8_t		 key[LKEY_SIZE];
	MDB_val		 v;
	int		 i, pass, rc;

	for (i = 0; i < scope->nlists; i++) {
		if (scope->lists[i].key != id->key)
			continue;
		for (pass = 0; pass < 2; pass++) {
			if (pass == 1 && (dom == NULL ||
			    !scope->lists[i].domains))
				break;
			if (!may_hold(f->filters, scope->lists[i].list,
			    pass == 0 ? id : dom))
				continue;
			lkey_pack(key, scope->lists[i].list,
			    pass == 0 ? id->digest : dom->digest);
			rc = find_row(f, key, &v);
			if (rc == MDB_NOTFOUND)
				continue;
			if (rc != 0)
				return env_fail(env, "look up", rc, f->e);
			if (keep_marks(f, pass == 0 ? id : dom, scope->id,
			    pass == 1, &v) == -1)
				return -1;
		}
	}
	return 0;
}

/* find_lists - every obeyed scope that has lists */
static int
find_lists(struct find *f, const struct store_id *id,
    const struct store_id *dom)
{
	const struct scope_info	*scope;
	size_t			 i, n = f->n != 0 ? f->n : f->table->n;

	if (f->table->with_lists == 0)
		return 0;
	for (i = 0; i < n; i++) {
		scope = f->n == 0 ? &f->table->v[i] :
		    scopes_find(f->table, f->scopes[i]);
		if (scope != NULL && find_list(f, scope, id, dom) == -1)
			return -1;
	}
	return 0;
}

/* find_under - everything under the i-th key */
static int
find_under(struct find *f, unsigned i)
{
	const struct store_keys	*keys = f->s->keys;
	struct store_id		 id, dom, *d = NULL;

	store_keys_address(keys, i, f->addr, &id);
	if (f->tables.domains || f->table->list_domains) {
		store_keys_domain(keys, i, f->addr->text +
		    f->addr->local_len + 1, &dom);
		d = &dom;
	}
	if ((f->tables.entries && !absent_surely(f->s->env, f->r, &id) &&
	    find_entries(f, &id, false) == -1) ||
	    (f->tables.domains && find_entries(f, d, true) == -1))
		return -1;
	return find_lists(f, &id, d);
}

/* keys_there - is every key that something stands under in the key file? */
static int
keys_there(struct store *s, const struct scopes *t, struct err *e)
{
	unsigned	i;

	for (i = 0; i < t->nkeys; i++)
		if (!store_keys_has(s->keys, t->keys[i]))
			return err_code(e, EX_CONFIG, "store %s: needs store "
			    "key %u, which is not in the key file; put it "
			    "back, then reload", s->env->dir, t->keys[i]);
	return 0;
}

/* find_run - inside the guard */
static int
find_run(void *arg)
{
	struct find	*f = arg;
	unsigned	 i;
	int		 rc = 0;

	if ((f->r = env_read(f->s->env, f->e)) == NULL)
		return -1;
	if ((f->table = scopes_of(f->s->env, f->r, &f->tables,
	    f->e)) == NULL || keys_there(f->s, f->table, f->e) == -1)
		rc = -1;
	else if (f->addr != NULL)
		for (i = 0; i < store_keys_count(f->s->keys) && rc == 0; i++)
			rc = find_under(f, i);
	else if (find_entries(f, f->id, false) == -1 ||
	    (f->tables.domains && find_entries(f, f->id, true) == -1) ||
	    find_lists(f, f->id, NULL) == -1)
		rc = -1;
	env_read_keep(f->s->env, f->r);
	return rc;
}

/* sorted - find_sorted() while it runs */
struct sorted {
	struct find		 f;
	const struct item	*v;
	size_t			 nv;
	const char		*(*domain_of)(void *, size_t);
	void			(*each)(void *, size_t,
				    const struct store_entry *, int);
	void			*arg;
};

/* sorted_one - the i-th of them */
static int
sorted_one(struct sorted *s, size_t i)
{
	struct find	*f = &s->f;
	struct store_id	 id, dom, *d = NULL;

	id.key = store_keys_id(f->s->keys, 0);
	put64(id.digest, s->v[i].hi);
	put64(id.digest + 8, s->v[i].lo);
	if (f->tables.domains || f->table->list_domains) {
		store_keys_domain(f->s->keys, 0, s->domain_of(s->arg, i),
		    &dom);
		d = &dom;
	}
	f->found = f->in_force = 0;
	if ((f->tables.entries && !absent_surely(f->s->env, f->r, &id) &&
	    find_entries(f, &id, false) == -1) ||
	    (f->tables.domains && find_entries(f, d, true) == -1) ||
	    find_lists(f, &id, d) == -1)
		return -1;
	if (f->found > 0)
		s->each(s->arg, i, f->hits, (int)f->found);
	return 0;
}

/* sorted_run - inside the guard */
static int
sorted_run(void *arg)
{
	struct sorted	*s = arg;
	struct find	*f = &s->f;
	size_t		 i;
	int		 rc = 0;

	if ((f->r = env_read(f->s->env, f->e)) == NULL)
		return -1;
	if ((f->table = scopes_of(f->s->env, f->r, &f->tables,
	    f->e)) == NULL || keys_there(f->s, f->table, f->e) == -1)
		rc = -1;
	else if ((rc = open_cursor(f, T_LISTS, &f->r->lists)) != 0)
		rc = env_fail(f->s->env, "look up", rc, f->e);
	for (i = 0; i < s->nv && rc == 0; i++)
		rc = sorted_one(s, i);
	env_read_keep(f->s->env, f->r);
	return rc;
}

int
find_sorted(struct store *s, const struct item *v, size_t n,
    const uint32_t *scopes, size_t nscopes, const struct filters *filters,
    const char *(*domain_of)(void *, size_t), void (*each)(void *, size_t,
    const struct store_entry *, int), void *arg, struct err *e)
{
	struct store_entry	hits[STORE_HITS_MAX];
	struct sorted		so = { .f = { .s = s, .scopes = scopes,
				    .n = nscopes, .hits = hits,
				    .filters = filters, .sorted = true,
				    .max = STORE_HITS_MAX, .e = e },
				    .v = v, .nv = n, .domain_of = domain_of,
				    .each = each, .arg = arg };

	return env_guard(s->env, sorted_run, &so, e);
}

/* find_start - run it and count */
static int
find_start(struct find *f)
{
	if (f->max == 0 || env_guard(f->s->env, find_run, f, f->e) == -1)
		return -1;
	return (int)f->found;
}

int
store_find(struct store *s, const struct addr *addr, const uint32_t *scopes,
    size_t n, struct store_entry *hits, size_t max, struct err *e)
{
	struct find	f = { .s = s, .addr = addr, .scopes = scopes, .n = n,
			    .hits = hits, .max = max,
			    .e = e };

	return find_start(&f);
}

int
store_find_id(struct store *s, const struct store_id *id,
    const uint32_t *scopes, size_t n, struct store_entry *hits, size_t max,
    struct err *e)
{
	struct find	f = { .s = s, .id = id, .scopes = scopes, .n = n,
			    .hits = hits, .max = max,
			    .e = e };

	return find_start(&f);
}

/* known - what the guard watches of store_keys_known() */
struct known {
	struct store	*s;
	struct err	*e;
};

static int
known_run(void *arg)
{
	struct known		*k = arg;
	const struct scopes	*t;
	struct tables		 tables;
	struct reader		*r;
	int			 rc = -1;

	if ((r = env_read(k->s->env, k->e)) == NULL)
		return -1;
	if ((t = scopes_of(k->s->env, r, &tables, k->e)) != NULL)
		rc = keys_there(k->s, t, k->e);
	env_read_done(r);
	return rc;
}

int
store_keys_known(struct store *s, struct err *e)
{
	struct known	k = { s, e };

	return env_guard(s->env, known_run, &k, e);
}

/* -- filters -------------------------------------------------------------- */

struct filtering {
	struct store	 *s;
	const uint32_t	 *scopes;
	size_t		  n;
	struct filters	**out;		/* NULL: only count */
	uint64_t	 *rows;
	uint32_t	  lists[STORE_HITS_MAX];
	uint64_t	  list_rows[STORE_HITS_MAX];
	size_t		  nlists;
	struct err	 *e;
};

/* gather_lists - of the scopes, with their sizes */
static int
gather_lists(struct filtering *f)
{
	const struct scope_info	*s;
	const struct scopes	*t;
	struct tables		 tables;
	struct reader		*r;
	struct run_rec		 run;
	size_t			 i;
	int			 k, rc = 0;

	if ((r = env_read(f->s->env, f->e)) == NULL)
		return -1;
	if ((t = scopes_of(f->s->env, r, &tables, f->e)) == NULL)
		rc = -1;
	for (i = 0; i < f->n && rc != -1; i++) {
		if ((s = scopes_find(t, f->scopes[i])) == NULL)
			continue;
		for (k = 0; k < s->nlists && f->nlists < STORE_HITS_MAX &&
		    rc != -1; k++) {
			rc = run_get(f->s->env, r->txn, s->lists[k].list,
			    &run, f->e);
			f->lists[f->nlists] = s->lists[k].list;
			f->list_rows[f->nlists++] = rc == 1 ? run.rows : 0;
			*f->rows += rc == 1 ? run.rows : 0;
		}
	}
	env_read_done(r);
	return rc == -1 ? -1 : 0;
}

static int
filtering_run(void *arg)
{
	struct filtering	*f = arg;
	struct filters		*fs;
	size_t			 i;
	int			 rc = 0;

	if (gather_lists(f) == -1)
		return -1;
	if (f->out == NULL || f->nlists == 0)
		return 0;
	if ((fs = calloc(1, sizeof *fs)) == NULL)
		return 0;
	fs->v = calloc(f->nlists, sizeof *fs->v);
	for (i = 0; fs->v != NULL && i < f->nlists && rc != -1; i++) {
		rc = bloom_make(f->s->env, f->lists[i], f->list_rows[i],
		    &fs->v[fs->n], f->e);
		fs->n += rc == 1;
	}
	if (rc == -1)
		find_filters_free(&fs);
	*f->out = fs;
	return rc == -1 ? -1 : 0;
}

int
find_filters(struct store *s, const uint32_t *scopes, size_t n,
    struct filters **out, uint64_t *rows, struct err *e)
{
	struct filtering	f = { .s = s, .scopes = scopes, .n = n,
				    .out = out, .rows = rows, .e = e };

	*rows = 0;
	if (out != NULL)
		*out = NULL;
	return env_guard(s->env, filtering_run, &f, e);
}

void
find_filters_free(struct filters **fs)
{
	size_t	i;

	if (*fs == NULL)
		return;
	for (i = 0; i < (*fs)->n; i++)
		bloom_free(&(*fs)->v[i]);
	free((*fs)->v);
	free(*fs);
	*fs = NULL;
}

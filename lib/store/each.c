/* SPDX-License-Identifier: BSD-2-Clause */
/* each.c - every entry, and what can be counted; see admin.h */
#include "store/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "store/find.h"
#include "store/lists.h"
#include "store/scope.h"
#include "store/walk.h"

#include "base/banned.h"

struct every {
	struct store	*s;
	const char	*only;
	uint32_t	 only_id;
	int		(*each)(void *, const struct store_entry *,
			    const char *);
	void		*arg;
	int64_t		 now;
	bool		 domain;
	struct scopes	*table;		/* a reference of ours */
	struct err	*e;
};

/* name_of - of a scope in the table, else its number */
static const char *
name_of(const struct scopes *table, uint32_t id,
    char out[STORE_SCOPE_MAX + 1])
{
	const struct scope_info	*s = scopes_find(table, id);

	if (s != NULL)
		return s->name;
	(void)snprintf(out, STORE_SCOPE_MAX + 1, "%08lx", (unsigned long)id);
	return out;
}

/* scope_table - the table of scopes now, with a reference of our own */
static struct scopes *
scope_table(struct env *env, struct err *e)
{
	const struct scopes	*t;
	struct scopes		*mine = NULL;
	struct reader		*r;
	struct tables		 tables;

	if ((r = env_read(env, e)) == NULL)
		return NULL;
	if ((t = scopes_of(env, r, &tables, e)) != NULL) {
		mine = r->scopes;
		atomic_fetch_add(&mine->refs, 1);
	}
	env_read_done(r);
	return mine;
}

static int
one_entry(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct every		*ev = arg;
	struct store_entry	 en;
	struct store_id		 id;
	struct rec		 r;
	enum store_reason	 reason;
	uint32_t		 scope;
	char			 name[STORE_SCOPE_MAX + 1];

	if (ekey_unpack(k->mv_data, k->mv_size, &id, &scope, &reason) == -1 ||
	    rec_unpack(v->mv_data, v->mv_size, &r) == -1)
		return env_garbled(ev->s->env, "an entry", e);
	if (ev->only != NULL && scope != ev->only_id)
		return 0;
	rec_entry(&id, scope, reason, ev->domain, &r, ev->now, &en);
	return ev->each(ev->arg, &en, name_of(ev->table, scope, name)) != 0;
}

/* one_row - the marks of a list's row */
static int
one_row(struct every *ev, const struct scope_info *s, uint8_t key,
    const uint8_t digest[STORE_DIGEST], const struct marks *m)
{
	struct store_entry	en;
	unsigned		i;

	for (i = 0; i < m->n; i++) {
		if ((m->m[i].flags & MARK_LIFTED) != 0)
			continue;
		memset(&en, 0, sizeof en);
		en.id.key = key;
		memcpy(en.id.digest, digest, STORE_DIGEST);
		en.scope = s->id;
		en.reason = m->m[i].reason;
		en.imported = true;
		en.count = 1;
		if (m->m[i].seen != 0)
			en.first = en.last = day_time(m->m[i].seen);
		if (m->m[i].expires != 0)
			en.expires = day_time(m->m[i].expires);
		en.in_force = en.expires == 0 || en.expires > ev->now;
		(void)snprintf(en.source, sizeof en.source, "import");
		if (ev->each(ev->arg, &en, s->name) != 0)
			return 1;
	}
	return 0;
}

/* one_list - all its rows */
static int
one_list(struct every *ev, const struct scope_info *s,
    const struct scope_list *l)
{
	struct list_reader	r;
	struct marks		m;
	uint8_t			digest[STORE_DIGEST];
	int			rc;

	if (list_open(ev->s->env, l->list, &r, ev->e) == -1)
		return -1;
	while ((rc = list_row(&r, digest, &m, ev->e)) == 1)
		if ((rc = one_row(ev, s, l->key, digest, &m)) != 0)
			break;
	list_close(&r);
	return rc;
}

static int
every_list(struct every *ev)
{
	const struct scope_info	*s;
	size_t			 i;
	int			 k, rc = 0;

	for (i = 0; i < ev->table->n && rc == 0; i++) {
		s = &ev->table->v[i];
		if (ev->only != NULL && s->id != ev->only_id)
			continue;
		for (k = 0; k < s->nlists && rc == 0; k++)
			rc = one_list(ev, s, &s->lists[k]);
	}
	return rc;
}

/* every_run - inside the guard */
static int
every_run(void *arg)
{
	struct every	*ev = arg;
	int		 rc;

	if ((ev->table = scope_table(ev->s->env, ev->e)) == NULL)
		return -1;
	ev->domain = false;
	rc = walk(ev->s->env, T_ENTRIES, NULL, 0, one_entry, ev, ev->e);
	ev->domain = true;
	if (rc == 0)
		rc = walk(ev->s->env, T_DOMAINS, NULL, 0, one_entry, ev,
		    ev->e);
	if (rc == 0)
		rc = every_list(ev);
	scopes_unref(ev->table);
	return rc == -1 ? -1 : 0;
}

int
store_each(struct store *s, const char *scope,
    int (*each)(void *, const struct store_entry *, const char *), void *arg,
    struct err *e)
{
	struct every	ev = { .s = s, .only = scope, .each = each,
			    .arg = arg, .now = clock_now(), .e = e };

	if (scope != NULL)
		ev.only_id = store_scope_id(scope);
	return env_guard(s->env, every_run, &ev, e);
}

/* -- one scope's name ------------------------------------------------------ */

struct naming {
	struct store	*s;
	uint32_t	 scope;
	char		*out;
	struct err	*e;
};

static int
naming_run(void *arg)
{
	struct naming	*n = arg;
	struct scopes	*t;
	const char	*name;
	int		 found;

	if ((t = scope_table(n->s->env, n->e)) == NULL)
		return -1;
	found = scopes_find(t, n->scope) != NULL;
	name = name_of(t, n->scope, n->out);
	if (name != n->out)
		(void)snprintf(n->out, STORE_SCOPE_MAX + 1, "%s", name);
	scopes_unref(t);
	return found;
}

int
store_scope_name(struct store *s, uint32_t scope,
    char out[STORE_SCOPE_MAX + 1], struct err *e)
{
	struct naming	n = { s, scope, out, e };

	return env_guard(s->env, naming_run, &n, e);
}

/* -- numbers --------------------------------------------------------------- */

struct counting {
	struct store		*s;
	struct store_stats	*st;
	struct err		*e;
};

/* rows_in - of one table */
static int
rows_in(struct env *env, MDB_txn *txn, enum env_table t, uint64_t *n,
    struct err *e)
{
	MDB_stat	st;
	int		rc;

	if ((rc = mdb_stat(txn, env->dbi[t], &st)) != 0)
		return env_fail(env, "count", rc, e);
	*n = st.ms_entries;
	return 0;
}

static int
counting_run(void *arg)
{
	struct counting		*c = arg;
	struct env		*env = c->s->env;
	struct store_stats	*st = c->st;
	struct reader		*r;
	struct stat		 file;
	MDB_envinfo		 info;
	MDB_stat		 ms;
	int			 fd, rc = 0;

	memset(st, 0, sizeof *st);
	if (mdb_env_info(env->mdb, &info) != 0 ||
	    mdb_env_stat(env->mdb, &ms) != 0 ||
	    mdb_env_get_fd(env->mdb, &fd) != 0 || fstat(fd, &file) == -1)
		return env_fail(env, "count", MDB_INVALID, c->e);
	st->octets_file = (uint64_t)file.st_size;
	st->octets_used = (info.me_last_pgno + 1) * ms.ms_psize;
	st->readers = info.me_numreaders;
	if ((r = env_read(env, c->e)) == NULL)
		return -1;
	if (rows_in(env, r->txn, T_ENTRIES, &st->entries, c->e) == -1 ||
	    rows_in(env, r->txn, T_DOMAINS, &st->domains, c->e) == -1 ||
	    rows_in(env, r->txn, T_RUNS, &st->lists, c->e) == -1 ||
	    rows_in(env, r->txn, T_LISTS, &st->list_rows, c->e) == -1 ||
	    rows_in(env, r->txn, T_JOURNAL, &st->journal, c->e) == -1 ||
	    rows_in(env, r->txn, T_SCOPES, &st->scopes, c->e) == -1)
		rc = -1;
	env_read_done(r);
	return rc;
}

int
store_stats(struct store *s, struct store_stats *st, struct err *e)
{
	struct counting	c = { s, st, e };

	return env_guard(s->env, counting_run, &c, e);
}

/* by_scope - numbers of one scope while they are gathered */
struct by_scope {
	uint32_t	id;
	char		name[STORE_SCOPE_MAX + 1];
	uint64_t	all[STORE_REASON_MAX], in_force[STORE_REASON_MAX];
};

struct tally {
	struct by_scope	*v;
	size_t		 n, cap, last;
	bool		 failed;
};

/* tally_of - the numbers of a scope; the last one again, most of the time */
static struct by_scope *
tally_of(struct tally *t, uint32_t id, const char *name)
{
	struct by_scope	*v;
	size_t		 i;

	if (t->last < t->n && t->v[t->last].id == id)
		return &t->v[t->last];
	for (i = 0; i < t->n; i++)
		if (t->v[i].id == id)
			return &t->v[t->last = i];
	if (t->n == t->cap) {
		v = realloc(t->v, (t->cap * 2 + 16) * sizeof *v);
		if (v == NULL)
			return NULL;
		t->v = v;
		t->cap = t->cap * 2 + 16;
	}
	memset(&t->v[t->n], 0, sizeof *t->v);
	t->v[t->n].id = id;
	(void)snprintf(t->v[t->n].name, sizeof t->v->name, "%s", name);
	return &t->v[t->last = t->n++];
}

static int
tally_one(void *arg, const struct store_entry *en, const char *scope)
{
	struct tally	*t = arg;
	struct by_scope	*b = tally_of(t, en->scope, scope);

	if (b == NULL) {
		t->failed = true;
		return 1;
	}
	b->all[en->reason]++;
	b->in_force[en->reason] += en->in_force;
	return 0;
}

int
store_stats_each(struct store *s, int (*each)(void *, const char *,
    enum store_reason, uint64_t, uint64_t), void *arg, struct err *e)
{
	struct tally	t = { .v = NULL };
	size_t		i;
	int		reason, rc;

	rc = store_each(s, NULL, tally_one, &t, e);
	if (rc == 0 && t.failed)
		rc = err_code(e, EX_OSERR, "no memory");
	for (i = 0; i < t.n && rc == 0; i++)
		for (reason = 1; reason < STORE_REASON_MAX; reason++)
			if (t.v[i].all[reason] != 0 && each(arg, t.v[i].name,
			    (enum store_reason)reason,
			    t.v[i].in_force[reason],
			    t.v[i].all[reason]) != 0)
				break;
	free(t.v);
	return rc;
}

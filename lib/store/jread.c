/* SPDX-License-Identifier: BSD-2-Clause */
/* jread.c - showing the journal; see admin.h */
#include "store/admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/journal.h"
#include "store/scope.h"
#include "store/walk.h"

#include "base/banned.h"

static const char *const op_names[J_OP_MAX] = {
	[J_ADD] = "add", [J_REMOVE] = "remove", [J_RESET] = "delivered",
	[J_LIFT] = "remove", [J_IMPORT] = "import", [J_ROLLBACK] = "rollback",
	[J_REKEY] = "rekey", [J_EXPIRE] = "expire", [J_CUT] = "cut",
	[J_SCOPE] = "scope", [J_DROP] = "drop scope",
	[J_LATE] = "late",
};

struct showing {
	struct store			*s;
	const struct store_filter	*f;
	struct store_id			 id[STORE_KEYS_MAX];
	unsigned			 nids;
	uint32_t			 scope;
	int				(*each)(void *,
					    const struct store_event *);
	void				*arg;
	struct store_event		*ev;
	struct err			*e;
};

/* text - a string of the record, ended */
static void
text(char *out, size_t size, const char *s, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(out, s, n);
	out[n] = '\0';
}

/* detail - what the record keeps beside its head */
static void
detail(const struct jrec *j, struct store_event *ev)
{
	const uint8_t	*p = j->detail;
	size_t		 n = j->detail_len, skip;
	struct run_rec	 run;
	struct rec	 r;

	if (j->op == J_IMPORT) {
		skip = n > 0 ? 1 + 4 * (size_t)p[0] : 0;
		if (skip < n)
			skip += 1 + 4 * (size_t)p[skip];
		if (skip >= n || run_unpack(p + skip, n - skip, &run) == -1)
			return;
		/* the new one stands behind those that stay */
		if (run.rows > 0 && p[1 + 4 * p[0]] > 0)
			ev->list = get32(p + skip - 4);
		ev->rows = run.rows;
		memcpy(ev->file, run.file, sizeof ev->file);
		memcpy(ev->digest, run.digest, sizeof ev->digest);
	} else if (j->op == J_DROP) {	/* the table knows it no more */
		skip = n > 0 ? 2 + 4 * (size_t)p[0] : n;
		if (skip < n)
			text(ev->scope, sizeof ev->scope, (const char *)p +
			    skip, n - skip);
	} else if (j->op == J_LATE && n == LATE_SIZE) {
		ev->late = (int64_t)get64(p + 8) - (int64_t)get64(p);
		ev->count = get32(p + 16);
	} else if (j->op == J_LIFT && n >= 4)
		ev->list = get32(p);
	else if ((j->op == J_ADD || j->op == J_REMOVE || j->op == J_RESET ||
	    j->op == J_EXPIRE) && rec_unpack(p, n, &r) == 0) {
		memcpy(ev->source, r.source, sizeof ev->source);
		memcpy(ev->evidence, r.evidence, sizeof ev->evidence);
		ev->expires = r.expires;
		ev->count = r.count;
	} else if (j->op == J_REKEY && n > EKEY_ID_SIZE &&
	    rec_unpack(p + EKEY_ID_SIZE, n - EKEY_ID_SIZE, &r) == 0)
		ev->count = r.count;
}

/* matches - does the filter let it through? */
static bool
matches(const struct showing *sh, const struct jrec *j)
{
	const struct store_filter	*f = sh->f;
	int64_t				 secs = (int64_t)(j->hlc >> 16) / 1000;
	unsigned			 i;

	if (secs < f->from || (f->to != 0 && secs >= f->to))
		return false;
	if (f->scope != NULL && j->scope != sh->scope)
		return false;
	if (f->actor != NULL && (strlen(f->actor) != j->actor_len ||
	    memcmp(f->actor, j->actor, j->actor_len) != 0))
		return false;
	if (sh->nids == 0)
		return true;
	for (i = 0; i < sh->nids; i++)
		if (sh->id[i].key == j->id.key && memcmp(sh->id[i].digest,
		    j->id.digest, STORE_DIGEST) == 0)
			return true;
	return false;
}

static int
show_one(void *arg, const MDB_val *k, const MDB_val *v, struct err *e)
{
	struct showing		*sh = arg;
	struct store_event	*ev = sh->ev;
	struct jrec		 j;

	if (k->mv_size != 8 || jrec_unpack(get64(k->mv_data), v->mv_data,
	    v->mv_size, &j) == -1)
		return env_garbled(sh->s->env, "the journal", e);
	if (!matches(sh, &j))
		return 0;
	memset(ev, 0, sizeof *ev);
	ev->seq = j.seq;
	ev->time_ms = (int64_t)(j.hlc >> 16);
	ev->op = op_names[j.op];
	ev->id = j.id;
	ev->domain = j.domain;
	ev->reason = j.reason;
	text(ev->actor, sizeof ev->actor, j.actor, j.actor_len);
	text(ev->note, sizeof ev->note, j.note, j.note_len);
	memcpy(ev->hash, j.hash, sizeof ev->hash);
	detail(&j, ev);
	if (j.scope != 0 && ev->scope[0] == '\0' &&
	    store_scope_name(sh->s, j.scope, ev->scope, e) == -1)
		return -1;
	return sh->each(sh->arg, ev) != 0;
}

static int
showing_run(void *arg)
{
	struct showing	*sh = arg;
	uint8_t		 from[8];

	put64(from, sh->f->after + 1);
	return walk(sh->s->env, T_JOURNAL, from, sizeof from, show_one, sh,
	    sh->e);
}

int
store_journal_each(struct store *s, const struct store_filter *f,
    int (*each)(void *, const struct store_event *), void *arg,
    struct err *e)
{
	struct store_event	ev;
	struct showing		sh = { .s = s, .f = f, .each = each,
				    .arg = arg, .ev = &ev, .e = e };
	unsigned		i;

	if (f->addr != NULL || f->domain != NULL) {
		sh.nids = store_keys_count(s->keys);
		for (i = 0; i < sh.nids; i++)
			if (f->addr != NULL)
				store_keys_address(s->keys, i, f->addr,
				    &sh.id[i]);
			else
				store_keys_domain(s->keys, i, f->domain,
				    &sh.id[i]);
	}
	if (f->scope != NULL)
		sh.scope = store_scope_id(f->scope);
	return env_guard(s->env, showing_run, &sh, e);
}

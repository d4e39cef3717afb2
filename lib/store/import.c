/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import.c - see import.h
 *
 *	read	the caller's thread cuts the file into blocks, workers turn
 *		rows into digests and sort them (import_read.c, intake.c,
 *		rows.c, sort.c)
 *	merge	all sorted runs, and the scope's lists when the import adds to
 *		them, give one stream; beside it walk the lists of before, so
 *		that what is added and removed is known; when those are under
 *		another store key, each row is hashed under it as well, sorted
 *		and compared first (import_merge.c)
 *	load	the stream is appended to `lists` in small transactions
 *		(listnew.c)
 *	switch	one transaction: the scope names the new list, the journal
 *		says so; what somebody removed meanwhile is lifted
 *		(import_switch.c)
 *	sweep	lists that no rollback can need are deleted
 */
#include "store/import_int.h"

#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/scope.h"
#include "store/switch.h"

#include "base/banned.h"

/* begin - the scope as it is, and the journal's number */
static int
begin(struct job *j)
{
	struct reader	*r;
	struct head	 h;
	int		 rc;

	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	if ((rc = scope_get(j->env, r->txn, j->scope_id, &j->scope,
	    j->e)) != -1 && env_head(j->env, r->txn, &h, j->e) == -1)
		rc = -1;
	env_read_done(r);
	if (rc == -1)
		return -1;
	if (rc == 1 && strcmp(j->scope.name, j->im->scope) != 0)
		return err_code(j->e, EX_DATAERR, "scope %s: its number "
		    "belongs to scope %s: choose another name", j->im->scope,
		    j->scope.name);
	if (rc == 0)
		memset(&j->scope, 0, sizeof j->scope);
	j->seq = h.seq;
	return 0;
}

/* new_run - the record of the list to be */
static void
new_run(const struct job *j, struct run_rec *run)
{
	const char	*base = strrchr(j->im->name, '/');

	memset(run, 0, sizeof *run);
	run->key = store_keys_id(j->s->keys, 0);
	run->scope = j->scope_id;
	(void)snprintf(run->actor, sizeof run->actor, "%s", j->im->actor);
	base = base != NULL ? base + 1 : j->im->name;
	/* "ann@example.com.txt": the store holds no address */
	(void)snprintf(run->file, sizeof run->file, "%s",
	    strchr(base, '@') != NULL ? "(a name with @)" : base);
}

/* other_key - the scope's lists are under another key than new rows: they
 * cannot be merged, but compared when that key is there, too */
static int
other_key(struct job *j, uint8_t key)
{
	const struct store_keys	*keys = j->s->keys;

	if (!j->im->replace)
		return err_code(j->e, EX_CONFIG, "scope %s: its list is under "
		    "store key %u, new rows would be under %u; import the "
		    "whole list with --replace", j->im->scope, key,
		    store_keys_id(keys, 0));
	for (j->old_key = store_keys_count(keys) - 1; j->old_key > 0;
	    j->old_key--)
		if (store_keys_id(keys, j->old_key) == key)
			return 1;
	return err_code(j->e, EX_CONFIG, "scope %s: its list is under store "
	    "key %u, which the key file lacks, so nobody can tell what would "
	    "be dropped; put that key back, after the others", j->im->scope,
	    key);
}

/* same_key - are the scope's lists, all under one key, under ours? */
static int
same_key(struct job *j)
{
	struct reader	*r;
	struct run_rec	 run;
	int		 i, rc = 1;

	if (j->scope.nactive == 0)
		return 0;
	if ((r = env_read(j->env, j->e)) == NULL)
		return -1;
	for (i = 0; i < j->scope.nactive && rc == 1; i++) {
		rc = run_get(j->env, r->txn, j->scope.active[i], &run, j->e);
		if (rc != 1)
			continue;
		if (!j->im->replace)
			j->domains |= run.domains;
		if (run.key != store_keys_id(j->s->keys, 0))
			rc = other_key(j, run.key);
	}
	env_read_done(r);
	return rc == -1 ? -1 : 0;
}

/* may_replace - the guards against a wrong file */
static int
may_replace(const struct job *j)
{
	const struct import	*im = j->im;
	double			 percent;

	if (!im->replace || im->before == 0)
		return 0;
	percent = 100.0 * (double)im->removed / (double)im->before;
	if (im->removed == 0)
		;
	else if (im->max_shrink >= 0 ? percent > im->max_shrink :
	    im->after == 0)
		return err_code(j->e, EX_DATAERR, "%s: would drop %" PRIu64
		    " of %" PRIu64 " recipients (%.1f%%); nothing was changed; "
		    "allow it with --max-shrink", im->name, im->removed,
		    im->before, percent);
	if (im->protected > 0 && !im->dry_run && (!im->override ||
	    im->note == NULL || im->note[0] == '\0'))
		return err_code(j->e, EX_NOPERM, "%s: would drop %" PRIu64
		    " complaint or legal entries; nothing was changed; that "
		    "needs --override and --note", im->name, im->protected);
	return 0;
}

/* load - the part inside the guard, after reading */
static int
load(void *arg)
{
	struct job	*j = arg;
	struct run_rec	 run;

	if (import_open(j) == -1)
		return -1;
	if (j->old_key != 0 && (import_compare(j, j->twin) == -1 ||
	    may_replace(j) == -1))
		return -1;
	new_run(j, &run);
	if (!j->im->dry_run && j->im->progress != NULL &&
	    env_locked(j->env, LOCK_APPEND))
		j->im->progress(j->im->arg, "waiting", 0, 0);
	if (!j->im->dry_run && list_new(j->env, &run, &j->writer, j->e) == -1)
		return -1;
	if ((j->compared ? import_merge(j, j->all) :
	    import_compare(j, j->all)) == -1 || may_replace(j) == -1)
		return -1;
	if (j->im->dry_run)
		return 0;
	if (list_finish(j->writer, j->domains, &j->im->list, &run,
	    j->e) == -1)
		return -1;
	return import_switch(j, &run);
}

/* prepare - inside the guard: debris of others, then the scope */
static int
prepare(void *arg)
{
	struct job	*j = arg;

	if (!j->im->dry_run && lists_sweep(j->env, 0, j->e) == -1)
		return -1;
	return begin(j) == -1 ? -1 : same_key(j);
}

/* clean - inside the guard: our own debris, or lists that went out of use */
static int
clean(void *arg)
{
	struct job	*j = arg;

	return lists_sweep(j->env, 0, j->e);
}

static void
job_free(struct job *j)
{
	unsigned	i;

	list_drop(&j->writer);
	merge_free(&j->all);
	merge_free(&j->twin);
	merge_free(&j->before);
	for (i = 0; i < SCOPE_LISTS; i++) {
		list_close(&j->old[i]);
		list_close(&j->shadow[i]);
	}
	for (i = 0; i < j->workers; i++) {
		sorter_free(&j->sorters[i]);
		sorter_free(&j->twins[i]);
	}
}

int
store_import(struct store *s, int fd, struct import *im, struct err *e)
{
	struct job	j = { .s = s, .env = s->env, .im = im, .e = e,
			    .lock = -1 };
	struct err	ignored;
	int		rc;

	if (!store_scope_ok(im->scope))
		return err_code(e, EX_USAGE, "scope \"%s\": a scope is 1 to 64 "
		    "of a-z 0-9 . _ - or *", im->scope);
	if (store_names_address(im->note))
		return err_code(e, EX_USAGE, "a note must not hold an "
		    "address: the journal keeps it in the clear");
	j.workers = im->workers != 0 && im->workers <= WORKERS_MAX ?
	    im->workers : intake_cores();
	j.scope_id = store_scope_id(im->scope);
	if (!im->dry_run && (j.lock = switch_lock(j.env, im->scope, e)) == -1)
		return -1;
	rc = env_guard(j.env, prepare, &j, e);
	if (rc == 0)
		rc = import_read(&j, fd);
	/* no rows add nothing; they may well replace everything */
	if (rc == 0 && (im->replace || im->rows > im->rejected))
		rc = env_guard(j.env, load, &j, e);
	job_free(&j);
	env_unlock(j.lock);
	j.e = &ignored;		/* the lists are as they should be; what is */
	if (!im->dry_run)	/* left over the next writer deletes */
		(void)env_guard(j.env, clean, &j, &ignored);
	return rc;
}

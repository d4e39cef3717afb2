/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-store-torture.c - the n-th allocation fails, the n-th write fails, for
 * every n of each operation: an error, and the store as it was
 *
 * Allocations of our own code are caught by --wrap; LMDB's writes by
 * env_fail_write.
 */
#include "unit.h"

#include <stdatomic.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/admin.h"
#include "store/cleanse.h"
#include "store/env.h"
#include "store/import.h"
#include "store/store.h"

static char			 dir[64], path[128], key_path[128], list[128];
static struct store_keys	*keys;
static struct store		*s;

static atomic_long		 fail_alloc;	/* 0 = never */

void	*__real_malloc(size_t);
void	*__real_calloc(size_t, size_t);
void	*__real_realloc(void *, size_t);
void	*__wrap_malloc(size_t);
void	*__wrap_calloc(size_t, size_t);
void	*__wrap_realloc(void *, size_t);

static bool
alloc_fails(void)
{
	return atomic_load(&fail_alloc) > 0 &&
	    atomic_fetch_sub(&fail_alloc, 1) == 1;
}

void *
__wrap_malloc(size_t n)
{
	return alloc_fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t k)
{
	return alloc_fails() ? NULL : __real_calloc(n, k);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return alloc_fails() ? NULL : __real_realloc(p, n);
}

static struct addr
address(const char *text)
{
	struct addr	a;

	memset(&a, 0, sizeof a);
	snprintf(a.text, sizeof a.text, "%s", text);
	a.local_len = strcspn(text, "@");
	return a;
}

/* -- the state that must not be half changed ------------------------------ */

struct state {
	uint64_t	entries, domains, rows, lists;
};

static int
count_one(void *arg, const struct store_entry *en, const char *scope)
{
	struct state	*st = arg;

	(void)scope;
	st->rows += en->imported;
	st->entries += !en->imported && !en->domain;
	st->domains += !en->imported && en->domain;
	return 0;
}

static void
fault(void *arg, const char *what)
{
	(void)arg;
	fail_msg("verify: %s", what);
}

static struct state
look(void)
{
	struct state		st = { .entries = 0 };
	struct store_check	c;
	struct err		e = { .msg = "" };

	if (store_each(s, NULL, count_one, &st, &e) == -1)
		fail_msg("each: %s", e.msg);
	if (store_verify(s, &c, fault, NULL, &e) == -1)
		fail_msg("verify: %s", e.msg);
	st.lists = c.lists;
	return st;
}

/* -- operations ----------------------------------------------------------- */

static int
op_apply(struct err *e)
{
	struct addr		a = address("x@a.example");
	struct addr		b = address("r5@l.example");
	struct store_change	c[3] = {
		{ .op = STORE_ADD, .addr = &a, .scope = "new",
		    .reason = STORE_OPTOUT, .dedup = "r1" },
		{ .op = STORE_ADD, .domain = "d.example", .scope = "*",
		    .reason = STORE_MANUAL },
		{ .op = STORE_REMOVE, .addr = &b, .scope = "list" },
	};

	return store_apply(s, "torture", c, 3, e);
}

static int
op_import(struct err *e)
{
	struct import	im = { .name = list, .scope = "list",
			    .max_shrink = 100, .actor = "torture",
			    .workers = 2, .memory = 48 * 1024 };
	FILE		*f = fopen(list, "r");
	int		 rc;

	rc = store_import(s, fileno(f), &im, e);
	fclose(f);
	return rc;
}

static int
op_rollback(struct err *e)
{
	struct rollback	rb = { .scope = "list", .actor = "torture" };

	/* done before a failure in clearing up: a success, and there is none
	 * left to undo */
	if (store_rollback(s, &rb, e) == 0 || e->code == EX_DATAERR)
		return 0;
	return -1;
}

static const struct store_entry *
stops(void *arg, const struct store_entry *hits, int n)
{
	(void)arg;
	return n > 0 ? hits : NULL;
}

static int
op_cleanse(struct err *e)
{
	struct cleanse	c = { .name = list, .stops = stops, .workers = 2 };
	FILE		*f = fopen(list, "r");
	int		 rc;

	c.out = tmpfile();
	rc = store_cleanse(s, fileno(f), &c, e);
	if (rc == 0 && (c.rows != c.kept + c.dropped || c.dropped == 0))
		fail_msg("cleanse counts");
	fclose(c.out);
	fclose(f);
	return rc;
}

static int
op_find(struct err *e)
{
	struct addr		a = address("r1@l.example");
	struct store_entry	h[4];
	int			n = store_find(s, &a, NULL, 0, h, 4, e);

	if (n == 0)
		fail_msg("a failure is not \"absent\"");
	return n == -1 ? -1 : 0;
}

static int
op_reopen(struct err *e)
{
	struct store	*old = s;

	store_close(&old);
	if (store_open(path, STORE_WRITE, keys, &s, e) == 0)
		return 0;
	atomic_store(&fail_alloc, 0);
	atomic_store(&env_fail_write, 0);
	assert_int_equal(store_open(path, STORE_WRITE, keys, &s, NULL), 0);
	return -1;
}

static int
op_stats(struct err *e)
{
	struct store_stats	st;

	return store_stats(s, &st, e);
}

static int
op_verify(struct err *e)
{
	struct store_check	c;

	return store_verify(s, &c, fault, NULL, e);
}

static int
op_backup(struct err *e)
{
	char	to[128], cmd[200];
	int	rc;

	snprintf(to, sizeof to, "%s/backup", dir);
	rc = store_backup(s, to, e);
	if (rc == -1 && access(to, F_OK) == 0)
		fail_msg("half a backup is left");
	snprintf(cmd, sizeof cmd, "rm -rf '%s'", to);
	return system(cmd) == 0 ? rc : -1;
}

/* -- the wheel ------------------------------------------------------------ */

static bool
same(const struct state *a, const struct state *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* turn - op with the n-th failure, until it no longer meets one */
static void
turn(const char *name, int (*op)(struct err *), atomic_long *which,
    bool changes)
{
	struct state	before = look(), after;
	struct err	e;
	long		n, met = 0;
	int		rc;

	for (n = 1;; n++) {
		memset(&e, 0, sizeof e);
		atomic_store(which, n);
		rc = op(&e);
		if (atomic_load(which) > 0)
			break;		/* fewer than n of them */
		atomic_store(which, 0);
		met++;
		after = look();
		if (rc == 0) {		/* it could do without */
			before = after;
			continue;
		}
		if (!same(&before, &after))
			fail_msg("%s, failure %ld: the store changed", name,
			    n);
		if (e.msg[0] == '\0')
			fail_msg("%s, failure %ld: no message", name, n);
		if (n > 5000)
			fail_msg("%s: no end", name);
	}
	atomic_store(which, 0);
	if (rc != 0)
		fail_msg("%s without failure: %s", name, e.msg);
	after = look();
	if (changes && met == 0)
		fail_msg("%s met no failure", name);
	print_message("# %s: %ld failures\n", name, met);
}

static const struct {
	const char	*name;
	int		(*op)(struct err *);
	bool		 changes;
} ops[] = {
	{ "import", op_import, true }, { "apply", op_apply, false },
	{ "find", op_find, false }, { "cleanse", op_cleanse, false },
	{ "import again", op_import, true }, { "verify", op_verify, false },
	{ "stats", op_stats, false }, { "rollback", op_rollback, false },
	{ "backup", op_backup, false }, { "reopen", op_reopen, false },
};

static void
allocations(void **state)
{
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof ops / sizeof *ops; i++)
		turn(ops[i].name, ops[i].op, &fail_alloc, ops[i].changes);
}

static void
writes(void **state)
{
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof ops / sizeof *ops; i++)
		turn(ops[i].name, ops[i].op, &env_fail_write, ops[i].changes);
}

static int
setup(void **state)
{
	struct err	e = { .msg = "" };
	FILE		*f;
	int		i;

	(void)state;
	snprintf(dir, sizeof dir, "/tmp/test-store-torture.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/store", dir);
	snprintf(key_path, sizeof key_path, "%s/key", dir);
	snprintf(list, sizeof list, "%s/list", dir);
	f = fopen(list, "w");
	for (i = 0; i < 3000; i++)	/* spills: see op_import's memory */
		fprintf(f, "r%d@l.example\n", i);
	fclose(f);
	assert_int_equal(store_keys_create(key_path, &e), 0);
	assert_int_equal(store_keys_load(key_path, &keys, &e), 0);
	assert_int_equal(store_create(path, &e), 0);
	assert_int_equal(store_open(path, STORE_WRITE, keys, &s, &e), 0);
	return 0;
}

static int
teardown(void **state)
{
	char	cmd[160];

	(void)state;
	atomic_store(&fail_alloc, 0);
	atomic_store(&env_fail_write, 0);
	store_close(&s);
	store_keys_free(&keys);
	snprintf(cmd, sizeof cmd, "rm -r '%s'", dir);
	return system(cmd) == 0 ? 0 : -1;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(allocations, setup, teardown),
	cmocka_unit_test_setup_teardown(writes, setup, teardown),
};

UNIT_MAIN(tests)

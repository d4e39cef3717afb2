/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test-store-crash.c - kill -9 at any moment: what was acknowledged is there,
 * what was not is there whole or not at all
 *
 * A child works on the store with four threads (single adds and removals;
 * three changes in one; reports with a dedup text; imports and rollbacks) and
 * keeps a model in memory that it shares with its parent. The parent kills it
 * after a moment and starts the next, which first compares the store with the
 * model. MAILWEIR_LONG=1 kills 1,000 times.
 */
#include "unit.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/admin.h"
#include "store/import.h"
#include "store/store.h"

#define WHO		60	/* addresses of a thread */
#define WORKERS		3	/* that change single addresses */
#define LIST		400	/* rows of a list */
#define STEP		50	/* by which the next one is shifted */
#define SPAN		1200	/* addresses that lists choose from */

/* one operation while it is under way */
enum { IDLE, BEGUN, ACKED };

struct doing {
	atomic_int	state;
	int		n, who[3];
	unsigned	count[3];	/* of each afterwards; 0 = absent */
	unsigned	dedup;		/* number of a report, 0 none */
};

struct worker {
	unsigned	count[WHO];
	struct doing	doing;
};

struct model {
	struct worker	w[WORKERS];
	unsigned	reports;
	/* lists: where the one in force begins, and the one before; -1 none */
	int		list, before;
	atomic_int	list_state;
	int		list_next, before_next;
	/* of the run */
	unsigned	kills;
	atomic_uint	changes, imports;
	char		fault[256];
};

static struct model	*m;
static struct store	*s;
static char		 dir[64], path[128], key_path[128];

static void
wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

static void
wrong(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(m->fault, sizeof m->fault, fmt, ap);
	va_end(ap);
	_exit(1);
}

static struct addr
address(const char *kind, int worker, int i)
{
	struct addr	a;

	memset(&a, 0, sizeof a);
	snprintf(a.text, sizeof a.text, "%s%d@w%d.example", kind, i, worker);
	a.local_len = strcspn(a.text, "@");
	return a;
}

/* count_of - as the store has it; 0 = absent */
static unsigned
count_of(int worker, int i)
{
	struct addr		a = address("u", worker, i);
	struct store_entry	h[4];
	struct err		e;
	uint32_t		scope = store_scope_id("*");
	int			n = store_find(s, &a, &scope, 1, h, 4, &e);

	if (n == -1)
		wrong("find: %s", e.msg);
	return n == 0 ? 0 : h[0].count;
}

/* -- changes -------------------------------------------------------------- */

static void
settle(struct worker *w)
{
	int	i;

	for (i = 0; i < w->doing.n; i++)
		w->count[w->doing.who[i]] = w->doing.count[i];
	atomic_store(&w->doing.state, IDLE);
}

/* submit - tell the store what w->doing says */
static int
submit(int worker, struct err *e)
{
	struct doing		*d = &m->w[worker].doing;
	struct store_change	 c[3];
	struct addr		 a[3];
	char			 dedup[32];
	int			 i;

	memset(c, 0, sizeof c);
	snprintf(dedup, sizeof dedup, "report-%u", d->dedup);
	for (i = 0; i < d->n; i++) {
		a[i] = address("u", worker, d->who[i]);
		c[i].op = d->count[i] == 0 ? STORE_REMOVE : STORE_ADD;
		c[i].addr = &a[i];
		c[i].scope = "*";
		c[i].reason = STORE_MANUAL;
		c[i].dedup = d->dedup != 0 ? dedup : NULL;
	}
	return store_apply(s, "crash", c, (size_t)d->n, e);
}

/* one - the next change of a worker */
static void
one(int worker, unsigned *seed)
{
	struct worker	*w = &m->w[worker];
	struct doing	*d = &w->doing;
	struct err	 e;
	int		 i, first = (int)(rand_r(seed) % WHO);

	d->n = worker == 1 ? 3 : 1;
	d->dedup = worker == 2 ? ++m->reports : 0;
	for (i = 0; i < d->n; i++) {
		d->who[i] = (first + i * 7) % WHO;
		/* one time in three an entry that is there goes */
		d->count[i] = w->count[d->who[i]] != 0 && worker != 2 &&
		    rand_r(seed) % 3 == 0 ? 0 : w->count[d->who[i]] + 1;
	}
	atomic_store(&d->state, BEGUN);
	if (submit(worker, &e) == -1)
		wrong("apply: %s", e.msg);
	atomic_store(&d->state, ACKED);
	settle(w);
	atomic_fetch_add(&m->changes, 1);
}

static void *
changer(void *arg)
{
	int		worker = (int)(intptr_t)arg;
	unsigned	seed = m->kills * 31u + (unsigned)worker;

	for (;;)
		one(worker, &seed);
	return NULL;
}

/* check_worker - the store against the model */
static void
check_worker(int worker)
{
	struct worker	*w = &m->w[worker];
	struct doing	*d = &w->doing;
	struct err	 e;
	int		 i, old = 0, new = 0;
	unsigned	 got;

	if (atomic_load(&d->state) == ACKED)
		settle(w);
	if (atomic_load(&d->state) == BEGUN) {
		/* a report comes again until it is acknowledged */
		if (d->dedup != 0 && submit(worker, &e) == -1)
			wrong("apply again: %s", e.msg);
		for (i = 0; i < d->n; i++) {
			got = count_of(worker, d->who[i]);
			old += got == w->count[d->who[i]];
			new += got == d->count[i];
		}
		if (d->dedup != 0 ? new != d->n : old != d->n && new != d->n)
			wrong("worker %d: half a change, or twice", worker);
		if (new == d->n)
			settle(w);
		atomic_store(&d->state, IDLE);
	}
	for (i = 0; i < WHO; i++)
		if ((got = count_of(worker, i)) != w->count[i])
			wrong("worker %d, address %d: %u, acknowledged %u",
			    worker, i, got, w->count[i]);
}

/* -- lists ---------------------------------------------------------------- */

static void
write_list(int from, char *file, size_t size)
{
	FILE	*f;
	int	 i;

	snprintf(file, size, "%s/list", dir);
	if ((f = fopen(file, "w")) == NULL)
		wrong("cannot write");
	for (i = from; i < from + LIST; i++)
		fprintf(f, "l%d@w9.example\n", i % SPAN);
	fclose(f);
}

static void
import(int from)
{
	struct import	im = { .scope = "list", .replace = true,
			    .max_shrink = 100, .actor = "crash",
			    .workers = 1, .memory = 1 << 20 };
	struct err	e;
	char		file[160];
	FILE		*f;

	write_list(from, file, sizeof file);
	im.name = file;
	f = fopen(file, "r");
	m->before_next = m->list;
	m->list_next = from;
	atomic_store(&m->list_state, BEGUN);
	if (store_import(s, fileno(f), &im, &e) == -1)
		wrong("import: %s", e.msg);
	atomic_store(&m->list_state, ACKED);
	fclose(f);
}

static void
roll_back(void)
{
	struct rollback	rb = { .scope = "list", .actor = "crash" };
	struct err	e;

	m->list_next = m->before;
	m->before_next = -2;		/* no further one */
	atomic_store(&m->list_state, BEGUN);
	if (store_rollback(s, &rb, &e) == -1)
		wrong("rollback: %s", e.msg);
	atomic_store(&m->list_state, ACKED);
}

static void
settle_list(void)
{
	m->list = m->list_next;
	m->before = m->before_next;
	atomic_store(&m->list_state, IDLE);
}

static void *
importer(void *arg)
{
	unsigned	seed = m->kills * 17u;

	(void)arg;
	for (;;) {
		if (m->before != -2 && rand_r(&seed) % 4 == 0)
			roll_back();
		else
			import(((m->list < 0 ? 0 : m->list) + STEP) % SPAN);
		settle_list();
		atomic_fetch_add(&m->imports, 1);
	}
	return NULL;
}

/* in_list - is the i-th address one of the list that begins there? */
static bool
in_list(int i, int from)
{
	return from >= 0 && (i - from + SPAN) % SPAN < LIST;
}

/* matches - the lists of the store are those of this list */
static bool
matches(int from)
{
	struct store_entry	h[4];
	struct err		e;
	uint32_t		scope = store_scope_id("list");
	int			i, n;

	for (i = 0; i < SPAN; i++) {
		struct addr	a = address("l", 9, i);

		if ((n = store_find(s, &a, &scope, 1, h, 4, &e)) == -1)
			wrong("find: %s", e.msg);
		if ((n > 0) != in_list(i, from))
			return false;
	}
	return true;
}

static void
check_lists(void)
{
	struct store_stats	st;
	struct err		e;
	uint64_t		want;

	if (atomic_load(&m->list_state) == ACKED)
		settle_list();
	if (atomic_load(&m->list_state) == BEGUN) {
		/* one or the other; never a mixture */
		if (matches(m->list_next))
			settle_list();
		atomic_store(&m->list_state, IDLE);
	}
	if (!matches(m->list))
		wrong("the list is neither the old nor the new");
	/* no debris after the next start */
	if (store_stats(s, &st, &e) == -1)
		wrong("stats: %s", e.msg);
	want = (uint64_t)LIST * ((m->list >= 0) + (m->before >= 0));
	if (st.list_rows != want)
		wrong("%llu rows of lists, %llu wanted",
		    (unsigned long long)st.list_rows,
		    (unsigned long long)want);
}

/* -- parent and child ----------------------------------------------------- */

static void
report(void *arg, const char *what)
{
	(void)arg;
	wrong("verify: %s", what);
}

static void
check_all(void)
{
	struct store_check	c;
	struct store_chain	chain = { .noted = NULL };
	struct err		e;
	int			i;

	for (i = 0; i < WORKERS; i++)
		check_worker(i);
	check_lists();
	if (m->kills % 10 == 0 ?
	    store_verify(s, &c, report, NULL, &e) == -1 :
	    store_journal_verify(s, &chain, NULL, NULL, &e) == -1)
		wrong("%s", e.msg);
}

static void
child(bool work)
{
	struct store_keys	*keys;
	struct err		 e;
	pthread_t		 t;
	intptr_t		 i;

	if (store_keys_load(key_path, &keys, &e) == -1 ||
	    store_open(path, STORE_WRITE, keys, &s, &e) == -1)
		wrong("open: %s", e.msg);
	check_all();
	if (!work) {
		store_close(&s);
		store_keys_free(&keys);
		_exit(0);
	}
	for (i = 0; i < WORKERS; i++)
		pthread_create(&t, NULL, changer, (void *)i);
	pthread_create(&t, NULL, importer, NULL);
	for (;;)
		pause();
}

/* await_work - until the child has changed something, however busy the machine
 * is; a child that cannot is found out by the fault or the sum of changes */
static void
await_work(void)
{
	unsigned	before = atomic_load(&m->changes);
	int		i;

	for (i = 0; i < 2000 && atomic_load(&m->changes) == before &&
	    m->fault[0] == '\0'; i++)
		usleep(5000);
}

static void
kill_and_compare(void **state)
{
	const char	*is_long = getenv("MAILWEIR_LONG");
	unsigned	 kills = is_long != NULL && *is_long == '1' ? 1000 : 30;
	unsigned	 seed = (unsigned)getpid();
	int		 status;
	pid_t		 pid;

	(void)state;
	if (getenv("SEED") != NULL)
		seed = (unsigned)strtoul(getenv("SEED"), NULL, 10);
	print_message("# seed %u, %u kills\n", seed, kills);
	for (; m->kills < kills; m->kills++) {
		if ((pid = fork()) == 0)
			child(true);
		/* most during the work, some while it still compares */
		if (rand_r(&seed) % 8 == 0)
			usleep(rand_r(&seed) % 20000);
		else {
			await_work();
			usleep(rand_r(&seed) % 120000);
		}
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (m->fault[0] != '\0')
			fail_msg("after %u kills: %s", m->kills, m->fault);
	}
	if ((pid = fork()) == 0)
		child(false);
	waitpid(pid, &status, 0);
	if (m->fault[0] != '\0' || status != 0)
		fail_msg("at the end: %s", m->fault);
	print_message("# %u changes, %u imports and rollbacks\n",
	    atomic_load(&m->changes), atomic_load(&m->imports));
	assert_true(atomic_load(&m->changes) > kills);
}

/* -- turns ---------------------------------------------------------------- */

/* greedy - add without a pause until told to stop */
static void
greedy(int n, atomic_uint *count)
{
	struct store_keys	*keys;
	struct err		 e;
	struct store_change	 c = { .op = STORE_ADD, .scope = "*",
				    .reason = STORE_MANUAL };
	struct addr		 a = address("g", n, 0);

	if (store_keys_load(key_path, &keys, &e) == -1 ||
	    store_open(path, STORE_WRITE, keys, &s, &e) == -1)
		wrong("open: %s", e.msg);
	c.addr = &a;
	while (atomic_load(&m->imports) == 0) {
		if (store_apply(s, "greedy", &c, 1, &e) == -1)
			wrong("apply: %s", e.msg);
		atomic_fetch_add(count, 1);
	}
	store_close(&s);
	store_keys_free(&keys);
	_exit(0);
}

/* writers of several processes, none of which ever waits by itself: each gets
 * its turns */
static void
no_writer_starves(void **state)
{
	atomic_uint	*count;
	unsigned	 least = UINT_MAX, most = 0, n;
	pid_t		 pid[4];
	int		 i, status;

	(void)state;
	count = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(count != MAP_FAILED);
	for (i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0)
			greedy(i, &count[i]);
	for (n = 0; n < 200; n++) {	/* until all together did 400 */
		usleep(50000);
		if (atomic_load(&count[0]) + atomic_load(&count[1]) +
		    atomic_load(&count[2]) + atomic_load(&count[3]) > 400)
			break;
	}
	atomic_store(&m->imports, 1);
	for (i = 0; i < 4; i++) {
		waitpid(pid[i], &status, 0);
		n = atomic_load(&count[i]);
		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	if (m->fault[0] != '\0')
		fail_msg("%s", m->fault);
	print_message("# the least got %u turns, the most %u\n", least, most);
	assert_true(least >= most / 10);
	munmap(count, 4096);
}

static int
setup(void **state)
{
	struct err	e;

	(void)state;
	snprintf(dir, sizeof dir, "/tmp/test-store-crash.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/store", dir);
	snprintf(key_path, sizeof key_path, "%s/key", dir);
	m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(m != MAP_FAILED);
	m->list = -1;
	m->before = -2;
	assert_int_equal(store_keys_create(key_path, &e), 0);
	assert_int_equal(store_create(path, &e), 0);
	return 0;
}

static int
teardown(void **state)
{
	char	cmd[160];

	(void)state;
	snprintf(cmd, sizeof cmd, "rm -r '%s'", dir);
	if (m->fault[0] == '\0' && system(cmd) != 0)
		return -1;
	munmap(m, sizeof *m);
	return 0;
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(kill_and_compare, setup, teardown),
	cmocka_unit_test_setup_teardown(no_writer_starves, setup, teardown),
};

UNIT_MAIN(tests)

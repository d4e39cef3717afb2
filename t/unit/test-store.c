/* SPDX-License-Identifier: BSD-2-Clause */
/* test-store.c - keys, changes, lookups, expiry, refusals, damage */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "store/admin.h"
#include "store/find.h"
#include "store/import.h"
#include "store/lists.h"
#include "store/store.h"

static char			 dir[64], path[128], key_path[128];
static struct store_keys	*keys;
static struct store		*s;

/* the clock, by --wrap: it stands where at() puts it */
static int64_t			 fake_now;

time_t	__wrap_clock_now(void);
int64_t	__wrap_clock_now_ms(void);

time_t
__wrap_clock_now(void)
{
	return fake_now;
}

int64_t
__wrap_clock_now_ms(void)
{
	return fake_now * 1000;
}

/* at - stop the clock at day d of an arbitrary year */
static void
at(long d)
{
	fake_now = 1767225600L + d * 86400;
}

static int
setup(void **state)
{
	struct err	e = { .msg = "" };

	(void)state;
	at(0);
	snprintf(dir, sizeof dir, "/tmp/test-store.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/store", dir);
	snprintf(key_path, sizeof key_path, "%s/store.key", dir);
	assert_int_equal(store_keys_create(key_path, &e), 0);
	assert_int_equal(store_keys_load(key_path, &keys, &e), 0);
	assert_int_equal(store_create(path, &e), 0);
	if (store_open(path, STORE_WRITE, keys, &s, &e) == -1)
		fail_msg("%s", e.msg);
	return 0;
}

static void
remove_all(const char *d)
{
	char		 name[512];
	struct dirent	*de;
	DIR		*p;

	if ((p = opendir(d)) == NULL)
		return;
	while ((de = readdir(p)) != NULL) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", d, de->d_name);
		unlink(name);
	}
	closedir(p);
	rmdir(d);
}

static int
teardown(void **state)
{
	(void)state;
	store_close(&s);
	store_keys_free(&keys);
	remove_all(path);
	remove_all(dir);
	return 0;
}

/* address - normalised already */
static struct addr
address(const char *text)
{
	struct addr	a;

	memset(&a, 0, sizeof a);
	snprintf(a.text, sizeof a.text, "%s", text);
	a.local_len = strcspn(text, "@");
	return a;
}

/* change - one op on one address; the result, or -1 */
static int
change(int op, const char *who, const char *scope, enum store_reason reason)
{
	struct addr		a = address(who);
	struct err		e = { .msg = "" };
	struct store_change	c = { .scope = scope, .reason = reason,
				    .source = "test" };

	c.op = op;
	if (who[0] == '@')
		c.domain = who + 1;
	else
		c.addr = &a;
	if (store_apply(s, "user:test", &c, 1, &e) == -1)
		return -1;
	return c.result;
}

/* look - hits in one scope (NULL: all); the first in *h */
static int
look(const char *who, const char *scope, struct store_entry *h)
{
	struct addr		a = address(who);
	struct err		e = { .msg = "" };
	struct store_entry	hits[STORE_HITS_MAX];
	uint32_t		id = scope != NULL ? store_scope_id(scope) : 0;
	int			n;

	n = store_find(s, &a, &id, scope != NULL, hits, STORE_HITS_MAX, &e);
	if (n == -1)
		fail_msg("%s", e.msg);
	if (n > 0 && h != NULL)
		*h = hits[0];
	return n;
}

/* in_force - is there a hit in force? */
static bool
in_force(const char *who, const char *scope)
{
	struct store_entry	h;

	return look(who, scope, &h) > 0 && h.in_force;
}

static void
key_files(void **state)
{
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	static const struct {
		const char	*text;
		int		 want;		/* keys, or -1 */
		const char	*why;
	} cases[] = {
		{ "1 " HEX "\n", 1, "" },
		{ "# c\n\n2 " HEX "\n1 " HEX, 2, "" },
		{ "  9\t" HEX " \r\n", 1, "" },
		{ "", -1, "holds no key" },
		{ "0 " HEX, -1, "ID from 1 to 255" },
		{ "256 " HEX, -1, "ID from 1 to 255" },
		{ "-1 " HEX, -1, "ID from 1 to 255" },
		{ HEX, -1, "ID from 1 to 255" },
		{ "1 " HEX "\n1 " HEX, -1, ":2: this ID stands above" },
		{ "1 " HEX "00", -1, "64 hex digits" },
		{ "1 0011", -1, "64 hex digits" },
		{ "1 " HEX " x", -1, "64 hex digits" },
	};
	struct store_keys	*k;
	struct err		 e;
	char			 p[128];
	size_t			 i;
	FILE			*f;

	(void)state;
	snprintf(p, sizeof p, "%s/k", dir);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		f = fopen(p, "w");
		fputs(cases[i].text, f);
		fclose(f);
		chmod(p, 0600);
		memset(&e, 0, sizeof e);
		if (store_keys_load(p, &k, &e) == -1) {
			row_true(cases[i].want == -1, cases[i].text);
			row_true(strstr(e.msg, cases[i].why) != NULL, e.msg);
			continue;
		}
		row_true((int)store_keys_count(k) == cases[i].want,
		    cases[i].text);
		store_keys_free(&k);
	}
	chmod(p, 0644);
	assert_int_equal(store_keys_load(p, &k, &e), -1);
	assert_int_equal(store_keys_create(p, &e), -1);
	unlink(p);
}

/* HMAC-SHA-256 as another program computes it: printf ann@example.com |
 * openssl dgst -sha256 -mac HMAC -macopt hexkey:HEX */
static void
digest_is_hmac(void **state)
{
	static const uint8_t	 want[STORE_DIGEST] = {
		0xb6, 0xb0, 0xda, 0x19, 0x1c, 0xf0, 0xc4, 0x2f,
		0x72, 0x18, 0x31, 0x23, 0x2c, 0x42, 0x47, 0x83 };
	static const uint8_t	 secret[32] = {
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
		0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
		0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	struct addr		 a = address("ann@example.com");
	struct store_keys	*k;
	struct store_id		 id;
	struct err		 e;
	uint8_t			 full[32];
	size_t			 n;
	char			 p[128];
	FILE			*f;

	(void)state;
	snprintf(p, sizeof p, "%s/k", dir);
	f = fopen(p, "w");
	fputs("7 " HEX "\n", f);
	fclose(f);
	chmod(p, 0600);
	assert_int_equal(store_keys_load(p, &k, &e), 0);
	store_keys_address(k, 0, &a, &id);
	assert_int_equal(id.key, 7);
	assert_memory_equal(id.digest, want, sizeof want);
	/* every length around the edges of a block, against OpenSSL's own */
	for (n = 1; n < 200; n++) {
		memset(a.text, 'x', n);
		a.text[n] = '\0';
		store_keys_address(k, 0, &a, &id);
		assert_non_null(HMAC(EVP_sha256(), secret, 32,
		    (unsigned char *)a.text, n, full, NULL));
		assert_memory_equal(id.digest, full, STORE_DIGEST);
	}
	store_keys_free(&k);
	unlink(p);
}

static void
add_find_remove(void **state)
{
	struct store_entry	h;

	(void)state;
	assert_int_equal(look("ann@example.com", NULL, &h), 0);
	assert_int_equal(change(STORE_ADD, "ann@example.com", "news",
	    STORE_OPTOUT), 1);
	assert_int_equal(change(STORE_ADD, "ann@example.com", "*",
	    STORE_HARD_BOUNCE), 1);
	assert_int_equal(look("ann@example.com", NULL, &h), 2);
	assert_int_equal(look("ann@example.com", "news", &h), 1);
	assert_int_equal(h.reason, STORE_OPTOUT);
	assert_true(h.in_force && !h.domain && !h.imported);
	assert_int_equal(h.count, 1);
	assert_string_equal(h.source, "test");
	assert_int_equal(look("ann@example.com", "other", &h), 0);
	assert_int_equal(look("bob@example.com", NULL, &h), 0);
	assert_int_equal(change(STORE_REMOVE, "ann@example.com", "other", 0),
	    0);
	assert_int_equal(change(STORE_REMOVE, "ann@example.com", "news", 0),
	    1);
	assert_int_equal(look("ann@example.com", "news", &h), 0);
	assert_int_equal(look("ann@example.com", "*", &h), 1);
}

static void
whole_domain(void **state)
{
	struct store_entry	h;

	(void)state;
	assert_int_equal(change(STORE_ADD, "@bad.example", "*",
	    STORE_INVALID_DOMAIN), 1);
	assert_int_equal(look("x@bad.example", "*", &h), 1);
	assert_true(h.domain);
	assert_int_equal(look("x@sub.bad.example", "*", &h), 0);
	assert_int_equal(change(STORE_REMOVE, "@bad.example", "*", 0), 1);
	assert_int_equal(look("x@bad.example", "*", &h), 0);
}

static void
override_rules(void **state)
{
	struct addr		a = address("angry@example.com");
	struct err		e = { .msg = "" };
	struct store_change	c[2];

	(void)state;
	memset(c, 0, sizeof c);
	assert_int_equal(change(STORE_ADD, "angry@example.com", "news",
	    STORE_COMPLAINT), 1);
	assert_int_equal(change(STORE_REMOVE, "angry@example.com", "news", 0),
	    -1);
	/* all or none: the first change of a refused request is undone */
	c[0].op = STORE_ADD;
	c[1].op = STORE_REMOVE;
	c[0].addr = c[1].addr = &a;
	c[0].scope = c[1].scope = "news";
	c[0].reason = STORE_MANUAL;
	c[1].override = true;		/* but no note */
	assert_int_equal(store_apply(s, "user:test", c, 2, &e), -1);
	assert_int_equal(c[1].result, -1);
	assert_non_null(strstr(e.msg, "change 2 of 2"));
	assert_int_equal(e.code, EX_NOPERM);
	assert_int_equal(look("angry@example.com", "news", NULL), 1);
	c[1].note = "case 12: wrong person";
	assert_int_equal(store_apply(s, "user:test", c, 2, &e), 0);
	assert_int_equal(look("angry@example.com", "news", NULL), 0);
}

static void
bad_changes(void **state)
{
	struct addr		a = address("ann@example.com");
	struct store_change	cases[] = {
		{ .op = STORE_ADD, .scope = "x", .reason = STORE_MANUAL },
		{ .op = STORE_ADD, .addr = &a, .domain = "d", .scope = "x",
		    .reason = STORE_MANUAL },
		{ .op = STORE_ADD, .addr = &a, .reason = STORE_MANUAL },
		{ .op = STORE_ADD, .addr = &a, .scope = "x" },
		{ .op = STORE_ADD, .addr = &a, .scope = "x", .reason = 99 },
		{ .op = STORE_ADD, .addr = &a, .scope = "News",
		    .reason = STORE_MANUAL },
		{ .op = STORE_ADD, .addr = &a, .scope = "",
		    .reason = STORE_MANUAL },
		{ .op = STORE_ADD, .addr = &a, .scope = "a b",
		    .reason = STORE_MANUAL },
	};
	struct err		e;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (store_apply(s, "t", &cases[i], 1, &e) != -1)
			fail_msg("row %zu", i);
		if (cases[i].result != -1 || cases[i].why[0] == '\0')
			fail_msg("row %zu: no reason", i);
	}
}

static void
expiry_and_retry(void **state)
{
	struct store_entry	h;

	(void)state;
	change(STORE_ADD, "dead@example.com", "*", STORE_HARD_BOUNCE);
	at(89);
	assert_true(in_force("dead@example.com", "*"));
	at(91);				/* half-open: known, not in force */
	assert_int_equal(look("dead@example.com", "*", &h), 1);
	assert_false(h.in_force);
	change(STORE_ADD, "dead@example.com", "*", STORE_HARD_BOUNCE);
	assert_int_equal(look("dead@example.com", "*", &h), 1);
	assert_true(h.in_force);
	assert_int_equal(h.expires - h.last, 180 * 86400);	/* doubled */
	assert_int_equal(h.count, 2);
	/* a sign of life does not lift what is in force ... */
	change(STORE_DELIVERED, "dead@example.com", "*", 0);
	assert_true(in_force("dead@example.com", "*"));
	at(300);			/* ... and ends what is half-open */
	assert_int_equal(change(STORE_DELIVERED, "dead@example.com", "news",
	    0), 1);
	assert_int_equal(look("dead@example.com", "*", &h), 0);
}

static void
soft_bounces(void **state)
{
	struct store_entry	h;
	int			i;

	(void)state;
	for (i = 0; i < 10; i++)	/* ten on one day are one step */
		change(STORE_ADD, "full@example.com", "*", STORE_SOFT_BOUNCE);
	for (i = 1; i < 4; i++) {
		at(i);
		change(STORE_ADD, "full@example.com", "*", STORE_SOFT_BOUNCE);
	}
	assert_int_equal(look("full@example.com", "*", &h), 1);
	assert_false(h.in_force);
	at(2);				/* the clock goes back: no step */
	change(STORE_ADD, "full@example.com", "*", STORE_SOFT_BOUNCE);
	assert_false(in_force("full@example.com", "*"));
	at(4);				/* the fifth */
	change(STORE_ADD, "full@example.com", "*", STORE_SOFT_BOUNCE);
	assert_true(in_force("full@example.com", "*"));
	at(19);				/* half-open: one is enough */
	assert_false(in_force("full@example.com", "*"));
	change(STORE_ADD, "full@example.com", "*", STORE_SOFT_BOUNCE);
	look("full@example.com", "*", &h);
	assert_true(h.in_force);
	assert_int_equal(h.expires - h.last, 28 * 86400);
	assert_int_equal(change(STORE_DELIVERED, "full@example.com", "*", 0),
	    1);
	assert_int_equal(look("full@example.com", "*", &h), 0);
}

static void
soft_decay(void **state)
{
	int	i;

	(void)state;
	for (i = 0; i < 12; i++) {	/* one a week never suppresses */
		at(7 * i);
		change(STORE_ADD, "slow@example.com", "*", STORE_SOFT_BOUNCE);
		assert_false(in_force("slow@example.com", "*"));
	}
}

static void
reports_once(void **state)
{
	struct addr		a = address("ann@example.com");
	struct err		e;
	struct store_entry	h;
	struct store_change	c = { .op = STORE_ADD, .addr = &a,
				    .scope = "*", .reason = STORE_COMPLAINT,
				    .dedup = "<report-1@isp.example>" };

	(void)state;
	assert_int_equal(store_apply(s, "t", &c, 1, &e), 0);
	assert_int_equal(c.result, 1);
	assert_int_equal(store_apply(s, "t", &c, 1, &e), 0);
	assert_int_equal(c.result, 0);
	look("ann@example.com", "*", &h);
	assert_int_equal(h.count, 1);
}

/* A digest without a key would let anybody who has the disk try addresses. */
static void
reports_are_keyed(void **state)
{
	static const char	 text[] = "a report about ann@example.com";
	struct addr		 a = address("ann@example.com");
	struct store_change	 c = { .op = STORE_ADD, .addr = &a,
				    .scope = "*", .reason = STORE_COMPLAINT,
				    .dedup = text };
	unsigned char		 plain[SHA256_DIGEST_LENGTH];
	uint8_t			 mac[32];
	char			 file[160], *data;
	struct err		 e;
	struct stat		 st;
	int			 fd;

	(void)state;
	assert_int_equal(store_apply(s, "t", &c, 1, &e), 0);
	store_close(&s);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	fd = open(file, O_RDONLY);
	fstat(fd, &st);
	data = malloc((size_t)st.st_size);
	assert_int_equal(pread(fd, data, (size_t)st.st_size, 0), st.st_size);
	close(fd);
	SHA256((const unsigned char *)text, strlen(text), plain);
	assert_null(memmem(data, (size_t)st.st_size, plain, 16));
	store_keys_mac(keys, 0, "mailweir dedup", text, strlen(text), mac);
	assert_non_null(memmem(data, (size_t)st.st_size, mac, 16));
	free(data);
}

static void
hits_in_force_first(void **state)
{
	struct addr		a = address("ann@example.com");
	struct err		e;
	struct store_entry	h[2];

	(void)state;
	change(STORE_ADD, "ann@example.com", "a", STORE_SOFT_BOUNCE);
	change(STORE_ADD, "ann@example.com", "b", STORE_SOFT_BOUNCE);
	change(STORE_ADD, "ann@example.com", "c", STORE_SOFT_BOUNCE);
	change(STORE_ADD, "ann@example.com", "zz", STORE_MANUAL);
	assert_int_equal(store_find(s, &a, NULL, 0, h, 2, &e), 2);
	assert_true(h[0].in_force);
	assert_int_equal(h[0].reason, STORE_MANUAL);
	assert_int_equal(store_find_id(s, &h[0].id, NULL, 0, h, 2, &e), 2);
}

static void
new_key_reads_old(void **state)
{
	struct addr		 bob = address("bob@example.com");
	struct store_change	 c = { .op = STORE_ADD, .addr = &bob,
				    .scope = "*", .reason = STORE_MANUAL,
				    .dedup = "once" };
	struct store_keys	*both;
	struct store_entry	 h;
	struct store		*old = s;
	struct err		 e;
	char			 line[256];
	FILE			*f;

	(void)state;
	change(STORE_ADD, "ann@example.com", "*", STORE_MANUAL);
	assert_int_equal(store_apply(s, "t", &c, 1, &e), 0);
	f = fopen(key_path, "r+");
	while (fgets(line, sizeof line, f) != NULL && line[0] == '#')
		;
	f = freopen(key_path, "w", f);
	fprintf(f, "2 " HEX "\n%s", line);
	fclose(f);
	assert_int_equal(store_keys_load(key_path, &both, &e), 0);
	assert_int_equal(store_open(path, STORE_WRITE, both, &s, &e), 0);
	assert_int_equal(store_apply(s, "t", &c, 1, &e), 0);
	assert_int_equal(c.result, 0);
	assert_int_equal(look("ann@example.com", "*", &h), 1);
	assert_int_equal(h.id.key, 1);
	change(STORE_ADD, "ann@example.com", "*", STORE_MANUAL);
	assert_int_equal(look("ann@example.com", "*", &h), 1);
	assert_int_equal(h.id.key, 2);		/* moved, counted on */
	assert_int_equal(h.count, 2);
	store_close(&s);
	s = old;
	store_keys_free(&both);
}

/* many callers at once */
#define THREADS	8
#define EACH	50

static void *
adder(void *arg)
{
	char	who[64];
	int	i;

	for (i = 0; i < EACH; i++) {
		snprintf(who, sizeof who, "u%d@t%d.example", i,
		    *(const int *)arg);
		if (change(STORE_ADD, who, "*", STORE_MANUAL) != 1)
			return arg;
	}
	return NULL;
}

static void
many_threads(void **state)
{
	pthread_t	t[THREADS];
	int		n[THREADS], i, k;
	char		who[64];
	void		*bad;

	(void)state;
	for (i = 0; i < THREADS; i++) {
		n[i] = i;
		pthread_create(&t[i], NULL, adder, &n[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	for (i = 0; i < THREADS; i++)
		for (k = 0; k < EACH; k++) {
			snprintf(who, sizeof who, "u%d@t%d.example", k, i);
			assert_int_equal(look(who, "*", NULL), 1);
		}
}

static void
refusals_do_not_hurt_neighbours(void **state)
{
	pthread_t	t[THREADS];
	int		n[THREADS], i;
	void		*bad;

	(void)state;
	change(STORE_ADD, "law@example.com", "*", STORE_LEGAL);
	for (i = 0; i < THREADS; i++) {
		n[i] = i;
		pthread_create(&t[i], NULL, adder, &n[i]);
	}
	for (i = 0; i < EACH; i++)
		assert_int_equal(change(STORE_REMOVE, "law@example.com", "*",
		    0), -1);
	for (i = 0; i < THREADS; i++) {
		pthread_join(t[i], &bad);
		assert_null(bad);
	}
	assert_int_equal(look("law@example.com", "*", NULL), 1);
}

/* damage - do something to data.mdb while closed; the message on open/find */
static void
damage(void (*how)(int fd, off_t size), const char *want)
{
	struct addr		a = address("u1@t1.example");
	struct err		e = { .msg = "" };
	struct store_entry	h;
	struct stat		st;
	char			file[160];
	int			fd, n = 1;

	n = THREADS - 1;
	assert_null(adder(&n));
	n = 1;
	assert_null(adder(&n));
	store_close(&s);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	fd = open(file, O_RDWR);
	fstat(fd, &st);
	how(fd, st.st_size);
	close(fd);
	n = -1;
	if (store_open(path, STORE_WRITE, keys, &s, &e) == 0)
		n = store_find(s, &a, NULL, 0, &h, 1, &e);
	if (n != -1)
		fail_msg("answered %d", n);
	if (strstr(e.msg, want) == NULL)
		fail_msg("%s", e.msg);
}

static void
cut(int fd, off_t size)
{
	assert_int_equal(ftruncate(fd, size / 2 / 4096 * 4096), 0);
}

static void
empty(int fd, off_t size)
{
	(void)size;
	assert_int_equal(ftruncate(fd, 0), 0);
}

static void
garble(int fd, off_t size)
{
	char	junk[4096 - 16];
	off_t	at_page;

	memset(junk, 0xa5, sizeof junk);
	for (at_page = 8192; at_page < size; at_page += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof junk, at_page + 16),
		    sizeof junk);
}

static void
zero(int fd, off_t size)
{
	char	junk[4096];
	off_t	at_page;

	memset(junk, 0, sizeof junk);
	for (at_page = 8192; at_page < size; at_page += 4096)
		assert_int_equal(pwrite(fd, junk, sizeof junk, at_page),
		    sizeof junk);
}

static void
cut_short(void **state)
{
	(void)state;
	damage(cut, "is damaged");
}

static void
emptied(void **state)
{
	(void)state;
	damage(empty, "is empty");
}

static void
garbled(void **state)
{
	(void)state;
	damage(garble, "store ");
}

static void
zeroed(void **state)
{
	(void)state;
	damage(zero, "store ");
}

/* cut while it is open: SIGBUS inside LMDB becomes "cannot say" */
static void
cut_while_open(void **state)
{
	struct addr		a = address("u1@t1.example");
	struct err		e = { .msg = "" };
	struct store_entry	h;
	char			file[160];
	int			n = 1;

	(void)state;
	/* again in here: cmocka takes the signal before each test */
	store_close(&s);
	assert_int_equal(store_open(path, STORE_WRITE, keys, &s, &e), 0);
	assert_null(adder(&n));
	assert_int_equal(store_find(s, &a, NULL, 0, &h, 1, &e), 1);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	assert_int_equal(truncate(file, 8192), 0);
	assert_int_equal(store_find(s, &a, NULL, 0, &h, 1, &e), -1);
	assert_non_null(strstr(e.msg, "is damaged"));
	assert_int_equal(change(STORE_ADD, "x@example.com", "*",
	    STORE_MANUAL), -1);
	assert_int_equal(change(STORE_ADD, "x@example.com", "*",
	    STORE_MANUAL), -1);
}

/* a backup is put in its place: nothing is written where nobody reads */
static void
replaced_while_open(void **state)
{
	struct err	e = { .msg = "" };
	char		away[160];

	(void)state;
	snprintf(away, sizeof away, "%s/away", dir);
	assert_int_equal(rename(path, away), 0);
	assert_int_equal(change(STORE_ADD, "x@example.com", "*",
	    STORE_MANUAL), -1);
	assert_int_equal(store_create(path, &e), 0);
	assert_int_equal(change(STORE_ADD, "x@example.com", "*",
	    STORE_MANUAL), -1);
	assert_int_equal(look("x@example.com", "*", NULL), 0);
	remove_all(path);
	assert_int_equal(rename(away, path), 0);
	assert_int_equal(change(STORE_ADD, "x@example.com", "*",
	    STORE_MANUAL), 1);
}

extern atomic_long	env_turn_limit;		/* store/env.h */

/* another process writes and does not come to an end */
static void
locked(void **state)
{
	struct flock		l = { .l_type = F_WRLCK, .l_start = 1,
				    .l_len = 1 };
	struct addr		a = address("x@example.com");
	struct err		e = { .msg = "" };
	struct store_change	c = { .op = STORE_ADD, .addr = &a,
				    .scope = "*", .reason = STORE_MANUAL };
	char			file[160];
	int			fd;

	(void)state;
	atomic_store(&env_turn_limit, 100);
	snprintf(file, sizeof file, "%s/writers.lock", path);
	assert_true((fd = open(file, O_RDWR)) != -1);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &l), 0);
	assert_int_equal(store_apply(s, "t", &c, 1, &e), -1);
	assert_non_null(strstr(e.msg, "locked: another program"));
	assert_int_equal(e.code, EX_TEMPFAIL);
	close(fd);
	assert_int_equal(store_apply(s, "t", &c, 1, &e), 0);
	atomic_store(&env_turn_limit, 30000);
}

/* waits - progress of an import; *arg: it said that it waits */
static void
waits(void *arg, const char *phase, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	if (strcmp(phase, "waiting") == 0)
		atomic_store((atomic_bool *)arg, true);
}

struct importing {
	atomic_bool	waited;
	struct err	e;
	int		rc;
};

/* import_one - one row into a scope, on a thread */
static void *
import_one(void *arg)
{
	struct importing	*w = arg;
	struct import		 im = { .name = "l.txt", .scope = "waiter",
				    .actor = "t", .max_shrink = -1,
				    .progress = waits, .arg = &w->waited };
	FILE			*f = tmpfile();

	fputs("ann@example.com\n", f);
	rewind(f);
	w->rc = store_import(s, fileno(f), &im, &w->e);
	fclose(f);
	return NULL;
}

/* an import of another scope was stopped while it loads its list */
static void
append_locked(void **state)
{
	struct flock		l = { .l_type = F_WRLCK, .l_start = 2,
				    .l_len = 1 };
	struct importing	w = { .rc = 0 };
	char			file[160];
	int			fd;

	(void)state;
	atomic_store(&env_turn_limit, 100);
	snprintf(file, sizeof file, "%s/writers.lock", path);
	assert_true((fd = open(file, O_RDWR)) != -1);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &l), 0);
	import_one(&w);
	assert_int_equal(w.rc, -1);
	assert_non_null(strstr(w.e.msg, "locked: another program"));
	assert_int_equal(w.e.code, EX_TEMPFAIL);
	assert_true(atomic_load(&w.waited));
	close(fd);
	import_one(&w);
	assert_int_equal(w.rc, 0);
	atomic_store(&env_turn_limit, 30000);
}

/* load_slowly - a list that grows all the while that others wait for it */
static int
load_slowly(void *arg)
{
	struct run_rec		 run = { .key = store_keys_id(keys, 0),
				    .scope = 1, .actor = "t", .file = "f" };
	struct marks		 m = { .n = 1, .m = {{ STORE_MANUAL, 0, 0,
				    0 }} };
	struct importing	*w = arg;
	struct list_writer	*writer;
	uint8_t			 digest[STORE_DIGEST] = { 0 };
	struct err		 e;
	pthread_t		 t;
	uint64_t		 i;
	int			 lock;

	/* else its rows look like debris */
	lock = env_lock(s->env, LOCK_SCOPE + 1, false, &e);
	assert_int_not_equal(lock, -1);
	assert_int_equal(list_new(s->env, &run, &writer, &e), 0);
	assert_int_equal(pthread_create(&t, NULL, import_one, w), 0);
	for (i = 0; i < 12; i++) {
		usleep(120000);
		do {
			put64(digest, get64(digest) + 1);
			assert_int_equal(list_add(writer, digest, &m, &e), 0);
		} while (get64(digest) % 32768 != 0);	/* a chunk */
	}
	list_drop(&writer);
	env_unlock(lock);
	assert_int_equal(pthread_join(t, NULL), 0);
	return 0;
}

static void
append_waits(void **state)
{
	struct importing	w = { .rc = 1 };
	struct err		e;

	(void)state;
	atomic_store(&env_turn_limit, 1000);
	assert_int_equal(env_guard(s->env, load_slowly, &w, &e), 0);
	atomic_store(&env_turn_limit, 30000);
	assert_int_equal(w.rc, 0);
	assert_true(atomic_load(&w.waited));
}

/* the n-th write of it fails, for every n: the scope stands whole */
static void
drop_is_atomic(void **state)
{
	struct store_drop	d = { .scope = "news", .actor = "t",
				    .note = "over", .override = true };
	struct err		e;
	long			n;
	int			rc = -1;

	(void)state;
	change(STORE_ADD, "ann@example.com", "news", STORE_MANUAL);
	change(STORE_ADD, "bob@example.com", "news", STORE_MANUAL);
	change(STORE_ADD, "@example.net", "news", STORE_MANUAL);
	for (n = 1; rc == -1; n++) {
		assert_int_equal(look("ann@example.com", "news", NULL), 1);
		assert_int_equal(look("bob@example.com", "news", NULL), 1);
		assert_int_equal(look("x@example.net", "news", NULL), 1);
		atomic_store(&env_fail_write, n);
		rc = store_scope_drop(s, &d, &e);
		atomic_store(&env_fail_write, 0);
	}
	assert_true(n > 8);
	assert_int_equal(d.entries, 3);
	assert_int_equal(look("ann@example.com", "news", NULL), 0);
	assert_int_equal(look("x@example.net", "news", NULL), 0);
}

/* warm - as many lookups as it takes, and time for the janitor */
static void
warm(void)
{
	int	i;

	for (i = 0; i < 200; i++)
		assert_int_equal(look("nobody@example.com", NULL, NULL), 0);
	usleep(150000);
}

/* add_many - in one transaction: number first and those behind it */
static void
add_many(int first, size_t n)
{
	struct store_change	*c = calloc(n, sizeof *c);
	struct addr		*a = calloc(n, sizeof *a);
	struct err		 e = { .msg = "" };
	char			 who[40];
	size_t			 i;

	for (i = 0; i < n; i++) {
		snprintf(who, sizeof who, "u%zu@example.com",
		    (size_t)first + i);
		a[i] = address(who);
		c[i].op = STORE_ADD;
		c[i].addr = &a[i];
		c[i].scope = "*";
		c[i].reason = STORE_MANUAL;
	}
	if (store_apply(s, "user:test", c, n, &e) == -1)
		fail_msg("%s", e.msg);
	free(c);
	free(a);
}

/* a process that looks up a lot keeps its transaction and a filter: it sees
 * each change that was acknowledged all the same */
static void
kept_but_fresh(void **state)
{
	char	who[40];
	int	i;

	(void)state;
	change(STORE_ADD, "first@example.com", "*", STORE_MANUAL);
	warm();
	assert_non_null(atomic_load(&s->env->absent));
	assert_int_equal(look("first@example.com", NULL, NULL), 1);
	for (i = 0; i < 300; i++) {
		snprintf(who, sizeof who, "u%d@example.com", i);
		assert_int_equal(look(who, NULL, NULL), 0);
		assert_int_equal(change(STORE_ADD, who, "*", STORE_MANUAL), 1);
		assert_int_equal(look(who, NULL, NULL), 1);
		assert_int_equal(change(STORE_REMOVE, who, "*", 0), 1);
		assert_int_equal(look(who, NULL, NULL), 0);
	}
	/* more than a lookup reads of the journal, more than the filter's
	 * room; and then the filter is made afresh */
	add_many(0, 9000);
	assert_int_equal(look("u8999@example.com", NULL, NULL), 1);
	for (i = 0; i < 10; i++)
		warm();
	for (i = 0; i < 9000; i++) {
		snprintf(who, sizeof who, "u%d@example.com", i);
		assert_int_equal(look(who, NULL, NULL), 1);
	}
	assert_int_equal(look("first@example.com", NULL, NULL), 1);
}

static int
janitor(void)
{
	return atomic_load(&s->env->janitor.state);
}

/* nobody looks up any more: no page is kept from being used again */
static void
idle_lets_go(void **state)
{
	struct reader	*r;
	int		 i, open = 0;

	(void)state;
	for (i = 0; i < 200; i++)
		look("nobody@example.com", NULL, NULL);
	for (i = 0; i < READERS; i++)
		open += s->env->readers[i].open;
	assert_int_equal(open, 1);
	usleep(200000);
	for (i = 0; i < READERS; i++) {
		r = &s->env->readers[i];
		assert_false(r->open);
	}
	warm();		/* the janitor wakes again */
	for (i = 0; i < READERS; i++)
		assert_false(s->env->readers[i].open);
	for (i = 0; i < 100 && janitor() != JANITOR_GONE; i++)
		usleep(100000);
	assert_int_equal(janitor(), JANITOR_GONE);
	warm();		/* and another comes */
	assert_int_equal(janitor(), JANITOR_RUNS);
	for (i = 0; i < READERS; i++)
		assert_false(s->env->readers[i].open);
}

/* format_is - make the closed store one of another format; the message */
static const char *
format_is(char version)
{
	static struct err	 e;
	struct store		*other;
	char			 file[160], *p, *data;
	struct stat		 st;
	int			 fd;

	store_close(&s);
	snprintf(file, sizeof file, "%s/data.mdb", path);
	fd = open(file, O_RDWR);
	fstat(fd, &st);
	data = malloc((size_t)st.st_size);
	assert_int_equal(pread(fd, data, (size_t)st.st_size, 0), st.st_size);
	for (p = data; (p = memmem(p, (size_t)(data + st.st_size - p),
	    "mailweir\0\0\0\2", 12)) != NULL; p++)
		p[11] = version;
	assert_int_equal(pwrite(fd, data, (size_t)st.st_size, 0), st.st_size);
	free(data);
	close(fd);
	assert_int_equal(store_open(path, STORE_READ, keys, &other, &e), -1);
	return e.msg;
}

static void
newer_format(void **state)
{
	(void)state;
	assert_non_null(strstr(format_is(3), "install the newer program"));
}

static void
older_format(void **state)
{
	(void)state;
	assert_non_null(strstr(format_is(1), "`mailweir init` upgrades it"));
}

static void
no_format(void **state)
{
	(void)state;
	assert_non_null(strstr(format_is(0), "restore a backup"));
}

/* One recipient in thousands of scopes, of which a milter asks two. */
static void
thousands_of_scopes(void **state)
{
	enum { N = 3000 };
	struct addr		 a = address("ann@example.com");
	struct store_change	*c = calloc(N, sizeof *c);
	char			(*names)[16] = calloc(N, sizeof *names);
	struct store_entry	 hits[STORE_HITS_MAX];
	uint32_t		 two[2];
	struct err		 e = { .msg = "" };
	size_t			 i;

	(void)state;
	for (i = 0; i < N; i++) {
		snprintf(names[i], sizeof names[i], "list-%zu", i);
		c[i] = (struct store_change){ .op = STORE_ADD, .addr = &a,
		    .scope = names[i], .reason = STORE_OPTOUT };
	}
	assert_int_equal(store_apply(s, "t", c, N, &e), 0);
	two[0] = store_scope_id("list-17");
	two[1] = store_scope_id("list-2999");
	assert_int_equal(store_find(s, &a, two, 2, hits, 32, &e), 2);
	two[1] = store_scope_id("list-3000");
	assert_int_equal(store_find(s, &a, two, 2, hits, 32, &e), 1);
	assert_int_equal(store_find(s, &a, NULL, 0, hits, 32, &e), 32);
	free(c);
	free(names);
}

static void
open_twice(void **state)
{
	struct store	*r;
	struct err	 e = { .msg = "" };

	(void)state;
	assert_int_equal(store_open(path, STORE_READ, keys, &r, &e), 0);
	change(STORE_ADD, "ann@example.com", "*", STORE_MANUAL);
	store_close(&s);
	s = r;
	assert_int_equal(look("ann@example.com", "*", NULL), 1);
	/* opened for writing first: it still can */
	assert_int_equal(store_create(path, &e), -1);
	assert_int_equal(store_open("/nonexistent", STORE_READ, keys, &r, &e),
	    -1);
	assert_int_equal(e.code, EX_NOINPUT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static const struct CMUnitTest tests[] = {
	T(key_files), T(digest_is_hmac), T(add_find_remove), T(whole_domain),
	T(override_rules), T(bad_changes), T(expiry_and_retry),
	T(soft_bounces), T(soft_decay), T(reports_once), T(reports_are_keyed),
	T(hits_in_force_first), T(new_key_reads_old), T(many_threads),
	T(refusals_do_not_hurt_neighbours), T(cut_short), T(emptied),
	T(garbled), T(zeroed), T(cut_while_open), T(replaced_while_open),
	T(locked), T(append_locked), T(append_waits),
	T(newer_format), T(older_format), T(no_format), T(open_twice),
	T(thousands_of_scopes),
	T(kept_but_fresh), T(idle_lets_go), T(drop_is_atomic),
};

UNIT_MAIN(tests)

/* SPDX-License-Identifier: BSD-2-Clause */
/* dtable.c - see dtable.h */
#include "dkim/dtable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "dkim/dtable_int.h"
#include "mail/addr.h"

#include "base/banned.h"

#define RETRY_US	10000000	/* a key that failed is left alone */
#define PATTERN_MAX	(ADDR_SIZE + 8)

/* A [key NAME] section. */
struct key_conf {
	const char	*domain, *selector, *file, *passphrase_file, *identity;
	struct conf_list match, match_sasl, skip_rcpt_domains;
};

const struct conf_param dtable_key_params[] = {
	CONF_STR(struct key_conf, domain, NULL,
	    "The d= of its signatures."),
	CONF_STR(struct key_conf, selector, NULL,
	    "The s= of its signatures."),
	CONF_STR(struct key_conf, file, NULL,
	    "File of the private key, PEM, RSA or Ed25519; refused when other "
	    "users may read it."),
	CONF_STR(struct key_conf, passphrase_file, "",
	    "File whose first line decrypts the private key."),
	CONF_STR(struct key_conf, identity, "",
	    "The i= of its signatures: an address or @domain in or below its "
	    "domain; empty: none."),
	CONF_LIST(struct key_conf, match, "",
	    "Addresses it signs for: user@domain, domain, .domain (those "
	    "below) or *; empty: its domain."),
	CONF_LIST(struct key_conf, match_sasl, "",
	    "SASL logins it signs for, where sign_by has sasl."),
	CONF_LIST(struct key_conf, skip_rcpt_domains, "",
	    "Do not sign with it when a recipient is in one of these domains "
	    "(.domain: below)."),
	CONF_END
};

/* --- building --------------------------------------------------------- */

void *
dtable_own(struct dtable *t, void *p)
{
	void	**v;
	size_t	  cap;

	if (p == NULL)
		return NULL;
	if (t->nown == t->owncap) {
		cap = t->owncap == 0 ? 64 : t->owncap * 2;
		if ((v = realloc(t->own, cap * sizeof *v)) == NULL) {
			free(p);
			return NULL;
		}
		t->own = v;
		t->owncap = cap;
	}
	t->own[t->nown++] = p;
	return p;
}

char *
dtable_dup(struct dtable *t, const char *s, size_t n)
{
	return dtable_own(t, strndup(s, n));
}

struct dtable_slot *
dtable_add(struct dtable *t, const struct dtable_entry *entry)
{
	struct dtable_slot	*v;
	size_t			 cap;

	if (t->n == t->cap) {
		cap = t->cap == 0 ? 16 : t->cap * 2;
		if (cap >= DTABLE_NONE ||
		    (v = realloc(t->slot, cap * sizeof *v)) == NULL)
			return NULL;
		t->slot = v;
		t->cap = cap;
	}
	v = &t->slot[t->n];
	memset(v, 0, sizeof *v);
	v->e = *entry;
	v->self = (uint32_t)t->n++;
	return v;
}

/* FNV-1a; the tables are the admin's, not a sender's */
uint32_t
dtable_hash(const char *s, size_t n)
{
	uint32_t	h = 2166136261u;

	while (n-- > 0)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h;
}

int
dtable_pattern(struct dtable *t, const char *pattern, uint32_t entry,
    struct err *e)
{
	struct dtable_row	*v;
	char			*p;
	size_t			 cap, i;

	if (t->nrows == t->rowcap) {
		cap = t->rowcap == 0 ? 16 : t->rowcap * 2;
		if (cap >= DTABLE_NONE ||
		    (v = realloc(t->row, cap * sizeof *v)) == NULL)
			return err_code(e, EX_OSERR, "no memory");
		t->row = v;
		t->rowcap = cap;
	}
	if (strlen(pattern) >= PATTERN_MAX)
		return err_code(e, EX_CONFIG, "%.60s...: too long", pattern);
	if ((p = dtable_dup(t, pattern, strlen(pattern))) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	for (i = 0; p[i] != '\0'; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	t->row[t->nrows].pattern = p;
	t->row[t->nrows].entry = entry;
	t->row[t->nrows++].next = DTABLE_NONE;
	return 0;
}

/* new_buckets - an empty index for n things */
static uint32_t *
new_buckets(size_t n, size_t *size)
{
	uint32_t	*b;
	size_t		 i;

	for (*size = 16; *size < n * 2; *size *= 2)
		;
	if ((b = malloc(*size * sizeof *b)) != NULL)
		for (i = 0; i < *size; i++)
			b[i] = DTABLE_NONE;
	return b;
}

/* index_rows - chains in the order of the tables: the last goes in first */
static int
index_rows(struct dtable *t)
{
	size_t	i, b;

	if ((t->bucket = new_buckets(t->nrows, &t->nbuckets)) == NULL)
		return -1;
	for (i = t->nrows; i-- > 0; ) {
		b = dtable_hash(t->row[i].pattern, strlen(t->row[i].pattern)) &
		    (t->nbuckets - 1);
		t->row[i].next = t->bucket[b];
		t->bucket[b] = (uint32_t)i;
	}
	return 0;
}

int
dtable_index_names(struct dtable *t)
{
	size_t	i, b;

	free(t->names);
	if ((t->names = new_buckets(t->n, &t->nnames)) == NULL)
		return -1;
	for (i = t->n; i-- > 0; ) {
		b = dtable_hash(t->slot[i].e.name, strlen(t->slot[i].e.name)) &
		    (t->nnames - 1);
		while (t->names[b] != DTABLE_NONE)
			b = (b + 1) & (t->nnames - 1);
		t->names[b] = (uint32_t)i;
	}
	return 0;
}

uint32_t
dtable_index(const struct dtable *t, const char *name, size_t n)
{
	size_t		 b = dtable_hash(name, n) & (t->nnames - 1);
	const char	*s;

	for (; t->names[b] != DTABLE_NONE; b = (b + 1) & (t->nnames - 1)) {
		s = t->slot[t->names[b]].e.name;
		if (strncmp(s, name, n) == 0 && s[n] == '\0')
			return t->names[b];
	}
	return DTABLE_NONE;
}

/* --- from the configuration ------------------------------------------- */

/* where - "FILE:LINE: name: " in front of the reason */
static int
where(const struct conf_section *s, const char *name, struct err *e)
{
	char	w[300];

	return err_prefix(e, "%s", conf_where(s, name, w, sizeof w));
}

/* under - is domain the same as, or below, parent? */
static bool
under(const char *domain, const char *parent)
{
	size_t	n = strlen(domain), k = strlen(parent);

	return n >= k && strcasecmp(domain + n - k, parent) == 0 &&
	    (n == k || domain[n - k - 1] == '.');
}

/* check_section - what the parameter table cannot see; sets A-label domain */
static int
check_section(struct dtable *t, const struct conf_section *s,
    struct key_conf *k, struct err *e)
{
	char		 dom[ADDR_DOMAIN_MAX + 1];
	const char	*why = "not a domain", *at;

	if (addr_domain(k->domain, strlen(k->domain), dom, &why) != ADDR_OK) {
		(void)err_code(e, EX_CONFIG, "%s: %s", k->domain, why);
		return where(s, "domain", e);
	}
	if ((k->domain = dtable_dup(t, dom, strlen(dom))) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (!dkey_selector_ok(k->selector)) {
		(void)err_code(e, EX_CONFIG, "%s: not a selector (letters, "
		    "digits, '-', '_' and inner dots, at most 63)",
		    k->selector);
		return where(s, "selector", e);
	}
	if (k->identity[0] != '\0' && ((at = strrchr(k->identity, '@')) ==
	    NULL || !under(at + 1, k->domain))) {
		(void)err_code(e, EX_CONFIG, "%s: must end in @%s or @ and a "
		    "domain below it", k->identity, k->domain);
		return where(s, "identity", e);
	}
	return 0;
}

/* normal_pattern - a pattern's domain in A-labels */
static int
normal_pattern(const char *p, char *out, size_t size, struct err *e)
{
	const char	*at = strrchr(p, '@'), *d, *why = "not a domain";
	char		 dom[ADDR_DOMAIN_MAX + 1];

	d = at != NULL ? at + 1 : p[0] == '.' ? p + 1 : p;
	if (strcmp(p, "*") == 0) {
		(void)snprintf(out, size, "*");
		return 0;
	}
	if (addr_domain(d, strlen(d), dom, &why) != ADDR_OK)
		return err_code(e, EX_CONFIG, "%s: %s", p, why);
	/* "@example.com" and "*@example.com" are "example.com" */
	if (at == p || (at == p + 1 && *p == '*'))
		p = d;
	if ((size_t)snprintf(out, size, "%.*s%s", (int)(d - p), p, dom) >=
	    size)
		return err_code(e, EX_CONFIG, "%.60s...: too long", p);
	return 0;
}

/* add_patterns - whom the section signs for */
static int
add_patterns(struct dtable *t, const struct conf_section *s,
    const struct key_conf *k, uint32_t entry, struct err *e)
{
	char	p[PATTERN_MAX];
	size_t	i;

	if (k->match.n == 0 && dtable_pattern(t, k->domain, entry, e) == -1)
		return where(s, "domain", e);
	for (i = 0; i < k->match.n; i++)
		if (normal_pattern(k->match.v[i], p, sizeof p, e) == -1 ||
		    dtable_pattern(t, p, entry, e) == -1)
			return where(s, "match", e);
	for (i = 0; i < k->match_sasl.n; i++) {
		/* ':' in front: no address is spelt like that */
		(void)snprintf(p, sizeof p, ":%s", k->match_sasl.v[i]);
		if (dtable_pattern(t, p, entry, e) == -1)
			return where(s, "match_sasl", e);
	}
	return 0;
}

int
dtable_note_file(struct dtable_slot *s)
{
	struct stat	st;

	if (stat(s->e.file, &st) == -1)
		return -1;
	s->seen = true;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->mtime = st.st_mtim;
	return 0;
}

/* add_section - one [key NAME] */
static int
add_section(struct dtable *t, const struct conf *conf,
    const struct conf_section *s, struct err *e)
{
	struct key_conf		 k;
	struct dtable_entry	 entry;
	struct dtable_slot	*slot;

	if (conf_bind(conf, s, dtable_key_params, &k, e) == -1 ||
	    check_section(t, s, &k, e) == -1)
		return -1;
	entry = (struct dtable_entry){ conf_section_name(s), k.domain,
	    k.selector, k.file, k.passphrase_file, k.identity,
	    k.skip_rcpt_domains };
	if ((slot = dtable_add(t, &entry)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (t->n <= DTABLE_EAGER) {
		slot->pinned = true;
		if (dkey_load(k.file, k.passphrase_file, &slot->key, e) == -1)
			return where(s, "file", e);
	} else if (dtable_note_file(slot) == -1) {
		(void)err_code(e, EX_CONFIG, "%s: %s", k.file,
		    strerror(errno));
		return where(s, "file", e);
	}
	return add_patterns(t, s, &k, slot->self, e);
}

/* add_path - the entry from which those of key_path are made */
static int
add_path(struct dtable *t, const struct dtable_options *o, struct err *e)
{
	struct dtable_entry	 entry = { "key_path", "%", o->key_selector,
				    o->key_path, "", "", { NULL, 0 } };
	struct dtable_slot	*s;

	if (o->key_path[0] == '\0')
		return 0;
	if (strstr(o->key_path, "$domain") == NULL)
		return err_code(e, EX_CONFIG, "key_path: %s: has no $$domain "
		    "in it", o->key_path);
	if (o->key_selector[0] == '\0' && o->selector_map[0] != '\0')
		return 0;	/* only for domains of the map */
	if (!dkey_selector_ok(o->key_selector))
		return err_code(e, EX_CONFIG, "key_selector: '%s': not a "
		    "selector", o->key_selector);
	if ((s = dtable_add(t, &entry)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	t->by_path = s->self;
	return 0;
}

int
dtable_load(const struct conf *conf, const struct dtable_options *o,
    struct dtable **out, struct err *e)
{
	const struct conf_section	*s = NULL;
	struct dtable			*t = calloc(1, sizeof *t);

	if (t == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (pthread_mutex_init(&t->lock, NULL) != 0) {
		free(t);
		return err_code(e, EX_OSERR, "no memory");
	}
	t->parents = o->parents;
	t->cache = o->cache > 0 ? o->cache : 1;
	t->by_path = DTABLE_NONE;
	while ((s = conf_next(conf, "key", s)) != NULL)
		if (add_section(t, conf, s, e) == -1)
			goto fail;
	if (active_load(t, o->key_store, e) == -1 ||
	    signing_load_keys(t, o->key_table, e) == -1 ||
	    pathmap_load(t, o, e) == -1 || add_path(t, o, e) == -1)
		goto fail;
	if (dtable_index_names(t) == -1 || index_rows(t) == -1) {
		(void)err_code(e, EX_OSERR, "no memory");
		goto fail;
	}
	if (signing_load(t, o->signing_table, o->all_matches, e) == -1)
		goto fail;
	*out = t;
	return 0;
fail:
	dtable_free(&t);
	return -1;
}

static void
free_made(struct dtable *t)
{
	struct dtable_slot	*s;
	size_t			 i;

	for (i = 0; t->made != NULL && i < DTABLE_MADE; i++)
		while ((s = t->made->bucket[i]) != NULL) {
			t->made->bucket[i] = s->next;
			dkey_free(&s->key);
			free((char *)(uintptr_t)s->e.domain);
			free((char *)(uintptr_t)s->e.file);
			free(s);
		}
	free(t->made);
}

void
dtable_free(struct dtable **tp)
{
	struct dtable	*t = *tp;
	size_t		 i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++)
		dkey_free(&t->slot[i].key);
	free_made(t);
	signing_free(&t->signing);
	for (i = 0; i < t->nown; i++)
		free(t->own[i]);
	free(t->own);
	free(t->slot);
	free(t->row);
	free(t->bucket);
	free(t->names);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
	*tp = NULL;
}

size_t
dtable_count(const struct dtable *t)
{
	return t->n;
}

const struct dtable_entry *
dtable_at(const struct dtable *t, size_t i)
{
	return &t->slot[i].e;
}

/* --- finding ---------------------------------------------------------- */

/* rows - the entries under exactly this pattern */
static size_t
rows(const struct dtable *t, const char *pattern,
    const struct dtable_entry *v[DTABLE_FOUND])
{
	uint32_t	i;
	size_t		n = 0;

	i = t->bucket[dtable_hash(pattern, strlen(pattern)) &
	    (t->nbuckets - 1)];
	for (; i != DTABLE_NONE && n < DTABLE_FOUND; i = t->row[i].next)
		if (strcmp(t->row[i].pattern, pattern) == 0)
			v[n++] = &t->slot[t->row[i].entry].e;
	return n;
}

/* by_rows - the entries of [key] sections */
static size_t
by_rows(const struct dtable *t, const char *local, const char *domain,
    const struct dtable_entry *v[DTABLE_FOUND])
{
	char		 p[PATTERN_MAX];
	const char	*up;
	size_t		 n;

	(void)snprintf(p, sizeof p, "%s@%s", local, domain);
	if ((n = rows(t, p, v)) > 0 || (n = rows(t, domain, v)) > 0)
		return n;
	for (up = strchr(domain, '.'); up != NULL; up = strchr(up + 1, '.')) {
		if ((n = rows(t, up, v)) > 0)
			return n;
		/* a top-level domain is nobody's own */
		if (t->parents && strchr(up + 1, '.') != NULL &&
		    (n = rows(t, up + 1, v)) > 0)
			return n;
	}
	return rows(t, "*", v);
}

size_t
dtable_find(struct dtable *t, const char *local, const char *domain,
    const struct dtable_entry *v[DTABLE_FOUND])
{
	char	p[PATTERN_MAX];
	size_t	n;

	if (domain[0] == '\0') {
		(void)snprintf(p, sizeof p, ":%s", local);
		return rows(t, p, v);
	}
	if ((n = by_rows(t, local, domain, v)) > 0 ||
	    (n = signing_find(t, local, domain, v)) > 0)
		return n;
	if (t->by_path == DTABLE_NONE)
		return 0;
	v[0] = dtable_make(t, &t->slot[t->by_path].e, domain);
	return v[0] != NULL ? 1 : 0;
}

/* --- entries made at use -------------------------------------------------- */

/* is_plain - may the domain be part of a file's name? */
static bool
is_plain(const char *domain)
{
	size_t	n = strspn(domain, "abcdefghijklmnopqrstuvwxyz0123456789-_.");

	return n > 0 && domain[n] == '\0' && domain[0] != '.' &&
	    strstr(domain, "..") == NULL;
}

char *
dtable_fill_in(const struct dtable_entry *templ, const char *domain)
{
	struct buf	 b = BUF_INIT(4096);
	const char	*p;

	for (p = templ->file; *p != '\0'; p++)
		if (*p == '%') {
			(void)buf_adds(&b, domain);
		} else if (strncmp(p, "$domain", 7) == 0) {
			(void)buf_adds(&b, domain);
			p += 6;
		} else if (strncmp(p, "$selector", 9) == 0) {
			(void)buf_adds(&b, templ->selector);
			p += 8;
		} else {
			(void)buf_addc(&b, *p);
		}
	return buf_steal(&b);
}

/* new_made - under the lock: a slot for this file, if it is there */
static struct dtable_slot *
new_made(const struct dtable_entry *templ, const char *domain)
{
	struct dtable_slot	*s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->e = *templ;
	s->e.domain = strdup(domain);
	s->e.file = dtable_fill_in(templ, domain);
	if (s->e.domain != NULL && s->e.file != NULL &&
	    dtable_note_file(s) == 0)
		return s;
	free((char *)(uintptr_t)s->e.domain);
	free((char *)(uintptr_t)s->e.file);
	free(s);
	return NULL;
}

const struct dtable_entry *
dtable_make(struct dtable *t, const struct dtable_entry *templ,
    const char *domain)
{
	struct dtable_slot	*s = NULL;
	size_t			 b;

	if (!is_plain(domain))
		return NULL;
	b = dtable_hash(domain, strlen(domain)) % DTABLE_MADE;
	(void)pthread_mutex_lock(&t->lock);
	if (t->made == NULL)
		t->made = calloc(1, sizeof *t->made);
	if (t->made != NULL) {
		for (s = t->made->bucket[b]; s != NULL; s = s->next)
			if (s->e.name == templ->name &&
			    strcmp(s->e.domain, domain) == 0)
				break;
		if (s == NULL && (s = new_made(templ, domain)) != NULL) {
			s->next = t->made->bucket[b];
			t->made->bucket[b] = s;
		}
	}
	(void)pthread_mutex_unlock(&t->lock);
	return s != NULL ? &s->e : NULL;
}

const struct dtable_entry *
dtable_named(const struct dtable *t, const char *name)
{
	uint32_t	i = dtable_index(t, name, strlen(name));

	return i == DTABLE_NONE ? NULL : &t->slot[i].e;
}

bool
dtable_loaded(const struct dtable_entry *entry)
{
	return ((const struct dtable_slot *)entry)->pinned;
}

/* --- keys loaded at use ----------------------------------------------- */

/* unlink_slot, front - the list of keys loaded at use, newest first */
static void
unlink_slot(struct dtable *t, struct dtable_slot *s)
{
	if (s->newer != NULL)
		s->newer->older = s->older;
	else
		t->newest = s->older;
	if (s->older != NULL)
		s->older->newer = s->newer;
	else
		t->oldest = s->newer;
	s->newer = s->older = NULL;
}

static void
front(struct dtable *t, struct dtable_slot *s)
{
	s->newer = NULL;
	s->older = t->newest;
	if (t->newest != NULL)
		t->newest->newer = s;
	t->newest = s;
	if (t->oldest == NULL)
		t->oldest = s;
}

/* unchanged - is the file the one that the table was loaded with? */
static int
unchanged(const struct dtable_slot *s, struct err *e)
{
	struct stat	st;

	if (!s->seen || stat(s->e.file, &st) == -1)
		return 0;	/* dkey_load says it better */
	if (st.st_dev == s->dev && st.st_ino == s->ino &&
	    st.st_mtim.tv_sec == s->mtime.tv_sec &&
	    st.st_mtim.tv_nsec == s->mtime.tv_nsec)
		return 0;
	return err_code(e, EX_CONFIG, "%s: changed since the tables were "
	    "loaded; reload to use it", s->e.file);
}

/* drop_oldest - the key that was not used for the longest time; whoever signs
 * with it now has a reference */
static void
drop_oldest(struct dtable *t)
{
	struct dtable_slot	*old = t->oldest;

	unlink_slot(t, old);
	dkey_free(&old->key);
	t->cached--;
}

/* load_slot - under the lock: the key, from its file */
static int
load_slot(struct dtable *t, struct dtable_slot *s, struct err *e)
{
	int64_t			 now = clock_mono_us();

	if (s->fault != NULL)
		return err_code(e, EX_CONFIG, "%s", s->fault);
	if (s->failed_us != 0 && now - s->failed_us < RETRY_US)
		return err_code(e, EX_CONFIG, "%s: could not be loaded "
		    "moments ago", s->e.file);
	while (t->cached == t->cache || (t->cached > 0 && dkey_secure_full()))
		drop_oldest(t);
	if (unchanged(s, e) == -1 ||
	    dkey_load(s->e.file, s->e.passphrase_file, &s->key, e) == -1) {
		s->failed_us = now;
		return -1;
	}
	s->failed_us = 0;
	front(t, s);
	t->cached++;
	return 0;
}

int
dtable_key(struct dtable *t, const struct dtable_entry *entry,
    struct dkey **key, struct err *e)
{
	struct dtable_slot	*s = (struct dtable_slot *)(uintptr_t)entry;
	int			 rc = 0;

	if (s->pinned) {	/* never changes after load: no lock */
		*key = dkey_ref(s->key);
		return 0;
	}
	(void)pthread_mutex_lock(&t->lock);
	if (s->key == NULL) {
		rc = load_slot(t, s, e);
	} else if (t->newest != s) {
		unlink_slot(t, s);
		front(t, s);
	}
	if (rc == 0)
		*key = dkey_ref(s->key);
	(void)pthread_mutex_unlock(&t->lock);
	return rc;
}

void
dtable_patterns(const struct dtable *t, const struct dtable_entry *entry,
    void (*each)(void *arg, const char *pattern), void *arg)
{
	const struct dtable_slot *s = (const struct dtable_slot *)entry;
	size_t			 i;

	for (i = 0; s->pinned && i < t->nrows; i++)
		if (t->row[i].entry == s->self)
			each(arg, t->row[i].pattern);
}

size_t
dtable_check(struct dtable *t, void (*report)(void *arg, const char *msg),
    void *arg)
{
	struct dkey	*key;
	struct err	 e;
	char		 line[ERR_SIZE + 100];
	size_t		 i, bad = 0;

	for (i = 0; i < t->n; i++) {
		if (t->slot[i].fault != NULL)
			(void)err_set(&e, "%s", t->slot[i].fault);
		else if (strpbrk(t->slot[i].e.file, "%$") != NULL)
			continue;	/* depends on the address */
		else if (dkey_load(t->slot[i].e.file,
		    t->slot[i].e.passphrase_file, &key, &e) == 0) {
			dkey_free(&key);
			continue;
		}
		bad++;
		(void)snprintf(line, sizeof line, "key %s: %s",
		    t->slot[i].e.name, e.msg);
		report(arg, line);
	}
	return bad;
}

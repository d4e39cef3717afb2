/* SPDX-License-Identifier: BSD-2-Clause */
/* rotate.c - see rotate.h */
#include "dkim/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "mail/addr.h"

#include "base/banned.h"

#define STATE_MAX	(64u << 20)
#define TTL_MAX		(7L * 86400)	/* what caches keep, RFC 8767 4 */
#define HEAD		"# mailweir dkim rotate, form 1\n"

static const char *const state_names[ROTATE_STATES] = {
	"new", "published", "active", "retiring", "gone"
};

/* A run over one folder. */
struct run {
	const struct rotate_options	*o;
	const struct rotate_ops		*ops;
	struct rotate_key		*v;
	size_t				 n, cap;
	int				 lock, journal;
	long long			 now;
	bool				 attention;
};

const char *
rotate_state_name(enum rotate_state s)
{
	return state_names[s];
}

/* say - a line for people */
static void
say(struct run *r, const struct rotate_key *k, const char *what)
{
	char	line[1200];

	(void)snprintf(line, sizeof line, "%s %s: %s", k->domain, k->selector,
	    what);
	r->ops->say(r->ops->arg, line);
}

/* path_of - a file of the folder */
static const char *
path_of(const char *dir, const char *name, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s", dir, name);
	return out;
}

static const char *
key_path(const char *dir, const struct rotate_key *k, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/%s.%s.pem", dir, k->domain,
	    k->selector);
	return out;
}

/* --- the state file ------------------------------------------------------ */

/* parse_key - "domain selector algorithm state since made seen ttl told";
 * the last one is younger than the form, and was as good as 1 */
static int
parse_key(const char *line, struct rotate_key *k)
{
	char	alg[16], state[16];
	int	i, told = 1;

	memset(k, 0, sizeof *k);
	if (sscanf(line, "%255s %63s %15s %15s %lld %lld %lld %ld %d",
	    k->domain, k->selector, alg, state, &k->since, &k->made, &k->seen,
	    &k->ttl, &told) < 8)
		return -1;
	k->told = told != 0;
	k->alg = strcmp(alg, "ed25519") == 0 ? DKEY_ED25519 : DKEY_RSA;
	for (i = 0; i < ROTATE_STATES; i++)
		if (strcmp(state_names[i], state) == 0) {
			k->state = (enum rotate_state)i;
			return 0;
		}
	return -1;
}

/* room - for one more key */
static struct rotate_key *
room(struct rotate_key **v, size_t *n, size_t *cap)
{
	struct rotate_key	*p;

	if (*n == *cap) {
		*cap = *cap == 0 ? 16 : *cap * 2;
		if (*n >= ROTATE_KEYS ||
		    (p = realloc(*v, *cap * sizeof *p)) == NULL)
			return NULL;
		*v = p;
	}
	return &(*v)[(*n)++];
}

int
rotate_list(const char *dir, struct rotate_key **v, size_t *n, struct err *e)
{
	struct rotate_key	*k;
	char			 path[PATH_MAX], *text, *p, *nl;
	size_t			 len, cap = 0;
	unsigned		 line = 1;

	*v = NULL;
	*n = 0;
	if (access(path_of(dir, "state", path), F_OK) == -1 &&
	    errno == ENOENT)
		return 0;
	if (file_read(path, STATE_MAX, &text, &len, e) == -1)
		return -1;
	for (p = text; p != NULL && *p != '\0'; p = nl, line++) {
		if ((nl = strchr(p, '\n')) != NULL)
			*nl++ = '\0';
		if (*p == '#' || *p == '\0')
			continue;
		if ((k = room(v, n, &cap)) == NULL || parse_key(p, k) == -1) {
			free(text);
			free(*v);
			*v = NULL;
			return err_code(e, EX_DATAERR, "%s:%u: not a line of "
			    "this file", path, line);
		}
	}
	free(text);
	return 0;
}

/* save - the state, and what the milter reads */
static int
save(struct run *r, struct err *e)
{
	struct buf			 st = BUF_INIT(STATE_MAX), ac = st;
	const struct rotate_key		*k;
	char				 path[PATH_MAX];
	int				 rc = -1;

	(void)buf_adds(&st, HEAD);
	(void)buf_adds(&ac, HEAD);
	for (k = r->v; k < r->v + r->n; k++) {
		(void)buf_addf(&st, "%s %s %s %s %lld %lld %lld %ld %d\n",
		    k->domain, k->selector, k->alg == DKEY_RSA ? "rsa" :
		    "ed25519", state_names[k->state], k->since, k->made,
		    k->seen, k->ttl, k->told);
		if (k->state == ROTATE_ACTIVE)
			(void)buf_addf(&ac, "%s %s %s\n", k->domain,
			    k->selector, key_path(r->o->dir, k, path));
	}
	if (st.failed || ac.failed)
		(void)err_code(e, EX_OSERR, "no memory");
	else if (file_write_new(path_of(r->o->dir, "state", path), 0644,
	    st.data, st.len, true, e) == 0 &&
	    file_write_new(path_of(r->o->dir, "active", path), 0644,
	    ac.data, ac.len, true, e) == 0)
		rc = 0;
	buf_free(&st);
	buf_free(&ac);
	return rc;
}

/* journal - one step, on disk before it is taken */
static int
journal(struct run *r, const struct rotate_key *k, const char *to,
    const char *why, struct err *e)
{
	char	line[1200], iso[CLOCK_ISO_SIZE];
	int	n;

	n = snprintf(line, sizeof line, "%s %s %s %s -> %s: %s\n",
	    clock_iso((time_t)r->now, iso), k->domain, k->selector,
	    state_names[k->state], to, why);
	if (n < 0 || (size_t)n >= sizeof line ||
	    write(r->journal, line, (size_t)n) != n ||
	    fdatasync(r->journal) == -1)
		return err_code(e, EX_IOERR, "%s/journal: %s", r->o->dir,
		    strerror(errno));
	return 0;
}

/* step - journaled, taken, saved, told */
static int
step(struct run *r, struct rotate_key *k, enum rotate_state to,
    const char *why, struct err *e)
{
	char	line[600];

	if (journal(r, k, state_names[to], why, e) == -1)
		return -1;
	(void)snprintf(line, sizeof line, "%s -> %s: %s",
	    state_names[k->state], state_names[to], why);
	k->state = to;
	k->since = r->now;
	if (save(r, e) == -1)
		return -1;
	say(r, k, line);
	return 0;
}

/* --- the steps ----------------------------------------------------------- */

/* act - through the hook; a failure is told and tried again next time */
static bool
act(struct run *r, const struct rotate_key *k, const char *verb,
    const char *data)
{
	char	name[400], line[100];

	(void)snprintf(name, sizeof name, "%s._domainkey.%s", k->selector,
	    k->domain);
	if (r->ops->act(r->ops->arg, verb, name, data) == 0)
		return true;
	(void)snprintf(line, sizeof line, "%s: not done; it will be asked for "
	    "again", verb);
	say(r, k, line);
	r->attention = true;
	return false;
}

/*
 * look - at the record of a key, through the servers
 *
 * Until it is everywhere, the TTL of what was seen last counts: absence above
 * all, which caches may still hold afterwards. From then on the longest.
 */
static enum rotate_seen
look(struct run *r, struct rotate_key *k, const struct dkey *key, char *why,
    size_t size)
{
	char	name[400];
	long	ttl = 0;
	enum rotate_seen seen;

	(void)snprintf(name, sizeof name, "%s._domainkey.%s", k->selector,
	    k->domain);
	why[0] = '\0';
	seen = r->ops->look(r->ops->arg, name, key, &ttl, why, size);
	if (ttl > TTL_MAX)
		ttl = TTL_MAX;
	if (k->ttl > TTL_MAX)
		k->ttl = TTL_MAX;	/* of an older form */
	if (ttl > k->ttl || (ttl > 0 && seen != ROTATE_EVERYWHERE &&
	    seen != ROTATE_UNKNOWN))
		k->ttl = ttl;
	return seen;
}

/* ask - to publish, with the record */
static int
ask(struct run *r, struct rotate_key *k, const struct dkey *key,
    struct err *e)
{
	struct buf	data = BUF_INIT(DKEY_RECORD_MAX);
	int		rc = dkey_record(key, &data, e);

	if (rc == 0)
		(void)act(r, k, "publish", buf_str(&data));
	buf_free(&data);
	return rc;
}

/* step_new - ask for the record until it is everywhere */
static int
step_new(struct run *r, struct rotate_key *k, const struct dkey *key,
    struct err *e)
{
	char	why[300];

	switch (look(r, k, key, why, sizeof why)) {
	case ROTATE_EVERYWHERE:
		k->seen = r->now;
		return step(r, k, ROTATE_PUBLISHED,
		    "its record is at every server", e);
	case ROTATE_UNKNOWN:
		say(r, k, why);
		/* FALLTHROUGH */
	default:
		return ask(r, k, key, e);
	}
}

/* retire_others - the keys that k replaces */
static int
retire_others(struct run *r, const struct rotate_key *k, struct err *e)
{
	struct rotate_key	*o;

	for (o = r->v; o < r->v + r->n; o++)
		if (o != k && o->state == ROTATE_ACTIVE && o->alg == k->alg &&
		    strcasecmp(o->domain, k->domain) == 0) {
			if (journal(r, o, "retiring", "replaced", e) == -1)
				return -1;
			o->state = ROTATE_RETIRING;
			o->since = r->now;
			say(r, o, "active -> retiring: replaced");
		}
	return 0;
}

/* step_published - active once everybody who looked before has forgotten */
static int
step_published(struct run *r, struct rotate_key *k, const struct dkey *key,
    struct err *e)
{
	char	why[300];
	long	wait;

	switch (look(r, k, key, why, sizeof why)) {
	case ROTATE_EVERYWHERE:
		break;
	case ROTATE_UNKNOWN:
		say(r, k, why);
		return 0;
	default:
		k->seen = 0;
		r->attention = true;
		return step(r, k, ROTATE_NEW, why, e);
	}
	wait = k->ttl > r->o->min_ttl ? k->ttl : r->o->min_ttl;
	if (r->now - k->seen < wait)
		return 0;
	/* old and new change places in one write of the state; should the
	 * rest not come about, the next run does it */
	k->told = false;
	if (retire_others(r, k, e) == -1 ||
	    step(r, k, ROTATE_ACTIVE, "seen everywhere for its TTL", e) == -1)
		return -1;
	k->told = act(r, k, "activate", k->domain);
	return 0;
}

/* step_active - nothing to do but to warn when its record vanishes, and to ask
 * for the reload until it is done */
static int
step_active(struct run *r, struct rotate_key *k, const struct dkey *key)
{
	char	why[300];

	if (!k->told)
		k->told = act(r, k, "activate", k->domain);
	switch (look(r, k, key, why, sizeof why)) {
	case ROTATE_EVERYWHERE:
		break;
	case ROTATE_UNKNOWN:
		say(r, k, why);
		break;
	default:
		r->attention = true;
		say(r, k, "WARNING: it signs, but its record is not at every "
		    "server");
		say(r, k, why);
		break;
	}
	return 0;
}

/* may_sign - does the milter perhaps not know yet that k is replaced? */
static bool
may_sign(const struct run *r, const struct rotate_key *k)
{
	const struct rotate_key	*o;

	for (o = r->v; o < r->v + r->n; o++)
		if (o->state == ROTATE_ACTIVE && !o->told && o->alg == k->alg &&
		    strcasecmp(o->domain, k->domain) == 0)
			return true;
	return false;
}

/* step_retiring - withdraw after the queues are empty, then forget the key */
static int
step_retiring(struct run *r, struct rotate_key *k, const struct dkey *key,
    struct err *e)
{
	char	why[300], path[PATH_MAX];

	if (may_sign(r, k))
		k->since = r->now;	/* its last mail is yet to come */
	if (r->now - k->since < r->o->queue_lifetime)
		return 0;
	switch (look(r, k, key, why, sizeof why)) {
	case ROTATE_NOWHERE:
		if (step(r, k, ROTATE_GONE, "its record is at no server",
		    e) == -1)
			return -1;
		(void)unlink(key_path(r->o->dir, k, path));
		return 0;
	case ROTATE_UNKNOWN:
		say(r, k, why);
		return 0;
	default:
		(void)act(r, k, "withdraw", "");
		return 0;
	}
}

/* is_lost - is its private key no more? */
static bool
is_lost(const struct run *r, const struct rotate_key *k)
{
	char	path[PATH_MAX];

	return access(key_path(r->o->dir, k, path), F_OK) == -1 &&
	    errno == ENOENT;
}

/*
 * one_lost - what is to be done for a key whose file is gone
 *
 * One that never signed retires, so that its record goes. An active one stays
 * until the next is active: a milter that loaded it still signs with it, and
 * begin_domain() makes its successor.
 */
static int
one_lost(struct run *r, struct rotate_key *k, struct err *e)
{
	char	line[PATH_MAX + 200], path[PATH_MAX];

	if (k->state == ROTATE_RETIRING)
		return step_retiring(r, k, NULL, e);
	r->attention = true;
	if (k->state != ROTATE_ACTIVE)
		return step(r, k, ROTATE_RETIRING, "its private key is lost; "
		    "it never signed", e);
	(void)snprintf(line, sizeof line, "its private key %s is lost: after a "
	    "reload nothing is signed with it; a key of rotate_domains has a "
	    "new one made in its place", key_path(r->o->dir, k, path));
	say(r, k, line);
	return 0;
}

/* one_key - the step that is due for a key, if any */
static int
one_key(struct run *r, struct rotate_key *k, struct err *e)
{
	struct dkey	*key = NULL;
	char		 path[PATH_MAX];
	int		 rc = 0;

	if (k->state == ROTATE_GONE) {
		/* should a run have been killed in between */
		(void)unlink(key_path(r->o->dir, k, path));
		return 0;
	}
	if (is_lost(r, k))
		return one_lost(r, k, e);
	if (dkey_load(key_path(r->o->dir, k, path), NULL, &key, e) == -1) {
		r->attention = true;
		say(r, k, e->msg);
		return 0;	/* the others are not to suffer */
	}
	switch (k->state) {
	case ROTATE_NEW:
		rc = step_new(r, k, key, e);
		break;
	case ROTATE_PUBLISHED:
		rc = step_published(r, k, key, e);
		break;
	case ROTATE_ACTIVE:
		rc = step_active(r, k, key);
		break;
	default:
		rc = step_retiring(r, k, key, e);
		break;
	}
	dkey_free(&key);
	return rc;
}

/* free_selector - YYYYMMDD and a letter, one that the domain never had, not
 * even in a run that was killed before it could note it */
static int
free_selector(const struct run *r, const char *domain, char out[64])
{
	char			 iso[CLOCK_ISO_SIZE], day[9], letter;
	char			 path[PATH_MAX];
	const struct rotate_key	*k;
	struct rotate_key	 made;

	(void)clock_iso((time_t)r->now, iso);
	(void)snprintf(day, sizeof day, "%.4s%.2s%.2s", iso, iso + 5, iso + 8);
	for (letter = 'a'; letter <= 'z'; letter++) {
		(void)snprintf(out, 64, "%s%c", day, letter);
		for (k = r->v; k < r->v + r->n; k++)
			if (strcasecmp(k->domain, domain) == 0 &&
			    strcmp(k->selector, out) == 0)
				break;
		if (k < r->v + r->n)
			continue;
		memset(&made, 0, sizeof made);
		(void)snprintf(made.domain, sizeof made.domain, "%s", domain);
		(void)snprintf(made.selector, sizeof made.selector, "%s", out);
		if (access(key_path(r->o->dir, &made, path), F_OK) == -1)
			return 0;
	}
	return -1;
}

/* make_key - a new one for the domain */
static int
make_key(struct run *r, const char *domain, enum dkey_alg alg, struct err *e)
{
	struct rotate_key	*k;
	struct dkey		*key;
	const char		*pem;
	char			 path[PATH_MAX], selector[64];
	int			 rc;

	if (free_selector(r, domain, selector) == -1)
		return err_code(e, EX_UNAVAILABLE, "%s: 26 keys in one day",
		    domain);
	if ((k = room(&r->v, &r->n, &r->cap)) == NULL)
		return err_code(e, EX_OSERR, "no room for more keys");
	memset(k, 0, sizeof *k);
	(void)snprintf(k->domain, sizeof k->domain, "%s", domain);
	(void)snprintf(k->selector, sizeof k->selector, "%s", selector);
	k->alg = alg;
	k->since = k->made = r->now;
	if (dkey_generate(alg, r->o->bits, &key, e) == -1) {
		r->n--;
		return -1;
	}
	pem = dkey_pem(key);
	rc = pem == NULL ? err_code(e, EX_OSERR, "no memory") :
	    file_write_new(key_path(r->o->dir, k, path), 0640, pem,
	    strlen(pem), false, e);
	dkey_free(&key);
	if (rc == -1) {
		r->n--;
		return -1;
	}
	return step(r, k, ROTATE_NEW, "made", e);
}

/* begin_domain - is it time for a new key of this algorithm? */
static int
begin_domain(struct run *r, const char *domain, enum dkey_alg alg,
    struct err *e)
{
	const struct rotate_key	*k;
	bool			 due = true;

	for (k = r->v; k < r->v + r->n; k++) {
		if (k->alg != alg || strcasecmp(k->domain, domain) != 0)
			continue;
		if (k->state == ROTATE_NEW || k->state == ROTATE_PUBLISHED)
			return 0;	/* one is on its way */
		if (k->state == ROTATE_ACTIVE && !r->o->now &&
		    r->now - k->since < r->o->every && !is_lost(r, k))
			due = false;
	}
	return due ? make_key(r, domain, alg, e) : 0;
}

/* begin - every domain and algorithm of the options */
static int
begin(struct run *r, struct err *e)
{
	char		 dom[ADDR_DOMAIN_MAX + 1];
	const char	*why = "not a domain", *alg;
	size_t		 i, a;

	for (i = 0; i < r->o->domains.n; i++) {
		if (addr_domain(r->o->domains.v[i],
		    strlen(r->o->domains.v[i]), dom, &why) != ADDR_OK)
			return err_code(e, EX_CONFIG, "%s: %s",
			    r->o->domains.v[i], why);
		for (a = 0; a < r->o->algorithms.n; a++) {
			alg = r->o->algorithms.v[a];
			if (strcmp(alg, "rsa") != 0 &&
			    strcmp(alg, "ed25519") != 0)
				return err_code(e, EX_CONFIG, "%s: want rsa "
				    "or ed25519", alg);
			if (begin_domain(r, dom, alg[0] == 'r' ? DKEY_RSA :
			    DKEY_ED25519, e) == -1)
				return -1;
		}
	}
	return 0;
}

/* open_run - the folder, alone */
static int
open_run(struct run *r, struct err *e)
{
	char	path[PATH_MAX];

	r->lock = r->journal = -1;
	r->now = (long long)clock_now();
	if (mkdir(r->o->dir, 0755) == -1 && errno != EEXIST)
		return err_code(e, EX_CANTCREAT, "%s: %s", r->o->dir,
		    strerror(errno));
	r->lock = open(path_of(r->o->dir, "lock", path), O_RDWR | O_CREAT |
	    O_CLOEXEC, 0600);
	if (r->lock == -1)
		return err_code(e, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	if (flock(r->lock, LOCK_EX | LOCK_NB) == -1)
		return err_code(e, EX_TEMPFAIL, "%s: another run is under way",
		    path);
	r->journal = open(path_of(r->o->dir, "journal", path), O_WRONLY |
	    O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (r->journal == -1)
		return err_code(e, EX_CANTCREAT, "%s: %s", path,
		    strerror(errno));
	if (rotate_list(r->o->dir, &r->v, &r->n, e) == -1)
		return -1;
	r->cap = r->n;
	return 0;
}

int
rotate_run(const struct rotate_options *o, const struct rotate_ops *ops,
    struct err *e)
{
	struct run	r = { .o = o, .ops = ops };
	size_t		i;
	int		rc = open_run(&r, e);

	if (rc == 0)
		rc = begin(&r, e);
	for (i = 0; i < r.n && rc == 0; i++)
		rc = one_key(&r, &r.v[i], e);
	/* ttl, seen, told and since may have changed without a step */
	if (rc == 0)
		rc = save(&r, e);
	free(r.v);
	if (r.journal != -1)
		(void)close(r.journal);
	if (r.lock != -1)
		(void)close(r.lock);
	return rc == 0 && r.attention ? 1 : rc;
}

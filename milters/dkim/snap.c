/* SPDX-License-Identifier: BSD-2-Clause */
/* snap.c - a configuration made ready: keys, tables, lists */
#include "dkim/snap.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "dkim/dkim.h"

#include "base/banned.h"

/* Octets of locked memory: the keys of sections, twice while a reload is under
 * way, and those loaded at use. With the defaults it stays within the 8 MB that
 * systemd lets a service lock. */
#define SECURE_KEYS	(4u << 20)
#define SECURE_PER_KEY	1024
#define SECURE_MAX	(256u << 20)

static const char *const canon_words[] = {
	"simple/simple", "simple/relaxed", "relaxed/simple",
	"relaxed/relaxed", NULL
};
static const char *const engine_words[] = { "native", "libopendkim", NULL };
static const char *const action_words[] = {
	[DKIM_PASS] = "pass", [DKIM_REJECT] = "reject",
	[DKIM_TEMPFAIL] = "tempfail", NULL
};
static const char *const existing_words[] = { "keep", "remove", NULL };
static const char *const by_words[] = {
	[DKIM_BY_FROM] = "from", [DKIM_BY_SENDER] = "sender",
	[DKIM_BY_SASL] = "sasl", NULL
};

const struct conf_param dkim_params[] = {
	CONF_LIST(struct dkim_conf, sign_headers, DSIGN_SIGN,
	    "Header fields to sign, as often as a message has them; a final * "
	    "stands for anything. From, List-Unsubscribe and "
	    "List-Unsubscribe-Post are always signed."),
	CONF_LIST(struct dkim_conf, oversign_headers, DSIGN_OVERSIGN,
	    "Names to list once more than present, even when absent, so that "
	    "nobody can add one. From is always among them."),
	CONF_LIST(struct dkim_conf, oversign_present, DSIGN_OVERSIGN_PRESENT,
	    "Names to list once more than present, when present."),
	CONF_ENUM(struct dkim_conf, canonicalization, "relaxed/relaxed",
	    canon_words, "Header and body canonicalisation."),
	CONF_ENUM(struct dkim_conf, engine, "native", engine_words,
	    "Who makes signatures. libopendkim is for comparison: slower, "
	    "keeps whole bodies, leaks with Ed25519 keys."),
	CONF_SECS(struct dkim_conf, signature_ttl, "0", 0, 31536000,
	    "Signatures expire (x=) after this time; 0: never. Longer than "
	    "mail may wait in a queue, in days rather than hours."),
	CONF_INT(struct dkim_conf, line_limit, "998", 0, 1000000,
	    "smtp_line_length_limit of Postfix: longer lines are signed as "
	    "Postfix will break them; 0: it breaks none."),
	CONF_LIST(struct dkim_conf, sign_by, "from",
	    "What finds the key, tried in order: from (addresses of the From "
	    "field), sender (envelope), sasl (login)."),
	CONF_LIST(struct dkim_conf, internal_hosts, "127.0.0.0/8, ::1",
	    "Clients whose mail is signed: addresses, networks, names, "
	    ".domain; ! in front takes out again."),
	CONF_BOOL(struct dkim_conf, sign_authenticated, "yes",
	    "Sign mail of clients that logged in by SASL."),
	CONF_BOOL(struct dkim_conf, sign_local, "yes",
	    "Sign mail that did not come by SMTP (sendmail command)."),
	CONF_BOOL(struct dkim_conf, parent_domains, "yes",
	    "The key of example.com also signs for addresses below it that "
	    "have no nearer one."),
	CONF_ENUM(struct dkim_conf, no_key, "pass", action_words,
	    "What happens to our mail when no key is for its domain."),
	CONF_ENUM(struct dkim_conf, bad_message, "pass", action_words,
	    "What happens to our mail that cannot be signed rightly: no "
	    "From field, several, or too many fields. pass: unsigned."),
	CONF_ENUM(struct dkim_conf, on_error, "tempfail", action_words,
	    "What happens to our mail when a key cannot be used or signing "
	    "fails. pass: unsigned."),
	CONF_ENUM(struct dkim_conf, existing, "keep", existing_words,
	    "Signatures that a message already has of a domain that we are "
	    "about to sign for."),
	CONF_INT(struct dkim_conf, key_cache, "4096", 1, 1000000,
	    "Keys loaded at first use that are kept in memory."),
	CONF_STR(struct dkim_conf, key_table, "",
	    "OpenDKIM's KeyTable: rows of name domain:selector:file."),
	CONF_STR(struct dkim_conf, signing_table, "",
	    "OpenDKIM's SigningTable for key_table: /path, file:/path, "
	    "refile:/path or csl:..."),
	CONF_BOOL(struct dkim_conf, signing_table_all, "no",
	    "Sign with every row of signing_table that matches, not only "
	    "with the first (OpenDKIM's MultipleSignatures)."),
	CONF_STR(struct dkim_conf, key_path, "",
	    "Files of keys found by name, with $$domain and $$selector in "
	    "them, for domains that nothing else names."),
	CONF_STR(struct dkim_conf, key_selector, "",
	    "The selector of keys under key_path."),
	CONF_STR(struct dkim_conf, path_map, "",
	    "rspamd's map of domains to key files; $$domain and $$selector in "
	    "them are filled in."),
	CONF_STR(struct dkim_conf, selector_map, "",
	    "rspamd's map of domains to selectors."),
	CONF_END
};

/* Of [dkim], too; the milter itself looks at key_store alone. */
const struct conf_param rotation_params[] = {
	CONF_STR(struct dkim_rotation, key_store, "",
	    "Folder of the keys that `mailweir dkim rotate` makes and renews; "
	    "the active ones sign."),
	CONF_LIST(struct dkim_rotation, rotate_domains, "",
	    "Domains whose keys lie in key_store."),
	CONF_LIST(struct dkim_rotation, rotate_algorithms, "rsa, ed25519",
	    "A key of each for every domain: rsa, ed25519."),
	CONF_INT(struct dkim_rotation, rotate_bits, "2048", 1024, 4096,
	    "Bits of new RSA keys."),
	CONF_SECS(struct dkim_rotation, rotate_every, "180d", 3600, 315360000,
	    "How long a key signs before a new one is made."),
	CONF_SECS(struct dkim_rotation, queue_lifetime, "7d", 0, 31536000,
	    "How long signed mail may wait in queues: the record of a key that "
	    "signs no more stays so long. At least maximal_queue_lifetime of "
	    "Postfix."),
	CONF_SECS(struct dkim_rotation, min_ttl, "1h", 0, 31536000,
	    "A new key waits for the TTL of its record, but at least so long, "
	    "from the time that every authoritative server has it."),
	CONF_STR(struct dkim_rotation, rotate_hook, "",
	    "Program that does what is outside: its arguments are publish NAME "
	    "DATA, withdraw NAME, or activate NAME DOMAIN. Empty: what to do "
	    "is printed."),
	CONF_STR(struct dkim_rotation, dns_servers, "",
	    "Resolvers that `mailweir dkim` asks, as 192.0.2.53:53; empty: "
	    "those of the system."),
	CONF_INT(struct dkim_rotation, dns_port, "53", 1, 65535,
	    "Port of authoritative servers."),
	CONF_END
};

const struct conf_schema dkim_schemas[] = {
	{ "dkim", false, { rotation_params } },
	{ "key", true, { dtable_key_params } },
	{ "stream", true, { stream_params } },
	{ NULL, false, { NULL } }
};

/* where - the parameter of [dkim] in front of the reason */
static int
where(const struct conf *conf, const char *name, struct err *e)
{
	char	w[300];

	return err_prefix(e, "%s", conf_where(conf_find(conf, "dkim", NULL),
	    name, w, sizeof w));
}

/* load_by - sign_by in its order */
static int
load_by(struct dkim_snap *s, struct err *e)
{
	size_t	i, k;

	for (i = 0; i < s->c.sign_by.n; i++) {
		for (k = 0; by_words[k] != NULL; k++)
			if (strcmp(by_words[k], s->c.sign_by.v[i]) == 0)
				break;
		if (by_words[k] == NULL || s->nby == DKIM_BY_MAX)
			return err_code(e, EX_CONFIG, "%s: want from, sender "
			    "and sasl, each once", s->c.sign_by.v[i]);
		s->by[s->nby++] = (enum dkim_by)k;
	}
	return 0;
}

/* load_policy - how signatures look */
static int
load_policy(struct dkim_snap *s, const struct conf *conf, struct err *e)
{
	struct dsign_options	o = {
		.engine = s->c.engine == 0 ? DSIGN_NATIVE : DSIGN_LIBOPENDKIM,
		.header = s->c.canonicalization & 2 ? CANON_RELAXED :
		    CANON_SIMPLE,
		.body = s->c.canonicalization & 1 ? CANON_RELAXED :
		    CANON_SIMPLE,
		.sign = s->c.sign_headers,
		.oversign = s->c.oversign_headers,
		.oversign_present = s->c.oversign_present,
		.ttl = s->c.signature_ttl,
		.line_limit = (size_t)s->c.line_limit,
	};
	char	w[300];

	if (dsign_policy_new(&o, &s->policy, e) == 0)
		return 0;
	/* the reason names the parameter; say where its section is */
	(void)conf_where(conf_find(conf, "dkim", NULL), "sign_headers", w,
	    sizeof w);
	w[strcspn(w, " ")] = '\0';
	if (w[0] != '\0' && w[strlen(w) - 1] == ':')
		w[strlen(w) - 1] = '\0';
	return err_prefix(e, "%s", w);
}

/* table_of - whose key is whose */
static int
table_of(const struct dkim_conf *c, const struct conf *conf,
    struct dtable **out, struct err *e)
{
	struct dtable_options	o = {
		.key_table = c->key_table,
		.signing_table = c->signing_table,
		.all_matches = c->signing_table_all,
		.key_path = c->key_path,
		.key_selector = c->key_selector,
		.path_map = c->path_map,
		.selector_map = c->selector_map,
		.key_store = c->key_store,
		.parents = c->parent_domains,
		.cache = (size_t)c->key_cache,
	};

	return dtable_load(conf, &o, out, e);
}

/* bind - both tables of [dkim] */
static int
bind(const struct conf *conf, struct dkim_conf *c, struct err *e)
{
	const struct conf_section	*s = conf_find(conf, "dkim", NULL);
	struct dkim_rotation		 r;

	if (conf_bind(conf, s, dkim_params, c, e) == -1 ||
	    conf_bind(conf, s, rotation_params, &r, e) == -1)
		return -1;
	c->key_store = r.key_store;
	return 0;
}

int
dkim_table_load(const struct conf *conf, struct dtable **out, struct err *e)
{
	struct dkim_conf	c;

	if (bind(conf, &c, e) == -1)
		return -1;
	return table_of(&c, conf, out, e);
}

/* load_table - the same, with locked memory for the keys */
static int
load_table(struct dkim_snap *s, const struct conf *conf, struct err *e)
{
	size_t	octets = SECURE_KEYS;

	if (s->c.key_table[0] != '\0' || s->c.key_path[0] != '\0' ||
	    s->c.path_map[0] != '\0' || s->c.selector_map[0] != '\0')
		octets += (size_t)s->c.key_cache * SECURE_PER_KEY;
	if (dkey_secure(octets < SECURE_MAX ? octets : SECURE_MAX) != 1)
		log_event(LOG_WARNING, "dkim_memory_unlocked",
		    LOG_INT("octets", octets),
		    LOG_STR("hint", "raise LimitMEMLOCK"));
	return table_of(&s->c, conf, &s->table, e);
}

/* warn_weak - keys that receivers will soon refuse */
static void
warn_weak(const struct dkim_snap *s)
{
	const struct dtable_entry	*entry;
	struct dkey			*key;
	struct err			 e;
	size_t				 i;

	for (i = 0; i < dtable_count(s->table) && i < DTABLE_EAGER; i++) {
		entry = dtable_at(s->table, i);
		if (!dtable_loaded(entry) ||
		    dtable_key(s->table, entry, &key, &e) == -1)
			continue;
		if (dkey_weak(key))
			log_event(LOG_WARNING, "dkim_weak_key",
			    LOG_STR("key", entry->name),
			    LOG_STR("domain", entry->domain),
			    LOG_STR("selector", entry->selector),
			    LOG_INT("bits", dkey_bits(key)));
		dkey_free(&key);
	}
}

/* load_streams - and check the keys that they name */
static int
load_streams(struct dkim_snap *s, const struct conf *conf, struct err *e)
{
	const struct conf_section	*sec;
	const struct stream		*st;
	char				 w[300];
	size_t				 i, k;

	if (stream_set_load(conf, &s->streams, e) == -1)
		return -1;
	for (i = 0; i < stream_count(s->streams); i++) {
		st = stream_at(s->streams, i);
		for (k = 0; k < st->dkim_keys.n; k++) {
			s->by_stream = true;
			if (dtable_named(s->table, st->dkim_keys.v[k]) !=
			    NULL)
				continue;
			sec = conf_find(conf, "stream", st->name);
			return err_code(e, EX_CONFIG, "%s: %s: there is no "
			    "[key %s]", conf_where(sec, "dkim_keys", w,
			    sizeof w), st->dkim_keys.v[k],
			    st->dkim_keys.v[k]);
		}
	}
	return 0;
}

int
snap_load(const struct conf *conf, void **out, struct err *e)
{
	struct dkim_snap	*s = calloc(1, sizeof *s);

	if (s == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (bind(conf, &s->c, e) == -1)
		goto fail;
	if (load_by(s, e) == -1) {
		(void)where(conf, "sign_by", e);
		goto fail;
	}
	if (hosts_load(&s->c.internal_hosts, &s->internal, e) == -1) {
		(void)where(conf, "internal_hosts", e);
		goto fail;
	}
	if (load_policy(s, conf, e) == -1 || load_table(s, conf, e) == -1 ||
	    load_streams(s, conf, e) == -1)
		goto fail;
	warn_weak(s);
	*out = s;
	return 0;
fail:
	snap_free(s);
	return -1;
}

void
snap_free(void *snap)
{
	struct dkim_snap	*s = snap;

	if (s == NULL)
		return;
	stream_set_free(&s->streams);
	dtable_free(&s->table);
	hosts_free(&s->internal);
	dsign_policy_free(&s->policy);
	free(s);
}

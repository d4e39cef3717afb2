/* SPDX-License-Identifier: BSD-2-Clause */
/* dcheck.c - see dcheck.h */
#include "dkim/dcheck.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "dkim/drecord.h"

#include "base/banned.h"

const char *
dcheck_state_name(enum dcheck_state s)
{
	static const char *const names[] = {
		"ok", "missing", "mismatch", "revoked", "malformed",
		"unusable", "unknown"
	};

	return names[s];
}

static void
say(struct dcheck *c, enum dcheck_state s, const char *why)
{
	c->state = s;
	(void)snprintf(c->why, sizeof c->why, " %s", why);
}

/* tag_is - has the record this tag with this value, or not at all? */
static bool
tag_is(const char *record, const char *tag, const char *want, bool absent_ok)
{
	const char	*v;
	size_t		 n;

	if ((v = drecord_tag(record, tag, &n)) == NULL)
		return absent_ok;
	return n == strlen(want) && strncmp(v, want, n) == 0;
}

/* lists - is word among the colon-separated values of a tag, blanks around
 * them left out? */
static bool
lists(const char *record, const char *tag, const char *word)
{
	const char	*v, *end;
	size_t		 n, k, len;

	if ((v = drecord_tag(record, tag, &n)) == NULL)
		return false;
	for (end = v + n; v < end; v += k + 1) {
		v += strspn(v, " \t\r\n");
		for (k = 0; v + k < end && v[k] != ':'; k++)
			;
		for (len = k; len > 0 && strchr(" \t\r\n",
		    v[len - 1]) != NULL; len--)
			;
		if (len == strlen(word) && strncmp(v, word, len) == 0)
			return true;
	}
	return false;
}

/* same_key - p= of both records, white space left out */
static bool
same_key(const char *a, size_t na, const char *b, size_t nb)
{
	while (na > 0 || nb > 0) {
		if (na > 0 && strchr(" \t\r\n", *a) != NULL) {
			a++;
			na--;
		} else if (nb > 0 && strchr(" \t\r\n", *b) != NULL) {
			b++;
			nb--;
		} else if (na == 0 || nb == 0 || *a != *b) {
			return false;
		} else {
			a++, b++;
			na--, nb--;
		}
	}
	return true;
}

void
dcheck_record(const struct dkey *key, const char *record, struct dcheck *c)
{
	struct buf	 ours = BUF_INIT(DKEY_RECORD_MAX);
	struct err	 e = { "", 0 };
	const char	*p, *mine;
	size_t		 n, m = 0;
	bool		 rsa = dkey_alg(key) == DKEY_RSA;

	memset(c, 0, sizeof *c);
	c->bits = dkey_bits(key);
	c->weak = dkey_weak(key);
	c->testing = lists(record, "t", "y");
	p = drecord_tag(record, "p", &n);
	if (dkey_record(key, &ours, &e) == -1)
		say(c, DCHECK_UNUSABLE, e.msg);
	else if (!tag_is(record, "v", "DKIM1", true) ||
	    (drecord_tag(record, "v", &m) != NULL &&
	    strncmp(record + strspn(record, " \t"), "v", 1) != 0))
		say(c, DCHECK_MALFORMED, "v= must come first and be DKIM1");
	else if (p == NULL)
		say(c, DCHECK_MALFORMED, "the record has no p=");
	else if (n == 0)
		say(c, DCHECK_REVOKED, "p= is empty: receivers refuse the key");
	else if (!tag_is(record, "k", rsa ? "rsa" : "ed25519", rsa))
		say(c, DCHECK_MISMATCH, "k= is of another kind of key");
	else if ((mine = drecord_tag(buf_str(&ours), "p", &m)) == NULL ||
	    !same_key(p, n, mine, m))
		say(c, DCHECK_MISMATCH, "p= is another key");
	else if (drecord_tag(record, "h", &m) != NULL &&
	    !lists(record, "h", "sha256"))
		say(c, DCHECK_MALFORMED, "h= does not allow sha256");
	else if (drecord_tag(record, "s", &m) != NULL &&
	    !lists(record, "s", "*") && !lists(record, "s", "email"))
		say(c, DCHECK_MALFORMED, "s= does not allow email");
	buf_free(&ours);
}

/* is_strict - does the record forbid (t=s) the i= that the entry asks for? */
static bool
is_strict(const struct dtable_entry *entry, const char *record)
{
	const char	*at = strrchr(entry->identity, '@');

	return at != NULL && strcmp(at + 1, "%") != 0 &&
	    strcasecmp(at + 1, entry->domain) != 0 &&
	    lists(record, "t", "s");
}

void
dcheck_key(struct dtable *t, const struct dtable_entry *entry,
    dverify_lookup lookup, void *arg, struct dcheck *c)
{
	struct dkey	*key;
	struct err	 e = { "", 0 };
	char		 name[600], txt[DKEY_RECORD_MAX];

	memset(c, 0, sizeof *c);
	if (dtable_key(t, entry, &key, &e) == -1) {
		say(c, DCHECK_UNUSABLE, e.msg);
		return;
	}
	(void)snprintf(name, sizeof name, "%s._domainkey.%s", entry->selector,
	    entry->domain);
	switch (lookup(arg, name, txt, sizeof txt)) {
	case 1:
		dcheck_record(key, txt, c);
		if (c->state == DCHECK_OK && is_strict(entry, txt))
			say(c, DCHECK_MISMATCH, "t=s allows no identity below "
			    "the domain");
		break;
	case 0:
		c->bits = dkey_bits(key);
		c->weak = dkey_weak(key);
		say(c, DCHECK_MISSING, "no such record");
		break;
	default:
		c->bits = dkey_bits(key);
		c->weak = dkey_weak(key);
		say(c, DCHECK_UNKNOWN, "the record cannot be looked up now");
		break;
	}
	dkey_free(&key);
}

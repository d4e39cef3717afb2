/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_dkim_check.c - mailweir dkim check: keys against what is published */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <jansson.h>

#include "base/buf.h"
#include "ctl/cmd_dkim.h"
#include "dkim/dcheck.h"
#include "dkim/dkim.h"

#include "base/banned.h"

/* What DMARC will say of a key's signatures. */
struct dmarc {
	const char	*d;		/* the key's d= */
	bool		 strict;	/* adkim=s */
	char		 policy[32];	/* p=, or "-" without a record */
	char		 odd[256];	/* a pattern that is not aligned */
};

/* under - is domain the same as, or below, parent? */
static bool
under(const char *domain, const char *parent)
{
	size_t	n = strlen(domain), k = strlen(parent);

	return n >= k && strcasecmp(domain + n - k, parent) == 0 &&
	    (n == k || domain[n - k - 1] == '.');
}

/* align - would a From that matches the pattern be aligned with d=? */
static void
align(void *arg, const char *pattern)
{
	struct dmarc	*m = arg;
	const char	*at = strrchr(pattern, '@');
	const char	*dom = at != NULL ? at + 1 : pattern;
	bool		 below = dom[0] == '.';

	if (pattern[0] == ':' || strcasecmp(dom, m->d) == 0)
		return;
	if (strcmp(pattern, "*") != 0 && !m->strict &&
	    (under(dom + below, m->d) || under(m->d, dom + below)))
		return;
	(void)snprintf(m->odd, sizeof m->odd, "%s", pattern);
}

/* find_dmarc - the record of the domain or of the nearest one above it */
static void
find_dmarc(struct ctl_records *rec, struct dmarc *m)
{
	char		 name[300], txt[2048];
	const char	*up = m->d, *v;
	size_t		 n;

	(void)snprintf(m->policy, sizeof m->policy, "-");
	for (; up != NULL && strchr(up, '.') != NULL; up = strchr(up, '.') +
	    1) {
		(void)snprintf(name, sizeof name, "_dmarc.%s", up);
		if (ctl_records_find(rec, name, txt, sizeof txt) != 1 ||
		    strncmp(txt, "v=DMARC1", 8) != 0)
			continue;
		if ((v = drecord_tag(txt, "p", &n)) != NULL && n < 20)
			(void)snprintf(m->policy, sizeof m->policy, "%.*s",
			    (int)n, v);
		v = drecord_tag(txt, "adkim", &n);
		m->strict = v != NULL && n == 1 && *v == 's';
		return;
	}
}

/*
 * is_shared - does d= look like a name under which others register theirs?
 *
 * With parent_domains such a key signs for all of them. We have no list of
 * public suffixes; these are the second labels that most countries use.
 */
static bool
is_shared(const char *d)
{
	static const char *const words[] = {
		"ac", "co", "com", "edu", "go", "gob", "gov", "gouv", "mil",
		"ne", "net", "nom", "or", "org", "sch", NULL
	};
	const char	*dot = strchr(d, '.');
	size_t		 i, n;

	if (dot == NULL)
		return true;
	n = (size_t)(dot - d);
	if (strlen(dot + 1) != 2)
		return false;
	for (i = 0; words[i] != NULL; i++)
		if (strlen(words[i]) == n && strncasecmp(words[i], d, n) == 0)
			return true;
	return false;
}

/* print - one key's state; true when it is as it should be */
static bool
print(const struct dtable_entry *entry, const struct dcheck *c,
    const struct dmarc *m, bool json)
{
	json_t	*o;
	char	*text;

	if (!json) {
		(void)printf("%s\t%s\td=%s s=%s bits=%d dmarc=%s%s%s%s%s%s%s\n",
		    entry->name, dcheck_state_name(c->state), entry->domain,
		    entry->selector, c->bits, m->policy, c->testing ?
		    " testing" : "", c->weak ? " weak" : "",
		    m->odd[0] != '\0' ? " unaligned=" : "", m->odd,
		    is_shared(entry->domain) ? " suffix" : "", c->why);
		return c->state == DCHECK_OK;
	}
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:s}",
	    "dmarc", m->policy, "unaligned", m->odd, "key",
	    entry->name, "state", dcheck_state_name(c->state), "domain",
	    entry->domain, "selector", entry->selector, "bits", c->bits,
	    "testing", c->testing, "weak", c->weak,
	    "suffix", is_shared(entry->domain), "why",
	    c->why[0] == ' ' ? c->why + 1 : c->why);
	text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	(void)puts(text != NULL ? text : "{}");
	free(text);
	json_decref(o);
	return c->state == DCHECK_OK;
}

/* check_all - every entry, or those of one domain */
static int
check_all(struct ctl *ctl, struct ctl_records *rec, const char *domain,
    bool json)
{
	const struct dtable_entry	*entry;
	struct dtable			*t;
	struct dcheck			 c;
	struct dmarc			 m;
	struct err			 e = { "", 0 };
	size_t				 i, seen = 0;
	int				 rc = EX_OK;

	if (dkim_table_load(ctl->conf, &t, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	for (i = 0; i < dtable_count(t); i++) {
		entry = dtable_at(t, i);
		if (domain != NULL && strcasecmp(domain, entry->domain) != 0)
			continue;
		seen++;
		if (strpbrk(entry->file, "%$") != NULL ||
		    strcmp(entry->domain, "%") == 0)
			continue;	/* depends on the address */
		dcheck_key(t, entry, ctl_records_find, rec, &c);
		m = (struct dmarc){ .d = entry->domain };
		find_dmarc(rec, &m);
		dtable_patterns(t, entry, align, &m);
		if (!print(entry, &c, &m, json))
			rc = EX_DATAERR;
	}
	dtable_free(&t);
	if (seen == 0) {
		(void)fprintf(stderr, "mailweir: no key%s%s\n",
		    domain != NULL ? " for " : "", domain != NULL ? domain :
		    "");
		return EX_CONFIG;
	}
	return rc;
}

int
cmd_dkim_check(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "keys", required_argument, NULL, 'k' },
		{ "dns", required_argument, NULL, 'd' },
		{ "domain", required_argument, NULL, 'D' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct ctl_records	 rec;
	const char		*keys = NULL, *dns = NULL, *domain = NULL;
	bool			 json = false;
	int			 ch, rc;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("dkim", "check [--domain D] [--keys "
			    "RECORDS] [--dns SERVERS] [--json]\n"
			    "  For every key: ok, missing (no record), "
			    "mismatch, revoked, malformed, unusable\n"
			    "  (the key itself), or unknown (DNS does not "
			    "answer); weak and testing are said,\n"
			    "  the domain's DMARC policy, and an address it "
			    "signs for that is not aligned;\n"
			    "  suffix: d= looks like one that others "
			    "register names under.\n");
		case 'k':
			keys = optarg;
			break;
		case 'd':
			dns = optarg;
			break;
		case 'D':
			domain = optarg;
			break;
		case 'j':
			json = true;
			break;
		default:
			return ctl_usage_opt("dkim", argv);
		}
	}
	if (argc != optind)
		return ctl_usage("dkim", "check takes no argument");
	if ((rc = ctl_conf(ctl)) != EX_OK)
		return rc;
	if ((rc = ctl_records_open(&rec, keys, dns)) == EX_OK)
		rc = check_all(ctl, &rec, domain, json);
	ctl_records_close(&rec);
	return rc;
}

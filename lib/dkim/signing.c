/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signing.c - OpenDKIM's KeyTable and SigningTable, read as they are
 *
 * KeyTable row:	name	domain:selector:/path/to/key
 * SigningTable row:	who	name[:signer]
 *
 * "file:/path" or "/path": who is user@host, host, user@.domain, .domain,
 * user@* or *, looked for in that order. "refile:/path": who is a pattern with
 * '*' for any text; rows in their order. "csl:who=value,...": as file. The
 * first match signs, or with `all` every one. Nearly all patterns of a refile
 * are "*@domain" or a whole address: these go into an index, so that a hundred
 * thousand rows cost no more than ten.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/file.h"
#include "dkim/dtable_int.h"
#include "mail/addr.h"

#include "base/banned.h"

#define TABLE_MAX	(256u << 20)	/* octets of a table */
#define WHO_MAX		(ADDR_SIZE + 8)

struct rule {
	char		*who;		/* lower case; in a refile's index
					   without its leading '*' */
	uint32_t	 entry;
	uint32_t	 next;		/* in the bucket */
};

struct signing {
	bool		 refile, all;
	struct rule	*v;
	size_t		 n, cap;
	uint32_t	*bucket;
	size_t		 nbuckets;
	uint32_t	*wild;		/* refile: those with other '*' */
	size_t		 nwild, wildcap;
};

/* A table being read. */
struct reader {
	struct dtable	*t;
	const char	*file;
	unsigned	 line;
	int		(*row)(struct reader *, const char *key,
			    const char *value, struct err *e);
};

/* --- reading ------------------------------------------------------------- */

/* one_line - "key value  # comment", both NUL-terminated in place */
static int
one_line(struct reader *r, char *p, struct err *e)
{
	char	*key, *value, *end;

	p += strspn(p, " \t\r");
	if (*p == '\0' || *p == '#')
		return 0;
	key = p;
	p += strcspn(p, " \t\r");
	if (*p != '\0')
		*p++ = '\0';
	value = p + strspn(p, " \t\r");
	if ((end = strchr(value, '#')) != NULL)
		*end = '\0';
	for (end = value + strlen(value); end > value &&
	    strchr(" \t\r", end[-1]) != NULL; )
		*--end = '\0';
	if (*value == '\0')
		return err_code(e, EX_CONFIG, "%s:%u: %s: nothing behind it",
		    r->file, r->line, key);
	return r->row(r, key, value, e);
}

/* read_lines - every line of a table's text, which is written on */
static int
read_lines(struct reader *r, char *text, struct err *e)
{
	char	*nl;

	for (r->line = 1; text != NULL; text = nl, r->line++) {
		if ((nl = strchr(text, '\n')) != NULL)
			*nl++ = '\0';
		if (one_line(r, text, e) == -1)
			return -1;
	}
	return 0;
}

/* read_csl - "key=value,key=value" */
static int
read_csl(struct reader *r, char *text, struct err *e)
{
	char	*next, *eq;

	for (r->line = 1; text != NULL; text = next) {
		if ((next = strchr(text, ',')) != NULL)
			*next++ = '\0';
		if ((eq = strchr(text, '=')) != NULL)
			*eq = ' ';
		if (one_line(r, text, e) == -1)
			return -1;
	}
	return 0;
}

/* read_table - spec is "/path", "file:/path", "refile:/path" or "csl:..." */
static int
read_table(struct reader *r, const char *spec, struct err *e)
{
	const char	*path = spec;
	char		*text;
	size_t		 len;
	int		 rc;

	if (strncmp(spec, "csl:", 4) == 0) {
		r->file = "csl";
		if ((text = strdup(spec + 4)) == NULL)
			return err_code(e, EX_OSERR, "no memory");
		rc = read_csl(r, text, e);
		free(text);
		return rc;
	}
	if (strncmp(path, "file:", 5) == 0)
		path += 5;
	else if (strncmp(path, "refile:", 7) == 0)
		path += 7;
	if (path[0] != '/' && path[0] != '.')
		return err_code(e, EX_CONFIG, "%s: want /path, file:/path, "
		    "refile:/path or csl:...", spec);
	r->file = path;
	if (file_read(path, TABLE_MAX, &text, &len, e) == -1)
		return -1;
	rc = strlen(text) == len ? read_lines(r, text, e) :
	    err_code(e, EX_CONFIG, "%s: has a NUL in it", path);
	free(text);
	return rc;
}

/* --- KeyTable ------------------------------------------------------------ */

/* key_row - name, domain:selector:file */
static int
key_row(struct reader *r, const char *name, const char *value, struct err *e)
{
	const char		*c1 = strchr(value, ':'), *c2;
	struct dtable_entry	 entry;
	struct dtable_slot	*s;

	if (c1 == NULL || (c2 = strchr(c1 + 1, ':')) == NULL || c2[1] == '\0')
		return err_code(e, EX_CONFIG, "%s:%u: %s: want "
		    "domain:selector:/path/to/key", r->file, r->line, name);
	memset(&entry, 0, sizeof entry);
	entry.name = dtable_dup(r->t, name, strlen(name));
	entry.domain = dtable_dup(r->t, value, (size_t)(c1 - value));
	entry.selector = dtable_dup(r->t, c1 + 1, (size_t)(c2 - c1 - 1));
	entry.file = dtable_dup(r->t, c2 + 1, strlen(c2 + 1));
	entry.passphrase_file = entry.identity = "";
	if (entry.name == NULL || entry.domain == NULL ||
	    entry.selector == NULL || entry.file == NULL ||
	    (s = dtable_add(r->t, &entry)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	if (!dkey_selector_ok(entry.selector))
		return err_code(e, EX_CONFIG, "%s:%u: %s: not a selector",
		    r->file, r->line, entry.selector);
	if (entry.file[0] != '/' && entry.file[0] != '.')
		s->fault = "a key inside the table is not read; put it into "
		    "a file of its own";
	else if (strchr(entry.file, '%') == NULL)
		(void)dtable_note_file(s);	/* absent: an event at use */
	return 0;
}

int
signing_load_keys(struct dtable *t, const char *spec, struct err *e)
{
	struct reader	r = { t, "", 0, key_row };

	return spec[0] == '\0' ? 0 : read_table(&r, spec, e);
}

/* --- SigningTable -------------------------------------------------------- */

/* entry_for - the entry that a row means: a key, perhaps with a signer */
static uint32_t
entry_for(struct reader *r, const char *value)
{
	const char		*colon = strchr(value, ':');
	size_t			 n = colon != NULL ? (size_t)(colon - value) :
				    strlen(value);
	uint32_t		 i = dtable_index(r->t, value, n);
	struct dtable_entry	 entry;
	struct dtable_slot	*s;

	if (i != DTABLE_NONE && colon == NULL)
		return i;
	memset(&entry, 0, sizeof entry);
	if (i != DTABLE_NONE)
		entry = r->t->slot[i].e;
	else
		entry.domain = entry.selector = entry.file =
		    entry.passphrase_file = "";
	if ((entry.name = dtable_dup(r->t, value, n)) == NULL ||
	    (entry.identity = dtable_dup(r->t, colon != NULL ? colon + 1 : "",
	    colon != NULL ? strlen(colon + 1) : 0)) == NULL ||
	    (s = dtable_add(r->t, &entry)) == NULL)
		return DTABLE_NONE;
	if (i == DTABLE_NONE)
		s->fault = "the signing table names a key that the key table "
		    "has not got";
	else {
		s->fault = r->t->slot[i].fault;
		if (strchr(entry.file, '%') == NULL)
			(void)dtable_note_file(s);
	}
	return s->self;
}

/* add_wild - a pattern that the index cannot hold */
static int
add_wild(struct signing *g, uint32_t i)
{
	uint32_t	*v;
	size_t		 cap;

	if (g->nwild == g->wildcap) {
		cap = g->wildcap == 0 ? 16 : g->wildcap * 2;
		if ((v = realloc(g->wild, cap * sizeof *v)) == NULL)
			return -1;
		g->wild = v;
		g->wildcap = cap;
	}
	g->wild[g->nwild++] = i;
	return 0;
}

/* rule_row - who, name[:signer] */
static int
rule_row(struct reader *r, const char *who, const char *value, struct err *e)
{
	struct signing	*g = r->t->signing;
	struct rule	*v;
	const char	*p = who;
	size_t		 cap, i;
	char		*c;

	if (strlen(who) >= WHO_MAX)
		return err_code(e, EX_CONFIG, "%s:%u: %.40s...: too long",
		    r->file, r->line, who);
	if (g->n == g->cap) {
		cap = g->cap == 0 ? 64 : g->cap * 2;
		if (cap >= DTABLE_NONE ||
		    (v = realloc(g->v, cap * sizeof *v)) == NULL)
			return err_code(e, EX_OSERR, "no memory");
		g->v = v;
		g->cap = cap;
	}
	i = g->n;
	if (g->refile) {
		if (p[0] == '*' && p[1] == '@')
			p++;
		if (strchr(p, '*') != NULL) {
			p = who;
			if (add_wild(g, (uint32_t)i) == -1)
				return err_code(e, EX_OSERR, "no memory");
		}
	}
	g->v[i].who = c = dtable_dup(r->t, p, strlen(p));
	g->v[i].entry = entry_for(r, value);
	g->v[i].next = DTABLE_NONE;
	if (c == NULL || g->v[i].entry == DTABLE_NONE)
		return err_code(e, EX_OSERR, "no memory");
	for (; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	g->n++;
	return 0;
}

/* index_rules - chains in the order of the rows */
static int
index_rules(struct signing *g)
{
	size_t	i, b;

	for (g->nbuckets = 16; g->nbuckets < g->n * 2; g->nbuckets *= 2)
		;
	if ((g->bucket = malloc(g->nbuckets * sizeof *g->bucket)) == NULL)
		return -1;
	for (b = 0; b < g->nbuckets; b++)
		g->bucket[b] = DTABLE_NONE;
	for (i = g->n; i-- > 0; ) {
		b = dtable_hash(g->v[i].who, strlen(g->v[i].who)) &
		    (g->nbuckets - 1);
		g->v[i].next = g->bucket[b];
		g->bucket[b] = (uint32_t)i;
	}
	return 0;
}

int
signing_load(struct dtable *t, const char *spec, bool all, struct err *e)
{
	struct reader	r = { t, "", 0, rule_row };

	if (spec[0] == '\0')
		return 0;
	if ((t->signing = calloc(1, sizeof *t->signing)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	t->signing->refile = strncmp(spec, "refile:", 7) == 0;
	t->signing->all = all;
	if (read_table(&r, spec, e) == -1)
		return -1;
	return index_rules(t->signing) == -1 ?
	    err_code(e, EX_OSERR, "no memory") : 0;
}

void
signing_free(struct signing **g)
{
	if (*g == NULL)
		return;
	free((*g)->v);
	free((*g)->bucket);
	free((*g)->wild);
	free(*g);
	*g = NULL;
}

/* --- finding ------------------------------------------------------------- */

/* Rows that match, ascending and distinct. */
struct hits {
	size_t		n;
	uint32_t	v[DTABLE_FOUND];
};

static void
add_hit(struct hits *h, uint32_t i)
{
	size_t	k, at;

	for (at = 0; at < h->n && h->v[at] < i; at++)
		;
	if ((at < h->n && h->v[at] == i) || at == DTABLE_FOUND)
		return;
	if (h->n < DTABLE_FOUND)
		h->n++;
	for (k = h->n - 1; k > at; k--)
		h->v[k] = h->v[k - 1];
	h->v[at] = i;
}

/* look - the rows of exactly this key; of a plain file the first alone */
static bool
look(const struct signing *g, const char *who, struct hits *h)
{
	uint32_t	i;

	i = g->bucket[dtable_hash(who, strlen(who)) & (g->nbuckets - 1)];
	for (; i != DTABLE_NONE; i = g->v[i].next)
		if (strcmp(g->v[i].who, who) == 0) {
			add_hit(h, i);
			if (!g->refile)
				return true;
		}
	return h->n > 0;
}

/* fits - '*' stands for any text */
static bool
fits(const char *pattern, const char *text)
{
	const char	*star = NULL, *back = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			back = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* find_refile - rows in their order */
static void
find_refile(const struct signing *g, const char *addr, const char *domain,
    struct hits *h)
{
	char	at[WHO_MAX];
	size_t	i;

	(void)look(g, addr, h);
	(void)snprintf(at, sizeof at, "@%s", domain);
	(void)look(g, at, h);
	for (i = 0; i < g->nwild; i++)
		if (fits(g->v[g->wild[i]].who, addr))
			add_hit(h, g->wild[i]);
}

/* find_file - from the most exact key to the least; with `all`, every one */
static void
find_file(const struct signing *g, const char *addr, const char *local,
    const char *domain, struct hits *h)
{
	char		 key[WHO_MAX];
	const char	*up;

	if ((look(g, addr, h) && !g->all) || (look(g, domain, h) && !g->all))
		return;
	for (up = strchr(domain, '.'); up != NULL; up = strchr(up + 1, '.')) {
		(void)snprintf(key, sizeof key, "%s@%s", local, up);
		if (look(g, key, h) && !g->all)
			return;
	}
	for (up = strchr(domain, '.'); up != NULL; up = strchr(up + 1, '.'))
		if (look(g, up, h) && !g->all)
			return;
	(void)snprintf(key, sizeof key, "%s@*", local);
	if (look(g, key, h) && !g->all)
		return;
	(void)look(g, "*", h);
}

size_t
signing_find(struct dtable *t, const char *local, const char *domain,
    const struct dtable_entry *v[DTABLE_FOUND])
{
	const struct signing	*g = t->signing;
	const struct dtable_entry *e;
	struct hits		 h = { 0, { 0 } };
	char			 addr[WHO_MAX];
	size_t			 i, n = 0;

	if (g == NULL || g->n == 0)
		return 0;
	(void)snprintf(addr, sizeof addr, "%s@%s", local, domain);
	if (g->refile)
		find_refile(g, addr, domain, &h);
	else
		find_file(g, addr, local, domain, &h);
	for (i = 0; i < h.n && (g->all || n == 0); i++) {
		e = &t->slot[g->v[h.v[i]].entry].e;
		if (strchr(e->file, '%') != NULL)
			e = dtable_make(t, e, strcmp(e->domain, "%") == 0 ?
			    domain : e->domain);
		if (e != NULL)
			v[n++] = e;
	}
	return n;
}

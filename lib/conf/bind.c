/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bind.c - $name expanded, structs filled by tables, unknown names found
 */
#include "conf/conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "conf/common.h"
#include "conf/conf_int.h"

#include "base/banned.h"

#define EXPAND_DEPTH	16	/* $a that names $b that names ... */
#define EXPAND_STEPS	4096	/* names in one value: stops "a = $b$b",
				   "b = $c$c" ... that expand to nothing */
#define GUESS_DISTANCE	3	/* edits up to which a name is suggested */

/*
 * Kinds of section that programs of this house know. A program passes over
 * those it has no table for; any other kind is a misspelling.
 */
static const char *const house_kinds[] = {
	"", "stream", "key", "rules", "source", "reporter", "pool", "api",
	"suppress", "keyword", "unsubscribe", "dkim", "chain", "ingest",
	"feedback", "store", "web", "webhook", "scope", "monitor", "replicate",
	"egress", NULL
};

/* Where a $name may come from. */
struct scope {
	const struct conf		*conf;
	const struct conf_section	*sec;
	const struct conf_param		*table;
	unsigned			 steps;
	char				 why[CONF_WHY];
};

static const struct conf_param *
table_find(const struct conf_param *t, const char *name)
{
	for (; t != NULL && t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

/* raw_value - the unexpanded text that a $name stands for, or NULL */
static const char *
raw_value(const struct scope *sc, const char *name)
{
	const struct conf_section	*top = sc->conf->v[0];
	const struct conf_line		*l;
	const struct conf_param		*p;

	if ((l = conf_line(sc->sec, name)) != NULL)
		return l->value;
	if ((p = table_find(sc->table, name)) != NULL && p->dflt != NULL)
		return p->dflt;
	if ((l = conf_line(top, name)) != NULL)
		return l->value;
	if ((p = table_find(conf_common_params, name)) != NULL)
		return p->dflt;
	return NULL;
}

/* name_at - the name after a '$' at p; its length, *after behind it */
static size_t
name_at(const char *p, const char **name, const char **after)
{
	const char	*q;

	if (*p == '{') {
		*name = p + 1;
		if ((q = strchr(p, '}')) == NULL)
			return 0;
		*after = q + 1;
		return (size_t)(q - *name);
	}
	*name = p;
	for (q = p; isalnum((unsigned char)*q) || *q == '_'; q++)
		;
	*after = q;
	return (size_t)(q - p);
}

/* expand - append value to out with every $name replaced */
static int
expand(struct scope *sc, const char *value, unsigned depth, struct buf *out)
{
	const char	*p = value, *q, *name, *raw;
	char		 word[65];
	size_t		 n;

	for (; (q = strchr(p, '$')) != NULL; p = q) {
		if (buf_add(out, p, (size_t)(q - p)) == -1)
			goto full;
		if (*++q == '$') {
			if (buf_addc(out, *q++) == -1)
				goto full;
			continue;
		}
		n = name_at(q, &name, &q);
		if (n == 0 || n >= sizeof word) {
			(void)snprintf(sc->why, sizeof sc->why, "a $ without "
			    "the name of a parameter; write $$ for a dollar "
			    "sign");
			return -1;
		}
		memcpy(word, name, n);
		word[n] = '\0';
		if ((raw = raw_value(sc, word)) == NULL) {
			(void)snprintf(sc->why, sizeof sc->why, "$%s is not a "
			    "parameter of this section or of the top", word);
			return -1;
		}
		if (depth == EXPAND_DEPTH || ++sc->steps > EXPAND_STEPS) {
			(void)snprintf(sc->why, sizeof sc->why, "$%s expands "
			    "without end", word);
			return -1;
		}
		if (expand(sc, raw, depth + 1, out) == -1)
			return -1;
	}
	if (buf_adds(out, p) == 0)
		return 0;
full:
	(void)snprintf(sc->why, sizeof sc->why, "longer than %d octets once "
	    "expanded", CONF_VALUE_MAX);
	return -1;
}

/* trim - outer white space, which an expansion may have left */
static const char *
trim(struct buf *b)
{
	char	*p = b->data;

	if (p == NULL)
		return "";
	while (b->len > 0 && (p[b->len - 1] == ' ' || p[b->len - 1] == '\t'))
		p[--b->len] = '\0';
	return p + strspn(p, " \t");
}

/* set_param - expand and store one value; -1 with sc->why */
static int
set_param(struct scope *sc, const struct conf_param *p, const char *value,
    void *out)
{
	struct buf	b = BUF_INIT(CONF_VALUE_MAX);
	int		rc;

	if (p->type == CONF_T_RAW)
		return conf_value(sc->conf->pool, p, value, out, sc->why);
	sc->steps = 0;
	if ((rc = expand(sc, value, 0, &b)) == 0)
		rc = conf_value(sc->conf->pool, p, trim(&b), out, sc->why);
	buf_free(&b);
	return rc;
}

/* bind_one - a parameter from the section's line, or its default */
static int
bind_one(struct scope *sc, const struct conf_param *p, void *out,
    struct err *e)
{
	const struct conf_line	*l = conf_line(sc->sec, p->name);
	char			 where[256];

	if (l == NULL && p->dflt == NULL)
		(void)snprintf(sc->why, sizeof sc->why, "must be given");
	else if (set_param(sc, p, l != NULL ? l->value : p->dflt, out) == 0)
		return 0;
	return err_code(e, EX_CONFIG, "%s: %s%s",
	    conf_where(sc->sec, p->name, where, sizeof where),
	    l == NULL && p->dflt != NULL ? "(by default) " : "", sc->why);
}

int
conf_bind(const struct conf *c, const struct conf_section *sec,
    const struct conf_param *table, void *out, struct err *e)
{
	struct scope			 sc = { .conf = c, .sec = sec,
					    .table = table };
	const struct conf_param		*p;

	for (p = table; p->name != NULL; p++)
		if (bind_one(&sc, p, out, e) == -1)
			return -1;
	return 0;
}

/* distance - edits between two words, or more than the limit */
static unsigned
distance(const char *a, const char *b)
{
	unsigned	row[65], diag, up;
	size_t		n = strlen(b), i, j;

	if (n >= sizeof row / sizeof *row || strlen(a) > 64)
		return GUESS_DISTANCE + 1;
	for (j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		diag = row[0];
		row[0] = (unsigned)i;
		for (j = 1; j <= n; j++) {
			up = row[j];
			row[j] = diag + (a[i - 1] != b[j - 1]);
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diag = up;
		}
	}
	return row[n];
}

/* guess - a known name of that kind of section that looks like this one */
static const char *
guess(const struct conf_schema *sch, const char *kind, const char *name)
{
	const struct conf_param	*p;
	const char		*best = NULL;
	unsigned		 d, least = GUESS_DISTANCE;
	size_t			 t;

	for (; sch->kind != NULL; sch++) {
		if (strcmp(sch->kind, kind) != 0)
			continue;
		for (t = 0; t < CONF_TABLES && sch->tables[t] != NULL; t++)
			for (p = sch->tables[t]; p->name != NULL; p++)
				if ((d = distance(name, p->name)) < least &&
				    d < strlen(name)) {
					least = d;
					best = p->name;
				}
	}
	return best;
}

/* One check over the whole file. */
struct check {
	const struct conf		*conf;
	const struct conf_schema	*schemas;
	void				(*report)(void *arg, const char *msg);
	void				*arg;
	size_t				 faults;
};

static void
report(struct check *k, const struct err *e)
{
	k->faults++;
	k->report(k->arg, e->msg);
}

/* known - does a table of this kind hold that name? */
static bool
known(const struct check *k, const char *kind, const char *name)
{
	const struct conf_schema	*sch;
	size_t				 t;

	for (sch = k->schemas; sch->kind != NULL; sch++) {
		if (strcmp(sch->kind, kind) != 0)
			continue;
		for (t = 0; t < CONF_TABLES && sch->tables[t] != NULL; t++)
			if (table_find(sch->tables[t], name) != NULL)
				return true;
	}
	return false;
}

/* check_names - unknown parameters of one section */
static void
check_names(struct check *k, const struct conf_section *s)
{
	struct err	 e;
	const char	*near;
	size_t		 i;

	for (i = 0; i < s->n; i++) {
		if (known(k, s->kind, s->v[i].name))
			continue;
		near = guess(k->schemas, s->kind, s->v[i].name);
		(void)err_code(&e, EX_CONFIG, "%s:%zu: %s: unknown parameter "
		    "%s%s%s%s%s%s", k->conf->path, s->v[i].line, s->v[i].name,
		    *s->kind != '\0' ? "of [" : "of the top",
		    s->kind, *s->kind != '\0' ? "]" : "",
		    near != NULL ? "; did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?" : "");
		report(k, &e);
	}
}

/* first_of - no schema before this one holds the same table for this kind */
static bool
first_of(const struct check *k, const struct conf_schema *upto, size_t t)
{
	const struct conf_schema	*sch;
	size_t				 i;

	for (sch = k->schemas; sch <= upto; sch++) {
		if (strcmp(sch->kind, upto->kind) != 0)
			continue;
		for (i = 0; i < CONF_TABLES && sch->tables[i] != NULL; i++) {
			if (sch == upto && i == t)
				return true;
			if (sch->tables[i] == upto->tables[t])
				return false;
		}
	}
	return true;
}

/* check_values - every parameter of every table, given or not */
static void
check_values(struct check *k, const struct conf_section *s)
{
	struct scope			 sc = { .conf = k->conf, .sec = s };
	const struct conf_schema	*sch;
	const struct conf_param		*p;
	struct err			 e;
	size_t				 t;

	for (sch = k->schemas; sch->kind != NULL; sch++) {
		if (strcmp(sch->kind, s->kind) != 0)
			continue;
		for (t = 0; t < CONF_TABLES && sch->tables[t] != NULL; t++) {
			if (!first_of(k, sch, t))
				continue;
			sc.table = sch->tables[t];
			for (p = sc.table; p->name != NULL; p++)
				if (bind_one(&sc, p, NULL, &e) == -1)
					report(k, &e);
		}
	}
}

/* check_section - its kind, its name, its parameters */
static void
check_section(struct check *k, const struct conf_section *s)
{
	const struct conf_schema	*sch;
	struct err			 e;
	size_t				 i;

	for (sch = k->schemas; sch->kind != NULL; sch++)
		if (strcmp(sch->kind, s->kind) == 0)
			break;
	if (sch->kind == NULL) {
		for (i = 0; house_kinds[i] != NULL; i++)
			if (strcmp(house_kinds[i], s->kind) == 0)
				return;
		(void)err_code(&e, EX_CONFIG, "%s:%zu: [%s]: unknown kind of "
		    "section", k->conf->path, s->line, s->kind);
		report(k, &e);
		return;
	}
	if (sch->named != (*s->name != '\0')) {
		(void)err_code(&e, EX_CONFIG, "%s:%zu: [%s]: %s",
		    k->conf->path, s->line, s->kind, sch->named ?
		    "this kind of section needs a name: [kind name]" :
		    "this kind of section has no name");
		report(k, &e);
	}
	check_names(k, s);
	check_values(k, s);
}

size_t
conf_check_all(const struct conf *c, const struct conf_schema *schemas,
    void (*rep)(void *arg, const char *msg), void *arg)
{
	struct check	k = { .conf = c, .schemas = schemas, .report = rep,
			    .arg = arg };
	size_t		i;

	for (i = 0; i < c->n; i++)
		check_section(&k, c->v[i]);
	return k.faults;
}

/* keep_first - conf_check() has room for one sentence */
static void
keep_first(void *arg, const char *msg)
{
	struct err	*e = arg;

	if (e->msg[0] == '\0')
		(void)err_code(e, EX_CONFIG, "%s", msg);
}

int
conf_check(const struct conf *c, const struct conf_schema *schemas,
    struct err *e)
{
	struct err	first = { "", 0 };

	if (conf_check_all(c, schemas, keep_first, &first) == 0)
		return 0;
	return err_code(e, EX_CONFIG, "%s", first.msg);
}

/* print_help - a sentence as comment lines of at most 78 octets */
static void
print_help(const char *s)
{
	size_t	n, room = 76;

	while (*s != '\0') {
		if ((n = strlen(s)) > room) {
			for (n = room; n > 0 && s[n] != ' '; n--)
				;
			if (n == 0)
				n = strcspn(s, " ");
		}
		(void)printf("# %.*s\n", (int)n, s);
		s += n;
		s += strspn(s, " ");
	}
}

static void
print_param(const struct conf_param *p)
{
	size_t	i;

	print_help(p->help);
	if (p->type == CONF_T_ENUM) {
		(void)printf("# One of:");
		for (i = 0; p->names[i] != NULL; i++)
			(void)printf(" %s", p->names[i]);
		(void)printf(".\n");
	}
	if (p->dflt == NULL)
		(void)printf("# (must be given)\n");
	(void)printf("%s =%s%s\n\n", p->name,
	    p->dflt != NULL && *p->dflt != '\0' ? " " : "",
	    p->dflt != NULL ? p->dflt : "");
}

void
conf_print(const struct conf_schema *schemas)
{
	struct check			 k = { .schemas = schemas };
	const struct conf_schema	*sch;
	const struct conf_param		*p;
	const char			*open = "";
	size_t				 t;

	for (sch = schemas; sch->kind != NULL; sch++) {
		if (strcmp(open, sch->kind) != 0)
			(void)printf("[%s%s]\n\n", sch->kind,
			    sch->named ? " NAME" : "");
		open = sch->kind;
		for (t = 0; t < CONF_TABLES && sch->tables[t] != NULL; t++)
			if (first_of(&k, sch, t))
				for (p = sch->tables[t]; p->name != NULL; p++)
					print_param(p);
	}
}

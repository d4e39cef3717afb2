/* SPDX-License-Identifier: BSD-2-Clause */
/* load.c - see rules.h: from files and folders to lines, and a set's life */
#include "rules/load_int.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "rules/signer.h"

#include "base/banned.h"

#define MATCH_LIMIT	100000	/* backtracks a match, if nothing is said */

void *
rules_alloc(struct rules *r, size_t n)
{
	struct rules_block	*b;

	if ((b = calloc(1, sizeof *b + n)) == NULL)
		return NULL;
	b->next = r->blocks;
	r->blocks = b;
	return b->data;
}

char *
rules_dup(struct rules *r, const char *p, size_t n)
{
	char	*copy = rules_alloc(r, n + 1);

	if (copy != NULL)
		memcpy(copy, p, n);
	return copy;
}

/* say - one fault to who asked for them; the first fatal one is the error */
__attribute__((format(printf, 5, 0)))
static void
say(struct loader *l, bool fatal, const char *file, unsigned line,
    const char *fmt, va_list ap)
{
	char	why[ERR_SIZE / 2], msg[ERR_SIZE];

	(void)vsnprintf(why, sizeof why, fmt, ap);
	if (line > 0)
		(void)snprintf(msg, sizeof msg, "%.200s:%u: %s", file, line,
		    why);
	else
		(void)snprintf(msg, sizeof msg, "%.200s: %s", file, why);
	if (fatal && !l->failed) {
		l->failed = true;
		(void)err_code(l->e, EX_CONFIG, "%s", msg);
	}
	if (l->report != NULL)
		l->report(l->arg, fatal, msg);
}

void
load_fault(struct loader *l, bool fatal, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	say(l, fatal || l->src->strict, l->file, l->line, fmt, ap);
	va_end(ap);
}

void
load_fault_at(struct loader *l, const struct rule *rule, bool fatal,
    const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	say(l, fatal || rule->strict, rule->file != NULL ? rule->file : "-",
	    rule->line, fmt, ap);
	va_end(ap);
}

static bool
name_ok(const char *p, size_t n)
{
	size_t	i;

	if (n == 0 || n > RULES_NAME_MAX || isdigit((unsigned char)*p))
		return false;
	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)p[i]) && p[i] != '_')
			return false;
	return true;
}

bool
load_limited(const struct rules_source *s)
{
	return s->streams != NULL || !s->may_tag || !s->may_hold ||
	    !s->may_reject || !s->may_notify;
}

struct rule *
load_rule(struct loader *l, const char *name, size_t len)
{
	struct rules	*r = l->r;
	struct rule	*more, *rule;
	size_t		 i = names_get(&r->names, name, len), cap;

	if (i != RULES_NONE && r->v[i].source != l->isrc &&
	    load_limited(l->src)) {
		load_fault(l, true, "%s: belongs to %.100s:%u; %s may not "
		    "change it (see the [rules] section)", r->v[i].name,
		    r->v[i].file, r->v[i].line, l->src->path);
		return NULL;
	}
	if (i != RULES_NONE)
		return &r->v[i];
	if (!name_ok(name, len)) {
		load_fault(l, false, "%.40s: a rule's name is letters, "
		    "digits and _, at most %d", name, RULES_NAME_MAX);
		return NULL;
	}
	if (r->n == r->cap) {
		cap = r->cap == 0 ? 256 : 2 * r->cap;
		if (cap > RULES_MAX || (more = realloc(r->v, cap *
		    sizeof *more)) == NULL) {
			l->no_memory = true;
			return NULL;
		}
		r->v = more;
		r->cap = cap;
	}
	rule = &r->v[r->n];
	memset(rule, 0, sizeof *rule);
	rule->kind = RULES_EMPTY;
	rule->source = l->isrc;
	rule->strict = l->src->strict;
	rule->file = l->file;
	rule->line = l->line;
	rule->sub = len >= 2 && name[0] == '_' && name[1] == '_';
	rule->tflags = rule->describe = rule->text = "";
	rule->owner = l->src->owner != NULL ? l->src->owner : "";
	rule->name = rules_dup(r, name, len);
	if (rule->name == NULL || names_put(&r->names, rule->name, r->n) ==
	    -1) {
		l->no_memory = true;
		return NULL;
	}
	r->n++;
	return rule;
}

/* strip - the line without its comment and outer white space, in place */
static char *
strip(char *line)
{
	char	*p, *to;

	for (p = to = line; *p != '\0' && *p != '#'; p++) {
		if (p[0] == '\\' && p[1] == '#')
			p++;
		*to++ = *p;
	}
	*to = '\0';
	while (isspace((unsigned char)*line))
		line++;
	while (to > line && isspace((unsigned char)to[-1]))
		*--to = '\0';
	return line;
}

/* word - cut the first word off; the rest, without the blanks between */
static char *
word(char *s)
{
	s += strcspn(s, " \t\r\v\f");
	if (*s != '\0')
		*s++ = '\0';
	return s + strspn(s, " \t\r\v\f");
}

/* open_if - `if EXPR` or `ifplugin NAME` */
static void
open_if(struct loader *l, const char *key, const char *value)
{
	char		expr[1024];
	struct err	why;
	int		rc;

	if (l->nifs == IFS_MAX) {
		load_fault(l, true, "more than %d nested if", IFS_MAX);
		return;
	}
	l->ifs[l->nifs].skipping = l->skipping;
	l->ifs[l->nifs++].line = l->line;
	if (l->skipping)
		return;
	if (strcmp(key, "ifplugin") == 0)
		(void)snprintf(expr, sizeof expr, "plugin(%s)", value);
	else
		(void)snprintf(expr, sizeof expr, "%s", value);
	if ((rc = cond_eval(expr, l->r->opt.plugins, &why)) == -1)
		load_fault(l, false, "%s: %s", key, why.msg);
	l->skipping = rc != 1;
}

/* condition - if, else, endif; false when the line is none of them */
static bool
condition(struct loader *l, const char *key, const char *value)
{
	if (strcmp(key, "if") == 0 || strcmp(key, "ifplugin") == 0)
		open_if(l, key, value);
	else if (strcmp(key, "else") == 0 || strcmp(key, "endif") == 0) {
		if (l->nifs == 0)
			load_fault(l, false, "%s without if", key);
		else if (key[1] == 'n')
			l->skipping = l->ifs[--l->nifs].skipping;
		else if (!l->ifs[l->nifs - 1].skipping)
			l->skipping = !l->skipping;
	} else
		return false;
	return true;
}

static void	read_file(struct loader *, const char *path);

/* include - a file named from this one's folder */
static void
include(struct loader *l, const char *value)
{
	char		 path[4096];
	const char	*slash = strrchr(l->file, '/');
	int		 n = 0;

	if (*value == '\0' || l->includes == INCLUDES_MAX) {
		load_fault(l, true, *value == '\0' ? "include: want a file" :
		    "include: too deep");
		return;
	}
	if (*value != '/' && slash != NULL)
		n = (int)(slash - l->file) + 1;
	(void)snprintf(path, sizeof path, "%.*s%s", n, l->file, value);
	l->includes++;
	read_file(l, path);
	l->includes--;
}

/* lower - a keyword as it is compared: lower case, - as _ */
static void
lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = *s == '-' ? '_' : (char)tolower((unsigned char)*s);
}

/* one_line - `lang` and conditions here, the rest in define.c */
static void
one_line(struct loader *l, char *line)
{
	char	*value, *which;

	line = strip(line);
	if (*line == '\0')
		return;
	value = word(line);
	lower(line);
	if (strcmp(line, "lang") == 0) {
		which = value;
		value = word(which);
		if (strncmp("en_US", which, strlen(which)) != 0 ||
		    *which == '\0')
			return;
		line = value;
		value = word(line);
		lower(line);
	}
	if (condition(l, line, value) || l->skipping)
		return;
	if (strcmp(line, "include") == 0)
		include(l, value);
	else
		load_line(l, line, value);
}

/* read_text - every line of one file's content, which is cut up */
static void
read_text(struct loader *l, char *data, size_t len)
{
	char	*p, *nl;

	for (p = data; p < data + len && !l->no_memory; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(data + len - p));
		if (nl == NULL)
			nl = data + len;
		*nl = '\0';
		l->line++;
		if (memchr(p, '\0', (size_t)(nl - p)) != NULL)
			load_fault(l, false, "a NUL octet in the line");
		one_line(l, p);
	}
	while (l->nifs > 0) {
		l->line = l->ifs[--l->nifs].line;
		load_fault(l, false, "if without endif");
	}
}

/* read_file - one file, or the text given in its place */
static void
read_file(struct loader *l, const char *path)
{
	struct loader	 outer = *l;
	struct err	 why;
	char		*data = NULL;
	size_t		 len = 0;
	int		 rc = 0;

	if ((l->file = rules_dup(l->r, path, strlen(path))) == NULL) {
		l->no_memory = true;
		l->file = outer.file;
		return;
	}
	l->line = 0;
	l->nifs = 0;
	l->skipping = false;
	if (l->src->text != NULL && l->includes == 0) {
		len = strlen(l->src->text);
		if ((data = strdup(l->src->text)) == NULL)
			l->no_memory = true;
	} else
		rc = file_read(path, RULES_FILE_MAX, &data, &len, &why);
	if (rc == -1) {
		l->file = outer.file != NULL ? outer.file : path;
		l->line = outer.line;
		load_fault(l, true, "%s", why.msg);
	} else if (data != NULL) {
		/* Its faults are told even if it is not signed. */
		load_signed(l, data, len);
		read_text(l, data, len);
	}
	free(data);
	l->file = outer.file;
	l->line = outer.line;
	l->nifs = outer.nifs;
	memcpy(l->ifs, outer.ifs, sizeof l->ifs);
	l->skipping = outer.skipping;
}

static int
is_cf(const struct dirent *d)
{
	size_t	n = strlen(d->d_name);

	return n > 3 && d->d_name[0] != '.' &&
	    strcmp(d->d_name + n - 3, ".cf") == 0;
}

/* by_octets - the order of the C locale, whatever the user's */
static int
by_octets(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* read_paths - a file, or every *.cf of a folder in order */
static void
read_paths(struct loader *l)
{
	struct dirent	**list;
	struct stat	  st;
	char		  path[4096];
	int		  i, n;

	if (l->src->text != NULL) {
		read_file(l, l->src->path);
		return;
	}
	if (stat(l->src->path, &st) == -1) {
		load_fault(l, true, "%s", strerror(errno));
		return;
	}
	if (!S_ISDIR(st.st_mode)) {
		read_file(l, l->src->path);
		return;
	}
	if ((n = scandir(l->src->path, &list, is_cf, by_octets)) == -1) {
		load_fault(l, true, "%s", strerror(errno));
		return;
	}
	for (i = 0; i < n; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", l->src->path,
		    list[i]->d_name);
		read_file(l, path);
		free(list[i]);
	}
	free(list);
}

/* read_source - the keys of those who sign it, then the rules */
static void
read_source(struct loader *l)
{
	struct err	why;

	l->file = l->src->path;
	l->line = 0;
	if (l->src->signers != NULL && signers_load(l->src->signers,
	    &l->signers, &why) == -1)
		load_fault(l, true, "signers: %s", why.msg);
	else
		read_paths(l);
	signers_free(&l->signers);
}

int
rules_load(const struct rules_source *src, size_t n,
    const struct rules_options *opt, rules_report_fn *report, void *arg,
    struct rules **out, struct err *e)
{
	struct err	why = { "", 0 };
	struct loader	l = {
		.srcs = src, .nsrc = n, .report = report, .arg = arg,
		.e = e != NULL ? e : &why,
	};

	*out = NULL;
	if ((l.r = calloc(1, sizeof *l.r)) == NULL)
		return err_code(e, EX_OSERR, "no memory for rules");
	l.r->opt = *opt;
	if (l.r->opt.match_limit <= 0)
		l.r->opt.match_limit = MATCH_LIMIT;
	if (l.r->opt.now == 0)
		l.r->opt.now = clock_now();
	(void)pthread_mutex_init(&l.r->lock, NULL);
	for (l.isrc = 0; l.isrc < n && !l.no_memory; l.isrc++) {
		l.src = &src[l.isrc];
		read_source(&l);
	}
	if (!l.no_memory && n > 0 && rules_finish(&l) == -1)
		l.no_memory = true;
	names_free(&l.tags);
	names_free(&l.pre);
	names_free(&l.post);
	names_free(&l.inter);
	free(l.texts);
	if (l.no_memory)
		(void)err_code(l.e, EX_OSERR, "no memory for rules");
	if (l.no_memory || l.failed) {
		rules_free(&l.r);
		return -1;
	}
	*out = l.r;
	return 0;
}

void
rules_free(struct rules **rp)
{
	struct rules		*r;
	struct rules_block	*b;
	size_t			 i;

	if (rp == NULL || (r = *rp) == NULL)
		return;
	scratch_free_all(r);
	filter_free(r);
	for (i = 0; i < r->n; i++) {
		regex_free(&r->v[i].re);
		phrase_free(&r->v[i].phrase);
		meta_free(&r->v[i].meta);
		free(r->v[i].acts);
		free(r->v[i].streams);
	}
	for (i = 0; i < r->nselectors; i++)
		selector_free(&r->selectors[i]);
	for (i = 0; i < r->nredirects; i++)
		regex_free(&r->redirects[i]);
	for (i = 0; i < RULES_KINDS; i++)
		free(r->order[i]);
	received_forms_free(&r->forms);
	free(r->files);
	free(r->naming);
	free(r->naming_at);
	free(r->quiet);
	free(r->zero);
	free(r->selectors);
	free(r->redirects);
	free(r->v);
	names_free(&r->names);
	names_free(&r->tlds);
	while ((b = r->blocks) != NULL) {
		r->blocks = b->next;
		free(b);
	}
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
	*rp = NULL;
}

size_t
rules_count(const struct rules *r)
{
	return r->n;
}

size_t
rules_find(const struct rules *r, const char *name)
{
	return names_get(&r->names, name, strlen(name));
}

void
rules_info(const struct rules *r, size_t i, struct rules_info *out)
{
	const struct rule	*rule = &r->v[i];

	memset(out, 0, sizeof *out);
	out->name = rule->name;
	out->describe = rule->describe;
	out->file = rule->file;
	out->line = rule->line;
	out->owner = rule->owner;
	out->kind = rule->kind;
	out->score = rule->score[r->opt.score_set];
	out->sub = rule->sub;
	out->active = rule->active;
	out->pattern = rule->text;
	out->acts = rule->acts;
	out->nacts = rule->nacts;
	out->streams = rule->streams;
}

const struct rules_file *
rules_files(const struct rules *r, size_t *n)
{
	*n = r->nfiles;
	return r->files;
}

size_t
rules_memory(const struct rules *r)
{
	size_t	i, n = r->n * sizeof *r->v + filter_octets(r);

	for (i = 0; i < r->n; i++)
		if (r->v[i].re != NULL)
			n += regex_octets(r->v[i].re);
	return n;
}

void
rules_stats(const struct rules *r, size_t rule, struct rules_stats *out)
{
	out->hits = atomic_load(&r->v[rule].hits);
	out->limits = atomic_load(&r->v[rule].limits);
	out->tried = atomic_load(&r->v[rule].tried);
	out->ns = atomic_load(&r->v[rule].ns);
}

uint64_t
rules_take(const struct rules *r, size_t i, enum rules_figure what,
    uint64_t least)
{
	struct rule		*rule = &r->v[i];
	_Atomic uint64_t	*n = what == RULES_NS ? &rule->ns :
				    &rule->limits;

	return atomic_load(n) < least ? 0 : atomic_exchange(n, 0);
}

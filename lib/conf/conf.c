/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.c - lines and sections of a configuration file; see conf.h
 *
 * Reading knows no parameter: it makes sections of name and value. What they
 * mean is bind.c's business.
 */
#include "conf/conf.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/file.h"
#include "conf/conf_int.h"

#include "base/banned.h"

#define POOL_CHUNK	8192	/* octets; larger requests get their own */
#define NAME_MAX_LEN	64	/* octets of a parameter's or section's name */

/* One pass over the text. */
struct reader {
	struct conf		*conf;
	struct conf_section	*sec;		/* the open one */
	struct buf		 logical;	/* a line with continuations */
	size_t			 logical_line;	/* where it began; 0 = none */
	size_t			 line;
	void			(*report)(void *arg, const char *msg);
	void			*arg;
	size_t			 faults;
	bool			 nomem;
};

void *
conf_alloc(struct conf_pool *pool, size_t size)
{
	struct conf_chunk	*c;
	size_t			 want;
	void			*p = NULL;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + sizeof(void *) - 1) & ~(sizeof(void *) - 1);
	(void)pthread_mutex_lock(&pool->lock);
	c = pool->head;
	if (c == NULL || c->size - c->used < size) {
		want = size > POOL_CHUNK ? size : POOL_CHUNK;
		if ((c = malloc(sizeof *c + want)) == NULL)
			goto out;
		c->size = want;
		c->used = 0;
		c->next = pool->head;
		pool->head = c;
	}
	p = c->data + c->used;
	c->used += size;
out:
	(void)pthread_mutex_unlock(&pool->lock);
	return p;
}

char *
conf_strndup(struct conf_pool *pool, const char *s, size_t n)
{
	char	*p = conf_alloc(pool, n + 1);

	if (p != NULL) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

/* fault - report "FILE:LINE: text" */
static void __attribute__((format(printf, 3, 4)))
fault(struct reader *r, size_t line, const char *fmt, ...)
{
	struct err	e;
	char		text[256];
	va_list		ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	(void)err_set(&e, "%s:%zu: %s", r->conf->path, line, text);
	r->faults++;
	r->report(r->arg, e.msg);
}

static int
name_octet(unsigned char c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '.';
}

/* add_section - open one; NULL without memory */
static struct conf_section *
add_section(struct conf *c, const char *kind, size_t kind_len,
    const char *name, size_t name_len, size_t line)
{
	struct conf_section	*s, **v;
	size_t			 cap;

	if (c->n == c->cap) {
		cap = c->cap == 0 ? 16 : c->cap * 2;
		if ((v = realloc(c->v, cap * sizeof *v)) == NULL)
			return NULL;
		c->v = v;
		c->cap = cap;
	}
	if ((s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	s->conf = c;
	s->kind = conf_strndup(c->pool, kind, kind_len);
	s->name = conf_strndup(c->pool, name, name_len);
	s->line = line;
	s->order = c->n;
	if (s->kind == NULL || s->name == NULL) {
		free(s);
		return NULL;
	}
	c->v[c->n++] = s;
	return s;
}

/* open_section - "[kind]" or "[kind name]" */
static void
open_section(struct reader *r, const char *p, size_t line)
{
	const char	*kind = ++p, *name;
	size_t		 kind_len, name_len;

	while (name_octet((unsigned char)*p))
		p++;
	kind_len = (size_t)(p - kind);
	while (*p == ' ' || *p == '\t')
		p++;
	name = p;
	while (*p != '\0' && *p != ']' && *p != ' ' && *p != '\t')
		p++;
	name_len = (size_t)(p - name);
	while (*p == ' ' || *p == '\t')
		p++;
	if (kind_len == 0 || p[0] != ']' || p[1] != '\0' ||
	    (name_len > 0 && name == kind + kind_len)) {
		fault(r, line, "not a section; write [kind] or [kind name]");
		return;
	}
	if (kind_len > NAME_MAX_LEN || name_len > NAME_MAX_LEN) {
		fault(r, line, "the name of a section has at most %d octets",
		    NAME_MAX_LEN);
		return;
	}
	r->sec = add_section(r->conf, kind, kind_len, name, name_len, line);
	if (r->sec == NULL)
		r->nomem = true;
}

/* add_param - keep one name and value in the open section */
static void
add_param(struct reader *r, const char *name, size_t name_len,
    const char *value, size_t value_len, size_t line)
{
	struct conf_section	*s = r->sec;
	struct conf_line	*v, *l;
	size_t			 cap;

	if (s->n == CONF_PARAMS_MAX) {
		fault(r, line, "more than %d parameters in a section",
		    CONF_PARAMS_MAX);
		return;
	}
	if (s->n == s->cap) {
		cap = s->cap == 0 ? 8 : s->cap * 2;
		if ((v = realloc(s->v, cap * sizeof *v)) == NULL) {
			r->nomem = true;
			return;
		}
		s->v = v;
		s->cap = cap;
	}
	l = &s->v[s->n];
	l->line = line;
	l->name = conf_strndup(r->conf->pool, name, name_len);
	l->value = conf_strndup(r->conf->pool, value, value_len);
	if (l->name == NULL || l->value == NULL) {
		r->nomem = true;
		return;
	}
	if (conf_line(s, l->name) != NULL) {
		fault(r, line, "%s: given before, at line %zu", l->name,
		    conf_line(s, l->name)->line);
		return;
	}
	s->n++;
}

/* take_logical - a whole logical line is there: section or parameter */
static void
take_logical(struct reader *r)
{
	const char	*p = buf_str(&r->logical), *name = p, *value;
	size_t		 line = r->logical_line, name_len, value_len;

	if (line == 0)
		return;
	r->logical_line = 0;
	if (r->logical.failed) {
		fault(r, line, "longer than %d octets", CONF_VALUE_MAX);
		return;
	}
	if (*p == '[') {
		open_section(r, p, line);
		return;
	}
	while (name_octet((unsigned char)*p))
		p++;
	name_len = (size_t)(p - name);
	while (*p == ' ' || *p == '\t')
		p++;
	if (name_len == 0 || name_len > NAME_MAX_LEN || *p != '=') {
		fault(r, line, "neither \"name = value\" nor \"[section]\"");
		return;
	}
	for (value = p + 1; *value == ' ' || *value == '\t'; value++)
		;
	value_len = strlen(value);
	while (value_len > 0 && (value[value_len - 1] == ' ' ||
	    value[value_len - 1] == '\t'))
		value_len--;
	add_param(r, name, name_len, value, value_len, line);
}

/* take_line - one physical line, without its end */
static void
take_line(struct reader *r, const char *p, size_t n)
{
	bool	continues = n > 0 && (*p == ' ' || *p == '\t');
	size_t	i;

	while (n > 0 && (*p == ' ' || *p == '\t'))
		p++, n--;
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	/* as in main.cf, these do not end a logical line */
	if (n == 0 || *p == '#')
		return;
	for (i = 0; i < n; i++)
		if (((unsigned char)p[i] < ' ' && p[i] != '\t') ||
		    p[i] == 0x7f) {
			fault(r, r->line, "control octet 0x%02x in the line",
			    (unsigned char)p[i]);
			return;
		}
	if (!continues) {
		take_logical(r);
		buf_reset(&r->logical);
		r->logical_line = r->line;
	} else if (r->logical_line == 0) {
		fault(r, r->line, "begins with white space, but there is no "
		    "line that it could continue");
		return;
	} else if (buf_str(&r->logical)[0] == '[') {
		fault(r, r->line, "begins with white space, which would "
		    "continue the section's line");
		return;
	} else {
		(void)buf_addc(&r->logical, ' ');
	}
	(void)buf_add(&r->logical, p, n);
}

/* take_text - all lines of the file */
static void
take_text(struct reader *r, const char *p, size_t len)
{
	const char	*end = p + len, *nl;
	size_t		 n;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; p < end && !r->nomem; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		n = (size_t)(nl - p);
		if (n > 0 && p[n - 1] == '\r')
			n--;
		r->line++;
		take_line(r, p, n);
	}
	if (!r->nomem)
		take_logical(r);
	r->conf->lines = r->line > 0 ? r->line : 1;
}

/* compare - a section with the one of this kind and name */
static int
compare(const struct conf_section *s, const char *kind, const char *name)
{
	int	rc = strcmp(s->kind, kind);

	return rc != 0 ? rc : strcmp(s->name, name);
}

static int
section_cmp(const void *pa, const void *pb)
{
	const struct conf_section	*a = *(struct conf_section *const *)pa;
	const struct conf_section	*b = *(struct conf_section *const *)pb;
	int				 rc = compare(a, b->kind, b->name);

	return rc != 0 ? rc : a->order < b->order ? -1 : a->order > b->order;
}

/* sort_sections - for finding, and to see which was opened twice */
static int
sort_sections(struct reader *r)
{
	struct conf		*c = r->conf;
	struct conf_section	*a, *b;
	size_t			 i;

	if ((c->sorted = malloc(c->n * sizeof *c->sorted)) == NULL)
		return -1;
	memcpy(c->sorted, c->v, c->n * sizeof *c->sorted);
	qsort(c->sorted, c->n, sizeof *c->sorted, section_cmp);
	for (i = 1; i < c->n; i++) {
		a = c->sorted[i - 1];
		b = c->sorted[i];
		if (compare(a, b->kind, b->name) == 0)
			fault(r, b->line, "[%s%s%s]: opened before, at line "
			    "%zu", b->kind, *b->name != '\0' ? " " : "",
			    b->name, a->line);
	}
	return 0;
}

/* conf_new - an empty one with the top section */
static struct conf *
conf_new(const char *path)
{
	struct conf	*c;

	if ((c = calloc(1, sizeof *c)) == NULL)
		return NULL;
	if ((c->pool = calloc(1, sizeof *c->pool)) == NULL) {
		free(c);
		return NULL;
	}
	(void)pthread_mutex_init(&c->pool->lock, NULL);
	c->absent.conf = c;
	c->absent.kind = c->absent.name = "";
	if ((c->path = strdup(path)) == NULL ||
	    add_section(c, "", 0, "", 0, 1) == NULL)
		conf_free(&c);
	return c;
}

/* parse - a whole text; faults go to report() */
static int
parse(const char *path, const char *text, size_t len,
    void (*report)(void *arg, const char *msg), void *arg,
    struct conf **out, struct err *e)
{
	struct reader	 r = { .report = report, .arg = arg };

	*out = NULL;
	if ((r.conf = conf_new(path)) == NULL)
		goto nomem;
	r.sec = r.conf->v[0];
	buf_init(&r.logical, CONF_VALUE_MAX);
	take_text(&r, text, len);
	buf_free(&r.logical);
	r.conf->absent.line = r.conf->lines;
	if (r.nomem || sort_sections(&r) == -1)
		goto nomem;
	*out = r.conf;
	return 0;
nomem:
	conf_free(&r.conf);
	return err_code(e, EX_OSERR, "%s: no memory", path);
}

int
conf_read_all(const char *path, void (*report)(void *arg, const char *msg),
    void *arg, struct conf **out, struct err *e)
{
	char	*text;
	size_t	 len;
	int	 rc;

	*out = NULL;
	if (file_read(path, CONF_FILE_MAX, &text, &len, e) == -1)
		return -1;
	rc = parse(path, text, len, report, arg, out, e);
	free(text);
	return rc;
}

/* keep_first - of several faults, the first one found */
static void
keep_first(void *arg, const char *msg)
{
	struct err	*e = arg;

	if (e->msg[0] == '\0')
		(void)err_code(e, EX_CONFIG, "%s", msg);
}

int
conf_parse(const char *path, const char *text, size_t len,
    struct conf **out, struct err *e)
{
	struct err	first = { "", 0 };

	if (parse(path, text, len, keep_first, &first, out, e) == -1)
		return -1;
	if (first.msg[0] == '\0')
		return 0;
	conf_free(out);
	return err_code(e, EX_CONFIG, "%s", first.msg);
}

int
conf_read(const char *path, struct conf **out, struct err *e)
{
	char	*text;
	size_t	 len;
	int	 rc;

	*out = NULL;
	if (file_read(path, CONF_FILE_MAX, &text, &len, e) == -1)
		return -1;
	rc = conf_parse(path, text, len, out, e);
	free(text);
	return rc;
}

void
conf_free(struct conf **cp)
{
	struct conf		*c = *cp;
	struct conf_chunk	*ch, *next;
	size_t			 i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n; i++) {
		free(c->v[i]->v);
		free(c->v[i]);
	}
	for (ch = c->pool->head; ch != NULL; ch = next) {
		next = ch->next;
		free(ch);
	}
	(void)pthread_mutex_destroy(&c->pool->lock);
	free(c->pool);
	free(c->v);
	free(c->sorted);
	free(c->path);
	free(c);
	*cp = NULL;
}

const char *
conf_path(const struct conf *c)
{
	return c->path;
}

const struct conf_section *
conf_find(const struct conf *c, const char *kind, const char *name)
{
	const char	*want = name != NULL ? name : "";
	size_t		 lo = 0, hi = c->n, mid;

	while (lo < hi) {	/* the first that is not below it */
		mid = lo + (hi - lo) / 2;
		if (compare(c->sorted[mid], kind, want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < c->n && compare(c->sorted[lo], kind, want) == 0)
		return c->sorted[lo];
	return name == NULL ? &c->absent : NULL;
}

const struct conf_section *
conf_next(const struct conf *c, const char *kind,
    const struct conf_section *prev)
{
	size_t	i;

	for (i = prev == NULL ? 0 : prev->order + 1; i < c->n; i++)
		if (strcmp(c->v[i]->kind, kind) == 0)
			return c->v[i];
	return NULL;
}

const char *
conf_section_name(const struct conf_section *s)
{
	return s->name;
}

const char *
conf_section_kind(const struct conf_section *s)
{
	return s->kind;
}

const struct conf_line *
conf_line(const struct conf_section *s, const char *name)
{
	size_t	i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return &s->v[i];
	return NULL;
}

bool
conf_given(const struct conf_section *s, const char *name)
{
	return conf_line(s, name) != NULL;
}

const char *
conf_where(const struct conf_section *s, const char *name, char *out,
    size_t size)
{
	const struct conf_line	*l = conf_line(s, name);

	(void)snprintf(out, size, "%s:%zu: %s", s->conf->path,
	    l != NULL ? l->line : s->line, name);
	return out;
}

int
conf_blame(const struct conf_section *s, const char *name, struct err *e)
{
	char	where[512];

	return err_prefix(e, "%s", conf_where(s, name, where, sizeof where));
}

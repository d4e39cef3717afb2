/* SPDX-License-Identifier: BSD-2-Clause */
/* drecord.c - see drecord.h */
#include "dkim/drecord.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/file.h"
#include "dkim/dkey.h"

#include "base/banned.h"

#define FILE_MAX	(64u << 20)

struct record {
	char	*name, *data;
};

struct drecord_set {
	struct record	*v;
	size_t		 n, cap;
};

/* A file being read. */
struct reader {
	const char	*file;
	const char	*p, *end;
	unsigned	 line;
};

void
drecord_free(struct drecord_set **set)
{
	size_t	i;

	if (*set == NULL)
		return;
	for (i = 0; i < (*set)->n; i++) {
		free((*set)->v[i].name);
		free((*set)->v[i].data);
	}
	free((*set)->v);
	free(*set);
	*set = NULL;
}

/* is_blank - within a line */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
skip_blanks(struct reader *r)
{
	while (r->p < r->end && is_blank(*r->p))
		r->p++;
}

static void
skip_line(struct reader *r)
{
	while (r->p < r->end && *r->p != '\n')
		r->p++;
}

/* word - up to the next white space */
static size_t
word(struct reader *r, const char **w)
{
	*w = r->p;
	while (r->p < r->end && !is_blank(*r->p) && *r->p != '\n')
		r->p++;
	return (size_t)(r->p - *w);
}

/* quoted - one "string", without its quotes */
static int
quoted(struct reader *r, struct buf *out, struct err *e)
{
	for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
		if (*r->p == '\n')
			break;
		if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
		(void)buf_addc(out, *r->p);
	}
	if (r->p == r->end || *r->p != '"')
		return err_code(e, EX_DATAERR, "%s:%u: string without an end",
		    r->file, r->line);
	r->p++;
	return 0;
}

/* zone_data - "strings", possibly within ( ) over several lines */
static int
zone_data(struct reader *r, struct buf *out, struct err *e)
{
	bool	open = false;

	for (;;) {
		skip_blanks(r);
		if (r->p == r->end || (*r->p == '\n' && !open))
			break;
		if (*r->p == '\n') {
			r->line++;
			r->p++;
		} else if (*r->p == ';') {
			skip_line(r);
		} else if (*r->p == '"') {
			if (quoted(r, out, e) == -1)
				return -1;
		} else if (*r->p == '(' || *r->p == ')') {
			open = *r->p == '(';
			r->p++;
		} else {
			return err_code(e, EX_DATAERR, "%s:%u: text outside "
			    "\"\"", r->file, r->line);
		}
	}
	if (open)
		return err_code(e, EX_DATAERR, "%s:%u: ( without )", r->file,
		    r->line);
	return 0;
}

static bool
is_number(const char *w, size_t n)
{
	while (n > 0 && w[n - 1] >= '0' && w[n - 1] <= '9')
		n--;
	return n == 0;
}

/* pass_type - step over TTL, IN and TXT of a zone line */
static void
pass_type(struct reader *r)
{
	const char	*back, *w;
	size_t		 n;

	for (;;) {
		skip_blanks(r);
		back = r->p;
		n = word(r, &w);
		if (n == 0 || !((n == 2 && strncasecmp(w, "IN", 2) == 0) ||
		    (n == 3 && strncasecmp(w, "TXT", 3) == 0) ||
		    is_number(w, n))) {
			r->p = back;
			return;
		}
	}
}

static int
add(struct drecord_set *s, const char *name, size_t n, struct buf *data,
    struct err *e)
{
	struct record	*v;
	char		*d;
	size_t		 i;

	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 16 : s->cap * 2;
		if ((v = realloc(s->v, s->cap * sizeof *v)) == NULL)
			return err_code(e, EX_OSERR, "no memory");
		s->v = v;
	}
	if (n > 0 && name[n - 1] == '.')
		n--;
	s->v[s->n].name = strndup(name, n);
	d = buf_steal(data);
	s->v[s->n].data = d;
	if (s->v[s->n].name == NULL || d == NULL) {
		free(s->v[s->n].name);
		free(d);
		return err_code(e, EX_OSERR, "no memory");
	}
	/* plain text: blanks at its end are no part of it */
	for (i = strlen(d); i > 0 && is_blank(d[i - 1]); i--)
		d[i - 1] = '\0';
	s->n++;
	return 0;
}

/* one - a record, or an empty or comment line */
static int
one(struct reader *r, struct drecord_set *s, struct err *e)
{
	struct buf	 data = BUF_INIT(DKEY_RECORD_MAX);
	const char	*name, *rest;
	size_t		 n;
	int		 rc = 0;

	skip_blanks(r);
	if (r->p == r->end || *r->p == '\n' || *r->p == '#' || *r->p == ';') {
		skip_line(r);
		return 0;
	}
	n = word(r, &name);
	pass_type(r);
	if (r->p < r->end && (*r->p == '"' || *r->p == '(')) {
		rc = zone_data(r, &data, e);
	} else {
		rest = r->p;
		skip_line(r);
		(void)buf_add(&data, rest, (size_t)(r->p - rest));
	}
	if (rc == 0 && data.failed)
		rc = err_code(e, EX_DATAERR, "%s:%u: record larger than %d "
		    "octets", r->file, r->line, DKEY_RECORD_MAX);
	if (rc == 0 && data.len == 0)
		rc = err_code(e, EX_DATAERR, "%s:%u: a name without data",
		    r->file, r->line);
	if (rc == 0)
		rc = add(s, name, n, &data, e);
	buf_free(&data);
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct record *)a)->name,
	    ((const struct record *)b)->name);
}

int
drecord_parse(const char *name, const char *text, size_t len,
    struct drecord_set **out, struct err *e)
{
	struct reader		 r = { name, text, text + len, 1 };
	struct drecord_set	*s = calloc(1, sizeof *s);

	if (s == NULL)
		return err_code(e, EX_OSERR, "no memory");
	for (; r.p < r.end; r.p++, r.line++) {
		if (one(&r, s, e) == -1) {
			drecord_free(&s);
			return -1;
		}
		if (r.p == r.end)
			break;
	}
	if (s->n > 0)
		qsort(s->v, s->n, sizeof *s->v, by_name);
	*out = s;
	return 0;
}

int
drecord_load(const char *path, struct drecord_set **out, struct err *e)
{
	char	*text;
	size_t	 len;
	int	 rc;

	if (file_read(path, FILE_MAX, &text, &len, e) == -1)
		return -1;
	rc = drecord_parse(path, text, len, out, e);
	free(text);
	return rc;
}

int
drecord_lookup(void *arg, const char *name, char *txt, size_t size)
{
	const struct drecord_set	*s = arg;
	const struct record		*r;
	struct record			 key;

	key.name = (char *)(uintptr_t)name;
	r = s->n == 0 ? NULL : bsearch(&key, s->v, s->n, sizeof *s->v,
	    by_name);
	if (r == NULL)
		return 0;
	return (size_t)snprintf(txt, size, "%s", r->data) < size ? 1 : -1;
}

int
drecord_zone(const char *selector, const char *domain, const char *data,
    struct buf *out)
{
	size_t	n = strlen(data), k;

	(void)buf_addf(out, "%s._domainkey.%s. IN TXT (", selector, domain);
	while (n > 0) {
		k = n > 255 ? 255 : n;
		(void)buf_adds(out, " \"");
		(void)buf_add(out, data, k);
		(void)buf_adds(out, n > k ? "\"\n\t" : "\"");
		data += k;
		n -= k;
	}
	return buf_adds(out, " )\n");
}

const char *
drecord_tag(const char *data, const char *tag, size_t *len)
{
	const char	*p = data, *end;
	size_t		 n = strlen(tag);

	for (;;) {
		p += strspn(p, " \t\r\n;");
		if (*p == '\0')
			return NULL;
		end = p + strcspn(p, ";");
		if (strncmp(p, tag, n) == 0) {
			const char *q = p + n + strspn(p + n, " \t\r\n");

			if (*q == '=') {
				q++;
				q += strspn(q, " \t\r\n");
				while (end > q && strchr(" \t\r\n", end[-1]) !=
				    NULL)
					end--;
				*len = (size_t)(end - q);
				return q;
			}
		}
		p = end;
	}
}

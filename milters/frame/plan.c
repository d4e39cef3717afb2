/* SPDX-License-Identifier: BSD-2-Clause */
/* plan.c - see plan.h */
#include "frame/plan.h"

#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

#include "base/banned.h"

static const char *const kind_names[EDIT_KINDS] = {
	[EDIT_INSERT] = "insert", [EDIT_APPEND] = "append",
	[EDIT_CHANGE] = "change", [EDIT_DELETE] = "delete",
	[EDIT_SENDER] = "sender", [EDIT_ADD_RCPT] = "add-rcpt",
	[EDIT_DELETE_RCPT] = "delete-rcpt", [EDIT_BODY] = "body",
	[EDIT_QUARANTINE] = "quarantine",
};

const char *
plan_kind_name(enum edit_kind kind)
{
	return kind_names[kind];
}

void
plan_free(struct plan *p)
{
	size_t	i;

	for (i = 0; i < p->n; i++) {
		free(p->v[i].name);
		free(p->v[i].value);
	}
	free(p->v);
	memset(p, 0, sizeof *p);
}

int
plan_add(struct plan *p, const char *by, enum edit_kind kind, size_t n,
    const char *name, const char *value, struct err *e)
{
	struct edit	*v, add = { .kind = kind, .by = by, .n = n };
	size_t		 cap, octets;

	octets = p->octets + (name != NULL ? strlen(name) : 0) +
	    (value != NULL ? strlen(value) : 0);
	if (p->n == PLAN_EDITS_MAX || octets > PLAN_OCTETS_MAX)
		return err_set(e, "too many edits for one message");
	if (p->n == p->cap) {
		cap = p->cap == 0 ? 8 : 2 * p->cap;
		if ((v = realloc(p->v, cap * sizeof *v)) == NULL)
			return err_set(e, "out of memory");
		p->v = v;
		p->cap = cap;
	}
	if ((name != NULL && (add.name = strdup(name)) == NULL) ||
	    (value != NULL && (add.value = strdup(value)) == NULL)) {
		free(add.name);
		return err_set(e, "out of memory");
	}
	p->v[p->n++] = add;
	p->octets = octets;
	return 0;
}

/* blank_line - is the line from s up to its end nothing but white space? */
static bool
blank_line(const char *s)
{
	s += strspn(s, " \t");
	return *s == '\0' || *s == '\n';
}

/*
 * plan_header_ok - may this go into a header section?
 *
 * A value with a line end that is no fold would end the field, or the header:
 * whoever gets text of his own into a value could then write a field or a
 * body of his own.
 */
int
plan_header_ok(const char *name, const char *value, struct err *e)
{
	const char	*s;
	size_t		 line;

	if (name == NULL || !header_name_ok(name))
		return err_set(e, "not a header name");
	if (value == NULL)
		return 0;
	if (strlen(value) > PLAN_VALUE_MAX)
		return err_set(e, "%s: value of more than %d octets", name,
		    PLAN_VALUE_MAX);
	line = strlen(name) + 2;
	for (s = value; *s != '\0'; s++) {
		if (*s == '\n') {
			if ((s[1] != ' ' && s[1] != '\t') || blank_line(s + 1))
				return err_set(e, "%s: line end that is no "
				    "fold", name);
			line = 0;
		} else if (((unsigned char)*s < ' ' && *s != '\t') ||
		    *s == 0x7f) {
			return err_set(e, "%s: control octet 0x%02x", name,
			    (unsigned char)*s);
		} else if (++line > PLAN_LINE_MAX) {
			return err_set(e, "%s: line of more than %d octets",
			    name, PLAN_LINE_MAX);
		}
	}
	return 0;
}

int
plan_path_ok(const char *path, struct err *e)
{
	const unsigned char	*s;
	size_t			 n;

	if (path == NULL || (n = strlen(path)) < 2 || path[0] != '<' ||
	    path[n - 1] != '>')
		return err_set(e, "not an address in angle brackets");
	if (n > PLAN_PATH_MAX)
		return err_set(e, "address of more than %d octets",
		    PLAN_PATH_MAX);
	for (s = (const unsigned char *)path; *s != '\0'; s++)
		if (*s < ' ' || *s == 0x7f)
			return err_set(e, "control octet 0x%02x in an address",
			    *s);
	return 0;
}

int
plan_reason_ok(const char *reason, struct err *e)
{
	const unsigned char	*s = (const unsigned char *)reason;

	if (reason == NULL || *s == '\0' || strlen(reason) > PLAN_REASON_MAX)
		return err_set(e, "reason is empty or of more than %d octets",
		    PLAN_REASON_MAX);
	for (; *s != '\0'; s++)
		if (*s < ' ' || *s > '~')
			return err_set(e, "reason is not printable ASCII");
	return 0;
}

/* print_value - with \n for a fold, so that an edit stays one line */
static void
print_value(const char *s, struct buf *out)
{
	for (; *s != '\0'; s++) {
		if (*s == '\n')
			(void)buf_adds(out, "\\n");
		else if (*s == '\t')
			(void)buf_adds(out, "\\t");
		else if (*s == '\\')
			(void)buf_adds(out, "\\\\");
		else
			(void)buf_addc(out, *s);
	}
}

int
plan_print_edit(const struct edit *ed, struct buf *out)
{
	(void)buf_adds(out, kind_names[ed->kind]);
	switch (ed->kind) {
	case EDIT_INSERT:
		(void)buf_addf(out, " %zu %s: ", ed->n, ed->name);
		break;
	case EDIT_APPEND:
		(void)buf_addf(out, " %s: ", ed->name);
		break;
	case EDIT_CHANGE:
		(void)buf_addf(out, " %s[%zu]: ", ed->name, ed->n);
		break;
	case EDIT_DELETE:
		(void)buf_addf(out, " %s[%zu]", ed->name, ed->n);
		break;
	case EDIT_BODY:
		(void)buf_addf(out, " %zu octets", ed->n);
		break;
	default:
		(void)buf_addc(out, ' ');
		break;
	}
	if (ed->value != NULL)
		print_value(ed->value, out);
	return out->failed ? -1 : 0;
}

int
plan_print(const struct plan *p, struct buf *out)
{
	size_t	i;

	for (i = 0; i < p->n; i++) {
		(void)plan_print_edit(&p->v[i], out);
		(void)buf_addc(out, '\n');
	}
	return out->failed ? -1 : 0;
}

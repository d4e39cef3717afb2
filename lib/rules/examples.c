/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * examples.c - see load_int.h: rule files are tested code
 *
 * An example is a small message, read by the same code as real mail: \n is a
 * line end, \t a tab, \\ a backslash. It may begin with header fields and an
 * empty line; without them the text is what the rule looks at: the field of a
 * header rule, else the body.
 */
#include "rules/load_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define MESSAGE_MAX	65536

/* unescape - \n, \t and \\ */
static void
unescape(const char *s, struct buf *out)
{
	for (; *s != '\0'; s++) {
		if (*s != '\\' || (s[1] != 'n' && s[1] != 't' &&
		    s[1] != '\\')) {
			(void)buf_addc(out, *s);
			continue;
		}
		s++;
		(void)buf_addc(out, *s == 'n' ? '\n' : *s == 't' ? '\t' :
		    '\\');
	}
}

/* is_message - does it begin with "Name: " and hold an empty line? */
static bool
is_message(const char *text)
{
	const char	*p = text;

	while (isalnum((unsigned char)*p) || *p == '-')
		p++;
	return p > text && *p == ':' && strstr(p, "\n\n") != NULL;
}

int
rules_example(const struct rules *r, size_t i, const char *text,
    struct buf *out)
{
	const struct rule	*rule = &r->v[i];
	struct buf		 t = BUF_INIT(MESSAGE_MAX);
	const char		*spec = "";
	size_t			 n;
	int			 rc;

	if (rule->kind == RULES_HEADER)
		spec = selector_spec(r->selectors[rule->selector]);
	n = strcspn(spec, ":");
	unescape(text, &t);
	if (is_message(buf_str(&t)))
		rc = buf_add(out, t.data, t.len);
	else if (n == 0)
		rc = buf_addf(out, "Subject: \nContent-Type: text/plain; "
		    "charset=utf-8\n\n%s\n", buf_str(&t));
	else if (strncmp(spec, "ALL", 3) == 0)
		rc = buf_addf(out, "%s\n\n", buf_str(&t));
	else if (strncmp(spec, "ToCc", 4) == 0)
		rc = buf_addf(out, "To: %s\n\n", buf_str(&t));
	else
		rc = buf_addf(out, "%.*s: %s\n\n", (int)n, spec,
		    buf_str(&t));
	buf_free(&t);
	return rc;
}

/* hits - does the rule hit the example? -1 without memory. */
static int
hits(const struct rules *r, size_t i, const char *text)
{
	static const struct view_limits		 lim = VIEW_LIMITS;
	static const struct rules_scan_options	 opt = { .subrules = true };
	struct buf				 b = BUF_INIT(2 * MESSAGE_MAX);
	struct view				*v;
	struct rules_result			*res;
	size_t					 k;
	int					 rc = -1;

	if (rules_example(r, i, text, &b) == -1 ||
	    view_open(buf_str(&b), b.len, &lim, &v, NULL) == -1)
		goto done;
	if (rules_scan(r, v, &opt, &res, NULL) == 0) {
		for (rc = 0, k = 0; k < res->n; k++)
			rc |= res->v[k].rule == i;
		rules_result_free(&res);
	}
	view_free(&v);
done:
	buf_free(&b);
	return rc;
}

/* counts - are its examples to be tried? A set that was good yesterday must not
 * be refused because one of its rules expired over night. */
static bool
counts(const struct rule *rule)
{
	return rule->active && !rule->lapsed;
}

int
examples_run(struct loader *l)
{
	struct rules		*r = l->r;
	const struct example	*x;
	size_t			 i;
	int			 rc;

	for (i = 0; i < r->n; i++)
		for (x = r->v[i].examples; x != NULL; x = x->next) {
			if (!counts(&r->v[i]))
				continue;
			if ((rc = hits(r, i, x->text)) == -1)
				return -1;
			if (rc == x->ok)
				continue;
			l->file = x->file;
			l->line = x->line;
			l->src = &l->srcs[r->v[i].source];
			load_fault(l, false, "%s: the example %s: %.120s",
			    r->v[i].name, x->ok ? "should hit, and does not" :
			    "should not hit, and does", x->text);
		}
	/* What the examples hit was no mail. */
	for (i = 0; i < r->n; i++) {
		atomic_store(&r->v[i].hits, 0);
		atomic_store(&r->v[i].limits, 0);
	}
	return 0;
}

int
rules_examples(const struct rules *r, size_t only, size_t *ok,
    size_t *failed, FILE *f)
{
	const struct example	*x;
	size_t			 i;
	int			 rc;

	*ok = *failed = 0;
	for (i = 0; i < r->n; i++)
		for (x = r->v[i].examples; x != NULL; x = x->next) {
			if (!counts(&r->v[i]) || (only != RULES_NONE &&
			    only != i))
				continue;
			if ((rc = hits(r, i, x->text)) == -1)
				return -1;
			if (rc == x->ok) {
				(*ok)++;
				continue;
			}
			(*failed)++;
			(void)fprintf(f, "%s:%u: %s: should %shit: %s\n",
			    x->file, x->line, r->v[i].name, x->ok ? "" :
			    "not ", x->text);
		}
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* stats_rules.c - see stats_rules.h */
#include "ctl/stats_rules.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "metrics/metrics.h"

#include "base/banned.h"

#define SHOWN	10	/* rules of a table */

struct row {
	char		rule[METRICS_NAME];
	uint64_t	n;
};

struct table {
	const char	*counter, *title;
	struct row	*v;
	size_t		 n;
};

struct tables {
	struct table	t[3];
	bool		no_memory;
};

/* add - to the rule's row; mailweir-keyword and -chain may both count */
static void
add(struct tables *all, struct table *t, const char *rule, uint64_t n)
{
	struct row	*more;
	size_t		 i;

	for (i = 0; i < t->n && strcmp(t->v[i].rule, rule) != 0; i++)
		;
	if (i == t->n) {
		if ((more = realloc(t->v, (t->n + 1) * sizeof *more)) ==
		    NULL) {
			all->no_memory = true;
			return;
		}
		t->v = more;
		(void)snprintf(more[i].rule, sizeof more[i].rule, "%s", rule);
		more[i].n = 0;
		t->n++;
	}
	t->v[i].n += n;
}

/* take - a counter, if it is one of ours: NAME{rule="RULE"} */
static void
take(void *arg, const char *program, const char *name, uint64_t n)
{
	struct tables	*all = arg;
	struct table	*t;
	char		 rule[METRICS_NAME];
	size_t		 len;

	(void)program;
	for (t = all->t; t < all->t + 3; t++) {
		len = strlen(t->counter);
		if (strncmp(name, t->counter, len) != 0 ||
		    strncmp(name + len, "{rule=\"", 7) != 0)
			continue;
		(void)snprintf(rule, sizeof rule, "%s", name + len + 7);
		rule[strcspn(rule, "\"")] = '\0';
		add(all, t, rule, n);
	}
}

static int
by_number(const void *a, const void *b)
{
	const struct row	*x = a, *y = b;

	return x->n != y->n ? (x->n < y->n ? 1 : -1) :
	    strcmp(x->rule, y->rule);
}

static void
print(struct table *t)
{
	size_t	i;

	(void)printf("%s\n", t->title);
	if (t->n > 0)
		qsort(t->v, t->n, sizeof *t->v, by_number);
	for (i = 0; i < t->n && i < SHOWN; i++)
		(void)printf("  %12" PRIu64 "  %s\n", t->v[i].n,
		    t->v[i].rule);
	if (t->n == 0)
		(void)printf("  %12s\n", "-");
}

int
stats_rules(const char *run_dir, struct err *e)
{
	struct tables	all = { .t = {
		{ "mailweir_keyword_hits_total", "messages hit", NULL, 0 },
		{ "mailweir_keyword_rule_us_total",
		  "microseconds, from one message of 64", NULL, 0 },
		{ "mailweir_keyword_match_limit_total",
		  "times at match_limit", NULL, 0 },
	} };
	size_t		i;
	int		rc = metrics_each(run_dir, take, &all, e);

	if (all.no_memory)
		rc = err_code(e, EX_OSERR, "no memory");
	for (i = 0; i < 3; i++) {
		if (rc == 0)
			print(&all.t[i]);
		free(all.t[i].v);
	}
	return rc;
}

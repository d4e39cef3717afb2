/* SPDX-License-Identifier: BSD-2-Clause */
/* finish.c - see rule.h: a set that was read whole becomes one that runs */
#include "rules/load_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define WORDS_COST	0.1	/* chance that words are at a given place */

/* default_score - what SpamAssassin gives a rule that has none */
static void
default_score(struct rule *rule)
{
	double	v = strncmp(rule->name, "T_", 2) == 0 ? 0.01 : 1;
	size_t	i;

	if (rule->scored)
		return;
	if (strstr(rule->tflags, "nice") != NULL)
		v = -v;
	for (i = 0; i < 4; i++)
		rule->score[i] = v;
}

struct unknown {
	struct loader		*l;
	const struct rule	*rule;
};

static void
unknown(void *arg, const char *name)
{
	struct unknown	*u = arg;

	load_fault_at(u->l, u->rule, false, "%s: names a rule that does not "
	    "exist: %.80s", u->rule->name, name);
}

/* bind - names inside metas become indices */
static int
bind_metas(struct loader *l)
{
	struct rules	*r = l->r;
	size_t		 i;

	for (i = 0; i < r->n; i++) {
		struct unknown	u = { l, &r->v[i] };

		if (r->v[i].kind == RULES_META && meta_bind(r->v[i].meta, r,
		    i, unknown, &u) == -1)
			return -1;
	}
	return 0;
}

/* need - mark a rule and what its expression names, without recursion */
static int
need(struct rules *r, unsigned char *mark, size_t first)
{
	size_t		*stack = NULL, *more, n = 0, cap = 0, i, k, ndeps;
	const size_t	*deps;

	for (i = first;;) {
		if (!mark[i] && r->v[i].kind != RULES_EMPTY) {
			mark[i] = 1;
			if (r->v[i].kind == RULES_META) {
				ndeps = meta_deps(r->v[i].meta, &deps);
				if (n + ndeps > cap) {
					cap = 2 * (n + ndeps);
					more = realloc(stack, cap *
					    sizeof *more);
					if (more == NULL) {
						free(stack);
						return -1;
					}
					stack = more;
				}
				for (k = 0; k < ndeps; k++)
					stack[n++] = deps[k];
			}
		}
		if (n == 0)
			break;
		i = stack[--n];
	}
	free(stack);
	return 0;
}

/* choose - which rules run: those with a score, and what they need */
static int
choose(struct rules *r)
{
	unsigned char	*mark;
	int		 set = r->opt.score_set;
	size_t		 i;

	if ((mark = calloc(r->n + 1, 1)) == NULL)
		return -1;
	for (i = 0; i < r->n; i++) {
		struct rule	*rule = &r->v[i];

		default_score(rule);
		rule->lapsed = rule->expires != 0 &&
		    rule->expires <= r->opt.now;
		rule->active = rule->kind != RULES_EMPTY &&
		    rule->kind != RULES_UNSUPPORTED &&
		    rule->score[set] != 0 && !rule->lapsed;
		if (rule->active && (!rule->sub || r->opt.subrules) &&
		    need(r, mark, i) == -1) {
			free(mark);
			return -1;
		}
	}
	for (i = 0; i < r->n; i++)
		r->v[i].active = r->v[i].active && mark[i];
	free(mark);
	return 0;
}

/* keep_words - what must be in a text, for the filters */
static int
keep_words(const struct regex_text *t, struct rule *rule)
{
	struct literal_set	words, squeezed;

	literal_find(t, false, &words);
	/* Only text that people read is written with gaps and dots. */
	squeezed.n = 0;
	if (rule->kind == RULES_BODY)
		literal_find(t, true, &squeezed);
	if (literal_cost(&squeezed) < literal_cost(&words)) {
		rule->squeezed = true;
		words = squeezed;
	}
	if (literal_cost(&words) > WORDS_COST)
		return 0;		/* not worth a look */
	if ((rule->words = malloc(sizeof words)) == NULL)
		return -1;
	*rule->words = words;
	return 0;
}

/* hasten - what the pattern needs, kept for the filters and the match */
static int
hasten(const struct rules *r, const struct regex_text *t, struct rule *rule)
{
	if (keep_words(t, rule) == -1)
		return -1;
	return r->opt.no_prefilter ? 0 : regex_hasten(rule->re, t);
}

/* compile_replaced - a pattern with tags: written out, or, when that is too
 * large, with the tags as subroutines */
static int
compile_replaced(struct loader *l, struct regex_text *t, struct rule *rule,
    struct err *why)
{
	char	*as_is = t->pattern;
	int	 calls, rc = -1;

	(void)err_set(why, "too long once its tags are replaced");
	for (calls = 0; calls < 2 && rc == -1; calls++) {
		t->pattern = replace_apply(l, as_is, calls == 1);
		if (t->pattern != NULL)
			rc = regex_compile(t, &rule->re, why);
		if (rc == 0 && hasten(l->r, t, rule) == -1)
			l->no_memory = true;
		free(t->pattern);
	}
	t->pattern = as_is;
	return rc;
}

/* compile - the pattern of one rule */
static void
compile(struct loader *l, struct rule *rule)
{
	struct regex_text	 t;
	struct err		 why;
	int			 rc;

	if (regex_split(rule->text, &t, &why) == 0) {
		if (rule->replace)
			rc = compile_replaced(l, &t, rule, &why);
		else if ((rc = regex_compile(&t, &rule->re, &why)) == 0 &&
		    hasten(l->r, &t, rule) == -1)
			l->no_memory = true;
		regex_text_free(&t);
		if (rc == 0) {
			rule->shortest = regex_shortest(rule->re);
			return;
		}
	}
	load_fault_at(l, rule, false, "%s: %s", rule->name, why.msg);
	rule->active = false;
}

static bool
has_pattern(const struct rule *rule)
{
	switch (rule->kind) {
	case RULES_HEADER:
		return !rule->exists;
	case RULES_BODY: case RULES_RAWBODY: case RULES_URI:
	case RULES_FULL: case RULES_MIME:
		return true;
	default:
		return false;
	}
}

/* visit - metas after those that they name; false inside a circle */
static bool
visit(struct rules *r, unsigned char *state, size_t i, unsigned depth)
{
	const size_t	*deps;
	size_t		 n, k;
	bool		 ok = true;

	if (state[i] != 0)
		return state[i] == 2;
	if (depth > 1000)
		return false;
	state[i] = 1;
	n = meta_deps(r->v[i].meta, &deps);
	for (k = 0; k < n; k++)
		if (r->v[deps[k]].kind == RULES_META && deps[k] != i)
			ok &= visit(r, state, deps[k], depth + 1);
		else
			ok &= deps[k] != i;
	if (!ok)
		return false;		/* state stays 1: part of a circle */
	state[i] = 2;
	if (r->v[i].active)
		r->order[RULES_META][r->norder[RULES_META]++] = i;
	return true;
}

/* order - lists of what runs, by kind */
static int
order(struct loader *l)
{
	struct rules	*r = l->r;
	unsigned char	*state;
	size_t		 i, k;

	for (k = 0; k < RULES_KINDS; k++)
		if ((r->order[k] = calloc(r->n + 1, sizeof(size_t))) == NULL)
			return -1;
	if ((state = calloc(r->n + 1, 1)) == NULL)
		return -1;
	for (i = 0; i < r->n; i++) {
		struct rule	*rule = &r->v[i];

		if (rule->kind == RULES_META) {
			if (!visit(r, state, i, 0)) {
				load_fault_at(l, rule, false, "%s: depends "
				    "on itself", rule->name);
				rule->active = false;
			}
		} else if (rule->active)
			r->order[rule->kind][r->norder[rule->kind]++] = i;
	}
	free(state);
	return 0;
}

/* dependents - which metas name a rule, as one array with an index */
static int
dependents(struct rules *r)
{
	const size_t	*deps;
	size_t		 i, k, n, total = 0, ndeps;

	r->naming_at = calloc(r->n + 2, sizeof *r->naming_at);
	r->quiet = calloc(r->n + 1, 1);
	if (r->naming_at == NULL || r->quiet == NULL)
		return -1;
	for (n = 0; n < r->norder[RULES_META]; n++) {
		i = r->order[RULES_META][n];
		ndeps = meta_deps(r->v[i].meta, &deps);
		for (k = 0; k < ndeps; k++)
			r->naming_at[deps[k] + 2]++;
		total += ndeps;
	}
	for (i = 2; i < r->n + 2; i++)
		r->naming_at[i] += r->naming_at[i - 1];
	if ((r->naming = calloc(total + 1, sizeof *r->naming)) == NULL ||
	    (r->zero = calloc(r->n + 1, sizeof *r->zero)) == NULL)
		return -1;
	for (n = 0; n < r->norder[RULES_META]; n++) {
		i = r->order[RULES_META][n];
		ndeps = meta_deps(r->v[i].meta, &deps);
		for (k = 0; k < ndeps; k++) {
			r->naming[r->naming_at[deps[k] + 1]++] = (uint32_t)i;
			r->v[i].lapsed |= r->v[deps[k]].lapsed;
		}
		r->quiet[i] = meta_eval(r->v[i].meta, r->zero) == 0;
	}
	return 0;
}

/* relays - the forms of Received, if a rule that runs asks for relays */
static int
relays(struct loader *l)
{
	struct rules	*r = l->r;
	struct err	 why;
	size_t		 i, n;

	for (n = 0; n < r->norder[RULES_HEADER]; n++) {
		i = r->order[RULES_HEADER][n];
		if (r->forms == NULL &&
		    selector_relays(r->selectors[r->v[i].selector]) &&
		    (r->forms = received_forms_new(&why)) == NULL)
			return -1;
	}
	return 0;
}

/* complete - what a strict folder wants of each of its rules */
static void
complete(struct loader *l, const struct rule *rule)
{
	const struct example	*x;
	bool			 ok = false;

	if (rule->kind == RULES_EMPTY) {
		load_fault_at(l, rule, true, "%s: no such rule is defined",
		    rule->name);
		return;
	}
	if (rule->sub)
		return;
	if (*rule->describe == '\0')
		load_fault_at(l, rule, true, "%s: has no description "
		    "(describe %s ...)", rule->name, rule->name);
	for (x = rule->examples; x != NULL; x = x->next)
		ok |= x->ok;
	if (!ok)
		load_fault_at(l, rule, true, "%s: has no example that hits "
		    "(ok %s ...)", rule->name, rule->name);
}

int
rules_finish(struct loader *l)
{
	struct rules	*r = l->r;
	size_t		 i;

	if (bind_metas(l) == -1 || choose(r) == -1)
		return -1;
	for (i = 0; i < r->n; i++) {
		if (r->v[i].active && has_pattern(&r->v[i]))
			compile(l, &r->v[i]);
		if (r->v[i].strict)
			complete(l, &r->v[i]);
	}
	if (order(l) == -1 || dependents(r) == -1 || relays(l) == -1 ||
	    filter_build(r) == -1)
		return -1;
	/* Even when something is wrong already: all faults at once. */
	return examples_run(l);
}

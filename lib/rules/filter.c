/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter.c - see rule.h: which rules are worth trying on a text
 *
 * Of each pattern literal.c knows words of which one must be there; one pass
 * of prefilter.c over a text finds the rules whose words are in it. Patterns
 * without such words are tried on every text, and so are those for which a
 * text without them may be a hit: negated, or with an [if-unset: ...].
 */
#include "rules/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define FEW	6	/* rules of a kind, not worth a pass of their own */

/* add_words - a rule's words; 0 when it has none that help */
static int
add_words(struct filter *f, const struct rule *rule, uint32_t i)
{
	struct prefilter **w = &f->words[rule->squeezed];
	const char	*p;
	size_t		 k, len;
	int		 rc = 0;

	if (rule->phrase == NULL && (rule->words == NULL || rule->negated ||
	    rule->unset != NULL))
		return 0;
	if (*w == NULL && (*w = prefilter_new()) == NULL)
		return -1;
	if (rule->phrase != NULL) {
		for (k = 0; rc == 0 && (p = phrase_text(rule->phrase, k,
		    &len)) != NULL; k++)
			rc = prefilter_add(*w, p, len, i);
		return rc == 0 ? 1 : -1;
	}
	for (k = 0; k < rule->words->n && rc == 0; k++)
		rc = prefilter_add(*w, rule->words->v[k].s,
		    rule->words->v[k].len, i);
	return rc == 0 ? 1 : -1;
}

/* build - the filter of some rules that look at the same text */
static int
build(struct rules *r, struct filter *f, const size_t *v, size_t nv)
{
	bool	few = nv <= FEW;
	size_t	n;
	int	rc;

	if ((f->always = calloc(nv + 1, sizeof *f->always)) == NULL)
		return -1;
	f->used = nv > 0;
	for (n = 0; n < nv; n++) {
		rc = r->opt.no_prefilter || few ? 0 : add_words(f,
		    &r->v[v[n]], (uint32_t)v[n]);
		if (rc == -1)
			return -1;
		if (rc == 0)
			f->always[f->nalways++] = (uint32_t)v[n];
	}
	for (n = 0; n < 2; n++) {
		if (f->words[n] == NULL)
			continue;
		if (prefilter_build(f->words[n]) == -1)
			return -1;
		if (prefilter_words(f->words[n]) > r->most_words[n])
			r->most_words[n] = prefilter_words(f->words[n]);
	}
	return 0;
}

static int
by_selector(const void *a, const void *b, void *arg)
{
	const struct rules	*r = arg;
	size_t			 x = *(const size_t *)a;
	size_t			 y = *(const size_t *)b;
	size_t			 sx = r->v[x].selector, sy = r->v[y].selector;

	if (sx != sy)
		return sx < sy ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* headers - header rules, a filter for each text that they look at */
static int
headers(struct rules *r)
{
	size_t	*v = r->order[RULES_HEADER], n = r->norder[RULES_HEADER];
	size_t	 from, to, s;

	r->of_selector = calloc(r->nselectors + 1, sizeof *r->of_selector);
	if (r->of_selector == NULL)
		return -1;
	qsort_r(v, n, sizeof *v, by_selector, r);
	for (from = 0; from < n; from = to) {
		s = r->v[v[from]].selector;
		for (to = from + 1; to < n && r->v[v[to]].selector == s; to++)
			;
		if (build(r, &r->of_selector[s], v + from, to - from) == -1)
			return -1;
	}
	return 0;
}

int
filter_build(struct rules *r)
{
	static const enum rules_kind	kinds[] = {
		RULES_BODY, RULES_RAWBODY, RULES_URI,
		RULES_FULL, RULES_PHRASE
	};
	size_t				i;

	for (i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (build(r, &r->filter[kinds[i]], r->order[kinds[i]],
		    r->norder[kinds[i]]) == -1)
			return -1;
	if (headers(r) == -1)
		return -1;
	for (i = 0; i < r->n; i++) {
		free(r->v[i].words);
		r->v[i].words = NULL;
	}
	return 0;
}

static void
free_one(struct filter *f)
{
	prefilter_free(&f->words[0]);
	prefilter_free(&f->words[1]);
	free(f->always);
}

void
filter_free(struct rules *r)
{
	size_t	i;

	for (i = 0; i < RULES_KINDS; i++)
		free_one(&r->filter[i]);
	for (i = 0; r->of_selector != NULL && i < r->nselectors; i++)
		free_one(&r->of_selector[i]);
	free(r->of_selector);
	for (i = 0; i < r->n; i++)
		free(r->v[i].words);
}

static size_t
octets(const struct filter *f)
{
	return (f->words[0] != NULL ? prefilter_octets(f->words[0]) : 0) +
	    (f->words[1] != NULL ? prefilter_octets(f->words[1]) : 0);
}

size_t
filter_octets(const struct rules *r)
{
	size_t	i, n = 0;

	for (i = 0; i < RULES_KINDS; i++)
		n += octets(&r->filter[i]);
	for (i = 0; i < r->nselectors; i++)
		n += octets(&r->of_selector[i]);
	return n;
}

/* fold - the text into the scratch. False without memory. */
static bool
fold(struct scratch *s, const char *p, size_t n)
{
	char	*more;

	if (n + PREFILTER_PAD > s->folded_cap) {
		if ((more = realloc(s->folded, n + PREFILTER_PAD)) == NULL)
			return false;
		s->folded = more;
		s->folded_cap = n + PREFILTER_PAD;
	}
	literal_fold_text(p, n, s->folded);
	memset(s->folded + n, 0, PREFILTER_PAD);
	return true;
}

size_t
filter_scan(const struct filter *f, struct scratch *s, const char *p,
    size_t n)
{
	size_t	found = 0;

	if (++s->now == 0)		/* never: 4 billion texts a scratch */
		s->now = 1;
	if (n == 0 || (f->words[0] == NULL && f->words[1] == NULL))
		return 0;
	if (!fold(s, p, n))
		return FILTER_FAILED;
	if (f->words[0] != NULL)
		found = prefilter_scan(f->words[0], s->folded, n, s->stamp,
		    s->seen[0], s->now, s->found_words);
	if (f->words[1] != NULL) {
		n = literal_squeeze(s->folded, n, s->folded);
		found += prefilter_scan(f->words[1], s->folded, n, s->stamp,
		    s->seen[1], s->now, s->found_words + found);
	}
	return found;
}

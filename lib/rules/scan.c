/* SPDX-License-Identifier: BSD-2-Clause */
/* scan.c - see rules.h: one message against one set */
#include "rules/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mail/fold.h"
#include "base/banned.h"

#define HEADER_MAX	(1u << 20)	/* of one header text */
#define FOLDED_MAX	(256u << 10)	/* of one piece of text, folded */
#define CLOCK_EVERY	16	/* rules between two looks at the clock */

struct scan {
	const struct rules		*r;
	struct view			*v;
	const struct rules_scan_options	*opt;
	struct scratch			*s;
	struct selector_env		 env;
	int64_t				 began;
	time_t				 today;
	size_t				 since_clock;
	size_t				 over_budget, over_limit;
	bool				 stop, no_memory;
};

/* looks - does the rule look at mail of this stream, and still today? */
static bool
looks(const struct scan *sc, const struct rule *rule)
{
	size_t	i;

	if (rule->expires != 0 && rule->expires <= sc->today)
		return false;
	if (rule->streams == NULL || sc->opt->stream == NULL)
		return true;
	for (i = 0; rule->streams[i] != NULL; i++)
		if (strcmp(rule->streams[i], sc->opt->stream) == 0)
			return true;
	return false;
}

/* go_on - is there time for this rule? */
static bool
go_on(struct scan *sc, size_t i)
{
	if (sc->stop)
		return false;
	if (sc->opt->budget_us > 0 && ++sc->since_clock >= CLOCK_EVERY) {
		sc->since_clock = 0;
		if (clock_mono_us() - sc->began > sc->opt->budget_us) {
			sc->over_budget = i;
			sc->stop = true;
			return false;
		}
	}
	return looks(sc, &sc->r->v[i]);
}

/* touch - the metas that name this rule may now have a value */
static void
touch(const struct scan *sc, size_t i)
{
	const struct rules	*r = sc->r;
	size_t			 k;

	for (k = r->naming_at[i]; k < r->naming_at[i + 1]; k++)
		sc->s->touched[r->naming[k]] = 1;
}

/* hit - count one; the first one's place is kept */
static void
hit(struct scan *sc, size_t i, size_t piece, const char *p, size_t at,
    size_t end)
{
	struct found	*f;

	if (sc->s->count[i]++ > 0)
		return;
	touch(sc, i);
	if (!sc->opt->explain)
		return;
	if (sc->s->found == NULL && (sc->s->found = calloc(sc->r->n + 1,
	    sizeof *sc->s->found)) == NULL) {
		sc->no_memory = true;
		return;
	}
	f = &sc->s->found[i];
	f->piece = piece;
	f->at = at;
	f->len = end - at < EXCERPT ? end - at : EXCERPT;
	if (p != NULL)
		memcpy(f->text, p + at, f->len);
	f->text[f->len] = '\0';
}

static uint64_t
now_ns(void)
{
	struct timespec	t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* match_piece - a rule over one piece of text; true when it is done */
static bool
match_piece(struct scan *sc, size_t i, size_t piece, const char *p, size_t n)
{
	const struct rule	*rule = &sc->r->v[i];
	size_t			 from = 0, at, end;
	int			 rc;

	while (from <= n) {
		rc = regex_match(rule->re, sc->s->re, p, n, from, &at, &end);
		if (rc == REGEX_LIMIT) {
			atomic_fetch_add(&sc->r->v[i].limits, 1);
			sc->over_limit = i;
			/* A pattern that is slow once is slow again. */
			sc->since_clock = CLOCK_EVERY;
		}
		if (rc != REGEX_MATCH)
			return false;
		hit(sc, i, piece, p, at, end);
		if (!rule->multiple || (rule->maxhits > 0 &&
		    sc->s->count[i] >= (double)rule->maxhits))
			return true;
		from = end > at ? end : end + 1;
	}
	return false;
}

/* in_piece - the same, and how long it took if somebody wants to know */
static bool
in_piece(struct scan *sc, size_t i, size_t piece, const char *p, size_t n)
{
	struct rule	*rule = &sc->r->v[i];
	uint64_t	 began;
	bool		 rc;

	if (!sc->opt->profile)
		return match_piece(sc, i, piece, p, n);
	began = now_ns();
	rc = match_piece(sc, i, piece, p, n);
	atomic_fetch_add(&rule->ns, now_ns() - began);
	atomic_fetch_add(&rule->tried, 1);
	return rc;
}

/* done - nothing more can come of this rule */
static bool
done(const struct scan *sc, size_t i)
{
	const struct rule	*rule = &sc->r->v[i];
	double			 n = sc->s->count[i];

	return n > 0 && (!rule->multiple || (rule->maxhits > 0 &&
	    n >= (double)rule->maxhits));
}

/* try_list - rules of a list on one piece of text */
static void
try_list(struct scan *sc, const uint32_t *v, size_t n, size_t piece,
    const struct view_text *t)
{
	size_t	k;

	for (k = 0; k < n; k++)
		if (t->n >= sc->r->v[v[k]].shortest && !done(sc, v[k]) &&
		    go_on(sc, v[k]) &&
		    !(sc->r->v[v[k]].nosubject && piece == 0))
			(void)in_piece(sc, v[k], piece, t->p, t->n);
}

/* pieces - rules of one kind over a list of texts */
static void
pieces(struct scan *sc, enum rules_kind kind, const struct view_texts *t)
{
	const struct filter	*f = &sc->r->filter[kind];
	size_t			 k, n;

	for (k = 0; k < t->n && !sc->stop; k++) {
		n = filter_scan(f, sc->s, t->v[k].p, t->v[k].n);
		if (n == FILTER_FAILED) {
			sc->no_memory = sc->stop = true;
			return;
		}
		try_list(sc, sc->s->found_words, n, k, &t->v[k]);
		try_list(sc, f->always, f->nalways, k, &t->v[k]);
	}
}

/* seltext - the text of a selector, got once; NULL without memory */
static struct seltext *
seltext(struct scan *sc, size_t selector)
{
	struct seltext	*t = &sc->s->sel[selector];

	if (!t->got && (selector_get(sc->r->selectors[selector], &sc->env,
	    &t->buf, &t->found) == -1 || t->buf.starved)) {
		sc->no_memory = true;
		sc->stop = true;
		return NULL;
	}
	t->got = true;
	return t;
}

/* header - one header rule on the text of its selector */
static void
header(struct scan *sc, size_t i, const struct seltext *t)
{
	const struct rule	*rule = &sc->r->v[i];
	const char		*p = buf_str(&t->buf);
	size_t			 n = t->buf.len;

	if (rule->exists) {
		if (t->found)
			hit(sc, i, 0, NULL, 0, 0);
		return;
	}
	if (!t->found && rule->unset != NULL) {
		p = rule->unset;
		n = strlen(p);
	}
	if (!rule->negated)
		(void)in_piece(sc, i, 0, p, n);
	else if (regex_match(rule->re, sc->s->re, p, n, 0, NULL, NULL) ==
	    REGEX_NOMATCH)
		hit(sc, i, 0, NULL, 0, 0);
}

/* headers - header rules, text by text */
static void
headers(struct scan *sc)
{
	const struct rules	*r = sc->r;
	const struct filter	*f;
	const struct seltext	*t;
	size_t			 s, k, n;
	uint32_t		 i;

	for (s = 0; s < r->nselectors && !sc->stop; s++) {
		f = &r->of_selector[s];
		if (!f->used || (t = seltext(sc, s)) == NULL)
			continue;
		n = filter_scan(f, sc->s, buf_str(&t->buf), t->buf.len);
		if (n == FILTER_FAILED) {
			sc->no_memory = sc->stop = true;
			return;
		}
		for (k = 0; k < n + f->nalways; k++) {
			i = k < n ? sc->s->found_words[k] : f->always[k - n];
			if (go_on(sc, i))
				header(sc, i, t);
		}
	}
}

/* mime - one rule over the headers of the parts */
static void
mime(struct scan *sc, size_t i)
{
	const struct rule	*rule = &sc->r->v[i];
	const struct selector	*sel = sc->r->selectors[rule->selector];
	struct buf		 t = BUF_INIT(HEADER_MAX);
	size_t			 k, n = view_part_count(sc->v);
	bool			 found, matched = false;

	for (k = 0; k < n && !sc->no_memory; k++) {
		if (rule->range_max > 0 && k + 1 > rule->range_max)
			break;
		if (k + 1 < rule->range_min)
			continue;
		if (!rule->concat)
			buf_reset(&t);
		if (selector_get_part(sel, sc->v, k, &t, &found) == -1)
			sc->no_memory = true;
		if (!found && rule->unset != NULL)
			(void)buf_adds(&t, rule->unset);
		if (rule->concat)
			continue;
		if (rule->negated)
			matched |= regex_match(rule->re, sc->s->re,
			    buf_str(&t), t.len, 0, NULL, NULL) ==
			    REGEX_MATCH;
		else if (in_piece(sc, i, k, buf_str(&t), t.len) ||
		    sc->s->count[i] > 0)
			break;
	}
	if (rule->concat) {
		if (rule->negated)
			matched = regex_match(rule->re, sc->s->re,
			    buf_str(&t), t.len, 0, NULL, NULL) ==
			    REGEX_MATCH;
		else
			(void)in_piece(sc, i, 0, buf_str(&t), t.len);
	}
	if (rule->negated && !matched)
		hit(sc, i, 0, NULL, 0, 0);
	buf_free(&t);
}

/* phrase - one phrase rule in one piece of folded text */
static void
phrase(struct scan *sc, size_t i, size_t piece, const char *p, size_t n)
{
	size_t	from, at, end;

	for (from = 0; phrase_match(sc->r->v[i].phrase, p, n, from, &at,
	    &end); from = end) {
		hit(sc, i, piece, p, at, end);
		if (done(sc, i))
			break;
	}
}

/* phrases - those whose words are in a piece of folded text */
static void
phrases(struct scan *sc, size_t piece, const char *p, size_t n)
{
	const struct filter	*f = &sc->r->filter[RULES_PHRASE];
	size_t			 k, found = filter_scan(f, sc->s, p, n);
	uint32_t		 i;

	for (k = 0; k < found + f->nalways; k++) {
		i = k < found ? sc->s->found_words[k] : f->always[k - found];
		if (!done(sc, i) && go_on(sc, i) &&
		    !(sc->r->v[i].nosubject && piece == 0))
			phrase(sc, i, piece, p, n);
	}
}

/* folded - the body, folded piece by piece */
static int
folded(struct scan *sc, const struct view_texts *t)
{
	struct buf	b = BUF_INIT(FOLDED_MAX);
	size_t		k;
	int		rc = 0;

	for (k = 0; k < t->n && rc == 0 && !sc->stop; k++) {
		buf_reset(&b);
		if ((rc = fold_text(t->v[k].p, t->v[k].n, &b)) == 0)
			phrases(sc, k, buf_str(&b), b.len);
	}
	buf_free(&b);
	return rc;
}

/* metas - in an order in which what they name is known */
static void
metas(struct scan *sc)
{
	const struct rules	*r = sc->r;
	double			 v;
	size_t			 n, i;

	for (n = 0; n < r->norder[RULES_META]; n++) {
		i = r->order[RULES_META][n];
		if ((r->quiet[i] && !sc->s->touched[i]) ||
		    !looks(sc, &r->v[i]))
			continue;
		v = meta_eval(r->v[i].meta, sc->s->count);
		if (v != 0) {
			sc->s->count[i] = v > 0 ? v : 1;
			touch(sc, i);
		}
	}
}

/* run - everything, in the order of what it costs to build the texts */
static int
run(struct scan *sc)
{
	const struct rules	*r = sc->r;
	struct view_texts	 t;
	struct view_text	 full;
	struct world		 world = { r, sc->s->re };
	struct uri_world	 links;
	size_t			 n;

	headers(sc);
	for (n = 0; n < r->norder[RULES_MIME]; n++)
		if (go_on(sc, r->order[RULES_MIME][n]))
			mime(sc, r->order[RULES_MIME][n]);
	if (!sc->stop && r->norder[RULES_BODY] + r->norder[RULES_PHRASE] >
	    0) {
		if (view_body(sc->v, &t) == -1)
			return -1;
		pieces(sc, RULES_BODY, &t);
		if (r->norder[RULES_PHRASE] > 0 && folded(sc, &t) == -1)
			return -1;
	}
	if (!sc->stop && r->norder[RULES_URI] > 0) {
		rules_world(&world, &links);
		if (view_uris(sc->v, &links, &t) == -1)
			return -1;
		pieces(sc, RULES_URI, &t);
	}
	if (!sc->stop && r->norder[RULES_RAWBODY] > 0) {
		if (view_rawbody(sc->v, &t) == -1)
			return -1;
		pieces(sc, RULES_RAWBODY, &t);
	}
	if (!sc->stop && r->norder[RULES_FULL] > 0) {
		full = view_full(sc->v);
		t.v = &full;
		t.n = 1;
		pieces(sc, RULES_FULL, &t);
	}
	metas(sc);
	return sc->no_memory ? -1 : 0;
}

/* where - the name of the text that a rule looks at */
static const char *
where(const struct rules *r, const struct rule *rule)
{
	switch (rule->kind) {
	case RULES_HEADER:	return selector_spec(
				    r->selectors[rule->selector]);
	case RULES_BODY:	return "body";
	case RULES_PHRASE:	return "phrase";
	case RULES_RAWBODY:	return "rawbody";
	case RULES_URI:		return "uri";
	case RULES_FULL:	return "full";
	case RULES_MIME:	return "mimeheader";
	case RULES_META:	return "meta";
	default:		return "";
	}
}

/* The result is one block: itself, its hits, their texts. */
struct result {
	struct rules_result	pub;
	struct rules_hit	hits[];
};

/* report - what hit, as one block of memory */
static int
report(const struct scan *sc, struct rules_result **out)
{
	const struct rules	*r = sc->r;
	struct result		*res;
	size_t			 i, n = 0, k = 0, text = 0;
	char			*pool;

	for (i = 0; i < r->n; i++)
		if (sc->s->count[i] > 0 && (!r->v[i].sub ||
		    sc->opt->subrules)) {
			n++;
			text += sc->s->found != NULL && sc->opt->explain ?
			    sc->s->found[i].len + 1 : 0;
		}
	res = calloc(1, sizeof *res + n * sizeof res->hits[0] + text);
	if (res == NULL)
		return -1;
	pool = (char *)&res->hits[n];
	for (i = 0; i < r->n; i++) {
		struct rule		*rule = &r->v[i];
		struct rules_hit	*h = &res->hits[k];

		if (sc->s->count[i] <= 0)
			continue;
		atomic_fetch_add(&rule->hits, 1);
		if (rule->sub && !sc->opt->subrules)
			continue;
		h->rule = i;
		h->count = sc->s->count[i];
		h->where = where(r, rule);
		h->text = "";
		if (!rule->sub)
			h->score = rule->score[r->opt.score_set] *
			    (rule->kind == RULES_META ? 1 : h->count);
		if (sc->s->found != NULL && sc->opt->explain) {
			const struct found	*f = &sc->s->found[i];

			h->piece = f->piece;
			h->at = f->at;
			memcpy(pool, f->text, f->len);
			h->text = pool;
			pool += f->len + 1;
		}
		res->pub.score += h->score;
		k++;
	}
	res->pub.v = res->hits;
	res->pub.n = k;
	res->pub.over_budget = sc->over_budget;
	res->pub.over_limit = sc->over_limit;
	res->pub.us = clock_mono_us() - sc->began;
	res->pub.truncated = view_truncated(sc->v);
	*out = &res->pub;
	return 0;
}

int
rules_scan(const struct rules *r, struct view *v,
    const struct rules_scan_options *opt, struct rules_result **out,
    struct err *e)
{
	/* The pool, its lock and the counters are all that changes. */
	struct rules	*set = (struct rules *)(uintptr_t)r;
	struct scan	 sc = {
		.r = r, .v = v, .opt = opt, .began = clock_mono_us(),
		.today = clock_now(),
		.over_budget = RULES_NONE, .over_limit = RULES_NONE,
	};
	int		 rc;

	*out = NULL;
	if ((sc.s = scratch_get(set)) == NULL)
		return err_set(e, "no memory for a scan");
	sc.env.v = v;
	sc.env.forms = r->forms;
	sc.env.origin = r->origin;
	sc.env.re = sc.s->re;
	rc = run(&sc);
	relays_free(&sc.env.relays);
	if (rc == 0)
		rc = report(&sc, out);
	if (sc.s->found != NULL)
		memset(sc.s->found, 0, r->n * sizeof *sc.s->found);
	scratch_put(set, sc.s);
	return rc == 0 ? 0 : err_set(e, "no memory for a scan");
}

void
rules_result_free(struct rules_result **res)
{
	if (res == NULL)
		return;
	free(*res);
	*res = NULL;
}

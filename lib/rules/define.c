/* SPDX-License-Identifier: BSD-2-Clause */
/* define.c - see load_int.h: what each word of the language means */
#include "rules/load_int.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SCORE_MAX	10000.0

/* first_word - cut it off; the rest without the blanks between */
static char *
first_word(char *s)
{
	s += strcspn(s, " \t");
	if (*s != '\0')
		*s++ = '\0';
	return s + strspn(s, " \t");
}

static const char *
keep(struct loader *l, const char *s)
{
	const char	*copy = rules_dup(l->r, s, strlen(s));

	if (copy == NULL)
		l->no_memory = true;
	return copy != NULL ? copy : "";
}

/* begin - a rule gets a (new) definition: what the old one said of its kind
 * is gone, its score and description stay */
static struct rule *
begin(struct loader *l, const char *name, enum rules_kind kind,
    const char *text)
{
	struct rule	*rule = load_rule(l, name, strlen(name));

	if (rule == NULL)
		return NULL;
	if (*text == '\0') {
		load_fault(l, false, "%s: nothing behind the name", name);
		return NULL;
	}
	if (rule->kind != RULES_EMPTY && l->src->strict) {
		load_fault(l, true, "%s: defined before, in %.100s:%u", name,
		    rule->file, rule->line);
		return NULL;
	}
	if (rule->source != l->isrc && load_limited(&l->srcs[rule->source]))
		load_fault_at(l, rule, true, "%s: belongs to %.100s:%u, and "
		    "may not be changed from here (see the [rules] section)",
		    name, l->file, l->line);
	regex_free(&rule->re);
	meta_free(&rule->meta);
	phrase_free(&rule->phrase);
	rule->kind = kind;
	rule->text = keep(l, text);
	rule->file = l->file;
	rule->line = l->line;
	rule->source = l->isrc;
	rule->strict = l->src->strict;
	rule->negated = rule->exists = false;
	rule->unset = NULL;
	if (extend_streams(l, rule) == -1)
		l->no_memory = true;
	return rule;
}

/* d_phrase - each line of a name adds one more way to say it */
static void
d_phrase(struct loader *l, char *value)
{
	char		*text = first_word(value);
	struct rule	*rule = load_rule(l, value, strlen(value));
	struct err	 why;

	if (rule != NULL && rule->kind != RULES_PHRASE)
		rule = begin(l, value, RULES_PHRASE, text);
	if (rule != NULL && phrase_add(&rule->phrase, text, &why) == -1)
		load_fault(l, true, "%s: %s", value, why.msg);
}

/* take_eval - `eval:check_something(...)` and the network tests are known,
 * but not run; false when it is neither */
static bool
take_eval(struct loader *l, const char *name, const char *text)
{
	if (strncmp(text, "eval:", 5) != 0 &&
	    strncmp(text, "rbleval:", 8) != 0)
		return false;
	if (begin(l, name, RULES_UNSUPPORTED, text) != NULL && l->src->strict)
		load_fault(l, true, "%s: eval tests are not supported", name);
	return true;
}

/* pattern - body, rawbody, uri, full */
static void
pattern(struct loader *l, char *value, enum rules_kind kind)
{
	char		*text = first_word(value);
	struct regex_text t;
	struct err	 why;

	if (take_eval(l, value, text))
		return;
	if (*text != '\0' && regex_split(text, &t, &why) == -1) {
		load_fault(l, false, "%s: %s", value, why.msg);
		return;
	}
	if (*text != '\0')
		regex_text_free(&t);
	(void)begin(l, value, kind, text);
}

/* selector - the index of that header text in the set, shared by rules */
static size_t
selector(struct loader *l, const char *spec, bool mime, const char *name)
{
	struct rules	 *r = l->r;
	struct selector	**more, *s;
	struct err	  why;
	size_t		  i;
	char		  key[256];

	(void)snprintf(key, sizeof key, "%s", spec);
	for (i = strlen(key); i > 0 && key[i - 1] == ':'; i--)
		key[i - 1] = '\0';
	for (i = 0; !mime && i < r->nselectors; i++)
		if (strcmp(selector_spec(r->selectors[i]), key) == 0)
			return i;
	if (selector_parse(key, mime, &s, &why) == -1) {
		load_fault(l, false, "%s: %s", name, why.msg);
		return RULES_NONE;
	}
	more = realloc(r->selectors, (r->nselectors + 1) * sizeof *more);
	if (more == NULL) {
		selector_free(&s);
		l->no_memory = true;
		return RULES_NONE;
	}
	r->selectors = more;
	r->selectors[r->nselectors] = s;
	return r->nselectors++;
}

/* if_unset - cut "[if-unset: TEXT]" off a pattern; TEXT, or NULL */
static char *
if_unset(char *text)
{
	size_t	 n = strlen(text);
	char	*p;

	if (n == 0 || text[n - 1] != ']' ||
	    (p = strstr(text, "[if-unset:")) == NULL || p == text ||
	    !isspace((unsigned char)p[-1]))
		return NULL;
	text[n - 1] = '\0';
	p[-1] = '\0';
	for (n = strlen(text); n > 0 && isspace((unsigned char)text[n - 1]);)
		text[--n] = '\0';
	p += strlen("[if-unset:");
	return p + strspn(p, " \t");
}

/* test - "NAME =~ /x/" of header and mimeheader */
static void
test(struct loader *l, char *name, char *text, bool mime)
{
	struct regex_text t;
	struct rule	 *rule;
	struct err	  why;
	char		 *op, *pat, *unset;
	size_t		  sel, n;
	bool		  negated;

	if ((op = strstr(text, "=~")) == NULL ||
	    ((pat = strstr(text, "!~")) != NULL && pat < op))
		op = strstr(text, "!~");
	if (op == NULL || op == text) {
		load_fault(l, false, "%s: want HEADER =~ /pattern/", name);
		return;
	}
	negated = *op == '!';
	pat = op + 2 + strspn(op + 2, " \t");
	for (n = (size_t)(op - text); n > 0 &&
	    isspace((unsigned char)text[n - 1]); n--)
		;
	text[n] = '\0';
	unset = if_unset(pat);
	if (regex_split(pat, &t, &why) == -1) {
		load_fault(l, false, "%s: %s", name, why.msg);
		return;
	}
	regex_text_free(&t);
	if ((sel = selector(l, text, mime, name)) == RULES_NONE)
		return;
	rule = begin(l, name, mime ? RULES_MIME : RULES_HEADER, pat);
	if (rule == NULL)
		return;
	rule->selector = sel;
	rule->negated = negated;
	rule->unset = unset == NULL ? NULL : keep(l, unset);
}

static void
d_header(struct loader *l, char *value)
{
	char		*text = first_word(value), *head;
	struct rule	*rule;
	size_t		 sel;

	if (take_eval(l, value, text))
		return;
	if (strncmp(text, "exists:", 7) == 0) {
		head = text + 7;
		if ((sel = selector(l, head, false, value)) == RULES_NONE ||
		    (rule = begin(l, value, RULES_HEADER, text)) == NULL)
			return;
		rule->selector = sel;
		rule->exists = true;
	} else
		test(l, value, text, false);
}

static void
d_mimeheader(struct loader *l, char *value)
{
	char	*text = first_word(value);

	if (l->r->opt.plugins)
		test(l, value, text, true);
	else
		load_fault(l, false, "%s: mimeheader is not asked for",
		    value);
}

static void
d_body(struct loader *l, char *value)
{
	pattern(l, value, RULES_BODY);
}

static void
d_rawbody(struct loader *l, char *value)
{
	pattern(l, value, RULES_RAWBODY);
}

static void
d_uri(struct loader *l, char *value)
{
	pattern(l, value, RULES_URI);
}

static void
d_full(struct loader *l, char *value)
{
	pattern(l, value, RULES_FULL);
}

static void
d_meta(struct loader *l, char *value)
{
	char		*text = first_word(value);
	struct meta	*m;
	struct rule	*rule;
	struct err	 why;

	if (meta_parse(text, &m, &why) == -1) {
		load_fault(l, false, "%s: %s", value, why.msg);
		return;
	}
	if ((rule = begin(l, value, RULES_META, text)) == NULL)
		meta_free(&m);
	else
		rule->meta = m;
}

/* number - a score; false when it is none */
static bool
number(const char *s, double *v)
{
	char	*end;

	errno = 0;
	*v = strtod(s, &end);
	return end != s && *end == '\0' && errno == 0 && isfinite(*v) &&
	    fabs(*v) <= SCORE_MAX;
}

static void
d_score(struct loader *l, char *value)
{
	char		*p = first_word(value), *next;
	struct rule	*rule;
	double		 v[4];
	bool		 relative[4];
	size_t		 n, i;

	for (n = 0; *p != '\0' && n < 4; p = next, n++) {
		next = first_word(p);
		relative[n] = *p == '(';
		if (relative[n] && p[strlen(p) - 1] == ')') {
			p[strlen(p) - 1] = '\0';
			p++;
		}
		if (!number(p, &v[n]))
			goto bad;
	}
	if (*p != '\0' || (n != 1 && n != 4))
		goto bad;
	if ((rule = load_rule(l, value, strlen(value))) == NULL)
		return;
	for (i = 0; i < 4; i++) {
		double	was = rule->scored ? rule->score[i] : 1;
		size_t	k = n == 1 ? 0 : i;

		rule->score[i] = relative[k] ? was + v[k] : v[k];
	}
	rule->scored = true;
	return;
bad:
	load_fault(l, false, "score: %.60s: want one number or four, within "
	    "+-%.0f", value, SCORE_MAX);
}

static void
d_describe(struct loader *l, char *value)
{
	char		*text = first_word(value);
	struct rule	*rule = load_rule(l, value, strlen(value));

	if (rule != NULL)
		rule->describe = keep(l, text);
}

/* flag - one word of tflags; unknown ones say nothing here */
static void
flag(struct rule *rule, const char *w)
{
	unsigned long	min = 0, max = 0;
	const char	*p;
	char		*end;

	if (strcmp(w, "multiple") == 0)
		rule->multiple = true;
	else if (strcmp(w, "nosubject") == 0)
		rule->nosubject = true;
	else if (strcmp(w, "concat") == 0)
		rule->concat = true;
	else if (strncmp(w, "maxhits=", 8) == 0)
		rule->maxhits = strtoul(w + 8, NULL, 10);
	else if (strncmp(w, "range=", 6) == 0) {
		p = w + 6;
		min = strtoul(p, &end, 10);
		if (*end == '-')
			max = strtoul(end + 1, NULL, 10);
		else
			max = min;
		rule->range_min = min;
		rule->range_max = max;
	}
}

static void
d_tflags(struct loader *l, char *value)
{
	char		*p = first_word(value), *next;
	struct rule	*rule = load_rule(l, value, strlen(value));

	if (rule == NULL)
		return;
	rule->tflags = keep(l, p);
	rule->multiple = rule->nosubject = rule->concat = false;
	rule->maxhits = rule->range_min = rule->range_max = 0;
	for (; *p != '\0'; p = next) {
		next = first_word(p);
		flag(rule, p);
	}
}

static void
d_tld(struct loader *l, char *value)
{
	char		*next;
	const char	*t;

	for (; *value != '\0'; value = next) {
		next = first_word(value);
		if (names_get(&l->r->tlds, value, strlen(value)) !=
		    RULES_NONE)
			continue;
		t = keep(l, value);
		if (names_put(&l->r->tlds, t, 1) == -1)
			l->no_memory = true;
	}
}

static void
d_redirector(struct loader *l, char *value)
{
	struct rules	*r = l->r;
	struct regex	**more, *re;
	struct regex_text t;
	struct err	 why;
	int		 rc;

	if (regex_split(value, &t, &why) == -1) {
		load_fault(l, false, "redirector_pattern: %s", why.msg);
		return;
	}
	rc = regex_compile(&t, &re, &why);
	regex_text_free(&t);
	if (rc == -1) {
		load_fault(l, false, "redirector_pattern: %s", why.msg);
		return;
	}
	more = realloc(r->redirects, (r->nredirects + 1) * sizeof *more);
	if (more == NULL) {
		regex_free(&re);
		l->no_memory = true;
		return;
	}
	r->redirects = more;
	r->redirects[r->nredirects++] = re;
}

/* d_origin - fields that hold the client's address */
static void
d_origin(struct loader *l, char *value)
{
	struct rules	*r = l->r;
	char		*next;

	for (; *value != '\0' && r->norigin + 1 < sizeof r->origin /
	    sizeof r->origin[0]; value = next) {
		next = first_word(value);
		r->origin[r->norigin++] = keep(l, value);
	}
}

/* remember - a name's text for replace_tag and its kin */
static void
remember(struct loader *l, struct names *t, char *value)
{
	char		*text = first_word(value);
	const char	**more;

	if (load_limited(l->src) && names_get(t, value, strlen(value)) !=
	    RULES_NONE) {
		load_fault(l, true, "<%s>: replaced before, and %s may not "
		    "change it (see the [rules] section)", value,
		    l->src->path);
		return;
	}
	more = realloc(l->texts, (l->ntexts + 1) * sizeof *more);
	if (more == NULL) {
		l->no_memory = true;
		return;
	}
	l->texts = more;
	l->texts[l->ntexts] = keep(l, text);
	if (names_put(t, keep(l, value), l->ntexts++) == -1)
		l->no_memory = true;
}

static void
d_tag(struct loader *l, char *value)
{
	remember(l, &l->tags, value);
}

static void
d_pre(struct loader *l, char *value)
{
	remember(l, &l->pre, value);
}

static void
d_post(struct loader *l, char *value)
{
	remember(l, &l->post, value);
}

static void
d_inter(struct loader *l, char *value)
{
	remember(l, &l->inter, value);
}

/* bracket - no other is read around a tag than the usual one */
static void
bracket(struct loader *l, const char *value, const char *usual)
{
	if (strcmp(value, usual) != 0)
		load_fault(l, false, "tags are read between < and > only");
}

static void
d_replace_start(struct loader *l, char *value)
{
	bracket(l, value, "<");
}

static void
d_replace_end(struct loader *l, char *value)
{
	bracket(l, value, ">");
}

static void
d_replace_rules(struct loader *l, char *value)
{
	struct rule	*rule;
	char		*next;

	for (; *value != '\0'; value = next) {
		next = first_word(value);
		if ((rule = load_rule(l, value, strlen(value))) != NULL)
			rule->replace = l->r->opt.plugins;
	}
}

/* d_test - `test NAME ok|fail TEXT`, SpamAssassin's own examples */
static void
d_test(struct loader *l, char *value)
{
	char		 line[4096], *kind = first_word(value), *text;

	text = first_word(kind);
	if (strcmp(kind, "ok") != 0 && strcmp(kind, "fail") != 0) {
		load_fault(l, false, "test: want NAME ok|fail TEXT");
		return;
	}
	if (!l->src->strict)
		return;		/* theirs test patterns alone */
	(void)snprintf(line, sizeof line, "%s %s", value, text);
	(void)extend_line(l, kind, line);
}

/* d_none - settings of parts of SpamAssassin that are not here */
static void
d_none(struct loader *l, char *value)
{
	(void)l;
	(void)value;
}

static const struct {
	const char	*key;
	void		(*fn)(struct loader *, char *);
	bool		 others;	/* changes what rules of others see */
} words[] = {
	{ "header", d_header, false }, { "body", d_body, false },
	{ "rawbody", d_rawbody, false }, { "uri", d_uri, false },
	{ "full", d_full, false }, { "meta", d_meta, false },
	{ "mimeheader", d_mimeheader, false },
	{ "score", d_score, false }, { "describe", d_describe, false },
	{ "tflags", d_tflags, false }, { "priority", d_none, false },
	{ "test", d_test, false }, { "phrase", d_phrase, false },
	{ "replace_tag", d_tag, false }, { "replace_pre", d_pre, false },
	{ "replace_post", d_post, false },
	{ "replace_inter", d_inter, false },
	{ "replace_rules", d_replace_rules, false },
	{ "replace_start", d_replace_start, false },
	{ "replace_end", d_replace_end, false },
	{ "util_rb_tld", d_tld, true },
	{ "redirector_pattern", d_redirector, true },
	{ "originating_ip_headers", d_origin, true },
	{ "require_version", d_none, false }, { "reuse", d_none, false },
};

void
load_line(struct loader *l, const char *key, char *value)
{
	size_t	i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(key, words[i].key) == 0) {
			if (words[i].others && load_limited(l->src))
				load_fault(l, true, "%s: not allowed to %s "
				    "(see the [rules] section)", key,
				    l->src->path);
			else
				words[i].fn(l, value);
			return;
		}
	if (extend_line(l, key, value))
		return;
	if (l->src->strict)
		load_fault(l, true, "%.40s: no such word (doc/RULES)", key);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extend.c - see load_int.h: what SpamAssassin's language lacks
 *
 *	owner NAME who			expires NAME 2027-01-31
 *	stream NAME stream...		action NAME tag|hold|reject|notify ARG
 *	ok NAME text			fail NAME text
 */
#include "rules/load_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/banned.h"

#define ACTS_MAX	16	/* of a rule */
#define STREAMS_MAX	64	/* of a rule */

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

static void
x_owner(struct loader *l, struct rule *rule, char *text)
{
	rule->owner = keep(l, text);
}

int
extend_streams(struct loader *l, struct rule *rule)
{
	const char *const	*may = l->src->streams;
	size_t			 n = 0;

	if (may == NULL || rule->streams != NULL)
		return 0;
	while (may[n] != NULL && n < STREAMS_MAX)
		n++;
	rule->streams = calloc(n + 1, sizeof *rule->streams);
	if (rule->streams == NULL)
		return -1;
	while (n-- > 0)
		if ((rule->streams[n] = keep(l, may[n])) == NULL)
			return -1;
	return 0;
}

static void
x_expires(struct loader *l, struct rule *rule, char *text)
{
	if (clock_parse_iso(text, &rule->expires) == -1)
		load_fault(l, true, "%s: expires: want a date, 2027-01-31",
		    rule->name);
}

static void
x_stream(struct loader *l, struct rule *rule, char *text)
{
	const char *const	*may = l->src->streams;
	size_t			 n = 0, i;
	char			*next;

	free(rule->streams);
	rule->streams = calloc(STREAMS_MAX + 1, sizeof *rule->streams);
	if (rule->streams == NULL) {
		l->no_memory = true;
		return;
	}
	for (; *text != '\0' && n < STREAMS_MAX; text = next) {
		next = first_word(text);
		rule->streams[n++] = keep(l, text);
		for (i = 0; may != NULL && may[i] != NULL &&
		    strcmp(may[i], text) != 0; i++)
			;
		if (may != NULL && may[i] == NULL)
			load_fault(l, true, "%s: stream %s: not one of those "
			    "of %s (see the [rules] section)", rule->name,
			    text, l->src->path);
	}
	if (*text != '\0')
		load_fault(l, true, "%s: more than %d streams", rule->name,
		    STREAMS_MAX);
}

/* label_ok - a tag or notification name goes into a header: one plain word */
static bool
label_ok(const char *s)
{
	size_t	n = strlen(s);

	return n > 0 && n <= 60 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n;
}

/* allowed - may a file of this source do that? Says so if not. */
static void
allowed(struct loader *l, const struct rule *rule, const char *what, bool may)
{
	if (!may)
		load_fault(l, true, "%s: action %s: not allowed to %s (see "
		    "the [rules] section)", rule->name, what,
		    l->src->path);
}

static void
x_action(struct loader *l, struct rule *rule, char *text)
{
	char			*arg = first_word(text);
	struct rules_act	*more, act = { RULES_TAG, "" };

	if (strcmp(text, "tag") == 0) {
		allowed(l, rule, text, l->src->may_tag);
	} else if (strcmp(text, "hold") == 0) {
		act.what = RULES_HOLD;
		allowed(l, rule, text, l->src->may_hold);
	} else if (strcmp(text, "reject") == 0) {
		act.what = RULES_REJECT;
		allowed(l, rule, text, l->src->may_reject);
	} else if (strcmp(text, "notify") == 0) {
		act.what = RULES_NOTIFY;
		allowed(l, rule, text, l->src->may_notify);
	} else {
		load_fault(l, true, "%s: action: want tag LABEL, hold, "
		    "reject TEXT or notify NAME", rule->name);
		return;
	}
	if ((act.what == RULES_TAG || act.what == RULES_NOTIFY) &&
	    !label_ok(arg)) {
		load_fault(l, true, "%s: action %s: want one word of letters, "
		    "digits, _ . -", rule->name, text);
		return;
	}
	if (rule->nacts == ACTS_MAX || (more = realloc(rule->acts,
	    (rule->nacts + 1) * sizeof *more)) == NULL) {
		load_fault(l, true, "%s: too many actions", rule->name);
		return;
	}
	act.arg = keep(l, arg);
	rule->acts = more;
	rule->acts[rule->nacts++] = act;
}

/* example - `ok` and `fail` alike */
static void
example(struct loader *l, struct rule *rule, const char *text, bool ok)
{
	struct example	*x = rules_alloc(l->r, sizeof *x), **end;

	if (x == NULL) {
		l->no_memory = true;
		return;
	}
	x->text = keep(l, text);
	x->ok = ok;
	x->file = l->file;
	x->line = l->line;
	for (end = &rule->examples; *end != NULL; end = &(*end)->next)
		;
	*end = x;
}

static void
x_ok(struct loader *l, struct rule *rule, char *text)
{
	example(l, rule, text, true);
}

static void
x_fail(struct loader *l, struct rule *rule, char *text)
{
	example(l, rule, text, false);
}

bool
extend_line(struct loader *l, const char *key, char *value)
{
	static const struct {
		const char	*key;
		void		(*fn)(struct loader *, struct rule *, char *);
		bool		 empty;		/* may be without text */
	} words[] = {
		{ "owner", x_owner, false }, { "expires", x_expires, false },
		{ "stream", x_stream, false }, { "action", x_action, false },
		{ "ok", x_ok, true }, { "fail", x_fail, true },
	};
	struct rule	*rule;
	char		*text;
	size_t		 i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(key, words[i].key) == 0)
			break;
	if (i == sizeof words / sizeof words[0])
		return false;
	text = first_word(value);
	if (*value == '\0' || (*text == '\0' && !words[i].empty))
		load_fault(l, true, "%s: want a rule's name and a value",
		    key);
	else if ((rule = load_rule(l, value, strlen(value))) != NULL)
		words[i].fn(l, rule, text);
	return true;
}

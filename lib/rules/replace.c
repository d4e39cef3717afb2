/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace.c - see load_int.h: <tag> inside patterns (replace_rules)
 *
 *	replace_tag A [a@4]		<A> in a pattern becomes that
 *	replace_pre, _post, _inter	what stands before, behind, between tags
 *					once the pattern says <pre NAME> ...
 *
 * PCRE2 takes no more than 64 KB of compiled pattern, and letters with all
 * their lookalikes soon are more. Then the tags become subroutines: each text
 * is there once, in a (?(DEFINE)...) at the end, and is called by name.
 */
#include "rules/load_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PATTERN_MAX	(256u << 10)
#define PASSES		6	/* tags inside tags */
#define CALLED_MAX	200	/* different tags of a pattern */

/* One pattern that is being rewritten. */
struct rewrite {
	const struct loader	*l;
	bool			 calls;		/* as subroutines */
	size_t			 called[CALLED_MAX];	/* texts they are */
	size_t			 ncalled;
};

/* text_of - what a name stands for, NULL if nothing */
static const char *
text_of(const struct loader *l, const struct names *t, const char *name,
    size_t n)
{
	size_t	i = names_get(t, name, n);

	return i == RULES_NONE || *l->texts[i] == '\0' ? NULL : l->texts[i];
}

/* directive - cut "<pre NAME>" out of *pattern; what NAME stands for */
static const char *
directive(const struct loader *l, const struct names *t, const char *word,
    char *pattern)
{
	char		 open[16];
	char		*p, *end;
	const char	*text;

	(void)snprintf(open, sizeof open, "<%s ", word);
	if ((p = strstr(pattern, open)) == NULL ||
	    (end = strchr(p, '>')) == NULL)
		return NULL;
	text = text_of(l, t, p + strlen(open),
	    (size_t)(end - p) - strlen(open));
	memmove(p, end + 1, strlen(end + 1) + 1);
	return text;
}

/* tag_end - behind "<...>" at p if it holds neither < nor >; else NULL */
static const char *
tag_end(const char *p)
{
	const char	*q;

	if (*p != '<')
		return NULL;
	q = p + 1 + strcspn(p + 1, "<>");
	return *q == '>' && q > p + 1 ? q + 1 : NULL;
}

/* whole - is the text one group or one set, so that it can be called? */
static bool
whole(const char *t)
{
	const char	*p = t;
	unsigned	 depth = 0;
	bool		 set = false;

	if (*p != '[' && strncmp(p, "(?:", 3) != 0)
		return false;
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
			continue;
		}
		if (set) {
			if (*p == ']' && p[-1] != '[' &&
			    !(p[-1] == '^' && p[-2] == '['))
				set = false;
		} else if (*p == '[')
			set = true;
		else if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		if (!set && depth == 0)
			return p[1] == '\0';
	}
	return false;
}

/* put_tag - what a tag stands for, as text or as a call; true when tags may
 * be inside of what was put */
static bool
put_tag(struct rewrite *w, size_t i, struct buf *out)
{
	const char	*text = w->l->texts[i];
	size_t		 k;

	if (!w->calls || !whole(text) || w->ncalled == CALLED_MAX) {
		(void)buf_adds(out, text);
		return strchr(text, '<') != NULL;
	}
	for (k = 0; k < w->ncalled && w->called[k] != i; k++)
		;
	if (k == w->ncalled)
		w->called[w->ncalled++] = i;
	(void)buf_addf(out, "(?P>T%zu)", i);
	return false;
}

/* pass - every tag once; true when something may be left to replace */
static bool
pass(struct rewrite *w, char *pattern, struct buf *out)
{
	const struct loader *l = w->l;
	const char	*pre = directive(l, &l->pre, "pre", pattern);
	const char	*post = directive(l, &l->post, "post", pattern);
	const char	*inter = directive(l, &l->inter, "inter", pattern);
	const char	*p = pattern, *end;
	size_t		 i;
	bool		 again = false, tag_before = false;

	while (*p != '\0') {
		if ((end = tag_end(p)) == NULL) {
			(void)buf_addc(out, *p++);
			tag_before = false;
			continue;
		}
		/* Between two tags stands nothing: there `inter` goes. */
		if (inter != NULL && (tag_before || p == pattern))
			(void)buf_adds(out, inter);
		i = names_get(&l->tags, p + 1, (size_t)(end - p) - 2);
		if (pre != NULL)
			(void)buf_adds(out, pre);
		if (i != RULES_NONE && *l->texts[i] != '\0')
			again |= put_tag(w, i, out);
		else
			(void)buf_add(out, p, (size_t)(end - p));
		if (post != NULL)
			(void)buf_adds(out, post);
		tag_before = true;
		p = end;
	}
	return again;
}

/* all - every tag in a text, and those inside of what they stand for; malloc'd,
 * NULL without memory or room */
static char *
all(struct rewrite *w, const char *text)
{
	struct buf	 out = BUF_INIT(PATTERN_MAX);
	char		*cur = strdup(text);
	unsigned	 i;
	bool		 again = true;

	for (i = 0; cur != NULL && again && i < PASSES; i++) {
		buf_reset(&out);
		if (buf_add(&out, "", 0) == 0)
			again = pass(w, cur, &out);
		free(cur);
		cur = out.failed ? NULL : strdup(buf_str(&out));
	}
	buf_free(&out);
	return cur;
}

/* define - the texts that are called, and those that they call */
static void
define(struct rewrite *w, struct buf *out)
{
	size_t	 k;
	char	*text;

	(void)buf_adds(out, "(?(DEFINE)");
	for (k = 0; k < w->ncalled; k++) {
		if ((text = all(w, w->l->texts[w->called[k]])) == NULL) {
			out->failed = true;
			return;
		}
		(void)buf_addf(out, "(?<T%zu>%s)", w->called[k], text);
		free(text);
	}
	(void)buf_addc(out, ')');
}

char *
replace_apply(struct loader *l, const char *pattern, bool calls)
{
	struct rewrite	 w = { .l = l, .calls = calls };
	struct buf	 out = BUF_INIT(PATTERN_MAX);
	char		*body = all(&w, pattern);

	if (body != NULL)
		(void)buf_adds(&out, body);
	free(body);
	if (body != NULL && w.ncalled > 0)
		define(&w, &out);
	if (body == NULL || out.failed)
		buf_free(&out);
	return buf_steal(&out);
}

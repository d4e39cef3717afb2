/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replace.c - see load_int.h: <tag> inside patterns (replace_rules)
 *
 *	replace_tag A [a@4]		<A> in a pattern becomes that
 *	replace_pre, _post, _inter	what stands before, behind, between tags
 *					once the pattern says <pre NAME> ...
 */
#include "rules/load_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define PATTERN_MAX	(256u << 10)
#define PASSES		6	/* tags inside tags */

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

/* pass - every tag once; true when something may be left to replace */
static bool
pass(const struct loader *l, char *pattern, struct buf *out)
{
	const char	*pre = directive(l, &l->pre, "pre", pattern);
	const char	*post = directive(l, &l->post, "post", pattern);
	const char	*inter = directive(l, &l->inter, "inter", pattern);
	const char	*p = pattern, *end, *text;
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
		text = text_of(l, &l->tags, p + 1, (size_t)(end - p) - 2);
		if (pre != NULL)
			(void)buf_adds(out, pre);
		if (text != NULL) {
			(void)buf_adds(out, text);
			again |= strchr(text, '<') != NULL;
		} else
			(void)buf_add(out, p, (size_t)(end - p));
		if (post != NULL)
			(void)buf_adds(out, post);
		tag_before = true;
		p = end;
	}
	return again;
}

char *
replace_apply(struct loader *l, const char *pattern)
{
	struct buf	 out = BUF_INIT(PATTERN_MAX);
	char		*cur = strdup(pattern);
	unsigned	 i;
	bool		 again = true;

	for (i = 0; cur != NULL && again && i < PASSES; i++) {
		again = pass(l, cur, &out);
		free(cur);
		if (out.data == NULL)
			(void)buf_add(&out, "", 0);
		cur = out.failed ? NULL : strdup(buf_str(&out));
		buf_reset(&out);
	}
	buf_free(&out);
	if (cur == NULL)
		l->no_memory = true;
	return cur;
}

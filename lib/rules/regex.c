/* SPDX-License-Identifier: BSD-2-Clause */
/* regex.c - see regex.h */
#include "rules/regex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/regex_int.h"
#include "base/banned.h"

#define GROUPS		10	/* of a match that are kept */
#define JIT_STACK_START	(32u << 10)
#define JIT_STACK_MAX	(1u << 20)
#define HEAP_KIB	8192		/* of one interpreted match */
#define DEPTH_MAX	100000		/* nested backtracks, interpreted */

struct regex_scratch {
	pcre2_match_data	*data;
	pcre2_match_context	*ctx;
	pcre2_jit_stack		*stack;
};

/* closing - what ends a pattern that c opened */
static char
closing(char c)
{
	switch (c) {
	case '{':	return '}';
	case '(':	return ')';
	case '<':	return '>';
	case '[':	return ']';
	default:	return c;
	}
}

/* set_flag - one letter behind the pattern; false when unknown */
static bool
set_flag(struct regex_text *out, char c)
{
	switch (c) {
	case 'i': out->icase = true;		return true;
	case 'm': out->multi = true;		return true;
	case 's': out->dotall = true;		return true;
	case 'x': out->extended = true;		return true;
	case 'n': out->nocapture = true;	return true;
	/* Of no meaning here: locale, ASCII, repeat, compile once. */
	case 'a': case 'd': case 'l': case 'u': case 'p': case 'g':
	case 'o':
		return true;
	default:
		return false;
	}
}

/* stray - is the delimiter unescaped inside the pattern? */
static bool
stray(const char *p, size_t n, char delim)
{
	size_t	i;

	for (i = 0; i < n; i++) {
		if (p[i] == '\\')
			i++;
		else if (p[i] == delim)
			return true;
	}
	return false;
}

int
regex_split(const char *text, struct regex_text *out, struct err *e)
{
	const char	*p = text, *end, *q;
	char		 open, close;

	memset(out, 0, sizeof *out);
	if (*p == 'm' && p[1] != '\0')
		p++;
	else if (p[0] == 'q' && p[1] == 'r' && p[2] != '\0')
		p += 2;
	open = *p;
	if ((p == text && open != '/') || open == '\\' || open == '\0' ||
	    open == '_' || (open >= '0' && open <= '9') ||
	    ((open | 0x20) >= 'a' && (open | 0x20) <= 'z'))
		return err_set(e, "want a pattern between slashes, as in "
		    "/word/i or m{word}");
	close = closing(open);
	end = strrchr(p + 1, close);
	if (end == NULL)
		return err_set(e, "pattern has no closing %c", close);
	for (q = end + 1; *q != '\0'; q++)
		if (!set_flag(out, *q))
			return err_set(e, "unknown letter %c behind the "
			    "pattern", *q);
	if (close != '}' && close != ')' && close != ']' &&
	    stray(p + 1, (size_t)(end - p) - 1, close))
		return err_set(e, "unescaped %c inside the pattern", close);
	if (strstr(p, "(?{") != NULL || strstr(p, "(??{") != NULL)
		return err_set(e, "code inside a pattern is not supported");
	out->pattern = strndup(p + 1, (size_t)(end - p) - 1);
	if (out->pattern == NULL)
		return err_set(e, "no memory");
	return 0;
}

void
regex_text_free(struct regex_text *t)
{
	free(t->pattern);
	t->pattern = NULL;
}

pcre2_code *
regex_code(const struct regex_text *t, struct err *e)
{
	pcre2_compile_context	*ctx;
	pcre2_code		*code;
	unsigned char		 why[160];
	uint32_t		 opt = PCRE2_DUPNAMES | PCRE2_NO_UTF_CHECK;
	size_t			 off;
	int			 rc;

	opt |= t->icase ? PCRE2_CASELESS : 0;
	opt |= t->multi ? PCRE2_MULTILINE : 0;
	opt |= t->dotall ? PCRE2_DOTALL : 0;
	opt |= t->extended ? PCRE2_EXTENDED : 0;
	opt |= t->nocapture ? PCRE2_NO_AUTO_CAPTURE : 0;
	/* A pattern chooses neither its mode nor its limits ("(*UTF)"). */
	opt |= PCRE2_NEVER_UTF;
	if ((ctx = pcre2_compile_context_create(NULL)) == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	(void)pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
	(void)pcre2_set_bsr(ctx, PCRE2_BSR_UNICODE);
	(void)pcre2_set_parens_nest_limit(ctx, 250);
	(void)pcre2_set_compile_extra_options(ctx,
	    PCRE2_EXTRA_BAD_ESCAPE_IS_LITERAL);
	code = pcre2_compile((PCRE2_SPTR)t->pattern, PCRE2_ZERO_TERMINATED,
	    opt, &rc, &off, ctx);
	pcre2_compile_context_free(ctx);
	if (code == NULL) {
		(void)pcre2_get_error_message(rc, why, sizeof why);
		(void)err_set(e, "%s, at \"%.40s\"", (char *)why,
		    t->pattern + (off < strlen(t->pattern) ? off : 0));
	}
	return code;
}

int
regex_compile(const struct regex_text *t, struct regex **out, struct err *e)
{
	struct regex	*re;

	*out = NULL;
	if ((re = calloc(1, sizeof *re)) == NULL)
		return err_set(e, "no memory");
	if ((re->code = regex_code(t, e)) == NULL) {
		free(re);
		return -1;
	}
	re->jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
	*out = re;
	return 0;
}

void
regex_free(struct regex **re)
{
	if (re == NULL || *re == NULL)
		return;
	regex_free(&(*re)->part);
	pcre2_code_free((*re)->code);
	free((*re)->run);
	free(*re);
	*re = NULL;
}

struct regex_scratch *
regex_scratch_new(unsigned long match_limit)
{
	struct regex_scratch	*s;

	if ((s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	s->data = pcre2_match_data_create(GROUPS, NULL);
	s->ctx = pcre2_match_context_create(NULL);
	s->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX,
	    NULL);
	if (s->data == NULL || s->ctx == NULL || s->stack == NULL) {
		regex_scratch_free(&s);
		return NULL;
	}
	(void)pcre2_set_match_limit(s->ctx, (uint32_t)match_limit);
	(void)pcre2_set_depth_limit(s->ctx, DEPTH_MAX);
	(void)pcre2_set_heap_limit(s->ctx, HEAP_KIB);
	pcre2_jit_stack_assign(s->ctx, NULL, s->stack);
	return s;
}

void
regex_scratch_free(struct regex_scratch **sp)
{
	struct regex_scratch	*s;

	if (sp == NULL || (s = *sp) == NULL)
		return;
	pcre2_jit_stack_free(s->stack);
	pcre2_match_context_free(s->ctx);
	pcre2_match_data_free(s->data);
	free(s);
	*sp = NULL;
}

/* match - by PCRE2 */
static int
match(const struct regex *re, struct regex_scratch *s, const char *p,
    size_t n, size_t from)
{
	int	rc;

	if (re->jit)
		rc = pcre2_jit_match(re->code, (PCRE2_SPTR)p, n, from, 0,
		    s->data, s->ctx);
	else
		rc = pcre2_match(re->code, (PCRE2_SPTR)p, n, from, 0, s->data,
		    s->ctx);
	if (rc == PCRE2_ERROR_NOMATCH)
		return REGEX_NOMATCH;
	/* 0: matched, with more groups than there is room for */
	return rc < 0 ? REGEX_LIMIT : REGEX_MATCH;
}

int
regex_match(const struct regex *re, struct regex_scratch *s, const char *p,
    size_t n, size_t from, size_t *at, size_t *end)
{
	size_t	*ov;
	int	 rc;

	if ((re->run != NULL && !run_in(re->run, p + from, n - from)) ||
	    (re->part != NULL && match(re->part, s, p, n, from) ==
	    REGEX_NOMATCH))
		return REGEX_NOMATCH;
	if ((rc = match(re, s, p, n, from)) != REGEX_MATCH)
		return rc;
	ov = pcre2_get_ovector_pointer(s->data);
	if (at != NULL)
		*at = ov[0];
	if (end != NULL)
		*end = ov[1] > ov[0] ? ov[1] : ov[0];
	return REGEX_MATCH;
}

int
regex_group_again(const struct regex_scratch *s, unsigned group, size_t *at,
    size_t *end)
{
	const size_t	*ov = pcre2_get_ovector_pointer(s->data);

	if (group >= pcre2_get_ovector_count(s->data) ||
	    ov[2 * group] == PCRE2_UNSET ||
	    ov[2 * group + 1] < ov[2 * group])
		return REGEX_NOMATCH;
	*at = ov[2 * group];
	*end = ov[2 * group + 1];
	return REGEX_MATCH;
}

int
regex_group(const struct regex *re, struct regex_scratch *s, const char *p,
    size_t n, unsigned group, size_t *at, size_t *end)
{
	int	rc = regex_match(re, s, p, n, 0, NULL, NULL);

	return rc == REGEX_MATCH ? regex_group_again(s, group, at, end) : rc;
}

size_t
regex_shortest(const struct regex *re)
{
	uint32_t	n = 0;

	(void)pcre2_pattern_info(re->code, PCRE2_INFO_MINLENGTH, &n);
	return n;
}

size_t
regex_octets(const struct regex *re)
{
	size_t	code = 0, jit = 0;

	(void)pcre2_pattern_info(re->code, PCRE2_INFO_SIZE, &code);
	(void)pcre2_pattern_info(re->code, PCRE2_INFO_JITSIZE, &jit);
	return code + jit + (re->run != NULL ? sizeof *re->run : 0) +
	    (re->part != NULL ? regex_octets(re->part) : 0);
}

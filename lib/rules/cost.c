/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cost.c - see rules.h: patterns that take too long, found before mail does
 *
 * A pattern is run on texts that bring out what is expensive: one character or
 * word over and over, with something at the end that lets no match succeed.
 */
#include "rules/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define TEXT_OCTETS	4096	/* a long piece of text */

static const struct {
	const char	*what, *unit;
} texts[] = {
	{ "prose", "The quick brown fox jumps over the lazy dog, and 12 of "
	  "them stay. See www.example.com or write to ann@example.com.\n" },
	{ "one letter", "a" }, { "blanks", " " }, { "digits", "1" },
	{ "letters and blanks", "a " }, { "dots", "a." },
	{ "one capital", "A" }, { "hyphens", "a-" }, { "lines", "a\n" },
	{ "tags", "<a b=\"c\">" }, { "at signs", "a@" },
};

#define NTEXTS	(sizeof texts / sizeof texts[0])

/* fill - a unit over and over, and an end that nothing expects */
static void
fill(const char *unit, char out[TEXT_OCTETS])
{
	size_t	i, n = strlen(unit);

	for (i = 0; i < TEXT_OCTETS - 1; i++)
		out[i] = unit[i % n];
	out[TEXT_OCTETS - 1] = '\x01';
}

static double
now_us(void)
{
	struct timespec	t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int
rules_cost(const struct rules *r, size_t i, struct rules_cost *out)
{
	const struct rule	*rule = &r->v[i];
	struct regex_scratch	*s;
	char			 text[TEXT_OCTETS];
	double			 began;
	size_t			 k;

	out->us = 0;
	out->slow_on = NULL;
	if (rule->re == NULL)
		return 0;
	s = regex_scratch_new((unsigned long)r->opt.match_limit);
	if (s == NULL)
		return -1;
	for (k = 0; k < NTEXTS; k++) {
		fill(texts[k].unit, text);
		began = now_us();
		if (regex_match(rule->re, s, text, sizeof text, 0, NULL,
		    NULL) == REGEX_LIMIT && out->slow_on == NULL)
			out->slow_on = texts[k].what;
		if (k == 0)
			out->us = now_us() - began;
	}
	regex_scratch_free(&s);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hasten.c - see regex_hasten()
 *
 * A run: octets that must be there in a row. A part: the pattern without its
 * beginning. /(?:\b|\s)[_\W]{0,3}v[_\W]?i/ is tried at every octet of a text,
 * since it may begin with nearly anything; but nothing matches it where
 * /v[_\W]?i/ does not, and that is tried at a "v" alone.
 */
#include "rules/regex_int.h"

#include <stdlib.h>
#include <string.h>

#include "rules/literal.h"
#include "base/banned.h"

#define RUN_BITS	16	/* what a run must tell at least */
#define PART_LEAST	3	/* octets that a part must consume */
#define OFTEN		0.05	/* of all octets begin a match: slow */
#define RARER		0.4	/* as often must a part begin to be worth it */

/* begins - how often a match may begin, 0 to 1 */
static double
begins(const pcre2_code *code)
{
	const uint8_t	*map = NULL;
	struct octets	 first = { { 0 } };
	uint32_t	 type = 0, c = 0, opt = 0;
	size_t		 i;

	(void)pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &opt);
	if (opt & PCRE2_ANCHORED)
		return 0;
	(void)pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODETYPE, &type);
	if (type == 2)			/* at the begin of a line */
		return OFTEN;
	if (type == 1) {
		(void)pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODEUNIT, &c);
		first.bit[(c & 0xff) / 64] |= (uint64_t)1 << c % 64;
		return octets_rate(&first);
	}
	(void)pcre2_pattern_info(code, PCRE2_INFO_FIRSTBITMAP, &map);
	if (map == NULL)
		return 1;
	for (i = 0; i < 256; i++)
		if (map[i / 8] >> i % 8 & 1)
			first.bit[i / 64] |= (uint64_t)1 << i % 64;
	return octets_rate(&first);
}

/* rate_part - how often a match of a part may begin; 1 when it is useless */
static double
rate_part(const struct regex_text *t)
{
	pcre2_code	*code = regex_code(t, NULL);
	uint32_t	 least = 0;
	double		 rate;

	if (code == NULL)
		return 1;
	(void)pcre2_pattern_info(code, PCRE2_INFO_MINLENGTH, &least);
	rate = least < PART_LEAST ? 1 : begins(code);
	pcre2_code_free(code);
	return rate;
}

/* find_part - the part that begins least often, if it is worth it */
static int
find_part(struct regex *re, const struct regex_text *t,
    const struct literal_shape *shape)
{
	struct regex_text	 part = *t;
	double			 least = begins(re->code) * RARER, one;
	size_t			 i, best = 0;

	for (i = 1; i < shape->nparts; i++) {
		part.pattern = t->pattern + shape->part[i];
		if ((one = rate_part(&part)) < least) {
			least = one;
			best = i;
		}
	}
	if (best == 0)
		return 0;
	part.pattern = t->pattern + shape->part[best];
	return regex_compile(&part, &re->part, NULL);
}

int
regex_hasten(struct regex *re, const struct regex_text *t)
{
	struct literal_shape	shape;

	if (begins(re->code) < OFTEN)
		return 0;
	literal_shape(t, &shape);
	if (shape.run.bits >= RUN_BITS) {
		if ((re->run = malloc(sizeof *re->run)) == NULL)
			return -1;
		run_search_init(&shape.run, re->run);
	}
	return find_part(re, t, &shape);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz-literal.c - a pattern, a line end, a text: where the pattern matches,
 * the prefilter must have found one of its words, and what regex_hasten()
 * looks at first must not say no
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/literal.h"
#include "rules/prefilter.h"
#include "rules/regex.h"
#include "rules/run.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* found - is any of the words in the text, as filter.c would look? */
static int
found(const struct literal_set *words, int squeezed, const char *p, size_t n)
{
	struct prefilter	*f = prefilter_new();
	uint32_t		 stamp = 0, out, *seen;
	char			*text = malloc(n + PREFILTER_PAD);
	size_t			 i, hits;

	if (f == NULL || text == NULL)
		abort();
	for (i = 0; i < words->n; i++)
		if (prefilter_add(f, words->v[i].s, words->v[i].len, 0) ==
		    -1)
			abort();
	if (prefilter_build(f) == -1 ||
	    (seen = calloc(prefilter_words(f) + 1, sizeof *seen)) == NULL)
		abort();
	literal_fold_text(p, n, text);
	memset(text + n, 0, PREFILTER_PAD);
	if (squeezed)
		n = literal_squeeze(text, n, text);
	hits = prefilter_scan(f, text, n, &stamp, seen, 1, &out);
	free(seen);
	free(text);
	prefilter_free(&f);
	return hits > 0;
}

/* lost - say of which pattern, and stop */
static void
lost(const char *what, const struct regex_text *t)
{
	(void)fprintf(stderr, "%s lost: %s\n", what, t->pattern);
	abort();
}

/* matches - a pattern that matches: is it found by all the shorter ways? */
static void
matches(struct regex *re, struct regex_scratch *s,
    const struct regex_text *t, const char *text, size_t n)
{
	struct literal_set	words;
	struct literal_shape	shape;
	struct run_search	run;
	int			squeezed;

	for (squeezed = 0; squeezed < 2; squeezed++) {
		literal_find(t, squeezed, &words);
		if (words.n > 0 && !found(&words, squeezed, text, n))
			lost("word", t);
	}
	literal_shape(t, &shape);
	run_search_init(&shape.run, &run);
	if (shape.run.n > 0 && !run_in(&run, text, n))
		lost("run", t);
	if (regex_hasten(re, t) == 0 && regex_match(re, s, text, n, 0, NULL,
	    NULL) == REGEX_NOMATCH)
		lost("part", t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t		*nl = memchr(data, '\n', size);
	struct regex_text	 t = { .icase = size > 0 && data[0] == 'i' };
	struct regex_scratch	*s;
	struct regex		*re = NULL;
	const char		*text;
	size_t			 n;

	if (nl == NULL || nl == data || memchr(data, '\0', (size_t)(nl -
	    data)) != NULL)
		return 0;
	text = (const char *)nl + 1;
	n = size - (size_t)(nl + 1 - data);
	if ((t.pattern = strndup((const char *)data + 1, (size_t)(nl - data) -
	    1)) == NULL || (s = regex_scratch_new(10000)) == NULL)
		abort();
	if (regex_compile(&t, &re, NULL) == 0 && regex_match(re, s, text, n,
	    0, NULL, NULL) == REGEX_MATCH)
		matches(re, s, &t, text, n);
	regex_free(&re);
	regex_scratch_free(&s);
	regex_text_free(&t);
	return 0;
}

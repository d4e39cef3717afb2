/* SPDX-License-Identifier: BSD-2-Clause */
/* scratch.c - see rule.h: what a scan needs, kept for the next one */
#include "rules/rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define HEADER_MAX	(1u << 20)	/* of one header text */
#define FOLDED_KEEP	65536
#define HEADER_KEEP	4096		/* larger ones are not kept */

static void
scratch_free(struct scratch *s, const struct rules *r)
{
	size_t	i;

	if (s == NULL)
		return;
	if (s->sel != NULL)
		for (i = 0; i < r->nselectors; i++)
			buf_free(&s->sel[i].buf);
	regex_scratch_free(&s->re);
	free(s->sel);
	free(s->found);
	free(s->folded);
	free(s->touched);
	free(s->seen[0]);
	free(s->seen[1]);
	free(s->found_words);
	free(s->stamp);
	free(s->count);
	free(s);
}

void
scratch_free_all(struct rules *r)
{
	struct scratch	*s;

	while ((s = r->pool) != NULL) {
		r->pool = s->next;
		scratch_free(s, r);
	}
}

struct scratch *
scratch_get(struct rules *r)
{
	struct scratch	*s;
	size_t		 i;

	(void)pthread_mutex_lock(&r->lock);
	if ((s = r->pool) != NULL)
		r->pool = s->next;
	(void)pthread_mutex_unlock(&r->lock);
	if (s != NULL)
		return s;
	if ((s = calloc(1, sizeof *s)) == NULL)
		return NULL;
	s->re = regex_scratch_new((unsigned long)r->opt.match_limit);
	s->count = calloc(r->n + 1, sizeof *s->count);
	s->sel = calloc(r->nselectors + 1, sizeof *s->sel);
	s->stamp = calloc(r->n + 1, sizeof *s->stamp);
	s->found_words = calloc(r->n + 1, sizeof *s->found_words);
	s->touched = calloc(r->n + 1, sizeof *s->touched);
	s->seen[0] = calloc(r->most_words[0] + 1, sizeof *s->seen[0]);
	s->seen[1] = calloc(r->most_words[1] + 1, sizeof *s->seen[1]);
	if (s->re == NULL || s->count == NULL || s->sel == NULL ||
	    s->stamp == NULL || s->found_words == NULL || s->touched == NULL ||
	    s->seen[0] == NULL || s->seen[1] == NULL) {
		scratch_free(s, r);
		return NULL;
	}
	for (i = 0; i < r->nselectors; i++)
		buf_init(&s->sel[i].buf, HEADER_MAX);
	return s;
}

void
scratch_put(struct rules *r, struct scratch *s)
{
	size_t	i;

	memset(s->count, 0, r->n * sizeof *s->count);
	memset(s->touched, 0, r->n);
	for (i = 0; i < r->nselectors; i++) {
		if (s->sel[i].buf.cap > HEADER_KEEP)
			buf_free(&s->sel[i].buf);
		else
			buf_reset(&s->sel[i].buf);
		s->sel[i].got = s->sel[i].found = false;
	}
	if (s->folded_cap > FOLDED_KEEP) {
		free(s->folded);
		s->folded = NULL;
		s->folded_cap = 0;
	}
	(void)pthread_mutex_lock(&r->lock);
	s->next = r->pool;
	r->pool = s;
	(void)pthread_mutex_unlock(&r->lock);
}


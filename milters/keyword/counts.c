/* SPDX-License-Identifier: BSD-2-Clause */
/* counts.c - see counts.h */
#include "keyword/counts.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/banned.h"

#define SLOTS	2048		/* twice COUNTS_MAX: few collisions */
#define LEAST	20000		/* nanoseconds that are worth a counter */

/* Digests of the names that have counters, by open addressing. */
static _Atomic uint64_t	slots[SLOTS];
static atomic_long	taken;
static atomic_ulong	messages;

static uint64_t
digest(const char *s)
{
	uint64_t	h = 14695981039346656037u;	/* FNV-1a */

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h != 0 ? h : 1;
}

/* label - the rule's name, or "other" when no more get counters */
static const char *
label(const char *name, long max)
{
	uint64_t	want = digest(name), have;
	size_t		i;

	for (i = want % SLOTS;; i = (i + 1) % SLOTS) {
		if ((have = atomic_load(&slots[i])) == want)
			return name;
		if (have != 0)
			continue;
		/* Two threads may both get in at the end: one more. */
		if (atomic_load(&taken) >= max)
			return "other";
		if (atomic_compare_exchange_strong(&slots[i], &have, want)) {
			(void)atomic_fetch_add(&taken, 1);
			return name;
		}
		if (have == want)
			return name;
	}
}

bool
counts_timed(void)
{
	return atomic_fetch_add(&messages, 1) % COUNTS_EVERY == 0;
}

/* next_sum - of the next rule from *i on that has at least so much of it; its
 * label, or NULL behind the last */
static const char *
next_sum(const struct rules *r, enum rules_figure what, uint64_t least,
    long max, size_t *i, uint64_t *n)
{
	struct rules_info	info;

	while (*i < rules_count(r)) {
		*n = rules_take(r, (*i)++, what, least);
		if (*n == 0)
			continue;
		rules_info(r, *i - 1, &info);
		return label(info.name, max);
	}
	return NULL;
}

/* limits - how often each rule ran into match_limit */
static void
limits(struct frame_msg *m, const struct rules *r, long max)
{
	const char	*rule;
	uint64_t	 n;
	size_t		 i = 0;

	while ((rule = next_sum(r, RULES_LIMITS, 1, max, &i, &n)) != NULL)
		frame_sum(m, "keyword_match_limit_total", "rule", rule, n);
}

/* times - what each rule took since it was last worth counting */
static void
times(struct frame_msg *m, const struct rules *r, long max)
{
	const char	*rule;
	uint64_t	 n;
	size_t		 i = 0;

	while ((rule = next_sum(r, RULES_NS, LEAST, max, &i, &n)) != NULL)
		frame_sum(m, "keyword_rule_us_total", "rule", rule,
		    n * COUNTS_EVERY / 1000);
}

void
counts_message(struct frame_msg *m, const struct rules *r,
    const struct rules_result *res, bool timed, long max)
{
	struct rules_info	info;
	size_t			i;

	if (max == 0)
		return;
	for (i = 0; i < res->n; i++) {
		rules_info(r, res->v[i].rule, &info);
		frame_count(m, "keyword_hits_total", "rule",
		    label(info.name, max));
	}
	if (res->over_limit != (size_t)-1)
		limits(m, r, max);
	if (timed)
		times(m, r, max);
}

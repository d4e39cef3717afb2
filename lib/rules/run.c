/* SPDX-License-Identifier: BSD-2-Clause */
/* run.c - see run.h */
#include "rules/run.h"

#include <math.h>
#include <string.h>

#include "base/banned.h"

static void
put(struct octets *s, unsigned c)
{
	s->bit[c / 64] |= (uint64_t)1 << c % 64;
}

static bool
holds(const struct octets *s, unsigned c)
{
	return s->bit[c / 64] >> c % 64 & 1;
}

static void
add(struct octets *s, const struct octets *more)
{
	size_t	i;

	for (i = 0; i < 4; i++)
		s->bit[i] |= more->bit[i];
}

double
octets_rate(const struct octets *s)
{
	/* Roughly, in mail; one bit for each octet, as in a set. */
	static const struct {
		uint64_t	bit[4];
		double		rate;		/* of each of them */
	} often[] = {
		{ { 0x0000000100002600, 0, 0, 0 }, 0.025 },	/* blanks */
		{ { 0, 0x07fffffe00000000, 0, 0 }, 0.022 },	/* a-z */
		{ { 0x03ff000000000000, 0x07fffffe, 0, 0 }, 0.0035 },
		{ { 0xfc00fffe00000000, 0x78000001f8000001, 0, 0 }, 0.0025 },
		{ { 0, 0, UINT64_MAX, UINT64_MAX }, 0.0005 },
	};
	double	sum = 0;
	size_t	i, k;

	for (i = 0; i < sizeof often / sizeof often[0]; i++)
		for (k = 0; k < 4; k++)
			sum += often[i].rate * __builtin_popcountll(
			    s->bit[k] & often[i].bit[k]);
	return sum;
}

/* keep_better - the rarer of two runs */
static void
keep_better(struct run *best, struct run *r)
{
	if (r->n < RUN_LEAST)
		return;
	r->bits = -log2(octets_rate(&r->of) + 1e-9) * (double)r->n;
	if (r->bits > best->bits)
		*best = *r;
}

/* whole - all of a span is a run, too */
static void
whole(struct span *s)
{
	struct run	r = { s->of, s->min, 0 };

	keep_better(&s->best, &r);
}

void
span_nothing(struct span *s)
{
	memset(s, 0, sizeof *s);
}

void
span_unknown(struct span *s)
{
	memset(s, 0, sizeof *s);
	memset(&s->of, 0xff, sizeof s->of);
}

void
span_one(struct span *s, const bool in[256], bool icase)
{
	unsigned	c;

	span_nothing(s);
	for (c = 0; c < 256; c++)
		if (in[c]) {
			put(&s->of, c);
			if (icase && (c | 0x20) >= 'a' && (c | 0x20) <= 'z')
				put(&s->of, c ^ 0x20);
		}
	s->min = 1;
	whole(s);
}

void
span_sequence(struct span *out, const struct span *v, size_t n)
{
	struct run	r;
	size_t		i, k;

	span_nothing(out);
	for (i = 0; i < n; i++) {
		if (v[i].best.bits > out->best.bits)
			out->best = v[i].best;
		memset(&r, 0, sizeof r);
		for (k = i; k < n; k++) {
			add(&r.of, &v[k].of);
			if ((r.n += v[k].min) > RUN_MAX)
				r.n = RUN_MAX;
			keep_better(&out->best, &r);
		}
		if (i == 0) {
			out->of = r.of;
			out->min = r.n;
		}
	}
}

void
span_either(struct span *s, const struct span *other)
{
	add(&s->of, &other->of);
	add(&s->best.of, &other->best.of);
	if (other->min < s->min)
		s->min = other->min;
	if (other->best.n < s->best.n)
		s->best.n = other->best.n;
	s->best.bits = 0;
	keep_better(&s->best, &s->best);
	whole(s);
}

void
span_repeat(struct span *s, unsigned long min)
{
	if (min == 0)
		s->best.bits = s->best.n = 0;
	if (min > RUN_MAX)
		min = RUN_MAX;
	s->min = s->min * min > RUN_MAX ? RUN_MAX : (uint32_t)(s->min * min);
	whole(s);
}

void
run_search_init(const struct run *r, struct run_search *out)
{
	unsigned	c;

	for (c = 0; c < 256; c++)
		out->in[c] = holds(&r->of, c);
	out->n = r->n;
}

bool
run_in(const struct run_search *r, const char *p, size_t n)
{
	size_t	begin = 0, i;	/* a run may begin there; all between begin
				   and i is not known */
	size_t	known = 0;	/* up to there all octets fit, from begin */

	while (n - begin >= r->n) {
		/* From the end: one that does not fit moves all behind it. */
		for (i = begin + r->n; i > known; i--)
			if (!r->in[(unsigned char)p[i - 1]])
				break;
		if (i <= known)
			return true;
		known = begin + r->n;
		begin = i;
	}
	return false;
}

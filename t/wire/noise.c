/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * noise.c - see noise.h
 *
 * A packet is made right first (words.c fills it), then bent: its command, its
 * length, its octets, its place among the others.
 */
#include "noise.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

/* Above it libmilter hangs up, by doc/FRAME. */
#define PACKET_MAX	(4u << 20)

struct session {
	struct wire	*w;
	struct rng	 rng;
	unsigned	 bend;		/* of 1000 packets, so many */
	struct text	 text;		/* the packet in hand */
	char		 cmd;
	bool		 over;
};

/* lie - a length that is not the packet's */
static uint32_t
lie(struct rng *r, uint32_t len)
{
	switch (below(r, 9)) {
	case 0:		return 0;
	case 1:		return 0xffffffff;
	case 2:		return 0x80000000 + below(r, 3) - 1;
	case 3:		return PACKET_MAX + below(r, 3);
	case 4:		return len - 1;
	case 5:		return len + 1;
	case 6:		return len / 2;
	case 7:		return 65535 + below(r, 3);
	default:	return (uint32_t)next(r);
	}
}

/* put - the packet in hand; with a false length the rest is out of step */
static void
put(struct session *s, bool honest)
{
	uint32_t	len = (uint32_t)s->text.n + 1;
	char		head[5];

	if (!honest)
		len = lie(&s->rng, len);
	head[0] = (char)(len >> 24);
	head[1] = (char)(len >> 16);
	head[2] = (char)(len >> 8);
	head[3] = (char)len;
	head[4] = s->cmd;
	if (wire_raw(s->w, head, sizeof head) == -1 ||
	    wire_raw(s->w, s->text.p, s->text.n) == -1)
		s->over = true;
}

/* scramble - octets of the packet in hand: fewer, more, others */
static void
scramble(struct session *s)
{
	struct rng	*r = &s->rng;
	struct text	*t = &s->text;
	size_t		 i, n;

	switch (below(r, 6)) {
	case 0:			/* cut, often just before a NUL */
		t->n = t->n == 0 ? 0 : below(r, (uint32_t)t->n);
		break;
	case 1:
		t->n -= t->n > 0;
		break;
	case 2:			/* no NUL in it */
		for (i = 0; i < t->n; i++)
			if (t->p[i] == '\0')
				t->p[i] = 'x';
		break;
	case 3:
		for (n = below(r, 8) + 1; n > 0 && t->n > 0; n--)
			t->p[below(r, (uint32_t)t->n)] = (char)next(r);
		break;
	case 4:
		random_octets(r, t, below(r, 300));
		break;
	default:
		for (n = below(r, 64); n > 0; n--)
			add(t, "", 1);
	}
}

/* stumble - instead of, or around, the packet in hand */
static void
stumble(struct session *s)
{
	struct rng	*r = &s->rng;

	switch (below(r, 12)) {
	case 0:			/* left out */
		return;
	case 1:
		put(s, true);	/* twice */
		break;
	case 2:
		s->cmd = "OCDHMRLNBETUAQK?"[below(r, 16)];
		break;
	case 3:
		s->cmd = (char)next(r);
		break;
	case 4:
		put(s, false);
		return;
	case 5:			/* a piece of it, and gone */
		if (s->text.n > 0)
			s->text.n = below(r, (uint32_t)s->text.n);
		put(s, false);
		s->over = true;
		return;
	case 6:
		(void)wire_put(s->w, 'A', "", 0);
		break;
	case 7:
		(void)wire_put(s->w, "QK"[below(r, 2)], "", 0);
		break;
	default:
		scramble(s);
	}
	put(s, true);
}

/* say - the packet in hand, as it is or bent */
static void
say(struct session *s, char cmd)
{
	s->cmd = cmd;
	if (s->over)
		return;
	if (below(&s->rng, 1000) < s->bend)
		stumble(s);
	else
		put(s, true);
}

/* begin - an empty packet to fill */
static struct text *
begin(struct session *s)
{
	s->text.n = 0;
	return &s->text;
}

static void
negotiate(struct session *s)
{
	struct text	*t = begin(s);
	struct rng	*r = &s->rng;

	add_u32(t, below(r, 10) == 0 ? below(r, 8) : 6);
	add_u32(t, below(r, 10) == 0 ? (uint32_t)next(r) : 0x1ff);
	add_u32(t, below(r, 4) == 0 ? (uint32_t)next(r) : 0x1fffff);
	say(s, 'O');
}

static void
macros(struct session *s, char where)
{
	if (below(&s->rng, 10) == 0)
		return;
	put_macros(&s->rng, begin(s), where);
	say(s, 'D');
}

static void
connection(struct session *s)
{
	macros(s, 'C');
	put_connect(&s->rng, begin(s));
	say(s, 'C');
	macros(s, 'H');
	put_word(&s->rng, begin(s));
	say(s, 'H');
}

static void
envelope(struct session *s)
{
	unsigned	n;

	macros(s, 'M');
	put_path(&s->rng, begin(s), true);
	say(s, 'M');
	n = below(&s->rng, 40) == 0 ? below(&s->rng, 300) :
	    below(&s->rng, 4);
	for (; n > 0 && !s->over; n--) {
		macros(s, 'R');
		put_path(&s->rng, begin(s), false);
		say(s, 'R');
	}
}

static void
content(struct session *s)
{
	struct rng	*r = &s->rng;
	unsigned	 n;

	if (below(r, 3) == 0) {
		(void)begin(s);
		say(s, 'T');
	}
	n = below(r, 200) == 0 ? below(r, 3000) : below(r, 16);
	for (; n > 0 && !s->over; n--) {
		put_header(r, begin(s));
		say(s, 'L');
	}
	(void)begin(s);
	say(s, 'N');
	for (n = below(r, 5); n > 0 && !s->over; n--) {
		put_body(r, begin(s));
		say(s, 'B');
	}
}

/* finish - the end of the message, in one of the ways */
static void
finish(struct session *s)
{
	struct rng	*r = &s->rng;

	switch (below(r, 10)) {
	case 0:
		(void)begin(s);
		say(s, 'A');
		return;
	case 1:			/* a new one without an end of this */
		return;
	}
	macros(s, 'E');
	(void)begin(s);
	if (below(r, 20) == 0)
		put_body(r, &s->text);
	say(s, 'E');
	/* sometimes it is waited for, sometimes the next comes at once */
	if (!s->over && below(r, 2) == 0)
		(void)wire_wait(s->w, 1, 5);
}

void
noise(struct wire *w, uint64_t seed)
{
	static const unsigned	 bends[] = { 0, 5, 20, 100, 400, 1000 };
	struct session		 s = { .w = w, .rng = { seed } };
	unsigned		 n;

	s.bend = bends[below(&s.rng, 6)];
	if (below(&s.rng, 100) == 0) {
		random_octets(&s.rng, &s.text, below(&s.rng, 4000));
		(void)wire_raw(w, s.text.p, s.text.n);
		free(s.text.p);
		return;
	}
	negotiate(&s);
	connection(&s);
	for (n = below(&s.rng, 4); n > 0 && !s.over; n--) {
		envelope(&s);
		content(&s);
		finish(&s);
	}
	if (below(&s.rng, 2) == 0) {
		(void)begin(&s);
		say(&s, below(&s.rng, 5) == 0 ? 'K' : 'Q');
	}
	free(s.text.p);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* addrlist.c - addr_list() of addr.h: the mailboxes of an address header */
#include "mail/addr.h"

#include <string.h>

#include "base/banned.h"

#define SPEC_MAX	1100	/* octets of an addr-spec without comments */
#define DEPTH_MAX	64	/* comments in comments */

struct scan {
	const char	*p, *end;
	char		 spec[SPEC_MAX];	/* of the present mailbox */
	size_t		 len;
	bool		 at;		/* spec holds an '@' outside quotes */
	bool		 over;		/* spec did not fit */
	bool		 gap;		/* white space since the last octet */
	bool		 words;		/* two words in a row: a phrase */
	bool		 angle;		/* "<...>" seen and reported */
	bool		 in_group;
	bool		 broken;
	int		 count;
	int		 stop;
	int		 (*each)(void *, const char *, size_t);
	void		*arg;
};

/* begin - a new mailbox */
static void
begin(struct scan *s)
{
	s->len = 0;
	s->at = s->over = s->gap = s->words = s->angle = false;
}

static void
put(struct scan *s, const char *p, size_t n)
{
	if (n > SPEC_MAX - s->len) {
		s->over = true;
		return;
	}
	memcpy(s->spec + s->len, p, n);
	s->len += n;
}

/* comment - skip "(...)", nested; p stands on the bracket */
static void
comment(struct scan *s)
{
	int	depth = 0;

	for (; s->p < s->end; s->p++) {
		if (*s->p == '\\' && s->p + 1 < s->end)
			s->p++;
		else if (*s->p == '(' && ++depth > DEPTH_MAX)
			break;
		else if (*s->p == ')' && --depth == 0) {
			s->p++;
			return;
		}
	}
	s->p = s->end;
	s->broken = true;
}

/* quoted - copy '"..."' or "[...]" up to the closing octet */
static void
quoted(struct scan *s, char close)
{
	const char	*from = s->p++;

	for (; s->p < s->end; s->p++) {
		if (*s->p == '\\' && s->p + 1 < s->end)
			s->p++;
		else if (*s->p == close) {
			s->p++;
			put(s, from, (size_t)(s->p - from));
			return;
		}
	}
	s->broken = true;
}

/* report - the spec is whole; an empty or '@'-less one is a fault */
static void
report(struct scan *s)
{
	if (s->over || !s->at) {
		s->broken = true;
		return;
	}
	s->count++;
	if (s->each != NULL)
		s->stop = s->each(s->arg, s->spec, s->len);
}

/* word - an octet, string or literal that belongs to the spec */
static void
word(struct scan *s)
{
	char	c = *s->p, last = s->len > 0 ? s->spec[s->len - 1] : '.';

	/* "Ann Lee": white space that no '.' or '@' excuses */
	if (s->gap && c != '.' && c != '@' && last != '.' && last != '@')
		s->words = true;
	s->gap = false;
	if (c == '"')
		quoted(s, '"');
	else if (c == '[')
		quoted(s, ']');
	else {
		if (c == '@')
			s->at = true;
		put(s, s->p++, 1);
	}
}

/* angle - "<spec>" or "<@route:spec>"; p stands behind the '<' */
static void
angle(struct scan *s)
{
	begin(s);
	while (s->p < s->end && *s->p != '>') {
		switch (*s->p) {
		case ' ': case '\t': case '\r': case '\n':
			s->gap = true;
			s->p++;
			break;
		case '(':
			comment(s);
			break;
		case ':':		/* the end of a source route */
			begin(s);
			s->p++;
			break;
		case '<':
			s->broken = true;
			s->p++;
			break;
		case ',':		/* only between hosts of a route */
			if (s->len == 0 || s->spec[0] != '@')
				s->broken = true;
			s->p++;
			break;
		default:
			word(s);
		}
	}
	s->angle = true;
	if (s->p == s->end) {
		s->broken = true;
		return;
	}
	s->p++;
	if (s->len > 0)			/* "<>" is a null path, no mailbox */
		report(s);
	s->len = 0;
}

/* finish - a comma, a semicolon or the end: the mailbox is over */
static void
finish(struct scan *s)
{
	if (!s->angle && (s->len > 0 || s->over)) {
		if (s->words)
			s->broken = true;
		else
			report(s);
	}
	begin(s);
}

/* step - what begins at p */
static void
step(struct scan *s)
{
	switch (*s->p) {
	case ' ': case '\t': case '\r': case '\n':
		s->gap = true;
		s->p++;
		return;
	case '(':
		s->gap = true;
		comment(s);
		return;
	case '<':
		if (s->angle)
			s->broken = true;
		s->p++;
		angle(s);
		return;
	case ',':
		finish(s);
		s->p++;
		return;
	case ':':		/* what came before was a group's name */
		if (s->in_group || s->angle || s->len == 0)
			s->broken = true;
		s->in_group = true;
		begin(s);
		s->p++;
		return;
	case ';':
		finish(s);
		if (!s->in_group)
			s->broken = true;
		s->in_group = false;
		s->p++;
		return;
	default:
		if (s->angle)	/* text between '>' and the comma */
			s->broken = true;
		word(s);
	}
}

int
addr_list(const char *value, size_t len,
    int (*each)(void *arg, const char *spec, size_t len), void *arg)
{
	struct scan	s = { .p = value, .end = value + len, .each = each,
	    .arg = arg };

	begin(&s);
	while (s.p < s.end && s.stop == 0)
		step(&s);
	if (s.stop != 0)
		return s.count;
	finish(&s);
	if (s.in_group)
		s.broken = true;
	return s.broken ? -1 : s.count;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* uri_text.c - see uri.h: links in text */
#include "mail/uri_int.h"

#include <stdio.h>

#include "base/banned.h"

#define TEXT_HOST_MAX	252	/* of a host without a scheme */
#define MAIL_SIDE_MAX	251	/* of either side of an @ in text */
#define TEXT_MAX	2048	/* of a link in text, behind the scheme */

/* Sets of octets, by what they do in text. */
enum {
	START = 1,	/* a link may begin behind it */
	STOP = 2,	/* ends a link */
	STOP_MAIL = 4,	/* ends a mail address */
	BARE = 8,	/* a host without a scheme may begin behind it */
	WORD = 16,	/* part of a word */
	ALL = START | STOP | STOP_MAIL | BARE
};

/* kind - what an octet does */
static inline unsigned
kind(char c)
{
	static const unsigned char	table[256] = {
		['\t'] = ALL, ['\n'] = ALL, ['\v'] = ALL, ['\f'] = ALL,
		['\r'] = ALL, [' '] = ALL, [0x1b] = ALL,
		['>'] = ALL, ['<'] = ALL, ['"'] = ALL, ['`'] = ALL,
		['{'] = ALL, ['['] = ALL, ['|'] = ALL,
		['}'] = STOP | STOP_MAIL | BARE,
		[']'] = STOP | STOP_MAIL | BARE,
		['\''] = START | STOP_MAIL | BARE,
		[','] = START | STOP_MAIL | BARE,
		['('] = START | STOP_MAIL | BARE,
		['!'] = BARE, ['#'] = BARE, ['$'] = BARE, ['&'] = BARE,
		[')'] = BARE, ['*'] = BARE, ['+'] = BARE, ['/'] = BARE,
		[':'] = BARE, [';'] = BARE, ['='] = BARE, ['?'] = BARE,
		['@'] = BARE, ['\\'] = BARE, ['^'] = BARE, ['~'] = BARE,
		['0' ... '9'] = WORD, ['A' ... 'Z'] = WORD,
		['a' ... 'z'] = WORD, ['_'] = WORD,
		[0x80 ... 0x9f] = STOP_MAIL, [0xa0] = ALL,
		[0xa1 ... 0xff] = STOP_MAIL,
	};

	return table[(unsigned char)c];
}

/* run - octets at p that do not have the bit */
static size_t
run(const char *p, size_t n, unsigned bit)
{
	size_t	i;

	for (i = 0; i < n && (kind(p[i]) & bit) == 0; i++)
		;
	return i;
}

/* with_scheme - octets of "http://..." or "www3. ..." at p, 0 if none */
static size_t
with_scheme(const char *p, size_t n)
{
	size_t	head = 0, len;

	if (strchr("hHfFwW", p[0]) == NULL)
		return 0;
	if (starts(p, n, "http://"))
		head = 7;
	else if (starts(p, n, "https://"))
		head = 8;
	else if (starts(p, n, "ftp://"))
		head = 6;
	else if (starts(p, n, "ftp."))
		head = 4;
	else if (starts(p, n, "www")) {
		for (head = 3; head < 5 && head < n && is_digit(p[head]);
		    head++)
			;
		if (head == n || p[head++] != '.')
			return 0;
	} else
		return 0;
	len = run(p + head, n - head, STOP);
	return len == 0 || len > TEXT_MAX ? 0 : head + len;
}

/* The next @ of a text, looked for once for all places before it. */
struct at {
	const char	*p;		/* NULL: there is none */
	const char	*local;		/* what stands before it, from here */
};

/* next_at - in text that goes from p to end */
static void
next_at(struct at *at, const char *p, const char *end)
{
	const char	*q;

	if ((at->p = memchr(p, '@', (size_t)(end - p))) == NULL)
		return;
	for (q = at->p; q > p && at->p - q < MAIL_SIDE_MAX &&
	    (kind(q[-1]) & STOP_MAIL) == 0; q--)
		;
	at->local = q;
}

/* mail_address - the same for "mailto:..." and "a@b" */
static size_t
mail_address(const struct at *at, const char *p, size_t n)
{
	size_t	len;

	if (lower(p[0]) == 'm' && starts(p, n, "mailto:")) {
		len = run(p + 7, n - 7, STOP_MAIL);
		if (len > 0 && len <= TEXT_MAX)
			return 7 + len;
	}
	if (at->p == NULL || p == at->p || p < at->local)
		return 0;
	len = run(at->p + 1, (size_t)(p + n - at->p) - 1, STOP_MAIL);
	return len == 0 || len > MAIL_SIDE_MAX ? 0 :
	    (size_t)(at->p - p) + 1 + len;
}

/* bare_host - "example.com:80/path" at p; *host gets the octets of the host */
static size_t
bare_host(const struct uri_world *w, const char *p, size_t n, size_t *host)
{
	size_t	len, dot, i, path;

	if (n == 0 || !is_alnum(p[0]))
		return 0;
	for (len = 0; len < n && (is_word(p[len]) || p[len] == '.' ||
	    p[len] == '-'); len++)
		;
	*host = len > 0 && p[len - 1] == '.' ? len - 1 : len;
	for (dot = *host; dot > 0 && p[dot - 1] != '.'; dot--)
		;
	if (dot < 2 || dot > TEXT_HOST_MAX + 1 ||
	    !uri_is_tld(w, p + dot, *host - dot))
		return 0;
	if (len < n && p[len] == ':') {
		for (i = len + 1; i < n && i - len <= 5 && is_digit(p[i]);
		    i++)
			;
		if (i == len + 1)
			return 0;
		len = i;
	}
	if (len < n && p[len] == '/') {
		path = run(p + len + 1, n - len - 1, STOP);
		if (path > TEXT_MAX)
			return 0;
		if (path > 0)
			len += 1 + path;
	}
	return len == n || (kind(p[len]) & STOP) != 0 ? len : 0;
}

/* report - a link found in text, as a reader's program would follow it */
static void
report(const struct uri_world *w, const char *p, size_t n, bool mail,
    uri_fn *each, void *arg)
{
	const char	*at, *q;
	char		 whole[TEXT_MAX + 64];
	size_t		 i;
	int		 k;

	/* ")" ends it when nothing inside opened one. */
	if ((q = memchr(p, ')', n)) != NULL && memchr(p, '(',
	    (size_t)(q - p)) == NULL)
		n = (size_t)(q - p);
	while (n > 0 && strchr("-~!@#^&*()_+=:;'?,.", p[n - 1]) != NULL &&
	    p[n - 1] != '\0')
		n--;
	at = n > 0 ? memchr(p, '@', n) : NULL;
	if (n == 0 || (mail && at == NULL) || starts(p, n, "cid:") ||
	    starts(p, n, "mid:"))
		return;
	for (i = 0; i < n && is_word(p[i]); i++)
		;
	if (i > 0 && i < n && p[i] == ':' && (i + 1 == n ||
	    (n - i <= 3 && p[i + 1] == '/' && p[n - 1] == '/')))
		return;				/* "http://" alone */
	if (starts(p, n, "http:") || starts(p, n, "https:") ||
	    starts(p, n, "ftp:") || starts(p, n, "mailto:"))
		k = snprintf(whole, sizeof whole, "%.*s", (int)n, p);
	else if (starts(p, n, "ftp."))
		k = snprintf(whole, sizeof whole, "ftp://%.*s", (int)n, p);
	else if (starts(p, n, "www") || at == NULL ||
	    ((q = memchr(p, '/', n)) != NULL && at > q + 1)) {
		/* A path before the @: whatever it is, no mail address. */
		if (at == NULL && memchr(p, '.', n) == NULL)
			return;
		k = snprintf(whole, sizeof whole, "http://%.*s", (int)n, p);
	} else {
		if (at + 1 == p + n || memchr(at + 2, '.',
		    (size_t)(p + n - at) - 2) == NULL)
			return;
		k = snprintf(whole, sizeof whole, "mailto:%.*s", (int)n, p);
	}
	if (k > 0 && (size_t)k < sizeof whole) {
		if (starts(whole, (size_t)k, "mailto:")) {
			at = memchr(whole, '@', (size_t)k);
			if (at == NULL)
				return;
			for (i = 1; at + i < whole + k && strchr("?&>",
			    at[i]) == NULL; i++)
				;
			if (!uri_tld_ok(w, at + 1, i - 1))
				return;
		}
		each(arg, whole, (size_t)k);
	}
}

/* may_begin - a link, at p[i]? Where a word begins or ends, or behind some
 * signs */
static bool
may_begin(const char *p, size_t i)
{
	unsigned	here = kind(p[i]), before;

	if (i == 0)
		return (here & WORD) != 0;
	before = kind(p[i - 1]);
	return ((here ^ before) & WORD) != 0 || (before & START) != 0 ||
	    (i > 2 && p[i - 3] == '\x1b' && p[i - 2] == '(');
}

void
uri_find(const char *p, size_t n, const struct uri_world *w, uri_fn *each,
    void *arg)
{
	struct at	at;
	size_t		i = 0, len, host;
	bool		mail;

	/* No link goes without one of these. */
	next_at(&at, p, p + n);
	if (at.p == NULL && memchr(p, '.', n) == NULL &&
	    memchr(p, ':', n) == NULL)
		return;
	for (; i < n; i += len > 0 ? len : 1) {
		len = 0;
		if (!may_begin(p, i))
			continue;
		if (at.p != NULL && at.p < p + i)
			next_at(&at, p + i, p + n);
		mail = false;
		if ((len = with_scheme(p + i, n - i)) == 0) {
			len = mail_address(&at, p + i, n - i);
			mail = len > 0;
		}
		if (len == 0 && (i == 0 || (kind(p[i - 1]) & BARE) != 0)) {
			len = bare_host(w, p + i, n - i, &host);
			if (len > 0 && !uri_name_ok(p + i, host))
				continue;
		}
		if (len > 0)
			report(w, p + i, len, mail, each, arg);
	}
}

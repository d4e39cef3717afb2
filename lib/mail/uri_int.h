/* SPDX-License-Identifier: BSD-2-Clause */
/* uri_int.h - what the uri*.c files share */
#ifndef MAIL_URI_INT_H
#define MAIL_URI_INT_H

#include <string.h>
#include <strings.h>

#include "mail/uri.h"

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static inline bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
is_word(char c)
{
	return is_alnum(c) || c == '_';
}

static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline int
hex(char c)
{
	if (is_digit(c))
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool
starts(const char *p, size_t n, const char *lit)
{
	size_t	k = strlen(lit);

	return n >= k && strncasecmp(p, lit, k) == 0;
}

/* uri.c */
/* Is it a top-level domain? In any case. */
bool	uri_is_tld(const struct uri_world *, const char *p, size_t n);
/* Does the name end in a top-level domain, behind a dot? */
bool	uri_tld_ok(const struct uri_world *, const char *host, size_t n);
/* Labels of 1 to 63 letters, digits, hyphens; two at least. */
bool	uri_name_ok(const char *host, size_t n);

#endif

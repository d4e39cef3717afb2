/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.c - see client.h
 *
 * HELO is the client's to choose and may hold blanks, brackets and " by ", but
 * no line's end: so the address is what ends the first line, and the border's
 * name what begins the next that is no comment.
 */
#include "feedback/client.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <arpa/inet.h>

#include "base/banned.h"

/* line_of - the next line of a folded value, without the blanks around it */
static bool
line_of(const char **p, const char *end, const char **line, size_t *n)
{
	const char	*nl;

	if (*p >= end)
		return false;
	nl = memchr(*p, '\n', (size_t)(end - *p));
	*line = *p;
	*n = (size_t)((nl != NULL ? nl : end) - *p);
	*p = nl != NULL ? nl + 1 : end;
	while (*n > 0 && strchr(" \t\r", (*line)[*n - 1]) != NULL)
		--*n;
	while (*n > 0 && (**line == ' ' || **line == '\t'))
		++*line, --*n;
	return true;
}

/* address - "... [192.0.2.1])" at the end of the line */
static bool
address(const char *line, size_t n, char out[CLIENT_SIZE])
{
	static const char	forged[] = " (may be forged)", v6[] = "IPv6:";
	const size_t		f = sizeof forged - 1, k = sizeof v6 - 1;
	const char		*open;
	unsigned char		bin[16];

	if (n == 0 || line[--n] != ')')
		return false;
	/* Sendmail's remark stands before the last bracket */
	if (n >= f && memcmp(line + n - f, forged, f) == 0)
		n -= f;
	if (n == 0 || line[--n] != ']' ||
	    (open = memrchr(line, '[', n)) == NULL)
		return false;
	open++;
	n = (size_t)(line + n - open);
	if (n > k && strncasecmp(open, v6, k) == 0)
		open += k, n -= k;
	if (n >= CLIENT_SIZE)
		return false;
	(void)snprintf(out, CLIENT_SIZE, "%.*s", (int)n, open);
	return inet_pton(AF_INET, out, bin) == 1 ||
	    inet_pton(AF_INET6, out, bin) == 1;
}

bool
client_of(const char *value, size_t len, const struct conf_list *borders,
    char out[CLIENT_SIZE])
{
	const char	*p = value, *end = value + len, *line;
	size_t		 n, i, k;

	if (!line_of(&p, end, &line, &n) || n < 5 ||
	    strncasecmp(line, "from ", 5) != 0 || !address(line, n, out))
		return false;
	do {
		if (!line_of(&p, end, &line, &n))
			return false;
	} while (n > 0 && line[0] == '(');
	if (n < 4 || strncasecmp(line, "by ", 3) != 0)
		return false;
	for (line += 3, n -= 3, k = 0; k < n && strchr(" \t(;",
	    line[k]) == NULL; k++)
		;
	for (i = 0; i < borders->n; i++)
		if (strlen(borders->v[i]) == k &&
		    strncasecmp(borders->v[i], line, k) == 0)
			return true;
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* footer_html.c - HTML as far as a footer must know it */
#include "mail/footer_int.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

/* is_tag - "</body" at p, and the name ends there */
static bool
is_tag(const char *p, size_t n, const char *tag)
{
	size_t	len = strlen(tag);

	return n > len && strncasecmp(p, tag, len) == 0 &&
	    !isalnum((unsigned char)p[len]) && p[len] != '-';
}

/* behind - offset behind what ends a comment or script; n if nothing does */
static size_t
behind(const char *p, size_t i, size_t n, const char *end)
{
	size_t	len = strlen(end);

	for (; i + len <= n; i++)
		if (strncasecmp(p + i, end, len) == 0)
			return i + len;
	return n;
}

size_t
footer_html_place(const char *p, size_t n)
{
	static const char *const raw[][2] = {
		{ "<script", "</script" }, { "<style", "</style" },
		{ "<title", "</title" }, { "<textarea", "</textarea" },
		{ "<xmp", "</xmp" }, { "<noscript", "</noscript" },
	};
	size_t	i, k, body = n, html = n;

	for (i = 0; i < n; i++) {
		if (p[i] != '<')
			continue;
		if (n - i >= 4 && memcmp(p + i, "<!--", 4) == 0) {
			/* "<!-->" is a whole comment */
			if ((i = behind(p, i + 2, n, "-->")) == n &&
			    (n < 3 || memcmp(p + n - 3, "-->", 3) != 0))
				return (size_t)-1;
			i--;
			continue;
		}
		for (k = 0; k < sizeof raw / sizeof *raw; k++)
			if (is_tag(p + i, n - i, raw[k][0]))
				break;
		if (k < sizeof raw / sizeof *raw) {
			if ((i = behind(p, i, n, raw[k][1])) == n)
				return (size_t)-1;
			i--;
		} else if (is_tag(p + i, n - i, "</body")) {
			body = i;
		} else if (is_tag(p + i, n - i, "</html")) {
			html = i;
		}
	}
	return body < n ? body : html;
}

int
footer_escape(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			(void)buf_adds(out, "&amp;");
			break;
		case '<':
			(void)buf_adds(out, "&lt;");
			break;
		case '>':
			(void)buf_adds(out, "&gt;");
			break;
		case '"':
			(void)buf_adds(out, "&quot;");
			break;
		case '\n':
			(void)buf_adds(out, "<br>\n");
			break;
		default:
			(void)buf_addc(out, *text);
			break;
		}
	return out->failed ? -1 : 0;
}

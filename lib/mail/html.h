/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * html.h - the words and the links of an HTML part
 *
 * A tokeniser, not a tree: one pass, linear in the input, no memory but the
 * output, whatever the nesting. It reads tags as Perl's HTML::Parser does,
 * because that is what keyword rules for SpamAssassin were written against: a
 * tree builder (libxml2, gumbo) moves and drops text of broken HTML, and spam
 * is broken HTML. Script and style are left out, the title is text.
 * Threads: safe.
 */
#ifndef MAIL_HTML_H
#define MAIL_HTML_H

#include <stddef.h>

#include "base/buf.h"

#define HTML_URI_MAX	8192	/* octets of a link; the rest is cut */

/* tag: "a", "img", ... in lower case; uri: resolved against <base>, without
 * outer white space. Both are valid during the call only. */
typedef void html_link_fn(void *arg, const char *tag, const char *uri,
	    size_t len);

/*
 * html_render - append the text of n octets of UTF-8 HTML to out
 *
 * Paragraphs are "\n\n", line ends "\n", table cells " "; runs of white space
 * inside text are one space.
 * link:    called for every link in order; NULL = not wanted.
 * Returns: 0, also when out is full; -1 without memory.
 */
int	html_render(const char *p, size_t n, struct buf *out,
	    html_link_fn *link, void *arg);

/* Append s with character references (&amp; &#38; &#x26;) replaced. 0, or -1
 * when out is full. */
int	html_unescape(const char *s, size_t n, struct buf *out);

#endif

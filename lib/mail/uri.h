/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uri.h - links in running text, and what a link amounts to
 *
 * What a reader's mail program would make clickable is a link; a link that
 * hides its host (escapes, user part, octal address, redirector) is listed in
 * each form that it takes on the way. The rules are SpamAssassin's, so that
 * `uri` rules written for it see the same strings.
 * Threads: safe.
 */
#ifndef MAIL_URI_H
#define MAIL_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define URI_MAX		8192	/* octets of a form; the rest is cut */

/* Is this a top-level domain? lower case, no dot. NULL: any of two letters or
 * more. */
typedef bool uri_tld_fn(void *arg, const char *tld, size_t len);

/* Does this link redirect to another? Then true and where *to begins. */
typedef bool uri_redirect_fn(void *arg, const char *uri, size_t len,
	    const char **to, size_t *to_len);

struct uri_world {
	uri_tld_fn	*tld;
	uri_redirect_fn	*redirect;
	void		*arg;
};

/*
 * uri_find - links in one line of rendered text
 *
 * each:    called with every link, given a scheme where it has none.
 */
typedef void uri_fn(void *arg, const char *uri, size_t len);

void	uri_find(const char *p, size_t n, const struct uri_world *,
	    uri_fn *each, void *arg);

/*
 * uri_forms - the link itself and its cleaned forms, each once
 *
 * Returns true when the host of one of them is a name or address that could
 * exist (links from text that fail this are no links).
 * out: forms as NUL-terminated strings one after another, appended.
 */
bool	uri_forms(const char *uri, size_t len, const struct uri_world *,
	    struct buf *out);

/* RFC 3986 5.2 with the base that <base href> gave (len 0: none); appended to
 * out. 0, or -1 when out is full. */
int	uri_resolve(const char *base, size_t base_len, const char *uri,
	    size_t len, struct buf *out);

#endif

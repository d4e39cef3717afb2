/* SPDX-License-Identifier: BSD-2-Clause */
/* answer.h - what the public server says, and what it says of a recipient */
#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include "web/http.h"
#include "web/page.h"
#include "web/web.h"

/* The visitor's language. */
enum lang answer_lang(const struct http_req *);
/* The header fields of every page. */
void	answer_headers(const struct http_req *, struct http_resp *,
	    enum lang);
/* A page with nothing to press. */
void	answer_plain(const struct http_req *, struct http_resp *, int status,
	    enum text title, enum text message, const char *arg);
/* The one answer for all that leads nowhere. */
void	answer_bad(const struct http_req *, struct http_resp *);
/* 503, and why in the log. */
void	answer_later(const struct http_req *, struct http_resp *,
	    const struct err *, const char *what);
enum http_next answer_no_memory(const struct http_req *, struct http_resp *);
/* A line for machines; text is static. */
void	answer_text(struct http_resp *, int status, const char *text);

/* Count a bad link; the log has at most so many of a kind a second. */
void	answer_note_bad(const struct http_req *, const char *why);

struct store_id answer_id(const struct token *);
/* A genuine token of a scope that the configuration has lost still counts: it
 * stops all bulk mail rather than none. */
const struct web_scope *answer_scope(const struct http_req *, uint32_t id);

/* The lists of a page: the token's scope first, then those that its streams
 * offer. */
void	answer_choose(const struct snap *, const struct web_scope *from,
	    struct page_view *);
/* Fill their states; -1 and *e when the store cannot say. */
int	answer_look_up(const struct http_req *, const struct store_id *,
	    struct page_view *, struct err *e);
/* The page, with or without a message on top. */
void	answer_lists(const struct http_req *, struct http_resp *,
	    const struct store_id *, const struct web_scope *from,
	    struct page_view *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page.h - the pages as HTML: no script, one style sheet inside
 *
 * Whatever comes from the configuration or from a visitor is escaped here.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "base/buf.h"
#include "web/web.h"

#define PAGE_LISTS	16	/* that one page shows */

/* "#rrggbb"; 0, or -1. rgb may be NULL. */
int	page_color(const char *text, unsigned rgb[3]);
/* Fill s->style and s->csp from the configuration. */
int	page_style(struct snap *, struct err *e);

/* What one list looks like to this recipient. */
struct page_list {
	const struct web_scope	*scope;
	enum { PAGE_ON, PAGE_OFF, PAGE_OFF_OTHER } state;
};

/* The preference page; what stands on top of it is optional. */
struct page_view {
	struct page_list	 v[PAGE_LISTS];
	size_t			 n;
	bool			 all_off;
	enum text		 title;		/* T_TITLE, T_DONE_TITLE ... */
	bool			 told;		/* a message in front */
	enum text		 message;
	const char		*message_arg;	/* $1, NULL */
	const char		*undo;		/* ticket, NULL */
	bool			 mail;		/* subscribing again works */
};

void	page_lists(struct buf *, const struct snap *, enum lang,
	    const struct page_view *);
/* A heading, a sentence, nothing to press. arg: $1, or NULL. */
void	page_plain(struct buf *, const struct snap *, enum lang,
	    enum text title, enum text message, const char *arg);
/* The form of a list-level link. */
void	page_ask(struct buf *, const struct snap *, enum lang);
/* The button that proof leads to. */
void	page_confirm(struct buf *, const struct snap *, enum lang,
	    const char *list_title);
/* t with $1 and $2 filled in, not escaped: for mail. */
void	page_fill(struct buf *, const char *t, const char *a1,
	    const char *a2);

#endif

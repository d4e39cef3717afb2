/* SPDX-License-Identifier: BSD-2-Clause */
/* view_int.h - what the view*.c files share */
#ifndef MAIL_VIEW_INT_H
#define MAIL_VIEW_INT_H

#include "base/buf.h"
#include "mail/view.h"

#define VIEW_LINE_MAX	2048	/* octets of a line before it is split */

/* One growing list of pieces over one growing text: offsets, since the text
 * moves while it grows; made pointers when it is complete. */
struct view_list {
	struct view_text	*v;
	size_t			 n, cap;
	struct buf		 text;
	bool			 built;
};

struct view_part {
	char			*type;		/* "text/plain" */
	char			*charset;	/* "" if not stated */
	bool			 html_name;	/* its name ends in .html */
	char			*encoding;	/* lower case, "" */
	struct view_header	*headers;
	size_t			 nheaders, cap;
	const char		*body;		/* still encoded */
	size_t			 len;
	unsigned		 wraps;		/* multiparts around it: long
						   lines were split as often */
	bool			 leaf;
};

/* A block that lives as long as the view. */
struct view_block {
	struct view_block	*next;
	char			 data[];
};

struct view {
	struct view_limits	 lim;
	const char		*raw;
	size_t			 len;
	struct view_text	 head;
	struct view_part	**parts;
	size_t			 nparts, cap;
	struct view_block	*blocks;
	struct view_list	 body, rawbody, uris, links;
	size_t			 rendered;	/* octets of HTML so far */
	bool			 truncated, no_memory;
};

/* view.c */
void	*view_alloc(struct view *, size_t n);	/* NULL: no_memory set */
char	*view_dup(struct view *, const char *p, size_t n);
int	 view_list_add(struct view_list *, const char *p, size_t n);
void	 view_list_done(struct view_list *);

/* view_parse.c: the walk. top: raw is the whole message. */
int	 view_parse(struct view *, const char *raw, size_t len, size_t depth,
	    bool top);

/* view_part.c: a leaf's octets without transfer encoding, lines as LF */
int	 view_part_decode(struct view *, const struct view_part *,
	    struct buf *out);
/* "quoted-printable" and "base64" alone, for headers, too */
int	 view_unqp(const char *p, size_t n, bool header, struct buf *out);
int	 view_unbase64(const char *p, size_t n, struct buf *out);

#endif

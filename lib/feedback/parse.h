/* SPDX-License-Identifier: BSD-2-Clause */
/* parse.h - what the parsers of lib/feedback share and nobody else sees */
#ifndef FEEDBACK_PARSE_H
#define FEEDBACK_PARSE_H

#include <sys/types.h>

#include "feedback/feedback.h"
#include "mail/header.h"
#include "mail/mime.h"

#define FIELDS_MAX	48	/* fields of one block */
#define VALUE_MAX	4096	/* octets of a field or diagnostic kept */

/* Strings of the result live in chunks, freed together. */
struct arena {
	struct chunk	*head;
	size_t		 used;
	bool		 failed;
};

/* A view of text that somebody else owns. */
struct text {
	const char	*p;
	size_t		 n;
};

/* Where an address stands in the prose. */
struct mark {
	struct text	 addr;
	const char	*line;
	bool		 begins;	/* what follows is about it */
	bool		 ours;
};

/* One mail being read. */
struct parse {
	const struct feedback_ctx *ctx;
	const char		*raw;
	size_t			 len;
	const char		*rcpt;
	struct mime		*m;
	const struct header_list *hl;	/* of the mail itself */
	struct feedback		*fb;
	struct arena		*arena;
	size_t			 cap;	/* of fb->v */
	size_t			 max;	/* events that fb->v may hold */

	struct buf		 prose;	/* what its text parts say, UTF-8,
					   LF, without the returned mail */
	const struct header_list *orig;	/* header of the returned mail */
	struct header_list	 orig_own;	/* when it had to be parsed */
	struct text		 pasted;	/* the returned mail, when it
						   stood in the prose */
	char			*copy;	/* of a nested report */
	const void		*json;	/* the notice being read (vendor.c) */
	struct feedback_event	 base;	/* what all events of this mail have */
	struct mark		*marks;	/* of the prose (prose.c), made once */
	size_t			 nmarks;
	bool			 marked;
	bool			 single;	/* one recipient in the prose */
	bool			 trying;	/* the prose: "not given up" */
	const char		*senders[2];	/* whose mail came back */
	const char		*host;	/* who refused, of the last event */
};

/* A block of "Name: value" lines (RFC 3464, 5965, and look-alikes). */
struct field {
	struct text	name, value;	/* value: unfolded, trimmed */
};
struct fields {
	struct field	v[FIELDS_MAX];
	size_t		n;
};

/* arena.c; the result is "" and `failed` set without memory */
void	arena_init(struct arena *);
void	arena_free(struct arena *);
const char *arena_dup(struct arena *, const char *p, size_t n);
/* The same, on one line: control octets become blanks, runs of blanks one. */
const char *arena_line(struct arena *, const char *p, size_t n, size_t max);

/* text.c */
bool	text_is(struct text, const char *s);	/* ASCII case-insensitive */
bool	text_begins(struct text, const char *s);
const char *text_find(struct text, const char *s);	/* likewise, or NULL */
struct text text_trim(struct text);
/* Next line without its end; false at the end. */
bool	text_line(struct text *rest, struct text *line);
/* An addr-spec in the text, from *from on; false when there is no more. The
 * span is the address without brackets. */
bool	text_address(struct text, size_t *from, struct text *addr);
/* Value of a header, unfolded and decoded, in the arena; "" if absent. */
const char *text_header(struct parse *, const struct header_list *,
	    const char *name);
/* The first address of a header, "" if none. */
const char *text_header_address(struct parse *, const struct header_list *,
	    const char *name);

/* fields.c: read one block, step over it; false at the end. Values are in the
 * arena. */
bool	fields_next(struct parse *, struct text *rest, struct fields *);
struct text fields_get(const struct fields *, const char *name);
/* "rfc822; <ann@example.com>" -> "ann@example.com" in the arena */
const char *fields_address(struct parse *, struct text value);

/* json.c: quoted, whatever it holds */
void	json_quote(struct buf *out, const char *s);

/* status.c */
/* An RFC 3463 status that stands in the text, in the arena; "" if none. */
const char *status_find(struct parse *, struct text);
/* An SMTP reply code, likewise. */
const char *status_code(struct parse *, struct text);

/* The SMTP command that a reply answered: "RCPT", "DATA", "CONN", ...; "". */
const char *status_command(struct text);

/* original.c: find what was returned, its ids and its token. */
void	original_find(struct parse *);
/* A token in this text (URL, address, id)? Sets the event's. */
void	original_token(struct parse *, struct text, enum feedback_token_at);

/* parse.c: an empty result, which ps fills; feedback_free(). NULL: no memory */
struct feedback *parse_result(struct parse *);
/* Does part i stand inside a returned message? */
bool	parse_in_message(const struct parse *, size_t i);
/* Add an event, beginning as a copy of parse.base; NULL at the limit or
 * without memory. */
struct feedback_event *parse_event(struct parse *);
/* Fill reason and hard from what the event says. */
void	parse_reason(struct parse *, struct feedback_event *,
	    const char *host);

/* The kinds of mail; each returns whether it recognised its own. */
bool	arf_parse(struct parse *);
bool	dsn_parse(struct parse *);
bool	unsub_parse(struct parse *, bool words);	/* else only by token */
bool	vendor_parse(struct parse *);	/* web services' notices, JMRP */
/* An event each of an Amazon SES notice, a json_t; false when it is none. */
bool	vendor_ses(struct parse *, const void *json);
bool	reply_parse(struct parse *);	/* vacation, receipts */
bool	prose_parse(struct parse *);
/* Did a mail system write it? Does its subject alone say so? */
bool	prose_likely(struct parse *);
bool	prose_titled(const struct parse *);
/* What the prose says about this address. */
struct text prose_section(struct parse *, const char *address);

#endif

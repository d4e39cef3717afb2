/* SPDX-License-Identifier: BSD-2-Clause */
/* api.h - what the parts of the JSON API share; see api.c */
#ifndef WEB_API_H
#define WEB_API_H

#include <jansson.h>

#include "web/http.h"
#include "web/keys.h"
#include "web/web.h"

struct bulk;

/* A request under way, its .work. */
struct api_work {
	const struct api_key	*key;
	char			 actor[8 + API_NAME_MAX];
	int			 verb;		/* api.c's */
	struct bulk		*bulk;
};

/* A JSON object, taken; NULL is no memory. */
enum http_next api_say(struct http_resp *, int status, json_t *);
enum http_next api_fail(struct http_resp *, int status, const char *why);
/* 503, and why in the log. */
enum http_next api_store_failed(const struct http_req *, struct http_resp *,
	    const struct err *);

/* One change with the memory that it points into. */
struct api_row {
	struct store_change	 c;
	struct addr		 addr;
	char			 domain[ADDR_DOMAIN_MAX + 1];
	json_t			*j;		/* holds the texts */
	uint64_t		 line;
};

/* JSON to a change, STORE_ADD or STORE_REMOVE; -1 and *why, static text. */
int	api_row_parse(struct api_row *, const struct http_req *, int op,
	    const char *text, size_t len, const char **why);
void	api_row_free(struct api_row *);

/* A bulk body is worked on as it arrives, so many lines a commit. */
struct bulk *api_bulk_new(void);	/* NULL without memory */
void	api_bulk_free(struct bulk *);
int	api_bulk_piece(struct http_req *, const char *, size_t);
enum http_next api_bulk_end(struct http_req *, struct http_resp *);

enum http_next api_get(struct http_req *, struct http_resp *);
enum http_next api_events(struct http_req *, struct http_resp *);

#endif

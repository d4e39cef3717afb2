/* SPDX-License-Identifier: BSD-2-Clause */
/* api_bulk.c - very many changes in one body, a line each; see api.h */
#include "web/api.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#include "base/banned.h"

#define BATCH		500	/* lines that share a commit */
#define LINE_MAX_	8192	/* octets of one */
#define REFUSED_MAX	100	/* that the answer names */

struct bulk {
	struct buf	 line;
	bool		 skip;			/* a line that is too long */
	struct api_row	 rows[BATCH];
	size_t		 n;
	uint64_t	 lines, done, changed, refused;
	json_t		*why;			/* of the refused */
	struct err	 err;			/* the store failed */
};

/* api_bulk_new - for one request; NULL without memory */
struct bulk *
api_bulk_new(void)
{
	struct bulk	*b = calloc(1, sizeof *b);

	if (b == NULL || (b->why = json_array()) == NULL) {
		free(b);
		return NULL;
	}
	buf_init(&b->line, LINE_MAX_);
	return b;
}

void
api_bulk_free(struct bulk *b)
{
	size_t	i;

	if (b == NULL)
		return;
	for (i = 0; i < b->n; i++)
		api_row_free(&b->rows[i]);
	json_decref(b->why);
	buf_free(&b->line);
	free(b);
}

/* refuse - one line, with the reason */
static void
refuse(struct bulk *b, uint64_t line, const char *why)
{
	b->refused++;
	if (json_array_size(b->why) < REFUSED_MAX)
		(void)json_array_append_new(b->why, json_pack("{s:I, s:s}",
		    "line", (json_int_t)line, "why", why));
}

/* one_by_one - a refused change must not stop its neighbours */
static int
one_by_one(struct bulk *b, struct store *st, const char *actor)
{
	size_t	i;

	for (i = 0; i < b->n; i++) {
		struct api_row	*w = &b->rows[i];

		if (store_apply(st, actor, &w->c, 1, &b->err) == 0)
			b->changed += w->c.result == 1;
		else if (w->c.result == -1)
			refuse(b, w->line, w->c.why);
		else
			return -1;
		b->done = w->line;
	}
	b->err.msg[0] = '\0';
	return 0;
}

/* flush - a commit for what has been collected; -1: the store failed */
static int
flush(struct http_req *q)
{
	struct api_work		*a = q->work;
	struct bulk		*b = a->bulk;
	struct store_change	*v;
	struct store		*st = snap_store(q->snap, &b->err);
	size_t			 i;
	bool			 refused = false;
	int			 rc = -1;

	if (b->n == 0)
		return 0;
	if (st != NULL && (v = calloc(b->n, sizeof *v)) != NULL) {
		for (i = 0; i < b->n; i++)
			v[i] = b->rows[i].c;
		rc = store_apply(st, a->actor, v, b->n, &b->err);
		for (i = 0; i < b->n; i++) {
			refused |= v[i].result == -1;
			if (rc == 0)
				b->changed += v[i].result == 1;
		}
		free(v);
		if (rc == 0)
			b->done = b->rows[b->n - 1].line;
		else if (refused)
			rc = one_by_one(b, st, a->actor);
	}
	for (i = 0; i < b->n; i++)
		api_row_free(&b->rows[i]);
	b->n = 0;
	if (rc == -1 && b->err.msg[0] == '\0')
		(void)err_set(&b->err, "out of memory");
	return rc;
}

/* bulk_line - one line that is complete */
static int
bulk_line(struct http_req *q)
{
	struct api_work	*a = q->work;
	struct bulk	*b = a->bulk;
	struct api_row	*w = &b->rows[b->n];
	const char	*why = "longer than 8192 octets";
	bool		 skip = b->skip;

	b->lines++;
	b->skip = false;
	if (!skip && strspn(buf_str(&b->line), " \t\r") == b->line.len)
		return 0;
	if (skip || api_row_parse(w, q, STORE_ADD, buf_str(&b->line),
	    b->line.len, &why) == -1) {
		refuse(b, b->lines, why);
		return 0;
	}
	w->line = b->lines;
	b->n++;
	return b->n < BATCH ? 0 : flush(q);
}

/* api_bulk_piece - as it comes from the wire */
int
api_bulk_piece(struct http_req *q, const char *p, size_t n)
{
	struct api_work	*a = q->work;
	struct bulk	*b = a->bulk;
	const char	*eol;
	size_t		 len;

	for (; n > 0; p += len, n -= len) {
		eol = memchr(p, '\n', n);
		len = eol != NULL ? (size_t)(eol - p) : n;
		if (!b->skip && buf_add(&b->line, p, len) == -1)
			b->skip = true;
		if (eol == NULL)
			return 0;
		len++;
		if (bulk_line(q) == -1)
			return -1;
		buf_reset(&b->line);
	}
	return 0;
}

/* api_bulk_end - the last lines, and what became of all */
enum http_next
api_bulk_end(struct http_req *q, struct http_resp *r)
{
	struct api_work	*a = q->work;
	struct bulk	*b = a->bulk;
	json_t		*j;

	if (b->err.msg[0] == '\0' && (b->line.len > 0 || b->skip))
		(void)bulk_line(q);
	if (b->err.msg[0] == '\0')
		(void)flush(q);
	log_event(LOG_INFO, "web_bulk", LOG_STR("key", a->key->name),
	    LOG_INT("lines", b->lines), LOG_INT("changed", b->changed),
	    LOG_INT("refused", b->refused), LOG_STR("why", b->err.msg));
	if (b->err.msg[0] == '\0')
		b->done = b->lines;
	j = json_pack("{s:I, s:I, s:I, s:I, s:O}",
	    "lines", (json_int_t)b->lines, "done", (json_int_t)b->done,
	    "changed", (json_int_t)b->changed,
	    "refused", (json_int_t)b->refused, "why", b->why);
	if (b->err.msg[0] != '\0')
		(void)json_object_set_new(j, "error", json_string("the store "
		    "cannot take more now: send again what is behind line "
		    "`done`"));
	return api_say(r, b->err.msg[0] == '\0' ? 200 : 503, j);
}

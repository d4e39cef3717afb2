/* SPDX-License-Identifier: BSD-2-Clause */
/* admin.c - /healthz and /metrics, on a listener of their own */
#include "web/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/http.h"

#include "base/banned.h"

/* One counter of some program. */
struct sample {
	char		*name;		/* mailweir_x{a="b",program="c"} */
	size_t		 family;	/* octets of it before the labels */
	uint64_t	 count;
};

struct samples {
	struct sample	*v;
	size_t		 n, cap;
	bool		 failed;
};

/* named - the label `program` joins those that are there */
static char *
named(const char *name, const char *program)
{
	const char	*brace = strchr(name, '{');
	char		*out;
	int		 rc;

	if (brace == NULL)
		rc = asprintf(&out, "%s{program=\"%s\"}", name, program);
	else
		rc = asprintf(&out, "%.*s,program=\"%s\"}",
		    (int)strlen(name) - 1, name, program);
	return rc == -1 ? NULL : out;
}

static void
collect(void *arg, const char *program, const char *name, uint64_t count)
{
	struct samples	*s = arg;
	struct sample	*v;

	if (s->n == s->cap) {
		v = realloc(s->v, (s->cap + 256) * sizeof *v);
		if (v == NULL) {
			s->failed = true;
			return;
		}
		s->v = v;
		s->cap += 256;
	}
	v = &s->v[s->n];
	if ((v->name = named(name, program)) == NULL) {
		s->failed = true;
		return;
	}
	v->family = strcspn(name, "{");
	v->count = count;
	s->n++;
}

static int
by_name(const void *a, const void *b)
{
	const struct sample	*x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* metrics - Prometheus text, families together */
static void
metrics(struct http_req *q, struct http_resp *r)
{
	struct samples	s = { .v = NULL };
	struct err	e = { "", 0 };
	size_t		i;

	/* a file that is none of ours does not hide the others */
	(void)metrics_each(q->snap->common.run_dir, collect, &s, &e);
	if (s.n > 0)
		qsort(s.v, s.n, sizeof *s.v, by_name);
	for (i = 0; i < s.n; i++) {
		if (i == 0 || s.v[i].family != s.v[i - 1].family ||
		    memcmp(s.v[i].name, s.v[i - 1].name, s.v[i].family) != 0)
			(void)buf_addf(&r->body, "# TYPE %.*s counter\n",
			    (int)s.v[i].family, s.v[i].name);
		(void)buf_addf(&r->body, "%s %" PRIu64 "\n", s.v[i].name,
		    s.v[i].count);
	}
	r->status = s.failed ? 503 : 200;
	r->type = "text/plain; version=0.0.4; charset=utf-8";
	for (i = 0; i < s.n; i++)
		free(s.v[i].name);
	free(s.v);
}

/* healthz - can the store be asked? */
static void
healthz(struct http_req *q, struct http_resp *r)
{
	struct store_entry	h[1];
	struct store_id		id = { .key = store_keys_id(q->snap->keys, 0) };
	struct err		e = { "", 0 };
	struct store		*st = snap_store(q->snap, &e);

	if (st != NULL && store_find_id(st, &id, NULL, 0, h, 1, &e) != -1 &&
	    !atomic_load(&q->web->stopping)) {
		r->status = 200;
		(void)buf_adds(&r->body, "ok\n");
		return;
	}
	r->status = 503;
	(void)buf_addf(&r->body, "%s\n", e.msg[0] != '\0' ? e.msg :
	    "stopping");
}

static enum http_next
admin_handle(struct http_req *q, struct http_resp *r)
{
	http_header(r, "Cache-Control", "no-store");
	if (q->method != HTTP_GET && q->method != HTTP_HEAD) {
		r->status = 405;
		http_header(r, "Allow", "GET, HEAD");
	} else if (strcmp(q->path, "/healthz") == 0)
		healthz(q, r);
	else if (strcmp(q->path, "/metrics") == 0)
		metrics(q, r);
	else {
		r->status = 404;
		(void)buf_adds(&r->body, "/healthz or /metrics\n");
	}
	return HTTP_DONE;
}

const struct http_handlers admin_handlers = {
	.handle = admin_handle,
};

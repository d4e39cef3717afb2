/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_rules_score.c - mailweir rules score, rules test */
#include "ctl/cmd_rules.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "mail/view.h"

#include "base/banned.h"

#define MESSAGE_MAX	(256u << 20)

/* names - hits of one sort, commas between; counts behind sub-rules */
static void
names(const struct rules *r, const struct rules_result *res, bool sub)
{
	struct rules_info	 info;
	const char		*comma = "";
	size_t			 i;

	for (i = 0; i < res->n; i++) {
		rules_info(r, res->v[i].rule, &info);
		if (info.sub != sub)
			continue;
		(void)printf("%s%s", comma, info.name);
		if (sub && res->v[i].count > 1)
			(void)printf("(%.0f)", res->v[i].count);
		comma = ",";
	}
}

/* explain - a line for each hit: where, and what matched */
static void
explain(const struct rules *r, const struct rules_result *res)
{
	struct rules_info	info;
	const unsigned char	*p;
	size_t			i;

	for (i = 0; i < res->n; i++) {
		rules_info(r, res->v[i].rule, &info);
		(void)printf("\t%s\t%.3f\t%s:%zu:%zu\t\"", info.name,
		    res->v[i].score, res->v[i].where, res->v[i].piece,
		    res->v[i].at);
		for (p = (const unsigned char *)res->v[i].text; *p != '\0';
		    p++)
			if (*p < 0x20 || *p == 0x7f || *p == '"' ||
			    *p == '\\')
				(void)printf("\\x%02x", *p);
			else
				(void)putchar(*p);
		(void)printf("\"\t%s:%u\n", info.file, info.line);
	}
}

/* json - the whole result as one object */
static void
json(const struct rules *r, const char *file, const struct rules_result *res)
{
	struct rules_info	 info;
	json_t			*o, *hits = json_array(), *h;
	size_t			 i;

	for (i = 0; i < res->n; i++) {
		rules_info(r, res->v[i].rule, &info);
		h = json_pack("{s:s, s:f, s:f, s:s}", "rule", info.name,
		    "score", res->v[i].score, "count", res->v[i].count,
		    "where", res->v[i].where);
		if (h != NULL && *res->v[i].text != '\0') {
			json_t	*t = json_string(res->v[i].text);

			/* octets that are no UTF-8 are not JSON's */
			(void)json_object_set_new(h, "piece",
			    json_integer((json_int_t)res->v[i].piece));
			(void)json_object_set_new(h, "at",
			    json_integer((json_int_t)res->v[i].at));
			if (t != NULL)
				(void)json_object_set_new(h, "text", t);
		}
		(void)json_array_append_new(hits, h);
	}
	o = json_pack("{s:s, s:f, s:I, s:o}", "file", file, "score",
	    res->score, "us", (json_int_t)res->us, "hits", hits);
	if (o != NULL)
		(void)json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	(void)putchar('\n');
}

static void
print(const struct rules *r, const struct rules_args *a, const char *file,
    const struct rules_result *res)
{
	if (a->json) {
		json(r, file, res);
		return;
	}
	(void)printf("%s\t%.3f\t", file, res->score);
	names(r, res, false);
	if (a->subrules) {
		(void)putchar('\t');
		names(r, res, true);
	}
	(void)putchar('\n');
	if (a->scan.explain)
		explain(r, res);
}

/* read_message - a file, or standard input; 0 or an exit status */
static int
read_message(const char *file, struct buf *out)
{
	struct err	 e = { "", 0 };
	char		 tmp[65536], *data;
	size_t		 len;
	ssize_t		 n;

	buf_reset(out);
	if (strcmp(file, "-") == 0) {
		while ((n = read(STDIN_FILENO, tmp, sizeof tmp)) > 0)
			if (buf_add(out, tmp, (size_t)n) == -1)
				break;
		return EX_OK;
	}
	if (file_read(file, MESSAGE_MAX, &data, &len, &e) == -1)
		return ctl_fail(&e, EX_NOINPUT);
	(void)buf_add(out, data, len);
	free(data);
	return EX_OK;
}

/* one - score one message as often as asked, print it once */
static int
one(const struct rules *r, const struct rules_args *a, const char *file,
    const struct buf *raw)
{
	static const struct view_limits	 lim = VIEW_LIMITS;
	struct rules_result		*res;
	struct view			*v;
	struct err			 e = { "", 0 };
	long				 i;
	int				 rc;

	for (i = 0; i < a->repeat; i++) {
		if (view_open(buf_str(raw), raw->len, &lim, &v, &e) == -1)
			return ctl_fail(&e, EX_OSERR);
		rc = rules_scan(r, v, &a->scan, &res, &e);
		view_free(&v);
		if (rc == -1)
			return ctl_fail(&e, EX_OSERR);
		if (i == 0)
			print(r, a, file, res);
		rules_result_free(&res);
	}
	return EX_OK;
}

/* One line of the profile. */
struct cost {
	const char		*name;
	struct rules_stats	 st;
};

static int
by_time(const void *a, const void *b)
{
	const struct cost	*x = a, *y = b;

	return x->st.ns != y->st.ns ? (x->st.ns < y->st.ns ? 1 : -1) :
	    strcmp(x->name, y->name);
}

/* profile - rules by the time they took: name, microseconds, tries, hits,
 * how often the match limit was reached */
static int
profile(const struct rules *r)
{
	struct rules_info	 info;
	struct cost		*v;
	size_t			 i, n = rules_count(r);

	if ((v = calloc(n + 1, sizeof *v)) == NULL)
		return EX_OSERR;
	for (i = 0; i < n; i++) {
		rules_info(r, i, &info);
		v[i].name = info.name;
		rules_stats(r, i, &v[i].st);
	}
	qsort(v, n, sizeof *v, by_time);
	for (i = 0; i < n && v[i].st.tried > 0; i++)
		(void)printf("%s\t%.1f\t%llu\t%llu\t%llu\n", v[i].name,
		    (double)v[i].st.ns / 1000,
		    (unsigned long long)v[i].st.tried,
		    (unsigned long long)v[i].st.hits,
		    (unsigned long long)v[i].st.limits);
	free(v);
	return EX_OK;
}

int
rules_score(struct ctl *ctl, struct rules_args *a)
{
	struct buf	 raw = BUF_INIT(MESSAGE_MAX);
	struct rules	*r;
	int		 i, rc, worst = EX_OK;

	if ((r = rules_open(ctl, a, true, &rc)) == NULL)
		return rc;
	for (i = 0; i < a->argc; i++) {
		if ((rc = read_message(a->argv[i], &raw)) == EX_OK)
			rc = one(r, a, a->argv[i], &raw);
		if (rc != EX_OK)
			worst = rc;
	}
	if (a->scan.profile && (rc = profile(r)) != EX_OK)
		worst = rc;
	buf_free(&raw);
	rules_free(&r);
	return worst;
}

/* try - one rule on texts of the command line */
static int
try_text(const struct rules *r, const struct rules_args *a, size_t rule)
{
	static const struct view_limits	 lim = VIEW_LIMITS;
	struct rules_scan_options	 opt = a->scan;
	struct buf			 b = BUF_INIT(1u << 20);
	struct rules_result		*res;
	struct view			*v;
	struct err			 e = { "", 0 };
	size_t				 k;
	int				 i, rc = EX_OK;
	bool				 hit;

	opt.explain = opt.subrules = true;
	for (i = 1; i < a->argc && rc == EX_OK; i++) {
		buf_reset(&b);
		if (rules_example(r, rule, a->argv[i], &b) == -1 ||
		    view_open(buf_str(&b), b.len, &lim, &v, &e) == -1) {
			rc = EX_OSERR;
			break;
		}
		if (rules_scan(r, v, &opt, &res, &e) == 0) {
			for (hit = false, k = 0; k < res->n; k++)
				if (res->v[k].rule == rule) {
					hit = true;
					(void)printf("hit\t%s\t%s:%zu:%zu\t"
					    "\"%s\"\n", a->argv[i],
					    res->v[k].where, res->v[k].piece,
					    res->v[k].at, res->v[k].text);
				}
			if (!hit) {
				(void)printf("no hit\t%s\n", a->argv[i]);
				rc = 1;
			}
			rules_result_free(&res);
		}
		view_free(&v);
	}
	buf_free(&b);
	return rc;
}

int
rules_test(struct ctl *ctl, struct rules_args *a)
{
	struct rules	*r;
	size_t		 rule, ok, failed;
	int		 rc;

	a->opt.subrules = true;
	if ((r = rules_open(ctl, a, true, &rc)) == NULL)
		return rc;
	rule = a->argc > 0 ? rules_find(r, a->argv[0]) : (size_t)-1;
	if (a->argc > 0 && rule == (size_t)-1) {
		(void)fprintf(stderr, "mailweir: no rule %s\n", a->argv[0]);
		rc = EX_DATAERR;
	} else if (a->argc > 1) {
		rc = try_text(r, a, rule);
	} else if (rules_examples(r, rule, &ok, &failed, stdout) == -1) {
		rc = EX_OSERR;
	} else {
		(void)printf("%zu examples as they should be, %zu not\n", ok,
		    failed);
		rc = failed > 0 ? EX_DATAERR : EX_OK;
	}
	rules_free(&r);
	return rc;
}

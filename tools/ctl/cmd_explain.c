/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_explain.c - mailweir explain: what would the suppress milter say? */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "ctl/cmds.h"
#include "store/admin.h"
#include "stream/stream.h"
#include "suppress/judge.h"

#include "base/banned.h"

#define ENTRIES		512	/* that are shown of one recipient */

/* One question and its answer. */
struct answer {
	const struct stream	*s;
	struct addr		 addr;
	const char		*unparsed;	/* why, if it is no address */
	struct judgement	 j;
	const char		*verdict;
	struct buf		 reply;
	struct store_entry	*v;
	int			 n;
	struct store		*store;		/* for names of scopes */
};

static const char *
when(int64_t t, char out[CLOCK_ISO_SIZE])
{
	return t == 0 ? "never" : clock_iso((time_t)t, out);
}

/* obeyed - the entry's scope by name; NULL if the stream does not obey it */
static const char *
obeyed(const struct answer *a, const struct store_entry *e)
{
	const char	*name = judge_scope(a->s, e->scope);

	return strcmp(name, "?") != 0 ? name : NULL;
}

/* effect - in a few words, what an entry does to this stream */
static const char *
effect(const struct answer *a, const struct store_entry *e)
{
	if (obeyed(a, e) == NULL)
		return "scope not obeyed by this stream";
	if (!e->in_force)
		return e->reason == STORE_SOFT_BOUNCE &&
		    (e->expires == 0 || e->expires > clock_now()) ?
		    "below the threshold" : "expired";
	return judge_stops(a->s, e) ? "stops this stream" :
	    "does not stop this class";
}

/* ask - fill the answer; the exit status */
static int
ask(struct ctl *ctl, struct answer *a)
{
	struct err	e = { "", 0 };
	const char	*status;
	int		rc;

	a->verdict = "pass";
	if (a->unparsed != NULL)
		return EX_OK;
	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	a->store = ctl->store;
	if ((a->v = calloc(ENTRIES, sizeof *a->v)) == NULL) {
		(void)err_set(&e, "no memory");
		return ctl_fail(&e, EX_OSERR);
	}
	a->n = store_find(ctl->store, &a->addr, NULL, 0, a->v, ENTRIES, &e);
	if (a->n == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	judge(ctl->store, a->s, &a->addr, &a->j, &e);
	if (a->j.answer == JUDGE_UNKNOWN)
		return ctl_fail(&e, EX_TEMPFAIL);
	if (a->j.answer == JUDGE_PASS)
		return EX_OK;
	a->verdict = a->s->hit == STREAM_HIT_REJECT ? "reject" :
	    a->s->hit == STREAM_HIT_DISCARD ? "discard" : "observe";
	if (a->s->hit != STREAM_HIT_REJECT)
		return EX_OK;
	buf_init(&a->reply, JUDGE_TEXT_MAX + 16);
	(void)buf_adds(&a->reply, "550 5.7.1 ");
	if (judge_reply(a->s, &a->j, &status, &a->reply, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	memcpy(a->reply.data + 4, status, 5);	/* all have five octets */
	return EX_OK;
}

/* scope_name - also of one that the stream does not obey */
static const char *
scope_name(const struct answer *a, const struct store_entry *e,
    char out[STORE_SCOPE_MAX + 1])
{
	const char	*name = obeyed(a, e);

	if (name != NULL)
		return name;
	return store_scope_name(a->store, e->scope, out, NULL) == -1 ? "?" :
	    out;
}

static void
print_entry(const struct answer *a, const struct store_entry *e)
{
	const char	*name = store_reason_name(e->reason);
	char		 iso[CLOCK_ISO_SIZE], scope[STORE_SCOPE_MAX + 1];

	(void)printf("entry     %s%s, scope %s: %s\n", name != NULL ? name :
	    "(unknown reason)", e->domain ? " of the whole domain" : "",
	    scope_name(a, e, scope), effect(a, e));
	(void)printf("          first %s", when(e->first, iso));
	(void)printf(", last %s, count %" PRIu32, when(e->last, iso),
	    e->count);
	(void)printf(", expires %s\n", when(e->expires, iso));
	if (e->source[0] != '\0' || e->evidence[0] != '\0')
		(void)printf("          source %s, evidence %s\n",
		    e->source[0] != '\0' ? e->source : "-",
		    e->evidence[0] != '\0' ? e->evidence : "-");
}

static void
print_text(const struct answer *a, const char *typed)
{
	static const char *const	hits[] = { "reject", "discard",
		"observe" };
	size_t				i;
	int				k;

	(void)printf("address   %s\n", a->unparsed != NULL ? typed :
	    a->addr.text);
	(void)printf("stream    %s, class %s, hit %s\nscopes   ", a->s->name,
	    stream_class_name(a->s->klass), hits[a->s->hit]);
	for (i = 0; i < a->s->scopes.n; i++)
		(void)printf(" %s", a->s->scopes.v[i]);
	(void)putchar('\n');
	for (k = 0; k < a->n; k++)
		print_entry(a, &a->v[k]);
	if (a->unparsed != NULL)
		(void)printf("entry     none: not an address (%s), which is "
		    "the MTA's business\n", a->unparsed);
	else if (a->n == 0)
		(void)printf("entry     none\n");
	if (a->j.case_id[0] != '\0')
		(void)printf("case      %s\n", a->j.case_id);
	(void)printf("verdict   %s\n", a->verdict);
	if (a->reply.len > 0)
		(void)printf("reply     %s\n", buf_str(&a->reply));
}

static json_t *
json_entry(const struct answer *a, const struct store_entry *e)
{
	const char	*name = store_reason_name(e->reason);
	char		 scope[STORE_SCOPE_MAX + 1];
	json_t		*j;

	j = json_pack("{s:s?, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:I, "
	    "s:s, s:s, s:s}", "reason", name, "scope", scope_name(a, e, scope),
	    "domain", e->domain, "in_force", e->in_force, "stops",
	    obeyed(a, e) != NULL && judge_stops(a->s, e), "first",
	    (json_int_t)e->first, "last", (json_int_t)e->last, "expires",
	    (json_int_t)e->expires, "count", (json_int_t)e->count, "source",
	    e->source, "evidence", e->evidence, "effect", effect(a, e));
	return j;
}

static int
print_json(const struct answer *a, const char *typed)
{
	json_t	*j, *list = json_array();
	int	 k, rc;

	for (k = 0; k < a->n; k++)
		(void)json_array_append_new(list, json_entry(a, &a->v[k]));
	j = json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o}",
	    "address", a->unparsed != NULL ? typed : a->addr.text,
	    "stream", a->s->name, "class", stream_class_name(a->s->klass),
	    "verdict", a->verdict, "reply", a->reply.len > 0 ?
	    buf_str(&a->reply) : NULL, "case", a->j.case_id[0] != '\0' ?
	    a->j.case_id : NULL, "unparsed", a->unparsed, "entries", list);
	rc = j != NULL && json_dumpf(j, stdout, JSON_COMPACT) == 0 ? EX_OK :
	    EX_OSERR;
	json_decref(j);
	(void)putchar('\n');
	return rc;
}

/* explain - with the streams loaded; the exit status */
static int
explain(struct ctl *ctl, const struct stream_set *set, const char *typed,
    const char *stream, bool json)
{
	struct answer	a = { .unparsed = NULL };
	int		rc;

	if ((a.s = stream_find(set, stream)) == NULL) {
		(void)fprintf(stderr, "mailweir: explain: no [stream %s] in "
		    "%s\n", stream, ctl->conf_path);
		return EX_USAGE;
	}
	if (addr_normal(typed, strlen(typed), ctl->rules, &a.addr,
	    &a.unparsed) == ADDR_OK)
		a.unparsed = NULL;
	else if (a.unparsed == NULL)
		a.unparsed = "the null address";
	if ((rc = ask(ctl, &a)) == EX_OK) {
		if (json)
			rc = print_json(&a, typed);
		else
			print_text(&a, typed);
	}
	buf_free(&a.reply);
	free(a.v);
	return rc;
}

int
cmd_explain(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "stream", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 }
	};
	struct stream_set		*set = NULL;
	struct err			 e = { "", 0 };
	const char			*stream = NULL;
	bool				 json = false;
	int				 ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("explain",
			    "  --stream S  as mail of [stream S]\n"
			    "  --json      one JSON object\n\n"
			    "Ends with status 75 when the store cannot say, "
			    "where the milter answers 451.\n");
		case 'j':
			json = true;
			break;
		case 's':
			stream = optarg;
			break;
		default:
			return ctl_usage_opt("explain", argv);
		}
	}
	if (optind + 1 != argc)
		return ctl_usage("explain", "one address is wanted");
	if (stream == NULL)
		return ctl_usage("explain", "--stream is missing");
	if ((rc = ctl_conf(ctl)) != EX_OK)
		return rc;
	if (stream_set_load(ctl->conf, &set, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	rc = explain(ctl, set, argv[optind], stream, json);
	stream_set_free(&set);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* act.c - see act.h */
#include "keyword/act.h"

#include <string.h>

#include "base/banned.h"

void
act_limits(const struct stream *s, const struct act_limits *dflt,
    struct act_limits *out)
{
	out->tag = s->tag_score != 0 ? s->tag_score : dflt->tag;
	out->hold = s->hold_score != 0 ? s->hold_score : dflt->hold;
	out->reject = s->reject_score != 0 ? s->reject_score : dflt->reject;
}

/* raise - the stronger of two */
static void
raise_to(struct act *a, enum act_verdict v, const char *why, const char *text)
{
	if (v <= a->verdict)
		return;
	a->verdict = v;
	a->why = why;
	a->text = text;
}

/* by_rule - what the actions of one rule ask for */
static void
by_rule(const struct rules_info *info, struct act *a)
{
	size_t	i;

	for (i = 0; i < info->nacts; i++)
		switch (info->acts[i].what) {
		case RULES_TAG:
			raise_to(a, ACT_TAG, info->name, "");
			break;
		case RULES_HOLD:
			raise_to(a, ACT_HOLD, info->name, "");
			break;
		case RULES_REJECT:
			raise_to(a, ACT_REJECT, info->name,
			    info->acts[i].arg);
			break;
		case RULES_NOTIFY:
			break;
		}
}

void
act_decide(const struct rules *r, const struct rules_result *res,
    const struct act_limits *lim, enum act_verdict slow,
    enum act_verdict large, struct act *out)
{
	struct rules_info	info;
	size_t			i;

	out->verdict = ACT_PASS;
	out->why = "-";
	out->text = "";
	if (lim->tag != 0 && res->score >= lim->tag)
		raise_to(out, ACT_TAG, "score", "");
	if (lim->hold != 0 && res->score >= lim->hold)
		raise_to(out, ACT_HOLD, "score", "");
	if (lim->reject != 0 && res->score >= lim->reject)
		raise_to(out, ACT_REJECT, "score", "");
	for (i = 0; i < res->n; i++) {
		rules_info(r, res->v[i].rule, &info);
		by_rule(&info, out);
	}
	if (res->over_budget != (size_t)-1)
		raise_to(out, slow, "budget", "");
	raise_to(out, large, "size", "Message too large to be examined");
}

int
act_hits(const struct rules *r, const struct rules_result *res,
    struct buf *out)
{
	struct rules_info	info;
	size_t			i;
	int			rc = 0;

	for (i = 0; i < res->n && rc == 0; i++) {
		rules_info(r, res->v[i].rule, &info);
		if (out->len + strlen(info.name) + 16 > out->max)
			break;
		rc = buf_addf(out, "%s%s=%.1f", out->len > 0 ? ", " : "",
		    info.name, res->v[i].score);
	}
	return rc;
}

/* has - is the label already in the list? */
static bool
has(const struct buf *b, const char *label)
{
	const char	*p = buf_str(b);
	size_t		 n = strlen(label);

	for (; (p = strstr(p, label)) != NULL; p += n)
		if ((p == buf_str(b) || p[-1] == ' ') &&
		    (p[n] == '\0' || p[n] == ','))
			return true;
	return false;
}

int
act_tags(const struct rules *r, const struct rules_result *res,
    struct buf *out)
{
	struct rules_info	info;
	size_t			i, k;
	int			rc = 0;

	for (i = 0; i < res->n && rc == 0; i++) {
		rules_info(r, res->v[i].rule, &info);
		for (k = 0; k < info.nacts && rc == 0; k++)
			if (info.acts[k].what == RULES_TAG &&
			    !has(out, info.acts[k].arg) &&
			    out->len + 64 < out->max)
				rc = buf_addf(out, "%s%s", out->len > 0 ?
				    ", " : "", info.acts[k].arg);
	}
	return rc;
}

const char *
act_verdict_name(enum act_verdict v)
{
	switch (v) {
	case ACT_PASS:		return "pass";
	case ACT_TAG:		return "tag";
	case ACT_HOLD:		return "hold";
	case ACT_TEMPFAIL:	return "tempfail";
	case ACT_REJECT:	return "reject";
	}
	return "?";
}

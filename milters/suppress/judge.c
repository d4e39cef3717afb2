/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge.c - see judge.h
 *
 *	entry		stream stops its reason	answer
 *	none		-			pass
 *	not in force	-			pass (expired, or soft bounces
 *						below their threshold)
 *	in force	no			pass
 *	in force	yes			stop
 *	cannot say	-			unknown: later, never "absent"
 *
 * The enhanced status (RFC 3463) tells the sender's software what it would
 * have heard from the recipient's own host: 5.1.1 no such mailbox for a hard
 * bounce, 5.1.2 no such domain; all else is our refusal, 5.7.1.
 */
#include "suppress/judge.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/banned.h"

/* One lookup finds at most this much: each scope and reason, for the address
 * and for its domain, under every readable key. */
#define ALL_HITS	((STREAM_SCOPES + 1) * STORE_REASON_MAX * 2 * \
			    STORE_KEYS_MAX)

#define DEFAULT_REPLY	"Recipient suppressed (${reason}): ${why}; " \
			"stream ${stream}, class ${class}, case ${case}"

/* Gravest first: the one that the sender can do least about. */
static const struct {
	enum store_reason	 reason;
	const char		*status, *why;
} reasons[] = {
	{ STORE_LEGAL, "5.7.1", "must not be mailed, by legal order" },
	{ STORE_TRAP, "5.7.1", "this address must not be mailed" },
	{ STORE_HARD_BOUNCE, "5.1.1", "earlier mail found no such mailbox" },
	{ STORE_INVALID_DOMAIN, "5.1.2", "the domain takes no mail" },
	{ STORE_COMPLAINT, "5.7.1", "complained about earlier mail" },
	{ STORE_OPTOUT, "5.7.1", "unsubscribed" },
	{ STORE_MANUAL, "5.7.1", "suppressed by an operator" },
	{ STORE_SOFT_BOUNCE, "5.7.1", "earlier mail failed too often" },
	{ STORE_IMPORT, "5.7.1", "is on an imported suppression list" },
};
#define REASONS	(sizeof reasons / sizeof *reasons)

/* gravity - place in the table; REASONS for a reason it does not know */
static size_t
gravity(enum store_reason reason)
{
	size_t	i;

	for (i = 0; i < REASONS && reasons[i].reason != reason; i++)
		;
	return i;
}

bool
judge_stops(const struct stream *s, const struct store_entry *e)
{
	/* a reason from a later version of the store is beyond our table */
	return e->in_force && e->reason > 0 && e->reason < STORE_REASON_MAX &&
	    s->stops[e->reason];
}

void
judge_case(const struct store_id *id, char out[JUDGE_CASE_SIZE])
{
	(void)codec_hex(id->digest, JUDGE_CASE_OCTETS, out);
}

const char *
judge_scope(const struct stream *s, uint32_t id)
{
	size_t	i;

	for (i = 0; i < s->nscopes && i < s->scopes.n; i++)
		if (s->scope_ids[i] == id)
			return s->scopes.v[i];
	return id == store_scope_id("*") ? "*" : "?";
}

/* gravest - of n hits, the one that stops and weighs most; NULL if none */
static const struct store_entry *
gravest(const struct stream *s, const struct store_entry *hits, size_t n)
{
	const struct store_entry	*best = NULL;
	size_t				 i;

	for (i = 0; i < n; i++)
		if (judge_stops(s, &hits[i]) && (best == NULL ||
		    gravity(hits[i].reason) < gravity(best->reason)))
			best = &hits[i];
	return best;
}

/* earliest - opt-out in force, for the clock, whether it stops us or not */
static void
earliest(const struct stream *s, const struct store_entry *hits, size_t n,
    struct judgement *out)
{
	size_t	i;

	for (i = 0; i < n; i++) {
		if (hits[i].reason != STORE_OPTOUT || !hits[i].in_force ||
		    (out->has_optout && out->optout.first <= hits[i].first))
			continue;
		out->has_optout = true;
		out->optout = hits[i];
		out->optout_scope = judge_scope(s, hits[i].scope);
	}
}

/* take - the answer that n hits give */
static void
take(const struct stream *s, const struct store_entry *hits, size_t n,
    struct judgement *out)
{
	const struct store_entry	*best = gravest(s, hits, n);

	earliest(s, hits, n, out);
	if (best == NULL)
		return;
	out->answer = JUDGE_STOP;
	out->entry = *best;
	out->scope = judge_scope(s, best->scope);
	judge_case(&best->id, out->case_id);
}

/* ask_all - the rare recipient with more entries than fit at first */
static void
ask_all(struct store *store, const struct stream *s, const struct addr *a,
    struct judgement *out, struct err *e)
{
	struct store_entry	*hits = calloc(ALL_HITS, sizeof *hits);
	int			 n = -1;

	if (hits == NULL)
		(void)err_code(e, EX_OSERR, "no memory");
	else
		n = store_find(store, a, s->scope_ids, s->nscopes, hits,
		    ALL_HITS, e);
	if (n == -1)
		out->answer = JUDGE_UNKNOWN;
	else
		take(s, hits, (size_t)n, out);
	free(hits);
}

void
judge(struct store *store, const struct stream *s, const struct addr *a,
    struct judgement *out, struct err *e)
{
	struct store_entry	hits[STORE_HITS_MAX];
	int			n;

	out->answer = JUDGE_PASS;
	out->case_id[0] = '\0';
	out->scope = "";
	out->has_optout = false;
	n = store == NULL ? -1 : store_find(store, a, s->scope_ids,
	    s->nscopes, hits, STORE_HITS_MAX, e);
	if (n == -1) {
		out->answer = JUDGE_UNKNOWN;
		return;
	}
	take(s, hits, (size_t)n, out);
	if (out->answer == JUDGE_PASS && n >= STORE_HITS_MAX)
		ask_all(store, s, a, out, e);
}

/* word - what ${name} stands for; NULL if nothing */
static const char *
word(const char *name, size_t n, const struct stream *s,
    const struct judgement *j)
{
	const struct {
		const char	*name, *value;
	}	words[] = {
		{ "reason", store_reason_name(j->entry.reason) },
		{ "why", reasons[gravity(j->entry.reason) % REASONS].why },
		{ "stream", s->name },
		{ "class", stream_class_name(s->klass) },
		{ "scope", j->scope },
		{ "case", j->case_id },
	};
	size_t	i;

	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].name) == n &&
		    memcmp(words[i].name, name, n) == 0)
			return words[i].value != NULL ? words[i].value : "?";
	return NULL;
}

int
judge_reply(const struct stream *s, const struct judgement *j,
    const char **status, struct buf *text, struct err *e)
{
	const char	*p = *s->reply != '\0' ? s->reply : DEFAULT_REPLY;
	const char	*q, *end, *value;

	*status = reasons[gravity(j->entry.reason) % REASONS].status;
	for (; (q = strstr(p, "${")) != NULL; p = end + 1) {
		(void)buf_add_some(text, p, (size_t)(q - p));
		q += 2;
		if ((end = strchr(q, '}')) == NULL)
			return err_code(e, EX_CONFIG, "${ without }");
		value = word(q, (size_t)(end - q), s, j);
		if (value == NULL)
			return err_code(e, EX_CONFIG, "${%.*s} is unknown; "
			    "there are ${reason}, ${why}, ${stream}, ${class},"
			    " ${scope} and ${case}", (int)(end - q > 40 ? 40 :
			    end - q), q);
		(void)buf_add_some(text, value, strlen(value));
	}
	(void)buf_add_some(text, p, strlen(p));
	return text->failed ? err_code(e, EX_OSERR, "no memory") : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* hook.c - see hook.h; the forms themselves are in hook_NAME.c */
#include "feedback/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <openssl/sha.h>

#include "base/codec.h"
#include "feedback/hook_int.h"

#include "base/banned.h"

#define ID_MAX		256	/* octets of an event's id */
#define DIGEST		16	/* octets of one that we make */

const char *const hook_providers[] = { "ses", "sendgrid", "mailgun",
    "postmark", NULL };

static const struct {
	const char	*agent;
	void		(*read)(struct hook *, const json_t *);
} forms[] = {
	[HOOK_SES] = { "amazon-ses", hook_ses },
	[HOOK_SENDGRID] = { "sendgrid", hook_sendgrid },
	[HOOK_MAILGUN] = { "mailgun", hook_mailgun },
	[HOOK_POSTMARK] = { "postmark", hook_postmark },
};

/* bounded - depth and number of values, before memory is spent on them */
static bool
bounded(const char *p, size_t n)
{
	size_t	i, values = 0;
	int	depth = 0;
	bool	quoted = false;

	for (i = 0; i < n; i++) {
		if (quoted && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (p[i] == '{' || p[i] == '[') {
			if (++depth > HOOK_DEPTH_MAX)
				return false;
			values++;
		} else if (p[i] == '}' || p[i] == ']')
			depth--;
		else if (p[i] == ',')
			values++;
	}
	return values <= HOOK_VALUES_MAX;
}

json_t *
hook_json(const char *p, size_t n)
{
	json_error_t	je;

	return bounded(p, n) ? json_loadb(p, n, JSON_REJECT_DUPLICATES, &je) :
	    NULL;
}

const char *
hook_str(struct hook *h, const json_t *o, const char *key)
{
	const json_t	*v = json_object_get(o, key);
	char		 number[32];
	int		 n;

	if (json_is_string(v))
		return arena_line(h->ps.arena, json_string_value(v),
		    strlen(json_string_value(v)), VALUE_MAX);
	if (!json_is_integer(v))
		return "";
	n = snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
	    json_integer_value(v));
	return arena_dup(h->ps.arena, number, (size_t)n);
}

const struct hook_word *
hook_find(const struct hook_word *w, const char *word)
{
	for (; w->word != NULL; w++)
		if (strcasecmp(w->word, word) == 0)
			return w;
	return NULL;
}

struct feedback_event *
hook_add(struct hook *h, enum feedback_kind kind, const char *address,
    const char *id)
{
	struct feedback_event	*ev;
	struct text		 addr;
	size_t			 from = 0;

	if (!text_address((struct text){ address, strlen(address) }, &from,
	    &addr)) {
		h->bad++;
		return NULL;
	}
	if ((ev = parse_event(&h->ps)) == NULL)
		return NULL;
	ev->kind = kind;
	ev->recipient = arena_dup(h->ps.arena, addr.p, addr.n);
	ev->event_id = arena_dup(h->ps.arena, id, strnlen(id, ID_MAX));
	ev->scope = h->scopes->other;
	ev->agent = h->agent;
	ev->confidence = 1.0;
	return ev;
}

/* mapped - the scope of one label, NULL if it has none */
static const char *
mapped(const struct conf_list *map, const char *label)
{
	const char	*colon;
	size_t		 i, n = strlen(label);

	for (i = 0; i < map->n; i++) {
		colon = strrchr(map->v[i], ':');
		if (colon != NULL && (size_t)(colon - map->v[i]) == n &&
		    memcmp(map->v[i], label, n) == 0)
			return colon + 1;
	}
	return NULL;
}

void
hook_label(struct hook *h, struct feedback_event *ev, const json_t *v)
{
	const char	*scope = NULL;
	char		 number[32];
	size_t		 i;

	if (ev == NULL || ev->scope != h->scopes->other)
		return;
	for (i = 0; i < json_array_size(v); i++)
		if (json_is_string(json_array_get(v, i)))
			hook_label(h, ev, json_array_get(v, i));
	if (json_is_string(v))
		scope = mapped(h->scopes->map, json_string_value(v));
	else if (json_is_integer(v)) {
		(void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(v));
		scope = mapped(h->scopes->map, number);
	}
	if (scope != NULL)
		ev->scope = scope;
}

void
hook_reason(struct hook *h, struct feedback_event *ev, const char *said,
    const char *status, const char *code, const struct hook_word *w)
{
	struct text	t = { said, strlen(said) };
	struct text	s = { status, strlen(status) };
	struct text	c = { code, strlen(code) };

	ev->diagnostic = said;
	ev->status = status_find(&h->ps, s);
	if (ev->status[0] == '\0')
		ev->status = status_find(&h->ps, t);
	ev->code = status_code(&h->ps, c);
	if (ev->code[0] == '\0')
		ev->code = status_code(&h->ps, t);
	parse_reason(&h->ps, ev, "");
	if (w == NULL || w->reason == NULL ||
	    (strcmp(ev->reason, "undefined") != 0 &&
	    strcmp(ev->reason, "onhold") != 0))
		return;
	ev->reason = w->reason;
	ev->hard = w->hard;
}

/* name - events without an id are told apart by the whole element */
static void
name(struct hook *h, const json_t *o, size_t first)
{
	unsigned char	 md[SHA256_DIGEST_LENGTH];
	char		 hex[CODEC_HEX_SIZE(DIGEST)], *text;
	size_t		 i, n;

	for (i = first; i < h->ps.fb->n; i++) {
		if (h->ps.fb->v[i].event_id[0] != '\0')
			continue;
		if ((text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS |
		    JSON_ENCODE_ANY)) == NULL) {
			h->ps.arena->failed = true;
			return;
		}
		(void)SHA256((const unsigned char *)text, strlen(text), md);
		free(text);
		n = codec_hex(md, DIGEST, hex);
		h->ps.fb->v[i].event_id = arena_dup(h->ps.arena, hex, n);
	}
}

/* read_one - the events of one element */
static void
read_one(struct hook *h, enum hook_provider provider, const json_t *o)
{
	size_t	first = h->ps.fb->n;

	forms[provider].read(h, o);
	name(h, o, first);
}

int
hook_parse(const struct feedback_ctx *ctx, enum hook_provider provider,
    const struct hook_scopes *scopes, json_t *doc, struct feedback **out,
    size_t *bad, struct err *e)
{
	struct hook	h = { .ps = { .ctx = ctx }, .scopes = scopes,
			    .agent = forms[provider].agent };
	size_t		i;

	if ((*out = parse_result(&h.ps)) == NULL)
		return err_set(e, "out of memory");
	h.ps.max = HOOK_EVENTS_MAX;
	if (!json_is_array(doc))
		read_one(&h, provider, doc);
	for (i = 0; i < json_array_size(doc); i++)
		read_one(&h, provider, json_array_get(doc, i));
	*bad = h.bad;
	free(h.ps.marks);
	if (!h.ps.arena->failed && !(*out)->truncated)
		return 0;
	(void)err_code(e, (*out)->truncated ? EX_DATAERR : EX_OSERR, "%s",
	    (*out)->truncated ? "too many events in one request" :
	    "out of memory");
	feedback_free(out);
	return -1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* api_row.c - a JSON object to a change of the store; see api.h */
#include "web/api.h"

#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

void
api_row_free(struct api_row *w)
{
	json_decref(w->j);
	w->j = NULL;
}

/* string - a member that is a string of at most max octets, or absent */
static int
string(json_t *j, const char *name, size_t max, const char **out,
    const char **why)
{
	json_t	*v = json_object_get(j, name);

	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_string(v) || json_string_length(v) > max) {
		*why = "a text is none, or too long";
		return -1;
	}
	*out = json_string_value(v);
	return 0;
}

/* known - no member but these */
static bool
known(json_t *j)
{
	static const char *const	names[] = { "address", "scope",
	    "reason", "expires", "source", "evidence", "note", "override" };
	const char			*key;
	json_t				*v;
	size_t				 i;

	json_object_foreach(j, key, v) {
		for (i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strcmp(key, names[i]) == 0)
				break;
		if (i == sizeof names / sizeof names[0])
			return false;
	}
	return true;
}

/* whom - "ann@example.com", or "@example.com" for a domain */
static int
whom(struct api_row *w, const struct snap *s, const char *text,
    const char **why)
{
	if (text == NULL) {
		*why = "no address";
		return -1;
	}
	if (text[0] == '@') {
		if (addr_domain(text + 1, strlen(text + 1), w->domain,
		    why) != ADDR_OK)
			return -1;
		w->c.domain = w->domain;
		return 0;
	}
	if (addr_normal(text, strlen(text), s->rules, &w->addr,
	    why) != ADDR_OK)
		return -1;
	w->c.addr = &w->addr;
	return 0;
}

/* meaning - what the texts stand for */
static int
meaning(struct api_row *w, int op, const char *reason, const char *expires,
    const char **why)
{
	time_t	t;

	if (!store_scope_ok(w->c.scope)) {
		*why = "a scope is 1 to 64 of a-z 0-9 . _ - or *";
		return -1;
	}
	if (reason == NULL)
		w->c.reason = op == STORE_ADD ? STORE_MANUAL : 0;
	else if ((w->c.reason = store_reason_parse(reason)) == 0) {
		*why = "no such reason";
		return -1;
	}
	if (expires == NULL)
		return 0;
	if (clock_parse_iso(expires, &t) == -1 || t <= clock_now()) {
		*why = "expires is no time to come, as 2027-01-31";
		return -1;
	}
	w->c.expires = t;
	return 0;
}

/* api_row_parse - JSON to a change; -1 and *why */
int
api_row_parse(struct api_row *w, const struct http_req *q, int op,
    const char *text, size_t len, const char **why)
{
	const struct api_work	*a = q->work;
	const char		*address = NULL, *reason = NULL;
	const char		*expires = NULL;
	json_error_t		 je;

	memset(w, 0, sizeof *w);
	w->c.op = op;
	w->c.scope = "*";
	w->c.source = "api";
	*why = "no JSON object";
	w->j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(w->j))
		goto bad;
	*why = "a member that is not known";
	if (!known(w->j))
		goto bad;
	if (string(w->j, "address", 1024, &address, why) == -1 ||
	    string(w->j, "scope", STORE_SCOPE_MAX, &w->c.scope, why) == -1 ||
	    string(w->j, "reason", 32, &reason, why) == -1 ||
	    string(w->j, "expires", 32, &expires, why) == -1 ||
	    string(w->j, "source", STORE_SOURCE_MAX, &w->c.source,
	    why) == -1 ||
	    string(w->j, "evidence", STORE_EVIDENCE_MAX, &w->c.evidence,
	    why) == -1 ||
	    string(w->j, "note", STORE_NOTE_MAX, &w->c.note, why) == -1)
		goto bad;
	*why = "evidence must not hold an address: it is kept in the clear";
	if (!store_evidence_ok(w->c.evidence))
		goto bad;
	if (json_is_true(json_object_get(w->j, "override"))) {
		*why = "override is for keys of role admin";
		if ((a->key->roles & API_ADMIN) == 0)
			goto bad;
		w->c.override = true;
	}
	if (whom(w, q->snap, address, why) == -1 ||
	    meaning(w, op, reason, expires, why) == -1)
		goto bad;
	return 0;
bad:
	api_row_free(w);
	return -1;
}

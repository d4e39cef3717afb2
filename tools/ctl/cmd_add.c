/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_add.c - mailweir add, remove, show: one recipient */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "ctl/cmds.h"
#include "ctl/recipient.h"
#include "store/admin.h"

#include "base/banned.h"

#define ENTRIES	512	/* that are shown of one recipient */

/* What the options of add and remove say. */
struct wish {
	struct store_change	 c;
	struct recipient	 who;
	bool			 json;
};

static const struct option opts[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "scope", required_argument, NULL, 's' },
	{ "reason", required_argument, NULL, 'r' },
	{ "expires", required_argument, NULL, 'e' },
	{ "evidence", required_argument, NULL, 'E' },
	{ "source", required_argument, NULL, 'S' },
	{ "note", required_argument, NULL, 'n' },
	{ "override", no_argument, NULL, 'o' },
	{ "json", no_argument, NULL, 'j' },
	{ NULL, 0, NULL, 0 }
};

/* option - one of them; EX_OK or the exit status */
static int
option(const char *cmd, struct wish *w, int ch, char **argv)
{
	switch (ch) {
	case 's':
		w->c.scope = optarg;
		return EX_OK;
	case 'r':
		if ((w->c.reason = store_reason_parse(optarg)) == 0)
			return ctl_usage(cmd, "no reason \"%s\"", optarg);
		return EX_OK;
	case 'e':
		if (when_parse(optarg, &w->c.expires) == -1)
			return ctl_usage(cmd, "--expires \"%s\": say 30d or "
			    "2027-01-31", optarg);
		if (w->c.expires != 0 && w->c.expires <= clock_now())
			return ctl_usage(cmd, "--expires \"%s\": is past",
			    optarg);
		return EX_OK;
	case 'E':
		w->c.evidence = optarg;
		return EX_OK;
	case 'S':
		w->c.source = optarg;
		return EX_OK;
	case 'n':
		w->c.note = optarg;
		return EX_OK;
	case 'o':
		w->c.override = true;
		return EX_OK;
	case 'j':
		w->json = true;
		return EX_OK;
	default:
		return ctl_usage_opt(cmd, argv);
	}
}

/* too_long - texts that the store would cut; the exit status */
static int
too_long(const char *cmd, const struct wish *w)
{
	if (w->c.source != NULL && strlen(w->c.source) > STORE_SOURCE_MAX)
		return ctl_usage(cmd, "--source: longer than %d octets",
		    STORE_SOURCE_MAX);
	if (!store_evidence_ok(w->c.evidence))
		return ctl_usage(cmd, "--evidence must not hold an address: it "
		    "is kept in the clear");
	if (w->c.evidence != NULL && strlen(w->c.evidence) >
	    STORE_EVIDENCE_MAX)
		return ctl_usage(cmd, "--evidence: longer than %d octets",
		    STORE_EVIDENCE_MAX);
	if (w->c.note != NULL && strlen(w->c.note) > STORE_NOTE_MAX)
		return ctl_usage(cmd, "--note: longer than %d octets",
		    STORE_NOTE_MAX);
	return EX_OK;
}

/* apply - do it and say so */
static int
apply(struct ctl *ctl, struct wish *w, const char *typed)
{
	struct err	 e = { "", 0 };
	bool		 add = w->c.op == STORE_ADD;
	const char	*what;
	int		 rc;

	if ((rc = ctl_store(ctl, STORE_WRITE)) != EX_OK)
		return rc;
	if (store_apply(ctl->store, ctl->actor, &w->c, 1, &e) == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	what = w->c.result == 0 ? "nothing to do" : add ? "added" : "removed";
	if (w->json)
		(void)printf("{\"result\":\"%s\",\"changed\":%s}\n", what,
		    w->c.result != 0 ? "true" : "false");
	else
		(void)printf("%s: %s, scope %s\n", typed, what, w->c.scope);
	return EX_OK;
}

/* change - add and remove, which differ in little */
static int
change(struct ctl *ctl, const char *cmd, int op, const char *help, int argc,
    char **argv)
{
	struct wish	w = { .c = { .scope = "*", .source = "cli" } };
	int		ch, rc;

	w.c.op = op;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help(cmd, help);
		if ((rc = option(cmd, &w, ch, argv)) != EX_OK)
			return rc;
	}
	if (optind != argc - 1)
		return ctl_usage(cmd, "one address, please");
	if (!store_scope_ok(w.c.scope))
		return ctl_usage(cmd, "--scope \"%s\": 1 to 64 of a-z 0-9 . _ "
		    "- or *", w.c.scope);
	if (op == STORE_ADD && w.c.reason == 0)
		w.c.reason = STORE_MANUAL;
	if ((rc = too_long(cmd, &w)) != EX_OK ||
	    (rc = ctl_conf(ctl)) != EX_OK ||
	    (rc = recipient_parse(ctl, argv[optind], &w.who)) != EX_OK)
		return rc;
	if (w.who.is_domain)
		w.c.domain = w.who.domain;
	else
		w.c.addr = &w.who.addr;
	return apply(ctl, &w, argv[optind]);
}

int
cmd_add(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, "add", STORE_ADD,
	    "ADDRESS is ann@example.com, or @example.com for a whole domain.\n"
	    "  --scope S     from this scope's mail; * is all mail, the "
	    "default\n"
	    "  --reason R    optout complaint hard-bounce soft-bounce\n"
	    "                invalid-domain manual import legal trap; manual "
	    "is the default\n"
	    "  --expires T   30d, 2027-01-31; else as [store] says for the "
	    "reason\n"
	    "  --evidence ID Message-ID, ticket, case; up to 64 octets\n"
	    "  --source S    where it comes from; cli is the default\n"
	    "  --note TEXT   for the journal\n"
	    "  --json        one JSON object\n", argc, argv);
}

int
cmd_remove(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, "remove", STORE_REMOVE,
	    "ADDRESS is ann@example.com, or @example.com for a whole domain.\n"
	    "  --scope S     from this scope; * is the default\n"
	    "  --reason R    only this one; else all of the scope\n"
	    "  --override    complaint and legal, too; needs --note\n"
	    "  --note TEXT   stated reason, for the journal\n"
	    "  --json        one JSON object\n", argc, argv);
}

/* -- show ------------------------------------------------------------------ */

static void
show_text(const struct store_entry *en, const char *scope)
{
	char	iso[CLOCK_ISO_SIZE], id[ID_TEXT_SIZE];
	char	safe[SAFE_SIZE(STORE_EVIDENCE_MAX)];

	(void)printf("%-14s scope %s: %s%s%s\n",
	    store_reason_name(en->reason), scope, en->in_force ? "in force" :
	    en->reason == STORE_SOFT_BOUNCE && (en->expires == 0 ||
	    en->expires > clock_now()) ? "below the threshold" : "expired",
	    en->domain ? ", whole domain" : "",
	    en->imported ? ", from a list" : "");
	if (en->first != 0)
		(void)printf("  first    %s\n", when_text(en->first, iso));
	if (en->last != 0)
		(void)printf("  last     %s\n", when_text(en->last, iso));
	(void)printf("  expires  %s\n", when_text(en->expires, iso));
	(void)printf("  count    %" PRIu32 "\n", en->count);
	if (en->source[0] != '\0')
		(void)printf("  source   %s\n", safe_text(en->source, false,
		    safe, sizeof safe));
	if (en->evidence[0] != '\0')
		(void)printf("  evidence %s\n", safe_text(en->evidence, false,
		    safe, sizeof safe));
	(void)printf("  id       %s\n", id_text(&en->id, id));
}

/* text_json - a JSON string of what others chose */
static json_t *
text_json(const char *s)
{
	char	 safe[SAFE_SIZE(STORE_EVIDENCE_MAX)];
	json_t	*j = json_string(s);

	return j != NULL ? j : json_string(safe_text(s, false, safe,
	    sizeof safe));
}

static void
show_json(const struct store_entry *en, const char *scope)
{
	char	 iso[3][CLOCK_ISO_SIZE], id[ID_TEXT_SIZE];
	json_t	*j, *source = text_json(en->source);
	json_t	*evidence = text_json(en->evidence);

	j = json_pack("{s:s, s:s, s:b, s:b, s:b, s:s?, s:s?, s:s?, s:i, s:o, "
	    "s:o, s:s}", "reason", store_reason_name(en->reason),
	    "scope", scope, "in_force", en->in_force, "domain", en->domain,
	    "imported", en->imported,
	    "first", en->first == 0 ? NULL : clock_iso(en->first, iso[0]),
	    "last", en->last == 0 ? NULL : clock_iso(en->last, iso[1]),
	    "expires", en->expires == 0 ? NULL :
	    clock_iso(en->expires, iso[2]), "count", (int)en->count,
	    "source", source, "evidence", evidence,
	    "id", id_text(&en->id, id));
	if (j != NULL && json_dumpf(j, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(j);
}

/* find - the entries of the recipient, at most one more than are shown; their
 * number, or -1 */
static int
find(struct ctl *ctl, const struct recipient *who, const uint32_t *scope,
    struct store_entry *v, struct err *e)
{
	struct store_id	id;
	unsigned	i;
	int		n, all = 0;

	if (!who->is_domain)
		return store_find(ctl->store, &who->addr, scope,
		    scope != NULL, v, ENTRIES + 1, e);
	for (i = 0; i < store_keys_count(ctl->keys); i++) {
		store_keys_domain(ctl->keys, i, who->domain, &id);
		n = store_find_id(ctl->store, &id, scope, scope != NULL,
		    v + all, (size_t)(ENTRIES + 1 - all), e);
		if (n == -1)
			return -1;
		all += n;
		if (all > ENTRIES)
			break;
	}
	return all;
}

/* show - find and print; exit 0 also when there is nothing */
static int
show(struct ctl *ctl, const struct recipient *who, const char *typed,
    const char *scope, bool json)
{
	struct store_entry	*v;
	struct err		 e = { "", 0 };
	uint32_t		 id = scope != NULL ? store_scope_id(scope) : 0;
	char			 name[STORE_SCOPE_MAX + 1];
	int			 i, n;

	if ((v = calloc(ENTRIES + 1, sizeof *v)) == NULL) {
		(void)err_set(&e, "no memory");
		return ctl_fail(&e, EX_OSERR);
	}
	n = find(ctl, who, scope != NULL ? &id : NULL, v, &e);
	for (i = 0; i < n && i < ENTRIES; i++) {
		if (store_scope_name(ctl->store, v[i].scope, name, &e) == -1)
			n = -1;
		else if (json)
			show_json(&v[i], name);
		else
			show_text(&v[i], name);
	}
	free(v);
	if (n == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	if (n > ENTRIES) {
		(void)fflush(stdout);
		(void)fprintf(stderr, "mailweir: %s has more: these are only "
		    "the first %d entries; --scope shows those of one scope\n",
		    typed, ENTRIES);
	}
	if (n == 0 && !json)
		(void)printf("%s: not in the store\n", typed);
	return EX_OK;
}

int
cmd_show(struct ctl *ctl, int argc, char **argv)
{
	struct recipient	who;
	const char		*scope = NULL;
	bool			 json = false;
	int			 ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("show",
			    "  --scope S  only this scope\n"
			    "  --json     one JSON object an entry\n");
		if (ch == 's')
			scope = optarg;
		else if (ch == 'j')
			json = true;
		else
			return ctl_usage_opt("show", argv);
	}
	if (optind != argc - 1)
		return ctl_usage("show", "one address, please");
	if ((rc = ctl_conf(ctl)) != EX_OK ||
	    (rc = recipient_parse(ctl, argv[optind], &who)) != EX_OK ||
	    (rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	return show(ctl, &who, argv[optind], scope, json);
}

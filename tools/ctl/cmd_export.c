/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_export.c - mailweir export: what the store holds, without addresses */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "ctl/cmds.h"
#include "ctl/recipient.h"
#include "store/admin.h"

#include "base/banned.h"

struct out {
	bool	 json;
	FILE	*f;
	bool	 in_force;	/* only those */
};

/* print - one entry. Nothing in it needs quoting but source and evidence,
 * which are checked where they come in and escaped here all the same. */
static void
put_text(FILE *f, const char *s, bool json)
{
	for (; *s != '\0'; s++) {
		unsigned char	c = (unsigned char)*s;

		if (json && (c == '"' || c == '\\'))
			(void)fprintf(f, "\\%c", c);
		else if (json && (c < ' ' || c == 0x7f))
			(void)fprintf(f, "\\u%04x", c);
		else if (!json && c == '"')
			(void)fputs("\"\"", f);
		else if (!json && c < ' ')
			(void)putc(' ', f);
		else
			(void)putc(c, f);
	}
}

static void
put_csv(FILE *f, const struct store_entry *en, const char *scope)
{
	char	iso[CLOCK_ISO_SIZE], id[ID_TEXT_SIZE];

	(void)fprintf(f, "%s,%s,%s,%d,%d,%d,", id_text(&en->id, id), scope,
	    store_reason_name(en->reason), en->in_force, en->domain,
	    en->imported);
	(void)fprintf(f, "%s,", en->first == 0 ? "" :
	    clock_iso(en->first, iso));
	(void)fprintf(f, "%s,", en->last == 0 ? "" : clock_iso(en->last, iso));
	(void)fprintf(f, "%s,%" PRIu32 ",\"", en->expires == 0 ? "" :
	    clock_iso(en->expires, iso), en->count);
	put_text(f, en->source, false);
	(void)fputs("\",\"", f);
	put_text(f, en->evidence, false);
	(void)fputs("\"\n", f);
}

static void
put_time(FILE *f, const char *name, int64_t t)
{
	char	iso[CLOCK_ISO_SIZE];

	if (t == 0)
		(void)fprintf(f, ",\"%s\":null", name);
	else
		(void)fprintf(f, ",\"%s\":\"%s\"", name, clock_iso(t, iso));
}

static void
put_json(FILE *f, const struct store_entry *en, const char *scope)
{
	char	id[ID_TEXT_SIZE];

	(void)fprintf(f, "{\"id\":\"%s\",\"scope\":\"%s\",\"reason\":\"%s\","
	    "\"in_force\":%s,\"domain\":%s,\"imported\":%s",
	    id_text(&en->id, id), scope, store_reason_name(en->reason),
	    en->in_force ? "true" : "false", en->domain ? "true" : "false",
	    en->imported ? "true" : "false");
	put_time(f, "first", en->first);
	put_time(f, "last", en->last);
	put_time(f, "expires", en->expires);
	(void)fprintf(f, ",\"count\":%" PRIu32 ",\"source\":\"", en->count);
	put_text(f, en->source, true);
	(void)fputs("\",\"evidence\":\"", f);
	put_text(f, en->evidence, true);
	(void)fputs("\"}\n", f);
}

static int
print(void *arg, const struct store_entry *en, const char *scope)
{
	struct out	*o = arg;

	if (o->in_force && !en->in_force)
		return 0;
	if (o->json)
		put_json(o->f, en, scope);
	else
		put_csv(o->f, en, scope);
	return ferror(o->f) != 0;	/* nobody reads on */
}

/* run - to the file or standard output */
static int
run(struct ctl *ctl, struct out *o, const char *scope, const char *path)
{
	struct output	f;
	struct err	e = { "", 0 };
	int		rc;

	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK ||
	    (rc = output_open(&f, path)) != EX_OK)
		return rc;
	o->f = f.f;
	if (!o->json)
		(void)fputs("id,scope,reason,in_force,domain,imported,first,"
		    "last,expires,count,source,evidence\n", o->f);
	rc = store_each(ctl->store, scope, print, o, &e);
	if (output_close(&f, rc == 0) != EX_OK)
		return EX_CANTCREAT;
	return rc == -1 ? ctl_fail(&e, EX_TEMPFAIL) : EX_OK;
}

int
cmd_export(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "scope", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		{ "in-force", no_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct out			o = { .json = false };
	const char			*scope = NULL, *path = NULL;
	int				ch;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("export",
	    "The store holds no addresses: an entry is told by its id.\n"
	    "  --scope S      only this scope\n"
	    "  --in-force     only what stops mail now\n"
	    "  --output FILE  written whole or not at all\n"
	    "  --json         one JSON object an entry; else csv\n");
		case 's':
			scope = optarg;
			break;
		case 'o':
			path = optarg;
			break;
		case 'i':
			o.in_force = true;
			break;
		case 'j':
			o.json = true;
			break;
		default:
			return ctl_usage_opt("export", argv);
		}
	}
	if (optind != argc)
		return ctl_usage("export", "takes no argument");
	if (scope != NULL && !store_scope_ok(scope))
		return ctl_usage("export", "\"%s\" is no scope", scope);
	return run(ctl, &o, scope, path);
}

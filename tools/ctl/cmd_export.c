/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_export.c - mailweir export: what the store holds, without addresses */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "ctl/cmds.h"
#include "ctl/recipient.h"
#include "store/admin.h"
#include "store/seal.h"

#include "base/banned.h"

struct out {
	bool	 json;
	FILE	*f;
	bool	 in_force;	/* only those */
	struct store	*store;
	struct seal_key	*key;	/* NULL: no addresses */
	uint64_t	 sealed_off;	/* entries without a copy that opens */
	struct err	 e;
};

/* put_text - a text that others chose: quoted for csv or JSON */
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

/* put_chosen - the same as a JSON string; what is no UTF-8 as \xHH */
static void
put_chosen(FILE *f, const char *s)
{
	char	 safe[SAFE_SIZE(STORE_EVIDENCE_MAX)];
	json_t	*j = json_string(s);

	(void)putc('"', f);
	put_text(f, j != NULL ? s : safe_text(s, false, safe, sizeof safe),
	    true);
	(void)putc('"', f);
	json_decref(j);
}

static void
put_csv(const struct out *o, const struct store_entry *en, const char *scope,
    const char *address)
{
	FILE	*f = o->f;
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
	if (o->key != NULL) {
		(void)fputs("\",\"", f);
		put_text(f, address, false);
	}
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
put_json(const struct out *o, const struct store_entry *en,
    const char *scope, const char *address)
{
	FILE	*f = o->f;
	char	id[ID_TEXT_SIZE];

	(void)fprintf(f, "{\"id\":\"%s\",\"scope\":\"%s\",\"reason\":\"%s\","
	    "\"in_force\":%s,\"domain\":%s,\"imported\":%s",
	    id_text(&en->id, id), scope, store_reason_name(en->reason),
	    en->in_force ? "true" : "false", en->domain ? "true" : "false",
	    en->imported ? "true" : "false");
	put_time(f, "first", en->first);
	put_time(f, "last", en->last);
	put_time(f, "expires", en->expires);
	(void)fprintf(f, ",\"count\":%" PRIu32 ",\"source\":", en->count);
	put_chosen(f, en->source);
	(void)fputs(",\"evidence\":", f);
	put_chosen(f, en->evidence);
	if (address[0] != '\0') {
		(void)fputs(",\"address\":\"", f);
		put_text(f, address, true);
		(void)putc('"', f);
	}
	(void)fputs("}\n", f);
}

/* unseal - the address, "" when there is no copy that opens */
static void
unseal(struct out *o, const struct store_entry *en, char *text)
{
	text[0] = '\0';
	if (o->key != NULL && (en->imported || store_unseal(o->store, o->key,
	    &en->id, text, &o->e) != 1)) {
		text[0] = '\0';
		o->sealed_off++;
	}
}

static int
print(void *arg, const struct store_entry *en, const char *scope)
{
	struct out	*o = arg;
	char		 text[SEAL_TEXT_MAX + 1];

	if (o->in_force && !en->in_force)
		return 0;
	unseal(o, en, text);
	if (o->json)
		put_json(o, en, scope, text);
	else
		put_csv(o, en, scope, text);
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
	o->store = ctl->store;
	if (!o->json)
		(void)fprintf(o->f, "id,scope,reason,in_force,domain,imported,"
		    "first,last,expires,count,source,evidence%s\n",
		    o->key != NULL ? ",address" : "");
	rc = store_each(ctl->store, scope, print, o, &e);
	if (output_close(&f, rc == 0) != EX_OK)
		return EX_CANTCREAT;
	if (o->sealed_off > 0)
		(void)fprintf(stderr, "mailweir: %" PRIu64 " entries have no "
		    "sealed copy that opens with this key\n", o->sealed_off);
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
		{ "unseal", required_argument, NULL, 'u' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct out			o = { .json = false };
	const char			*scope = NULL, *path = NULL;
	const char			*unseal_path = NULL;
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("export",
	    "The store holds no addresses: an entry is told by its id.\n"
	    "  --scope S      only this scope\n"
	    "  --in-force     only what stops mail now\n"
	    "  --output FILE  written whole or not at all\n"
	    "  --unseal KEY   private key: with addresses, where there is a "
	    "sealed copy\n"
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
		case 'u':
			unseal_path = optarg;
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
	if (unseal_path != NULL &&
	    seal_load_private(unseal_path, &o.key, &o.e) == -1)
		return ctl_fail(&o.e, EX_CONFIG);
	rc = run(ctl, &o, scope, path);
	seal_free(&o.key);
	return rc;
}

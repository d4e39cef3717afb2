/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_scope.c - mailweir scope drop: the end of a scope */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/cmds.h"
#include "store/admin.h"

#include "base/banned.h"

/* drop - and say what went */
static int
drop(struct ctl *ctl, struct store_drop *d, bool json)
{
	struct err	e = { "", 0 };
	int		rc;

	if (!store_scope_ok(d->scope))
		return ctl_usage("scope", "\"%s\" is no scope", d->scope);
	if (d->note != NULL && strlen(d->note) > STORE_NOTE_MAX)
		return ctl_usage("scope", "--note: longer than %d octets",
		    STORE_NOTE_MAX);
	if ((rc = ctl_store(ctl, STORE_WRITE)) != EX_OK)
		return rc;
	if (store_scope_drop(ctl->store, d, &e) == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	(void)printf(json ? "{\"scope\":\"%s\",\"entries\":%" PRIu64
	    ",\"rows\":%" PRIu64 "}\n" : "scope %s: dropped, with %" PRIu64
	    " entries and %" PRIu64 " rows of lists\n", d->scope, d->entries,
	    d->rows);
	return EX_OK;
}

int
cmd_scope(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "override", no_argument, NULL, 'o' },
		{ "note", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct store_drop		d = { .actor = ctl->actor };
	bool				json = false;
	int				ch;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("scope",
	    "  drop SCOPE   forget a scope: its entries, lists and name\n"
	    "  --override   although some are in force: they will get mail "
	    "again;\n               needs --note\n"
	    "  --note TEXT  stated reason, for the journal\n"
	    "  --json       one JSON object\n");
		if (ch == 'o')
			d.override = true;
		else if (ch == 'n')
			d.note = optarg;
		else if (ch == 'j')
			json = true;
		else
			return ctl_usage_opt("scope", argv);
	}
	if (optind != argc - 2 || strcmp(argv[optind], "drop") != 0)
		return ctl_usage("scope", "drop which scope?");
	d.scope = argv[optind + 1];
	return drop(ctl, &d, json);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_stats.c - mailweir stats: what is in the store, what programs counted */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/cmds.h"
#include "ctl/stats_rules.h"
#include "metrics/metrics.h"
#include "store/admin.h"

#include "base/banned.h"

struct out {
	bool	 json;
	char	 program[64];	/* the last one printed */
};

/* print - one counter, as text below its program or as a JSON object */
static void
print(void *arg, const char *program, const char *name, uint64_t count)
{
	struct out	*o = arg;
	json_t		*j;

	if (o->json) {
		j = json_pack("{s:s, s:s, s:I}", "program", program,
		    "counter", name, "value", (json_int_t)count);
		if (j != NULL && json_dumpf(j, stdout, JSON_COMPACT) == 0)
			(void)putchar('\n');
		json_decref(j);
		return;
	}
	if (strcmp(o->program, program) != 0) {
		(void)printf("%s%s\n", *o->program != '\0' ? "\n" : "",
		    program);
		(void)snprintf(o->program, sizeof o->program, "%s", program);
	}
	(void)printf("  %12" PRIu64 "  %s\n", count, name);
}

/* print_store - a number of the store, like a counter of a program */
static void
print_store(struct out *o, const char *name, uint64_t value)
{
	print(o, "store", name, value);
}

/* print_reason - the entries of one scope for one reason */
static int
print_reason(void *arg, const char *scope, enum store_reason reason,
    uint64_t in_force, uint64_t all)
{
	const char	*word = store_reason_name(reason);
	char		 name[STORE_SCOPE_MAX + 80];

	if (word == NULL)
		word = "unknown";
	(void)snprintf(name, sizeof name, "entries{scope=\"%s\",reason=\"%s\"}",
	    scope, word);
	print_store(arg, name, all);
	(void)snprintf(name, sizeof name,
	    "in_force{scope=\"%s\",reason=\"%s\"}", scope, word);
	print_store(arg, name, in_force);
	return 0;
}

/* store_part - what is in the store; a status, after having said why */
static int
store_part(struct ctl *ctl, bool scopes, struct out *o)
{
	struct store_stats	st;
	struct err		e = { "", 0 };
	int			rc;

	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	if (store_stats(ctl->store, &st, &e) == -1)
		return ctl_fail(&e, EX_UNAVAILABLE);
	print_store(o, "entries", st.entries);
	print_store(o, "domains", st.domains);
	print_store(o, "lists", st.lists);
	print_store(o, "list_rows", st.list_rows);
	print_store(o, "scopes", st.scopes);
	print_store(o, "journal_records", st.journal);
	print_store(o, "octets_file", st.octets_file);
	print_store(o, "octets_used", st.octets_used);
	print_store(o, "readers", st.readers);
	if (scopes && store_stats_each(ctl->store, print_reason, o, &e) == -1)
		return ctl_fail(&e, EX_UNAVAILABLE);
	return EX_OK;
}

int
cmd_stats(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "rules", no_argument, NULL, 'r' },
		{ "scopes", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 }
	};
	struct out			o = { false, "" };
	struct err			e = { "", 0 };
	bool				scopes = false, rules = false;
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("stats",
			    "  --scopes  entries of each scope by reason, too; "
			    "looks at all of them\n"
			    "  --rules   instead: the keyword rules that hit "
			    "most, take most time,\n"
			    "            and run into match_limit\n"
			    "  --json    one JSON object a counter\n");
		case 'j':
			o.json = true;
			break;
		case 'r':
			rules = true;
			break;
		case 's':
			scopes = true;
			break;
		default:
			return ctl_usage_opt("stats", argv);
		}
	}
	if (optind != argc)
		return ctl_usage("stats", "takes no argument");
	if (rules && o.json)
		return ctl_usage("stats", "--rules is for people; --json "
		    "alone has every counter");
	if ((rc = ctl_conf(ctl)) != EX_OK)
		return rc;
	if (rules)
		return stats_rules(ctl->common.run_dir, &e) == -1 ?
		    ctl_fail(&e, EX_NOINPUT) : EX_OK;
	/* the counters are there even when the store is not */
	rc = store_part(ctl, scopes, &o);
	if (metrics_each(ctl->common.run_dir, print, &o, &e) == -1)
		return ctl_fail(&e, EX_NOINPUT);
	return rc;
}

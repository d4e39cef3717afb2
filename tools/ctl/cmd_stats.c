/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_stats.c - mailweir stats: what all programs counted */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/cmds.h"
#include "metrics/metrics.h"

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

int
cmd_stats(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct out			o = { false, "" };
	struct err			e = { "", 0 };
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("stats",
			    "  --json  one JSON object a counter\n");
		case 'j':
			o.json = true;
			break;
		default:
			return ctl_usage_opt("stats", argv);
		}
	}
	if (optind != argc)
		return ctl_usage("stats", "takes no argument");
	if ((rc = ctl_conf(ctl)) != EX_OK)
		return rc;
	if (metrics_each(ctl->common.run_dir, print, &o, &e) == -1)
		return ctl_fail(&e, EX_NOINPUT);
	return EX_OK;
}

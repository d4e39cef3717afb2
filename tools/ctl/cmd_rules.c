/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_rules.c - mailweir rules: check, list and try keyword rules */
#include "ctl/cmd_rules.h"

#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/cmds.h"

#include "base/banned.h"

/* Of section [keyword], the one parameter that is ours to read. */
struct keyword_rules {
	struct conf_list rules;
};

static const struct conf_param keyword_rules[] = {
	CONF_LIST(struct keyword_rules, rules, "", "Rule files."),
	CONF_END
};

struct printer {
	bool	quiet;
	size_t	fatal, warnings;
};

static void
print_fault(void *arg, bool fatal, const char *msg)
{
	struct printer	*p = arg;

	if (fatal)
		p->fatal++;
	else
		p->warnings++;
	if (fatal || !p->quiet)
		(void)fprintf(stderr, "%s%s\n", msg, fatal ? "" :
		    " (warning)");
}

/* sources - from the command line, or from the configuration */
static struct rules_source *
sources(struct ctl *ctl, const struct rules_args *a, size_t *n, int *rc)
{
	struct keyword_rules	 k;
	struct rules_source	*v;
	struct err		 e = { "", 0 };
	size_t			 i;

	if (a->npaths > 0) {
		if ((v = calloc(a->npaths, sizeof *v)) == NULL) {
			*rc = EX_OSERR;
			return NULL;
		}
		for (i = 0; i < a->npaths; i++)
			rules_source_init(&v[i], a->paths[i], a->strict);
		*n = a->npaths;
		return v;
	}
	if ((*rc = ctl_conf(ctl)) != EX_OK)
		return NULL;
	if (conf_bind(ctl->conf, conf_find(ctl->conf, "keyword", NULL),
	    keyword_rules, &k, &e) == -1 ||
	    rules_sources(ctl->conf, &k.rules, &v, n, &e) == -1) {
		*rc = ctl_fail(&e, EX_CONFIG);
		return NULL;
	}
	return v;
}

struct rules *
rules_open(struct ctl *ctl, const struct rules_args *a, bool quiet, int *rc)
{
	struct rules_source	*src;
	struct rules		*r;
	struct printer		 p = { .quiet = quiet };
	struct err		 e = { "", 0 };
	size_t			 n;

	if ((src = sources(ctl, a, &n, rc)) == NULL)
		return NULL;
	*rc = EX_OK;
	if (rules_load(src, n, &a->opt, print_fault, &p, &r, &e) == -1) {
		if (p.fatal == 0)
			*rc = ctl_fail(&e, EX_CONFIG);
		else
			*rc = e.code != 0 ? e.code : EX_CONFIG;
	}
	free(src);
	return r;
}

static const char *
kind_name(enum rules_kind k)
{
	static const char *const	names[RULES_KINDS] = {
		"header", "body", "rawbody", "uri", "full", "mimeheader",
		"phrase", "meta", "unsupported", "empty"
	};

	return names[k];
}

/* costs - patterns that run away, and what the set costs on 4 KB of prose */
static int
costs(const struct rules *r, const struct rules_args *a)
{
	struct rules_info	 info;
	struct rules_cost	 c;
	double			 sum = 0;
	size_t			 i;

	for (i = 0; i < rules_count(r); i++) {
		rules_info(r, i, &info);
		if (!info.active)
			continue;
		if (rules_cost(r, i, &c) == -1)
			return EX_OSERR;
		sum += c.us;
		if (c.slow_on != NULL)
			(void)fprintf(stderr, "%s:%u: %s: catastrophic on "
			    "%s: runs into match_limit (warning)\n",
			    info.file, info.line, info.name, c.slow_on);
		if (a->all && c.us > 0)
			(void)printf("%s\t%.1f us\n", info.name, c.us);
	}
	(void)printf("%-12s %.1f ms, every pattern on 4 KB of prose\n", "cost",
	    sum / 1000);
	return EX_OK;
}

/* stood_for - who signed and approved a file, behind a text; nothing if
 * nobody did */
static void
stood_for(const char *before, const struct rules_file *f)
{
	if (*f->signed_by == '\0')
		return;
	(void)printf("%ssigned by %s", before, f->signed_by);
	if (*f->approved_by != '\0')
		(void)printf(", approved by %s", f->approved_by);
}

/* files - those that were read, and who stood for them */
static void
files(const struct rules *r)
{
	const struct rules_file	*f;
	size_t			 i, n;

	for (f = rules_files(r, &n), i = 0; i < n; i++) {
		(void)printf("%-12s %s", "file", f[i].path);
		stood_for(", ", &f[i]);
		(void)putchar('\n');
	}
}

int
rules_check(struct ctl *ctl, struct rules_args *a)
{
	struct rules_info	 info;
	struct rules		*r;
	size_t			 i, kinds[RULES_KINDS] = { 0 }, active = 0;
	int			 rc;

	a->opt.subrules = true;
	if ((r = rules_open(ctl, a, false, &rc)) == NULL)
		return rc;
	for (i = 0; i < rules_count(r); i++) {
		rules_info(r, i, &info);
		kinds[info.kind]++;
		active += info.active;
	}
	for (i = 0; i < RULES_KINDS; i++)
		if (kinds[i] > 0)
			(void)printf("%-12s %zu\n", kind_name((enum
			    rules_kind)i), kinds[i]);
	(void)printf("%-12s %zu\n", "run", active);
	(void)printf("%-12s %zu KB\n", "memory", rules_memory(r) >> 10);
	rc = costs(r, a);
	files(r);
	rules_free(&r);
	return rc;
}

/* file_of - the file of a rule, and who stood for it */
static const struct rules_file *
file_of(const struct rules *r, const struct rules_info *info)
{
	static const struct rules_file	 none = { "", "", "" };
	const struct rules_file		*f;
	size_t				 i, n;

	for (f = rules_files(r, &n), i = 0; i < n; i++)
		if (f[i].path == info->file)
			return &f[i];
	return &none;
}

/* list_json - one rule as an object */
static void
list_json(const struct rules *r, const struct rules_info *info)
{
	const struct rules_file	*f = file_of(r, info);
	json_t	*o = json_pack("{s:s, s:s, s:f, s:b, s:s, s:s, s:s, s:i, "
		    "s:s, s:s}",
		    "name", info->name, "kind", kind_name(info->kind),
		    "score", info->score, "active", info->active,
		    "describe", info->describe, "owner", info->owner,
		    "file", info->file, "line", (int)info->line,
		    "signed_by", f->signed_by, "approved_by", f->approved_by);

	if (o != NULL)
		(void)json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	(void)putchar('\n');
}

/* list_text - one rule as a line */
static void
list_text(const struct rules *r, const struct rules_info *info)
{
	(void)printf("%s\t%s\t%.3f\t%s:%u\t%s", info->name,
	    kind_name(info->kind), info->score, info->file, info->line,
	    info->describe);
	stood_for("\t", file_of(r, info));
	(void)putchar('\n');
}

int
rules_list(struct ctl *ctl, struct rules_args *a)
{
	struct rules_info	 info;
	struct rules		*r;
	size_t			 i;
	int			 rc;

	a->opt.subrules = true;
	if ((r = rules_open(ctl, a, true, &rc)) == NULL)
		return rc;
	for (i = 0; i < rules_count(r); i++) {
		rules_info(r, i, &info);
		if (info.kind == RULES_EMPTY || (info.sub && !a->all))
			continue;
		if (a->json)
			list_json(r, &info);
		else
			list_text(r, &info);
	}
	rules_free(&r);
	return EX_OK;
}

static const struct option opts[] = {
	{ "rules", required_argument, NULL, 'r' },
	{ "plugins", required_argument, NULL, 'p' },
	{ "stream", required_argument, NULL, 's' },
	{ "repeat", required_argument, NULL, 'n' },
	{ "score-set", required_argument, NULL, 'S' },
	{ "match-limit", required_argument, NULL, 'm' },
	{ "subrules", no_argument, NULL, 'u' },
	{ "profile", no_argument, NULL, 'P' },
	{ "key", required_argument, NULL, 'k' },
	{ "name", required_argument, NULL, 'N' },
	{ "passphrase-file", required_argument, NULL, 'F' },
	{ "explain", no_argument, NULL, 'e' },
	{ "strict", no_argument, NULL, 'T' },
	{ "no-prefilter", no_argument, NULL, 'f' },
	{ "all", no_argument, NULL, 'a' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 }
};

static int
help(void)
{
	return ctl_help("rules",
	    "  check            all faults of the rule files, and what there "
	    "is\n"
	    "  list             every rule: name, kind, score, place, "
	    "description\n"
	    "  score FILE...    FILE, score and hits of messages\n"
	    "  test [NAME [TEXT...]]  run the examples of all rules, of one, "
	    "or try one on TEXT\n"
	    "  diff OLD NEW FOLDER  what NEW rules hit on the mail in FOLDER "
	    "(a Maildir, or\n"
	    "                   files) that OLD ones did not, and the "
	    "reverse\n"
	    "  sign FILE...     FILE.sig: its author stands for these very "
	    "octets\n"
	    "  approve FILE...  FILE.sig: so does another person\n"
	    "  --rules PATH     a file, or folder of *.cf, instead of the "
	    "configured ones\n"
	    "  --strict         demand of PATH what [rules] sections demand\n"
	    "  --plugins W      all (default) or none: mimeheader and "
	    "replace_rules\n"
	    "  --score-set N    which of four scores counts (0)\n"
	    "  --stream S       as if the message were of that stream\n"
	    "  --match-limit N  steps that one match may take (100000)\n"
	    "  --subrules       print __rules, too, in a fourth column\n"
	    "  --explain        where each rule matched, and what\n"
	    "  --profile        score: time and hits of every rule, behind "
	    "all\n"
	    "  --no-prefilter   match every rule (the result is the same)\n"
	    "  --repeat N       score each file N times, print once\n"
	    "  --key FILE       sign, approve: an Ed25519 private key in PEM\n"
	    "  --name WHO       what the signer is called (who runs this)\n"
	    "  --passphrase-file FILE  of the key, if it is encrypted\n"
	    "  --all            list: with __rules; check: what each rule "
	    "costs\n"
	    "  --json           an object a line\n");
}

/* one_number - of --score-set, --match-limit or --repeat */
static int
one_number(struct rules_args *a, int ch)
{
	if (strspn(optarg, "0123456789") != strlen(optarg) ||
	    *optarg == '\0' || strlen(optarg) > 8 ||
	    (ch == 'S' && (*optarg > '3' || optarg[1] != '\0')))
		return ctl_usage("rules", "%s: want a number", optarg);
	if (ch == 'S')
		a->opt.score_set = *optarg - '0';
	else if (ch == 'm')
		a->opt.match_limit = strtol(optarg, NULL, 10);
	else
		a->repeat = strtol(optarg, NULL, 10);
	return EX_OK;
}

/* one_option - EX_OK, or the status to end with */
static int
one_option(struct rules_args *a, int ch)
{
	switch (ch) {
	case 'r':
		if (a->npaths == RULES_PATHS)
			return ctl_usage("rules", "more than %d --rules",
			    RULES_PATHS);
		a->paths[a->npaths++] = optarg;
		break;
	case 'p':
		if (strcmp(optarg, "none") != 0 && strcmp(optarg, "all") != 0)
			return ctl_usage("rules", "--plugins wants all or "
			    "none");
		a->opt.plugins = *optarg == 'a';
		break;
	case 'S':
	case 'n':
	case 'm':
		return one_number(a, ch);
	case 's':
		a->scan.stream = optarg;
		break;
	case 'k':
		a->key = optarg;
		break;
	case 'N':
		a->name = optarg;
		break;
	case 'F':
		a->passphrase = optarg;
		break;
	case 'u':
		a->subrules = a->opt.subrules = a->scan.subrules = true;
		break;
	case 'e':
		a->scan.explain = true;
		break;
	case 'P':
		a->scan.profile = true;
		break;
	case 'T':
		a->strict = true;
		break;
	case 'f':
		a->opt.no_prefilter = true;
		break;
	case 'a':
		a->all = true;
		break;
	case 'j':
		a->json = true;
		break;
	}
	return EX_OK;
}

static const struct sentence {
	const char	*name;
	int		(*run)(struct ctl *, struct rules_args *);
	int		 least, most;	/* arguments */
	const char	*wants;
} sentences[] = {
	{ "check", rules_check, 0, 0, "no files, but --rules PATH" },
	{ "list", rules_list, 0, 0, "no files, but --rules PATH" },
	{ "score", rules_score, 1, INT_MAX, "files" },
	{ "test", rules_test, 0, INT_MAX, "" },
	{ "diff", rules_diff, 3, 3, "OLD NEW FOLDER" },
	{ "sign", rules_sign, 1, INT_MAX, "files and --key FILE" },
	{ "approve", rules_approve, 1, INT_MAX, "files and --key FILE" },
};

/* run - one sentence, if it got as many arguments as it wants */
static int
run(struct ctl *ctl, const struct sentence *s, struct rules_args *a)
{
	if (a->argc < s->least || a->argc > s->most)
		return ctl_usage("rules", "%s wants %s", s->name, s->wants);
	return s->run(ctl, a);
}

int
cmd_rules(struct ctl *ctl, int argc, char **argv)
{
	static const char	names[] = "check, list, score, test, diff, "
				    "sign or approve";
	struct rules_args	a = { .opt = { .plugins = true },
				    .repeat = 1 };
	size_t			i;
	int			ch, rc;

	while ((ch = getopt_long(argc, argv, ":", opts, NULL)) != -1) {
		if (ch == 'h')
			return help();
		if (ch == '?' || ch == ':')
			return ctl_usage_opt("rules", argv);
		if ((rc = one_option(&a, ch)) != EX_OK)
			return rc;
	}
	if (optind == argc)
		return ctl_usage("rules", "want %s", names);
	for (i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (strcmp(argv[optind], sentences[i].name) == 0) {
			a.argc = argc - optind - 1;
			a.argv = argv + optind + 1;
			return run(ctl, &sentences[i], &a);
		}
	return ctl_usage("rules", "%s: want %s", argv[optind], names);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - mailweir [-c FILE] SENTENCE ...: find the sentence and say it */
#include "ctl/ctl.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "ctl/cmds.h"
#include "store/store.h"

#include "base/banned.h"

const struct ctl_cmd ctl_cmds[] = {
	{ "check", cmd_check, "[--json]",
	    "check the whole configuration and every file that it names" },
	{ "init", cmd_init, "[--user USER]",
	    "make the folders, the store and its keys where they are absent" },
	{ "add", cmd_add, "ADDRESS [--scope S] [--reason R] [--expires T] "
	    "[...]",
	    "suppress a recipient, or a whole domain" },
	{ "remove", cmd_remove, "ADDRESS [--scope S] [--reason R] [--override "
	    "--note N]",
	    "take a suppression back" },
	{ "show", cmd_show, "ADDRESS [--scope S] [--json]",
	    "what the store knows of a recipient" },
	{ "explain", cmd_explain, "ADDRESS --stream S [--json]",
	    "what the suppress milter would say to this recipient, and why" },
	{ "replay", cmd_replay, "FILE [--from A] [--to B]... [--sasl LOGIN] "
	    "[--client IP] [--daemon NAME] [--local] [--policy NAME]... "
	    "[--output FILE] [--json]",
	    "what the milters would do with a message, and why" },
	{ "import", cmd_import, "FILE --scope S [--reason R] [--replace] "
	    "[--dry-run] [...]",
	    "a whole list into a scope, all or nothing" },
	{ "rollback", cmd_rollback, "SCOPE [--override --note TEXT]",
	    "undo the last import of that scope" },
	{ "scope", cmd_scope, "drop SCOPE [--override --note TEXT]",
	    "the end of a scope: refused while anything of it is in force" },
	{ "export", cmd_export, "[--scope S] [--in-force] [--output FILE] "
	    "[--json]",
	    "all entries, by id: the store holds no addresses" },
	{ "cleanse", cmd_cleanse, "FILE --stream S [--column C] "
	    "[--output FILE] [--removed FILE]",
	    "a mailing list without its suppressed rows" },
	{ "journal", cmd_journal, "show [ADDRESS] | export | verify "
	    "[--scope S] [...]",
	    "the record of every change, and its proof" },
	{ "verify", cmd_verify, "[--json]",
	    "everything in the store against its journal" },
	{ "rekey", cmd_rekey, "[--private FILE]",
	    "move entries to the first key of the key file" },
	{ "seal", cmd_seal, "genkey FILE",
	    "the key pair of sealed copies of addresses" },
	{ "backup", cmd_backup, "DIR",
	    "a verified copy of the store while it is in use" },
	{ "compact", cmd_compact, "",
	    "make the file of the store small again, with all programs "
	    "stopped" },
	{ "token", cmd_token, "make ADDRESS --scope S | --stream S [--kind K] "
	    "| read TOKEN... | genkey [FILE] | rotate [FILE]",
	    "signed tokens of unsubscribe links, and their keys" },
	{ "dkim", cmd_dkim, "genkey|check|sign|verify ...",
	    "DKIM keys: make, compare with DNS; messages: sign, verify" },
	{ "rules", cmd_rules, "check|list|score FILE...|test [NAME [TEXT...]]"
	    "|diff OLD NEW FOLDER|sign FILE...|approve FILE... "
	    "[--rules PATH]...",
	    "keyword rules: check, list, try on messages, sign" },
	{ "feedback", cmd_feedback, "parse FILE... | "
	    "parked list|show|accept|drop [ID...] | "
	    "reason [--status S] [--code C] [TEXT]",
	    "what a bounce or complaint says; those that were not believed" },
	{ "stats", cmd_stats, "[--scopes | --rules] [--json]",
	    "what is in the store, what all programs counted" },
	{ NULL, NULL, NULL, NULL }
};

static int
usage_all(FILE *f)
{
	const struct ctl_cmd	*c;

	(void)fprintf(f, "usage: mailweir [-c FILE] SENTENCE ...\n"
	    "       mailweir help SENTENCE\n"
	    "       mailweir -H | --version | --help\n\n");
	for (c = ctl_cmds; c->name != NULL; c++)
		(void)fprintf(f, "  %-10s  %s\n", c->name, c->summary);
	(void)fprintf(f, "\n  -c FILE     configuration, not %s\n"
	    "  -H          print every parameter of every program\n",
	    CONF_FILE);
	return f == stdout ? EX_OK : EX_USAGE;
}

static const struct ctl_cmd *
find_cmd(const char *name)
{
	const struct ctl_cmd	*c;

	for (c = ctl_cmds; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* help - "mailweir help SENTENCE" is "mailweir SENTENCE --help" */
static int
help(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_cmd	*c;
	char			 opt[] = "--help";
	char			*args[3] = { NULL, opt, NULL };

	if (argc < 2)
		return usage_all(stdout);
	if ((c = find_cmd(argv[1])) == NULL) {
		(void)fprintf(stderr, "mailweir: no sentence \"%s\"\n",
		    argv[1]);
		return EX_USAGE;
	}
	args[0] = argv[1];
	optind = 0;
	return c->run(ctl, 2, args);
}

/* sudo_user - who root is: SUDO_UID counts for root only, who could write
 * anything; NULL when it names no user */
static const struct passwd *
sudo_user(void)
{
	const char	*s = getenv("SUDO_UID");
	unsigned long	 uid;
	char		*end;

	if (getuid() != 0 || s == NULL || *s < '1' || *s > '9')
		return NULL;
	errno = 0;
	uid = strtoul(s, &end, 10);
	if (errno != 0 || *end != '\0' || uid >= UINT32_MAX)
		return NULL;
	return getpwuid((uid_t)uid);
}

/* set_actor - who the journal will name */
static void
set_actor(struct ctl *ctl)
{
	const struct passwd	*pw;

	if ((pw = sudo_user()) != NULL)
		(void)snprintf(ctl->actor, sizeof ctl->actor, "user:%s(sudo)",
		    pw->pw_name);
	else if ((pw = getpwuid(getuid())) != NULL)
		(void)snprintf(ctl->actor, sizeof ctl->actor, "user:%s",
		    pw->pw_name);
	else
		(void)snprintf(ctl->actor, sizeof ctl->actor, "user:%lu",
		    (unsigned long)getuid());
}

/* run - the sentence at argv[0] */
static int
run(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_cmd	*c;

	if (argc < 1)
		return usage_all(stderr);
	if (strcmp(argv[0], "help") == 0)
		return help(ctl, argc, argv);
	if ((c = find_cmd(argv[0])) == NULL) {
		(void)fprintf(stderr, "mailweir: no sentence \"%s\"; try "
		    "mailweir --help\n", argv[0]);
		return EX_USAGE;
	}
	optind = 0;		/* glibc: begin anew, also in options' order */
	opterr = 0;
	return c->run(ctl, argc, argv);
}

/* finish - what was printed must have got out */
static int
finish(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	(void)fprintf(stderr, "mailweir: cannot write the output\n");
	return rc != EX_OK ? rc : EX_IOERR;
}

int
main(int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	struct ctl			ctl = { .conf_path = CONF_FILE };
	int				ch, rc;

	/* Character types only: numbers of the configuration stay in C. */
	(void)setlocale(LC_CTYPE, "");
	log_open("mailweir", true);
	set_actor(&ctl);
	/* '+': what follows the sentence belongs to it */
	while ((ch = getopt_long(argc, argv, "+c:hHV", opts, NULL)) != -1) {
		switch (ch) {
		case 'c':
			ctl.conf_path = optarg;
			break;
		case 'h':
			return finish(usage_all(stdout));
		case 'H':
			return finish(cmd_params());
		case 'V':
			(void)printf("mailweir %s\n", MAILWEIR_VERSION);
			return finish(EX_OK);
		default:
			return usage_all(stderr);
		}
	}
	rc = run(&ctl, argc - optind, argv + optind);
	store_close(&ctl.store);
	store_keys_free(&ctl.keys);
	addr_rules_free(&ctl.rules);
	conf_free(&ctl.conf);
	return finish(rc);
}

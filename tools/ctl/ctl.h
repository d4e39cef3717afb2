/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctl.h - the admin's command as a list of sentences
 *
 * Each sentence is a function in a cmd_*.c of its own. It parses its own
 * options with getopt_long, prints facts to standard output (one JSON object a
 * line with --json), errors to standard error as "mailweir: ...", and returns
 * an exit status of sysexits.h. getopt_long is reset for it (optind 1, argv[0]
 * the sentence's name) and reports nothing itself: on '?' call ctl_usage_opt().
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <getopt.h>
#include <stdbool.h>

#include "base/err.h"
#include "conf/common.h"
#include "conf/conf.h"
#include "mail/addr.h"
#include "store/store.h"

/* What every sentence gets. */
struct ctl {
	const char		*conf_path;	/* -c FILE, or CONF_FILE */
	struct conf		*conf;		/* after ctl_conf() */
	struct conf_common	 common;
	struct addr_rules	*rules;
	struct store_keys	*keys;		/* after ctl_store() */
	struct store		*store;
	char			 actor[64];	/* "user:ann" */
};

/* A FILE argument of "-" is standard input. */

struct ctl_cmd {
	const char	*name;		/* "import" */
	int		(*run)(struct ctl *, int argc, char **argv);
	const char	*synopsis;	/* "FILE --scope S --reason R [...]" */
	const char	*summary;	/* one line for --help */
};

/* The list, in main.c; each cmd_NAME stands in a cmd_*.c. */
extern const struct ctl_cmd ctl_cmds[];

/* Read the configuration (once). EX_OK; else an exit status, after having
 * printed why. */
int	ctl_conf(struct ctl *);
/* The same, and the keys of the store; and open the store. */
int	ctl_keys(struct ctl *);
int	ctl_store(struct ctl *, enum store_mode);
/* main.c closes everything afterwards. */

/* Print "mailweir: MSG"; the exit status for it: e->code, or dflt. */
int	ctl_fail(const struct err *e, int dflt);
/* Usage error of a sentence: prints it with the synopsis; EX_USAGE. */
int	ctl_usage(const char *cmd, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* The same for what getopt_long refused ('?' or ':'). */
int	ctl_usage_opt(const char *cmd, char **argv);
/* --help of a sentence: prints synopsis, summary and the given lines; EX_OK. */
int	ctl_help(const char *cmd, const char *options);

/* A progress line on standard error, only when that is a terminal: rate,
 * percent, ETA. total 0 = unknown. Call as often as you like. */
struct ctl_progress {
	const char	*what;
	unsigned long long total;
	long long	 began_us, drawn_us;
	bool		 tty;
};
void	ctl_progress_begin(struct ctl_progress *, const char *what,
	    unsigned long long total);
void	ctl_progress(struct ctl_progress *, unsigned long long done);
void	ctl_progress_end(struct ctl_progress *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_rules.h - what the sentences of `mailweir rules` share */
#ifndef CTL_CMD_RULES_H
#define CTL_CMD_RULES_H

#include "ctl/ctl.h"
#include "rules/rules.h"
#include "rules/source.h"

#define RULES_PATHS	32	/* --rules on one command line */

struct rules_args {
	const char	*paths[RULES_PATHS];
	size_t		 npaths;
	struct rules_options opt;
	struct rules_scan_options scan;
	bool		 strict, json, subrules, all;
	long		 repeat;	/* score: read each file that often */
	const char	*key, *passphrase, *name;	/* sign, approve */
	int		 argc;		/* what is left */
	char		**argv;
};

/* Load what --rules names, or the configuration's. Faults are printed. NULL
 * and *rc on failure. quiet: warnings are not printed. */
struct rules *rules_open(struct ctl *, const struct rules_args *, bool quiet,
	    int *rc);

int	rules_approve(struct ctl *, struct rules_args *);
int	rules_check(struct ctl *, struct rules_args *);
int	rules_diff(struct ctl *, struct rules_args *);
int	rules_list(struct ctl *, struct rules_args *);
int	rules_score(struct ctl *, struct rules_args *);
int	rules_sign(struct ctl *, struct rules_args *);
int	rules_test(struct ctl *, struct rules_args *);

#endif

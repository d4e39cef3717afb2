/* SPDX-License-Identifier: BSD-2-Clause */
/* cmds.h - the sentences' functions, for the list in main.c */
#ifndef CTL_CMDS_H
#define CTL_CMDS_H

#include "ctl/ctl.h"

int	cmd_check(struct ctl *, int argc, char **argv);
int	cmd_dkim(struct ctl *, int argc, char **argv);
int	cmd_explain(struct ctl *, int argc, char **argv);
int	cmd_feedback(struct ctl *, int argc, char **argv);
int	cmd_init(struct ctl *, int argc, char **argv);
int	cmd_replay(struct ctl *, int argc, char **argv);
int	cmd_rules(struct ctl *, int argc, char **argv);
int	cmd_stats(struct ctl *, int argc, char **argv);
int	cmd_token(struct ctl *, int argc, char **argv);

/* Option -H: every parameter of every program; EX_OK. */
int	cmd_params(void);

#endif

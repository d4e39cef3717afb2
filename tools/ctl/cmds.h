/* SPDX-License-Identifier: BSD-2-Clause */
/* cmds.h - the sentences' functions, for the list in main.c */
#ifndef CTL_CMDS_H
#define CTL_CMDS_H

#include "ctl/ctl.h"

int	cmd_add(struct ctl *, int argc, char **argv);
int	cmd_backup(struct ctl *, int argc, char **argv);
int	cmd_compact(struct ctl *, int argc, char **argv);
int	cmd_check(struct ctl *, int argc, char **argv);
int	cmd_cleanse(struct ctl *, int argc, char **argv);
int	cmd_dkim(struct ctl *, int argc, char **argv);
int	cmd_explain(struct ctl *, int argc, char **argv);
int	cmd_export(struct ctl *, int argc, char **argv);
int	cmd_feedback(struct ctl *, int argc, char **argv);
int	cmd_import(struct ctl *, int argc, char **argv);
int	cmd_init(struct ctl *, int argc, char **argv);
int	cmd_journal(struct ctl *, int argc, char **argv);
int	cmd_rekey(struct ctl *, int argc, char **argv);
int	cmd_remove(struct ctl *, int argc, char **argv);
int	cmd_replay(struct ctl *, int argc, char **argv);
int	cmd_rollback(struct ctl *, int argc, char **argv);
int	cmd_rules(struct ctl *, int argc, char **argv);
int	cmd_scope(struct ctl *, int argc, char **argv);
int	cmd_seal(struct ctl *, int argc, char **argv);
int	cmd_show(struct ctl *, int argc, char **argv);
int	cmd_stats(struct ctl *, int argc, char **argv);
int	cmd_token(struct ctl *, int argc, char **argv);
int	cmd_verify(struct ctl *, int argc, char **argv);

/* Option -H: every parameter of every program; EX_OK. */
int	cmd_params(void);

#endif

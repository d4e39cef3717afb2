/* SPDX-License-Identifier: BSD-2-Clause */
/* stats_rules.h - mailweir stats --rules: which rules hit, cost, run away */
#ifndef CTL_STATS_RULES_H
#define CTL_STATS_RULES_H

#include "base/err.h"

/* Print the first of each table, from the counters in run_dir. 0, or -1. */
int	stats_rules(const char *run_dir, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* programs.h - the programs of this house, as their configuration sees them */
#ifndef CTL_PROGRAMS_H
#define CTL_PROGRAMS_H

#include "conf/conf.h"
#include "frame/frame.h"

/* Every milter's policy, in the order of the chain; NULL at the end. */
extern const struct frame_policy *const ctl_policies[];

/* Every kind of section of every program, each kind once. */
const struct conf_schema *ctl_schemas(void);

#endif

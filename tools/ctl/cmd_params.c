/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_params.c - mailweir -H: every parameter with its default */
#include <sysexits.h>

#include "ctl/cmds.h"
#include "ctl/programs.h"

#include "base/banned.h"

int
cmd_params(void)
{
	conf_print(ctl_schemas());
	return EX_OK;
}

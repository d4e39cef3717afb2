/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply.h - a finished plan as calls of libmilter
 */
#ifndef FRAME_APPLY_H
#define FRAME_APPLY_H

#include <stdbool.h>

#include <libmilter/mfapi.h>

#include "frame/msg.h"

/* The edits of m's plan to the MTA. leadspc: the MTA takes header values with
 * their leading space. 0; -1 when the MTA does not take one, with its kind. */
int	apply_plan(SMFICTX *ctx, const struct msg *m, bool leadspc,
	    enum edit_kind *failed);

#endif

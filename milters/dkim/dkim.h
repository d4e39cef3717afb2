/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim.h - the policy that signs */
#ifndef DKIM_POLICY_H
#define DKIM_POLICY_H

#include "dkim/dtable.h"
#include "frame/frame.h"

extern const struct frame_policy dkim_policy;

/* The key table of a configuration, as the policy loads it; dtable_free. */
int	dkim_table_load(const struct conf *, struct dtable **, struct err *e);

#endif

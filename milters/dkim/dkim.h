/* SPDX-License-Identifier: BSD-2-Clause */
/* dkim.h - the policy that signs */
#ifndef DKIM_POLICY_H
#define DKIM_POLICY_H

#include "frame/frame.h"

extern const struct frame_policy dkim_policy;

#endif

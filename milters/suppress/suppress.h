/* SPDX-License-Identifier: BSD-2-Clause */
/* suppress.h - the policy that keeps mail from who must not get it */
#ifndef SUPPRESS_SUPPRESS_H
#define SUPPRESS_SUPPRESS_H

#include "frame/frame.h"

extern const struct frame_policy suppress_policy;

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* unsubscribe.h - the policy that gives bulk mail a way out */
#ifndef UNSUBSCRIBE_UNSUBSCRIBE_H
#define UNSUBSCRIBE_UNSUBSCRIBE_H

#include "frame/frame.h"

extern const struct frame_policy unsubscribe_policy;

#endif

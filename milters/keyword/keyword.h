/* SPDX-License-Identifier: BSD-2-Clause */
/* keyword.h - the policy that scores mail by its words */
#ifndef KEYWORD_KEYWORD_H
#define KEYWORD_KEYWORD_H

#include "frame/frame.h"

extern const struct frame_policy keyword_policy;

#endif

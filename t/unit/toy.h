/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * toy.h - two policies that do what their configuration says, for tests of
 * the frame
 */
#ifndef TOY_H
#define TOY_H

#include "frame/frame.h"

extern const struct frame_policy toy_policy;	/* [toy]: does things */
extern const struct frame_policy see_policy;	/* [see]: writes X-Seen */

#endif

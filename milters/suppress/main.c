/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - mailweir-suppress: one policy in the frame */
#include "suppress/suppress.h"

#include "base/banned.h"

int
main(int argc, char **argv)
{
	static const struct frame_policy *const	policies[] = {
		&suppress_policy, NULL
	};

	return frame_main(argc, argv, "suppress", policies);
}

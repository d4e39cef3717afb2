/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - mailweir-keyword: one policy in the frame */
#include "keyword/keyword.h"

#include "base/banned.h"

int
main(int argc, char **argv)
{
	static const struct frame_policy *const	policies[] = {
		&keyword_policy, NULL
	};

	return frame_main(argc, argv, "keyword", policies);
}

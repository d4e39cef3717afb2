/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - mailweir-dkim */
#include "dkim/dkim.h"

#include "base/banned.h"

int
main(int argc, char **argv)
{
	static const struct frame_policy *const policies[] = {
		&dkim_policy, NULL
	};

	return frame_main(argc, argv, "dkim", policies);
}

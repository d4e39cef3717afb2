/* SPDX-License-Identifier: BSD-2-Clause */
/* frame-toy.c - the toy policies as a milter, for t7000 */
#include "toy.h"

int
main(int argc, char **argv)
{
	static const struct frame_policy *const policies[] = {
		&toy_policy, &see_policy, NULL
	};

	return frame_main(argc, argv, "toys", policies);
}

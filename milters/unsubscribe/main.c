/* SPDX-License-Identifier: BSD-2-Clause */
/* main.c - mailweir-unsubscribe */
#include "unsubscribe/unsubscribe.h"

#include "base/banned.h"

static const struct frame_policy *const policies[] = {
	&unsubscribe_policy, NULL
};

int
main(int argc, char **argv)
{
	return frame_main(argc, argv, "unsubscribe", policies);
}

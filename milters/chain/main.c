/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - mailweir-chain: all policies in one process, one round trip
 *
 * The order is that of smtpd_milters: refuse first, sign last, because a
 * signature covers what the others added.
 */
#include "dkim/dkim.h"
#include "frame/frame.h"
#include "keyword/keyword.h"
#include "suppress/suppress.h"
#include "unsubscribe/unsubscribe.h"

#include "base/banned.h"

int
main(int argc, char **argv)
{
	static const struct frame_policy *const policies[] = {
		&suppress_policy, &keyword_policy, &unsubscribe_policy,
		&dkim_policy, NULL
	};

	return frame_main(argc, argv, "chain", policies);
}

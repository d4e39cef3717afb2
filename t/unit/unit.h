/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit.h - what every cmocka test of ours begins with
 *
 * main() is UNIT_MAIN(tests): a cmocka group that speaks TAP, so that prove
 * runs it as it stands.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* say which row of a table failed, then fail */
#define row_true(cond, row) do {					\
	if (!(cond))							\
		fail_msg("%s: %s", (row), #cond);			\
} while (0)

#define UNIT_MAIN(tests)						\
int									\
main(void)								\
{									\
	cmocka_set_message_output(CM_OUTPUT_TAP);			\
	return cmocka_run_group_tests((tests), NULL, NULL);		\
}

#endif

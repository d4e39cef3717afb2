/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-feedback.c - any octets as a report: whole mail, and as JSON */
#include "report.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_report("", data, size);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-arf.c - any octets as a feedback-report part, RFC 5965 */
#include "report.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_report("Content-Type: message/feedback-report\n\n", data,
	    size);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz-dsn.c - any octets as a delivery-status part, RFC 3464 */
#include "report.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_report("Content-Type: message/delivery-status\n\n", data,
	    size);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* report.h - what the fuzz targets of lib/feedback share */
#ifndef FUZZ_REPORT_H
#define FUZZ_REPORT_H

#include <stddef.h>
#include <stdint.h>

/* Read the octets as a mail, behind this header ("" = they have their own),
 * and see that the result holds what feedback.h promises. Returns 0. */
int	fuzz_report(const char *header, const uint8_t *data, size_t size);

#endif

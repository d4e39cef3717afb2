/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the time, in one place, so that tests can set it
 *
 * MAILWEIR_FAKE_TIME=<seconds since 1970> in the environment stops the wall
 * clock at that second; it exists for tests that compare results octet by
 * octet (HACKING). Intervals and timeouts never use the wall clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

time_t	 clock_now(void);		/* wall clock, seconds, UTC */
int64_t	 clock_now_ms(void);		/* wall clock, milliseconds */
int64_t	 clock_mono_us(void);		/* steady clock, microseconds */

/* "2026-11-21T17:56:00Z" (RFC 3339); out holds CLOCK_ISO_SIZE octets. */
#define CLOCK_ISO_SIZE	24
const char *clock_iso(time_t t, char out[CLOCK_ISO_SIZE]);

/* The reverse, also for "2026-11-21"; 0, or -1 when it is neither. */
int	 clock_parse_iso(const char *s, time_t *t);

/* RFC 5322 date, "Sat, 21 Nov 2026 17:56:00 +0000". */
#define CLOCK_RFC5322_SIZE	40
const char *clock_rfc5322(time_t t, char out[CLOCK_RFC5322_SIZE]);

#endif

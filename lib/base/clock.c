/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c - see clock.h */
#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

static pthread_once_t	fake_once = PTHREAD_ONCE_INIT;
static int64_t		fake_time = -1;	/* written once, before any reader */

static void
fake_read(void)
{
	const char	*s = getenv("MAILWEIR_FAKE_TIME");
	char		*end;
	long long	 n;

	if (s == NULL || *s == '\0')
		return;
	errno = 0;
	n = strtoll(s, &end, 10);
	if (*end == '\0' && errno == 0 && n >= 0)
		fake_time = n;
}

int64_t
clock_now_ms(void)
{
	struct timespec	ts;

	(void)pthread_once(&fake_once, fake_read);
	if (fake_time >= 0)
		return fake_time * 1000;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

time_t
clock_now(void)
{
	return (time_t)(clock_now_ms() / 1000);
}

int64_t
clock_mono_us(void)
{
	struct timespec	ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

const char *
clock_iso(time_t t, char out[CLOCK_ISO_SIZE])
{
	struct tm	tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, CLOCK_ISO_SIZE, "-");
	return out;
}

int
clock_parse_iso(const char *s, time_t *t)
{
	struct tm	 tm;
	const char	*end;

	memset(&tm, 0, sizeof tm);
	if ((end = strptime(s, "%Y-%m-%d", &tm)) == NULL)
		return -1;
	if (*end == 'T' || *end == ' ') {
		if ((end = strptime(end + 1, "%H:%M:%S", &tm)) == NULL)
			return -1;
		if (*end == 'Z')
			end++;
	}
	if (*end != '\0')
		return -1;
	*t = timegm(&tm);
	return 0;
}

const char *
clock_rfc5322(time_t t, char out[CLOCK_RFC5322_SIZE])
{
	static const char	*const day[] = { "Sun", "Mon", "Tue", "Wed",
		"Thu", "Fri", "Sat" };
	static const char	*const mon[] = { "Jan", "Feb", "Mar", "Apr",
		"May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm		 tm;

	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof tm);
	/* not strftime: names must not follow the locale */
	(void)snprintf(out, CLOCK_RFC5322_SIZE,
	    "%s, %d %s %d %02d:%02d:%02d +0000", day[tm.tm_wday], tm.tm_mday,
	    mon[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec);
	return out;
}

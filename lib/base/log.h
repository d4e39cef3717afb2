/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - one event, one line: "EVENT key=value key=value ..."
 *
 * Values are quoted when they hold anything but plain characters; control
 * octets, quotes and backslashes are escaped (\n, \", \\, \xHH) and long
 * values cut, so that mail cannot forge a line. Every event name stands in
 * doc/LOGS; a test compares it with the calls of log_event() in the code,
 * which therefore give the name as a literal.
 * Threads: safe after log_open().
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <syslog.h>

enum log_kind { LOG_K_END, LOG_K_STR, LOG_K_INT, LOG_K_REAL };

struct log_field {
	enum log_kind	 kind;
	const char	*key;
	const char	*s;	/* STR; NULL is written as "-" */
	size_t		 n;	/* STR: octets, or (size_t)-1 for strlen */
	long long	 i;
	double		 d;	/* written with two decimals */
};

#define LOG_STR(k, v)	{ LOG_K_STR, (k), (v), (size_t)-1, 0, 0 }
#define LOG_MEM(k, p, l) { LOG_K_STR, (k), (p), (l), 0, 0 }
#define LOG_INT(k, v)	{ LOG_K_INT, (k), NULL, 0, (long long)(v), 0 }
#define LOG_REAL(k, v)	{ LOG_K_REAL, (k), NULL, 0, 0, (v) }

#define LOG_LINE_MAX	2048	/* octets of a line; the rest is cut */
#define LOG_VALUE_MAX	384	/* octets of a value; "..." marks the cut */

/*
 * Where lines go: syslog's mail facility as "program[pid]", or standard error
 * with a UTC time in front. program must stay valid.
 */
void	log_open(const char *program, bool to_stderr);

/* Lines less urgent than this are not written (LOG_DEBUG: all are; -1: none);
 * for a command that tells its findings in another way. */
void	log_limit(int priority);

/* priority: syslog.h (LOG_INFO for what is normal). At least one field. */
#define log_event(priority, event, ...)					\
	log_write((priority), (event),					\
	    (const struct log_field[]){ __VA_ARGS__,			\
	    { LOG_K_END, NULL, NULL, 0, 0, 0 } })

void	log_write(int priority, const char *event,
	    const struct log_field *fields);

/* The line as log_write() would send it, without time; for tests and -d. */
size_t	log_format(char *out, size_t size, const char *event,
	    const struct log_field *fields);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c - see log.h */
#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

static const char	*log_program = "mailweir";
static bool		 log_stderr = true;
static int		 log_least = LOG_DEBUG;

/* A line under construction; len may not pass size - 1. */
struct line {
	char	*p;
	size_t	 len, size;
};

static void
put(struct line *l, const char *s, size_t n)
{
	if (n > l->size - 1 - l->len)
		n = l->size - 1 - l->len;
	memcpy(l->p + l->len, s, n);
	l->len += n;
}

/* plain - may the octet stand in a value without quotes? */
static bool
plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

static void
put_escaped(struct line *l, unsigned char c)
{
	char	hex[5];

	switch (c) {
	case '\n':	put(l, "\\n", 2);	return;
	case '\r':	put(l, "\\r", 2);	return;
	case '\t':	put(l, "\\t", 2);	return;
	case '"':	put(l, "\\\"", 2);	return;
	case '\\':	put(l, "\\\\", 2);	return;
	}
	if (c < ' ' || c >= 0x7f) {
		(void)snprintf(hex, sizeof hex, "\\x%02x", c);
		put(l, hex, 4);
	} else {
		put(l, (const char *)&c, 1);
	}
}

/*
 * sequence - octets of the UTF-8 character at s; 0 if there is none
 *
 * journalctl shows a line as "blob data" when it holds anything else, or one
 * of the control characters U+0080 to U+009F.
 */
static size_t
sequence(const char *s, size_t n)
{
	const unsigned char	*p = (const unsigned char *)s;
	size_t			 len, i;

	len = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 :
	    p[0] < 0xf5 ? 4 : 0;
	if (len == 0 || len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) ||
	    (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static void
put_value(struct line *l, const char *s, size_t n)
{
	size_t	i, k, keep = n > LOG_VALUE_MAX ? LOG_VALUE_MAX : n;
	bool	quote = n == 0;

	for (i = 0; i < keep && !quote; i += k) {
		k = sequence(s + i, keep - i);
		quote = k == 0 && !plain((unsigned char)s[i]);
		k += k == 0;
	}
	if (quote)
		put(l, "\"", 1);
	for (i = 0; i < keep; i += k) {
		k = sequence(s + i, keep - i);
		if (k > 0)
			put(l, s + i, k);
		else
			put_escaped(l, (unsigned char)s[i]);
		k += k == 0;
	}
	if (keep < n)
		put(l, "...", 3);
	if (quote)
		put(l, "\"", 1);
}

size_t
log_format(char *out, size_t size, const char *event,
    const struct log_field *f)
{
	struct line	l = { out, 0, size };
	char		num[32];

	put(&l, event, strlen(event));
	for (; f->kind != LOG_K_END; f++) {
		put(&l, " ", 1);
		put(&l, f->key, strlen(f->key));
		put(&l, "=", 1);
		switch (f->kind) {
		case LOG_K_STR:
			if (f->s == NULL)
				put(&l, "-", 1);
			else
				put_value(&l, f->s, f->n == (size_t)-1 ?
				    strlen(f->s) : f->n);
			break;
		case LOG_K_INT:
			(void)snprintf(num, sizeof num, "%lld", f->i);
			put(&l, num, strlen(num));
			break;
		case LOG_K_REAL:
			(void)snprintf(num, sizeof num, "%.2f", f->d);
			put(&l, num, strlen(num));
			break;
		case LOG_K_END:
			break;
		}
	}
	l.p[l.len] = '\0';
	return l.len;
}

void
log_open(const char *program, bool to_stderr)
{
	log_program = program;
	log_stderr = to_stderr;
	if (!to_stderr)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void
log_limit(int priority)
{
	log_least = priority;
}

void
log_write(int priority, const char *event, const struct log_field *fields)
{
	char	line[LOG_LINE_MAX], out[LOG_LINE_MAX + 128];
	char	iso[CLOCK_ISO_SIZE];
	int	n;

	if (priority > log_least)
		return;
	(void)log_format(line, sizeof line, event, fields);
	if (!log_stderr) {
		syslog(priority, "%s", line);
		return;
	}
	n = snprintf(out, sizeof out, "%s %s[%ld]: %s\n",
	    clock_iso(clock_now(), iso), log_program, (long)getpid(), line);
	/* one write, so that lines of several threads do not mix */
	if (n > 0 && write(STDERR_FILENO, out, (size_t)n) == -1)
		return;
}

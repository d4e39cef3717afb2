/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err.h - one error sentence, carried up to whoever can act on it
 *
 * A failing function fills the caller's struct err and returns -1; it does
 * not log. Only the edge (a daemon's callback, a command's main) logs, so
 * one fault makes one line.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define ERR_SIZE	512

struct err {
	char	msg[ERR_SIZE];	/* "" = no error; else one line, no newline */
	int	code;		/* sysexits.h; 0 = let the caller choose */
};

/* Format into *e (which may be NULL). Always returns -1. */
int	err_set(struct err *e, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* The same, with the sysexits code that a command should end with. */
int	err_code(struct err *e, int code, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* Put "prefix: " in front of what *e says. Always returns -1. */
int	err_prefix(struct err *e, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

#endif

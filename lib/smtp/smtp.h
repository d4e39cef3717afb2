/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp.h - hand one message to one recipient by SMTP (libcurl underneath)
 *
 * No TLS, no login: for a Postfix of our own, by loopback or a private net.
 * One connection carries message after message while the server keeps it.
 */
#ifndef SMTP_SMTP_H
#define SMTP_SMTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define SMTP_REPLY_SIZE	512

struct smtp;

enum smtp_result {
	SMTP_TAKEN,	/* 250 behind the final dot: it is theirs now */
	SMTP_REFUSED,	/* 5xx */
	SMTP_LATER,	/* 4xx */
	SMTP_AWAY	/* no connection, or it broke. If `sent`, behind the
			   end of the message: it may be theirs all the same
			   (RFC 1047), nobody can tell */
};

struct smtp_reply {
	char	text[SMTP_REPLY_SIZE];	/* "550 5.1.1 No such user", or what
					   went wrong; printable */
	bool	sent;
};

/* A piece of a message; together they are it, CRLF line ends. */
struct smtp_piece {
	const char	*p;
	size_t		 n;
};

/* "host:port", [v6]:port. 0; -1 with *e. */
int	smtp_server_ok(const char *server, struct err *e);

/* helo: our name; "localhost" if it is none. timeout: seconds for one message.
 * No connection yet. -1 without memory. Threads: one at a time. */
int	smtp_open(const char *server, const char *helo, long timeout,
	    struct smtp **, struct err *e);
void	smtp_close(struct smtp **);

/* From now on, seconds for one message. */
void	smtp_limit(struct smtp *, long timeout);

/* from and to: "<a@b>"; from may be "<>". */
enum smtp_result smtp_send(struct smtp *, const char *from, const char *to,
	    const struct smtp_piece *, size_t n, struct smtp_reply *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire.h - the MTA's end of a milter connection, for whoever means no good
 *
 * It reads whatever comes while it writes, so that neither side waits for the
 * other for ever, and looks at every answer: what is none that the protocol
 * knows is a finding.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wire {
	int		 fd;
	bool		 closed;	/* the milter hung up */
	bool		 edits;		/* of the message that is ending */
	uint32_t	 steps;		/* SMFIP_ bits that were agreed on */
	char		 last;		/* the last answer's command */
	unsigned	 answers;	/* so far, edits not counted */
	uint64_t	 hash;		/* of all answers */
	char		*in;		/* octets of an answer not yet whole */
	size_t		 len, cap;
	char		 trace[256];	/* the answers' commands, in order */
	const char	*wrong;		/* what was, or NULL */
};

/* A unix socket; -1 when nobody is there. */
int	wire_open(struct wire *, const char *path);
void	wire_close(struct wire *);

/* Octets as they are; -1 when the milter hung up or does not read. */
int	wire_raw(struct wire *, const void *p, size_t n);
/* One packet. */
int	wire_put(struct wire *, char cmd, const void *p, size_t n);
/* Read for at most ms milliseconds, until there are `answers` more of them.
 * 0; -1 when they did not come. */
int	wire_wait(struct wire *, unsigned answers, int ms);
/* No more will come from here: true when the milter hangs up, too. */
bool	wire_ends(struct wire *, int ms);

#endif

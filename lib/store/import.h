/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import.h - whole lists into a scope: read, hash, sort, load, switch
 *
 * Nothing of it is seen before the switch, which is one small transaction;
 * a failure at any point leaves the scope as it was. Lookups go on at full
 * speed meanwhile, other writers wait for milliseconds.
 */
#ifndef STORE_IMPORT_H
#define STORE_IMPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "store/rows.h"
#include "store/store.h"

#define IMPORT_SAMPLES	10
#define IMPORT_MEMORY	(320u << 20)	/* octets for sorting, by default */

/* What the list of before said of a recipient who goes. */
struct import_gone {
	uint8_t			 digest[STORE_DIGEST];
	enum store_reason	 reason;
	int64_t			 seen, expires;	/* 0 = not given, never */
};

struct import {
	/* in */
	const char		*name;		/* of the file, for messages */
	const char		*scope;
	enum store_reason	 reason;	/* 0: as the rows say */
	int64_t			 expires;	/* 0 = the reason's default */
	enum rows_format	 format;
	const char		*column;	/* NULL: find out */
	bool			 replace;	/* the whole scope */
	bool			 dry_run;
	double			 max_shrink;	/* percent of the rows that a
						   replacement may drop; < 0:
						   any but all */
	FILE			*rejects;	/* NULL, or where to */
	bool			 override;	/* may drop complaint, legal */
	const char		*note;		/* stated reason for that */
	const char		*actor;
	const struct addr_rules	*rules;
	unsigned		 workers;	/* 0 = one a core */
	size_t			 memory;	/* 0 = IMPORT_MEMORY */
	int			 stall;		/* seconds, intake.h */
	/* phase: "reading" (octets), "loading" (rows, total known),
	 * or once "waiting": an import of another scope loads its list */
	void			(*progress)(void *arg, const char *phase,
				    uint64_t done, uint64_t total);
	void			*arg;
	/* out */
	const char		*export_of;	/* the service it comes from */
	uint64_t		 rows, rejected;	/* of the file */
	uint64_t		 distinct;	/* recipients among the good */
	uint64_t		 before, after;	/* rows of the scope's lists */
	uint64_t		 added, removed, unchanged;
	uint64_t		 protected;	/* removed: complaint, legal */
	uint32_t		 list;		/* the new list; 0 none */
	uint32_t		 added_lines[IMPORT_SAMPLES];
	uint32_t		 same_lines[IMPORT_SAMPLES];
	unsigned		 nadded_lines, nsame_lines;
	struct import_gone	 gone[IMPORT_SAMPLES];	/* of the removed */
	unsigned		 ngone;
};

/* Returns 0 when the new list is in force (or, dry, would be); -1 with *e and
 * the scope as it was. Threads: safe; a second import of the same scope is
 * refused with EX_TEMPFAIL while one runs. */
int	store_import(struct store *, int fd, struct import *, struct err *e);

/* rollback - back to the lists before the last import of this scope; refused
 * when complaint or legal rows came with it, without override and a note. */
struct rollback {
	const char	*scope, *actor, *note;
	bool		 override;
	uint64_t	 before, after;		/* out: rows of its lists */
	uint64_t	 protected;		/* out: complaint, legal rows
						   that go with it */
};
int	store_rollback(struct store *, struct rollback *, struct err *e);

#endif

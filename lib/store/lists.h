/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lists.h - imported lists on disk: read one through, write a new one, delete
 *
 * Inside lib/store; all of it runs inside env_guard(). A list is immutable
 * but for lifted marks, so it can be read in portions, each in a read
 * transaction of its own: no reader lives long enough to make the file grow.
 */
#ifndef STORE_LISTS_H
#define STORE_LISTS_H

#include "store/env.h"
#include "store/sort.h"

/* A row in memory: digest, length of the value, value. */
#define LIST_ROW_SIZE	(STORE_DIGEST + 1 + LVALUE_MAX)

/* Reading, in order of digests. */
struct list_reader {
	struct env	*env;
	uint32_t	 list;
	uint8_t		*rows;		/* a portion, LIST_ROW_SIZE each */
	unsigned	 at, n;
	bool		 over;
	uint8_t		 last[STORE_DIGEST];	/* digest of the last row */
	bool		 begun;
	bool		 lifted_too;	/* give lifted marks as well */
	struct marks	 marks;		/* of the present row */
	unsigned	 mark;
	struct item	 item;
};

int	list_open(struct env *, uint32_t list, struct list_reader *,
	    struct err *e);
void	list_close(struct list_reader *);
/* A row; 1, 0 at the end, -1. */
int	list_row(struct list_reader *, uint8_t digest[STORE_DIGEST],
	    struct marks *, struct err *e);
/* Marks that are not lifted, one after another: a struct source. */
int	list_item(void *list_reader, struct item *, struct err *e);

/* Writing, in order of digests; a thread of its own appends and commits. */
struct list_writer;

/* A fresh list of this scope; it waits for its turn to append. */
int	list_new(struct env *, const struct run_rec *, struct list_writer **,
	    struct err *e);
int	list_add(struct list_writer *, const uint8_t digest[STORE_DIGEST],
	    const struct marks *, struct err *e);
/* All rows are on disk, the run's record says "ready"; *list its number. */
int	list_finish(struct list_writer *, bool domains, uint32_t *list,
	    struct run_rec *, struct err *e);
/* Frees; what was not finished lists_sweep() deletes. NULL is fine. */
void	list_drop(struct list_writer **);

/* The octets of a row that the digest of a list covers. */
struct list_hash;
struct list_hash *list_hash_new(void);
void	list_hash_add(struct list_hash *, const uint8_t digest[STORE_DIGEST],
	    const struct marks *);
/* The same of a value as it is on disk. */
void	list_hash_row(struct list_hash *, const uint8_t digest[STORE_DIGEST],
	    const uint8_t *value, size_t n);
void	list_hash_end(struct list_hash **, uint8_t out[HASH_SIZE]);

/* Delete lists that nobody needs: marked so, or of imports that died. Until
 * done, or for so many milliseconds; 0 = no limit. */
int	lists_sweep(struct env *, long ms, struct err *e);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* dtable_int.h - what dtable.c shares with the readers of other formats */
#ifndef DKIM_DTABLE_INT_H
#define DKIM_DTABLE_INT_H

#include <pthread.h>
#include <stdint.h>
#include <sys/stat.h>

#include "dkim/dtable.h"

#define DTABLE_NONE	UINT32_MAX

struct dtable_slot {
	struct dtable_entry	 e;
	uint32_t		 self;
	bool			 pinned;	/* parsed at load, kept */
	/* under the table's lock */
	struct dkey		*key;
	uint32_t		 newer, older;	/* of the keys loaded at use */
	int64_t			 failed_us;	/* steady clock; 0 = never */
	/* the file as it was when the table was loaded */
	bool			 seen;
	dev_t			 dev;
	ino_t			 ino;
	struct timespec		 mtime;
};

/* pattern -> entry; rows of one pattern are chained in order */
struct dtable_row {
	char		*pattern;	/* lower case, of the table */
	uint32_t	 entry;
	uint32_t	 next;		/* in the bucket */
};

struct dtable {
	struct dtable_slot	*slot;
	size_t			 n, cap;
	struct dtable_row	*row;
	size_t			 nrows, rowcap;
	uint32_t		*bucket, *names;
	size_t			 nbuckets, nnames;
	bool			 parents;
	size_t			 cache, cached;
	uint32_t		 newest, oldest;
	pthread_mutex_t		 lock;
	void			**own;		/* strings, freed with it */
	size_t			 nown, owncap;
};

/* Keep memory until the table goes (freed at once on failure: NULL). */
void	*dtable_own(struct dtable *, void *p);
char	*dtable_dup(struct dtable *, const char *s, size_t n);
/* A new entry, its strings owned elsewhere; NULL without memory. */
struct dtable_slot *dtable_add(struct dtable *, const struct dtable_entry *);
/* One more pattern for an entry; -1 with *e. */
int	dtable_pattern(struct dtable *, const char *pattern, uint32_t entry,
	    struct err *e);
uint32_t dtable_index(const struct dtable *, const char *name, size_t n);
/* After all entries are there: look up by name. */
int	dtable_index_names(struct dtable *);

#endif

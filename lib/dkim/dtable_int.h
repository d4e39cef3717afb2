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
	const char		*fault;		/* why it can never be loaded */
	/* under the table's lock */
	struct dkey		*key;
	struct dtable_slot	*newer, *older;	/* of the keys loaded at use */
	struct dtable_slot	*next;		/* made: in its bucket */
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

/* Entries made at use from one with "%" or $domain in it; they stay. */
#define DTABLE_MADE	4096		/* buckets */

struct dtable_slots {
	struct dtable_slot	*bucket[DTABLE_MADE];
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
	struct dtable_slot	*newest, *oldest;
	struct dtable_slots	 *made;		/* from templates, at use */
	struct signing		*signing;	/* OpenDKIM's SigningTable */
	uint32_t		 by_path;	/* entry of key_path, or none */
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
uint32_t dtable_hash(const char *s, size_t n);
/* Remember the file as it is now; -1 with errno. */
int	dtable_note_file(struct dtable_slot *);
/* An entry for domain, from one whose file or domain depends on it; NULL when
 * there is no such file, or no memory. */
const struct dtable_entry *dtable_make(struct dtable *,
	    const struct dtable_entry *templ, const char *domain);

/* A path with domain and selector where they belong; free it. */
char	*dtable_fill_in(const struct dtable_entry *templ, const char *domain);

/* pathmap.c: rspamd's maps, and what rotate.h calls active. */
int	pathmap_load(struct dtable *, const struct dtable_options *,
	    struct err *e);

int	active_load(struct dtable *, const char *dir, struct err *e);

/* signing.c: OpenDKIM's tables. -1 with "FILE:LINE: why". */
int	signing_load_keys(struct dtable *, const char *spec, struct err *e);
int	signing_load(struct dtable *, const char *spec, bool all,
	    struct err *e);
void	signing_free(struct signing **);
size_t	signing_find(struct dtable *, const char *local,
	    const char *domain, const struct dtable_entry *v[DTABLE_FOUND]);

/* After all entries are there: look up by name. */
int	dtable_index_names(struct dtable *);

#endif

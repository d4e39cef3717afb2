/* SPDX-License-Identifier: BSD-2-Clause */
/* import_int.h - what import.c and the import_*.c beside it share; no other
 * user */
#ifndef STORE_IMPORT_INT_H
#define STORE_IMPORT_INT_H

#include "store/import.h"
#include "store/intake.h"
#include "store/lists.h"
#include "store/sort.h"

#define WORKERS_MAX	16

struct job {
	struct store		*s;
	struct env		*env;
	struct import		*im;
	struct intake		 in;
	struct err		*e;
	struct rows		 rows;
	uint64_t		 octets;
	uint16_t		 expires[STORE_REASON_MAX];	/* by reason */
	struct sorter		*sorters[WORKERS_MAX];
	unsigned		 workers;
	unsigned		 old_key;	/* the lists of before are
						   under this one of the keys;
						   0 as the new rows */
	struct sorter		*twins[WORKERS_MAX];	/* rows under that */
	struct scope_rec	 scope;		/* as it was at the start */
	uint32_t		 scope_id;
	uint64_t		 seq;		/* of the journal, at start */
	int			 lock;
	/* merging */
	struct list_reader	 old[SCOPE_LISTS];	/* lists of before */
	struct source		 sources[SCOPE_LISTS];
	struct list_reader	 shadow[SCOPE_LISTS];	/* to compare */
	struct source		 shadows[SCOPE_LISTS];
	int			 nold, nshadow;
	struct scope_rec	 keep;		/* .active: lists that stay as
						   they are beside the new */
	uint64_t		 emitted;
	struct merge		*all, *twin, *before;
	bool			 compared;	/* the counts are complete */
	struct item		 old_item;
	bool			 old_live;
	struct list_writer	*writer;
	bool			 domains;
};

/* The file into j->sorters, and into j->twins when the lists of before are
 * under another key. */
int	import_read(struct job *, int fd);

/* Inside the guard: which lists of before stay and which are merged; then
 * readers of those that do not stay. */
int	import_open(struct job *);
/* A stream into j->writer, recipient by recipient. */
int	import_merge(struct job *, struct merge *);
/* The same, told from the lists of before; with the same key it is the one
 * that is loaded. */
int	import_compare(struct job *, struct merge *);

/* One transaction: the scope names the new list, the journal says so. */
int	import_switch(struct job *, struct run_rec *);

#endif

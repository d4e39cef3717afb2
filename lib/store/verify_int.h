/* SPDX-License-Identifier: BSD-2-Clause */
/* verify_int.h - what verify.c and verify_lists.c share; no other user */
#ifndef STORE_VERIFY_INT_H
#define STORE_VERIFY_INT_H

#include "store/admin.h"
#include "store/journal.h"
#include "store/scope.h"
#include "store/sort.h"

/* What the journal says of lists: the last switch of each scope, sorted by
 * scope, and every import. */
struct switched {
	uint32_t	scope;
	uint64_t	seq;
	int		n;
	uint32_t	list[SCOPE_LISTS];
	bool		gone;		/* it ended the scope */
	bool		seen;		/* the scope is there */
};

struct imported {
	uint32_t	list;
	uint64_t	rows;
	uint8_t		digest[HASH_SIZE];
};

struct said {
	struct switched	*sw;
	size_t		 nsw, capsw;
	struct imported	*im;
	size_t		 nim, capim;
	uint64_t	 walked;	/* the last record that was looked at */
};

struct check {
	struct store		*s;
	struct env		*env;
	struct store_check	*c;
	void			(*fault)(void *, const char *);
	void			*arg;
	bool			 domain;
	uint64_t		 first, last;	/* of the journal */
	struct sorter		*missing;	/* NULL: nothing so far */
	struct said		 said;
	struct err		*e;
};

/* One line to whoever verifies, and counted. */
void	verify_fault(struct check *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* "1:0f3a..." for messages */
const char *verify_id(const struct store_id *, char out[64]);
/* A journal record, copied; 1, 0 absent, -1. */
int	verify_record(struct check *, uint64_t seq, uint8_t *copy,
	    struct jrec *);
/* A record that came after the proof of the chain began, or one that the
 * journal does not have; 0, -1. */
int	verify_beyond(struct check *, const char *what,
	    const struct store_id *, uint64_t seq);

/* An import, a rollback or the end of a scope in the journal: the lists in
 * force after it are kept in c->said. 0, -1. */
int	verify_switch(struct check *, const struct jrec *);
/* For walk(): a list's rows against its record, and the journal's; a scope
 * against its last switch. */
int	verify_list(void *check, const MDB_val *k, const MDB_val *v,
	    struct err *e);
int	verify_scope(void *check, const MDB_val *k, const MDB_val *v,
	    struct err *e);
/* Scopes that the journal filled and that are gone. */
void	verify_unseen(struct check *);

#endif

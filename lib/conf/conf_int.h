/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_int.h - what conf.c, value.c and bind.c share; no other user */
#ifndef CONF_INT_H
#define CONF_INT_H

#include <pthread.h>

#include "conf/conf.h"

struct conf_line {
	const char	*name;
	const char	*value;		/* continued, trimmed, not expanded */
	size_t		 line;		/* where it begins, from 1 */
};

struct conf_section {
	const struct conf *conf;
	const char	*kind;		/* "" for the top */
	const char	*name;		/* "" when it has none */
	size_t		 line;
	size_t		 order;		/* position in the file */
	struct conf_line *v;
	size_t		 n, cap;
};

/*
 * Memory that lives as long as the struct conf. Binding allocates from it
 * after the file was read, from whatever thread, hence the lock.
 */
struct conf_chunk {
	struct conf_chunk *next;
	size_t		   used, size;
	_Alignas(sizeof(void *)) char data[];
};

struct conf_pool {
	pthread_mutex_t	   lock;
	struct conf_chunk *head;
};

struct conf {
	char			 *path;
	struct conf_pool	 *pool;
	struct conf_section	**v;		/* file order; v[0]: the top */
	struct conf_section	**sorted;	/* by kind, name */
	size_t			  n, cap;
	struct conf_section	  absent;	/* stands for any that is not
						   in the file */
	size_t			  lines;
};

/* Zero-free memory of the pool, or NULL. */
void	*conf_alloc(struct conf_pool *, size_t size);
char	*conf_strndup(struct conf_pool *, const char *s, size_t n);

const struct conf_line *conf_line(const struct conf_section *,
	    const char *name);

/*
 * conf_value - text to the member that p describes
 *
 * out may be NULL: only check. *why gets a few words on error.
 */
#define CONF_WHY	256
int	conf_value(struct conf_pool *, const struct conf_param *p,
	    const char *text, void *out, char why[CONF_WHY]);

#endif

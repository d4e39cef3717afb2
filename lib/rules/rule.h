/* SPDX-License-Identifier: BSD-2-Clause */
/* rule.h - what the files of lib/rules share: a rule set from the inside */
#ifndef RULES_RULE_H
#define RULES_RULE_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "rules/phrase.h"
#include "rules/prefilter.h"
#include "rules/received.h"
#include "rules/regex.h"
#include "rules/relay.h"
#include "rules/rules.h"

#define RULES_MAX	65536		/* rules of a set */
#define RULES_NONE	((size_t)-1)

/* A map from names to numbers; names are not copied. */
struct names {
	struct names_slot {
		const char	*name;
		size_t		 value;
	}		*slot;
	size_t		 n, cap;
};

size_t	names_get(const struct names *, const char *name, size_t len);
int	names_put(struct names *, const char *name, size_t value);
void	names_free(struct names *);

struct meta;		/* meta.c: a compiled expression */
struct selector;	/* select.c: which header text a rule looks at */

struct example {
	struct example	*next;
	const char	*text;
	bool		 ok;		/* must hit; else must not */
	const char	*file;
	unsigned	 line;
};

struct rule {
	const char	*name;
	enum rules_kind	 kind;
	const char	*file;
	unsigned	 line;
	const char	*text;		/* pattern or expression as written */
	const char	*describe;
	const char	*tflags;
	double		 score[4];
	bool		 scored, sub, active, strict;
	size_t		 source;	/* which rules_source defined it */

	struct regex	*re;
	size_t		 shortest;	/* text that re could match */
	struct phrase	*phrase;	/* instead of re */
	struct meta	*meta;
	size_t		 selector;	/* HEADER, MIME: index */
	bool		 negated, exists;
	const char	*unset;		/* [if-unset: ...]; NULL */
	bool		 multiple, nosubject, concat, replace;
	struct literal_set *words;	/* until the filters are built */
	bool		 squeezed;	/* words of the squeezed text */
	unsigned long	 maxhits;	/* 0 = no bound */
	unsigned long	 range_min, range_max;	/* MIME: parts from 1 */

	const char	*owner;
	time_t		 expires;	/* 0 = never */
	bool		 lapsed;	/* it has, or one that it names */
	const char	**streams;
	struct rules_act *acts;
	size_t		 nacts;
	struct example	*examples;

	_Atomic uint64_t hits, limits, tried, ns;
};

/* Where a rule matched first. */
#define EXCERPT		80	/* octets of what matched that are kept */

struct found {
	size_t	 piece, at, len;
	char	 text[EXCERPT + 1];
};

/* One header text, got when the first rule asks for it. */
struct seltext {
	struct buf	buf;
	bool		got, found;
};

struct rules_block {
	struct rules_block	*next;
	char			 data[];
};

/* What one scan needs; taken from the set's pool, given back. */
struct scratch {
	struct scratch		*next;
	struct regex_scratch	*re;
	double			*count;		/* per rule */
	uint32_t		*stamp, *found_words;	/* per rule */
	uint32_t		*seen[2];	/* per word */
	unsigned char		*touched;	/* per meta: a rule it names
						   has hit */
	uint32_t		 now;		/* stamp of the present text */
	char			*folded;	/* room for one text */
	size_t			 folded_cap;
	struct found		*found;		/* per rule, when explaining */
	struct seltext		*sel;		/* per selector */
};

/* Rules that look at the same texts, by what must be in one before they can
 * hit. */
struct filter {
	bool			 used;		/* there are such rules */
	struct prefilter	*words[2];	/* in the text as it is, and
						   squeezed; or NULL */
	uint32_t		*always;	/* rules tried anyway */
	size_t			 nalways;
};

struct rules {
	struct rule		*v;
	size_t			 n, cap;
	struct names		 names;
	struct rules_block	*blocks;
	struct selector		**selectors;
	size_t			 nselectors;
	struct received_forms	*forms;		/* if a selector needs them */
	const char		*origin[9];	/* originating_ip_headers */
	size_t			 norigin;
	struct names		 tlds;
	struct regex		**redirects;
	size_t			 nredirects;
	size_t			*order[RULES_KINDS];	/* active rules */
	size_t			 norder[RULES_KINDS];
	/* Metas that name rule i: naming[naming_at[i]] to before
	 * naming[naming_at[i + 1]]. */
	uint32_t		*naming;
	size_t			*naming_at;
	unsigned char		*quiet;		/* meta is 0 when none of what
						   it names hits */
	double			*zero;		/* counts of no hit at all */
	struct filter		 filter[RULES_KINDS];
	size_t			 most_words[2];	/* of any filter */
	struct filter		*of_selector;	/* header rules */
	struct rules_file	*files;
	size_t			 nfiles;
	struct rules_options	 opt;
	pthread_mutex_t		 lock;
	struct scratch		*pool;
};

/* load.c */
void	*rules_alloc(struct rules *, size_t n);
char	*rules_dup(struct rules *, const char *p, size_t n);

/* cond.c: the expression behind `if`. 1, 0; -1 with why. */
int	cond_eval(const char *expr, bool plugins, struct err *e);

/* meta.c */
int	meta_parse(const char *text, struct meta **out, struct err *e);
void	meta_free(struct meta **);
/* Turn names into indices; unknown(arg, name) for those that are none. */
int	meta_bind(struct meta *, const struct rules *, size_t self,
	    void (*unknown)(void *arg, const char *name), void *arg);
/* The rules it names. */
size_t	meta_deps(const struct meta *, const size_t **deps);
double	meta_eval(const struct meta *, const double *count);

/* select.c */
int	selector_parse(const char *spec, bool mime, struct selector **out,
	    struct err *e);
void	selector_free(struct selector **);
const char *selector_spec(const struct selector *);
bool	selector_relays(const struct selector *);	/* needs Received */

/* What a selector looks at; relays are read when the first one asks. */
struct selector_env {
	const struct view		*v;
	const struct received_forms	*forms;
	const char *const		*origin;
	struct regex_scratch		*re;
	struct relays			*relays;	/* relays_free() it */
};

/* Append the text it selects; *found says whether there was any. -1 without
 * memory. */
int	selector_get(const struct selector *, struct selector_env *,
	    struct buf *out, bool *found);
/* The same for one MIME part. */
int	selector_get_part(const struct selector *, const struct view *,
	    size_t part, struct buf *out, bool *found);

/* scratch.c: memory of scans, from a pool */
struct scratch *scratch_get(struct rules *);
void	scratch_put(struct rules *, struct scratch *);
void	scratch_free_all(struct rules *);

/* filter.c: the words of all rules, by kind */
int	filter_build(struct rules *);
void	filter_free(struct rules *);
size_t	filter_octets(const struct rules *);
/* Rules worth trying on a text, besides filter->always; in s->found_words.
 * FILTER_FAILED without memory. */
#define FILTER_FAILED	((size_t)-1)
size_t	filter_scan(const struct filter *, struct scratch *, const char *p,
	    size_t n);

/* finish.c: everything read; compile, check, order */
struct loader;
int	rules_finish(struct loader *);

/* world.c: lib/mail/uri.h asks these; the world is the caller's */
struct world {
	const struct rules	*r;
	struct regex_scratch	*re;
};
void	rules_world(const struct world *, struct uri_world *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.h - keyword rules: SpamAssassin's language, and what it lacks
 *
 * Rule files (doc/RULES) become one immutable set, shared by all threads; a
 * reload builds another. A scan looks at one message through lib/mail/view.h,
 * builds only the texts that a rule asks for, and gives hits with their score.
 * PCRE2 decides every match (JIT where the system allows it); this folder is
 * its only user.
 *
 * What takes time is bounded: match limits a pattern, a time budget a message.
 * When the budget is spent the scan stops and says at which rule.
 * Threads: a set is safe from all threads at once; scratch memory comes from a
 * pool inside it, never from thread-locals (libmilter moves work between
 * threads).
 */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "mail/view.h"

#define RULES_NAME_MAX	100	/* octets of a rule's name */
#define RULES_FILE_MAX	(16u << 20)	/* octets of a rule file */

enum rules_kind {
	RULES_HEADER, RULES_BODY, RULES_RAWBODY, RULES_URI, RULES_FULL,
	RULES_MIME, RULES_PHRASE, RULES_META,
	RULES_UNSUPPORTED,	/* eval: and network tests: never hit */
	RULES_EMPTY,		/* a score or description without a rule */
	RULES_KINDS
};

/* What a file or folder of rules may be, from a [rules] section. */
struct rules_source {
	const char	*path;		/* file, or folder of *.cf */
	const char	*text;		/* instead of a file: its content; path
					   is what it is called. NULL-able */
	bool		 strict;	/* ours: examples and descriptions
					   wanted, unknown words refused */
	const char	*owner;		/* "" = nobody in particular */
	bool		 may_hold, may_reject, may_notify, may_tag;
	const char *const *streams;	/* mail of these alone is looked at;
					   NULL: of all. NULL-terminated */
	const char *const *signers;	/* NAME:FILE of public keys; NULL:
					   signatures are not looked at */
	bool		 signature;	/* each file must be signed */
	size_t		 approvals;	/* and approved by so many others */
};

struct rules_options {
	bool	plugins;	/* mimeheader, replace_rules: as SpamAssassin
				   with those plugins */
	int	score_set;	/* 0 to 3, of four scores; 0 = no Bayes, no
				   network, as here */
	bool	subrules;	/* keep __rules that nothing with a score
				   needs */
	long	match_limit;	/* PCRE2 backtracks a match; 0 = 100000 */
	bool	no_prefilter;	/* match every rule, for comparison */
	time_t	now;		/* for `expires`; 0 = the clock */
};

enum rules_action {
	RULES_TAG, RULES_HOLD, RULES_REJECT, RULES_NOTIFY
};

struct rules_act {
	enum rules_action	 what;
	const char		*arg;	/* label, text or name; "" */
};

struct rules;

/* Facts of one rule, valid as long as the set. */
struct rules_info {
	const char		*name, *describe, *file, *owner;
	unsigned		 line;
	enum rules_kind		 kind;
	double			 score;
	bool			 sub;		/* __NAME */
	bool			 active;	/* is run at all */
	const char		*pattern;	/* as written; "" */
	const struct rules_act	*acts;
	size_t			 nacts;
	const char *const	*streams;	/* NULL-terminated, or NULL */
};

/*
 * rules_load - read files and folders into one set
 *
 * report:  called with every fault, "FILE:LINE: NAME: why"; fatal is false for
 *          what SpamAssassin would warn of and go on (not strict). NULL: only
 *          the first fatal one, in *e.
 * Returns: 0 and *out; -1 with the first fatal fault in *e, nothing loaded.
 */
typedef void rules_report_fn(void *arg, bool fatal, const char *msg);

int	rules_load(const struct rules_source *, size_t n,
	    const struct rules_options *, rules_report_fn *report, void *arg,
	    struct rules **out, struct err *e);
void	rules_free(struct rules **);

size_t	rules_count(const struct rules *);
void	rules_info(const struct rules *, size_t i, struct rules_info *);
/* Index of a rule, or (size_t)-1. */
size_t	rules_find(const struct rules *, const char *name);

/* The files that were read, in that order, and who stood for them: names of
 * signers, "" for nobody. */
struct rules_file {
	const char	*path;		/* rules_info.file is this pointer */
	const char	*signed_by, *approved_by;
};

const struct rules_file *rules_files(const struct rules *, size_t *n);

/* Octets of patterns, their machine code and the prefilters. */
size_t	rules_memory(const struct rules *);

/* The small message that an example's text stands for; appended to out. 0, or
 * -1 when it does not fit. */
int	rules_example(const struct rules *, size_t rule, const char *text,
	    struct buf *out);
/* Run the examples of one rule ((size_t)-1: of all), print those that are not
 * as they should be. 0 and their numbers; -1 without memory. */
int	rules_examples(const struct rules *, size_t rule, size_t *ok,
	    size_t *failed, FILE *);

/* What a pattern costs on 4 KB of text. us: microseconds on prose, the first
 * match alone; slow_on: a kind of text on which it needed more steps than
 * match_limit, NULL if none. Rules without a pattern cost nothing. 0, or -1
 * without memory. */
struct rules_cost {
	double		 us;
	const char	*slow_on;
};

int	rules_cost(const struct rules *, size_t rule, struct rules_cost *);

/* ---- scanning --------------------------------------------------------- */

struct rules_hit {
	size_t		 rule;		/* index */
	double		 count;		/* hits; the value of a meta */
	double		 score;		/* added to the total; 0 for __ */
	/* Where it matched first, when asked for. */
	const char	*where;		/* "body", "uri", "Subject"; "" */
	size_t		 piece, at;	/* of the text, octets in it */
	const char	*text;		/* what matched, cut; NUL-terminated */
};

struct rules_scan_options {
	const char	*stream;	/* name; NULL: rules for no stream */
	int64_t		 budget_us;	/* 0 = none */
	bool		 explain;	/* fill where and text */
	bool		 subrules;	/* report __ hits */
	bool		 profile;	/* take the time of every rule */
};

struct rules_result {
	double			 score;
	const struct rules_hit	*v;	/* in order of definition */
	size_t			 n;
	/* (size_t)-1, or the rule at which the budget ended, and the one that
	 * last ran into the match limit. */
	size_t			 over_budget, over_limit;
	int64_t			 us;		/* time it took */
	bool			 truncated;	/* a view was cut at a limit */
};

/*
 * rules_scan - run the rules over one message
 *
 * Returns: 0 and *out (rules_result_free); -1 without memory.
 * Threads: safe.
 */
int	rules_scan(const struct rules *, struct view *,
	    const struct rules_scan_options *, struct rules_result **out,
	    struct err *e);
void	rules_result_free(struct rules_result **);

/* Counters since the set was loaded; tried and ns of scans with `profile`. */
struct rules_stats {
	uint64_t	hits, limits, tried, ns;
};
void	rules_stats(const struct rules *, size_t rule, struct rules_stats *);

/* One of them, which begins at 0 again, if it has reached `least`; else 0. */
enum rules_figure { RULES_LIMITS, RULES_NS };

uint64_t rules_take(const struct rules *, size_t rule, enum rules_figure,
	    uint64_t least);

#endif

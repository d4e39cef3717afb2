/* SPDX-License-Identifier: BSD-2-Clause */
/* load_int.h - what the files that read rules share */
#ifndef RULES_LOAD_INT_H
#define RULES_LOAD_INT_H

#include "rules/rule.h"

#define IFS_MAX		32	/* nested if */
#define INCLUDES_MAX	8	/* nested include */

struct loader {
	struct rules			*r;
	const struct rules_source	*src;
	size_t				 isrc, nsrc;
	const struct rules_source	*srcs;
	const char			*file;		/* lives in the set */
	unsigned			 line;
	unsigned			 includes;
	struct {
		bool		skipping;	/* before the if */
		unsigned	line;
	}				 ifs[IFS_MAX];
	size_t				 nifs;
	bool				 skipping;
	struct signers			*signers;	/* of src; NULL */
	struct names			 tags, pre, post, inter;
	const char			**texts;	/* of those names */
	size_t				 ntexts;
	rules_report_fn			*report;
	void				*arg;
	struct err			*e;
	bool				 failed;
	bool				 no_memory;
};

/* load.c */
/* May its files do less than all? They then speak of their own rules alone. */
bool	load_limited(const struct rules_source *);
void	load_fault(struct loader *, bool fatal, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	load_fault_at(struct loader *, const struct rule *, bool fatal,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The rule of that name, made if need be; NULL: bad name (said) or memory. */
struct rule *load_rule(struct loader *, const char *name, size_t len);

/* signed.c: the file at hand, read as these octets: did those sign it who
 * have to? If not, that is a fatal fault. */
void	load_signed(struct loader *, const char *data, size_t len);

/* define.c: one line, comments and conditions done with */
void	load_line(struct loader *, const char *key, char *value);

/* extend.c: our own words; false when it is none of them */
bool	extend_line(struct loader *, const char *key, char *value);
/* A rule that is being defined looks at the streams of its source alone. */
int	extend_streams(struct loader *, struct rule *);

/* replace.c: <tag> inside patterns; calls: as subroutines. malloc'd; NULL when
 * it becomes too long or without memory */
char	*replace_apply(struct loader *, const char *pattern, bool calls);

/* examples.c: run `ok` and `fail`, report what disagrees. -1 without memory */
int	examples_run(struct loader *);

#endif

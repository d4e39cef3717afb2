/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dtable.h - whose mail is signed with which keys
 *
 * Entries come from [key NAME] sections and from tables in OpenDKIM's form
 * (dtable_file.c). Each has patterns that say which addresses it signs for:
 *
 *	ann@example.com		that address
 *	example.com		every address of the domain
 *	.example.com		every address of every domain below it
 *	*			every address
 *
 * The first kind that finds anything wins, in that order; all entries under
 * that pattern sign. With `parents`, example.com also serves addresses below
 * it when nothing nearer matches (the organisational fallback).
 *
 * Keys of sections are parsed at load, so that a missing one stops the start;
 * beyond DTABLE_EAGER sections, and for tables, at first use. At most `cache`
 * such keys are kept. A file that changed after the table was loaded is not
 * used: a reload takes keys and tables together, so that nothing is signed
 * with a new key under an old selector.
 */
#ifndef DKIM_DTABLE_H
#define DKIM_DTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "conf/conf.h"
#include "dkim/dkey.h"

#define DTABLE_EAGER	1000	/* [key] sections parsed at load */
#define DTABLE_FOUND	16	/* entries that one address may have */

struct dtable_entry {
	const char	*name;		/* of the section or KeyTable row */
	const char	*domain;	/* d=; "%": the domain of the address */
	const char	*selector, *file, *passphrase_file;
	const char	*identity;	/* i=; "" none; "%" in it: the domain of
					   the address */
	struct conf_list skip_rcpt_domains;	/* not when one of these is
						   among the recipients */
};

extern const struct conf_param dtable_key_params[];	/* of [key NAME] */

struct dtable_options {
	const char	*key_table;	/* OpenDKIM's KeyTable, or "" */
	const char	*signing_table;	/* "refile:/path", "/path", or "" */
	bool		 all_matches;	/* of signing_table, not the first */
	const char	*key_path;	/* "/d/$domain/$selector.key" or "" */
	const char	*key_selector;	/* for key_path */
	const char	*path_map, *selector_map;	/* rspamd's, or "" */
	const char	*key_store;	/* folder of rotate.h, or "" */
	bool		 parents;
	size_t		 cache;		/* keys loaded at use that are kept */
};

struct dtable;

/* conf must outlive the table. -1: "FILE:LINE: name: why". */
int	dtable_load(const struct conf *, const struct dtable_options *,
	    struct dtable **, struct err *e);
void	dtable_free(struct dtable **);
size_t	dtable_count(const struct dtable *);
const struct dtable_entry *dtable_at(const struct dtable *, size_t i);

/*
 * dtable_find - the entries for an address
 *
 * local:   of the address, or of a SASL login; domain: normal form
 *          (mail/addr.h), or "" for a login without one.
 * Returns: how many of v are set, at most DTABLE_FOUND.
 * Threads: safe, as are all that follow.
 */
size_t	dtable_find(struct dtable *, const char *local,
	    const char *domain, const struct dtable_entry *v[DTABLE_FOUND]);
const struct dtable_entry *dtable_named(const struct dtable *,
	    const char *name);

/* The key of an entry, loaded now if need be, with a reference for the caller
 * (dkey_free). -1 with *e: cannot be loaded. Failures are remembered for ten
 * seconds. */
int	dtable_key(struct dtable *, const struct dtable_entry *,
	    struct dkey **, struct err *e);

/* Was the entry's key parsed when the table was loaded? */
bool	dtable_loaded(const struct dtable_entry *);

/* The patterns of a [key] section's entry ("user@domain", "domain", ".domain",
 * "*", ":login"). */
void	dtable_patterns(const struct dtable *, const struct dtable_entry *,
	    void (*each)(void *arg, const char *pattern), void *arg);

/* Every entry: load and release its key; for `mailweir check`. */
size_t	dtable_check(struct dtable *, void (*report)(void *arg,
	    const char *msg), void *arg);

#endif

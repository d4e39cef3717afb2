/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.h - the edits of one message, in the order in which they were asked for
 *
 * Nothing in a plan has reached the MTA. It is written down edit by edit, each
 * checked before it is taken (plan_*_ok), and applied only when every policy
 * has spoken and none of them failed.
 */
#ifndef FRAME_PLAN_H
#define FRAME_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

enum edit_kind {
	EDIT_INSERT,		/* name, value before field n (0 = top) */
	EDIT_APPEND,		/* name, value below the last field */
	EDIT_CHANGE,		/* nth field of that name gets value */
	EDIT_DELETE,		/* nth field of that name goes */
	EDIT_SENDER,		/* value: "<a@b>" */
	EDIT_ADD_RCPT, EDIT_DELETE_RCPT,
	EDIT_BODY,		/* the text is the message's, not the plan's */
	EDIT_QUARANTINE,	/* value: the reason */
	EDIT_KINDS
};

struct edit {
	enum edit_kind	 kind;
	const char	*by;		/* the policy, static text */
	size_t		 n;
	char		*name;		/* NULL unless a header edit */
	char		*value;		/* NULL for DELETE and BODY */
};

/* More than a sane policy asks for, little enough to hold for each message. */
#define PLAN_EDITS_MAX	65536
#define PLAN_OCTETS_MAX	(8u << 20)

/* libmilter sends an edit as one packet of at most 64 KB. */
#define PLAN_VALUE_MAX	32768
#define PLAN_LINE_MAX	998		/* octets of a line, RFC 5322 2.1.1 */
#define PLAN_PATH_MAX	1024		/* octets of "<address>" */
#define PLAN_REASON_MAX	480

struct plan {
	struct edit	*v;
	size_t		 n, cap;
	size_t		 octets;
};

void	plan_free(struct plan *);

/* Copies name and value (either may be NULL). 0; -1 with *e: limit, memory. */
int	plan_add(struct plan *, const char *by, enum edit_kind, size_t n,
	    const char *name, const char *value, struct err *e);

/* Each: 0, or -1 with *e saying what is wrong with it. */
int	plan_header_ok(const char *name, const char *value, struct err *e);
int	plan_path_ok(const char *path, struct err *e);
int	plan_reason_ok(const char *reason, struct err *e);

/* "insert", "append", ...: for people, golden files and counters. */
const char *plan_kind_name(enum edit_kind);

/* "insert 0 X-Score: 3.2", folds as \n; and all of them, an edit a line.
 * 0; -1: out is full. */
int	plan_print_edit(const struct edit *, struct buf *out);
int	plan_print(const struct plan *, struct buf *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf.h - mailweir.conf: "name = value" lines and [sections], by tables
 *
 * Syntax (Postfix's, plus sections): `name = value`; a line that begins with
 * white space continues the one before; # begins a comment line; $name and
 * ${name} expand to a parameter of the same section or of the top, wherever it
 * stands in the file ($$ is a dollar sign). `[kind]` or `[kind name]` opens a
 * section; each kind of section has tables that say which parameters it takes.
 * $name may also name a parameter that the file leaves at its default: of the
 * table at hand, or of the top (common.h).
 *
 * A program parses the file once (conf_read), then fills its structs by tables
 * (conf_bind). Unknown name, repeated name, bad unit, out of bounds: an error
 * "FILE:LINE: name: why" - a misspelt limit must not be a missing limit.
 *
 * A struct conf is immutable once read; any thread may use it. Strings and
 * lists in bound structs point into it: keep it as long as they are used.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CONF_FILE	"/etc/mailweir/mailweir.conf"

#define CONF_FILE_MAX	(4u << 20)	/* octets of a configuration file */
#define CONF_VALUE_MAX	65536		/* octets of a value, expanded */
#define CONF_PARAMS_MAX	512		/* parameters of one section */

enum conf_type {
	CONF_T_STR,	/* const char *; "" when empty                     */
	CONF_T_BOOL,	/* bool; yes/no, true/false, on/off, 1/0           */
	CONF_T_INT,	/* long                                            */
	CONF_T_REAL,	/* double                                          */
	CONF_T_SECS,	/* long seconds; "90s 5m 2h 7d 4w 3y", unit wanted
			   unless 0                                        */
	CONF_T_SIZE,	/* long octets; "512 64K 25M 2G", unit optional    */
	CONF_T_LIST,	/* struct conf_list; items between commas or blanks */
	CONF_T_ENUM,	/* int; index into `names`                         */
	CONF_T_RAW	/* const char *; a template: $ is not expanded here,
			   whoever uses the text does it                   */
};

struct conf_list {
	const char *const	*v;	/* NULL-terminated */
	size_t			 n;
};

struct conf_param {
	const char		*name;
	enum conf_type		 type;
	const char		*dflt;	/* parsed like a value from the file;
					   NULL: must be given */
	size_t			 off;	/* of the member in the bound struct */
	double			 min, max;	/* INT REAL SECS SIZE; both 0:
						   no bounds but the type's */
	const char *const	*names;	/* ENUM: allowed words, NULL at end */
	const char		*help;	/* a sentence for -H and the man page */
};

#define CONF_STR(s, m, d, h) \
	{ #m, CONF_T_STR, d, offsetof(s, m), 0, 0, NULL, h }
#define CONF_BOOL(s, m, d, h) \
	{ #m, CONF_T_BOOL, d, offsetof(s, m), 0, 0, NULL, h }
#define CONF_INT(s, m, d, lo, hi, h) \
	{ #m, CONF_T_INT, d, offsetof(s, m), lo, hi, NULL, h }
#define CONF_REAL(s, m, d, lo, hi, h) \
	{ #m, CONF_T_REAL, d, offsetof(s, m), lo, hi, NULL, h }
#define CONF_SECS(s, m, d, lo, hi, h) \
	{ #m, CONF_T_SECS, d, offsetof(s, m), lo, hi, NULL, h }
#define CONF_SIZE(s, m, d, lo, hi, h) \
	{ #m, CONF_T_SIZE, d, offsetof(s, m), lo, hi, NULL, h }
#define CONF_LIST(s, m, d, h) \
	{ #m, CONF_T_LIST, d, offsetof(s, m), 0, 0, NULL, h }
#define CONF_ENUM(s, m, d, words, h) \
	{ #m, CONF_T_ENUM, d, offsetof(s, m), 0, 0, words, h }
#define CONF_RAW(s, m, d, h) \
	{ #m, CONF_T_RAW, d, offsetof(s, m), 0, 0, NULL, h }
#define CONF_END	{ NULL, CONF_T_STR, NULL, 0, 0, 0, NULL, NULL }

/*
 * The kinds of section a program understands, "" being the top of the file.
 * Several tables may share a section (the frame's and a policy's).
 */
#define CONF_TABLES	4

struct conf_schema {
	const char		*kind;
	bool			 named;		/* [kind name] */
	const struct conf_param	*tables[CONF_TABLES];	/* NULL at end */
};

struct conf;
struct conf_section;

/*
 * conf_read - parse the file at path (no meaning yet, only syntax)
 *
 * Returns: 0 and *out (conf_free); -1 with "FILE:LINE: why". A missing file
 *          is an error.
 */
int	conf_read(const char *path, struct conf **out, struct err *e);
void	conf_free(struct conf **);	/* NULL is fine */

/* The same of a text in memory; path is what messages call it. */
int	conf_parse(const char *path, const char *text, size_t len,
	    struct conf **out, struct err *e);

/*
 * conf_read_all - the same, but report() hears of every faulty line, which is
 * then passed over. Returns 0 even so; -1 only when nothing could be read.
 */
int	conf_read_all(const char *path, void (*report)(void *arg,
	    const char *msg), void *arg, struct conf **out, struct err *e);

const char *conf_path(const struct conf *);

/*
 * Sections in file order. conf_find(c, "", NULL) is the top, which always
 * exists. conf_next(c, kind, NULL) is the first of that kind, NULL the end.
 * conf_find of a nameless program section that is absent gives an empty one,
 * so that defaults bind; of a named one, NULL.
 */
const struct conf_section *conf_find(const struct conf *, const char *kind,
	    const char *name);
const struct conf_section *conf_next(const struct conf *, const char *kind,
	    const struct conf_section *prev);
const char *conf_section_name(const struct conf_section *);
const char *conf_section_kind(const struct conf_section *);

/* Does the file itself set this parameter in this section? */
bool	conf_given(const struct conf_section *, const char *name);

/*
 * conf_bind - fill *out from the section: defaults first, then its lines
 *
 * table:   parameters of the section that other tables hold are passed over
 *          (conf_check finds the unknown ones).
 * Returns: 0; -1 with "FILE:LINE: name: why"; *out may be half filled.
 */
int	conf_bind(const struct conf *, const struct conf_section *,
	    const struct conf_param *table, void *out, struct err *e);

/* Where a parameter stands, as "FILE:LINE: name", for errors about its
 * meaning that only the caller can see. The section's own line if absent. */
const char *conf_where(const struct conf_section *, const char *name,
	    char *out, size_t size);
/* Put that in front of *e, when what the parameter names is at fault: -1. */
int	conf_blame(const struct conf_section *, const char *name,
	    struct err *e);

/*
 * conf_check - every section and parameter is one that somebody knows
 *
 * schemas: ended by kind NULL. A section of a kind that is not among them but
 *          is a kind of this house (another program's) is passed over;
 *          `mailweir check` passes them all.
 * Returns: 0; -1 with the first fault. Values are parsed, too.
 */
int	conf_check(const struct conf *, const struct conf_schema *schemas,
	    struct err *e);

/* The same; report() is called for every fault. Returns their number. */
size_t	conf_check_all(const struct conf *, const struct conf_schema *schemas,
	    void (*report)(void *arg, const char *msg), void *arg);

/* Print "# help" and "name = default" of every parameter of every schema to
 * standard output: option -H, compared with man pages and etc/ by a test. */
void	conf_print(const struct conf_schema *schemas);

#endif

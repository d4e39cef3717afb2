/* SPDX-License-Identifier: BSD-2-Clause */
/* rows_plan.c - the kind of a file and what its columns mean; see rows.h */
#include "store/rows_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/banned.h"

#define HEADER_MAX	256	/* columns of a header that are looked at */

/* An export of a service: columns that only it has, and what its rows mean.
 * Compared without regard to case. First match wins. */
static const struct export {
	const char	*name;
	const char	*columns[4];	/* all of them */
	const char	*addr, *reason, *date;
	enum store_reason dflt;
} exports[] = {
	{ "Mailchimp", { "Email Address", "UNSUB_TIME" }, "Email Address",
	    "UNSUB_REASON", "UNSUB_TIME", STORE_OPTOUT },
	{ "Mailchimp", { "Email Address", "CLEAN_TIME" }, "Email Address",
	    NULL, "CLEAN_TIME", STORE_HARD_BOUNCE },
	{ "Postmark", { "EmailAddress", "SuppressionReason" }, "EmailAddress",
	    "SuppressionReason", "CreatedAt", STORE_IMPORT },
	{ "SES", { "EmailAddress", "Reason", "LastUpdateTime" },
	    "EmailAddress", "Reason", "LastUpdateTime", STORE_IMPORT },
	{ "SES", { "Email address", "Suppression reason" }, "Email address",
	    "Suppression reason", "Last update time", STORE_IMPORT },
	{ "Mailgun", { "address", "code", "error", "created_at" }, "address",
	    NULL, "created_at", STORE_HARD_BOUNCE },
	{ "Mailgun", { "address", "tags", "created_at" }, "address", NULL,
	    "created_at", STORE_OPTOUT },
	{ "Mailgun", { "address", "created_at" }, "address", NULL,
	    "created_at", STORE_COMPLAINT },
	{ "SendGrid", { "status", "reason", "email", "created" }, "email",
	    NULL, "created", STORE_HARD_BOUNCE },
	{ "SendGrid", { "reason", "email", "created" }, "email", NULL,
	    "created", STORE_HARD_BOUNCE },
	{ "SendGrid", { "ip", "email", "created" }, "email", NULL, "created",
	    STORE_COMPLAINT },
	{ "SendGrid", { "email", "created" }, "email", NULL, "created",
	    STORE_OPTOUT },
};

/* refuse_binary - what is no text at all */
static int
refuse_binary(const char *name, const char *p, size_t n, struct err *e)
{
	static const struct {
		const char	*magic;
		size_t		 n;
		const char	*what;
	} kinds[] = {
		{ "\x1f\x8b", 2, "gzip-compressed; pipe it in: `gunzip -c FILE "
		    "|`, and - as the file" },
		{ "PK\x03\x04", 4, "a zip archive or a spreadsheet; export it "
		    "as csv" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd-compressed; unpack it first" },
		{ "BZh", 3, "bzip2-compressed; unpack it first" },
		{ "\xfd" "7zXZ", 5, "xz-compressed; unpack it first" },
		{ "\xff\xfe", 2, "UTF-16; convert it to UTF-8 (iconv)" },
		{ "\xfe\xff", 2, "UTF-16; convert it to UTF-8 (iconv)" },
	};
	size_t	i;

	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (n >= kinds[i].n &&
		    memcmp(p, kinds[i].magic, kinds[i].n) == 0)
			return err_code(e, EX_DATAERR, "%s: is %s", name,
			    kinds[i].what);
	return 0;
}

/* ends - does the name end so? */
static bool
ends(const char *name, const char *end)
{
	size_t	n = strlen(name), k = strlen(end);

	return n >= k && strcasecmp(name + n - k, end) == 0;
}

/* guess_format - by name, then by the first line */
static enum rows_format
guess_format(const char *name, const char *p, size_t n)
{
	const char	*nl = line_end(p, p + n);

	if (ends(name, ".csv") || ends(name, ".tsv"))
		return ROWS_CSV;
	if (ends(name, ".jsonl") || ends(name, ".ndjson"))
		return ROWS_JSONL;
	if (ends(name, ".txt"))
		return ROWS_TXT;
	p = blanks(p, nl);
	if (p < nl && *p == '{')
		return ROWS_JSONL;
	n = (size_t)(nl - p);
	if (memchr(p, ',', n) != NULL || memchr(p, ';', n) != NULL ||
	    memchr(p, '\t', n) != NULL || memchr(p, '"', n) != NULL)
		return ROWS_CSV;
	return ROWS_TXT;
}

/* separator - the most frequent of , ; tab on the first line */
static char
separator(const char *p, const char *nl)
{
	size_t	comma = 0, semi = 0, tab = 0;

	for (; p < nl; p++) {
		comma += *p == ',';
		semi += *p == ';';
		tab += *p == '\t';
	}
	if (semi > comma && semi > tab)
		return ';';
	return tab > comma ? '\t' : ',';
}

/* header - the first row's fields; their number */
static int
header(const struct rows *r, const char *p, const char *end,
    struct field *out, const char **after)
{
	int	n = 0;

	for (;;) {
		p = rows_csv_field(p, end, r->sep, n < HEADER_MAX ? &out[n] :
		    NULL);
		if (p == NULL)
			break;
		if (n < HEADER_MAX)
			field_trim(&out[n++]);
		if (p == end || *p == '\n')
			break;
		p++;
	}
	*after = p == NULL || p == end ? end : p + 1;
	return n;
}

/* find_column - the one of this name, or -1 */
static int
find_column(const struct field *f, int n, const char *name)
{
	int	i;

	for (i = 0; name != NULL && i < n; i++)
		if (field_is(&f[i], name))
			return i;
	return -1;
}

/* known_export - is this the header of a service's export? */
static bool
known_export(struct rows *r, const struct field *f, int n)
{
	const struct export	*x;
	size_t			 i, k;

	for (i = 0; i < sizeof exports / sizeof *exports; i++) {
		x = &exports[i];
		for (k = 0; k < 4 && x->columns[k] != NULL; k++)
			if (find_column(f, n, x->columns[k]) == -1)
				break;
		if (k < 4 && x->columns[k] != NULL)
			continue;
		r->export_of = x->name;
		r->addr = find_column(f, n, x->addr);
		/* a stranger's file with such columns may have words of its
		 * own: an export's free text is none of field_reason() */
		r->reason = find_column(f, n, x->reason != NULL ? x->reason :
		    "reason");
		if (r->reason == -1)
			r->reason = find_column(f, n, "reason");
		r->date = find_column(f, n, x->date);
		if (!r->forced)
			r->dflt = x->dflt;
		return true;
	}
	return false;
}

/* number - a column's number from 1, or 0 */
static long
number(const char *column)
{
	char	*end;
	long	 n;

	errno = 0;
	n = strtol(column, &end, 10);
	return *end != '\0' || errno != 0 || n < 1 || n > HEADER_MAX ? 0 : n;
}

/* plan_header - columns by the first row; 1 it is a header, 0 it is data */
static int
plan_header(struct rows *r, const char *name, const char *column,
    const struct field *f, int n, struct err *e)
{
	int	i;

	if (column == NULL && known_export(r, f, n))
		return 1;
	if (column != NULL && number(column) == 0) {
		if ((r->addr = find_column(f, n, column)) == -1)
			return err_code(e, EX_DATAERR, "%s: its header has no "
			    "column \"%s\"", name, column);
		r->reason = find_column(f, n, "reason");
		return 1;
	}
	if (column != NULL) {
		r->addr = (int)number(column) - 1;
		if (r->addr >= n)
			return err_code(e, EX_DATAERR, "%s: its first row has "
			    "%d columns, not %s", name, n, column);
		return field_is_addr(&f[r->addr]);
	}
	for (i = 0; i < n; i++)
		if (field_is_addr(&f[i])) {
			r->addr = i;
			r->reason = find_column(f, n, "reason");
			return 1;
		}
	for (i = 0; i < n; i++)
		if (memchr(f[i].p, '@', f[i].n) != NULL) {
			r->addr = i;	/* SES: "ann@example.com,BOUNCE" */
			if (i == 0 && n == 2 && field_reason(&f[1]) != 0)
				r->reason = 1;
			return 0;
		}
	if (n == 1) {
		r->addr = 0;
		return 0;
	}
	return err_code(e, EX_DATAERR, "%s: which column holds the address? "
	    "Say --column NAME or --column N", name);
}

/* plan_csv - separator, header, columns; octets of the header */
static long
plan_csv(struct rows *r, const char *name, const char *column,
    const char *p, size_t n, struct err *e)
{
	const char	*end = p + n, *after;
	struct field	*f;
	int		 columns, rc;

	r->sep = separator(p, line_end(p, end));
	if ((f = calloc(HEADER_MAX, sizeof *f)) == NULL)
		return err_code(e, EX_OSERR, "%s: no memory", name);
	columns = header(r, p, end, f, &after);
	rc = plan_header(r, name, column, f, columns, e);
	free(f);
	return rc == 1 ? after - p : rc;
}

long
rows_plan(struct rows *r, const char *name, const char *column,
    const char *p, size_t n, struct err *e)
{
	long	skip = 0, more;

	r->addr = r->reason = r->date = -1;
	r->export_of = NULL;
	r->addr_key[0] = '\0';
	if (refuse_binary(name, p, n, e) == -1)
		return -1;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		skip = 3;
	if (r->format == ROWS_AUTO)
		r->format = guess_format(name, p + skip, n - (size_t)skip);
	if (r->format == ROWS_JSONL && column != NULL) {
		if (strlen(column) > ROWS_KEY_MAX)
			return err_code(e, EX_USAGE, "--column: longer than "
			    "%d octets", ROWS_KEY_MAX);
		memcpy(r->addr_key, column, strlen(column) + 1);
	}
	if (r->format != ROWS_CSV || n == (size_t)skip)
		return skip;
	more = plan_csv(r, name, column, p + skip, n - (size_t)skip, e);
	return more == -1 ? -1 : skip + more;
}

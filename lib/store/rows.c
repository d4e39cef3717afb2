/* SPDX-License-Identifier: BSD-2-Clause */
/* rows.c - see rows.h */
#include "store/rows.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/clock.h"

#include "base/banned.h"

#define HEADER_MAX	256	/* columns of a header that are looked at */

/* a field of a row: where it stands, or its unquoted copy */
struct field {
	const char	*p;
	size_t		 n;
	char		 copy[ROWS_FIELD_MAX];
};

/* the fields that matter */
struct fields {
	struct field	addr, reason, date;
	bool		have_addr;
};

static const char *const addr_words[] = {
	"email", "e-mail", "mail", "address", "email_address", "email address",
	"emailaddress", "e-mail address", "recipient", "mailbox", NULL
};

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

/* Words that exports use for reasons, besides our own. */
static const struct {
	const char		*word;
	enum store_reason	 reason;
} words[] = {
	{ "bounce", STORE_HARD_BOUNCE }, { "hardbounce", STORE_HARD_BOUNCE },
	{ "hard_bounce", STORE_HARD_BOUNCE }, { "invalid", STORE_HARD_BOUNCE },
	{ "cleaned", STORE_HARD_BOUNCE },
	{ "softbounce", STORE_SOFT_BOUNCE },
	{ "soft_bounce", STORE_SOFT_BOUNCE },
	{ "spamcomplaint", STORE_COMPLAINT }, { "spam", STORE_COMPLAINT },
	{ "spam_complaint", STORE_COMPLAINT }, { "abuse", STORE_COMPLAINT },
	{ "spam report", STORE_COMPLAINT }, { "complained", STORE_COMPLAINT },
	{ "unsubscribe", STORE_OPTOUT }, { "unsubscribed", STORE_OPTOUT },
	{ "opt-out", STORE_OPTOUT }, { "opt_out", STORE_OPTOUT },
	{ "manualsuppression", STORE_OPTOUT },
	{ "spam_trap", STORE_TRAP }, { "spamtrap", STORE_TRAP },
};

int
rows_format_parse(const char *name)
{
	if (strcmp(name, "txt") == 0)
		return ROWS_TXT;
	if (strcmp(name, "csv") == 0)
		return ROWS_CSV;
	if (strcmp(name, "jsonl") == 0)
		return ROWS_JSONL;
	return -1;
}

/* is_word - the field is this word, in any case */
static bool
is_word(const struct field *f, const char *word)
{
	return strlen(word) == f->n && strncasecmp(f->p, word, f->n) == 0;
}

static bool
is_addr_word(const struct field *f)
{
	int	i;

	for (i = 0; addr_words[i] != NULL; i++)
		if (is_word(f, addr_words[i]))
			return true;
	return false;
}

/* reason_word - our reason for a word of an export, or 0 */
static enum store_reason
reason_word(const struct field *f)
{
	int	i;

	for (i = 1; i < STORE_REASON_MAX; i++)
		if (is_word(f, store_reason_name((enum store_reason)i)))
			return (enum store_reason)i;
	for (i = 0; i < (int)(sizeof words / sizeof *words); i++)
		if (is_word(f, words[i].word))
			return words[i].reason;
	return (enum store_reason)0;
}

/* says_abuse - "ABUSE", "N/A (Abuse complaint)": Mailchimp has no fixed
 * words */
static bool
says_abuse(const struct field *f)
{
	size_t	i;

	for (i = 0; i + 5 <= f->n; i++)
		if (strncasecmp(f->p + i, "abuse", 5) == 0)
			return true;
	return false;
}

/* trim - no blanks around */
static void
trim(struct field *f)
{
	while (f->n > 0 && (*f->p == ' ' || *f->p == '\t')) {
		f->p++;
		f->n--;
	}
	while (f->n > 0 && (f->p[f->n - 1] == ' ' ||
	    f->p[f->n - 1] == '\t' || f->p[f->n - 1] == '\r'))
		f->n--;
}

/* -- csv ------------------------------------------------------------------ */

/*
 * csv_quoted - a field in quotes; p is after the first one
 *
 * f:       NULL, or gets the content, quotes undone.
 * Returns: what follows the closing quote; NULL when there is none.
 */
static const char *
csv_quoted(const char *p, const char *end, struct field *f)
{
	const char	*q, *from = p;
	size_t		 n = 0, k;

	for (;;) {
		if ((q = memchr(p, '"', (size_t)(end - p))) == NULL)
			return NULL;
		k = (size_t)(q - p);
		if (q + 1 == end || q[1] != '"')
			break;
		k++;			/* "" is one quote: keep the first */
		if (f != NULL && n + k <= sizeof f->copy)
			memcpy(f->copy + n, p, k);
		n += k;
		p = q + 2;
	}
	if (f == NULL)
		return q + 1;
	if (n == 0) {			/* nothing to undo */
		f->p = from;
		f->n = k;
		return q + 1;
	}
	if (n + k <= sizeof f->copy)
		memcpy(f->copy + n, p, k);
	f->p = f->copy;
	f->n = n + k;
	if (f->n > sizeof f->copy)
		f->n = sizeof f->copy;	/* too long for an address anyway */
	return q + 1;
}

/* csv_field - one field; returns its end (at sep, newline or end), NULL when a
 * quote is never closed */
static const char *
csv_field(const char *p, const char *end, char sep, struct field *f)
{
	const char	*from = p;

	if (p < end && *p == '"') {
		if ((p = csv_quoted(p + 1, end, f)) == NULL)
			return NULL;
		while (p < end && *p != sep && *p != '\n')
			p++;		/* "a" b: the rest is nobody's */
		return p;
	}
	while (p < end && *p != sep && *p != '\n')
		p++;
	if (f != NULL) {
		f->p = from;
		f->n = (size_t)(p - from);
	}
	return p;
}

/* csv_wanted - where the content of this column goes */
static struct field *
csv_wanted(const struct rows *r, struct fields *out, int column)
{
	if (column == r->addr) {
		out->have_addr = true;
		return &out->addr;
	}
	if (column == r->reason)
		return &out->reason;
	return column == r->date ? &out->date : NULL;
}

/* csv_row - the fields of the row at p; returns its end (the newline), or NULL
 * when a quote is never closed */
static const char *
csv_row(const struct rows *r, const char *p, const char *end,
    struct fields *out)
{
	int	column = 0;

	for (;; column++) {
		p = csv_field(p, end, r->sep, csv_wanted(r, out, column));
		if (p == NULL || p == end || *p == '\n')
			return p;
		p++;
	}
}

/* -- jsonl ---------------------------------------------------------------- */

/* json_hex4 - four hex digits as a number, or -1 */
static long
json_hex4(const char *p, const char *end)
{
	long	v = 0;
	int	i, c;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		c = (unsigned char)p[i];
		if (!isxdigit(c))
			return -1;
		v = v * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return v;
}

/* utf8 - one character; the octets written */
static size_t
utf8(unsigned long c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* json_escape - after a backslash; what follows, NULL when broken */
static const char *
json_escape(const char *p, const char *end, char out[4], size_t *n)
{
	static const char	from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char		*at;
	long			 c, low;

	*n = 1;
	if (p == end)
		return NULL;
	if (*p != 'u') {
		if (*p == '\0' || (at = strchr(from, *p)) == NULL)
			return NULL;
		out[0] = to[at - from];
		return p + 1;
	}
	if ((c = json_hex4(p + 1, end)) == -1)
		return NULL;
	p += 5;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u' && (low = json_hex4(p + 2, end)) >= 0xdc00 &&
	    low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	if (c >= 0xd800 && c < 0xe000)
		return NULL;		/* half a pair */
	*n = utf8((unsigned long)c, out);
	return p;
}

/* json_string - after the first quote; what follows the last, or NULL */
static const char *
json_string(const char *p, const char *end, struct field *f)
{
	char	c[4];
	size_t	n, len = 0;

	while (p < end && *p != '"') {
		n = 1;
		c[0] = *p;
		if ((unsigned char)*p < ' ')
			return NULL;
		if (*p++ == '\\' && (p = json_escape(p, end, c, &n)) == NULL)
			return NULL;
		if (len + n <= sizeof f->copy)
			memcpy(f->copy + len, c, n);
		len += n;
	}
	f->p = f->copy;
	f->n = len < sizeof f->copy ? len : sizeof f->copy;
	return p < end ? p + 1 : NULL;
}

/* json_skip - any value that is no string: up to its end, brackets counted */
static const char *
json_skip(const char *p, const char *end, struct field *scratch)
{
	int	depth = 0;

	while (p < end) {
		if (depth == 0 && (*p == ',' || *p == '}'))
			return p;
		if (*p == '"') {
			if ((p = json_string(p + 1, end, scratch)) == NULL)
				return NULL;
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	}
	return NULL;
}

static const char *
blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* json_wanted - the field that a member of this name goes to */
static struct field *
json_wanted(const struct rows *r, struct fields *out, const struct field *key)
{
	if (r->addr_key[0] != '\0' ? is_word(key, r->addr_key) :
	    is_addr_word(key)) {
		out->have_addr = true;
		return &out->addr;
	}
	if (is_word(key, "reason") || is_word(key, "SuppressionReason") ||
	    is_word(key, "type"))
		return &out->reason;
	if (is_word(key, "created") || is_word(key, "created_at") ||
	    is_word(key, "CreatedAt") || is_word(key, "LastUpdateTime") ||
	    is_word(key, "date"))
		return &out->date;
	return NULL;
}

/* json_row - the members of one object; NULL or why it is none */
static const char *
json_row(const struct rows *r, const char *p, const char *end,
    struct fields *out)
{
	static const char	broken[] = "not a JSON object";
	struct field		key, scratch, *to;

	p = blanks(p, end);
	if (p == end || *p++ != '{')
		return broken;
	for (p = blanks(p, end); p < end && *p != '}'; p = blanks(p, end)) {
		if (*p != '"' || (p = json_string(p + 1, end, &key)) == NULL)
			return broken;
		p = blanks(p, end);
		if (p == end || *p != ':')
			return broken;
		p = blanks(p + 1, end);
		to = json_wanted(r, out, &key);
		if (p < end && *p == '"')
			p = json_string(p + 1, end, to != NULL ? to :
			    &scratch);
		else
			p = json_skip(p, end, &scratch);
		if (p == NULL)
			return broken;
		p = blanks(p, end);
		if (p < end && *p == ',')
			p++;
		else if (p == end || *p != '}')
			return broken;
	}
	return p < end ? NULL : broken;
}

/* -- a row ---------------------------------------------------------------- */

/* when - a date of an export, 0 when it is none that we read */
static int64_t
when(const struct field *f)
{
	char	day[11], *end;
	time_t	t;
	long	n;

	if (f->n >= 10 && f->p[4] == '-' && f->p[7] == '-') {
		memcpy(day, f->p, 10);
		day[10] = '\0';
		return clock_parse_iso(day, &t) == 0 ? t : 0;
	}
	if (f->n >= 9 && f->n <= 10) {		/* seconds since 1970 */
		memcpy(day, f->p, f->n);
		day[f->n] = '\0';
		errno = 0;
		n = strtol(day, &end, 10);
		return *end == '\0' && errno == 0 && n > 0 ? n : 0;
	}
	return 0;
}

/* read_addr - the address field, normalised */
static void
read_addr(const struct addr_rules *rules, struct field *f, struct row *row)
{
	const char	*why = NULL;
	char		 domain[ADDR_DOMAIN_MAX + 1];

	trim(f);
	if (f->n > 1 && f->p[0] == '@') {
		row->domain = true;
		if (addr_domain(f->p + 1, f->n - 1, domain, &why) == ADDR_OK) {
			row->addr.text[0] = '@';
			memcpy(row->addr.text + 1, domain, strlen(domain) + 1);
			row->addr.local_len = 0;
		} else
			row->why = why != NULL ? why : "not a domain";
		return;
	}
	row->domain = false;
	if (addr_normal(f->p, f->n, rules, &row->addr, &why) != ADDR_OK)
		row->why = f->n == 0 ? "no address" : why != NULL ? why :
		    "not an address";
}

/* read_row - meaning of the fields */
static void
read_row(const struct rows *r, const struct addr_rules *rules,
    struct fields *f, struct row *row)
{
	enum store_reason	reason;

	row->reason = r->dflt;
	row->seen = 0;
	if (!f->have_addr) {
		row->why = "the address column is missing";
		return;
	}
	read_addr(rules, &f->addr, row);
	if (f->reason.n != 0 && !r->forced) {
		trim(&f->reason);
		if ((reason = reason_word(&f->reason)) != 0)
			row->reason = reason;
		else if (r->export_of != NULL && says_abuse(&f->reason) &&
		    strcmp(r->export_of, "Mailchimp") == 0)
			row->reason = STORE_COMPLAINT;
	}
	if (f->date.n != 0) {
		trim(&f->date);
		row->seen = when(&f->date);
	}
}

/* line_end - the newline at or after p, or end */
static const char *
line_end(const char *p, const char *end)
{
	const char	*nl = memchr(p, '\n', (size_t)(end - p));

	return nl != NULL ? nl : end;
}

/* is_blank - nothing on this line, or a comment of a txt file */
static bool
is_blank(const struct rows *r, const char *p, const char *nl)
{
	p = blanks(p, nl);
	return p == nl || (r->format == ROWS_TXT && *p == '#');
}

/* parse_line - the row at p, which is not blank; returns its end */
static const char *
parse_line(const struct rows *r, const struct addr_rules *rules,
    const char *p, const char *end, struct row *row)
{
	struct fields	 f;
	const char	*nl;

	/* not zeroed whole: the copies are large */
	f.addr.n = f.reason.n = f.date.n = 0;
	f.addr.p = f.reason.p = f.date.p = "";
	f.have_addr = false;
	switch (r->format) {
	case ROWS_CSV:
		if ((nl = csv_row(r, p, end, &f)) == NULL) {
			nl = line_end(p, end);
			row->why = "a quote is never closed";
		}
		break;
	case ROWS_JSONL:
		nl = line_end(p, end);
		row->why = json_row(r, p, nl, &f);
		break;
	default:
		nl = line_end(p, end);
		f.addr.p = p;
		f.addr.n = (size_t)(nl - p);
		f.have_addr = true;
		break;
	}
	if (row->why == NULL)
		read_row(r, rules, &f, row);
	return nl;
}

int
rows_next(const struct rows *r, const struct addr_rules *rules,
    struct rows_at *at, struct row *row)
{
	const char	*nl, *q;

	for (;;) {
		if (at->p == at->end)
			return 0;
		nl = line_end(at->p, at->end);
		if (!is_blank(r, at->p, nl))
			break;
		at->p = nl < at->end ? nl + 1 : nl;
		at->line++;
	}
	row->line = at->line;
	row->raw = at->p;
	row->why = NULL;
	row->addr.text[0] = '\0';
	nl = parse_line(r, rules, at->p, at->end, row);
	row->raw_len = (size_t)(nl - row->raw);
	if (memchr(row->raw, '\0', row->raw_len) != NULL)
		row->why = "holds a NUL octet";
	if (r->format == ROWS_CSV)	/* newlines in quotes */
		for (q = row->raw; (q = memchr(q, '\n',
		    (size_t)(nl - q))) != NULL; q++)
			at->line++;
	at->p = nl < at->end ? nl + 1 : nl;
	at->line++;
	return 1;
}

/* -- the plan ------------------------------------------------------------- */

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
		p = csv_field(p, end, r->sep, n < HEADER_MAX ? &out[n] : NULL);
		if (p == NULL)
			break;
		if (n < HEADER_MAX)
			trim(&out[n++]);
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
		if (is_word(&f[i], name))
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
		 * own: an export's free text is none of reason_word() */
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
		return is_addr_word(&f[r->addr]);
	}
	for (i = 0; i < n; i++)
		if (is_addr_word(&f[i])) {
			r->addr = i;
			r->reason = find_column(f, n, "reason");
			return 1;
		}
	for (i = 0; i < n; i++)
		if (memchr(f[i].p, '@', f[i].n) != NULL) {
			r->addr = i;	/* SES: "ann@example.com,BOUNCE" */
			if (i == 0 && n == 2 && reason_word(&f[1]) != 0)
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

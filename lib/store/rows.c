/* SPDX-License-Identifier: BSD-2-Clause */
/* rows.c - see rows.h; what the fields of a row mean */
#include "store/rows_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

#include "base/banned.h"

static const char *const addr_words[] = {
	"email", "e-mail", "mail", "address", "email_address", "email address",
	"emailaddress", "e-mail address", "recipient", "mailbox", NULL
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

bool
field_is(const struct field *f, const char *word)
{
	return strlen(word) == f->n && strncasecmp(f->p, word, f->n) == 0;
}

bool
field_is_addr(const struct field *f)
{
	int	i;

	for (i = 0; addr_words[i] != NULL; i++)
		if (field_is(f, addr_words[i]))
			return true;
	return false;
}

enum store_reason
field_reason(const struct field *f)
{
	int	i;

	for (i = 1; i < STORE_REASON_MAX; i++)
		if (field_is(f, store_reason_name((enum store_reason)i)))
			return (enum store_reason)i;
	for (i = 0; i < (int)(sizeof words / sizeof *words); i++)
		if (field_is(f, words[i].word))
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

void
field_trim(struct field *f)
{
	while (f->n > 0 && (*f->p == ' ' || *f->p == '\t')) {
		f->p++;
		f->n--;
	}
	while (f->n > 0 && (f->p[f->n - 1] == ' ' ||
	    f->p[f->n - 1] == '\t' || f->p[f->n - 1] == '\r'))
		f->n--;
}

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

	field_trim(f);
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
		field_trim(&f->reason);
		if ((reason = field_reason(&f->reason)) != 0)
			row->reason = reason;
		else if (r->export_of != NULL && says_abuse(&f->reason) &&
		    strcmp(r->export_of, "Mailchimp") == 0)
			row->reason = STORE_COMPLAINT;
	}
	if (f->date.n != 0) {
		field_trim(&f->date);
		row->seen = when(&f->date);
	}
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
		if ((nl = rows_csv(r, p, end, &f)) == NULL) {
			nl = line_end(p, end);
			row->why = "a quote is never closed";
		}
		break;
	case ROWS_JSONL:
		nl = line_end(p, end);
		row->why = rows_json(r, p, nl, &f);
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

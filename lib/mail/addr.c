/* SPDX-License-Identifier: BSD-2-Clause */
/* addr.c - see addr.h */
#include "mail/addr.h"

#include <idn2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/banned.h"

#define DOMAIN_IN_MAX	1020	/* octets: 255 characters of UTF-8 */
#define LABEL_MAX	63	/* octets, RFC 1035 2.3.4 */

/* What an octet may be; octets from 128 on are judged as UTF-8. */
enum {
	ATEXT = 1,	/* RFC 5321 4.1.2 */
	LDH = 2,	/* letter, digit, hyphen; and '_', which hosts have */
	DOT = 4
};

static const uint8_t octet[256] = {
	['!'] = ATEXT, ['#'] = ATEXT, ['$'] = ATEXT, ['%'] = ATEXT,
	['&'] = ATEXT, ['\''] = ATEXT, ['*'] = ATEXT, ['+'] = ATEXT,
	['/'] = ATEXT, ['='] = ATEXT, ['?'] = ATEXT, ['^'] = ATEXT,
	['`'] = ATEXT, ['{'] = ATEXT, ['|'] = ATEXT, ['}'] = ATEXT,
	['~'] = ATEXT, ['.'] = DOT, ['-'] = ATEXT | LDH, ['_'] = ATEXT | LDH,
	['0' ... '9'] = ATEXT | LDH, ['A' ... 'Z'] = ATEXT | LDH,
	['a' ... 'z'] = ATEXT | LDH,
};

enum { RULE_SUBADDRESS = 1, RULE_DOTS = 2 };

struct rule {
	char		domain[ADDR_DOMAIN_MAX + 1];
	unsigned	what;
};

struct addr_rules {
	bool		 fold_local;
	struct rule	*v;		/* sorted by domain */
	size_t		 n;
};

static const char	too_long[] = "too long";
static const char	no_memory[] = "out of memory";

/* fold - one octet, ASCII letters in lower case */
static inline char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * ascii_domain - labels of letters, digits, '-' and '_', in lower case
 *
 * A-labels pass as they are: one that libidn2 would refuse still names a host
 * that mail can go to, and it has no second spelling. NULL, or what is wrong.
 */
static const char *
ascii_domain(const char *s, size_t n, char out[ADDR_DOMAIN_MAX + 1])
{
	size_t	i, label = 0;

	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0)
		return "empty domain";
	if (n > ADDR_DOMAIN_MAX)
		return too_long;
	for (i = 0; i < n; i++) {
		if (s[i] == '.') {
			if (label == 0)
				return "empty label in domain";
			label = 0;
		} else if ((octet[(uint8_t)s[i]] & LDH) == 0)
			return "bad character in domain";
		else if (++label > LABEL_MAX)
			return too_long;
		out[i] = fold(s[i]);
	}
	if (label == 0)
		return "empty label in domain";
	out[n] = '\0';
	return NULL;
}

/* literal_domain - "[192.0.2.1]", kept in lower case */
static const char *
literal_domain(const char *s, size_t n, char out[ADDR_DOMAIN_MAX + 1])
{
	size_t	i;

	if (n > ADDR_DOMAIN_MAX)
		return too_long;
	if (n < 3 || s[n - 1] != ']')
		return "bad address literal";
	for (i = 0; i < n; i++) {
		if (i > 0 && i < n - 1 && s[i] != ':' &&
		    (octet[(uint8_t)s[i]] & (LDH | DOT)) == 0)
			return "bad address literal";
		out[i] = fold(s[i]);
	}
	out[n] = '\0';
	return NULL;
}

/* utf8_domain - U-labels and mixtures, through UTS #46 into A-labels */
static const char *
utf8_domain(const char *s, size_t n, char out[ADDR_DOMAIN_MAX + 1])
{
	uint8_t		 in[DOMAIN_IN_MAX + 1], *ace = NULL;
	const char	*why;
	int		 rc;

	if (n > DOMAIN_IN_MAX)
		return too_long;
	if (memchr(s, '\0', n) != NULL ||
	    u8_check((const uint8_t *)s, n) != NULL)
		return "bad character in domain";
	memcpy(in, s, n);
	in[n] = '\0';
	rc = idn2_lookup_u8(in, &ace, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK)
		return rc == IDN2_MALLOC ? no_memory :
		    "bad international domain";
	why = ascii_domain((char *)ace, strlen((char *)ace), out);
	idn2_free(ace);
	return why;
}

/* domain_part - any domain into its normal form; NULL, or what is wrong */
static const char *
domain_part(const char *s, size_t n, char out[ADDR_DOMAIN_MAX + 1])
{
	size_t	i;

	if (n > 0 && s[0] == '[')
		return literal_domain(s, n, out);
	for (i = 0; i < n; i++)
		if ((uint8_t)s[i] >= 0x80)
			return utf8_domain(s, n, out);
	return ascii_domain(s, n, out);
}

/*
 * unquote - the local part's content, without quotes and backslashes
 *
 * Words are atoms or quoted strings with dots between (RFC 5322 3.4.1, with
 * its obsolete forms). Dots at the ends or in a row are taken as they are:
 * mailboxes with such names exist. *used: octets of s up to the '@'.
 */
static const char *
unquote(const char *s, size_t n, char out[ADDR_LOCAL_MAX], size_t *len,
    size_t *used)
{
	bool	quoted = false, closed = false;
	size_t	i;
	char	c;

	for (*len = 0, i = 0; i < n; i++) {
		c = s[i];
		if ((uint8_t)c < ' ' || c == 0x7f)
			return "control character in local part";
		if (!quoted && c == '@') {
			*used = i;
			return *len == 0 ? "empty local part" : NULL;
		}
		if (c == '"') {
			if (!quoted && i > 0 && s[i - 1] != '.')
				return "quote inside a word";
			closed = quoted;
			quoted = !quoted;
			continue;
		}
		if (closed && c != '.')
			return "text after a quoted word";
		closed = false;
		if (quoted && c == '\\') {
			if (++i == n)
				break;
			c = s[i];
			if ((uint8_t)c < ' ' || c == 0x7f)
				return "control character in local part";
		} else if (!quoted && c != '.' && (uint8_t)c < 0x80 &&
		    (octet[(uint8_t)c] & ATEXT) == 0)
			return "character that needs quotes in local part";
		if (*len == ADDR_LOCAL_MAX)
			return "local part too long";
		out[(*len)++] = c;
	}
	return quoted ? "quote without end" : "no '@'";
}

/* compose - NFC, where there is anything but ASCII */
static const char *
compose(char local[ADDR_LOCAL_MAX], size_t *len)
{
	uint8_t		 tmp[ADDR_SIZE], *p;
	size_t		 i, n = sizeof tmp;
	const char	*why = NULL;

	for (i = 0; i < *len && (uint8_t)local[i] < 0x80; i++)
		;
	if (i == *len)
		return NULL;
	if (u8_check((uint8_t *)local, *len) != NULL)
		return "local part is not UTF-8";
	p = u8_normalize(UNINORM_NFC, (uint8_t *)local, *len, tmp, &n);
	if (p == NULL)
		return no_memory;
	if (n > ADDR_LOCAL_MAX)
		why = "local part too long";
	else {
		memcpy(local, p, n);
		*len = n;
	}
	if (p != tmp)
		free(p);
	/* C1 controls: U+0080 to U+009F */
	for (i = 0; why == NULL && i + 1 < *len; i++)
		if ((uint8_t)local[i] == 0xc2 && (uint8_t)local[i + 1] < 0xa0)
			why = "control character in local part";
	return why;
}

static int
rule_cmp(const void *a, const void *b)
{
	const struct rule	*x = a, *y = b;

	return strcmp(x->domain, y->domain);
}

/* rules_of - what the rules say of a domain; 0 is nothing */
static unsigned
rules_of(const struct addr_rules *r, const char *domain)
{
	size_t	lo = 0, hi = r == NULL ? 0 : r->n, mid;
	int	c;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if ((c = strcmp(domain, r->v[mid].domain)) == 0)
			return r->v[mid].what;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return 0;
}

/* apply_rules - the domain's own view of which names are one mailbox */
static void
apply_rules(unsigned what, char *local, size_t *len)
{
	size_t	 i, n;
	char	*plus;

	if ((what & RULE_SUBADDRESS) != 0 && *len > 1 &&
	    (plus = memchr(local + 1, '+', *len - 1)) != NULL)
		*len = (size_t)(plus - local);
	if ((what & RULE_DOTS) != 0) {
		for (i = n = 0; i < *len; i++)
			if (local[i] != '.')
				local[n++] = local[i];
		if (n > 0)		/* "..." has no other name */
			*len = n;
	}
}

/* write_local - quoted again if its content needs it; returns the octets */
static size_t
write_local(const char *local, size_t len, char *out)
{
	size_t	i, n = 0;
	bool	quotes = false;

	for (i = 0; i < len && !quotes; i++)
		quotes = (uint8_t)local[i] < 0x80 && local[i] != '.' &&
		    (octet[(uint8_t)local[i]] & ATEXT) == 0;
	if (!quotes) {
		memcpy(out, local, len);
		return len;
	}
	out[n++] = '"';
	for (i = 0; i < len; i++) {
		if (local[i] == '"' || local[i] == '\\')
			out[n++] = '\\';
		out[n++] = local[i];
	}
	out[n++] = '"';
	return n;
}

/* strip - outer white space, brackets and source route; the result may be
 * ADDR_OK with what is left, ADDR_NULL or ADDR_BAD */
static enum addr_result
strip(const char **sp, size_t *np, const char **why)
{
	const char	*s = *sp, *colon;
	size_t		 n = *np;

	for (; n > 0 && blank(s[0]); s++, n--)
		;
	for (; n > 0 && blank(s[n - 1]); n--)
		;
	if (n > 0 && s[0] == '<') {
		if (s[n - 1] != '>') {
			*why = "'<' without '>'";
			return ADDR_BAD;
		}
		s++;
		n -= 2;
		if (n == 0)
			return ADDR_NULL;
	}
	if (n == 0) {
		*why = "empty";
		return ADDR_BAD;
	}
	if (s[0] == '@') {
		if ((colon = memchr(s, ':', n)) == NULL) {
			*why = "empty local part";
			return ADDR_BAD;
		}
		n -= (size_t)(colon + 1 - s);
		s = colon + 1;
	}
	*sp = s;
	*np = n;
	return ADDR_OK;
}

/*
 * ascii_normal - plain atoms at a plain domain, in one pass
 *
 * Nearly every address of an import of 10^8 rows is one. False: look closer.
 */
static bool
ascii_normal(const char *s, size_t n, const struct addr_rules *rules,
    struct addr *out)
{
	bool	fold_it = rules == NULL || rules->fold_local;
	char	*to = out->text;
	size_t	i, label = 0;

	if (n > ADDR_LOCAL_MAX + 1 + ADDR_DOMAIN_MAX)
		return false;
	for (i = 0; i < n && (octet[(uint8_t)s[i]] & (ATEXT | DOT)) != 0; i++)
		to[i] = fold_it ? fold(s[i]) : s[i];
	if (i == 0 || i > ADDR_LOCAL_MAX || i == n || s[i] != '@')
		return false;
	out->local_len = i;
	to[i] = '@';
	for (i++; i < n; i++) {
		if ((octet[(uint8_t)s[i]] & LDH) != 0) {
			if (++label > LABEL_MAX)
				return false;
		} else if (s[i] != '.' || label == 0)
			return false;
		else
			label = 0;
		to[i] = fold(s[i]);
	}
	if (label == 0 || n - out->local_len - 1 > ADDR_DOMAIN_MAX)
		return false;
	to[n] = '\0';
	return rules_of(rules, to + out->local_len + 1) == 0;
}

/* normal - the work on what strip() left; NULL, or what is wrong */
static const char *
normal(const char *s, size_t n, const struct addr_rules *rules,
    struct addr *out)
{
	char		 local[ADDR_LOCAL_MAX], domain[ADDR_DOMAIN_MAX + 1];
	const char	*why;
	size_t		 len, used, i;

	if (ascii_normal(s, n, rules, out))
		return NULL;
	out->text[0] = '\0';
	out->local_len = 0;
	if ((why = unquote(s, n, local, &len, &used)) != NULL ||
	    (why = domain_part(s + used + 1, n - used - 1, domain)) != NULL ||
	    (why = compose(local, &len)) != NULL)
		return why;
	/* after NFC, which turns U+212A into a plain K */
	if (rules == NULL || rules->fold_local)
		for (i = 0; i < len; i++)
			local[i] = fold(local[i]);
	apply_rules(rules_of(rules, domain), local, &len);
	out->local_len = write_local(local, len, out->text);
	out->text[out->local_len] = '@';
	memcpy(out->text + out->local_len + 1, domain, strlen(domain) + 1);
	return NULL;
}

enum addr_result
addr_normal(const char *path, size_t len, const struct addr_rules *rules,
    struct addr *out, const char **why)
{
	enum addr_result	 rc;
	const char		*wrong = NULL;

	out->text[0] = '\0';
	out->local_len = 0;
	rc = strip(&path, &len, &wrong);
	if (rc == ADDR_OK &&
	    (wrong = normal(path, len, rules, out)) != NULL)
		rc = ADDR_BAD;
	if (why != NULL)
		*why = wrong;
	return rc;
}

enum addr_result
addr_domain(const char *domain, size_t len, char out[ADDR_DOMAIN_MAX + 1],
    const char **why)
{
	const char	*wrong;

	for (; len > 0 && blank(domain[0]); domain++, len--)
		;
	for (; len > 0 && blank(domain[len - 1]); len--)
		;
	if ((wrong = domain_part(domain, len, out)) != NULL)
		out[0] = '\0';
	if (why != NULL)
		*why = wrong;
	return wrong == NULL ? ADDR_OK : ADDR_BAD;
}

/* add_rule - the entry of that domain, a new one if need be; NULL: memory */
static struct rule *
add_rule(struct addr_rules *r, const char *domain)
{
	struct rule	*v;
	size_t		 i;

	for (i = 0; i < r->n; i++)
		if (strcmp(r->v[i].domain, domain) == 0)
			return &r->v[i];
	if ((v = realloc(r->v, (r->n + 1) * sizeof *v)) == NULL)
		return NULL;
	r->v = v;
	v += r->n++;
	v->what = 0;
	memcpy(v->domain, domain, strlen(domain) + 1);
	return v;
}

/* rule_word - what a word asks for, or 0 */
static unsigned
rule_word(const char *word)
{
	if (strcmp(word, "subaddress") == 0)
		return RULE_SUBADDRESS;
	return strcmp(word, "dots") == 0 ? RULE_DOTS : 0;
}

int
addr_rules_load(bool fold_local, const struct conf_list *items,
    struct addr_rules **out, struct err *e)
{
	char			 domain[ADDR_DOMAIN_MAX + 1];
	struct addr_rules	*r;
	struct rule		*at = NULL;
	const char		*item, *colon, *why;
	unsigned		 what;
	size_t			 i;

	*out = NULL;
	if ((r = calloc(1, sizeof *r)) == NULL)
		return err_set(e, "address rules: out of memory");
	r->fold_local = fold_local;
	/* A list is cut at its commas: "a.example:subaddress,dots" comes as
	 * two items, and a lone word belongs to the domain before it. */
	for (i = 0; items != NULL && i < items->n; i++) {
		item = items->v[i];
		if ((colon = strchr(item, ':')) != NULL) {
			if (addr_domain(item, (size_t)(colon - item), domain,
			    &why) != ADDR_OK) {
				err_set(e, "%s: %s", item, why);
				goto fail;
			}
			if ((at = add_rule(r, domain)) == NULL) {
				err_set(e, "address rules: out of memory");
				goto fail;
			}
			item = colon + 1;
			if (*item == '\0')
				continue;
		}
		if ((what = rule_word(item)) == 0 || at == NULL) {
			err_set(e, "%s: want DOMAIN:subaddress, DOMAIN:dots or "
			    "DOMAIN:subaddress,dots", items->v[i]);
			goto fail;
		}
		at->what |= what;
	}
	if (r->n > 1)
		qsort(r->v, r->n, sizeof *r->v, rule_cmp);
	*out = r;
	return 0;
fail:
	addr_rules_free(&r);
	return -1;
}

void
addr_rules_free(struct addr_rules **r)
{
	if (*r == NULL)
		return;
	free((*r)->v);
	free(*r);
	*r = NULL;
}

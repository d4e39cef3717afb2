/* SPDX-License-Identifier: BSD-2-Clause */
/* address.c - see address.h */
#include "rules/address.h"

#include <ctype.h>
#include <string.h>

#include "mail/view.h"
#include "base/banned.h"

#define VALUE_MAX	8192	/* octets of a field that are looked at */
#define COUNT_MAX	500	/* mailboxes of a field */

struct span {
	const char	*p;
	size_t		 n;
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *
skip(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* quoted - behind the quoted string at p, NULL if it is not closed */
static const char *
quoted(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

/* phrase_end - behind quoted strings and anything but " , ; < */
static const char *
phrase_end(const char *p, const char *end)
{
	const char	*q;

	while (p < end && *p != ',' && *p != ';' && *p != '<') {
		if (*p != '"') {
			p++;
			continue;
		}
		if ((q = quoted(p, end)) == NULL)
			break;
		p = q;
	}
	return p;
}

static bool
is_atom(char c, bool local)
{
	if (is_space(c) || strchr("<>()[],:;", c) != NULL)
		return false;
	return local ? c != '@' : c != '"';
}

/* mailbox_end - behind "user@host" at p, NULL if there is none */
static const char *
mailbox_end(const char *p, const char *end)
{
	const char	*q = p;

	if (q < end && *q == '"') {
		if ((q = quoted(q, end)) == NULL)
			return NULL;
	} else
		while (q < end && is_atom(*q, true))
			q++;
	if (q == p || q == end || *q != '@')
		return NULL;
	p = ++q;
	if (q < end && *q == '[') {
		for (q++; q < end && (isdigit((unsigned char)*q) ||
		    *q == ':' || *q == '.'); q++)
			;
		return q < end && *q == ']' ? q + 1 : NULL;
	}
	while (q < end && is_atom(*q, false))
		q++;
	return q > p ? q : NULL;
}

/* comment - "(...)" at p: its content; behind it, or p if there is none */
static const char *
comment(const char *p, const char *end, struct span *out)
{
	const char	*q = skip(p, end), *from;

	out->p = NULL;
	out->n = 0;
	if (q == end || *q != '(')
		return p;
	for (from = ++q; q < end && *q != ')'; q++) {
		if (*q == '(')
			return p;
		if (*q == '\\')
			q++;
	}
	if (q >= end)
		return p;
	out->p = from;
	out->n = (size_t)(q - from);
	return q + 1;
}

/* at_end - does an item end at p? Then behind its comma. */
static const char *
at_end(const char *p, const char *end)
{
	p = skip(p, end);
	if (p == end)
		return p;
	return *p == ',' || *p == ';' ? p + 1 : NULL;
}

/* unquote - a phrase without quotes, backslashes and comments */
static void
unquote(struct span in, struct buf *out)
{
	const char	*p = in.p, *end = in.p + in.n, *q;
	bool		 inside = false;

	for (; p < end; p++) {
		if (*p == '"')
			inside = !inside;
		else if (*p == '\\' && inside && p + 1 < end)
			(void)buf_addc(out, *++p);
		else if (*p == '(' && !inside && (q = memchr(p, ')',
		    (size_t)(end - p))) != NULL)
			p = q;
		else
			(void)buf_addc(out, *p);
	}
}

/* valid - what stands in <> is somewhat like an address */
static bool
valid(struct span a)
{
	size_t	i, quotes = 0;

	for (i = 0; i < a.n; i++)
		quotes += a.p[i] == '"';
	return quotes != 1 && !(a.n > 2 && memcmp(a.p, "\"\"@", 3) == 0) &&
	    mailbox_end(a.p, a.p + a.n) == a.p + a.n;
}

/* bare - an address as it is reported: one @ only */
static struct span
bare(struct span a)
{
	const char	*at = memchr(a.p, '@', a.n), *more;

	if (at != NULL && (more = memchr(at + 1, '@',
	    (size_t)(a.p + a.n - at) - 1)) != NULL)
		a.n = (size_t)(more - a.p);
	return a;
}

/* report - one item; a phrase that is itself an address is one */
static void
report(struct span phrase, struct span addr, struct span note,
    address_fn *each, void *arg)
{
	struct buf	 t = BUF_INIT(VALUE_MAX);
	struct span	 name = { NULL, 0 };

	if (addr.p != NULL && !valid(addr))
		addr.p = NULL;
	if (phrase.p != NULL) {
		unquote(phrase, &t);
		name.p = buf_str(&t);
		name.n = t.len;
		if (addr.p == NULL && valid(name)) {
			addr = name;
			name.p = NULL;
		} else if (name.n == 0 || (addr.p != NULL &&
		    addr.n == name.n && memcmp(addr.p, name.p, addr.n) == 0))
			name.p = NULL;
	}
	if (name.p == NULL)
		name = note;
	if (addr.p != NULL)
		addr = bare(addr);
	each(arg, addr.p, addr.n, name.p, name.n);
	buf_free(&t);
}

/* angle - "<addr>" at p: behind it, NULL if it is not closed */
static const char *
angle(const char *p, const char *end, struct span *addr)
{
	const char	*q = memchr(p, '>', (size_t)(end - p)), *from;

	if (q == NULL)
		return NULL;
	from = skip(p + 1, q);
	addr->p = from;
	addr->n = (size_t)(q - from);
	while (addr->n > 0 && is_space(addr->p[addr->n - 1]))
		addr->n--;
	q++;
	/* Some programs write it twice. */
	for (from = skip(q, end); from < end && *from == '<' &&
	    (from = memchr(from, '>', (size_t)(end - from))) != NULL;
	    from = skip(q, end))
		q = from + 1;
	return q;
}

/* item - one mailbox at p; behind it, NULL when it is none */
static const char *
item(const char *p, const char *end, address_fn *each, void *arg)
{
	struct span	 phrase = { NULL, 0 }, addr = { NULL, 0 }, note;
	const char	*q, *next;

	p = skip(p, end);
	q = phrase_end(p, end);
	if (q > p) {
		phrase.p = p;
		phrase.n = (size_t)(q - p);
	}
	if (q < end && *q == '<') {
		while (phrase.n > 0 &&
		    is_space(phrase.p[phrase.n - 1]))
			phrase.n--;
		if ((q = angle(q, end, &addr)) == NULL)
			return NULL;
		q = comment(q, end, &note);
		if ((next = at_end(q, end)) == NULL)
			return NULL;
		report(phrase, addr, note, each, arg);
		return next;
	}
	if ((q = mailbox_end(p, end)) != NULL) {
		addr.p = p;
		addr.n = (size_t)(q - p);
		q = comment(q, end, &note);
		if ((next = at_end(q, end)) != NULL) {
			phrase.p = NULL;
			report(phrase, addr, note, each, arg);
			return next;
		}
	}
	if (phrase.p == NULL)
		return NULL;
	q = phrase.p + phrase.n;
	if ((next = at_end(q, end)) == NULL)
		return NULL;
	addr.p = NULL;
	note.p = NULL;
	note.n = 0;
	while (phrase.n > 0 && is_space(phrase.p[phrase.n - 1]))
		phrase.n--;
	report(phrase, addr, note, each, arg);
	return next;
}

void
address_each(const char *value, size_t n, address_fn *each, void *arg)
{
	const char	*p = value, *end, *next, *colon;
	struct span	 none = { NULL, 0 }, addr;
	size_t		 count = 0;

	if (n > VALUE_MAX)
		n = VALUE_MAX;
	while (n > 0 && is_space(value[n - 1]))
		n--;
	end = value + n;
	p = skip(p, end);
	/* "undisclosed-recipients:;" - a group's name says nothing */
	for (colon = p; colon < end && strchr("\"()<>:", *colon) == NULL;
	    colon++)
		;
	if (colon < end && colon > p && *colon == ':')
		p = skip(colon + 1, end);
	for (; p < end && count < COUNT_MAX; p = next, count++)
		if ((next = item(p, end, each, arg)) == NULL)
			break;
	/* Whatever is left: every <user@host> in it. */
	while (p < end && count++ < COUNT_MAX &&
	    (p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		p++;
		next = mailbox_end(p, end);
		if (next == NULL || next == end || *next != '>')
			continue;
		addr.p = p;
		addr.n = (size_t)(next - p);
		if (valid(addr))
			report(none, addr, none, each, arg);
	}
}

int
address_phrase(const char *p, size_t n, struct buf *out)
{
	struct buf	t = BUF_INIT(8 * VALUE_MAX);
	size_t		i, end;
	int		rc;

	if ((rc = view_decode_header("", p, n, &t)) == -1)
		goto done;
	for (i = 0, end = t.len; end > 0 && is_space(t.data[end - 1]);)
		end--;
	while (i < end && is_space(t.data[i]))
		i++;
	if (i == end)
		end = t.len, i = 0;
	else if (end - i > 1 && t.data[i] == '\'' &&
	    t.data[end - 1] == '\'') {
		i++;
		end--;
	}
	for (; i < end && rc == 0; i++) {
		if (!is_space(t.data[i])) {
			rc = buf_addc(out, t.data[i]);
			continue;
		}
		rc = buf_addc(out, ' ');
		while (i + 1 < end && is_space(t.data[i + 1]))
			i++;
	}
done:
	buf_free(&t);
	return rc;
}

static bool
is_host(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '.' ||
	    c == '_' || (unsigned char)c >= 0x80;
}

/* keep_domain - drop labels in front; two remain, three under "co.uk" */
static struct span
keep_domain(struct span h)
{
	const char	*end = h.p + h.n, *p = end, *dots[3];
	size_t		 n = 0;

	while (p > h.p && n < 3)
		if (*--p == '.')
			dots[n++] = p;
	if (n < 2)
		return h;
	/* A short label in front of a country is taken for a registry's. */
	if (end - dots[0] == 3 && dots[0] - dots[1] <= 4) {
		if (n < 3)
			return h;
		p = dots[2] + 1;
	} else
		p = dots[1] + 1;
	h.p = p;
	h.n = (size_t)(end - p);
	return h;
}

bool
address_host(const char *p, size_t n, bool is_addr, bool domain,
    struct buf *out)
{
	const char	*end = p + n, *q, *at;
	struct span	 h;

	while ((at = memchr(p, '@', (size_t)(end - p))) != NULL) {
		for (q = at + 1; q < end && is_host(*q); q++)
			;
		while (q > at + 1 && q[-1] == '.')
			q--;
		h.p = at + 1;
		h.n = (size_t)(q - at) - 1;
		if (h.n > 0 && memchr(h.p, '.', h.n) != NULL)
			goto found;
		p = at + 1;
	}
	if (is_addr)
		return false;
	for (p = end - n; p < end; p = q) {
		for (q = p; q < end && is_host(*q); q++)
			;
		h.p = p;
		h.n = (size_t)(q - p);
		while (h.n > 0 && h.p[h.n - 1] == '.')
			h.n--;
		if (h.n > 3 && memchr(h.p + 1, '.', h.n - 2) != NULL &&
		    isalpha((unsigned char)h.p[h.n - 1]))
			goto found;
		if (q == p)
			q++;
	}
	return false;
found:
	if (domain)
		h = keep_domain(h);
	return buf_add(out, h.p, h.n) == 0;
}

bool
address_ip(const char *p, size_t n, bool reversed, struct buf *out)
{
	unsigned	part[4], v, k, digits;
	size_t		i, j;

	for (i = 0; i < n; i++) {
		if (!isdigit((unsigned char)p[i]) || (i > 0 &&
		    (isdigit((unsigned char)p[i - 1]) || p[i - 1] == '.')))
			continue;
		for (k = 0, j = i; k < 4; k++) {
			for (v = 0, digits = 0; j < n && digits < 3 &&
			    isdigit((unsigned char)p[j]); j++, digits++)
				v = v * 10 + (unsigned)(p[j] - '0');
			if (digits == 0 || v > 255 || (k < 3 && (j == n ||
			    p[j++] != '.')))
				break;
			part[k] = v;
		}
		if (k < 4 || (j < n && (isdigit((unsigned char)p[j]) ||
		    p[j] == '.')))
			continue;
		if (reversed)
			return buf_addf(out, "%u.%u.%u.%u", part[3], part[2],
			    part[1], part[0]) == 0;
		return buf_addf(out, "%u.%u.%u.%u", part[0], part[1],
		    part[2], part[3]) == 0;
	}
	return false;
}

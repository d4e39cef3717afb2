/* SPDX-License-Identifier: BSD-2-Clause */
/* form.c - see form.h */
#include "web/form.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define BOUNDARY_MAX	70	/* octets, RFC 2046 5.1.1 */

/* add - one field; -1 when it does not fit */
static int
add(struct form *f, const char *name, size_t nname, const char *value,
    size_t nvalue)
{
	struct form_field	*x;

	if (f->n == FORM_FIELDS || nname >= FORM_NAME ||
	    nvalue >= FORM_VALUE || memchr(name, '\0', nname) != NULL ||
	    memchr(value, '\0', nvalue) != NULL)
		return -1;
	x = &f->v[f->n++];
	memcpy(x->name, name, nname);
	x->name[nname] = '\0';
	memcpy(x->value, value, nvalue);
	x->value[nvalue] = '\0';
	return 0;
}

/* -- urlencoded ------------------------------------------------------------ */

static int
hexval(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* decode - %XX and +; octets written, or -1: broken, or over size */
static long
decode(const char *p, size_t n, char *out, size_t size)
{
	size_t	i, o = 0;
	char	c;

	for (i = 0; i < n; i++) {
		c = p[i];
		if (c == '+')
			c = ' ';
		else if (c == '%') {
			if (n - i < 3 || hexval(p[i + 1]) < 0 ||
			    hexval(p[i + 2]) < 0)
				return -1;
			c = (char)(hexval(p[i + 1]) << 4 | hexval(p[i + 2]));
			i += 2;
		}
		if (o == size)
			return -1;
		out[o++] = c;
	}
	return (long)o;
}

/* pair - "name=value" */
static int
pair(struct form *f, const char *p, size_t n)
{
	char		 name[FORM_NAME], value[FORM_VALUE];
	const char	*eq = memchr(p, '=', n);
	size_t		 nn = eq != NULL ? (size_t)(eq - p) : n;
	long		 dn, dv;

	dn = decode(p, nn, name, sizeof name);
	dv = eq == NULL ? 0 : decode(eq + 1, n - nn - 1, value,
	    sizeof value);
	if (dn < 0 || dv < 0)
		return -1;
	return add(f, name, (size_t)dn, value, (size_t)dv);
}

static enum form_result
urlencoded(const char *p, size_t n, struct form *f)
{
	const char	*amp;
	size_t		 len;

	/* a line end behind it is no part of the last value */
	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	while (n > 0) {
		amp = memchr(p, '&', n);
		len = amp != NULL ? (size_t)(amp - p) : n;
		if (len > 0 && pair(f, p, len) == -1)
			return FORM_BAD;
		if (amp == NULL)
			break;
		p = amp + 1;
		n -= len + 1;
	}
	return FORM_OK;
}

/* -- parameters of a header ------------------------------------------------ */

/* skip - blanks and semicolons */
static const char *
skip(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == ';' ||
	    *p == '\r' || *p == '\n'))
		p++;
	return p;
}

/*
 * param - the value of parameter `name` in `; a=b; c="d"`, unquoted
 *
 * Octets written to out (no NUL); -1 when it is absent, broken or too long.
 */
static long
param(const char *p, const char *end, const char *name, char *out,
    size_t size)
{
	const char	*key;
	size_t		 nkey, o;
	bool		 ours, quoted;

	while ((p = skip(p, end)) < end) {
		key = p;
		while (p < end && *p != '=' && *p != ';')
			p++;
		nkey = (size_t)(p - key);
		while (nkey > 0 && (key[nkey - 1] == ' ' ||
		    key[nkey - 1] == '\t'))
			nkey--;
		if (p == end || *p == ';')
			continue;
		p++;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		ours = nkey == strlen(name) &&
		    strncasecmp(key, name, nkey) == 0;
		quoted = p < end && *p == '"';
		if (quoted)
			p++;
		for (o = 0; p < end && (quoted ? *p != '"' : *p != ';' &&
		    *p != ' ' && *p != '\t' && *p != '\r' && *p != '\n');
		    p++) {
			if (quoted && *p == '\\' && p + 1 < end)
				p++;
			if (ours && o == size)
				return -1;
			if (ours)
				out[o++] = *p;
		}
		if (quoted && p == end)
			return -1;
		if (quoted)
			p++;
		if (ours)
			return (long)o;
	}
	return -1;
}

/* -- multipart ------------------------------------------------------------- */

/* find - needle in p[0..n); NULL when it is not there */
static const char *
find(const char *p, size_t n, const char *needle, size_t len)
{
	return memmem(p, n, needle, len);
}

/* disposition - the value of Content-Disposition in a part's header */
static const char *
disposition(const char *p, const char *end, const char **stop)
{
	static const char	 name[] = "content-disposition:";
	const char		*eol, *next;

	while (p < end) {
		eol = find(p, (size_t)(end - p), "\r\n", 2);
		if (eol == NULL)
			eol = end;
		/* a folded line belongs to the one before */
		while (eol < end && end - eol > 2 &&
		    (eol[2] == ' ' || eol[2] == '\t')) {
			next = find(eol + 2, (size_t)(end - eol) - 2, "\r\n",
			    2);
			eol = next != NULL ? next : end;
		}
		if ((size_t)(eol - p) >= sizeof name - 1 &&
		    strncasecmp(p, name, sizeof name - 1) == 0) {
			*stop = eol;
			return p + sizeof name - 1;
		}
		p = eol == end ? end : eol + 2;
	}
	return NULL;
}

/* part - header, blank line, content */
static int
part(struct form *f, const char *p, const char *end)
{
	static const char	 kind[] = "form-data";
	const char		*head_end, *d, *stop;
	char			 name[FORM_NAME];
	long			 n;

	head_end = find(p, (size_t)(end - p), "\r\n\r\n", 4);
	if (head_end == NULL)
		return -1;
	if ((d = disposition(p, head_end, &stop)) == NULL)
		return -1;
	d = skip(d, stop);
	if ((size_t)(stop - d) < sizeof kind - 1 ||
	    strncasecmp(d, kind, sizeof kind - 1) != 0)
		return -1;
	d += sizeof kind - 1;
	if ((n = param(d, stop, "name", name, sizeof name - 1)) == -1)
		return -1;
	p = head_end + 4;
	return add(f, name, (size_t)n, p, (size_t)(end - p));
}

/* delimiter - the next line "--boundary" from p on, at p itself only when it is
 * the first; *after its end, *last whether it closes the body. NULL: none. */
static const char *
delimiter(const char *p, const char *end, const char *dash, size_t ndash,
    bool first, const char **after, bool *last)
{
	const char	*from = p, *at, *q;

	for (; (at = find(p, (size_t)(end - p), dash, ndash)) != NULL;
	    p = at + 1) {
		if (!(first && at == from) && (at - from < 2 ||
		    at[-1] != '\n' || at[-2] != '\r'))
			continue;
		q = at + ndash;
		*last = end - q >= 2 && q[0] == '-' && q[1] == '-';
		if (*last)
			q += 2;
		while (q < end && (*q == ' ' || *q == '\t'))
			q++;
		if (*last && (q == end || *q == '\r' || *q == '\n')) {
			*after = q;
			return at;
		}
		if (!*last && end - q >= 2 && q[0] == '\r' && q[1] == '\n') {
			*after = q + 2;
			return at;
		}
	}
	return NULL;
}

static enum form_result
multipart(const char *type, const char *body, size_t len, struct form *f)
{
	char		 dash[2 + BOUNDARY_MAX] = "--";
	const char	*semi = strchr(type, ';'), *end = body + len, *p, *at;
	long		 n;
	bool		 last;

	n = semi == NULL ? -1 : param(semi, type + strlen(type), "boundary",
	    dash + 2, BOUNDARY_MAX);
	if (n <= 0)
		return FORM_BAD;
	/* what stands before it is a preamble, for nobody (RFC 2046, 5.1.1) */
	if (delimiter(body, end, dash, (size_t)n + 2, true, &p, &last) == NULL)
		return FORM_BAD;
	while (!last) {
		const char	*from = p;

		/* an empty part's delimiter follows its header's blank line */
		at = delimiter(p, end, dash, (size_t)n + 2, false, &p, &last);
		if (at == NULL || at - from < 2 ||
		    part(f, from, at - 2) == -1)
			return FORM_BAD;
	}
	return FORM_OK;
}

/* -------------------------------------------------------------------------- */

/* is_type - is the media type this one, whatever parameters follow? */
static bool
is_type(const char *type, const char *want)
{
	size_t	n = strlen(want);

	return strncasecmp(type, want, n) == 0 &&
	    (type[n] == '\0' || type[n] == ';' || type[n] == ' ' ||
	    type[n] == '\t');
}

enum form_result
form_parse(const char *type, const char *body, size_t len, struct form *f)
{
	enum form_result	rc;

	f->n = 0;
	if (type != NULL)
		while (*type == ' ' || *type == '\t')
			type++;
	if (type == NULL || *type == '\0' ||
	    is_type(type, "application/x-www-form-urlencoded"))
		rc = urlencoded(body, len, f);
	else if (is_type(type, "multipart/form-data"))
		rc = multipart(type, body, len, f);
	else
		return FORM_TYPE;
	if (rc != FORM_OK)
		f->n = 0;
	return rc;
}

const char *
form_get(const struct form *f, const char *name, bool *twice)
{
	const char	*found = NULL;
	size_t		 i;

	for (i = 0; i < f->n; i++) {
		if (strcmp(f->v[i].name, name) != 0)
			continue;
		if (found == NULL)
			found = f->v[i].value;
		else if (strcmp(found, f->v[i].value) != 0)
			*twice = true;
	}
	return found;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* uri.c - see uri.h: the forms of a link */
#include "mail/uri_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/addr.h"
#include "base/banned.h"

#define FORMS_MAX	64	/* forms of one link */
#define HOPS_MAX	16	/* redirectors inside one link */
#define HOST_MAX	253	/* octets, RFC 1035 2.3.4 */

bool
uri_is_tld(const struct uri_world *w, const char *p, size_t n)
{
	char	t[64];
	size_t	i;

	if (n < 2 || n >= sizeof t)
		return false;
	for (i = 0; i < n; i++)
		t[i] = lower(p[i]);
	t[n] = '\0';
	if (w->tld != NULL)
		return w->tld(w->arg, t, n);
	for (i = 0; i < n && t[i] >= 'a' && t[i] <= 'z'; i++)
		;
	return i == n || strncmp(t, "xn--", 4) == 0;
}

bool
uri_tld_ok(const struct uri_world *w, const char *host, size_t n)
{
	size_t	i;

	for (i = n; i > 0 && host[i - 1] != '.'; i--)
		if (is_space(host[i - 1]))
			return false;
	return i > 1 && uri_is_tld(w, host + i, n - i);
}

/* Labels of 1 to 63 letters, digits, hyphens; two at least */
bool
uri_name_ok(const char *host, size_t n)
{
	size_t	i, len, labels = 0;
	bool	under = false, under_last = false, under_second = false;
	char	c;

	while (n > 0 && host[n - 1] == '.')
		n--;
	if (n == 0 || n > HOST_MAX)
		return false;
	for (i = 0; i < n; i += len + 1) {
		under = false;
		for (len = 0; i + len < n && host[i + len] != '.'; len++) {
			c = host[i + len];
			under |= c == '_';
			if (!is_word(c) && (c != '-' || len == 0))
				return false;
		}
		if (len == 0 || len > 63 || host[i + len - 1] == '-')
			return false;
		under_second = under_last;
		under_last = under;
		labels++;
	}
	/* Names in use have no underscore in the last two labels. */
	return labels > 1 && host[n - 1] != '.' && !under_last &&
	    !under_second;
}

/* is_ipv4 - four decimal numbers below 256 */
static bool
is_ipv4(const char *p, size_t n)
{
	size_t		i = 0, part = 0, digits;
	unsigned	v;

	for (; part < 4; part++) {
		for (v = 0, digits = 0; i < n && is_digit(p[i]) &&
		    digits < 4; i++, digits++)
			v = v * 10 + (unsigned)(p[i] - '0');
		if (digits == 0 || digits > 3 || v > 255)
			return false;
		if (part < 3 && (i == n || p[i++] != '.'))
			return false;
	}
	return i == n;
}

struct forms {
	const struct uri_world	*w;
	struct buf		*out;
	size_t			 from, n;	/* of out; how many */
	bool			 valid;
};

/* host_of - the host of a link, taken apart as readers do */
static bool
host_of(const char *u, size_t n, const char **host, size_t *len)
{
	const char	*p = u, *end = u + n, *q;

	if (starts(u, n, "javascript:") || starts(u, n, "cid:") ||
	    starts(u, n, "file:"))
		return false;
	if (starts(u, n, "mailto:")) {
		if ((q = memchr(u, '?', n)) != NULL)
			end = q;
		if ((p = memchr(u, '@', (size_t)(end - u))) == NULL ||
		    memchr(p + 1, '@', (size_t)(end - p) - 1) != NULL)
			return false;
		*host = p + 1;
		*len = (size_t)(end - p) - 1;
		return true;
	}
	while (p < end && is_alnum(*p) && !is_digit(*p))
		p++;
	if (p > u && p < end && *p == ':') {
		p++;
		for (q = p; q < end && q - p < 2 && *q == '/'; q++)
			;
		p = q;
	} else
		p = u;
	for (q = p; q < end && *q != '/' && *q != '?' && *q != '#'; q++)
		;
	end = q;
	for (q = end; q > p; q--)
		if (q[-1] == '@') {
			p = q;
			break;
		}
	for (q = end; q > p && is_digit(q[-1]); q--)
		;
	if (q > p && q[-1] == ':')
		end = q - 1;
	*host = p;
	*len = (size_t)(end - p);
	return true;
}

/* check - may the host of this form exist? */
static void
check(struct forms *f, const char *u, size_t n)
{
	char		 ascii[ADDR_DOMAIN_MAX + 1];
	const char	*host, *pct;
	size_t		 len;

	if (f->valid || !host_of(u, n, &host, &len) || len == 0)
		return;
	if ((pct = memchr(host, '%', len)) != NULL &&
	    host + len - pct > 2 && hex(pct[1]) >= 2 && hex(pct[1]) <= 7 &&
	    hex(pct[2]) >= 0 && memcmp(pct, "%20", 3) != 0)
		return;
	if (is_ipv4(host, len)) {
		f->valid = true;
		return;
	}
	if (addr_domain(host, len, ascii, NULL) == ADDR_OK) {
		host = ascii;
		len = strlen(ascii);
	}
	f->valid = uri_name_ok(host, len) && uri_tld_ok(f->w, host, len);
}

/* add - one more form, unless it is there already */
static void
add(struct forms *f, const char *u, size_t n)
{
	const char	*p = buf_str(f->out) + f->from;
	const char	*end = buf_str(f->out) + f->out->len;

	if (n > URI_MAX)
		n = URI_MAX;
	if (n == 0 || f->n >= FORMS_MAX || memchr(u, '\0', n) != NULL)
		return;
	for (; p < end; p += strlen(p) + 1)
		if (strlen(p) == n && memcmp(p, u, n) == 0)
			return;
	if (buf_add(f->out, u, n) == -1 || buf_addc(f->out, '\0') == -1)
		return;
	f->n++;
	check(f, u, n);
}

/* add3 - a form of three pieces */
static void
add3(struct forms *f, const char *a, const char *b, const char *c)
{
	struct buf	t = BUF_INIT(2 * URI_MAX);

	if (buf_addf(&t, "%s%s%s", a, b, c) == 0)
		add(f, t.data, t.len);
	buf_free(&t);
}

/* unescape_one - %41, or what must be escaped but is not; as browsers do */
static int
unescape(const char *p, size_t n, struct buf *out)
{
	size_t	i;
	int	v, rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		unsigned char	c = (unsigned char)p[i];

		if (c == '%' && n - i > 2 && hex(p[i + 1]) >= 0 &&
		    hex(p[i + 2]) >= 0) {
			v = hex(p[i + 1]) * 16 + hex(p[i + 2]);
			if (v > 0x20 && v < 0x7f)
				rc = buf_addc(out, (char)v);
			else
				rc = buf_add(out, p + i, 3);
			i += 2;
		} else if (c <= 0x20 || c >= 0x7f || c == '"' || c == '%' ||
		    c == '<' || c == '>')
			rc = buf_addf(out, "%%%02x", c);
		else
			rc = buf_addc(out, (char)c);
	}
	return rc;
}

/* references - &#46; and the Unicode dots inside a link, replaced */
static int
references(const char *p, size_t n, struct buf *out)
{
	size_t		i, k;
	unsigned long	v;
	bool		x;
	int		rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		if (p[i] != '&' || n - i < 4 || p[i + 1] != '#') {
			rc = buf_addc(out, p[i]);
			continue;
		}
		x = lower(p[i + 2]) == 'x';
		k = i + (x ? 3 : 2);
		for (v = 0; k < n && v < 0x110000 && (x ? hex(p[k]) >= 0 :
		    is_digit(p[k])); k++)
			v = v * (x ? 16 : 10) + (unsigned long)hex(p[k]);
		if (k == n || p[k] != ';' || !((v > 32 && v < 127) ||
		    v == 0x3002 || v == 0xff0e || v == 0xff61)) {
			rc = buf_addc(out, p[i]);
			continue;
		}
		rc = buf_addc(out, v < 127 ? (char)v : '.');
		i = k;
	}
	return rc;
}

/* mail_forms - "mailto:" with parameters, escapes or a name around it */
static void
mail_forms(struct forms *f, const char *u, size_t n)
{
	const char	*at = memchr(u, '@', n), *q, *lt;
	struct buf	 t = BUF_INIT(2 * URI_MAX);

	if (at == NULL || at == u)
		return;
	if ((q = memchr(at, '?', (size_t)(u + n - at))) != NULL &&
	    q > at + 1)
		add(f, u, (size_t)(q - u));
	for (q = at + 1; q < u + n && *q != '?' && *q != '&'; q++)
		;
	if (q < u + n && *q == '&' && q > at + 1)
		add(f, u, (size_t)(q - u));
	if (memmem(u, n, "%20", 3) != NULL) {
		q = starts(u, n, "mailto:") ? u + 7 : u;
		while (u + n - q > 3 && memcmp(q, "%20", 3) == 0)
			q += 3;
		for (lt = at + 1; lt < u + n && strchr("?&%", *lt) == NULL;
		    lt++)
			;
		if (at > q && lt > at + 1 && buf_addf(&t, "mailto:%.*s",
		    (int)(lt - q), q) == 0)
			add(f, t.data, t.len);
	}
	if ((lt = memchr(u, '<', n)) != NULL && (at = memchr(lt, '@',
	    (size_t)(u + n - lt))) != NULL && (q = memchr(at, '>',
	    (size_t)(u + n - at))) != NULL && at > lt + 1 && q > at + 1) {
		buf_reset(&t);
		if (buf_addf(&t, "mailto:%.*s", (int)(q - lt - 1), lt + 1) ==
		    0)
			add(f, t.data, t.len);
	}
	buf_free(&t);
}

/* number - decimal, octal or hex at *p up to a dot; false if it is none */
static bool
number(const char **p, unsigned long *v)
{
	char	*end;
	int	 radix = 10;

	if (!is_digit(**p))
		return false;
	if ((*p)[0] == '0' && lower((*p)[1]) == 'x')
		radix = 16;
	else if ((*p)[0] == '0' && is_digit((*p)[1]) && (*p)[1] < '8')
		radix = 8;
	*v = strtoul(*p, &end, radix);
	*p = end;
	return *end == '.' || *end == '\0';
}

/* ip_forms - hosts that are numbers in disguise; true when it was one */
static bool
ip_forms(struct forms *f, const char *proto, const char *host,
    const char *rest)
{
	unsigned long	 v[4];
	char		 dotted[64];
	const char	*p = host;
	size_t		 i;

	for (i = 0; i < 4 && number(&p, &v[i]); i++) {
		if (*p == '\0') {
			i++;
			break;
		}
		p++;
	}
	if (*p != '\0' || (i != 4 && i != 1))
		return false;
	if (i == 1) {
		v[3] = v[0] & 0xff;
		v[2] = v[0] >> 8 & 0xff;
		v[1] = v[0] >> 16 & 0xff;
		v[0] = v[0] >> 24 & 0xff;
	}
	(void)snprintf(dotted, sizeof dotted, "%lu.%lu.%lu.%lu", v[0], v[1],
	    v[2], v[3]);
	add3(f, proto, dotted, rest);
	return true;
}

/* hop - another link inside this one, which it redirects to */
static bool
hop(const struct uri_world *w, const char *u, size_t n, const char *rest,
    const char **to, size_t *len)
{
	const char	*p;

	if (w->redirect != NULL && w->redirect(w->arg, u, n, to, len) &&
	    memchr(*to, '.', *len) != NULL)
		return true;
	for (p = rest; (p = strcasestr(p, "http")) != NULL; p++) {
		size_t	head = lower(p[4]) == 's' ? 5 : 4;

		if (p[head] != ':')
			continue;
		*len = strcspn(p, "&#");
		if (*len <= head + 1)
			continue;
		*to = p;
		return memchr(p, '.', *len) != NULL;
	}
	return false;
}

/* port - forms without the port that the scheme implies */
static void
port(struct forms *f, const char *proto, const char *host, const char *rest)
{
	bool	tls = proto[4] != ':';

	if (tls && strncmp(rest, ":443", 4) == 0 && !is_word(rest[4]))
		add3(f, proto, host, rest + 4);
	else if (!tls && strncmp(rest, ":80", 3) == 0 && !is_word(rest[3]))
		add3(f, proto, host, rest + 3);
}

/* web_host - forms that differ in how the host is written */
static void
web_host(struct forms *f, const char *proto, char *host, const char *rest,
    bool user)
{
	char	 ascii[ADDR_DOMAIN_MAX + 1], www[2 * HOST_MAX];
	char	 name[HOST_MAX + 1];	/* as it was, with what ends it */
	size_t	 n = strlen(host), i, k;
	bool	 high = false;

	port(f, proto, host, rest);
	for (i = k = 0; i < n; i++) {
		high |= (unsigned char)host[i] >= 0x80;
		if ((unsigned char)host[i] > 0x20)
			host[k++] = host[i];
	}
	host[k] = '\0';
	if (high && addr_domain(host, k, ascii, NULL) == ADDR_OK &&
	    strlen(ascii) <= n) {
		memcpy(host, ascii, strlen(ascii) + 1);
		add3(f, proto, host, rest);
		port(f, proto, host, rest);
	} else if (k < n)
		add3(f, proto, host, rest);
	n = strlen(host);
	(void)snprintf(name, sizeof name, "%s", host);
	for (k = n; k > 0 && !is_alnum(host[k - 1]); k--)
		;
	if (k < n) {
		host[k] = '\0';
		add3(f, proto, host, rest);
	}
	if (ip_forms(f, proto, host, rest) || k == 0 || proto[4] != ':' ||
	    user || strcasecmp(host, "localhost") == 0 ||
	    (rest[0] == ':' && strncmp(rest, ":80", 3) != 0))
		return;
	n = strlen(name);
	i = starts(name, n, "www.") ? 4 : 0;
	if (i < n && n < sizeof name - 1 && strchr(name + i, '.') == NULL &&
	    !uri_tld_ok(f->w, name, n) && snprintf(www, sizeof www,
	    "www.%s.com", name + i) < (int)sizeof www)
		add3(f, proto, www, rest);
}

/* web_forms - a link to the web, at u; *to gets a redirection's target */
static bool
web_forms(struct forms *f, const char *u, size_t n, struct buf *to)
{
	struct buf	 host = BUF_INIT(URI_MAX), rest = BUF_INIT(URI_MAX);
	char		 proto[9];
	const char	*p, *q, *end = u + n, *at, *target;
	size_t		 len;
	bool		 more = false, user = false;

	p = u + (starts(u, n, "https://") ? 8 : 7);
	memcpy(proto, u, (size_t)(p - u));
	proto[p - u] = '\0';
	for (q = p; q < end && strchr("/?#", *q) == NULL; q++)
		;
	if ((at = memchr(p, '@', (size_t)(q - p))) != NULL) {
		p = at + 1;
		user = true;
	}
	for (q = p; q < end && strchr("/?#:", *q) == NULL; q++)
		;
	if (q > p && buf_add(&host, p, (size_t)(q - p)) == 0 &&
	    buf_add(&rest, q, (size_t)(end - q)) == 0) {
		web_host(f, proto, host.data, buf_str(&rest), user);
		if (hop(f->w, u, n, buf_str(&rest), &target, &len)) {
			buf_reset(to);
			more = buf_add(to, target, len) == 0;
		}
	}
	buf_free(&host);
	buf_free(&rest);
	return more;
}

/* cleaned - a copy of u as a browser would send it; 0, or -1 when too long */
static int
cleaned(const char *u, size_t n, struct buf *out)
{
	struct buf	a = BUF_INIT(4 * URI_MAX), b = BUF_INIT(4 * URI_MAX);
	size_t		i, head = 0;
	int		rc = -1;

	for (i = 0; i < n; i++)
		if (buf_addc(&a, u[i] == '\\' ? '/' : u[i]) == -1)
			goto done;
	if (starts(a.data, a.len, "https:"))
		head = 6;
	else if (starts(a.data, a.len, "http:"))
		head = 5;
	for (i = head; head > 0 && i < a.len && i < head + 2 &&
	    a.data[i] == '/'; i++)
		;
	if (buf_add(&b, a.data, head) == -1 ||
	    (head > 0 && buf_adds(&b, "//") == -1) ||
	    buf_add(&b, a.data + i, a.len - i) == -1)
		goto done;
	for (i = 0; i + 2 < b.len && !(b.data[i] == '%' &&
	    hex(b.data[i + 1]) >= 0 && hex(b.data[i + 2]) >= 0); i++)
		;
	buf_reset(&a);
	if (i + 2 < b.len ? unescape(b.data, b.len, &a) == -1 :
	    buf_add(&a, b.data, b.len) == -1)
		goto done;
	for (i = 0; i < a.len && (is_word(a.data[i]) || a.data[i] == '-');
	    i++)
		;
	buf_reset(&b);
	if ((i == 0 || i == a.len || a.data[i] != ':') &&
	    buf_adds(&b, strncmp(a.data, "ftp.", 4) == 0 ? "ftp://" :
	    "http://") == -1)
		goto done;
	if (buf_add(&b, a.data, a.len) == -1)
		goto done;
	/* http://host?x is http://host/?x */
	head = starts(b.data, b.len, "https://") ? 8 :
	    starts(b.data, b.len, "http://") ? 7 : 0;
	if (head > 0) {
		i = head + strcspn(b.data + head, "/?#");
		if (i > head && (b.data[i] == '?' || b.data[i] == '#')) {
			buf_reset(&a);
			if (buf_add(&a, b.data, i) == -1 ||
			    buf_addc(&a, '/') == -1 ||
			    buf_add(&a, b.data + i, b.len - i) == -1)
				goto done;
			buf_reset(&b);
			if (buf_add(&b, a.data, a.len) == -1)
				goto done;
		}
	}
	rc = references(b.data, b.len, out);
done:
	buf_free(&a);
	buf_free(&b);
	return rc;
}

bool
uri_forms(const char *uri, size_t len, const struct uri_world *w,
    struct buf *out)
{
	struct forms	 f = { .w = w, .out = out, .from = out->len };
	struct buf	 cur = BUF_INIT(URI_MAX), next = BUF_INIT(URI_MAX),
			 to = BUF_INIT(URI_MAX);
	const char	*colon, *at;
	size_t		 i, hops;
	bool		 more = true;

	if (buf_add_some(&cur, uri, len) == 0)
		more = false;
	for (hops = 0; more && hops < HOPS_MAX; hops++) {
		/* No line ends inside, no white space around. */
		buf_reset(&next);
		for (i = 0; i < cur.len; i++)
			if (cur.data[i] != '\n' && cur.data[i] != '\r' &&
			    cur.data[i] != '\0')
				(void)buf_addc(&next, cur.data[i]);
		uri = buf_str(&next);
		len = next.len;
		while (len > 0 && is_space(*uri)) {
			uri++;
			len--;
		}
		while (len > 0 && is_space(uri[len - 1]))
			len--;
		add(&f, uri, len);
		more = false;
		if (len <= 1 || strchr("#?&", *uri) != NULL ||
		    (*uri == '/' && uri[1] != '/'))
			break;
		at = memchr(uri, '@', len);
		colon = memchr(uri, ':', len);
		if (starts(uri, len, "mailto:") ||
		    (at != NULL && (colon == NULL || at < colon))) {
			mail_forms(&f, uri, len);
			break;
		}
		buf_reset(&to);
		if (cleaned(uri, len, &to) == -1)
			break;
		add(&f, to.data, to.len);
		if (!starts(to.data, to.len, "http://") &&
		    !starts(to.data, to.len, "https://"))
			break;
		more = web_forms(&f, to.data, to.len, &cur);
	}
	out->starved |= cur.starved | next.starved | to.starved;
	buf_free(&cur);
	buf_free(&next);
	buf_free(&to);
	return f.valid;
}

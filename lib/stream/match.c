/* SPDX-License-Identifier: BSD-2-Clause */
/* match.c - see match.h */
#include "stream/match.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "mail/addr.h"

#include "base/banned.h"

#define HEADER_LOOK	65536	/* octets of a header value that are matched */

/* A sender: local part or any; a domain, or what lies below it. */
struct sender {
	char	local[ADDR_SIZE];	/* "" = any; may hold '*' */
	char	domain[ADDR_DOMAIN_MAX + 1];
	bool	below;			/* subdomains instead */
	bool	null;			/* "<>" */
};

/* A network; IPv4 as ::ffff:0:0/96. */
struct net {
	uint8_t		addr[16];
	unsigned	bits;
};

struct field {
	const char	*name, *pattern;	/* pattern NULL: presence */
	char		*copy;			/* holds name */
};

struct stream_match {
	struct sender	*senders;
	struct net	*nets;
	struct field	*fields;
};

/* lower - an ASCII letter in lower case */
static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
match_glob(const char *p, const char *s, size_t n)
{
	const char	*end = s + n, *star = NULL, *from = NULL;

	/* on a mismatch, only the last '*' need take one octet more */
	while (s < end) {
		if (*p == '*') {
			star = ++p;
			from = s;
		} else if (*p != '\0' && lower(*p) == lower(*s)) {
			p++;
			s++;
		} else if (star != NULL) {
			p = star;
			s = ++from;
		} else
			return false;
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

/* compile_sender - "user@domain", "@domain", ".domain", "<>" */
static int
compile_sender(const char *item, struct sender *out, struct err *e)
{
	const char	*at = strrchr(item, '@'), *why = NULL;
	size_t		 i, n;

	if (strcmp(item, "<>") == 0) {
		out->null = true;
		return 0;
	}
	if (at == NULL && item[0] != '.')
		return err_set(e, "%s: want user@domain, @domain, .domain "
		    "(for all below it) or <>", item);
	out->below = at == NULL;
	n = at == NULL ? 0 : (size_t)(at - item);
	if (n >= sizeof out->local)
		return err_set(e, "%.40s...: too long", item);
	for (i = 0; i < n; i++)
		out->local[i] = lower(item[i]);
	at = item + n + 1;
	if (addr_domain(at, strlen(at), out->domain, &why) != ADDR_OK)
		return err_set(e, "%s: %s", item, why);
	return 0;
}

/* parse_ip - either family into 16 octets; the bits of its addresses, or 0 */
static unsigned
parse_ip(const char *s, uint8_t out[16])
{
	static const uint8_t	v4[12] = { [10] = 0xff, [11] = 0xff };

	if (strncasecmp(s, "IPv6:", 5) == 0)
		s += 5;
	if (inet_pton(AF_INET, s, out + 12) == 1) {
		memcpy(out, v4, sizeof v4);
		return 32;
	}
	if (inet_pton(AF_INET6, s, out) != 1)
		return 0;
	/* an IPv4 client of a dual socket is one all the same */
	return 128;
}

/* bit - the nth bit of an address, from the front */
static inline unsigned
bit(const uint8_t addr[16], unsigned n)
{
	return addr[n / 8] >> (7 - n % 8) & 1;
}

static int
compile_net(const char *item, struct net *out, struct err *e)
{
	char		 text[64], *slash, *end = NULL;
	unsigned	 width, i;
	unsigned long	 bits;

	if (strlen(item) >= sizeof text)
		return err_set(e, "%.40s...: no network", item);
	memcpy(text, item, strlen(item) + 1);
	if ((slash = strchr(text, '/')) != NULL)
		*slash++ = '\0';
	if ((width = parse_ip(text, out->addr)) == 0)
		return err_set(e, "%s: want an address or network such as "
		    "192.0.2.0/24 or 2001:db8::/32", item);
	bits = width;
	if (slash != NULL) {
		bits = strtoul(slash, &end, 10);
		if (*slash < '0' || *slash > '9' || *end != '\0' ||
		    bits > width)
			return err_set(e, "%s: want a prefix length from 0 "
			    "to %u after the '/'", item, width);
	}
	out->bits = (unsigned)bits + (128 - width);
	for (i = out->bits; i < 128; i++)
		if (bit(out->addr, i) != 0)
			return err_set(e, "%s: has bits set behind the "
			    "prefix; did you mean a longer one?", item);
	return 0;
}

static int
compile_field(const char *item, struct field *out, struct err *e)
{
	char	*colon;

	if ((out->copy = strdup(item)) == NULL)
		return err_set(e, "out of memory");
	if ((colon = strchr(out->copy, ':')) != NULL) {
		*colon = '\0';
		out->pattern = colon + 1;
	}
	out->name = out->copy;
	if (!header_name_ok(out->name) ||
	    (out->pattern != NULL && *out->pattern == '\0'))
		return err_set(e, "%s: want Name or Name:value", item);
	return 0;
}

/* room - zeroed memory for the compiled items of a list */
static int
room(const struct conf_list *l, size_t size, void *out, struct err *e)
{
	void	*p = calloc(l->n + 1, size);

	memcpy(out, &p, sizeof p);
	return p == NULL ? err_set(e, "out of memory") : 0;
}

int
match_compile(struct stream *s, const char **name, struct err *e)
{
	struct stream_match	*m;
	size_t			 i;

	*name = "match_sender";
	if ((m = s->match = calloc(1, sizeof *m)) == NULL)
		return err_set(e, "out of memory");
	if (room(&s->match_sender, sizeof *m->senders, &m->senders, e) == -1)
		return -1;
	for (i = 0; i < s->match_sender.n; i++)
		if (compile_sender(s->match_sender.v[i], &m->senders[i], e) ==
		    -1)
			return -1;
	*name = "match_client";
	if (room(&s->match_client, sizeof *m->nets, &m->nets, e) == -1)
		return -1;
	for (i = 0; i < s->match_client.n; i++)
		if (compile_net(s->match_client.v[i], &m->nets[i], e) == -1)
			return -1;
	*name = "match_header";
	if (room(&s->match_header, sizeof *m->fields, &m->fields, e) == -1)
		return -1;
	for (i = 0; i < s->match_header.n; i++)
		if (compile_field(s->match_header.v[i], &m->fields[i], e) ==
		    -1)
			return -1;
	return 0;
}

void
match_free(struct stream *s)
{
	struct stream_match	*m = s->match;
	size_t			 i;

	if (m == NULL)
		return;
	for (i = 0; m->fields != NULL && i < s->match_header.n; i++)
		free(m->fields[i].copy);
	free(m->fields);
	free(m->nets);
	free(m->senders);
	free(m);
	s->match = NULL;
}

static bool
test_sender(const struct sender *p, const char *sender)
{
	const char	*at, *domain;
	size_t		 d, n;

	if (sender == NULL)
		return false;
	if (p->null || *sender == '\0')
		return p->null && *sender == '\0';
	if ((at = strrchr(sender, '@')) == NULL)
		return false;
	domain = at + 1;
	if (p->below) {
		d = strlen(domain);
		n = strlen(p->domain);
		if (d < n + 2 || domain[d - n - 1] != '.')
			return false;
		domain += d - n;
	}
	return strcmp(domain, p->domain) == 0 && (p->local[0] == '\0' ||
	    match_glob(p->local, sender, (size_t)(at - sender)));
}

static bool
test_net(const struct net *p, const uint8_t addr[16])
{
	unsigned	whole = p->bits / 8, rest = p->bits % 8;

	if (memcmp(p->addr, addr, whole) != 0)
		return false;
	return rest == 0 || (p->addr[whole] ^ addr[whole]) >> (8 - rest) == 0;
}

/* test_value - the whole value, or what stands in its last <...> */
static bool
test_value(const char *pattern, const struct header *h)
{
	struct buf	 b = BUF_INIT(HEADER_LOOK);
	const char	*s, *open, *close;
	size_t		 n = h->value_len;
	bool		 yes;

	if (n > HEADER_LOOK)
		n = HEADER_LOOK;
	(void)header_unfold(h->value, n, &b);
	s = buf_str(&b);
	yes = match_glob(pattern, s, b.len);
	if (!yes && (close = memrchr(s, '>', b.len)) != NULL &&
	    (open = memrchr(s, '<', (size_t)(close - s))) != NULL)
		yes = match_glob(pattern, open + 1,
		    (size_t)(close - open - 1));
	buf_free(&b);
	return yes;
}

static bool
test_field(const struct field *p, const struct header_list *l)
{
	size_t	i;

	for (i = 0; i < l->n; i++)
		if (strcasecmp(l->v[i].name, p->name) == 0 &&
		    (p->pattern == NULL || test_value(p->pattern, &l->v[i])))
			return true;
	return false;
}

/* any_of - does one of these words fit this text? */
static bool
any_of(const struct conf_list *l, const char *text)
{
	size_t	i;

	if (text == NULL || *text == '\0')
		return false;
	for (i = 0; i < l->n; i++)
		if (match_glob(l->v[i], text, strlen(text)))
			return true;
	return false;
}

static bool
any_sender(const struct stream *s, const char *sender)
{
	size_t	i;

	for (i = 0; i < s->match_sender.n; i++)
		if (test_sender(&s->match->senders[i], sender))
			return true;
	return false;
}

static bool
any_net(const struct stream *s, const char *client)
{
	uint8_t	addr[16];
	size_t	i;

	if (client == NULL || parse_ip(client, addr) == 0)
		return false;
	for (i = 0; i < s->match_client.n; i++)
		if (test_net(&s->match->nets[i], addr))
			return true;
	return false;
}

enum match_answer
match_test(const struct stream *s, const struct stream_facts *f)
{
	size_t	i;

	if ((s->match_sender.n > 0 && !any_sender(s, f->sender)) ||
	    (s->match_sasl.n > 0 && !any_of(&s->match_sasl, f->sasl_login)) ||
	    (s->match_daemon.n > 0 &&
	    !any_of(&s->match_daemon, f->daemon_name) &&
	    !any_of(&s->match_daemon, f->daemon_port)) ||
	    (s->match_client.n > 0 && !any_net(s, f->client_addr)))
		return MATCH_NO;
	if (s->match_header.n == 0)
		return MATCH_YES;
	if (f->headers == NULL)
		return MATCH_NEEDS_HEADERS;
	for (i = 0; i < s->match_header.n; i++)
		if (test_field(&s->match->fields[i], f->headers))
			return MATCH_YES;
	return MATCH_NO;
}

bool
match_uses_headers(const struct stream *s)
{
	return s->match_header.n > 0;
}

bool
match_unconditional(const struct stream *s)
{
	return s->match_sender.n + s->match_sasl.n + s->match_client.n +
	    s->match_daemon.n + s->match_header.n == 0;
}

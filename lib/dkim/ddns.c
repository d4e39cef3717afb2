/* SPDX-License-Identifier: BSD-2-Clause */
/* ddns.c - see ddns.h */
#include "dkim/ddns.h"

#include <sys/types.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "dkim/dkey.h"
#include "dkim/drecord.h"
#include "dns/dns.h"

#include "base/banned.h"

#define NAME_MAX_	256	/* octets of a name, RFC 1035 */
#define ALIASES		8	/* CNAME steps followed */

struct ddns {
	struct dns	*dns;
	unsigned	 port;		/* of authoritative servers */
};

int
ddns_open(const struct ddns_options *o, struct ddns **out, struct err *e)
{
	struct dns_options	 d = { o->servers, o->timeout_ms, o->tries };

	if ((*out = calloc(1, sizeof **out)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	(*out)->port = o->port != 0 ? o->port : 53;
	if (dns_open(&d, &(*out)->dns, e) == -1) {
		ddns_close(out);
		return -1;
	}
	return 0;
}

void
ddns_close(struct ddns **d)
{
	if (*d == NULL)
		return;
	dns_close(&(*d)->dns);
	free(*d);
	*d = NULL;
}

/* is_key - does it look like a DKIM key record? */
static bool
is_key(const char *txt)
{
	size_t	n;

	return strncmp(txt, "v=DKIM1", 7) == 0 ||
	    drecord_tag(txt, "p", &n) != NULL;
}

/* join - the strings of one TXT record */
static int
join(const unsigned char *p, size_t len, struct buf *out)
{
	size_t	n;

	buf_reset(out);
	while (len > 0) {
		n = *p++;
		len--;
		if (n > len)
			return -1;
		/* a NUL would hide what follows it */
		if (memchr(p, '\0', n) != NULL)
			return -1;
		(void)buf_add(out, p, n);
		p += n;
		len -= n;
	}
	return out->failed ? -1 : 0;
}

/* What a message said about a name. */
struct told {
	int	keys;			/* records that look like keys */
	int	others;
	struct buf txt;			/* the first key, or other */
	long	ttl;
	char	alias[NAME_MAX_];	/* where it leads to; "" nowhere */
	bool	authoritative;
};

/* negative_ttl - of the SOA in the authority section, RFC 2308 5 */
static long
negative_ttl(ns_msg *msg)
{
	ns_rr	rr;
	long	ttl = 0, minimum;
	int	i;

	for (i = 0; i < ns_msg_count(*msg, ns_s_ns); i++) {
		if (ns_parserr(msg, ns_s_ns, i, &rr) == -1 ||
		    ns_rr_type(rr) != ns_t_soa || ns_rr_rdlen(rr) < 20)
			continue;
		ttl = (long)ns_rr_ttl(rr);
		minimum = (long)ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr) -
		    4);
		if (minimum < ttl)
			ttl = minimum;
	}
	return ttl;
}

/* read_txt - TXT records and aliases of an answer */
static int
read_txt(const struct dns_reply *r, struct told *t)
{
	struct buf	one = BUF_INIT(DKEY_RECORD_MAX);
	ns_msg		msg;
	ns_rr		rr;
	int		i;

	if (ns_initparse(r->p, r->len, &msg) == -1)
		return -1;
	t->keys = t->others = 0;
	t->alias[0] = '\0';
	t->authoritative = ns_msg_getflag(msg, ns_f_aa) != 0;
	t->ttl = negative_ttl(&msg);
	for (i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		if (ns_parserr(&msg, ns_s_an, i, &rr) == -1)
			break;
		if (ns_rr_type(rr) == ns_t_cname) {
			(void)ns_name_uncompress(ns_msg_base(msg),
			    ns_msg_end(msg), ns_rr_rdata(rr), t->alias,
			    sizeof t->alias);
		} else if (ns_rr_type(rr) == ns_t_txt &&
		    join(ns_rr_rdata(rr), ns_rr_rdlen(rr), &one) == 0) {
			bool key = is_key(buf_str(&one));

			if (key ? t->keys++ == 0 :
			    t->others++ == 0 && t->keys == 0) {
				buf_reset(&t->txt);
				(void)buf_add(&t->txt, buf_str(&one), one.len);
				t->ttl = (long)ns_rr_ttl(rr);
			}
		}
	}
	buf_free(&one);
	return 0;
}

int
ddns_txt(void *arg, const char *name, char *txt, size_t size)
{
	const struct ddns	*d = arg;
	struct told		 t = { .txt = BUF_INIT(DKEY_RECORD_MAX) };
	struct dns_reply r;
	char			 at[NAME_MAX_];
	int			 hop, rc = -1;

	(void)snprintf(at, sizeof at, "%s", name);
	for (hop = 0; hop < ALIASES; hop++) {
		if (dns_ask(d->dns, "", at, ns_t_txt, &r) == -1)
			break;
		rc = read_txt(&r, &t);
		free(r.p);
		if (rc == -1 || t.keys + t.others > 0 || t.alias[0] == '\0')
			break;
		/* the resolver left the alias to us */
		(void)snprintf(at, sizeof at, "%s", t.alias);
	}
	if (rc == 0 && (t.keys == 1 || (t.keys == 0 && t.others == 1)))
		rc = (size_t)snprintf(txt, size, "%s", buf_str(&t.txt)) <
		    size ? 1 : -1;
	buf_free(&t.txt);
	return rc;
}

/* --- authoritative servers ------------------------------------------------ */

/* find_zone - the nearest name above that has NS records, and those names */
static int
find_zone(const struct ddns *d, const char *name, char zone[NAME_MAX_],
    char ns[][NAME_MAX_], size_t *n)
{
	const char	*up = name;
	struct dns_reply r;
	ns_msg		 msg;
	ns_rr		 rr;
	int		 i;

	for (; up != NULL && *up != '\0'; up = strchr(up, '.'),
	    up = up != NULL ? up + 1 : NULL) {
		*n = 0;
		if (dns_ask(d->dns, "", up, ns_t_ns, &r) == -1)
			return -1;
		if (ns_initparse(r.p, r.len, &msg) == 0)
			for (i = 0; i < ns_msg_count(msg, ns_s_an) &&
			    *n <= DDNS_SERVERS; i++)
				if (ns_parserr(&msg, ns_s_an, i, &rr) == 0 &&
				    ns_rr_type(rr) == ns_t_ns &&
				    strcasecmp(ns_rr_name(rr), up) == 0 &&
				    ns_name_uncompress(ns_msg_base(msg),
				    ns_msg_end(msg), ns_rr_rdata(rr), ns[*n],
				    NAME_MAX_) != -1)
					(*n)++;
		free(r.p);
		if (*n > 0) {
			(void)snprintf(zone, NAME_MAX_, "%s", up);
			return 0;
		}
	}
	return -1;
}

/* addresses - of one server name, as text, of one family; -1: nobody knows */
static int
addresses(const struct ddns *d, const char *name, int type,
    char out[][INET6_ADDRSTRLEN], size_t max, size_t *n)
{
	struct dns_reply r;
	ns_msg		msg;
	ns_rr		rr;
	int		i, rc;

	if (dns_ask(d->dns, "", name, type, &r) == -1)
		return -1;
	if ((rc = ns_initparse(r.p, r.len, &msg)) == 0)
		for (i = 0; i < ns_msg_count(msg, ns_s_an) && *n < max; i++) {
			if (ns_parserr(&msg, ns_s_an, i, &rr) == -1 ||
			    ns_rr_type(rr) != (ns_type)type)
				continue;
			if (ns_rr_rdlen(rr) == (type == ns_t_a ? 4 : 16) &&
			    inet_ntop(type == ns_t_a ? AF_INET : AF_INET6,
			    ns_rr_rdata(rr), out[*n], INET6_ADDRSTRLEN) !=
			    NULL)
				(*n)++;
		}
	free(r.p);
	return rc;
}

/* ask_one - what one server has */
static void
ask_one(const struct ddns *d, const char *addr, const char *name,
    struct ddns_answer *a, char *alias)
{
	struct told	t = { .txt = BUF_INIT(DKEY_RECORD_MAX) };
	struct dns_reply r;
	char		at[80];

	(void)snprintf(at, sizeof at, strchr(addr, ':') != NULL ? "[%s]:%u" :
	    "%s:%u", addr, d->port);
	a->found = -1;
	if (dns_ask(d->dns, at, name, ns_t_txt, &r) == 0) {
		if (read_txt(&r, &t) == 0 && t.authoritative) {
			a->found = t.keys == 1 ? 1 : 0;
			a->ttl = t.ttl;
			if (a->found == 1)
				a->txt = buf_steal(&t.txt);
			/* one that leads elsewhere is no alias of all */
			a->alias = t.keys == 0 && t.alias[0] != '\0' &&
			    (alias[0] == '\0' ||
			    strcasecmp(alias, t.alias) == 0);
			if (a->alias)
				(void)snprintf(alias, NAME_MAX_, "%s",
				    t.alias);
		}
		free(r.p);
	}
	buf_free(&t.txt);
}

/* slot - for one more answer; NULL when the table is full, and its last line
 * says so */
static struct ddns_answer *
slot(struct ddns_answers *out)
{
	struct ddns_answer	*a = &out->v[out->n];

	if (out->n > DDNS_SERVERS)
		return NULL;
	out->n++;
	a->found = -1;
	if (out->n <= DDNS_SERVERS)
		return a;
	(void)snprintf(a->server, sizeof a->server, "more than %d addresses "
	    "of servers, the others not asked", DDNS_SERVERS);
	return NULL;
}

/* ask_server - what a server has at each of its addresses */
static void
ask_server(const struct ddns *d, const char *ns, const char *name,
    struct ddns_answers *out, char *alias)
{
	char			 addr[DDNS_SERVERS + 1][INET6_ADDRSTRLEN];
	struct ddns_answer	*a;
	size_t			 k, n = 0;
	bool			 lost;

	lost = addresses(d, ns, ns_t_a, addr, DDNS_SERVERS + 1, &n) == -1;
	lost |= addresses(d, ns, ns_t_aaaa, addr, DDNS_SERVERS + 1, &n) == -1;
	/* a server without address has not got the record */
	if ((lost || n == 0) && (a = slot(out)) != NULL)
		(void)snprintf(a->server, sizeof a->server, lost ?
		    "%.40s (addresses cannot be looked up)" :
		    "%.60s (no address)", ns);
	for (k = 0; k < n && (a = slot(out)) != NULL; k++) {
		(void)snprintf(a->server, sizeof a->server, "%.30s (%.45s)",
		    ns, addr[k]);
		ask_one(d, addr[k], name, a, alias);
	}
}

/* everywhere - one hop: all servers of the zone that holds name */
static int
everywhere(const struct ddns *d, const char *name, struct ddns_answers *out,
    char alias[NAME_MAX_], struct err *e)
{
	char	ns[DDNS_SERVERS + 1][NAME_MAX_];
	size_t	n = 0, i;

	alias[0] = '\0';
	if (find_zone(d, name, out->zone, ns, &n) == -1)
		return err_code(e, EX_TEMPFAIL, "%s: no name servers found "
		    "for it", name);
	for (i = 0; i < n; i++)
		ask_server(d, ns[i], name, out, alias);
	return 0;
}

/* all_alias - do all servers say the same alias? If not, those that do say
 * nothing of use: the name is on its way from one to the other */
static bool
all_alias(struct ddns_answers *a)
{
	bool	all = true;
	size_t	i;

	for (i = 0; i < a->n; i++)
		all = all && a->v[i].alias;
	for (i = 0; i < a->n && !all; i++)
		if (a->v[i].alias)
			a->v[i].found = -1;
	return all;
}

int
ddns_everywhere(struct ddns *d, const char *name, struct ddns_answers *out,
    struct err *e)
{
	char	at[NAME_MAX_], alias[NAME_MAX_];
	int	hop;

	memset(out, 0, sizeof *out);
	(void)snprintf(at, sizeof at, "%s", name);
	for (hop = 0; hop < ALIASES; hop++) {
		ddns_answers_free(out);
		if (everywhere(d, at, out, alias, e) == -1)
			return -1;
		if (!all_alias(out))
			return 0;
		(void)snprintf(at, sizeof at, "%s", alias);
	}
	ddns_answers_free(out);
	return err_code(e, EX_DATAERR, "%s: too many aliases", name);
}

void
ddns_answers_free(struct ddns_answers *a)
{
	size_t	i;

	for (i = 0; i < a->n; i++)
		free(a->v[i].txt);
	memset(a, 0, sizeof *a);
}

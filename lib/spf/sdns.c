/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdns.c - see sdns.h
 *
 * libspf2's own resolver knows only /etc/resolv.conf, waits as long as that
 * says, and hands records on as they come. Here they are bounded first.
 */
#include "spf/sdns.h"

#include <netdb.h>
#include <string.h>
#include <stdlib.h>

#include "base/clock.h"
#include "spf/spf.h"

#include "base/banned.h"

#define QUESTIONS_MAX	60		/* of one check */
#define PATIENCE_US	20000000	/* of one check */
#define RECORDS_MAX	40		/* of one answer */
#define NAME_SIZE	256

/* add - one more record's data; false without memory */
static bool
add(SPF_dns_rr_t *rr, const void *p, size_t n)
{
	/* a text wants its NUL */
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, n + 1) != SPF_E_SUCCESS)
		return false;
	memcpy(rr->rr[rr->num_rr]->txt, p, n);
	rr->rr[rr->num_rr]->txt[n] = '\0';
	rr->num_rr++;
	return true;
}

/* text - a TXT record's strings as one; false when it is not to be shown */
static bool
text(SPF_dns_rr_t *rr, const unsigned char *p, size_t len)
{
	char	out[SPF_RECORD_MAX + 1];
	size_t	n = 0, i, k;

	while (len > 0) {
		k = *p++;
		len--;
		if (k > len || n + k > SPF_RECORD_MAX)
			return false;
		for (i = 0; i < k; i++) {
			if (p[i] < ' ' || p[i] > '~' || p[i] == '%')
				return false;
			out[n++] = (char)p[i];
		}
		p += k;
		len -= k;
	}
	return add(rr, out, n);
}

/* other_text - a TXT record that is none of SPF: not libspf2's business */
static bool
other_text(const unsigned char *p, size_t len)
{
	return len < 7 || strncasecmp((const char *)p + 1, "v=spf1", 6) != 0;
}

/* record - one record of an answer; false when it had to be kept back */
static bool
record(SPF_dns_rr_t *rr, ns_msg *msg, const ns_rr *r)
{
	const unsigned char	*p = ns_rr_rdata(*r);
	size_t			 n = ns_rr_rdlen(*r);
	char			 name[NAME_SIZE];

	switch (ns_rr_type(*r)) {
	case ns_t_a:
		return n == 4 && add(rr, p, n);
	case ns_t_aaaa:
		return n == 16 && add(rr, p, n);
	case ns_t_txt:
		return other_text(p, n) || text(rr, p, n);
	case ns_t_mx:
		if (n < 3)
			return false;
		p += 2;
		break;
	case ns_t_ptr:
		break;
	default:
		return false;
	}
	return ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg), p,
	    name, sizeof name) != -1 && strchr(name, '%') == NULL &&
	    add(rr, name, strlen(name));
}

/* read_answer - the records of the type that was asked for */
static void
read_answer(struct sdns *s, const struct dns_reply *r, SPF_dns_rr_t *rr)
{
	ns_msg	msg;
	ns_rr	one;
	int	i;

	if (ns_initparse(r->p, r->len, &msg) == -1) {
		s->failed = true;
		rr->herrno = TRY_AGAIN;
		return;
	}
	for (i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		if (ns_parserr(&msg, ns_s_an, i, &one) == -1)
			break;
		if (ns_rr_type(one) != rr->rr_type)
			continue;
		if (rr->num_rr == RECORDS_MAX || !record(rr, &msg, &one))
			s->doubtful = true;
	}
	rr->herrno = rr->num_rr > 0 ? NETDB_SUCCESS :
	    ns_msg_getflag(msg, ns_f_rcode) == ns_r_nxdomain ?
	    HOST_NOT_FOUND : NO_DATA;
}

/* lookup - called by libspf2 */
static SPF_dns_rr_t *
lookup(SPF_dns_server_t *server, const char *domain, ns_type type, int cache)
{
	struct sdns		*s = server->hook;
	SPF_dns_rr_t		*rr;
	struct dns_reply	 r;

	(void)cache;
	rr = SPF_dns_rr_new_init(server, domain, type, 0, NO_DATA);
	if (rr == NULL)
		return NULL;
	/* the SPF type (99) is given up by RFC 7208 */
	if (type != ns_t_a && type != ns_t_aaaa && type != ns_t_mx &&
	    type != ns_t_ptr && type != ns_t_txt)
		return rr;
	if (strlen(domain) >= NAME_SIZE || ++s->questions > QUESTIONS_MAX) {
		s->doubtful = true;
		return rr;
	}
	if (clock_mono_us() > s->deadline ||
	    dns_ask(s->dns, "", domain, (int)type, &r) == -1) {
		s->failed = true;
		rr->herrno = TRY_AGAIN;
		return rr;
	}
	read_answer(s, &r, rr);
	free(r.p);
	return rr;
}

void
sdns_init(struct sdns *s, const struct dns *dns)
{
	memset(s, 0, sizeof *s);
	/* no destroy: it is the caller's */
	s->server.lookup = lookup;
	s->server.name = "mailweir";
	s->server.hook = s;
	s->dns = dns;
	s->deadline = clock_mono_us() + PATIENCE_US;
}

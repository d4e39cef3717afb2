/* SPDX-License-Identifier: BSD-2-Clause */
/* proof.c - see proof.h */
#include "feedback/proof.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dkim/ddns.h"
#include "dkim/drecord.h"
#include "dkim/dverify.h"
#include "spf/spf.h"

#include "base/banned.h"

struct proof {
	struct drecord_set	*records;
	struct ddns		*dns;		/* for keys; NULL: not asked */
	struct dns		*spf;		/* for SPF; likewise */
	struct dverify		*verify;
	const struct conf_list	*ours;
};

/* lookup - a key record: the file's, else DNS's */
static int
lookup(void *arg, const char *name, char *txt, size_t size)
{
	struct proof	*p = arg;
	int		 rc = 0;

	if (p->records != NULL)
		rc = drecord_lookup(p->records, name, txt, size);
	if (rc == 0 && p->dns != NULL)
		rc = ddns_txt(p->dns, name, txt, size);
	return rc;
}

int
proof_open(const struct feedback_conf *conf, struct proof **out,
    struct err *e)
{
	struct ddns_options	 o = { .servers = conf->dns_servers };
	struct dns_options	 so = { .servers = conf->dns_servers };
	struct proof		*p = calloc(1, sizeof *p);

	*out = NULL;
	if (p == NULL)
		return err_set(e, "out of memory");
	p->ours = &conf->our_domains;
	if ((conf->dkim_records[0] != '\0' &&
	    drecord_load(conf->dkim_records, &p->records, e) == -1) ||
	    (strcmp(conf->dns_servers, "none") != 0 &&
	    (ddns_open(&o, &p->dns, e) == -1 ||
	    dns_open(&so, &p->spf, e) == -1)) ||
	    dverify_open(lookup, p, &p->verify, e) == -1) {
		proof_close(&p);
		return -1;
	}
	*out = p;
	return 0;
}

void
proof_close(struct proof **pp)
{
	struct proof	*p = *pp;

	if (p == NULL)
		return;
	if (p->verify != NULL)
		dverify_close(&p->verify);
	if (p->dns != NULL)
		ddns_close(&p->dns);
	dns_close(&p->spf);
	if (p->records != NULL)
		drecord_free(&p->records);
	free(p);
	*pp = NULL;
}

/* signatures - verify them all; -1 without memory or with a broken header */
static struct dverify_out *
signatures(struct proof *p, const char *raw, size_t len)
{
	struct dverify_out	*out = calloc(1, sizeof *out);
	struct err		 e = { "", 0 };

	/* a header that libopendkim cannot take proves nothing */
	if (out != NULL && dverify_raw(p->verify, raw, len, out, &e) == -1)
		out->n = 0;
	return out;
}

int
proof_of(void *arg, const char *raw, size_t len, const char *domain)
{
	struct dverify_out	*out = signatures(arg, raw, len);
	size_t			 i;
	int			 rc = 0;

	if (out == NULL)
		return -1;
	for (i = 0; i < out->n && rc != 1; i++) {
		if (strcasecmp(out->sig[i].domain, domain) != 0 ||
		    out->sig[i].testing || !out->sig[i].form_ok)
			continue;
		if (out->sig[i].result == DVERIFY_PASS)
			rc = 1;
		else if (out->sig[i].result == DVERIFY_TEMPERROR)
			rc = -1;
	}
	free(out);
	return rc;
}

int
proof_spf(void *arg, const char *client, const char *domain)
{
	struct proof	*p = arg;

	if (p->spf == NULL)
		return 0;
	switch (spf_check(p->spf, client, domain)) {
	case SPF_PASSED:	return 1;
	case SPF_NOT_PASSED:	return 0;
	case SPF_UNKNOWN:	return -1;
	}
	return -1;
}

int
proof_ours(struct proof *p, const char *raw, size_t len, bool whole)
{
	struct dverify_out	*out = signatures(p, raw, len);
	const struct dverify_sig *s;
	size_t			 i, k;
	int			 rc = 0;

	if (out == NULL)
		return -1;
	for (i = 0; i < out->n && rc != 1; i++) {
		s = &out->sig[i];
		for (k = 0; k < p->ours->n; k++)
			if (strcasecmp(p->ours->v[k], s->domain) == 0)
				break;
		if (k == p->ours->n)
			continue;
		if (s->result == DVERIFY_PASS || (!whole && s->header_ok))
			rc = 1;
		else if (s->result == DVERIFY_TEMPERROR)
			rc = -1;
	}
	free(out);
	return rc;
}

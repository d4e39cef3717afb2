/* SPDX-License-Identifier: BSD-2-Clause */
/* dverify.c - see dverify.h */
#include "dkim/dverify.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <dkim.h>

#include "base/buf.h"
#include "dkim/canon.h"
#include "dkim/dkey.h"
#include "dkim/dsign.h"

#include "base/banned.h"

#define FIELD_MAX	(8u << 20)	/* octets of one header field */
#define FIELDS_MAX	20000		/* of a raw message */
#define HEADER_MAX	(16u << 20)

struct dverify {
	DKIM_LIB	*lib;
	dverify_lookup	 lookup;
	void		*arg;
};

/* copy_lower - text of libopendkim, bounded */
static void
copy_lower(char *out, size_t size, const void *text)
{
	size_t	i;

	(void)snprintf(out, size, "%s", text != NULL ?
	    (const char *)text : "");
	for (i = 0; out[i] != '\0'; i++)
		out[i] = (char)tolower((unsigned char)out[i]);
}

/* find_key - libopendkim's question for a record */
static DKIM_CBSTAT
find_key(DKIM *dkim, DKIM_SIGINFO *sig, unsigned char *buf, size_t size)
{
	const struct dverify	*v = dkim_get_user_context(dkim);
	char			 name[600], sel[256], dom[256];

	copy_lower(sel, sizeof sel, dkim_sig_getselector(sig));
	copy_lower(dom, sizeof dom, dkim_sig_getdomain(sig));
	(void)snprintf(name, sizeof name, "%s._domainkey.%s", sel, dom);
	switch (v->lookup(v->arg, name, (char *)buf, size)) {
	case 1:
		return DKIM_CBSTAT_CONTINUE;
	case 0:
		return DKIM_CBSTAT_NOTFOUND;
	default:
		return DKIM_CBSTAT_TRYAGAIN;
	}
}

int
dverify_open(dverify_lookup lookup, void *arg, struct dverify **out,
    struct err *e)
{
	struct dverify	*v = calloc(1, sizeof *v);
	u_int		 flags = DKIM_LIBFLAGS_DELAYSIGPROC;
	u_int		 bits = DKEY_BITS_MIN;

	if (v == NULL)
		return err_code(e, EX_OSERR, "no memory");
	v->lookup = lookup;
	v->arg = arg;
	if ((v->lib = dkim_init(NULL, NULL)) == NULL ||
	    dkim_options(v->lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags,
	    sizeof flags) != DKIM_STAT_OK ||
	    dkim_options(v->lib, DKIM_OP_SETOPT, DKIM_OPTS_MINKEYBITS, &bits,
	    sizeof bits) != DKIM_STAT_OK ||
	    dkim_set_key_lookup(v->lib, find_key) != DKIM_STAT_OK) {
		dverify_close(&v);
		return err_code(e, EX_OSERR, "libopendkim does not start");
	}
	*out = v;
	return 0;
}

void
dverify_close(struct dverify **v)
{
	if (*v == NULL)
		return;
	if ((*v)->lib != NULL)
		dkim_close((*v)->lib);
	free(*v);
	*v = NULL;
}

/* judge - what libopendkim's error means for us */
static enum dverify_result
judge(DKIM_SIGINFO *sig, int error)
{
	unsigned	flags = dkim_sig_getflags(sig);

	switch (error) {
	case DKIM_SIGERROR_KEYFAIL:
		return DVERIFY_TEMPERROR;
	case DKIM_SIGERROR_BADSIG:
		return DVERIFY_FAIL;
	case DKIM_SIGERROR_OK:
	case DKIM_SIGERROR_UNKNOWN:
		break;
	default:
		return DVERIFY_PERMERROR;
	}
	if ((flags & DKIM_SIGFLAG_PROCESSED) == 0)
		return DVERIFY_PERMERROR;
	if ((flags & DKIM_SIGFLAG_PASSED) != 0 &&
	    dkim_sig_getbh(sig) == DKIM_SIGBH_MATCH)
		return DVERIFY_PASS;
	return DVERIFY_FAIL;
}

/* is_partial - has the body more than the signature covers (l=)? Whoever passed
 * the message on may have written the rest. */
static bool
is_partial(DKIM *dkim, DKIM_SIGINFO *sig)
{
	ssize_t	whole = 0, covered = 0, limit = -1;

	return dkim_sig_getcanonlen(dkim, sig, &whole, &covered, &limit) ==
	    DKIM_STAT_OK && limit != -1 && limit < whole;
}

/* covers_form - are the fields signed that say how the body is read? */
static bool
covers_form(DKIM_SIGINFO *sig, const struct header_list *header)
{
	static const char *const names[] = { "Content-Type",
	    "Content-Transfer-Encoding", NULL };
	u_char	name[32];
	int	i;

	for (i = 0; names[i] != NULL; i++) {
		(void)snprintf((char *)name, sizeof name, "%s", names[i]);
		if (header_first(header, names[i]) != NULL &&
		    !dkim_sig_hdrsigned(sig, name))
			return false;
	}
	return true;
}

/* explain - one signature, examined and told */
static void
explain(DKIM *dkim, DKIM_SIGINFO *sig, const struct header_list *header,
    struct dverify_sig *out)
{
	u_char		 id[sizeof out->identity];
	DKIM_STAT	 st = DKIM_STAT_OK;
	unsigned	 bits = 0;
	int		 error;

	if ((dkim_sig_getflags(sig) & DKIM_SIGFLAG_PROCESSED) == 0)
		st = dkim_sig_process(dkim, sig);
	error = dkim_sig_geterror(sig);
	copy_lower(out->domain, sizeof out->domain, dkim_sig_getdomain(sig));
	copy_lower(out->selector, sizeof out->selector,
	    dkim_sig_getselector(sig));
	copy_lower(out->algorithm, sizeof out->algorithm,
	    dkim_sig_getalgorithm(sig));
	if (dkim_sig_getidentity(dkim, sig, id, sizeof id) == DKIM_STAT_OK)
		(void)snprintf(out->identity, sizeof out->identity, "%s",
		    (char *)id);
	else
		(void)snprintf(out->identity, sizeof out->identity, "@%s",
		    out->domain);
	if (dkim_sig_getkeysize(sig, &bits) == DKIM_STAT_OK)
		out->bits = (int)bits;
	/* libopendkim says 0 for Ed25519 */
	if (out->bits == 0 && strncmp(out->algorithm, "ed25519", 7) == 0)
		out->bits = 256;
	out->testing = (dkim_sig_getflags(sig) & DKIM_SIGFLAG_TESTKEY) != 0;
	out->body_ok = dkim_sig_getbh(sig) == DKIM_SIGBH_MATCH;
	out->header_ok = (dkim_sig_getflags(sig) & DKIM_SIGFLAG_PASSED) != 0;
	out->form_ok = covers_form(sig, header);
	out->result = st == DKIM_STAT_KEYFAIL || st == DKIM_STAT_CBTRYAGAIN ?
	    DVERIFY_TEMPERROR : judge(sig, error);
	if (out->result == DVERIFY_PASS && is_partial(dkim, sig)) {
		out->result = DVERIFY_FAIL;
		out->body_ok = false;
		(void)snprintf(out->why, sizeof out->why,
		    "l= leaves out the end of the body");
		return;
	}
	if (out->result == DVERIFY_PASS)
		return;
	if (error != DKIM_SIGERROR_OK && error != DKIM_SIGERROR_UNKNOWN)
		(void)snprintf(out->why, sizeof out->why, "%s",
		    dkim_sig_geterrorstr(error));
	else if (st != DKIM_STAT_OK)
		(void)snprintf(out->why, sizeof out->why, "%s",
		    dkim_getresultstr(st));
	else
		(void)snprintf(out->why, sizeof out->why, "%s",
		    out->body_ok ? "signature does not match" :
		    "body hash does not match");
}

/* give_header - every field, CRLF folds; without the signatures that `bad`, if
 * there is one, marks, and those beyond it */
static DKIM_STAT
give_header(DKIM *dkim, const struct header_list *list, const bool *bad)
{
	struct buf		 line = BUF_INIT(FIELD_MAX);
	const struct header	*h;
	DKIM_STAT		 st = DKIM_STAT_OK;
	size_t			 i, nth = 0;

	for (i = 0; i < list->n && st == DKIM_STAT_OK; i++) {
		h = &list->v[i];
		if (bad != NULL && strcasecmp(h->name, DSIGN_FIELD) == 0 &&
		    (nth >= DVERIFY_SIGS || bad[nth++]))
			continue;
		buf_reset(&line);
		if (canon_header(CANON_SIMPLE, h->name, h->value, h->value_len,
		    0, false, &line) == -1)
			st = DKIM_STAT_NORESOURCE;
		else
			st = dkim_header(dkim, (u_char *)line.data, line.len);
	}
	buf_free(&line);
	return st;
}

/* give_body - with bare LF made CRLF, and a line end at the end, as SMTP has
 * it; libopendkim calls a body without one wrong */
static DKIM_STAT
give_body(DKIM *dkim, const char *p, size_t n)
{
	static u_char	 crlf[] = "\r\n";
	DKIM_STAT	 st = DKIM_STAT_OK;
	size_t		 from = 0, i;
	const char	*nl;

	for (i = 0; st == DKIM_STAT_OK &&
	    (nl = memchr(p + i, '\n', n - i)) != NULL; ) {
		i = (size_t)(nl - p) + 1;
		if (i >= 2 && p[i - 2] == '\r')
			continue;
		if (i - 1 > from)
			st = dkim_body(dkim, (u_char *)(uintptr_t)(p + from),
			    i - 1 - from);
		if (st == DKIM_STAT_OK)
			st = dkim_body(dkim, crlf, 2);
		from = i;
	}
	if (st == DKIM_STAT_OK && n > from)
		st = dkim_body(dkim, (u_char *)(uintptr_t)(p + from), n - from);
	if (st == DKIM_STAT_OK && n > 0 && p[n - 1] != '\n')
		st = dkim_body(dkim, crlf, 2);
	return st;
}

/* collect - the results, top of the message first */
static void
collect(DKIM *dkim, const struct header_list *header, struct dverify_out *out)
{
	DKIM_SIGINFO	**sigs;
	int		 n, i;

	if (dkim_getsiglist(dkim, &sigs, &n) != DKIM_STAT_OK)
		return;
	for (i = 0; i < n && out->n < DVERIFY_SIGS; i++)
		explain(dkim, sigs[i], header, &out->sig[out->n++]);
}

/*
 * find_bad - which signatures does libopendkim not even parse?
 *
 * One of those makes it refuse the message; RFC 6376 6.1.1 wants them ignored.
 * Each one is looked at alone. Returns how many are bad.
 */
static size_t
find_bad(struct dverify *v, const struct header_list *header,
    bool bad[DVERIFY_SIGS])
{
	size_t		 n = header_count(header, DSIGN_FIELD), i, count = 0;
	bool		 alone[DVERIFY_SIGS];
	DKIM_STAT	 st;
	DKIM		*dkim;

	memset(bad, 0, DVERIFY_SIGS * sizeof *bad);
	for (i = 0; i < n && i < DVERIFY_SIGS; i++) {
		memset(alone, true, sizeof alone);
		alone[i] = false;
		dkim = dkim_verify(v->lib, (const unsigned char *)"-", NULL,
		    &st);
		if (dkim == NULL)
			return 0;
		if ((st = give_header(dkim, header, alone)) == DKIM_STAT_OK)
			st = dkim_eoh(dkim);
		bad[i] = st == DKIM_STAT_SYNTAX;
		count += bad[i];
		(void)dkim_free(dkim);
	}
	return count;
}

/* attempt - the whole dialogue; DKIM_STAT_SYNTAX leaves *out empty */
static DKIM_STAT
attempt(struct dverify *v, const struct header_list *header, const bool *bad,
    const char *body, size_t len, struct dverify_out *out, struct err *e)
{
	DKIM_STAT	 st = DKIM_STAT_NORESOURCE;
	DKIM		*dkim;

	dkim = dkim_verify(v->lib, (const unsigned char *)"-", NULL, &st);
	if (dkim == NULL) {
		(void)err_code(e, EX_OSERR, "libopendkim: %s",
		    dkim_getresultstr(st));
		return st;
	}
	(void)dkim_set_user_context(dkim, v);
	if ((st = give_header(dkim, header, bad)) == DKIM_STAT_OK &&
	    (st = dkim_eoh(dkim)) == DKIM_STAT_OK &&
	    (st = give_body(dkim, body, len)) == DKIM_STAT_OK) {
		(void)dkim_eom(dkim, NULL);
		collect(dkim, header, out);
	} else if (st == DKIM_STAT_NOSIG)
		st = DKIM_STAT_OK;
	if (st != DKIM_STAT_OK)
		(void)err_code(e, EX_DATAERR, "libopendkim: %s%s%s",
		    dkim_getresultstr(st),
		    dkim_geterror(dkim) != NULL ? ": " : "",
		    dkim_geterror(dkim) != NULL ? dkim_geterror(dkim) : "");
	(void)dkim_free(dkim);
	return st;
}

int
dverify_message(struct dverify *v, const struct header_list *header,
    const char *body, size_t len, struct dverify_out *out, struct err *e)
{
	bool		 bad[DVERIFY_SIGS];
	size_t		 i;
	DKIM_STAT	 st;

	memset(out, 0, sizeof *out);
	st = attempt(v, header, NULL, body, len, out, e);
	if (st != DKIM_STAT_SYNTAX || find_bad(v, header, bad) == 0)
		return st == DKIM_STAT_OK ? 0 : -1;
	if (attempt(v, header, bad, body, len, out, e) != DKIM_STAT_OK)
		return -1;
	for (i = 0; i < DVERIFY_SIGS && out->n < DVERIFY_SIGS; i++)
		if (bad[i]) {
			out->sig[out->n].result = DVERIFY_PERMERROR;
			(void)snprintf(out->sig[out->n++].why,
			    sizeof out->sig[0].why, "malformed signature");
		}
	return 0;
}

int
dverify_raw(struct dverify *v, const char *raw, size_t len,
    struct dverify_out *out, struct err *e)
{
	struct header_list	list;
	bool			truncated = false;
	long			body;
	int			rc;

	header_list_init(&list);
	body = header_parse(raw, len, FIELDS_MAX, HEADER_MAX, &list,
	    &truncated);
	if (body == -1)
		rc = err_code(e, EX_OSERR, "no memory");
	else if (truncated)
		rc = err_code(e, EX_DATAERR, "header too large");
	else
		rc = dverify_message(v, &list, raw + body, len - (size_t)body,
		    out, e);
	header_list_free(&list);
	return rc;
}

const char *
dverify_result_name(enum dverify_result r)
{
	static const char *const names[] = {
		"pass", "fail", "permerror", "temperror"
	};

	return names[r];
}

bool
dverify_passes(const struct dverify_out *out, const char *domain)
{
	size_t	i, n = strlen(domain), k;

	for (i = 0; i < out->n; i++) {
		if (out->sig[i].result != DVERIFY_PASS)
			continue;
		k = strlen(out->sig[i].domain);
		if (k >= n && strcasecmp(out->sig[i].domain + k - n,
		    domain) == 0 && (k == n ||
		    out->sig[i].domain[k - n - 1] == '.'))
			return true;
	}
	return false;
}

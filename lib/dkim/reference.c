/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reference.c - libopendkim as the second signing engine
 *
 * It wants the header before the body and one handle for each signature, so
 * the body is kept. Line ends and long lines are made what the MTA will send
 * here; everything after that is libopendkim's own work, which is the point.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <dkim.h>

#include "dkim/dsign_int.h"

#include "base/banned.h"

#define FIELD_MAX	(8u << 20)	/* octets of one header field */
#define MARGIN		76

struct reference {
	struct buf	 body;		/* CRLF */
	size_t		 column;
	bool		 cr;		/* the last octet kept is a CR */
};

/* unsigned_char - libopendkim takes text as u_char * and never writes to it */
static u_char *
unsigned_char(const char *s)
{
	return (u_char *)(uintptr_t)s;
}

static int
set_option(DKIM_LIB *lib, dkim_opts_t opt, void *p, size_t n)
{
	return dkim_options(lib, DKIM_OP_SETOPT, opt, p, n) == DKIM_STAT_OK ?
	    0 : -1;
}

/* oversign_list - the names to oversign, From first, ended by NULL */
static const char **
oversign_list(const struct conf_list *names)
{
	const char	**v = calloc(names->n + 2, sizeof *v);
	size_t		  i, n = 0;

	if (v == NULL)
		return NULL;
	v[n++] = "From";
	for (i = 0; i < names->n; i++)
		if (strcasecmp(names->v[i], "From") != 0)
			v[n++] = names->v[i];
	return v;
}

static int
reference_policy(struct dsign_policy *p, struct err *e)
{
	DKIM_LIB	*lib = dkim_init(NULL, NULL);
	const char	**over;
	uint64_t	 ttl = (uint64_t)p->o.ttl;
	int		 rc;

	if (lib == NULL)
		return err_code(e, EX_OSERR, "libopendkim does not start");
	if ((over = oversign_list(&p->o.oversign)) == NULL) {
		dkim_close(lib);
		return err_code(e, EX_OSERR, "no memory");
	}
	rc = set_option(lib, DKIM_OPTS_OVERSIGNHDRS, over, sizeof over);
	if (ttl > 0 && rc == 0)
		rc = set_option(lib, DKIM_OPTS_SIGNATURETTL, &ttl, sizeof ttl);
	free(over);
	if (rc == -1) {
		dkim_close(lib);
		return err_code(e, EX_SOFTWARE,
		    "libopendkim does not take its options");
	}
	p->own = lib;
	return 0;
}

static void
reference_policy_free(struct dsign_policy *p)
{
	dkim_close(p->own);
}

static int
reference_begin(struct dsign *d, struct err *e)
{
	struct reference	*r = calloc(1, sizeof *r);

	if ((d->own = r) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	buf_init(&r->body, DSIGN_BODY_MAX);
	return 0;
}

static void
reference_end(struct dsign *d)
{
	struct reference	*r = d->own;

	buf_free(&r->body);
	free(r);
}

/* keep - one octet of the body as smtp(8) will send it */
static void
keep(struct dsign *d, char c)
{
	struct reference	*r = d->own;
	const size_t		 limit = d->policy->o.line_limit;

	if (c == '\n') {
		if (!r->cr)
			(void)buf_addc(&r->body, '\r');
		r->column = 0;
	} else {
		/* the CR was no line end, so it counts after all */
		if (r->cr) {
			r->column++;
			d->lone_cr = true;
		}
		if (c != '\r') {
			if (limit > 0 && r->column >= limit) {
				(void)buf_adds(&r->body, "\r\n ");
				r->column = 1;
			}
			r->column++;
		}
	}
	(void)buf_addc(&r->body, c);
	r->cr = c == '\r';
}

static int
reference_body(struct dsign *d, const void *p, size_t n, struct err *e)
{
	struct reference	*r = d->own;
	const char		*s = p;
	size_t			 i;

	for (i = 0; i < n; i++)
		keep(d, s[i]);
	if (r->body.failed)
		return err_code(e, EX_DATAERR, "body too large for the "
		    "libopendkim engine, or no memory");
	return 0;
}

static int
reference_header(struct dsign *d, struct err *e)
{
	struct reference	*r = d->own;

	(void)e;
	d->lone_cr |= r->cr;
	/* smtp(8) ends the last line whatever it was */
	if (r->body.len > 0 && r->body.data[r->body.len - 1] != '\n')
		keep(d, '\n');
	return r->body.failed ? -1 : 0;
}

/* names_once - the distinct names of h=, for dkim_signhdrs() */
static void
names_once(const struct dsign_fields *f, const char **v)
{
	size_t	i, k, n = 0;

	for (i = 0; i < f->npresent; i++) {
		for (k = 0; k < n; k++)
			if (strcasecmp(v[k], f->name[i]) == 0)
				break;
		if (k == n)
			v[n++] = f->name[i];
	}
	v[n] = NULL;
}

/* give_header - every field, CRLF folds */
static DKIM_STAT
give_header(struct dsign *d, DKIM *dkim)
{
	struct buf	 line = BUF_INIT(FIELD_MAX);
	const struct header *h;
	DKIM_STAT	 st = DKIM_STAT_OK;
	size_t		 i;

	for (i = 0; i < d->list->n && st == DKIM_STAT_OK; i++) {
		h = &d->list->v[i];
		buf_reset(&line);
		/* "simple" is the field itself */
		if (canon_header(CANON_SIMPLE, h->name, h->value, h->value_len,
		    d->policy->o.line_limit, false, &line) == -1)
			st = DKIM_STAT_NORESOURCE;
		else
			st = dkim_header(dkim, (u_char *)line.data, line.len);
	}
	buf_free(&line);
	return st;
}

/* run - the whole dialogue but for the result */
static DKIM_STAT
run(struct dsign *d, DKIM *dkim, const struct dsign_tags *t)
{
	struct reference	*r = d->own;
	const char		*names[DSIGN_FIELDS_MAX + 1];
	DKIM_STAT		 st;

	names_once(&d->fields, names);
	(void)dkim_set_margin(dkim, MARGIN);
	if (t->identity != NULL && t->identity[0] != '\0' &&
	    (st = dkim_set_signer(dkim, unsigned_char(t->identity))) !=
	    DKIM_STAT_OK)
		return st;
	if ((st = dkim_signhdrs(dkim, names)) != DKIM_STAT_OK ||
	    (st = give_header(d, dkim)) != DKIM_STAT_OK ||
	    (st = dkim_eoh(dkim)) != DKIM_STAT_OK)
		return st;
	if (r->body.len > 0 && (st = dkim_body(dkim, (u_char *)r->body.data,
	    r->body.len)) != DKIM_STAT_OK)
		return st;
	return dkim_eom(dkim, NULL);
}

/* take - the finished field, with our folds */
static int
take(DKIM *dkim, struct buf *out)
{
	u_char	*p;
	size_t	 n, i;

	if (dkim_getsighdr_d(dkim, sizeof DSIGN_FIELD + 1, &p, &n) !=
	    DKIM_STAT_OK)
		return -1;
	for (i = 0; i < n; i++)
		if (p[i] != '\r')
			(void)buf_addc(out, (char)p[i]);
	return out->failed ? -1 : 0;
}

static int
reference_make(struct dsign *d, struct dkey *key, const struct dsign_tags *t,
    struct buf *out, struct err *e)
{
	const struct dsign_options *o = &d->policy->o;
	const char	*pem = dkey_pem(key);
	DKIM_STAT	 st = DKIM_STAT_NORESOURCE;
	DKIM		*dkim;
	int		 rc = -1;

	buf_reset(out);
	/* 2.11.0~beta2 makes ones there that its own verifier refuses */
	if (dkey_alg(key) == DKEY_ED25519 && o->header == CANON_SIMPLE)
		return err_code(e, EX_CONFIG, "libopendkim cannot make Ed25519 "
		    "signatures with simple header canonicalisation");
	if (pem == NULL)
		return err_code(e, EX_OSERR, "no memory");
	dkim = dkim_sign(d->policy->own, unsigned_char("-"), NULL,
	    unsigned_char(pem), unsigned_char(t->selector),
	    unsigned_char(t->domain),
	    o->header == CANON_RELAXED ? DKIM_CANON_RELAXED :
	    DKIM_CANON_SIMPLE,
	    o->body == CANON_RELAXED ? DKIM_CANON_RELAXED : DKIM_CANON_SIMPLE,
	    dkey_alg(key) == DKEY_RSA ? DKIM_SIGN_RSASHA256 :
	    DKIM_SIGN_ED25519SHA256, (ssize_t)-1, &st);
	if (dkim == NULL)
		return err_code(e, EX_SOFTWARE, "libopendkim: %s",
		    dkim_getresultstr(st));
	if ((st = run(d, dkim, t)) != DKIM_STAT_OK)
		(void)err_code(e, EX_SOFTWARE, "libopendkim: %s%s%s",
		    dkim_getresultstr(st),
		    dkim_geterror(dkim) != NULL ? ": " : "",
		    dkim_geterror(dkim) != NULL ? dkim_geterror(dkim) : "");
	else if (take(dkim, out) == -1)
		(void)err_code(e, EX_SOFTWARE,
		    "libopendkim gives no signature");
	else
		rc = 0;
	(void)dkim_free(dkim);
	return rc;
}

const struct dsign_engine dsign_reference = {
	.policy		= reference_policy,
	.policy_free	= reference_policy_free,
	.begin		= reference_begin,
	.body		= reference_body,
	.header		= reference_header,
	.make		= reference_make,
	.end		= reference_end,
};

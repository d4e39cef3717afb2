/* SPDX-License-Identifier: BSD-2-Clause */
/* native.c - the engine of our own: canon.h, one SHA-256 pass, dkey_sign() */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/evp.h>

#include "dkim/dsign_int.h"

#include "base/banned.h"

#define FOLD_AT		76	/* columns of a line of the signature */
#define HEADER_MAX	(8u << 20)	/* octets of one canonical field */

struct native_policy {
	EVP_MD	*sha256;	/* fetched once: a fetch takes locks */
};

struct native {
	EVP_MD_CTX		*body_md, *header_md;
	struct canon_body	 body;
	char			 bh[48];	/* base64 */
};

static int
native_policy(struct dsign_policy *p, struct err *e)
{
	struct native_policy	*np = calloc(1, sizeof *np);

	if (np == NULL ||
	    (np->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL) {
		free(np);
		return err_code(e, EX_OSERR, "OpenSSL has no SHA-256");
	}
	p->own = np;
	return 0;
}

static void
native_policy_free(struct dsign_policy *p)
{
	struct native_policy	*np = p->own;

	EVP_MD_free(np->sha256);
	free(np);
}

/* to_md - the sink under the canonicaliser */
static int
to_md(void *arg, const void *p, size_t n)
{
	return EVP_DigestUpdate(arg, p, n) > 0 ? 0 : -1;
}

static void
native_end(struct dsign *d)
{
	struct native	*n = d->own;

	EVP_MD_CTX_free(n->body_md);
	EVP_MD_CTX_free(n->header_md);
	free(n);
}

static int
native_begin(struct dsign *d, struct err *e)
{
	const struct native_policy	*np = d->policy->own;
	struct native			*n = calloc(1, sizeof *n);

	if ((d->own = n) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	n->body_md = EVP_MD_CTX_new();
	n->header_md = EVP_MD_CTX_new();
	if (n->body_md == NULL || n->header_md == NULL ||
	    EVP_DigestInit_ex2(n->body_md, np->sha256, NULL) <= 0 ||
	    EVP_DigestInit_ex2(n->header_md, np->sha256, NULL) <= 0) {
		native_end(d);
		return err_code(e, EX_OSERR, "no memory");
	}
	canon_body_begin(&n->body, d->policy->o.body, d->policy->o.line_limit,
	    to_md, n->body_md);
	return 0;
}

static int
native_body(struct dsign *d, const void *p, size_t len, struct err *e)
{
	struct native	*n = d->own;

	if (canon_body_add(&n->body, p, len) == -1)
		return err_code(e, EX_SOFTWARE, "cannot hash the body");
	return 0;
}

/* hash_fields - all that is signed but the signature itself, once */
static int
hash_fields(struct dsign *d)
{
	struct native		*n = d->own;
	const struct header	*h;
	struct buf		 line = BUF_INIT(HEADER_MAX);
	size_t			 i;
	int			 rc = 0;

	for (i = 0; i < d->fields.npresent && rc == 0; i++) {
		h = &d->list->v[d->fields.at[i]];
		buf_reset(&line);
		if (canon_header(d->policy->o.header, h->name, h->value,
		    h->value_len, d->policy->o.line_limit, true,
		    &line) == -1 ||
		    EVP_DigestUpdate(n->header_md, line.data, line.len) <= 0)
			rc = -1;
	}
	buf_free(&line);
	return rc;
}

static int
native_header(struct dsign *d, struct err *e)
{
	struct native	*n = d->own;
	unsigned char	 digest[EVP_MAX_MD_SIZE];
	unsigned	 len = 0;

	if (canon_body_end(&n->body) == -1 ||
	    EVP_DigestFinal_ex(n->body_md, digest, &len) <= 0 || len != 32)
		return err_code(e, EX_SOFTWARE, "cannot hash the body");
	(void)EVP_EncodeBlock((unsigned char *)n->bh, digest, (int)len);
	d->lone_cr = n->body.lone_cr;
	if (hash_fields(d) == -1)
		return err_code(e, EX_SOFTWARE, "cannot hash the header");
	return 0;
}

/* A signature's text as it grows, and the column it has reached. */
struct writer {
	struct buf	*out;
	size_t		 col;
};

/* put - a piece that must not be parted; folded before when it would not fit
 * with `more` octets that come right after */
static void
put(struct writer *w, const char *s, size_t n, size_t more)
{
	if (w->col > 8 && w->col + n + more > FOLD_AT) {
		/* the space that parted it from its left neighbour goes */
		if (w->out->len > 0 && w->out->data[w->out->len - 1] == ' ')
			w->out->data[--w->out->len] = '\0';
		(void)buf_addc(w->out, '\n');
		(void)buf_addc(w->out, '\t');
		w->col = 8;
	}
	(void)buf_add(w->out, s, n);
	w->col += n;
}

/* tag - "name=value; " */
static void
tag(struct writer *w, const char *name, const char *value)
{
	struct buf	t = BUF_INIT(DSIGN_VALUE_MAX);

	(void)buf_addf(&t, "%s=%s;", name, value);
	put(w, buf_str(&t), t.len, 0);
	(void)buf_addc(w->out, ' ');
	w->col++;
	if (t.failed)
		w->out->failed = true;
	buf_free(&t);
}

static void
tag_number(struct writer *w, const char *name, long long value)
{
	char	text[32];

	(void)snprintf(text, sizeof text, "%lld", value);
	tag(w, name, text);
}

/* tag_quoted - a value in dkim-quoted-printable (RFC 6376 2.11) */
static void
tag_quoted(struct writer *w, const char *name, const char *value)
{
	struct buf	 q = BUF_INIT(2048);
	const char	*p;

	for (p = value; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 127 || *p == ';' || *p == '=')
			(void)buf_addf(&q, "=%02X", (unsigned char)*p);
		else
			(void)buf_addc(&q, *p);
	tag(w, name, buf_str(&q));
	if (q.failed)
		w->out->failed = true;
	buf_free(&q);
}

/* tag_names - h=, folded only between names */
static void
tag_names(struct writer *w, const struct dsign_fields *f)
{
	size_t	i, n;

	put(w, "h=", 2, strlen(f->name[0]) + 1);
	for (i = 0; i < f->n; i++) {
		n = strlen(f->name[i]);
		put(w, f->name[i], n, 1);
		put(w, i + 1 < f->n ? ":" : ";", 1, 0);
	}
	(void)buf_addc(w->out, ' ');
	w->col++;
}

/* put_base64 - folded anywhere */
static void
put_base64(struct writer *w, const char *s)
{
	size_t	n = strlen(s), k;

	while (n > 0) {
		if (w->col >= FOLD_AT) {
			(void)buf_adds(w->out, "\n\t");
			w->col = 8;
		}
		k = FOLD_AT - w->col < n ? FOLD_AT - w->col : n;
		(void)buf_add(w->out, s, k);
		w->col += k;
		s += k;
		n -= k;
	}
}

/* write_tags - the whole value up to and with "b=" */
static void
write_tags(struct dsign *d, const struct dkey *key,
    const struct dsign_tags *t, struct writer *w)
{
	const struct dsign_options	*o = &d->policy->o;
	struct native			*n = d->own;
	char				 c[32];

	tag(w, "v", "1");
	tag(w, "a", dkey_alg_name(dkey_alg(key)));
	(void)snprintf(c, sizeof c, "%s/%s", canon_name(o->header),
	    canon_name(o->body));
	tag(w, "c", c);
	tag(w, "d", t->domain);
	tag(w, "s", t->selector);
	if (t->identity != NULL && t->identity[0] != '\0')
		tag_quoted(w, "i", t->identity);
	tag(w, "q", "dns/txt");
	tag_number(w, "t", (long long)t->time);
	if (o->ttl > 0)
		tag_number(w, "x", (long long)t->time + o->ttl);
	tag_names(w, &d->fields);
	tag(w, "bh", n->bh);
	put(w, "b=", 2, 8);
}

/* digest_with - the header hash and then the signature field without b= */
static int
digest_with(struct dsign *d, const struct buf *value, unsigned char out[32])
{
	struct native	*n = d->own;
	EVP_MD_CTX	*md = EVP_MD_CTX_new();
	struct buf	 line = BUF_INIT(2 * DSIGN_VALUE_MAX), v;
	unsigned	 len = 0;
	int		 rc = -1;

	/* the field as it will stand, with the space after the colon */
	buf_init(&v, 2 * DSIGN_VALUE_MAX);
	(void)buf_addc(&v, ' ');
	(void)buf_add(&v, value->data, value->len);
	if (md != NULL && !v.failed &&
	    canon_header(d->policy->o.header, DSIGN_FIELD, v.data, v.len, 0,
	    false, &line) == 0 && EVP_MD_CTX_copy_ex(md, n->header_md) > 0 &&
	    EVP_DigestUpdate(md, line.data, line.len) > 0 &&
	    EVP_DigestFinal_ex(md, out, &len) > 0 && len == 32)
		rc = 0;
	buf_free(&v);
	buf_free(&line);
	EVP_MD_CTX_free(md);
	return rc;
}

static int
native_make(struct dsign *d, struct dkey *key, const struct dsign_tags *t,
    struct buf *out, struct err *e)
{
	unsigned char	digest[32], sig[DKEY_SIG_MAX];
	char		text[DKEY_SIG_MAX * 4 / 3 + 8];
	struct writer	w = { out, sizeof DSIGN_FIELD + 1 };
	size_t		len;

	buf_reset(out);
	write_tags(d, key, t, &w);
	if (out->failed)
		return err_code(e, EX_DATAERR, "signature field too long");
	if (digest_with(d, out, digest) == -1)
		return err_code(e, EX_SOFTWARE, "cannot hash the header");
	if (dkey_sign(key, digest, sig, &len, e) == -1)
		return -1;
	(void)EVP_EncodeBlock((unsigned char *)text, sig, (int)len);
	put_base64(&w, text);
	if (out->failed)
		return err_code(e, EX_DATAERR, "signature field too long");
	return 0;
}

const struct dsign_engine dsign_native = {
	.policy		= native_policy,
	.policy_free	= native_policy_free,
	.begin		= native_begin,
	.body		= native_body,
	.header		= native_header,
	.make		= native_make,
	.end		= native_end,
};

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz-dkim.c - what the native engine signs, libopendkim verifies
 *
 * The first octet chooses canonicalisation, key, line limit and where the body
 * is cut into chunks; the rest is a message. A signature that does not pass,
 * or a crash, is a finding; a refusal is not.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "dkim/dkey.h"
#include "dkim/drecord.h"
#include "dkim/dsign.h"
#include "dkim/dverify.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dkey	*keys[2];
static struct dverify	*verifier;

static int
lookup(void *arg, const char *name, char *txt, size_t size)
{
	struct buf	b = BUF_INIT(DKEY_RECORD_MAX);
	struct err	e;

	(void)arg;
	if (dkey_record(keys[name[0] == 'e'], &b, &e) == -1)
		abort();
	(void)snprintf(txt, size, "%s", buf_str(&b));
	buf_free(&b);
	return 1;
}

static void
set_up(void)
{
	struct err	e;

	if (dkey_generate(DKEY_RSA, 1024, &keys[0], &e) == -1 ||
	    dkey_generate(DKEY_ED25519, 0, &keys[1], &e) == -1 ||
	    dverify_open(lookup, NULL, &verifier, &e) == -1)
		abort();
}

/* sign - 0 and the value, -1 when it was refused */
static int
sign(uint8_t how, const struct header_list *h, const char *body, size_t len,
    struct buf *value)
{
	static const char *const sign_v[] = { "To", "Subject", "X*",
		"List-*", NULL };
	static const char *const over_v[] = { "Subject", "Cc", NULL };
	struct dsign_options	 o = {
		.header = how & 1 ? CANON_RELAXED : CANON_SIMPLE,
		.body = how & 2 ? CANON_RELAXED : CANON_SIMPLE,
		.sign = { sign_v, 4 }, .oversign = { over_v, 2 },
	};
	struct dsign_tags	 tags = { "d.example", how & 4 ? "e" : "r", "",
				    1700000000 };
	struct dsign_policy	*p;
	struct dsign		*d;
	struct err		 e;
	size_t			 step = (size_t)(how >> 3) * 7 + 1, i, k;
	int			 rc = 0;

	if (dsign_policy_new(&o, &p, &e) == -1 ||
	    dsign_begin(p, &d, &e) == -1)
		abort();
	for (i = 0; i < len && rc == 0; i += k) {
		k = len - i < step ? len - i : step;
		rc = dsign_body(d, body + i, k, &e);
	}
	if (rc == 0)
		rc = dsign_header(d, h, &e);
	if (rc == 0 && dsign_make(d, keys[how >> 2 & 1], &tags, value, &e) ==
	    -1)
		abort();
	dsign_end(&d);
	dsign_policy_free(&p);
	return rc;
}

/* takes - libopendkim refuses a header that has no good From, or NUL; that is
 * its business and no finding */
static int
takes(const struct header_list *h)
{
	size_t	i;

	for (i = 0; i < h->n; i++)
		if (memchr(h->v[i].value, '\0', h->v[i].value_len) != NULL ||
		    strncasecmp(h->v[i].name, "DKIM-", 5) == 0)
			return 0;
	return header_count(h, "From") == 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dverify_out out;
	struct buf		 value = BUF_INIT(DSIGN_VALUE_MAX);
	struct buf		 field = BUF_INIT(DSIGN_VALUE_MAX + 1);
	struct header_list	 h;
	struct err		 e;
	bool			 truncated;
	long			 body;

	if (verifier == NULL)
		set_up();
	if (size < 2)
		return 0;
	header_list_init(&h);
	body = header_parse((const char *)data + 1, size - 1, 1000, 1 << 20,
	    &h, &truncated);
	if (body < 0)
		abort();
	if (sign(data[0], &h, (const char *)data + 1 + body,
	    size - 1 - (size_t)body, &value) == 0 && takes(&h)) {
		(void)buf_addc(&field, ' ');
		(void)buf_add(&field, value.data, value.len);
		if (header_insert(&h, 0, DSIGN_FIELD, field.data, field.len) ==
		    -1)
			abort();
		if (dverify_message(verifier, &h, (const char *)data + 1 +
		    body, size - 1 - (size_t)body, &out, &e) == 0 &&
		    (out.n == 0 || out.sig[0].result != DVERIFY_PASS)) {
			fprintf(stderr, "%s: %s\n%s\n", out.n == 0 ? "none" :
			    dverify_result_name(out.sig[0].result),
			    out.sig[0].why, value.data);
			abort();
		}
	}
	header_list_free(&h);
	buf_free(&value);
	buf_free(&field);
	return 0;
}

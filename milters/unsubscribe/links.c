/* SPDX-License-Identifier: BSD-2-Clause */
/* links.c - see links.h */
#include "unsubscribe/links.h"

#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

#define VALUE_MAX	4096	/* octets before folding */
#define DAY_SECONDS	86400

static const char	list_unsubscribe[] = "List-Unsubscribe";

/* fill - the token's content, but for its kind */
static void
fill(const struct links *l, enum token_kind kind, struct token *t)
{
	struct store_id	id;

	memset(t, 0, sizeof *t);
	t->kind = kind;
	t->scope = l->stream->scope_ids[0];
	t->day = (uint32_t)(clock_now() / DAY_SECONDS);
	if (l->rcpt == NULL)
		return;
	store_keys_address(l->store, 0, l->rcpt, &id);
	t->store_key = id.key;
	memcpy(t->digest, id.digest, sizeof t->digest);
}

/* with_token - "user+TOKEN@host" from "user@host" */
static int
with_token(const struct links *l, enum token_kind kind, const char *address,
    struct buf *out, struct err *e)
{
	struct token	t;
	char		text[TOKEN_MAIL_SIZE];
	const char	*at = strrchr(address, '@');

	fill(l, kind, &t);
	if (token_mail(l->tokens, &t, text, e) == -1)
		return -1;
	(void)buf_add(out, address, (size_t)(at - address));
	if (buf_addf(out, "+%s%s", text, at) == -1)
		return err_set(e, "out of memory");
	return 0;
}

/* add_mailto - "<mailto:u+TOKEN@host?subject=...>" */
static int
add_mailto(const struct links *l, struct buf *out, struct err *e)
{
	if (out->len > 0)
		(void)buf_adds(out, ", ");
	(void)buf_adds(out, "<mailto:");
	if (with_token(l, TOKEN_UNSUB, l->stream->unsubscribe_mailto, out,
	    e) == -1)
		return -1;
	if (*l->subject != '\0')
		(void)buf_addf(out, "?subject=%s", l->subject);
	return buf_addc(out, '>') == -1 ? err_set(e, "out of memory") : 0;
}

/* add_https - the one-click link, or the page's, bare */
static int
add_https(const struct links *l, struct buf *out, struct err *e)
{
	struct token	t;
	char		text[TOKEN_URL_SIZE];

	fill(l, l->rcpt != NULL ? TOKEN_UNSUB : TOKEN_PAGE, &t);
	if (token_url(l->tokens, &t, text, e) == -1)
		return -1;
	return buf_addf(out, "%s%s", l->stream->unsubscribe_url, text) == -1 ?
	    err_set(e, "out of memory") : 0;
}

int
links_url(const struct links *l, struct buf *out, struct err *e)
{
	if (*l->stream->unsubscribe_url != '\0')
		return add_https(l, out, e);
	if (l->rcpt == NULL || *l->stream->unsubscribe_mailto == '\0')
		return 0;
	(void)buf_adds(out, "mailto:");
	if (with_token(l, TOKEN_UNSUB, l->stream->unsubscribe_mailto, out,
	    e) == -1)
		return -1;
	if (*l->subject != '\0')
		(void)buf_addf(out, "?subject=%s", l->subject);
	return out->failed ? err_set(e, "out of memory") : 0;
}

int
links_unsubscribe(const struct links *l, struct buf *out, struct err *e)
{
	struct buf	plain = BUF_INIT(VALUE_MAX);
	int		rc = 0;

	if (*l->stream->unsubscribe_url != '\0') {
		(void)buf_addc(&plain, '<');
		rc = add_https(l, &plain, e);
		(void)buf_addc(&plain, '>');
	}
	if (rc == 0 && l->rcpt != NULL &&
	    *l->stream->unsubscribe_mailto != '\0')
		rc = add_mailto(l, &plain, e);
	if (rc == 0 && (plain.failed || header_fold(sizeof list_unsubscribe -
	    1, buf_str(&plain), true, out) == -1))
		rc = err_set(e, "out of memory");
	buf_free(&plain);
	return rc;
}

int
links_cfbl(const struct links *l, struct buf *out, struct err *e)
{
	struct token	t;
	char		text[TOKEN_URL_SIZE];

	fill(l, TOKEN_CFBL, &t);
	if (token_url(l->tokens, &t, text, e) == -1)
		return -1;
	return buf_adds(out, text) == -1 ? err_set(e, "out of memory") : 0;
}

int
links_sender(const struct links *l, struct buf *out, struct err *e)
{
	(void)buf_addc(out, '<');
	if (with_token(l, TOKEN_VERP, l->stream->verp_address, out, e) == -1)
		return -1;
	return buf_addc(out, '>') == -1 ? err_set(e, "out of memory") : 0;
}

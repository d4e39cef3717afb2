/* SPDX-License-Identifier: BSD-2-Clause */
/* bymail.c - see bymail.h */
#include "web/bymail.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/answer.h"
#include "web/limit.h"
#include "web/mailer.h"
#include "web/ticket.h"

#include "base/banned.h"

#define DAY	86400

/* send_link - at most so many to one recipient and for one client */
static void
send_link(const struct http_req *q, const struct addr *to,
    const struct store_id *id, enum text subject, enum text text,
    const char *title, const char *rest)
{
	const struct web_conf	*c = &q->snap->web;
	enum lang		 l = answer_lang(q);
	char			 url[512];
	struct buf		 s = BUF_INIT(1024), b = BUF_INIT(8192);

	if (!limit_take(q->web->limit, 'm', id, sizeof *id, c->mail_rate,
	    3600)) {
		log_event(LOG_NOTICE, "web_mail_refused",
		    LOG_STR("why", "mail_rate"), LOG_STR("client", q->client));
		return;
	}
	(void)snprintf(url, sizeof url, "%s%s%s", c->base_url, c->path, rest);
	page_fill(&s, text_of(l, subject), title, NULL);
	page_fill(&b, text_of(l, text), title, url);
	if (s.failed || b.failed || mailer_push(q->web->mailer, c, to,
	    buf_str(&s), lang_tag(l), buf_str(&b)) == -1)
		log_event(LOG_WARNING, "web_mail_refused",
		    LOG_STR("why", "queue full"), LOG_STR("client",
		    q->client));
	buf_free(&s);
	buf_free(&b);
}

/* same_recipient - is this the address that the token was made for? */
static bool
same_recipient(const struct http_req *q, const struct addr *a,
    const struct store_id *id)
{
	struct store_id	x;
	unsigned	i;
	bool		same = false;

	for (i = 0; i < store_keys_count(q->snap->keys); i++) {
		store_keys_address(q->snap->keys, i, a, &x);
		if (x.key == id->key && CRYPTO_memcmp(x.digest, id->digest,
		    STORE_DIGEST) == 0)
			same = true;
	}
	return same;
}

/* sent - whatever became of it, the answer is this */
static void
sent(const struct http_req *q, struct http_resp *r)
{
	char	hours[24];

	(void)snprintf(hours, sizeof hours, "%ld",
	    q->snap->web.proof_time / 3600);
	answer_plain(q, r, 200, T_SENT_TITLE, T_SENT, hours);
}

void
bymail(const struct http_req *q, struct http_resp *r, const struct token *t,
    const struct web_scope *scope, const char *address)
{
	const struct web_conf	*c = &q->snap->web;
	struct ticket		 k = { .kind = TICKET_PROOF,
				    .made = clock_now() };
	struct token		 own = { .kind = TOKEN_UNSUB,
				    .scope = t->scope };
	struct addr		 a;
	char			 rest[8 + TICKET_SIZE + TOKEN_URL_SIZE];
	char			 text[TICKET_SIZE + TOKEN_URL_SIZE];
	struct err		 e;

	if (c->smtp[0] == '\0') {
		answer_bad(q, r);
		return;
	}
	if (!limit_take(q->web->limit, 'c', q->client, strlen(q->client),
	    c->mail_client_rate, 3600)) {
		answer_plain(q, r, 429, T_MANY_TITLE, T_LATER, NULL);
		return;
	}
	sent(q, r);
	if (addr_normal(address, strlen(address), q->snap->rules, &a,
	    NULL) != ADDR_OK)
		return;
	if (t->kind == TOKEN_PAGE) {
		store_keys_address(q->snap->keys, 0, &a, &k.id);
		own.store_key = k.id.key;
		memcpy(own.digest, k.id.digest, STORE_DIGEST);
		own.day = (uint32_t)(clock_now() / DAY);
		if (token_url(q->snap->tokens, &own, text, &e) == 0)
			send_link(q, &a, &k.id, T_MAIL_LINK_SUBJECT,
			    T_MAIL_LINK, NULL, text);
		return;
	}
	k.id = answer_id(t);
	k.scopes[0] = scope->id;
	if (!same_recipient(q, &a, &k.id))
		return;
	if (ticket_write(q->snap->ticket_key, &k, text) == -1)
		return;
	(void)snprintf(rest, sizeof rest, "confirm/%s", text);
	send_link(q, &a, &k.id, T_MAIL_AGAIN_SUBJECT, T_MAIL_AGAIN,
	    web_title(scope, answer_lang(q)), rest);
}


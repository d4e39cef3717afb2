/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bymail.c - see bymail.h
 *
 * Nobody is to learn by asking whose address a link belongs to. So there is
 * one way for all: a letter is written to disk, and then answered; only that
 * of somebody it is not for is taken away again.
 */
#include "web/bymail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/answer.h"
#include "web/commit.h"
#include "web/limit.h"
#include "web/mailer.h"
#include "web/ticket.h"

#include "base/banned.h"

#define DAY	86400

struct work {
	struct commit_job	 job;
	struct http_req		*q;
	struct addr		 to;
	bool			 really;	/* to be sent */
	struct buf		 subject, text;
};

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

/* -- the disk -------------------------------------------------------------- */

/* spool - on the committing thread */
static int
spool(struct commit_job *j)
{
	struct work		*w = j->arg;
	const struct web_conf	*c = &w->q->snap->web;
	struct letter		 l = { .from = c->mail_from,
				    .to = w->to.text, .brand = c->brand,
				    .subject = buf_str(&w->subject),
				    .text = buf_str(&w->text),
				    .lang = lang_tag(answer_lang(w->q)) };

	return mailer_spool(w->q->web->mailer, &l, w->really, &j->err);
}

static void
on_disk(struct commit_job *j, void *arg)
{
	struct work	*w = arg;

	(void)j;
	http_resume(w->q);
}

static void
start(struct http_req *q)
{
	struct work	*w = q->work;

	commit_push(q->web->commit, &w->job);
}

/* finish - whatever became of it, the answer is this */
static enum http_next
finish(struct http_req *q, struct http_resp *r)
{
	struct work	*w = q->work;
	char		 hours[24];

	if (w->job.rc == -1) {
		log_event(LOG_WARNING, "web_mail_refused",
		    LOG_STR("why", w->job.err.msg),
		    LOG_STR("client", q->client));
		answer_plain(q, r, 503, T_LATER_TITLE, T_LATER, NULL);
		return HTTP_DONE;
	}
	(void)snprintf(hours, sizeof hours, "%ld",
	    q->snap->web.proof_time / 3600);
	answer_plain(q, r, 200, T_SENT_TITLE, T_SENT, hours);
	return HTTP_DONE;
}

static void
work_free(struct http_req *q)
{
	struct work	*w = q->work;

	buf_free(&w->subject);
	buf_free(&w->text);
	free(w);
}

static const struct http_care	care = { start, finish, work_free };

/* -- the letter ------------------------------------------------------------ */

/* allowed - at most so many to one recipient */
static bool
allowed(const struct http_req *q, const struct store_id *id)
{
	if (limit_take(q->web->limit, 'm', id, sizeof *id,
	    q->snap->web.mail_rate, 3600))
		return true;
	log_event(LOG_NOTICE, "web_mail_refused", LOG_STR("why", "mail_rate"),
	    LOG_STR("client", q->client));
	return false;
}

/* write_letter - with a link whose last part is rest */
static void
write_letter(struct work *w, enum text subject, enum text text,
    const char *title, const char *rest)
{
	const struct web_conf	*c = &w->q->snap->web;
	enum lang		 l = answer_lang(w->q);
	char			 url[512];

	(void)snprintf(url, sizeof url, "%s%s%s", c->base_url, c->path, rest);
	page_fill(&w->subject, text_of(l, subject), title, NULL);
	page_fill(&w->text, text_of(l, text), title, url);
}

/* own_link - for a list's token: the address's own unsubscribe link */
static int
own_link(struct work *w, const struct token *t)
{
	const struct snap	*s = w->q->snap;
	struct token		 own = { .kind = TOKEN_UNSUB,
				    .scope = t->scope,
				    .day = (uint32_t)(clock_now() / DAY) };
	struct store_id		 id;
	char			 text[TOKEN_URL_SIZE];
	struct err		 e;

	store_keys_address(s->keys, 0, &w->to, &id);
	own.store_key = id.key;
	memcpy(own.digest, id.digest, STORE_DIGEST);
	if (token_url(s->tokens, &own, text, &e) == -1)
		return -1;
	w->really = w->really && allowed(w->q, &id);
	write_letter(w, T_MAIL_LINK_SUBJECT, T_MAIL_LINK, NULL, text);
	return 0;
}

/* proof - for a recipient's token: that the mailbox is that recipient's */
static int
proof(struct work *w, const struct token *t, const struct web_scope *scope)
{
	struct ticket	k = { .kind = TICKET_PROOF, .made = clock_now(),
			    .id = answer_id(t), .scopes = { scope->id } };
	char		text[TICKET_SIZE], rest[8 + TICKET_SIZE];

	if (ticket_write(w->q->snap->ticket_key, &k, text) == -1)
		return -1;
	w->really = w->really && same_recipient(w->q, &w->to, &k.id) &&
	    allowed(w->q, &k.id);
	(void)snprintf(rest, sizeof rest, "confirm/%s", text);
	write_letter(w, T_MAIL_AGAIN_SUBJECT, T_MAIL_AGAIN,
	    web_title(scope, answer_lang(w->q)), rest);
	return 0;
}

/* work_new - for that address, or for nobody's; NULL without memory */
static struct work *
work_new(struct http_req *q, const char *address)
{
	static const char	 nobody[] = "nobody@mailweir.invalid";
	struct work		*w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->q = q;
	w->job.run = spool;
	w->job.done = on_disk;
	w->job.arg = w;
	buf_init(&w->subject, 1024);
	buf_init(&w->text, 8192);
	w->really = addr_normal(address, strlen(address), q->snap->rules,
	    &w->to, NULL) == ADDR_OK;
	if (!w->really)
		(void)addr_normal(nobody, sizeof nobody - 1, q->snap->rules,
		    &w->to, NULL);
	q->work = w;
	q->care = &care;
	return w;
}

enum http_next
bymail(struct http_req *q, struct http_resp *r, const struct token *t,
    const struct web_scope *scope, const char *address)
{
	const struct web_conf	*c = &q->snap->web;
	struct work		*w;
	int			 rc;

	if (c->smtp[0] == '\0') {
		answer_bad(q, r);
		return HTTP_DONE;
	}
	if (!limit_client(q->web->limit, 'c', q->client, c->mail_client_rate,
	    3600)) {
		answer_plain(q, r, 429, T_MANY_TITLE, T_LATER, NULL);
		return HTTP_DONE;
	}
	if ((w = work_new(q, address)) == NULL)
		return answer_no_memory(q, r);
	rc = t->kind == TOKEN_PAGE ? own_link(w, t) : proof(w, t, scope);
	if (rc == -1 || w->subject.failed || w->text.failed ||
	    atomic_load(&q->web->stopping) || !commit_room(q->web->commit)) {
		w->job.rc = err_set(&w->job.err, "no memory, too many wait "
		    "for the disk, or this program is about to stop");
		return finish(q, r);
	}
	return HTTP_WAIT;
}

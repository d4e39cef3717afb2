/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim.c - sign the mail of our own clients
 *
 *	client					keys		result
 *	not ours				-		pass, untouched
 *	ours (internal, logged in, local)	none		no_key
 *	ours					some		all sign
 *	message cannot be signed rightly	-		bad_message
 *	a key or the engine fails		-		on_error
 *
 * What would pass unsigned is looked at once more by cover.c.
 *
 * The body is hashed as it comes. The header is taken at its end, with the
 * edits of the policies before us, and no signature covers another one, so
 * that each stands by itself.
 */
#include "dkim/dkim.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/clock.h"
#include "dkim/choose.h"
#include "dkim/cover.h"
#include "dkim/drecord.h"
#include "dkim/snap.h"

#include "base/banned.h"

/* What a message carries along. */
struct local {
	bool		 asked, ours;
	struct dsign	*d;
	struct err	 e;		/* why d is NULL though ours */
	bool		 failed;
};

/* Signatures of one message, before any is put into it. */
struct made {
	size_t		 n;
	struct buf	 value[DTABLE_FOUND];
	struct buf	 names;		/* of keys, for the log */
};

static void *
policy_begin(struct frame_msg *m)
{
	(void)m;
	return calloc(1, sizeof(struct local));
}

static void
policy_finish(void *p)
{
	struct local	*l = p;

	dsign_end(&l->d);
	free(l);
}

static void
policy_needs(const void *snap, struct frame_needs *needs)
{
	const struct dkim_snap	*s = snap;
	size_t			 i;

	for (i = 0; i < dtable_count(s->table); i++)
		if (dtable_at(s->table, i)->skip_rcpt_domains.n > 0)
			needs->rcpts = true;
	needs->headers = true;
	needs->body = true;
	needs->edits_headers = true;
}

/* is_ours - is this the mail of one of our clients? */
static bool
is_ours(const struct dkim_snap *s, const struct frame_conn *c)
{
	if (!c->smtp)
		return s->c.sign_local;
	if (c->sasl_login[0] != '\0' && s->c.sign_authenticated)
		return true;
	return hosts_has(s->internal, c->client_addr, c->client_name);
}

/* start - decide, once, and be ready for the body */
static void
start(struct frame_msg *m, struct local *l)
{
	const struct dkim_snap	*s = frame_snap(m);

	if (l->asked)
		return;
	l->asked = true;
	l->ours = is_ours(s, frame_conn(m));
	if (l->ours && dsign_begin(s->policy, &l->d, &l->e) == -1)
		l->failed = true;
}

static enum frame_verdict
policy_body(struct frame_msg *m, const void *p, size_t n)
{
	struct local	*l = frame_local(m);

	start(m, l);
	if (l->d != NULL && dsign_body(l->d, p, n, &l->e) == -1) {
		l->failed = true;
		dsign_end(&l->d);
	}
	return FRAME_CONTINUE;
}

/* act - what the configuration wants of a message that is not signed */
static enum frame_verdict
act(struct frame_msg *m, int action, const char *status, const char *text)
{
	if (action == DKIM_REJECT) {
		frame_reply(m, "550", status, text);
		return FRAME_REJECT;
	}
	if (action == DKIM_TEMPFAIL) {
		frame_reply(m, "451", status[0] == '5' ? "4.7.0" : status,
		    text);
		return FRAME_TEMPFAIL;
	}
	return FRAME_CONTINUE;
}

/* unsigned_for - log why, and act */
static enum frame_verdict
unsigned_for(struct frame_msg *m, const struct choice *c, const char *why)
{
	const struct dkim_snap	*s = frame_snap(m);
	enum frame_verdict	 v;

	frame_event(m, LOG_NOTICE, "dkim_unsigned",
	    LOG_STR("domain", c->domain), LOG_STR("why", why));
	frame_count(m, "dkim_unsigned_total", "why",
	    c->bad ? "message" : "no_key");
	if (c->bad)
		v = act(m, s->c.bad_message, "5.6.0",
		    "Message cannot be signed: its From or other header "
		    "fields are not as they should be");
	else
		v = act(m, s->c.no_key, "5.7.20",
		    "Message cannot be signed: no DKIM key for its domain");
	return v == FRAME_CONTINUE ? cover_unsigned(m, s, why, false) : v;
}

/* failure - our own fault: log it, and act */
static enum frame_verdict
failure(struct frame_msg *m, const char *key, const struct err *e)
{
	const struct dkim_snap	*s = frame_snap(m);
	enum frame_verdict	 v;

	frame_event(m, LOG_ERR, "dkim_error", LOG_STR("key", key),
	    LOG_STR("why", e->msg));
	frame_count(m, "dkim_error_total", NULL, NULL);
	v = act(m, s->c.on_error, "4.7.5", "Message cannot be signed now");
	return v == FRAME_CONTINUE ? cover_unsigned(m, s, "signing failed",
	    true) : v;
}

/* remove_own - signatures that claim a domain which we are about to sign for */
static int
remove_own(struct frame_msg *m, const struct choice *c)
{
	const struct header	*h;
	char			 d[ADDR_DOMAIN_MAX + 1];
	const char		*tag;
	size_t			 nth, len, i, gone = 0;

	for (nth = 1; (i = header_index(frame_headers(m), DSIGN_FIELD,
	    nth)) != (size_t)-1; ) {
		h = &frame_headers(m)->v[i];
		tag = drecord_tag(h->value, "d", &len);
		if (tag == NULL || addr_domain(tag, len, d, NULL) != ADDR_OK)
			d[0] = '\0';
		for (i = 0; i < c->n; i++)
			if (strcmp(c->v[i].domain, d) == 0)
				break;
		if (i == c->n) {
			nth++;
			continue;
		}
		if (frame_delete_header(m, DSIGN_FIELD, nth) == -1)
			return -1;
		gone++;
	}
	if (gone > 0)
		frame_event(m, LOG_INFO, "dkim_removed", LOG_INT("n", gone));
	return 0;
}

/* make_one - the signature of one key */
static int
make_one(struct frame_msg *m, struct local *l, const struct choice *c,
    size_t i, time_t now, struct made *made, struct err *e)
{
	const struct dkim_snap	*s = frame_snap(m);
	const struct dtable_entry *entry = c->v[i].entry;
	struct dsign_tags	 tags = { c->v[i].domain, entry->selector,
				    c->v[i].identity, now };
	struct buf		*out = &made->value[made->n++];
	struct dkey		*key;
	int			 rc;

	buf_init(out, DSIGN_VALUE_MAX);
	if (dtable_key(s->table, entry, &key, e) == -1)
		return -1;
	rc = dsign_make(l->d, key, &tags, out, e);
	if (rc == 0) {
		frame_count(m, "dkim_signed_total", "alg",
		    dkey_alg_name(dkey_alg(key)));
		(void)buf_addf(&made->names, "%s%s", i > 0 ? "," : "",
		    entry->name);
	}
	dkey_free(&key);
	return rc;
}

/* insert - so that the first key's signature stands on top */
static enum frame_verdict
insert(struct frame_msg *m, const struct choice *c, const struct made *made)
{
	const struct dkim_snap	*s = frame_snap(m);
	enum frame_verdict	 v;
	size_t			 i;

	for (i = 0; i < made->n; i++)
		if ((v = cover_signed(m, s,
		    buf_str(&made->value[i]))) != FRAME_CONTINUE)
			return v;
	/* only now: a message that cannot be signed keeps what it has */
	if (s->c.existing == 1 && remove_own(m, c) == -1)
		return FRAME_TEMPFAIL;
	for (i = made->n; i-- > 0; )
		if (frame_insert_header(m, 0, DSIGN_FIELD,
		    buf_str(&made->value[i])) == -1)
			return FRAME_TEMPFAIL;	/* the frame said why */
	frame_event(m, LOG_INFO, "dkim_signed", LOG_STR("domain", c->domain),
	    LOG_STR("keys", buf_str(&made->names)), LOG_INT("n", made->n));
	return FRAME_CONTINUE;
}

/* sign - with all keys, or not at all */
static enum frame_verdict
sign(struct frame_msg *m, struct local *l, struct choice *c)
{
	struct made		 made;
	struct err		 e = { "", 0 };
	enum frame_verdict	 v;
	time_t			 now = clock_now();
	size_t			 i;

	if (dsign_header(l->d, frame_headers(m), &e) == -1) {
		if (e.code != EX_DATAERR)
			return failure(m, "-", &e);
		c->bad = true;
		return unsigned_for(m, c, e.msg);
	}
	made.n = 0;
	buf_init(&made.names, 1024);
	for (i = 0; i < c->n; i++)
		if (make_one(m, l, c, i, now, &made, &e) == -1)
			break;
	v = i < c->n ? failure(m, c->v[i].entry->name, &e) :
	    insert(m, c, &made);
	for (i = 0; i < made.n; i++)
		buf_free(&made.value[i]);
	buf_free(&made.names);
	return v;
}

static enum frame_verdict
policy_eom(struct frame_msg *m)
{
	struct local	*l = frame_local(m);
	struct choice	 c;

	start(m, l);
	if (!l->ours) {
		frame_event(m, LOG_DEBUG, "dkim_not_ours",
		    LOG_STR("client", frame_conn(m)->client_addr));
		return cover_unsigned(m, frame_snap(m),
		    "its client is not one of ours", false);
	}
	if (l->failed)
		return failure(m, "-", &l->e);
	choose(m, frame_snap(m), &c);
	if (c.n == 0)
		return unsigned_for(m, &c, c.why);
	return sign(m, l, &c);
}

int
dkim_rotation_load(const struct conf *conf, struct dkim_rotation *out,
    struct err *e)
{
	return conf_bind(conf, conf_find(conf, "dkim", NULL), rotation_params,
	    out, e);
}

const struct frame_policy dkim_policy = {
	.name		= "dkim",
	.params		= dkim_params,
	.schemas	= dkim_schemas,
	.load		= snap_load,
	.unload		= snap_free,
	.needs		= policy_needs,
	.begin		= policy_begin,
	.finish		= policy_finish,
	.body		= policy_body,
	.eom		= policy_eom,
};

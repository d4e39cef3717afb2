/* SPDX-License-Identifier: BSD-2-Clause */
/* gen.c - see gen.h */
#include "frame/gen.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "conf/common.h"

#include "base/banned.h"

static const char *const over_words[] = {
	[GEN_OVER_REJECT] = "reject", [GEN_OVER_TEMPFAIL] = "tempfail",
	[GEN_OVER_PASS] = "pass", NULL
};

static const char *const load_words[] = {
	[GEN_LOAD_TEMPFAIL] = "tempfail", [GEN_LOAD_PASS] = "pass", NULL
};

const struct conf_param frame_params[] = {
	CONF_STR(struct frame_conf, socket, "",
	    "Where the MTA connects: unix:/path, inet:port@host, "
	    "inet6:port@host, or fd:3 from systemd. Empty: a socket named "
	    "after the program in run_dir."),
	CONF_STR(struct frame_conf, socket_mode, "0660",
	    "Permission bits of a unix socket, in octal."),
	CONF_STR(struct frame_conf, user, "",
	    "When started as root, become this user once the socket is "
	    "open. Empty: stay."),
	CONF_SECS(struct frame_conf, io_timeout, "2h", 1, 86400,
	    "How long a connection may stand still."),
	CONF_SECS(struct frame_conf, stop_timeout, "10s", 0, 600,
	    "How long a stop waits for messages that are being looked at."),
	CONF_INT(struct frame_conf, max_connections, "10000", 1, 1000000,
	    "Connections at a time; over_load is for the messages of those "
	    "beyond."),
	CONF_INT(struct frame_conf, max_in_flight, "1000", 1, 1000000,
	    "Messages at a time."),
	CONF_SIZE(struct frame_conf, max_memory, "256M", 1 << 20, 1e12,
	    "Octets of mail kept by all messages together. More than max_body "
	    "and max_header_size, or the largest message never passes."),
	CONF_SECS(struct frame_conf, max_time, "1h", 1, 86400,
	    "How long a message may take, from MAIL to its end."),
	CONF_ENUM(struct frame_conf, over_load, "tempfail", load_words,
	    "What happens to a message beyond max_connections, max_in_flight, "
	    "max_memory or max_time: ask the sender to try later (451 4.3.2), "
	    "or pass it on as it is, without any policy."),
	CONF_INT(struct frame_conf, max_headers, "2000", 1, 1000000,
	    "Header fields of a message."),
	CONF_SIZE(struct frame_conf, max_header_size, "512K", 1024, 1 << 30,
	    "Octets of all header fields of a message together."),
	CONF_SIZE(struct frame_conf, max_body, "10M", 0, 1 << 30,
	    "Octets of a body that are kept for policies that ask for it; "
	    "what is beyond is hashed or scanned as it passes, but not kept, "
	    "and the body is then not replaced."),
	CONF_INT(struct frame_conf, max_recipients, "10000", 1, 1000000,
	    "Recipients of a message."),
	CONF_ENUM(struct frame_conf, over_limit, "reject", over_words,
	    "What happens to a message over max_headers, max_header_size or "
	    "max_recipients: refuse it, ask the sender to try later, or pass "
	    "it on as it is, without any policy."),
	CONF_LIST(struct frame_conf, non_smtp_daemons, "",
	    "Values of {daemon_name} that mark mail without an SMTP client. "
	    "Mail that sendmail(1) gives to Postfix is known without this."),
	CONF_END
};

/* load_mode - socket_mode as a number */
static int
load_mode(struct gen *g, const struct conf_section *s, struct err *e)
{
	char		 where[256], *end;
	unsigned long	 mode;

	mode = strtoul(g->frame.socket_mode, &end, 8);
	if (*g->frame.socket_mode < '0' || *g->frame.socket_mode > '7' ||
	    *end != '\0' || mode > 0777)
		return err_code(e, EX_CONFIG, "%s: not an octal mode: %s",
		    conf_where(s, "socket_mode", where, sizeof where),
		    g->frame.socket_mode);
	g->socket_mode = (mode_t)mode;
	return 0;
}

/* merge_needs - what the MTA must send and allow for all of them */
static void
merge_needs(struct gen *g)
{
	struct frame_needs	*all = &g->all, *one;
	size_t			 i;

	for (i = 0; i < g->n; i++) {
		one = &g->needs[i];
		g->late[i] = all->edits_body;
		if (g->late[i] && (one->body || one->keep_body > 0))
			g->keep_whole = true;
		all->rcpts |= one->rcpts || g->policies[i]->rcpt != NULL;
		all->headers |= one->headers;
		all->body |= one->body && g->policies[i]->body != NULL;
		if (one->keep_body > all->keep_body)
			all->keep_body = one->keep_body;
		all->edits_headers |= one->edits_headers;
		all->edits_sender |= one->edits_sender;
		all->edits_rcpts |= one->edits_rcpts;
		all->edits_body |= one->edits_body;
		all->quarantines |= one->quarantines;
	}
}

/* destroy - in the reverse order of gen_build */
static void
destroy(struct gen *g)
{
	while (g->n > 0) {
		g->n--;
		if (g->policies[g->n]->unload != NULL)
			g->policies[g->n]->unload(g->snaps[g->n]);
	}
	conf_free(&g->own);
	free(g);
}

int
gen_build(const struct conf *conf, bool own, const char *program,
    const struct frame_policy *const *policies, struct gen **out,
    struct err *e)
{
	const struct conf_section	*s = conf_find(conf, program, NULL);
	const struct frame_policy	*p;
	struct gen			*g;

	*out = NULL;
	if ((g = calloc(1, sizeof *g)) == NULL)
		return err_code(e, EX_OSERR, "out of memory");
	atomic_init(&g->refs, 1);
	g->policies = policies;
	if (conf_bind(conf, s, frame_params, &g->frame, e) == -1 ||
	    load_mode(g, s, e) == -1)
		goto fail;
	while ((p = policies[g->n]) != NULL) {
		if (g->n == GEN_POLICIES) {
			(void)err_set(e, "more than %d policies",
			    GEN_POLICIES);
			goto fail;
		}
		if (p->load != NULL &&
		    p->load(conf, &g->snaps[g->n], e) == -1)
			goto fail;
		if (p->needs != NULL)
			p->needs(g->snaps[g->n], &g->needs[g->n]);
		g->n++;
	}
	merge_needs(g);
	if (own)
		g->own = (struct conf *)conf;
	*out = g;
	return 0;
fail:
	destroy(g);
	return -1;
}

void
gen_hold(struct gen *g)
{
	(void)atomic_fetch_add(&g->refs, 1);
}

void
gen_drop(struct gen **gp)
{
	struct gen	*g = *gp;

	*gp = NULL;
	if (g != NULL && atomic_fetch_sub(&g->refs, 1) == 1)
		destroy(g);
}

bool
gen_covers(const struct gen *old, const struct gen *new)
{
	const struct frame_needs	*a = &old->all, *b = &new->all;

	return (a->rcpts || !b->rcpts) && (a->headers || !b->headers) &&
	    (a->body || a->keep_body > 0 || !(b->body || b->keep_body > 0)) &&
	    (a->edits_headers || !b->edits_headers) &&
	    (a->edits_sender || !b->edits_sender) &&
	    (a->edits_rcpts || !b->edits_rcpts) &&
	    (a->edits_body || !b->edits_body) &&
	    (a->quarantines || !b->quarantines);
}

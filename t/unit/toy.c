/* SPDX-License-Identifier: BSD-2-Clause */
/* toy.c - see toy.h */
#include "toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum toy_fault {
	FAULT_NONE, FAULT_NAME, FAULT_NEWLINE, FAULT_CR, FAULT_UNDECLARED,
	FAULT_LATE
};

static const char *const faults[] = {
	"none", "name", "newline", "cr", "undeclared", "late", NULL
};

struct toy {
	struct conf_list refuse, discard;	/* recipients */
	struct conf_list delete, add;		/* recipients, at eom */
	const char	*insert, *change, *remove;	/* "Name: value" */
	const char	*append;
	const char	*footer, *hold, *sender;
	const char	*verdict_at;	/* "eoh:reject", "body:tempfail" */
	long		 sleep_ms, insert_at;
	long		 keep;
	int		 fault;
	bool		 see_body, add_first;
};

static const struct conf_param toy_params[] = {
	CONF_LIST(struct toy, refuse, "", "Recipients to refuse."),
	CONF_LIST(struct toy, discard, "", "Recipients whose mail goes."),
	CONF_LIST(struct toy, delete, "", "Recipients to delete."),
	CONF_LIST(struct toy, add, "", "Recipients to add."),
	CONF_STR(struct toy, insert, "", "Field to put on top."),
	CONF_INT(struct toy, insert_at, "0", 0, 1000, "Where insert does."),
	CONF_STR(struct toy, append, "", "Field to put at the end."),
	CONF_STR(struct toy, change, "", "Field to change."),
	CONF_STR(struct toy, remove, "", "Field to delete."),
	CONF_STR(struct toy, footer, "", "Text to add to the body."),
	CONF_STR(struct toy, hold, "", "Reason to hold the message."),
	CONF_STR(struct toy, sender, "", "New sender."),
	CONF_STR(struct toy, verdict_at, "", "Step and verdict."),
	CONF_INT(struct toy, sleep_ms, "0", 0, 60000, "Nap at the end."),
	CONF_SIZE(struct toy, keep, "0", 0, 1e9, "Body to keep."),
	CONF_ENUM(struct toy, fault, "none", faults, "A wrong edit."),
	CONF_BOOL(struct toy, see_body, "no", "Ask for the body."),
	CONF_BOOL(struct toy, add_first, "no", "Add before deleting."),
	CONF_END
};

static int
load(const struct conf *c, const char *section, void **snap, struct err *e)
{
	struct toy	*t = calloc(1, sizeof *t);

	if (t == NULL)
		return err_set(e, "out of memory");
	if (conf_bind(c, conf_find(c, section, NULL), toy_params, t, e) == -1) {
		free(t);
		return -1;
	}
	*snap = t;
	return 0;
}

static int
toy_load(const struct conf *c, void **snap, struct err *e)
{
	return load(c, "toy", snap, e);
}

static int
see_load(const struct conf *c, void **snap, struct err *e)
{
	return load(c, "see", snap, e);
}

static void
toy_needs(const void *snap, struct frame_needs *n)
{
	const struct toy	*t = snap;

	n->rcpts = true;
	n->headers = true;
	n->body = t->see_body;
	n->keep_body = t->keep > 0 ? (size_t)t->keep :
	    *t->footer != '\0' ? (size_t)-1 : 0;
	n->edits_headers = true;
	n->edits_sender = *t->sender != '\0';
	n->edits_rcpts = t->delete.n > 0 || t->add.n > 0;
	n->edits_body = *t->footer != '\0';
	n->quarantines = *t->hold != '\0';
}

/* What both write down while the message comes in. */
struct local {
	size_t	eoh, eoh_headers, body_octets, body_calls;
	bool	began;
};

static void *
begin(struct frame_msg *m)
{
	struct local	*l = calloc(1, sizeof *l);

	(void)m;
	if (l != NULL)
		l->began = true;
	return l;
}

static bool
listed(const struct conf_list *l, const char *word)
{
	size_t	i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], word) == 0)
			return true;
	return false;
}

static enum frame_verdict
toy_rcpt(struct frame_msg *m, const char *rcpt)
{
	const struct toy	*t = frame_snap(m);

	frame_event(m, LOG_INFO, "toy_rcpt", LOG_STR("rcpt", rcpt),
	    LOG_STR("sender", frame_sender(m)),
	    LOG_STR("daemon", frame_conn(m)->daemon_name),
	    LOG_STR("addr", frame_conn(m)->daemon_addr),
	    LOG_STR("port", frame_conn(m)->daemon_port),
	    LOG_INT("smtp", frame_conn(m)->smtp));
	if (listed(&t->discard, rcpt))
		return FRAME_DISCARD;
	if (!listed(&t->refuse, rcpt))
		return FRAME_CONTINUE;
	frame_event(m, LOG_INFO, "toy_refused", LOG_STR("rcpt", rcpt));
	frame_reply(m, "550", "5.7.1", "100% refused, \"so\"");
	return FRAME_REJECT;
}

/* verdict_at - what the configuration wants of this step */
static enum frame_verdict
verdict_at(struct frame_msg *m, const char *step)
{
	const struct toy	*t = frame_snap(m);
	size_t			 n = strlen(step);

	if (strncmp(t->verdict_at, step, n) != 0 || t->verdict_at[n] != ':')
		return FRAME_CONTINUE;
	switch (t->verdict_at[n + 1]) {
	case 'r':	return FRAME_REJECT;
	case 't':	return FRAME_TEMPFAIL;
	case 'd':	return FRAME_DISCARD;
	}
	return FRAME_CONTINUE;
}

static enum frame_verdict
toy_eoh(struct frame_msg *m)
{
	struct local		*l = frame_local(m);
	const struct toy	*t = frame_snap(m);

	l->eoh++;
	l->eoh_headers = frame_headers(m)->n;
	if (t->fault == FAULT_LATE)
		(void)frame_insert_header(m, 0, "X-Early", "bird");
	return verdict_at(m, "eoh");
}

static enum frame_verdict
toy_body(struct frame_msg *m, const void *p, size_t n)
{
	struct local	*l = frame_local(m);

	(void)p;
	l->body_octets += n;
	l->body_calls++;
	return verdict_at(m, "body");
}

/* field - "Name: value" as two strings in room; false when empty */
static bool
field(const char *text, char room[256], char **name, char **value)
{
	char	*colon;

	(void)snprintf(room, 256, "%s", text);
	if ((colon = strchr(room, ':')) == NULL)
		return false;
	*colon = '\0';
	*name = room;
	*value = colon + 1 + strspn(colon + 1, " ");
	return true;
}

static void
do_fault(struct frame_msg *m, int fault)
{
	switch (fault) {
	case FAULT_NAME:
		(void)frame_insert_header(m, 0, "X Bad", "value");
		break;
	case FAULT_NEWLINE:
		(void)frame_insert_header(m, 0, "X-Bad", "a\nBcc: <x@y>");
		break;
	case FAULT_CR:
		(void)frame_insert_header(m, 0, "X-Bad", "a\rb");
		break;
	case FAULT_UNDECLARED:
		(void)frame_quarantine(m, "not announced");
		break;
	}
}

static void
do_footer(struct frame_msg *m, const struct toy *t)
{
	const char	*body;
	uint64_t	 total;
	size_t		 len;
	char		*text;

	body = frame_body(m, &len, &total);
	if (len < total)
		return;
	if ((text = malloc(len + strlen(t->footer) + 2)) == NULL)
		return;
	memcpy(text, body, len);
	memcpy(text + len, t->footer, strlen(t->footer));
	memcpy(text + len + strlen(t->footer), "\r\n", 2);
	(void)frame_replace_body(m, text, len + strlen(t->footer) + 2);
	free(text);
}

static void
do_add(struct frame_msg *m, const struct toy *t)
{
	size_t	i;

	for (i = 0; i < t->add.n; i++)
		(void)frame_add_rcpt(m, t->add.v[i]);
}

static enum frame_verdict
toy_eom(struct frame_msg *m)
{
	const struct toy	*t = frame_snap(m);
	char			 room[256], *name, *value;
	size_t			 i;

	if (t->sleep_ms > 0)
		(void)usleep((useconds_t)t->sleep_ms * 1000);
	if (field(t->insert, room, &name, &value))
		(void)frame_insert_header(m, (size_t)t->insert_at, name,
		    value);
	if (field(t->append, room, &name, &value))
		(void)frame_append_header(m, name, value);
	if (field(t->change, room, &name, &value))
		(void)frame_change_header(m, name, 1, value);
	if (field(t->remove, room, &name, &value))
		(void)frame_delete_header(m, name, 1);
	if (t->add_first)
		do_add(m, t);
	for (i = 0; i < frame_rcpt_count(m); i++)
		if (listed(&t->delete, frame_rcpt(m, i)))
			(void)frame_delete_rcpt(m, frame_rcpt(m, i--));
	if (!t->add_first)
		do_add(m, t);
	if (*t->sender != '\0')
		(void)frame_change_sender(m, t->sender);
	if (*t->footer != '\0')
		do_footer(m, t);
	if (*t->hold != '\0')
		(void)frame_quarantine(m, t->hold);
	do_fault(m, t->fault);
	frame_event(m, LOG_INFO, "toy_done",
	    LOG_INT("headers", frame_headers(m)->n),
	    LOG_INT("rcpts", frame_rcpt_count(m)));
	return verdict_at(m, "eom");
}

/* see_eom - all that it was shown, in one field */
static enum frame_verdict
see_eom(struct frame_msg *m)
{
	const struct local	*l = frame_local(m);
	const struct frame_conn	*c = frame_conn(m);
	uint64_t		 total;
	size_t			 len;
	char			 text[512];

	(void)frame_body(m, &len, &total);
	(void)snprintf(text, sizeof text, "eoh=%zu/%zu body=%zu/%zu kept=%zu "
	    "total=%llu\n\theaders=%zu rcpts=%zu sender=%.80s\n\tsmtp=%s "
	    "client=%.40s[%.40s] login=%.40s", l->eoh, l->eoh_headers,
	    l->body_octets, l->body_calls, len, (unsigned long long)total,
	    frame_headers(m)->n, frame_rcpt_count(m), frame_sender(m),
	    c->smtp ? "yes" : "no", c->client_name, c->client_addr,
	    c->sasl_login);
	(void)frame_insert_header(m, 0, "X-Seen", text);
	return FRAME_CONTINUE;
}

const struct frame_policy toy_policy = {
	.name = "toy", .params = toy_params, .load = toy_load, .unload = free,
	.needs = toy_needs, .begin = begin, .finish = free, .rcpt = toy_rcpt,
	.eoh = toy_eoh, .body = toy_body, .eom = toy_eom,
};

const struct frame_policy see_policy = {
	.name = "see", .params = toy_params, .load = see_load, .unload = free,
	.needs = toy_needs, .begin = begin, .finish = free,
	.eoh = toy_eoh, .body = toy_body, .eom = see_eom,
};

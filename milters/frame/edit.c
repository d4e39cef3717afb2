/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edit.c - edits: checked, written into the plan, shown to later policies
 *
 * Each does the same three things in the same order; a failure anywhere marks
 * the message, which is then not edited at all.
 */
#include "frame/frame.h"

#include <stdlib.h>
#include <string.h>

#include "frame/msg.h"
#include "frame/plan.h"

#include "base/banned.h"

/* refuse - this plan will not go out; one line for the first reason */
static int
refuse(struct frame_msg *p, enum edit_kind kind, const char *why)
{
	if (!p->msg->fault)
		frame_event(p, LOG_ERR, "edit_refused",
		    LOG_STR("edit", plan_kind_name(kind)),
		    LOG_STR("why", why));
	p->msg->fault = true;
	return -1;
}

/* allowed - is this the time, and did the policy announce it? */
static int
allowed(struct frame_msg *p, enum edit_kind kind, bool declared)
{
	if (!p->msg->editing)
		return refuse(p, kind, "not at end of message");
	if (!declared)
		return refuse(p, kind, "not declared in needs");
	return 0;
}

static int
header_allowed(struct frame_msg *p, enum edit_kind kind, const char *name,
    const char *value)
{
	struct err	e;

	if (allowed(p, kind, p->needs->edits_headers) == -1)
		return -1;
	if (plan_header_ok(name, value, &e) == -1)
		return refuse(p, kind, e.msg);
	return 0;
}

/* to_plan - write it down; n, name and value as in struct edit */
static int
to_plan(struct frame_msg *p, enum edit_kind kind, size_t n, const char *name,
    const char *value)
{
	struct err	e;

	if (plan_add(&p->msg->plan, p->policy->name, kind, n, name, value,
	    &e) == -1)
		return refuse(p, kind, e.msg);
	return 0;
}

/* view_value - as the list stores it: with the leading space */
static char *
view_value(const char *value)
{
	size_t	n = strlen(value);
	char	*v = malloc(n + 2);

	if (v != NULL) {
		v[0] = ' ';
		memcpy(v + 1, value, n + 1);
	}
	return v;
}

/* insert - at pos in the view, and as kind in the plan */
static int
insert(struct frame_msg *p, enum edit_kind kind, size_t pos, const char *name,
    const char *value)
{
	char	*v;
	int	 rc;

	if (value == NULL)
		return refuse(p, kind, "no value");
	if (header_allowed(p, kind, name, value) == -1)
		return -1;
	if ((v = view_value(value)) == NULL)
		return refuse(p, kind, "out of memory");
	rc = header_insert(&p->msg->headers, pos, name, v, strlen(v));
	free(v);
	if (rc == -1)
		return refuse(p, kind, "out of memory");
	return to_plan(p, kind, pos, name, value);
}

int
frame_insert_header(struct frame_msg *p, size_t pos, const char *name,
    const char *value)
{
	if (pos >= p->msg->headers.n && pos > 0)
		return insert(p, EDIT_APPEND, p->msg->headers.n, name, value);
	return insert(p, EDIT_INSERT, pos, name, value);
}

int
frame_append_header(struct frame_msg *p, const char *name, const char *value)
{
	return insert(p, EDIT_APPEND, p->msg->headers.n, name, value);
}

int
frame_change_header(struct frame_msg *p, const char *name, size_t nth,
    const char *value)
{
	size_t	 i;
	char	*v;
	int	 rc;

	if (value == NULL || *value == '\0')	/* the MTA would delete it */
		return refuse(p, EDIT_CHANGE, "no value");
	if (header_allowed(p, EDIT_CHANGE, name, value) == -1)
		return -1;
	i = header_index(&p->msg->headers, name, nth);
	if (i == (size_t)-1)
		return refuse(p, EDIT_CHANGE, "no such field");
	if ((v = view_value(value)) == NULL)
		return refuse(p, EDIT_CHANGE, "out of memory");
	rc = header_change(&p->msg->headers, i, v, strlen(v));
	free(v);
	if (rc == -1)
		return refuse(p, EDIT_CHANGE, "out of memory");
	return to_plan(p, EDIT_CHANGE, nth, name, value);
}

int
frame_delete_header(struct frame_msg *p, const char *name, size_t nth)
{
	size_t	i;

	if (header_allowed(p, EDIT_DELETE, name, NULL) == -1)
		return -1;
	i = header_index(&p->msg->headers, name, nth);
	if (i == (size_t)-1)
		return refuse(p, EDIT_DELETE, "no such field");
	header_delete(&p->msg->headers, i);
	return to_plan(p, EDIT_DELETE, nth, name, NULL);
}

/*
 * frame_change_sender - in the plan only
 *
 * A milter behind us in smtpd_milters was told the sender at MAIL and hears of
 * no change, so later policies go on seeing the old one, too: a return path
 * with a token must not move the message to another stream.
 */
int
frame_change_sender(struct frame_msg *p, const char *sender)
{
	struct err	 e;

	if (allowed(p, EDIT_SENDER, p->needs->edits_sender) == -1)
		return -1;
	if (plan_path_ok(sender, &e) == -1)
		return refuse(p, EDIT_SENDER, e.msg);
	return to_plan(p, EDIT_SENDER, 0, NULL, sender);
}

/*
 * own_rcpts - before the first edit of recipients in this eom
 *
 * A policy sees its own edits, but those behind it do not: a milter behind us
 * in smtpd_milters was told the recipients at RCPT and hears of no change.
 */
static int
own_rcpts(struct frame_msg *p, enum edit_kind kind)
{
	struct msg	*m = p->msg;

	if (m->told != NULL)
		return 0;
	if ((m->told = malloc((m->nrcpts + 1) * sizeof *m->told)) == NULL)
		return refuse(p, kind, "out of memory");
	if (m->nrcpts > 0)
		memcpy(m->told, m->rcpts, m->nrcpts * sizeof *m->told);
	m->ntold = m->nrcpts;
	m->nadded = 0;
	return 0;
}

int
frame_add_rcpt(struct frame_msg *p, const char *rcpt)
{
	struct err	 e;
	char		*copy;

	if (allowed(p, EDIT_ADD_RCPT, p->needs->edits_rcpts) == -1)
		return -1;
	if (plan_path_ok(rcpt, &e) == -1)
		return refuse(p, EDIT_ADD_RCPT, e.msg);
	if (own_rcpts(p, EDIT_ADD_RCPT) == -1)
		return -1;
	if ((copy = strdup(rcpt)) == NULL ||
	    msg_keep_rcpt(p->msg, copy) == -1) {
		free(copy);
		return refuse(p, EDIT_ADD_RCPT, "out of memory");
	}
	p->msg->nadded++;
	return to_plan(p, EDIT_ADD_RCPT, 0, NULL, rcpt);
}

/* drop_rcpt - take every one of this text off the list; how many */
static size_t
drop_rcpt(struct msg *m, const char *text)
{
	size_t	i, to, added = m->nrcpts - m->nadded, n = m->nrcpts;

	for (i = to = 0; i < n; i++) {
		if (strcmp(m->rcpts[i], text) != 0) {
			m->rcpts[to++] = m->rcpts[i];
		} else if (i >= added) {	/* else m->told still has it */
			free(m->rcpts[i]);
			m->nadded--;
		}
	}
	m->nrcpts = to;
	return n - to;
}

/*
 * frame_delete_rcpt - every recipient of exactly that text
 *
 * The MTA deletes by text and all that match, so the list does the same.
 */
int
frame_delete_rcpt(struct frame_msg *p, const char *rcpt)
{
	char	*text;
	int	 rc;

	if (allowed(p, EDIT_DELETE_RCPT, p->needs->edits_rcpts) == -1)
		return -1;
	if (rcpt == NULL || strlen(rcpt) > PLAN_VALUE_MAX)
		return refuse(p, EDIT_DELETE_RCPT, "no such recipient");
	if (own_rcpts(p, EDIT_DELETE_RCPT) == -1)
		return -1;
	/* rcpt may be the very string that goes */
	if ((text = strdup(rcpt)) == NULL)
		return refuse(p, EDIT_DELETE_RCPT, "out of memory");
	if (drop_rcpt(p->msg, text) == 0)
		rc = refuse(p, EDIT_DELETE_RCPT, "no such recipient");
	else
		rc = to_plan(p, EDIT_DELETE_RCPT, 0, NULL, text);
	free(text);
	return rc;
}

int
frame_replace_body(struct frame_msg *p, const void *data, size_t n)
{
	struct msg	*m = p->msg;
	struct buf	 body;

	if (allowed(p, EDIT_BODY, p->needs->edits_body) == -1)
		return -1;
	if (m->body_total > (uint64_t)m->gen->frame.max_body)
		return refuse(p, EDIT_BODY, "body was too large to be kept");
	if (memchr(data, '\0', n) != NULL)
		return refuse(p, EDIT_BODY, "NUL in the body");
	/* an addition to a body that was just small enough must still fit */
	buf_init(&body, 2 * (size_t)m->gen->frame.max_body + 65536);
	if (buf_add(&body, data, n) == -1) {
		buf_free(&body);
		return refuse(p, EDIT_BODY, "too large or out of memory");
	}
	buf_free(&m->body);
	m->body = body;
	m->body_total = n;
	return to_plan(p, EDIT_BODY, n, NULL, NULL);
}

int
frame_quarantine(struct frame_msg *p, const char *reason)
{
	struct err	e;

	if (allowed(p, EDIT_QUARANTINE, p->needs->quarantines) == -1)
		return -1;
	if (plan_reason_ok(reason, &e) == -1)
		return refuse(p, EDIT_QUARANTINE, e.msg);
	p->msg->held = true;
	return to_plan(p, EDIT_QUARANTINE, 0, NULL, reason);
}

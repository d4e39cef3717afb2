/* SPDX-License-Identifier: BSD-2-Clause */
/* msg.c - see msg.h; what hooks may ask stands here too, edits in edit.c */
#include "frame/msg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#include "base/banned.h"

/* The sum of all messages is told in blocks, so that it is rarely touched. */
#define CHARGE_BLOCK	65536
/* What a header field or recipient costs beside its text. */
#define CHARGE_ITEM	48

#define LOG_FIELDS	32	/* of one event */

static const char *const verdict_names[] = {
	[FRAME_CONTINUE] = "continue", [FRAME_REJECT] = "reject",
	[FRAME_TEMPFAIL] = "tempfail", [FRAME_DISCARD] = "discard",
};

const char *
msg_verdict_name(enum frame_verdict v)
{
	return verdict_names[v];
}

/* printable - copy text, everything but printable ASCII as '?' */
static void
printable(char *out, size_t size, const char *text)
{
	size_t	i;

	for (i = 0; i < size - 1 && text[i] != '\0'; i++)
		out[i] = text[i] < ' ' || text[i] > '~' ? '?' : text[i];
	out[i] = '\0';
}

void
msg_set_reply(struct msg_reply *r, const char *code, const char *status,
    const char *text)
{
	printable(r->code, sizeof r->code, code);
	printable(r->status, sizeof r->status, status);
	printable(r->text, sizeof r->text, text);
}

void
msg_default_reply(struct msg_reply *r, enum frame_verdict v)
{
	char	class = v == FRAME_REJECT ? '5' : '4';

	if (strlen(r->code) == 3 && r->code[0] == class &&
	    r->status[0] == class && r->text[0] != '\0')
		return;
	if (v == FRAME_REJECT)
		msg_set_reply(r, "550", "5.7.1", "Message refused by policy");
	else
		msg_set_reply(r, "451", "4.3.0", "Try again later");
}

/* settle - the message's verdict is v from now on; by: a policy, or NULL */
static enum frame_verdict
settle(struct msg *m, const struct frame_msg *by, enum frame_verdict v)
{
	m->verdict = v;
	m->by = by != NULL ? by->policy->name : "frame";
	if (v == FRAME_REJECT || v == FRAME_TEMPFAIL)
		msg_default_reply(&m->reply, v);
	return v;
}

/* busy - no room, or no time, for this message now; `pass` is for limits,
 * not for faults */
static enum frame_verdict
busy(struct msg *m, const char *what, bool limit)
{
	bool	pass = limit && m->gen->frame.over_load == GEN_LOAD_PASS;

	frame_event(&m->pol[0], LOG_WARNING, "busy", LOG_STR("what", what),
	    LOG_STR("verdict", pass ? "pass" : "tempfail"));
	frame_count(&m->pol[0], "busy_total", "what", what);
	if (pass) {
		m->pass = true;
		return FRAME_CONTINUE;
	}
	msg_set_reply(&m->reply, "451", "4.3.2",
	    "Too much mail at the moment, try again later");
	return settle(m, NULL, FRAME_TEMPFAIL);
}

/* over_limit - more of something than the configuration allows */
static enum frame_verdict
over_limit(struct msg *m, const char *what, long limit)
{
	enum gen_over	how = (enum gen_over)m->gen->frame.over_limit;
	static const char *const names[] = { "reject", "tempfail", "pass" };

	frame_event(&m->pol[0], LOG_WARNING, "over_limit",
	    LOG_STR("what", what), LOG_INT("limit", limit),
	    LOG_STR("verdict", names[how]));
	frame_count(&m->pol[0], "over_limit_total", "what", what);
	switch (how) {
	case GEN_OVER_PASS:
		m->pass = true;
		return FRAME_CONTINUE;
	case GEN_OVER_TEMPFAIL:
		msg_set_reply(&m->reply, "451", "4.3.4", "Message exceeds a "
		    "limit, try again later");
		return settle(m, NULL, FRAME_TEMPFAIL);
	case GEN_OVER_REJECT:
		break;
	}
	msg_set_reply(&m->reply, "552", "5.3.4", "Message exceeds a limit "
	    "on header fields or recipients");
	return settle(m, NULL, FRAME_REJECT);
}

/* charge - account for n octets more; -1 when all messages hold too much */
static int
charge(struct msg *m, size_t n)
{
	size_t	add, sum;

	m->used += n;
	if (m->used <= m->charged || m->env->octets == NULL)
		return 0;
	add = (m->used - m->charged + CHARGE_BLOCK - 1) / CHARGE_BLOCK *
	    CHARGE_BLOCK;
	sum = atomic_fetch_add(m->env->octets, add) + add;
	m->charged += add;
	return sum > (size_t)m->gen->frame.max_memory ? -1 : 0;
}

/* too_long - has it taken more time than it may? */
static bool
too_long(const struct msg *m)
{
	return clock_mono_us() - m->since >
	    (int64_t)m->gen->frame.max_time * 1000000;
}

/* keep_max - how much of the body is kept at most */
static size_t
keep_max(const struct gen *g)
{
	size_t	max = (size_t)g->frame.max_body;

	if (g->all.edits_body || g->all.keep_body > max)
		return max;
	return g->all.keep_body;
}

/*
 * bracketed - a copy of an address in angle brackets
 *
 * SMTP brings them along; mail from sendmail(1) has none in Postfix. The MTA
 * takes either form back. Text with a '<' somewhere is left as it is.
 */
static char *
bracketed(const char *path)
{
	size_t	 n = strlen(path);
	char	*out;

	if (strchr(path, '<') != NULL)
		return strdup(path);
	if ((out = malloc(n + 3)) != NULL)
		(void)snprintf(out, n + 3, "<%s>", path);
	return out;
}

int
msg_open(struct gen *g, const struct frame_conn *conn,
    const struct msg_env *env, const char *sender, struct msg **out)
{
	struct frame_msg	*p;
	struct msg		*m;
	size_t			 i;

	*out = NULL;
	if ((m = calloc(1, sizeof *m + g->n * sizeof m->pol[0])) == NULL)
		return -1;
	if ((m->sender = bracketed(sender)) == NULL) {
		free(m);
		return -1;
	}
	gen_hold(g);
	m->gen = g;
	m->conn = conn;
	m->env = env;
	m->qid[0] = '-';
	m->since = clock_mono_us();
	header_list_init(&m->headers);
	buf_init(&m->body, keep_max(g));
	m->npol = g->n;
	for (i = 0; i < g->n; i++) {
		p = &m->pol[i];
		p->msg = m;
		p->policy = g->policies[i];
		p->snap = g->snaps[i];
		p->needs = &g->needs[i];
		p->late = g->late[i];
	}
	*out = m;
	return 0;
}

void
msg_close(struct msg **mp)
{
	struct msg	*m = *mp;
	size_t		 i;

	*mp = NULL;
	if (m == NULL)
		return;
	for (i = m->npol; i-- > 0; )
		if (m->pol[i].begun && m->pol[i].policy->finish != NULL)
			m->pol[i].policy->finish(m->pol[i].local);
	if (m->charged > 0)
		(void)atomic_fetch_sub(m->env->octets, m->charged);
	plan_free(&m->plan);
	buf_free(&m->body);
	header_list_free(&m->headers);
	for (i = 0; i < m->nrcpts; i++)
		free(m->rcpts[i]);
	free(m->rcpts);
	free(m->sender);
	gen_drop(&m->gen);
	free(m);
}

void
msg_set_qid(struct msg *m, const char *qid)
{
	if (qid != NULL && *qid != '\0')
		printable(m->qid, sizeof m->qid, qid);
}

enum frame_verdict
msg_mail(struct msg *m)
{
	struct frame_msg	*p;
	enum frame_verdict	 v;

	if (charge(m, sizeof *m) == -1)
		return busy(m, "memory", true);
	for (p = m->pol; p < m->pol + m->npol; p++) {
		if (p->policy->begin != NULL &&
		    (p->local = p->policy->begin(p)) == NULL)
			return busy(m, "memory", false);
		p->begun = true;
	}
	for (p = m->pol; p < m->pol + m->npol; p++) {
		if (p->policy->mail == NULL)
			continue;
		m->reply.code[0] = '\0';
		if ((v = p->policy->mail(p, m->sender)) != FRAME_CONTINUE)
			return settle(m, p, v);
	}
	return FRAME_CONTINUE;
}

int
msg_keep_rcpt(struct msg *m, char *rcpt)
{
	char	**v;
	size_t	  cap;

	if (m->nrcpts == m->rcpt_cap) {
		cap = m->rcpt_cap == 0 ? 8 : 2 * m->rcpt_cap;
		if ((v = realloc(m->rcpts, cap * sizeof *v)) == NULL)
			return -1;
		m->rcpts = v;
		m->rcpt_cap = cap;
	}
	m->rcpts[m->nrcpts++] = rcpt;
	return 0;
}

/* ask_rcpt - every policy that has a hook for it, up to the first no */
static enum frame_verdict
ask_rcpt(struct msg *m, const char *rcpt)
{
	struct frame_msg	*p;
	enum frame_verdict	 v;

	for (p = m->pol; p < m->pol + m->npol; p++) {
		if (p->policy->rcpt == NULL)
			continue;
		m->reply.code[0] = '\0';
		v = p->policy->rcpt(p, rcpt);
		if (v == FRAME_DISCARD)
			return settle(m, p, v);
		if (v != FRAME_CONTINUE) {
			msg_default_reply(&m->reply, v);
			return v;
		}
	}
	return FRAME_CONTINUE;
}

enum frame_verdict
msg_rcpt(struct msg *m, const char *given)
{
	enum frame_verdict	 v;
	char			*rcpt;

	if (m->verdict != FRAME_CONTINUE || m->pass)
		return m->verdict;
	if (too_long(m))
		return busy(m, "time", true);
	if ((rcpt = bracketed(given)) == NULL)
		return busy(m, "memory", false);
	if ((v = ask_rcpt(m, rcpt)) != FRAME_CONTINUE) {
		free(rcpt);
		return v;
	}
	if (m->nrcpts >= (size_t)m->gen->frame.max_recipients)
		v = over_limit(m, "recipients", m->gen->frame.max_recipients);
	else if (charge(m, strlen(rcpt) + CHARGE_ITEM) == -1)
		v = busy(m, "memory", true);
	else if (msg_keep_rcpt(m, rcpt) == -1)
		v = busy(m, "memory", false);
	else
		return FRAME_CONTINUE;
	free(rcpt);
	return v;
}

enum frame_verdict
msg_header(struct msg *m, const char *name, const char *value, size_t len)
{
	const struct frame_conf	*c = &m->gen->frame;
	size_t			 n = strlen(name) + len;

	if (m->verdict != FRAME_CONTINUE || m->pass)
		return m->verdict;
	if (m->headers.n >= (size_t)c->max_headers)
		return over_limit(m, "headers", c->max_headers);
	if (n > (size_t)c->max_header_size ||
	    m->headers.octets > (size_t)c->max_header_size - n)
		return over_limit(m, "header_size", c->max_header_size);
	if (charge(m, n + CHARGE_ITEM) == -1)
		return busy(m, "memory", true);
	if (header_insert(&m->headers, m->headers.n, name, value, len) == -1)
		return busy(m, "memory", false);
	return FRAME_CONTINUE;
}

/* call_eoh - of one policy */
static enum frame_verdict
call_eoh(struct frame_msg *p)
{
	enum frame_verdict	v = FRAME_CONTINUE;

	p->msg->reply.code[0] = '\0';
	if (p->policy->eoh != NULL)
		v = p->policy->eoh(p);
	return v == FRAME_CONTINUE ? v : settle(p->msg, p, v);
}

/* call_body - of one policy, if it looks at all */
static enum frame_verdict
call_body(struct frame_msg *p, const void *data, size_t n)
{
	enum frame_verdict	v = FRAME_CONTINUE;

	p->msg->reply.code[0] = '\0';
	if (p->policy->body != NULL && p->needs->body && n > 0)
		v = p->policy->body(p, data, n);
	return v == FRAME_CONTINUE ? v : settle(p->msg, p, v);
}

enum frame_verdict
msg_eoh(struct msg *m)
{
	struct frame_msg	*p;

	if (m->verdict != FRAME_CONTINUE || m->pass)
		return m->verdict;
	for (p = m->pol; p < m->pol + m->npol; p++)
		if (!p->late && call_eoh(p) != FRAME_CONTINUE)
			break;
	return m->verdict;
}

/*
 * catch_up - the body is too large to be replaced: feed those that waited
 *
 * They see the header and the body as the MTA sent them, and the rest as it
 * comes; edit.c refuses to replace a body of this size.
 */
static enum frame_verdict
catch_up(struct msg *m)
{
	struct frame_msg	*p;

	for (p = m->pol; p < m->pol + m->npol; p++) {
		if (!p->late)
			continue;
		p->late = false;
		if (call_eoh(p) != FRAME_CONTINUE ||
		    call_body(p, m->body.data, m->body.len) != FRAME_CONTINUE)
			break;
	}
	return m->verdict;
}

enum frame_verdict
msg_body(struct msg *m, const void *data, size_t n)
{
	struct frame_msg	*p;
	size_t			 room;

	if (m->verdict != FRAME_CONTINUE || m->pass)
		return m->verdict;
	if (too_long(m))
		return busy(m, "time", true);
	m->body_total += n;
	if (m->gen->keep_whole &&
	    m->body_total > (uint64_t)m->gen->frame.max_body &&
	    catch_up(m) != FRAME_CONTINUE)
		return m->verdict;
	room = m->body.max - m->body.len;
	if (room > n)
		room = n;
	if (room > 0 && charge(m, room) == -1)
		return busy(m, "memory", true);
	if (room > 0 && buf_add(&m->body, data, room) == -1)
		return busy(m, "memory", false);
	for (p = m->pol; p < m->pol + m->npol; p++)
		if (!p->late && call_body(p, data, n) != FRAME_CONTINUE)
			break;
	return m->verdict;
}

bool
msg_enough(const struct msg *m)
{
	if (m->verdict != FRAME_CONTINUE || m->pass)
		return true;
	return !m->gen->all.body && m->body_total > m->body.max;
}

/* restore_rcpts - as the MTA told them, for the policies behind */
static void
restore_rcpts(struct msg *m)
{
	if (m->told == NULL)
		return;
	for (; m->nadded > 0; m->nadded--)
		free(m->rcpts[--m->nrcpts]);
	/* there is room: the list was at least that long */
	if (m->ntold > 0)
		memcpy(m->rcpts, m->told, m->ntold * sizeof *m->told);
	m->nrcpts = m->ntold;
	free(m->told);
	m->told = NULL;
}

/* run_eom - all that one policy does at end of message */
static enum frame_verdict
run_eom(struct frame_msg *p)
{
	struct msg		*m = p->msg;
	enum frame_verdict	 v = FRAME_CONTINUE;

	if (p->late && (call_eoh(p) != FRAME_CONTINUE ||
	    call_body(p, m->body.data, m->body.len) != FRAME_CONTINUE))
		return m->verdict;
	m->reply.code[0] = '\0';
	m->editing = true;
	if (p->policy->eom != NULL)
		v = p->policy->eom(p);
	m->editing = false;
	restore_rcpts(m);
	if (m->fault) {
		m->reply.code[0] = '\0';
		v = FRAME_TEMPFAIL;
	}
	return v == FRAME_CONTINUE ? v : settle(m, p, v);
}

/*
 * msg_eom - one policy after the other, up to the first that decides
 *
 * To hold is not to decide: what is released later must have its header and its
 * signature by then, for nobody will be asked again.
 */
enum frame_verdict
msg_eom(struct msg *m)
{
	struct frame_msg	*p;

	if (m->verdict != FRAME_CONTINUE || m->pass)
		return m->verdict;
	for (p = m->pol; p < m->pol + m->npol; p++) {
		if (too_long(m))
			return busy(m, "time", true);
		if (run_eom(p) != FRAME_CONTINUE)
			break;
	}
	return m->verdict;
}

bool
frame_held(const struct frame_msg *p)
{
	return p->msg->held;
}

const void *
frame_snap(const struct frame_msg *p)
{
	return p->snap;
}

void *
frame_local(const struct frame_msg *p)
{
	return p->local;
}

const struct frame_conn *
frame_conn(const struct frame_msg *p)
{
	return p->msg->conn;
}

bool
frame_dry(const struct frame_msg *p)
{
	return p->msg->env->dry;
}

const char *
frame_qid(const struct frame_msg *p)
{
	return p->msg->qid;
}

const char *
frame_sender(const struct frame_msg *p)
{
	return p->msg->sender;
}

size_t
frame_rcpt_count(const struct frame_msg *p)
{
	return p->msg->nrcpts;
}

const char *
frame_rcpt(const struct frame_msg *p, size_t i)
{
	return p->msg->rcpts[i];
}

const struct header_list *
frame_headers(const struct frame_msg *p)
{
	return &p->msg->headers;
}

const char *
frame_body(const struct frame_msg *p, size_t *len, uint64_t *total)
{
	const struct msg	*m = p->msg;
	size_t			 keep = p->needs->keep_body;

	*len = m->body.len < keep ? m->body.len : keep;
	*total = m->body_total;
	return buf_str(&m->body);
}

void
frame_reply(struct frame_msg *p, const char *code, const char *status,
    const char *text)
{
	msg_set_reply(&p->msg->reply, code, status, text);
}

void
frame_log(const struct frame_msg *p, int priority, const char *event,
    const struct log_field *fields)
{
	struct log_field	all[LOG_FIELDS] = {
		LOG_STR("qid", p->msg->qid),
		LOG_STR("policy", p->policy->name),
	};
	size_t			n = 2;

	while (n < LOG_FIELDS - 1 && fields->kind != LOG_K_END)
		all[n++] = *fields++;
	all[n].kind = LOG_K_END;
	p->msg->env->log(p->msg->env->arg, priority, event, all);
}

void
frame_count(const struct frame_msg *p, const char *name, const char *label,
    const char *value)
{
	metrics_add(p->msg->env->metrics, name, label, value, 1);
}

void
frame_sum(const struct frame_msg *p, const char *name, const char *label,
    const char *value, uint64_t n)
{
	metrics_add(p->msg->env->metrics, name, label, value, n);
}

void
frame_peak(const struct frame_msg *p, const char *name, const char *label,
    const char *value, uint64_t n)
{
	metrics_peak(p->msg->env->metrics, name, label, value, n);
}

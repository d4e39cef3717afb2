/* SPDX-License-Identifier: BSD-2-Clause */
/* drive.c - see drive.h; printing stands in drive_print.c */
#include "frame/drive.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "frame/drive_int.h"
#include "frame/gen.h"
#include "frame/msg.h"
#include "mail/header.h"

#include "base/banned.h"

#define CHUNK		65535	/* octets of body at a time, as Postfix */
#define EVENTS_MAX	(1u << 20)

struct drive {
	struct gen	*gen;
};

int
drive_open(const struct conf *conf, const struct frame_policy *const *policies,
    struct drive **out, struct err *e)
{
	const char	*program;
	struct drive	*d;

	*out = NULL;
	/* the frame's limits come from the section that a program of these
	 * policies would read */
	program = policies[0] != NULL && policies[1] == NULL ?
	    policies[0]->name : "chain";
	if ((d = calloc(1, sizeof *d)) == NULL)
		return err_code(e, EX_OSERR, "out of memory");
	if (gen_build(conf, false, program, policies, &d->gen, e) == -1) {
		free(d);
		return -1;
	}
	*out = d;
	return 0;
}

void
drive_close(struct drive **dp)
{
	if (*dp != NULL)
		gen_drop(&(*dp)->gen);
	free(*dp);
	*dp = NULL;
}

/* record - msg_env.log: keep the line without its qid */
static void
record(void *arg, int priority, const char *event,
    const struct log_field *fields)
{
	struct drive_result	*r = arg;
	char			 line[LOG_LINE_MAX];

	(void)priority;
	(void)log_format(line, sizeof line, event, fields + 1);
	(void)buf_addf(&r->events, "%s\n", line);
}

/* or_empty - NULL becomes "" */
static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

/* whole_conn - a session without NULL in it */
static struct frame_conn
whole_conn(const struct frame_conn *in)
{
	struct frame_conn	c = *in;

	c.client_name = or_empty(in->client_name);
	c.client_addr = or_empty(in->client_addr);
	c.daemon_name = or_empty(in->daemon_name);
	c.daemon_port = or_empty(in->daemon_port);
	c.daemon_addr = or_empty(in->daemon_addr);
	c.sasl_login = or_empty(in->sasl_login);
	c.hostname = or_empty(in->hostname);
	return c;
}

/* add_crlf - append text with every line end as CRLF */
static int
add_crlf(struct buf *out, const char *s, size_t n)
{
	const char	*nl;
	size_t		 k;

	while (n > 0) {
		nl = memchr(s, '\n', n);
		k = nl != NULL ? (size_t)(nl - s) : n;
		(void)buf_add(out, s, k);
		if (nl == NULL)
			break;
		if (k == 0 || s[k - 1] != '\r')
			(void)buf_addc(out, '\r');
		(void)buf_addc(out, '\n');
		s += k + 1;
		n -= k + 1;
	}
	return out->failed ? -1 : 0;
}

/* play_rcpts - 0, or -1 without memory */
static int
play_rcpts(struct drive_result *r, const char *const *rcpts)
{
	static const char *const	 nobody[] = { NULL };
	struct drive_rcpt		*v;
	size_t				 n = 0;

	if (rcpts == NULL)
		rcpts = nobody;
	while (rcpts[n] != NULL)
		n++;
	if ((v = calloc(n + 1, sizeof *v)) == NULL)
		return -1;
	r->rcpts = v;
	for (; r->nrcpts < n; r->nrcpts++, v++) {
		if ((v->rcpt = strdup(rcpts[r->nrcpts])) == NULL)
			return -1;
		v->verdict = msg_rcpt(r->msg, v->rcpt);
		drive_reply_text(v->verdict, &r->msg->reply, v->reply);
	}
	return 0;
}

/* play_data - header, body, end of message; 0, or -1 without memory */
static int
play_data(struct drive_result *r, const char *raw, size_t len)
{
	struct header_list	 h;
	bool			 cut;
	long			 at;
	size_t			 i, n;

	header_list_init(&h);
	/* the limits are msg_header()'s, which says so; a parser that leaves
	 * out a field would change the message */
	at = header_parse(raw, len, (size_t)-1, (size_t)-1, &h, &cut);
	if (at == -1) {
		header_list_free(&h);
		return -1;
	}
	for (i = 0; i < h.n; i++)
		(void)msg_header(r->msg, h.v[i].name, h.v[i].value,
		    h.v[i].value_len);
	header_list_free(&h);
	(void)msg_eoh(r->msg);
	if (add_crlf(&r->body, raw + at, len - (size_t)at) == -1)
		return -1;
	for (i = 0; i < r->body.len && !msg_enough(r->msg); i += n) {
		n = r->body.len - i < CHUNK ? r->body.len - i : CHUNK;
		(void)msg_body(r->msg, r->body.data + i, n);
	}
	(void)msg_eom(r->msg);
	return 0;
}

/* compose - the message as the MTA would now hold it */
static int
compose(struct drive_result *r)
{
	const struct header_list	*h = &r->msg->headers;
	const struct buf		*body = &r->body;
	size_t				 i;

	for (i = 0; i < r->msg->plan.n; i++)
		if (r->msg->plan.v[i].kind == EDIT_BODY)
			body = &r->msg->body;
	for (i = 0; i < h->n; i++) {
		(void)buf_addf(&r->message, "%s:", h->v[i].name);
		(void)add_crlf(&r->message, h->v[i].value, h->v[i].value_len);
		(void)buf_adds(&r->message, "\r\n");
	}
	(void)buf_adds(&r->message, "\r\n");
	(void)buf_add(&r->message, buf_str(body), body->len);
	return r->message.failed ? -1 : 0;
}

/* result_new - empty; limits follow from the size of what is played */
static struct drive_result *
result_new(const struct drive_input *in)
{
	struct drive_result	*r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	r->env.dry = true;
	r->env.log = record;
	r->env.arg = r;
	r->conn = whole_conn(&in->conn);
	buf_init(&r->events, EVENTS_MAX);
	buf_init(&r->body, 2 * in->raw_len + 16);
	buf_init(&r->message, (size_t)1 << 32);
	buf_init(&r->plan, 2 * PLAN_OCTETS_MAX);
	return r;
}

int
drive_run(struct drive *d, const struct drive_input *in,
    struct drive_result **out, struct err *e)
{
	struct drive_result	*r;
	const char		*raw = or_empty(in->raw), *nl;
	size_t			 len = in->raw != NULL ? in->raw_len : 0;

	*out = NULL;
	if ((r = result_new(in)) == NULL)
		return err_code(e, EX_OSERR, "out of memory");
	if (msg_open(d->gen, &r->conn, &r->env,
	    in->sender != NULL ? in->sender : "<>", &r->msg) == -1)
		goto fail;
	msg_set_qid(r->msg, in->qid);
	/* the line that mbox files put in front is none of the message */
	if (len > 5 && memcmp(raw, "From ", 5) == 0 &&
	    (nl = memchr(raw, '\n', len)) != NULL) {
		len -= (size_t)(nl + 1 - raw);
		raw = nl + 1;
	}
	(void)msg_mail(r->msg);
	if (play_rcpts(r, in->rcpts) == -1 || play_data(r, raw, len) == -1 ||
	    compose(r) == -1 || plan_print(&r->msg->plan, &r->plan) == -1)
		goto fail;
	drive_reply_text(r->msg->verdict, &r->msg->reply, r->reply);
	*out = r;
	return 0;
fail:
	drive_result_free(&r);
	return err_code(e, EX_OSERR, "out of memory");
}

void
drive_result_free(struct drive_result **rp)
{
	struct drive_result	*r = *rp;
	size_t			 i;

	*rp = NULL;
	if (r == NULL)
		return;
	msg_close(&r->msg);
	for (i = 0; i < r->nrcpts; i++)
		free(r->rcpts[i].rcpt);
	free(r->rcpts);
	buf_free(&r->events);
	buf_free(&r->body);
	buf_free(&r->message);
	buf_free(&r->plan);
	free(r);
}

enum frame_verdict
drive_verdict(const struct drive_result *r)
{
	return r->msg->verdict;
}

const char *
drive_reply(const struct drive_result *r)
{
	return r->reply;
}

enum frame_verdict
drive_rcpt_verdict(const struct drive_result *r, size_t i, const char **reply)
{
	*reply = r->rcpts[i].reply;
	return r->rcpts[i].verdict;
}

const char *
drive_plan(const struct drive_result *r)
{
	return buf_str(&r->plan);
}

const char *
drive_events(const struct drive_result *r)
{
	return buf_str(&r->events);
}

const char *
drive_message(const struct drive_result *r, size_t *len)
{
	*len = r->message.len;
	return buf_str(&r->message);
}

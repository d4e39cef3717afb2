/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter.c - libmilter's callbacks as steps of a message
 *
 * Debian's libmilter runs callbacks on a pool of workers: those of one
 * connection come one after the other, but on any thread. All state is in
 * struct conn, which hangs on the SMFICTX.
 */
#include "frame/milter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "base/log.h"
#include "frame/apply.h"
#include "frame/gate.h"
#include "frame/packet.h"

#include "base/banned.h"

/* Steps at which we may save the MTA a round trip. */
#define NR_ALL	(SMFIP_NR_CONN | SMFIP_NR_MAIL | SMFIP_NR_RCPT | \
    SMFIP_NR_DATA | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY)

struct conn {
	struct gen		*gen;		/* negotiated for this */
	unsigned long		 protocol;	/* SMFIP_ bits that hold */
	bool			 no_client;	/* the MTA named none */
	bool			 beyond;	/* one of too many */
	bool			 refused;	/* no room for this message */
	bool			 passed;	/* ... and it may go as it is */
	char			*name, *addr;
	struct buf		 told;		/* macros, see learn() */
	struct frame_conn	 facts;
	struct msg		*msg;
	struct conn		*next;		/* see leave_behind() */
};

static struct milter	*self;

/* The current generation; taken once per connection and message. */
static pthread_mutex_t	 gen_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct gen	*gen_now;

struct gen *
milter_gen(void)
{
	struct gen	*g;

	(void)pthread_mutex_lock(&gen_mutex);
	g = gen_now;
	gen_hold(g);
	(void)pthread_mutex_unlock(&gen_mutex);
	return g;
}

void
milter_set_gen(struct gen *g)
{
	struct gen	*old;

	(void)pthread_mutex_lock(&gen_mutex);
	old = gen_now;
	gen_now = g;
	(void)pthread_mutex_unlock(&gen_mutex);
	gen_drop(&old);
}

/* ---- connections ---- */

/* end_message - finish hooks, memory, and our count of messages */
static void
end_message(struct conn *c)
{
	c->refused = c->passed = false;
	if (c->msg == NULL)
		return;
	msg_close(&c->msg);
	(void)atomic_fetch_sub(&self->in_flight, 1);
}

static void
conn_free(struct conn *c)
{
	end_message(c);
	gen_drop(&c->gen);
	free(c->name);
	free(c->addr);
	buf_free(&c->told);
	free(c);
	(void)atomic_fetch_sub(&self->connections, 1);
}

/* keep - a copy of text in *to, "" without memory */
static const char *
keep(char **to, const char *text)
{
	free(*to);
	*to = text != NULL ? strdup(text) : NULL;
	return *to != NULL ? *to : "";
}

/* macro - what the MTA gives for it, never NULL */
static const char *
macro(SMFICTX *ctx, const char *name)
{
	const char	*s = smfi_getsymval(ctx, (char *)name);

	return s != NULL ? s : "";
}

static bool
in_list(const struct conf_list *l, const char *word)
{
	size_t	i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->v[i], word) == 0)
			return true;
	return false;
}

/*
 * has_client - is there an SMTP client that an answer to RCPT would reach?
 *
 * Sendmail says so: it has no address for local submission. Postfix plays
 * "localhost [127.0.0.1]" for mail from sendmail(1), but knows no
 * {client_connections} then, which its SMTP server always does.
 */
static bool
has_client(SMFICTX *ctx, const struct conn *c, const struct gen *g)
{
	if (c->no_client ||
	    in_list(&g->frame.non_smtp_daemons, c->facts.daemon_name))
		return false;
	return strncmp(macro(ctx, "v"), "Postfix", 7) != 0 ||
	    *macro(ctx, "{client_connections}") != '\0';
}

/*
 * learn - the facts that macros tell, copied: whatever comes next from the MTA
 * may free libmilter's. -1: no memory
 */
static int
learn(SMFICTX *ctx, struct conn *c, const struct gen *g)
{
	struct frame_conn	*f = &c->facts;
	struct {
		const char	*name, **fact;
		size_t		 at;
	} v[] = {
		{ "{client_addr}", &f->client_addr, 0 },
		{ "{daemon_name}", &f->daemon_name, 0 },
		{ "{daemon_port}", &f->daemon_port, 0 },
		{ "{daemon_addr}", &f->daemon_addr, 0 },
		{ "{auth_authen}", &f->sasl_login, 0 },
		{ "j", &f->hostname, 0 },
	};
	const char		*text;
	size_t			 i, n = sizeof v / sizeof *v;

	buf_reset(&c->told);
	for (i = 0; i < n; i++) {
		text = macro(ctx, v[i].name);
		v[i].at = c->told.len;
		(void)buf_add(&c->told, text, strlen(text) + 1);
	}
	if (c->told.failed)
		return -1;
	for (i = 0; i < n; i++)
		*v[i].fact = c->told.data + v[i].at;
	if (c->addr != NULL)
		f->client_addr = c->addr;
	f->client_name = c->name != NULL ? c->name : "";
	f->smtp = has_client(ctx, c, g);
	return 0;
}

/* ---- answers ---- */

/* set_reply - the text of a refusal; % stands doubled in libmilter's */
static void
set_reply(SMFICTX *ctx, const struct msg_reply *r)
{
	char	text[2 * MSG_REPLY_MAX + 1], *to = text;
	size_t	i;

	for (i = 0; r->text[i] != '\0'; i++) {
		if (r->text[i] == '%')
			*to++ = '%';
		*to++ = r->text[i];
	}
	*to = '\0';
	(void)smfi_setreply(ctx, (char *)r->code, (char *)r->status, text);
}

static sfsistat
to_smfis(enum frame_verdict v)
{
	switch (v) {
	case FRAME_CONTINUE:	return SMFIS_CONTINUE;
	case FRAME_REJECT:	return SMFIS_REJECT;
	case FRAME_TEMPFAIL:	return SMFIS_TEMPFAIL;
	case FRAME_DISCARD:	return SMFIS_DISCARD;
	}
	return SMFIS_TEMPFAIL;
}

static sfsistat
verdict(SMFICTX *ctx, const struct msg *m, enum frame_verdict v)
{
	if (v == FRAME_REJECT || v == FRAME_TEMPFAIL)
		set_reply(ctx, &m->reply);
	return to_smfis(v);
}

/*
 * step - the answer to a step before the end of message
 *
 * Where the MTA was promised no answer there is none: msg.c remembers the
 * verdict and gives it again at the next step, in the end at end of message.
 */
static sfsistat
step(SMFICTX *ctx, struct conn *c, unsigned long nr, enum frame_verdict v)
{
	sfsistat	rc;

	if ((c->protocol & nr) != 0)
		return SMFIS_NOREPLY;
	if (c->msg->pass && v == FRAME_CONTINUE)
		rc = SMFIS_ACCEPT;
	else
		rc = verdict(ctx, c->msg, v);
	if (rc != SMFIS_CONTINUE) {
		metrics_add(self->metrics, "verdicts_total", "verdict",
		    c->msg->pass ? "pass" : msg_verdict_name(v), 1);
		end_message(c);
	}
	return rc;
}

/* absent - the answer when there is no message to ask */
static sfsistat
absent(SMFICTX *ctx, struct conn *c, unsigned long nr)
{
	struct msg_reply	r;

	if (c != NULL && (c->protocol & nr) != 0)
		return SMFIS_NOREPLY;
	if (c != NULL && c->passed)
		return SMFIS_ACCEPT;
	if (c != NULL && !c->refused)
		return nr != 0 ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
	msg_set_reply(&r, "451", "4.3.2", "Too busy, try again later");
	set_reply(ctx, &r);
	return SMFIS_TEMPFAIL;
}

/* ---- negotiation ---- */

/* steps_not_needed - SMFIP_NO* bits for what no policy looks at */
static unsigned long
steps_not_needed(const struct gen *g)
{
	unsigned long	no = SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA;
	bool		body = g->all.body || g->all.keep_body > 0;
	bool		eoh = false;
	size_t		i;

	for (i = 0; i < g->n; i++)
		eoh |= g->policies[i]->eoh != NULL;
	if (!g->all.rcpts)
		no |= SMFIP_NORCPT;
	if (!g->all.headers)
		no |= SMFIP_NOHDRS;
	if (!eoh)
		no |= SMFIP_NOEOH;
	if (!body)
		no |= SMFIP_NOBODY;
	return no;
}

/* steps_without_reply - SMFIP_NR_* bits for steps where nothing is refused */
static unsigned long
steps_without_reply(const struct gen *g)
{
	unsigned long	nr = NR_ALL;
	size_t		i;

	for (i = 0; i < g->n; i++) {
		if (g->policies[i]->mail != NULL)
			nr &= ~SMFIP_NR_MAIL;
		if (g->policies[i]->rcpt != NULL)
			nr &= ~SMFIP_NR_RCPT;
	}
	return nr;
}

static unsigned long
actions_needed(const struct frame_needs *n)
{
	return (n->edits_headers ? SMFIF_ADDHDRS | SMFIF_CHGHDRS : 0) |
	    (n->edits_sender ? SMFIF_CHGFROM : 0) |
	    (n->edits_rcpts ? SMFIF_ADDRCPT | SMFIF_DELRCPT : 0) |
	    (n->edits_body ? SMFIF_CHGBODY : 0) |
	    (n->quarantines ? SMFIF_QUARANTINE : 0);
}

/* ask_macros - those that learn() and frame_qid() read, not one more */
static void
ask_macros(SMFICTX *ctx)
{
	static const struct {
		int		 where;
		const char	*names;
	} lists[] = {
		{ SMFIM_CONNECT, "j v {daemon_name} {daemon_addr} "
		    "{daemon_port} {client_addr} {client_connections}" },
		{ SMFIM_ENVFROM, "i {auth_authen}" },
		{ SMFIM_ENVRCPT, "i" },
		{ SMFIM_EOM, "i" },
	};
	size_t	i;

	for (i = 0; i < sizeof lists / sizeof *lists; i++)
		(void)smfi_setsymlist(ctx, lists[i].where,
		    (char *)lists[i].names);
}

static sfsistat
negotiate(SMFICTX *ctx, unsigned long can_act, unsigned long can_skip,
    unsigned long *act, unsigned long *skip)
{
	struct conn	*c;

	if ((c = calloc(1, sizeof *c)) == NULL)
		return SMFIS_REJECT;
	buf_init(&c->told, PACKET_MAX);
	c->gen = milter_gen();
	c->beyond = atomic_fetch_add(&self->connections, 1) >=
	    c->gen->frame.max_connections;
	*act = actions_needed(&c->gen->all);
	if ((*act & ~can_act) != 0) {
		log_event(LOG_ERR, "mta_refuses",
		    LOG_INT("actions_needed", *act),
		    LOG_INT("actions_offered", can_act));
		conn_free(c);
		return SMFIS_REJECT;
	}
	*skip = steps_not_needed(c->gen) | steps_without_reply(c->gen) |
	    SMFIP_HDR_LEADSPC;
	/* far away, the rest of a body that nobody looks at costs more than an
	 * answer that stops it */
	if (!self->listener.local && !c->gen->all.body)
		*skip = (*skip & ~SMFIP_NR_BODY) | SMFIP_SKIP;
	*skip &= can_skip;
	c->protocol = *skip;
	if ((can_act & SMFIF_SETSYMLIST) != 0)
		ask_macros(ctx);
	(void)smfi_setpriv(ctx, c);
	return SMFIS_CONTINUE;
}

static sfsistat
cb_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *pf0,
    unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
	sfsistat	rc;

	(void)f2;
	(void)f3;
	*pf2 = *pf3 = 0;
	if (!gate_enter())
		return SMFIS_REJECT;
	rc = atomic_load(&self->draining) ? SMFIS_REJECT :
	    negotiate(ctx, f0, f1, pf0, pf1);
	gate_leave();
	return rc;
}

/* ---- the dialogue ---- */

static sfsistat
on_connect(SMFICTX *ctx, struct conn *c, const char *name,
    const struct sockaddr *sa)
{
	char		 text[INET6_ADDRSTRLEN] = "";
	const void	*in = NULL;

	(void)ctx;
	(void)keep(&c->name, name);
	if (sa == NULL)
		c->no_client = true;
	else if (sa->sa_family == AF_INET)
		in = &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
	else if (sa->sa_family == AF_INET6)
		in = &((const struct sockaddr_in6 *)
		    (const void *)sa)->sin6_addr;
	if (in != NULL && inet_ntop(sa->sa_family, in, text, sizeof text))
		(void)keep(&c->addr, text);
	return (c->protocol & SMFIP_NR_CONN) != 0 ? SMFIS_NOREPLY :
	    SMFIS_CONTINUE;
}

/* refuse_message - no room: say so here, or at the first step that answers */
static sfsistat
refuse_message(SMFICTX *ctx, struct conn *c, const char *what, bool pass)
{
	log_event(LOG_WARNING, "refused_busy", LOG_STR("what", what),
	    LOG_STR("verdict", pass ? "pass" : "tempfail"),
	    LOG_INT("connections", atomic_load(&self->connections)),
	    LOG_INT("in_flight", atomic_load(&self->in_flight)));
	metrics_add(self->metrics, "busy_total", "what", what, 1);
	c->refused = true;
	c->passed = pass;
	return absent(ctx, c, SMFIP_NR_MAIL);
}

/* beyond - the limit that has no room for one more message, or NULL */
static const char *
beyond(const struct conn *c, const struct gen *g, long in_flight)
{
	if (in_flight >= g->frame.max_in_flight)
		return "messages";
	return c->beyond ? "connections" : NULL;
}

static sfsistat
on_mail(SMFICTX *ctx, struct conn *c, const char *sender)
{
	struct gen	*g = milter_gen();
	const char	*no_room;
	bool		 pass;
	int		 learned;

	end_message(c);
	/* what a reload made necessary this connection may not have been
	 * asked for; it ends under the configuration it began with */
	if (!gen_covers(c->gen, g)) {
		gen_drop(&g);
		g = c->gen;
		gen_hold(g);
	}
	learned = learn(ctx, c, g);
	no_room = beyond(c, g, atomic_fetch_add(&self->in_flight, 1));
	pass = no_room != NULL && g->frame.over_load == GEN_LOAD_PASS;
	if (no_room == NULL && atomic_load(&self->draining))
		no_room = "stopping";
	if (no_room == NULL && (learned == -1 ||
	    msg_open(g, &c->facts, &self->env, sender, &c->msg) == -1))
		no_room = "memory";
	gen_drop(&g);
	if (no_room != NULL) {
		(void)atomic_fetch_sub(&self->in_flight, 1);
		return refuse_message(ctx, c, no_room, pass);
	}
	metrics_add(self->metrics, "messages_total", NULL, NULL, 1);
	msg_set_qid(c->msg, macro(ctx, "i"));
	return step(ctx, c, SMFIP_NR_MAIL, msg_mail(c->msg));
}

static sfsistat
on_rcpt(SMFICTX *ctx, struct conn *c, const char *rcpt)
{
	enum frame_verdict	v;

	if (c->msg == NULL)
		return absent(ctx, c, SMFIP_NR_RCPT);
	msg_set_qid(c->msg, macro(ctx, "i"));
	v = msg_rcpt(c->msg, rcpt);
	if ((c->protocol & SMFIP_NR_RCPT) != 0)
		return SMFIS_NOREPLY;
	if (v == FRAME_DISCARD)
		return step(ctx, c, SMFIP_NR_RCPT, v);
	/* a refused recipient ends nothing: the others go on */
	return verdict(ctx, c->msg, v);
}

/*
 * on_eom - the last word: verdict, or the plan and then the verdict
 */
static sfsistat
on_eom(SMFICTX *ctx, struct conn *c)
{
	enum frame_verdict	 v;
	enum edit_kind		 kind;
	const struct edit	*ed;
	struct msg		*m = c->msg;

	if (m == NULL)
		return absent(ctx, c, 0);
	msg_set_qid(m, macro(ctx, "i"));
	v = msg_eom(m);
	if (v != FRAME_CONTINUE || m->pass)
		return step(ctx, c, 0, v);
	if (apply_plan(ctx, m, (c->protocol & SMFIP_HDR_LEADSPC) != 0,
	    &kind) == -1) {
		/* half of the plan may be out: the message must not be taken */
		log_event(LOG_ERR, "apply_failed", LOG_STR("qid", m->qid),
		    LOG_STR("edit", plan_kind_name(kind)));
		msg_set_reply(&m->reply, "451", "4.3.0", "Try again later");
		return step(ctx, c, 0, FRAME_TEMPFAIL);
	}
	for (ed = m->plan.v; ed < m->plan.v + m->plan.n; ed++)
		metrics_add(self->metrics, "edits_total", "kind",
		    plan_kind_name(ed->kind), 1);
	metrics_add(self->metrics, "verdicts_total", "verdict", "continue", 1);
	end_message(c);
	return SMFIS_CONTINUE;
}

/* enter - the connection of a callback that may go ahead, else NULL */
static struct conn *
enter(SMFICTX *ctx)
{
	struct conn	*c;

	if (!gate_enter())
		return NULL;
	if ((c = smfi_getpriv(ctx)) == NULL)
		gate_leave();
	return c;
}

/* leave - and the callback's answer */
static sfsistat
leave(sfsistat rc)
{
	gate_leave();
	return rc;
}

static sfsistat
cb_connect(SMFICTX *ctx, char *name, struct sockaddr *sa)
{
	struct conn	*c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	return leave(on_connect(ctx, c, name, sa));
}

static sfsistat
cb_mail(SMFICTX *ctx, char **argv)
{
	struct conn	*c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	return leave(on_mail(ctx, c, argv[0] != NULL ? argv[0] : "<>"));
}

static sfsistat
cb_rcpt(SMFICTX *ctx, char **argv)
{
	struct conn	*c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	return leave(on_rcpt(ctx, c, argv[0] != NULL ? argv[0] : ""));
}

static sfsistat
cb_header(SMFICTX *ctx, char *name, char *value)
{
	struct conn		*c = enter(ctx);
	enum frame_verdict	 v;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (c->msg == NULL)
		return leave(absent(ctx, c, SMFIP_NR_HDR));
	v = msg_header(c->msg, name, value, strlen(value));
	return leave(step(ctx, c, SMFIP_NR_HDR, v));
}

static sfsistat
cb_eoh(SMFICTX *ctx)
{
	struct conn	*c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (c->msg == NULL)
		return leave(absent(ctx, c, SMFIP_NR_EOH));
	msg_set_qid(c->msg, macro(ctx, "i"));
	return leave(step(ctx, c, SMFIP_NR_EOH, msg_eoh(c->msg)));
}

static sfsistat
cb_body(SMFICTX *ctx, unsigned char *p, size_t n)
{
	struct conn	*c = enter(ctx);
	sfsistat	 rc;

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	if (c->msg == NULL)
		return leave(absent(ctx, c, SMFIP_NR_BODY));
	rc = step(ctx, c, SMFIP_NR_BODY, msg_body(c->msg, p, n));
	if (rc == SMFIS_CONTINUE && (c->protocol & SMFIP_SKIP) != 0 &&
	    msg_enough(c->msg))
		rc = SMFIS_SKIP;
	return leave(rc);
}

static sfsistat
cb_eom(SMFICTX *ctx)
{
	struct conn	*c = enter(ctx);

	if (c == NULL)
		return SMFIS_TEMPFAIL;
	return leave(on_eom(ctx, c));
}

static sfsistat
cb_abort(SMFICTX *ctx)
{
	struct conn	*c = enter(ctx);

	if (c == NULL)
		return SMFIS_CONTINUE;
	if (c->msg != NULL)
		metrics_add(self->metrics, "verdicts_total", "verdict",
		    "abort", 1);
	end_message(c);
	return leave(SMFIS_CONTINUE);
}

/*
 * leave_behind - a connection that ends after the gate was closed
 *
 * Its generation must not be touched any more, and the program is about to
 * end. The list is there so that the search for leaks sees that it is ours.
 */
static void
leave_behind(struct conn *c)
{
	static _Atomic(struct conn *)	left;

	if (c != NULL)
		c->next = atomic_exchange(&left, c);
}

static sfsistat
cb_close(SMFICTX *ctx)
{
	struct conn	*c = enter(ctx);

	if (c == NULL) {
		leave_behind(smfi_getpriv(ctx));
		return SMFIS_CONTINUE;
	}
	(void)smfi_setpriv(ctx, NULL);
	if (c->msg != NULL)
		metrics_add(self->metrics, "verdicts_total", "verdict",
		    "abort", 1);
	conn_free(c);
	return leave(SMFIS_CONTINUE);
}

/* ---- start and stop ---- */

/* to_log - msg_env.log */
static void
to_log(void *arg, int priority, const char *event,
    const struct log_field *fields)
{
	(void)arg;
	log_write(priority, event, fields);
}

int
milter_setup(struct milter *m, struct err *e)
{
	struct gen	*g = milter_gen();
	struct smfiDesc	 desc = {
		.xxfi_name = (char *)m->name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY |
		    SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_CHGFROM |
		    SMFIF_QUARANTINE | SMFIF_SETSYMLIST,
		.xxfi_negotiate = cb_negotiate,
		.xxfi_connect = cb_connect,
		.xxfi_envfrom = cb_mail, .xxfi_envrcpt = cb_rcpt,
		.xxfi_header = cb_header, .xxfi_eoh = cb_eoh,
		.xxfi_body = cb_body, .xxfi_eom = cb_eom,
		.xxfi_abort = cb_abort, .xxfi_close = cb_close,
	};
	char		 conn[16];
	int		 fd, timeout = (int)g->frame.io_timeout;

	gen_drop(&g);
	if (packet_setup(m->listener.local, e) == -1)
		return -1;
	self = m;
	m->env.metrics = m->metrics;
	m->env.octets = &m->octets;
	m->env.log = to_log;
	/* libmilter closes its descriptor when told to stop, while it still
	 * waits there: with ours the socket lives on and can be poked */
	if ((fd = fcntl(m->listener.fd, F_DUPFD_CLOEXEC, 3)) == -1)
		return err_code(e, EX_OSERR, "socket: %s", strerror(errno));
	(void)snprintf(conn, sizeof conn, "fd:%d", fd);
	(void)smfi_setmaxdatasize(PACKET_MAX);
	if (smfi_setconn(conn) != MI_SUCCESS ||
	    smfi_settimeout(timeout) != MI_SUCCESS ||
	    smfi_setbacklog(SOMAXCONN) != MI_SUCCESS ||
	    smfi_register(desc) != MI_SUCCESS ||
	    smfi_opensocket(false) != MI_SUCCESS)
		return err_set(e, "libmilter does not take the socket; see "
		    "its lines in the log");
	return 0;
}

int
milter_run(struct milter *m)
{
	int	rc = smfi_main() == MI_SUCCESS ? 0 : -1;

	atomic_store(&m->ended, true);
	return rc;
}

/* poker - connect again and again until libmilter has ended */
static void *
poker(void *arg)
{
	struct milter	*m = arg;

	while (!atomic_load(&m->ended)) {
		listen_poke(&m->listener);
		(void)usleep(10000);
	}
	return NULL;
}

/*
 * milter_stop - smfi_stop(), without the 5 s that it may take
 *
 * It wants a lock that libmilter's listener holds while it waits for a
 * connection, at most 5 s; a connection makes it let go. A stop that comes
 * before smfi_main() has begun is forgotten by it: so again, now and then.
 */
void
milter_stop(struct milter *m)
{
	pthread_t	thread;
	int		rc, i;

	atomic_store(&m->stopping, true);
	rc = pthread_create(&thread, NULL, poker, m);
	do {
		(void)smfi_stop();
		for (i = 0; i < 50 && !atomic_load(&m->ended); i++)
			(void)usleep(10000);
	} while (!atomic_load(&m->ended));
	if (rc == 0)
		(void)pthread_join(thread, NULL);
}

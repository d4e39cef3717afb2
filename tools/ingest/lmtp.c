/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lmtp.c - one LMTP connection (RFC 2033)
 *
 * After the final dot, one reply for each recipient: 250 only when what became
 * of it is on disk, 451 when the store cannot say or take it; the client keeps
 * the mail then. A message ends at CRLF.CRLF and nowhere else. Replies are
 * gathered while the client's pipelined commands are still in the buffer.
 */
#include "ingest/ingest.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

#define IN_SIZE		65536
#define OUT_MAX		131072
#define LINE_LIMIT	2048	/* octets of a command, CRLF included */
#define PATH_SIZE	1024
#define BAD_MAX		20	/* wrong commands before 421 */
#define GROW_STEP	65536	/* memory is reserved so at a time */

struct session {
	struct ingest	*in;
	struct snap	*snap;
	int		 fd;
	char		 id[24];	/* "12" connection, "12.3" message */
	unsigned long	 number, messages;
	char		 inbuf[IN_SIZE];
	size_t		 pos, end;
	struct buf	 out;
	struct buf	 mail;
	long		 reserved;	/* of in->memory */
	int64_t		 deadline;	/* of the message, microseconds */
	bool		 hello, have_sender, closed;
	char		 sender[PATH_SIZE];
	char		 client[CLIENT_SIZE];	/* XFORWARD: of this message */
	char		 (*rcpt)[PATH_SIZE];
	size_t		 nrcpt;
	unsigned	 bad;
};

static void
reply(struct session *s, const char *line)
{
	(void)buf_adds(&s->out, line);
	(void)buf_adds(&s->out, "\r\n");
}

/* flush - send what was gathered; false when the client is gone */
static bool
flush(struct session *s)
{
	size_t		off = 0;
	ssize_t		n;
	struct pollfd	p = { s->fd, POLLOUT, 0 };

	while (off < s->out.len) {
		n = send(s->fd, s->out.data + off, s->out.len - off,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			off += (size_t)n;
			continue;
		}
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK)
			break;
		if (poll(&p, 1, (int)s->snap->ingest.timeout * 1000) <= 0)
			break;
	}
	s->closed |= off < s->out.len || s->out.failed;
	buf_reset(&s->out);
	return !s->closed;
}

/* wait_ms - how long the next read may take */
static int
wait_ms(const struct session *s)
{
	int64_t	left, ms = (int64_t)s->snap->ingest.timeout * 1000;

	if (s->deadline != 0) {
		left = (s->deadline - clock_mono_us()) / 1000;
		ms = left < ms ? left : ms;
	}
	return ms > 0 ? (int)ms : 0;
}

/* fill - read more; false at the end, the timeout, or when we stop */
static bool
fill(struct session *s)
{
	struct pollfd	p = { s->fd, POLLIN, 0 };
	ssize_t		n;
	int		rc;

	if (!flush(s))
		return false;
	if (s->pos > 0) {
		memmove(s->inbuf, s->inbuf + s->pos, s->end - s->pos);
		s->end -= s->pos;
		s->pos = 0;
	}
	do {
		rc = poll(&p, 1, wait_ms(s));
	} while (rc == -1 && errno == EINTR);
	if (rc == 0) {
		reply(s, "421 4.4.2 Timeout, closing connection");
		(void)flush(s);
		return false;
	}
	do {
		n = recv(s->fd, s->inbuf + s->end, sizeof s->inbuf - s->end,
		    0);
	} while (n == -1 && errno == EINTR);
	if (n <= 0)
		return false;
	s->end += (size_t)n;
	return true;
}

/* command - the next line, CRLF (or LF) cut; NULL at the end */
static char *
command(struct session *s)
{
	char	*nl, *line;

	for (;;) {
		nl = memchr(s->inbuf + s->pos, '\n', s->end - s->pos);
		if (nl != NULL)
			break;
		if (s->end - s->pos >= LINE_LIMIT) {
			reply(s, "421 5.5.2 Line too long, closing");
			(void)flush(s);
			return NULL;
		}
		if (!fill(s))
			return NULL;
	}
	line = s->inbuf + s->pos;
	s->pos = (size_t)(nl + 1 - s->inbuf);
	*nl = '\0';
	if (nl > line && nl[-1] == '\r')
		nl[-1] = '\0';
	return line;
}

/* forget - the transaction and its memory */
static void
forget(struct session *s)
{
	s->have_sender = false;
	s->client[0] = '\0';
	s->nrcpt = 0;
	buf_free(&s->mail);
	atomic_fetch_sub(&s->in->memory, s->reserved);
	s->reserved = 0;
	s->deadline = 0;
}

/* path_of - "<ann@example.com>" behind the colon; its end, or NULL */
static const char *
path_of(const char *p, char out[PATH_SIZE])
{
	const char	*end;
	bool		 quoted = false;

	p += strspn(p, " ");
	if (*p++ != '<')
		return NULL;
	for (end = p; *end != '\0' && (quoted || *end != '>'); end++) {
		if (*end == '\\' && end[1] != '\0')
			end++;
		else if (*end == '"')
			quoted = !quoted;
	}
	if (*end != '>' || end - p >= PATH_SIZE)
		return NULL;
	memcpy(out, p, (size_t)(end - p));
	out[end - p] = '\0';
	return end + 1;
}

static void
do_lhlo(struct session *s)
{
	char	size[40];

	forget(s);
	s->hello = true;
	(void)snprintf(size, sizeof size, "250-SIZE %ld",
	    s->snap->ingest.max_message_size);
	reply(s, "250-mailweir-ingest");
	reply(s, "250-PIPELINING");
	reply(s, size);
	reply(s, "250-8BITMIME");
	reply(s, "250-SMTPUTF8");
	reply(s, "250-XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE");
	reply(s, "250 ENHANCEDSTATUSCODES");
}

static void
do_xforward(struct session *s, const char *arg)
{
	if (!s->hello || s->have_sender)
		reply(s, "503 5.5.1 Between messages only");
	else
		reply(s, xforward(arg, s->client) ? "250 2.0.0 Ok" :
		    "501 5.5.4 XFORWARD NAME=VALUE");
}

static void
do_mail(struct session *s, const char *arg)
{
	const char	*p, *size;

	if (!s->hello || s->have_sender) {
		reply(s, s->hello ? "503 5.5.1 Sender already given" :
		    "503 5.5.1 LHLO first");
		return;
	}
	if ((p = path_of(arg, s->sender)) == NULL) {
		reply(s, "501 5.5.4 MAIL FROM:<address>");
		return;
	}
	if ((size = strcasestr(p, " SIZE=")) != NULL &&
	    strtoll(size + 6, NULL, 10) > s->snap->ingest.max_message_size) {
		reply(s, "552 5.3.4 Message too big");
		return;
	}
	s->have_sender = true;
	reply(s, "250 2.1.0 Ok");
}

static void
do_rcpt(struct session *s, const char *arg)
{
	if (!s->have_sender) {
		reply(s, "503 5.5.1 MAIL first");
		return;
	}
	if (s->nrcpt >= (size_t)s->snap->ingest.max_recipients) {
		reply(s, "452 4.5.3 Too many recipients");
		return;
	}
	if (s->rcpt == NULL && (s->rcpt = calloc(
	    (size_t)s->snap->ingest.max_recipients, PATH_SIZE)) == NULL) {
		reply(s, "452 4.3.1 Out of memory");
		return;
	}
	if (path_of(arg, s->rcpt[s->nrcpt]) == NULL ||
	    s->rcpt[s->nrcpt][0] == '\0') {
		reply(s, "501 5.5.4 RCPT TO:<address>");
		return;
	}
	s->nrcpt++;
	reply(s, "250 2.1.5 Ok");
}

/* reserve - n more octets of the memory all sessions share */
static bool
reserve(struct session *s, size_t n)
{
	long	step;

	if (s->mail.len + n <= (size_t)s->reserved)
		return true;
	step = (long)(n > GROW_STEP ? n : GROW_STEP);
	if (atomic_fetch_add(&s->in->memory, step) + step >
	    s->snap->ingest.max_memory) {
		atomic_fetch_sub(&s->in->memory, step);
		return false;
	}
	s->reserved += step;
	return true;
}

/* Why a message is not kept while the rest of it is read. */
enum data_state { DATA_OK, DATA_TOO_BIG, DATA_NO_MEMORY };

/* keep - a run of octets of the message */
static void
keep(struct session *s, const char *p, size_t n, enum data_state *st)
{
	if (*st != DATA_OK || n == 0)
		return;
	if (s->mail.len + n > s->mail.max)
		*st = DATA_TOO_BIG;
	else if (!reserve(s, n) || buf_add(&s->mail, p, n) == -1)
		*st = DATA_NO_MEMORY;
	if (*st != DATA_OK)
		buf_free(&s->mail);
}

/*
 * one_line - take the next line, or part of one, from the input
 *
 * start: it begins a line (the octet before was CRLF's LF). Returns 1 at the
 * lone dot, 0 when something was taken, -1 when more input is needed.
 */
static int
one_line(struct session *s, bool *start, enum data_state *st)
{
	char	*p = s->inbuf + s->pos, *nl;
	size_t	 n = s->end - s->pos, len;

	if (*start && n > 0 && p[0] == '.') {
		if (n < 3 && !(n == 2 && p[1] != '\r'))
			return -1;
		if (n >= 3 && p[1] == '\r' && p[2] == '\n') {
			s->pos += 3;
			return 1;
		}
		p++, n--, s->pos++;		/* dot-stuffed */
	}
	if (n == 0)
		return -1;
	nl = memchr(p, '\n', n);
	len = nl != NULL ? (size_t)(nl - p) + 1 : n;
	/* a CR at the very end may be half of CRLF: leave it for later */
	if (nl == NULL && p[len - 1] == '\r' && --len == 0)
		return -1;
	*start = nl != NULL && len >= 2 && p[len - 2] == '\r';
	keep(s, p, len, st);
	s->pos += len;
	return 0;
}

/* receive - the message up to its dot; false when the client went away */
static bool
receive(struct session *s, enum data_state *st)
{
	bool	start = true;
	int	rc;

	buf_init(&s->mail, (size_t)s->snap->ingest.max_message_size);
	s->deadline = clock_mono_us() +
	    (int64_t)s->snap->ingest.data_timeout * 1000000;
	for (;;) {
		rc = one_line(s, &start, st);
		if (rc == 1)
			return true;
		if (rc == -1 && !fill(s))
			return false;
	}
}

static void
do_data(struct session *s)
{
	struct belief_way way = { s->sender, s->client };
	enum data_state	 st = DATA_OK;
	size_t		 i;
	bool		 done;

	if (s->nrcpt == 0) {
		reply(s, "503 5.5.1 RCPT first");
		return;
	}
	reply(s, "354 End with <CRLF>.<CRLF>");
	if (!receive(s, &st)) {
		s->closed = true;
		return;
	}
	s->messages++;
	(void)snprintf(s->id, sizeof s->id, "%lu.%lu", s->number,
	    s->messages);
	for (i = 0; i < s->nrcpt; i++) {
		if (st == DATA_TOO_BIG) {
			reply(s, "552 5.3.4 Message too big");
			continue;
		}
		if (st == DATA_NO_MEMORY) {
			reply(s, "452 4.3.1 Too much mail in hand");
			continue;
		}
		done = deliver(s->in, &s->snap->apply, s->id,
		    buf_str(&s->mail), s->mail.len, &way, s->rcpt[i]);
		reply(s, done ? "250 2.0.0 Taken" :
		    "451 4.3.0 The store cannot take it now");
	}
	if (st != DATA_OK)
		log_event(LOG_WARNING, "feedback_refused",
		    LOG_STR("id", s->id), LOG_STR("to", s->rcpt[0]),
		    LOG_STR("why", st == DATA_TOO_BIG ?
		    "larger than max_message_size" :
		    "max_memory is in use"));
	forget(s);
}

/* verb - does the line begin with it? The rest, or NULL */
static const char *
verb(const char *line, const char *v)
{
	size_t	n = strlen(v);

	if (strncasecmp(line, v, n) != 0 ||
	    (v[n - 1] != ':' && line[n] != '\0' && line[n] != ' '))
		return NULL;
	return line + n;
}

/* obey - one command; false = the connection ends */
static bool
obey(struct session *s, const char *line)
{
	const char	*arg;

	if ((arg = verb(line, "MAIL FROM:")) != NULL) {
		do_mail(s, arg);
	} else if ((arg = verb(line, "RCPT TO:")) != NULL) {
		do_rcpt(s, arg);
	} else if (verb(line, "DATA") != NULL) {
		do_data(s);
		return !s->closed;
	} else if (verb(line, "LHLO") != NULL) {
		do_lhlo(s);
	} else if ((arg = verb(line, "XFORWARD")) != NULL) {
		do_xforward(s, arg);
	} else if (verb(line, "RSET") != NULL) {
		forget(s);
		reply(s, "250 2.0.0 Ok");
	} else if (verb(line, "NOOP") != NULL) {
		reply(s, "250 2.0.0 Ok");
	} else if (verb(line, "VRFY") != NULL) {
		reply(s, "252 2.5.0 Send it and see");
	} else if (verb(line, "QUIT") != NULL) {
		reply(s, "221 2.0.0 Bye");
		return false;
	} else if (verb(line, "HELO") != NULL || verb(line, "EHLO") != NULL) {
		reply(s, "500 5.5.1 This is LMTP: LHLO");
		s->bad++;
	} else {
		reply(s, "500 5.5.2 Unknown command");
		s->bad++;
	}
	if (s->bad >= BAD_MAX) {
		reply(s, "421 5.5.1 Too many errors");
		return false;
	}
	return true;
}

/* renew - between messages, take the latest configuration */
static void
renew(struct session *s)
{
	struct snap	*now;

	if (s->have_sender || s->rcpt != NULL)
		return;
	now = ingest_snap(s->in);
	snap_release(s->snap);
	s->snap = now;
}

void
lmtp_session(struct ingest *in, int fd, unsigned long id)
{
	struct session	*s = calloc(1, sizeof *s);
	char		*line;

	if (s == NULL)
		return;
	s->in = in;
	s->fd = fd;
	s->number = id;
	s->snap = ingest_snap(in);
	buf_init(&s->out, OUT_MAX);
	reply(s, "220 mailweir-ingest LMTP");
	while (!s->closed && !atomic_load(&in->stopping) &&
	    (line = command(s)) != NULL) {
		renew(s);
		if (!obey(s, line))
			break;
		if (!s->have_sender) {
			free(s->rcpt);
			s->rcpt = NULL;
		}
	}
	if (atomic_load(&in->stopping) && !s->closed)
		reply(s, "421 4.3.2 Stopping");
	(void)flush(s);
	forget(s);
	free(s->rcpt);
	buf_free(&s->out);
	snap_release(s->snap);
	free(s);
}

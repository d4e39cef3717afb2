/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - mailweir-ingest: bounces, complaints and unsubscribes come in
 *
 * By LMTP (the service), from a Maildir, or one on standard input.
 */
#include "ingest/ingest.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

#include "base/banned.h"

static const char	usage_text[] =
    "usage: mailweir-ingest [-c FILE] [-d] [-p SOCKET]\n"
    "       mailweir-ingest [-c FILE] [-d] --maildir DIR [--once]\n"
    "       mailweir-ingest [-c FILE] [-d] --stdin [-f SENDER] [-r RCPT]\n"
    "       mailweir-ingest [-c FILE] -n | -H | -V | -h\n";

struct options {
	const char	*conf, *socket, *maildir, *sender, *rcpt;
	bool		 to_stderr, check, print, once, from_stdin;
	int		 exit;		/* -1: go on */
};

static void
options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "maildir", required_argument, NULL, 'M' },
		{ "once", no_argument, NULL, 'O' },
		{ "stdin", no_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 }
	};
	int	c;

	while ((c = getopt_long(argc, argv, "c:dnHp:f:r:Vh", longs,
	    NULL)) != -1) {
		switch (c) {
		case 'c':	o->conf = optarg;	break;
		case 'd':	o->to_stderr = true;	break;
		case 'n':	o->check = true;	break;
		case 'H':	o->print = true;	break;
		case 'p':	o->socket = optarg;	break;
		case 'f':	o->sender = optarg;	break;
		case 'r':	o->rcpt = optarg;	break;
		case 'M':	o->maildir = optarg;	break;
		case 'O':	o->once = true;		break;
		case 'S':	o->from_stdin = true;	break;
		case 'V':
			puts("mailweir-ingest " MAILWEIR_VERSION);
			o->exit = EX_OK;
			return;
		case 'h':
			fputs(usage_text, stdout);
			o->exit = EX_OK;
			return;
		default:
			fputs(usage_text, stderr);
			o->exit = EX_USAGE;
			return;
		}
	}
	if (optind < argc || (o->from_stdin && o->maildir != NULL)) {
		fputs(usage_text, stderr);
		o->exit = EX_USAGE;
	}
}

/* bare - an address as -r or the environment gives it, without brackets */
static const char *
bare(const char *s, char *out, size_t size)
{
	size_t	n;

	if (s == NULL)
		return NULL;
	n = strlen(s);
	if (n >= 2 && s[0] == '<' && s[n - 1] == '>') {
		(void)snprintf(out, size, "%.*s", (int)n - 2, s + 1);
		return out;
	}
	return s;
}

int
stdin_run(struct ingest *in, const char *sender, const char *rcpt)
{
	struct buf	b = BUF_INIT((size_t)in->snap->ingest.max_message_size);
	char		tmp[65536], a[1024], f[1024];
	struct belief_way way = { "", "" };
	ssize_t		n;
	bool		done;

	/* Postfix's local(8) says in the environment whom it is for */
	if (rcpt == NULL && (rcpt = getenv("ORIGINAL_RECIPIENT")) == NULL)
		rcpt = getenv("RECIPIENT");
	if (sender == NULL)
		sender = getenv("SENDER");
	while ((n = read(STDIN_FILENO, tmp, sizeof tmp)) > 0)
		if (buf_add(&b, tmp, (size_t)n) == -1)
			break;
	if (n != 0) {
		log_event(LOG_ERR, "feedback_failed", LOG_STR("id", "stdin"),
		    LOG_STR("to", rcpt), LOG_STR("why", n == -1 ?
		    strerror(errno) : "larger than max_message_size"));
		buf_free(&b);
		return n == -1 ? EX_IOERR : EX_DATAERR;
	}
	if (sender != NULL)
		way.sender = bare(sender, f, sizeof f);
	done = deliver(in, &in->snap->apply, "stdin", buf_str(&b), b.len,
	    &way, bare(rcpt, a, sizeof a));
	buf_free(&b);
	return done ? EX_OK : EX_TEMPFAIL;
}

/* run - with a configuration that is good */
static int
run(const struct options *o, struct snap *s)
{
	struct ingest	 in = { .lock = PTHREAD_MUTEX_INITIALIZER,
	    .snap = s };
	struct err	 e = { "", 0 };
	int		 rc;

	atomic_init(&in.stopping, false);
	atomic_init(&in.memory, 0);
	if (metrics_open(s->common.run_dir, "ingest", &in.metrics, &e) == -1)
		log_event(LOG_WARNING, "metrics_failed",
		    LOG_STR("why", e.msg));
	if (o->from_stdin)
		rc = stdin_run(&in, o->sender, o->rcpt);
	else if (o->maildir != NULL)
		rc = maildir_run(&in, o->conf, o->maildir, o->once);
	else
		rc = service_run(&in, o->conf, o->socket);
	metrics_close(&in.metrics);
	snap_release(in.snap);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options	 o = { .conf = CONF_FILE, .exit = -1 };
	struct snap	*s;
	struct err	 e = { "", 0 };

	options(argc, argv, &o);
	if (o.exit != -1)
		return o.exit;
	if (o.print) {
		conf_print(ingest_schemas);
		return EX_OK;
	}
	log_open("mailweir-ingest", o.to_stderr || o.check);
	if (snap_load(o.conf, !o.check, &s, &e) == -1) {
		fprintf(stderr, "mailweir-ingest: %s\n", e.msg);
		if (!o.to_stderr && !o.check)
			log_event(LOG_ERR, "start_failed",
			    LOG_STR("why", e.msg));
		/* mail that a delivery agent holds must be kept by it */
		if (o.from_stdin)
			return EX_TEMPFAIL;
		return e.code != 0 ? e.code : EX_CONFIG;
	}
	if (o.check) {
		snap_release(s);
		return EX_OK;
	}
	return run(&o, s);
}

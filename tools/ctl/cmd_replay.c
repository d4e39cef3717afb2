/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_replay.c - what the milters would do with a message, without an MTA */
#include "ctl/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "ctl/cmds.h"
#include "ctl/programs.h"
#include "frame/drive.h"
#include "mail/addr.h"
#include "mail/header.h"

#include "base/banned.h"

#define MESSAGE_MAX	(256u << 20)
#define RCPTS_MAX	1000
#define POLICIES_MAX	8
#define PATH_SIZE	1024		/* "<address>" */

struct replay {
	struct drive_input	 in;
	char			*rcpts[RCPTS_MAX + 1];
	size_t			 nrcpts;
	char			 sender[PATH_SIZE];
	const struct frame_policy *policies[POLICIES_MAX + 1];
	size_t			 npolicies;
	const char		*output;
	bool			 json;
	char			*message;
	size_t			 len;
};

/* add_rcpt - "a@b" or "<a@b>", kept as the latter; 0, or -1 when full */
static int
add_rcpt(struct replay *r, const char *addr, size_t len)
{
	char	path[PATH_SIZE];

	if (len > 1 && addr[0] == '<' && addr[len - 1] == '>') {
		addr++;
		len -= 2;
	}
	(void)snprintf(path, sizeof path, "<%.*s>", (int)len, addr);
	if (r->nrcpts == RCPTS_MAX ||
	    (r->rcpts[r->nrcpts] = strdup(path)) == NULL)
		return -1;
	r->nrcpts++;
	return 0;
}

static int
each_rcpt(void *arg, const char *spec, size_t len)
{
	return add_rcpt(arg, spec, len);
}

static int
each_sender(void *arg, const char *spec, size_t len)
{
	struct replay	*r = arg;

	(void)snprintf(r->sender, sizeof r->sender, "<%.*s>", (int)len, spec);
	return 1;
}

/* guess - the envelope from the header, where no option gave it */
static void
guess(struct replay *r)
{
	static const char *const to[] = { "To", "Cc", "Bcc" };
	struct header_list	 h;
	const struct header	*f;
	bool			 cut, all = r->nrcpts == 0;
	size_t			 i;

	header_list_init(&h);
	(void)header_parse(r->message, r->len, 1000, 1u << 20, &h, &cut);
	if (r->in.sender == NULL) {
		(void)snprintf(r->sender, sizeof r->sender, "<>");
		if ((f = header_first(&h, "Return-Path")) != NULL ||
		    (f = header_first(&h, "From")) != NULL)
			(void)addr_list(f->value, f->value_len, each_sender,
			    r);
		r->in.sender = r->sender;
	}
	for (i = 0; all && i < sizeof to / sizeof *to; i++)
		if ((f = header_first(&h, to[i])) != NULL)
			(void)addr_list(f->value, f->value_len, each_rcpt, r);
	header_list_free(&h);
}

/* read_message - a file, or "-" */
static int
read_message(struct replay *r, const char *path, struct err *e)
{
	struct buf	b;
	char		chunk[65536];
	ssize_t		n;

	if (strcmp(path, "-") != 0)
		return file_read(path, MESSAGE_MAX, &r->message, &r->len, e);
	buf_init(&b, MESSAGE_MAX);
	while ((n = read(STDIN_FILENO, chunk, sizeof chunk)) > 0)
		if (buf_add(&b, chunk, (size_t)n) == -1)
			break;
	if (n != 0) {
		buf_free(&b);
		return err_code(e, EX_DATAERR, "standard input: %s",
		    n == -1 ? strerror(errno) : "too large");
	}
	r->len = b.len;
	if ((r->message = b.len > 0 ? buf_steal(&b) : strdup("")) == NULL)
		return err_code(e, EX_OSERR, "out of memory");
	return 0;
}

/* add_policy - by name; NULL: every one */
static int
add_policy(struct replay *r, const char *name)
{
	const struct frame_policy *const	*p;

	for (p = ctl_policies; *p != NULL; p++) {
		if (name != NULL && strcmp((*p)->name, name) != 0)
			continue;
		if (r->npolicies == POLICIES_MAX)
			return -1;
		r->policies[r->npolicies++] = *p;
		if (name != NULL)
			return 0;
	}
	return name == NULL ? 0 : -1;
}

/* write_output - the message after the edits; EX_OK or a status */
static int
write_output(const char *path, const struct drive_result *res)
{
	struct err	 e = { .msg = "" };
	const char	*text;
	size_t		 len;

	text = drive_message(res, &len);
	if (strcmp(path, "-") == 0)
		return fwrite(text, 1, len, stdout) == len ? EX_OK : EX_IOERR;
	if (file_write_new(path, 0644, text, len, true, &e) == -1)
		return ctl_fail(&e, EX_CANTCREAT);
	return EX_OK;
}

/* play - the message through the policies; an exit status */
static int
play(struct ctl *ctl, struct replay *r)
{
	struct drive_result	*res;
	struct drive		*d;
	struct err		 e = { .msg = "" };
	int			 rc = EX_OK;

	if (drive_open(ctl->conf, r->policies, &d, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	if (drive_run(d, &r->in, &res, &e) == -1) {
		drive_close(&d);
		return ctl_fail(&e, EX_OSERR);
	}
	/* with --output - the message is what standard output is for */
	drive_print(res, r->json, r->output != NULL &&
	    strcmp(r->output, "-") == 0 ? stderr : stdout);
	if (r->output != NULL)
		rc = write_output(r->output, res);
	drive_result_free(&res);
	drive_close(&d);
	return rc;
}

static const char	replay_help[] =
"  --from A       envelope sender (else Return-Path, From)\n"
"  --to B         recipient, may stand several times (else To, Cc, Bcc)\n"
"  --sasl LOGIN   as if the client had logged in\n"
"  --client IP    the client's address (else 127.0.0.1)\n"
"  --daemon NAME  the MTA's name for the service, {daemon_name}\n"
"  --local        as if sendmail(1) had given it, without SMTP client\n"
"  --policy NAME  this one only, may stand several times\n"
"  --output FILE  write the message as it would leave, CRLF\n"
"  --json         one JSON object\n"
"FILE \"-\" is standard input. Nothing is changed, sent or counted.\n";

/* option - one of getopt_long's; -1 to go on, else an exit status */
static int
option(struct replay *r, int ch, char **argv)
{
	switch (ch) {
	case 'f':
		(void)snprintf(r->sender, sizeof r->sender,
		    *optarg == '<' ? "%s" : "<%s>", optarg);
		r->in.sender = r->sender;
		return -1;
	case 't':
		if (add_rcpt(r, optarg, strlen(optarg)) == -1)
			return ctl_usage("replay", "too many recipients");
		return -1;
	case 's':	r->in.conn.sasl_login = optarg;		return -1;
	case 'c':	r->in.conn.client_addr = optarg;	return -1;
	case 'd':	r->in.conn.daemon_name = optarg;	return -1;
	case 'l':	r->in.conn.smtp = false;		return -1;
	case 'o':	r->output = optarg;			return -1;
	case 'j':	r->json = true;				return -1;
	case 'p':
		if (add_policy(r, optarg) == -1)
			return ctl_usage("replay", "no policy \"%s\"", optarg);
		return -1;
	case 'h':
		return ctl_help("replay", replay_help);
	default:
		return ctl_usage_opt("replay", argv);
	}
}

/* options - -1 to go on, else an exit status */
static int
options(struct replay *r, int argc, char **argv)
{
	static const struct option	longs[] = {
		{ "from", required_argument, NULL, 'f' },
		{ "to", required_argument, NULL, 't' },
		{ "sasl", required_argument, NULL, 's' },
		{ "client", required_argument, NULL, 'c' },
		{ "daemon", required_argument, NULL, 'd' },
		{ "local", no_argument, NULL, 'l' },
		{ "policy", required_argument, NULL, 'p' },
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int	ch, rc;

	while ((ch = getopt_long(argc, argv, "", longs, NULL)) != -1)
		if ((rc = option(r, ch, argv)) != -1)
			return rc;
	if (argc - optind != 1)
		return ctl_usage("replay", "one FILE is wanted");
	return -1;
}

int
cmd_replay(struct ctl *ctl, int argc, char **argv)
{
	struct replay	r = { .in.conn.smtp = true };
	struct err	e = { .msg = "" };
	size_t		i;
	int		rc;

	r.in.conn.client_addr = "127.0.0.1";
	r.in.conn.client_name = "localhost";
	if ((rc = options(&r, argc, argv)) == -1) {
		if (r.npolicies == 0)
			(void)add_policy(&r, NULL);
		if ((rc = ctl_conf(ctl)) == EX_OK) {
			if (read_message(&r, argv[optind], &e) == -1) {
				rc = ctl_fail(&e, EX_NOINPUT);
			} else {
				guess(&r);
				r.in.rcpts = (const char *const *)r.rcpts;
				r.in.raw = r.message;
				r.in.raw_len = r.len;
				rc = play(ctl, &r);
			}
		}
	}
	for (i = 0; i < r.nrcpts; i++)
		free(r.rcpts[i]);
	free(r.message);
	return rc;
}

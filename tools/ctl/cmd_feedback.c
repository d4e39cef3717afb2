/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_feedback.c - mailweir feedback parse | parked | reason
 *
 * parse prints what the ingester would understand and writes nothing. parked
 * is for the reports that nobody believed. reason asks the table of bounces.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "ctl/cmds.h"
#include "feedback/apply.h"
#include "feedback/park.h"

#include "base/banned.h"

#define MAIL_MAX	(256u << 20)
#define JSON_MAX	(1u << 20)

static const char	options_text[] =
    "  parse FILE...        one JSON object a recipient event; - is standard\n"
    "                       input; exit status 65 when a file is no feedback\n"
    "  parked list          id, time, reason and sender of each\n"
    "  parked show ID...    the report itself\n"
    "  parked accept ID...  believe it after all, change the store\n"
    "  parked drop ID...    delete it\n"
    "  reason [--status S] [--code C] [--host H] [--agent A] [TEXT]\n"
    "                       what the table of bounces makes of it\n";

/* What the sentence works with; every member but conf may be missing. */
struct work {
	struct feedback_conf	 conf;
	struct feedback_ctx	 ctx;
	struct bounces		*bounces;
	struct token_keys	*tokens;
	struct stream_set	*streams;
	struct belief		*belief;
};

static void
work_free(struct work *w)
{
	belief_free(&w->belief);
	stream_set_free(&w->streams);
	token_keys_free(&w->tokens);
	bounces_free(&w->bounces);
}

/* work_load - need: the configuration must be there and whole; else what is
 * missing only makes the answer poorer */
static int
work_load(struct ctl *ctl, bool need, struct work *w, struct err *e)
{
	bool	here;

	memset(w, 0, sizeof *w);
	here = need || access(ctl->conf_path, R_OK) == 0 ||
	    strcmp(ctl->conf_path, CONF_FILE) != 0;
	if (here && ctl_conf(ctl) == -1)
		return err_code(e, EX_CONFIG, "%s", "");
	if (here && feedback_conf_load(ctl->conf, &w->conf, e) == -1)
		return -1;
	if (bounces_load(here ? w->conf.bounces : NULL, &w->bounces, e) == -1)
		return -1;
	if (here && token_keys_load(ctl->common.token_key_file, &w->tokens,
	    e) == -1) {
		if (need)
			return -1;
		fprintf(stderr, "mailweir: %s; tokens are not read\n",
		    e->msg);
	}
	if (need && (stream_set_load(ctl->conf, &w->streams, e) == -1 ||
	    belief_load(ctl->conf, &w->belief, e) == -1))
		return -1;
	w->ctx.bounces = w->bounces;
	w->ctx.tokens = w->tokens;
	w->ctx.token_today = (uint32_t)(clock_now() / 86400);
	w->ctx.token_days = (uint32_t)(w->conf.token_max_age / 86400);
	return 0;
}

/* read_input - a file, or - for standard input */
static int
read_input(const char *path, struct buf *in, struct err *e)
{
	FILE	*f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	char	 tmp[65536];
	size_t	 n;

	if (f == NULL)
		return err_code(e, EX_NOINPUT, "%s: %m", path);
	buf_reset(in);
	while ((n = fread(tmp, 1, sizeof tmp, f)) > 0)
		if (buf_add(in, tmp, n) == -1)
			break;
	n = ferror(f) != 0 || in->failed;
	if (f != stdin)
		(void)fclose(f);
	return n == 0 ? 0 : err_code(e, EX_IOERR, "%s: %s", path, in->failed ?
	    "too large" : "read error");
}

/* parse_one - a file; 1 = it is feedback, 0 = it is none, -1 = *e */
static int
parse_one(const struct work *w, const char *path, struct buf *in,
    struct err *e)
{
	struct feedback	*fb;
	struct buf	 out = BUF_INIT(JSON_MAX);
	size_t		 i, n;

	if (read_input(path, in, e) == -1 || feedback_parse(&w->ctx,
	    buf_str(in), in->len, NULL, &fb, e) == -1)
		return -1;
	for (i = 0; i < fb->n; i++) {
		buf_reset(&out);
		if (feedback_json(fb, i, path, &out) == 0)
			puts(buf_str(&out));
	}
	n = fb->n;
	if (n == 0)
		fprintf(stderr, "mailweir: %s: %s\n", path, fb->why);
	buf_free(&out);
	feedback_free(&fb);
	return n > 0;
}

static int
parse(struct ctl *ctl, int argc, char **argv)
{
	struct work	w;
	struct err	e = { "", 0 };
	struct buf	in = BUF_INIT(MAIL_MAX);
	int		i, rc, status = EX_OK;

	if (argc < 2)
		return ctl_usage("feedback", "parse: no FILE given");
	if (work_load(ctl, false, &w, &e) == -1) {
		work_free(&w);
		return e.msg[0] != '\0' ? ctl_fail(&e, EX_CONFIG) : EX_CONFIG;
	}
	for (i = 1; i < argc; i++) {
		rc = parse_one(&w, argv[i], &in, &e);
		if (rc == -1)
			status = ctl_fail(&e, EX_IOERR);
		else if (rc == 0 && status == EX_OK)
			status = EX_DATAERR;
	}
	buf_free(&in);
	work_free(&w);
	return status;
}

/* list_one - a line of `parked list` */
static int
list_one(void *arg, const char *id)
{
	const struct work	*w = arg;
	struct parked		 p;
	struct err		 e;

	if (park_get(w->conf.park_dir, id, &p, &e) == 0) {
		printf("%s  %s  %s  <%s> -> %s\n", id, p.time, p.reason,
		    p.sender, p.has_recipient ? p.recipient : "?");
		park_free(&p);
	}
	return 0;
}

/* show - the report itself, behind why it lies there */
static int
show(struct ctl *ctl, const struct work *w, const char *id, struct err *e)
{
	struct parked	p;

	(void)ctl;
	if (park_get(w->conf.park_dir, id, &p, e) == -1)
		return -1;
	printf("X-Mailweir-Parked: %s; %s\n", p.time, p.reason);
	if (p.has_recipient)
		printf("X-Mailweir-Recipient: <%s>\n", p.recipient);
	(void)fwrite(p.mail, 1, p.mail_len, stdout);
	park_free(&p);
	return 0;
}

/* accept - as if it had been believed; gone from the folder afterwards */
static int
accept_one(struct ctl *ctl, const struct work *w, const char *id,
    struct err *e)
{
	struct apply		a = { .conf = &w->conf, .ctx = w->ctx,
	    .belief = w->belief, .store = ctl->store, .keys = ctl->keys,
	    .rules = ctl->rules, .streams = w->streams,
	    .actor = ctl->actor };
	struct belief_way	way = { 0 };
	struct apply_mail	m;
	struct parked		p;
	size_t			i, done = 0;
	int			rc = 0;

	if (park_get(w->conf.park_dir, id, &p, e) == -1)
		return -1;
	apply_mail(&a, p.mail, p.mail_len, &way,
	    p.has_recipient ? p.recipient : NULL, true, &m);
	for (i = 0; m.result != APPLY_FAILED && i < m.fb->n; i++) {
		printf("%s  %s  %s  %s%s%s\n", id,
		    feedback_kind_name(m.fb->v[i].kind),
		    m.fb->v[i].recipient, apply_result_name(m.v[i].result),
		    m.v[i].why[0] != '\0' ? ": " : "", m.v[i].why);
		done += m.v[i].result == APPLY_CHANGED ||
		    m.v[i].result == APPLY_KNOWN;
	}
	if (m.result == APPLY_FAILED)
		rc = err_code(e, EX_TEMPFAIL, "%s: %s", id, m.err.msg);
	else if (done == 0)
		rc = err_code(e, EX_DATAERR, "%s: nothing in it could be "
		    "applied; it stays parked", id);
	else
		rc = park_drop(w->conf.park_dir, id, e);
	apply_mail_free(&m);
	park_free(&p);
	return rc;
}

static int
drop_one(struct ctl *ctl, const struct work *w, const char *id,
    struct err *e)
{
	(void)ctl;
	return park_drop(w->conf.park_dir, id, e);
}

static int
parked(struct ctl *ctl, int argc, char **argv)
{
	static const struct {
		const char	*name;
		int		(*run)(struct ctl *, const struct work *,
				    const char *, struct err *);
		bool		 store;
	} verbs[] = { { "list", NULL, false }, { "show", show, false },
	    { "accept", accept_one, true }, { "drop", drop_one, false } };
	struct work	w;
	struct err	e = { "", 0 };
	int		i, status = EX_OK;
	size_t		v = 0;

	while (v < 4 && (argc < 2 || strcmp(argv[1], verbs[v].name) != 0))
		v++;
	if (v == 4)
		return ctl_usage("feedback", "parked: list, show, accept or "
		    "drop");
	if ((v == 0) != (argc == 2))
		return ctl_usage("feedback", "parked %s: %s", verbs[v].name,
		    v == 0 ? "takes no ID" : "no ID given");
	if (verbs[v].store && ctl_store(ctl, STORE_WRITE) == -1)
		return EX_UNAVAILABLE;
	if (work_load(ctl, verbs[v].store, &w, &e) == -1) {
		work_free(&w);
		return e.msg[0] != '\0' ? ctl_fail(&e, EX_CONFIG) : EX_CONFIG;
	}
	if (w.conf.park_dir == NULL)
		status = ctl_usage("feedback", "parked: no configuration "
		    "(-c FILE)");
	else if (v == 0 && park_each(w.conf.park_dir, list_one, &w, &e) == -1)
		status = ctl_fail(&e, EX_NOINPUT);
	for (i = 2; i < argc && w.conf.park_dir != NULL; i++)
		if (verbs[v].run(ctl, &w, argv[i], &e) == -1)
			status = ctl_fail(&e, EX_DATAERR);
	work_free(&w);
	return status;
}

static int
reason(struct ctl *ctl, int argc, char **argv)
{
	static const struct option opts[] = {
		{ "status", required_argument, NULL, 's' },
		{ "code", required_argument, NULL, 'c' },
		{ "host", required_argument, NULL, 'H' },
		{ "agent", required_argument, NULL, 'a' },
		{ "command", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 }
	};
	struct bounces_facts	 f = { 0 };
	const struct bounces_row *row;
	struct work		 w;
	struct err		 e = { "", 0 };
	int			 c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (c) {
		case 's':	f.status = optarg;	break;
		case 'c':	f.code = optarg;	break;
		case 'H':	f.host = optarg;	break;
		case 'a':	f.agent = optarg;	break;
		case 'm':	f.command = optarg;	break;
		default:
			return ctl_usage("feedback", "reason: unknown "
			    "option %s", argv[optind - 1]);
		}
	}
	f.text = argv[optind];
	if (work_load(ctl, false, &w, &e) == -1) {
		work_free(&w);
		return e.msg[0] != '\0' ? ctl_fail(&e, EX_CONFIG) : EX_CONFIG;
	}
	row = bounces_find(w.bounces, &f);
	printf("%s %s%s(%s:%d)\n", row->reason, row->hard ? "hard " : "",
	    row->ours ? "ours " : "", row->file, row->line);
	work_free(&w);
	return EX_OK;
}

int
cmd_feedback(struct ctl *ctl, int argc, char **argv)
{
	/* "parse --help" asks for help, too, not for a file of that name */
	if ((argc >= 2 && strcmp(argv[1], "--help") == 0) ||
	    (argc >= 3 && strcmp(argv[2], "--help") == 0))
		return ctl_help("feedback", options_text);
	if (argc >= 2 && strcmp(argv[1], "parse") == 0)
		return parse(ctl, argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "parked") == 0)
		return parked(ctl, argc - 1, argv + 1);
	if (argc >= 2 && strcmp(argv[1], "reason") == 0)
		return reason(ctl, argc - 1, argv + 1);
	return ctl_usage("feedback", "parse, parked or reason");
}

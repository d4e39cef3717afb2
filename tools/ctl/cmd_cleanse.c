/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_cleanse.c - mailweir cleanse: a mailing list without its suppressed */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "ctl/cmds.h"
#include "ctl/recipient.h"
#include "store/cleanse.h"
#include "stream/stream.h"

#include "base/banned.h"

#define STALL	600	/* seconds that a pipe may be silent; --timeout */

/* What the options say. */
struct wish {
	struct cleanse		 c;
	const char		*stream, *output, *removed;
	bool			 json;
	struct ctl_progress	 p;
};

static void
progress(void *arg, uint64_t octets)
{
	struct wish	*w = arg;

	ctl_progress(&w->p, octets);
}

/* stops - what the suppress milter would go by */
static const struct store_entry *
stops(void *arg, const struct store_entry *hits, int n)
{
	const struct stream	*s = arg;
	int			 i;

	for (i = 0; i < n; i++)
		if (hits[i].in_force && s->stops[hits[i].reason])
			return &hits[i];
	return NULL;
}

/* summary - on standard error, since rows may go to standard output */
static void
summary(const struct wish *w)
{
	const struct cleanse	*c = &w->c;
	int			 i;

	if (w->json) {
		(void)fprintf(stderr, "{\"rows\":%" PRIu64 ",\"kept\":%" PRIu64
		    ",\"removed\":%" PRIu64 ",\"bad\":%" PRIu64, c->rows,
		    c->kept, c->dropped, c->bad);
		for (i = 1; i < STORE_REASON_MAX; i++)
			(void)fprintf(stderr, ",\"%s\":%" PRIu64,
			    store_reason_name((enum store_reason)i),
			    c->by_reason[i]);
		(void)fputs("}\n", stderr);
		return;
	}
	(void)fprintf(stderr, "%" PRIu64 " rows: %" PRIu64 " kept, %" PRIu64
	    " suppressed, %" PRIu64 " without an address\n", c->rows, c->kept,
	    c->dropped, c->bad);
	for (i = 1; i < STORE_REASON_MAX; i++)
		if (c->by_reason[i] != 0)
			(void)fprintf(stderr, "  %-14s %" PRIu64 "\n",
			    store_reason_name((enum store_reason)i),
			    c->by_reason[i]);
}

/* with_outputs - cleanse from fd into the two files */
static int
with_outputs(struct ctl *ctl, struct wish *w, int fd,
    unsigned long long size)
{
	struct output	out = { .f = NULL }, removed = { .f = NULL };
	struct err	e = { "", 0 };
	int		rc, rc2;

	if ((rc = output_open(&out, w->output)) != EX_OK)
		return rc;
	if (w->removed != NULL &&
	    (rc = output_open(&removed, w->removed)) != EX_OK) {
		(void)output_close(&out, false);
		return rc;
	}
	w->c.out = out.f;
	w->c.removed = removed.f;
	ctl_progress_begin(&w->p, "cleansing (octets)", size);
	rc = store_cleanse(ctl->store, fd, &w->c, &e);
	ctl_progress_end(&w->p);
	if (rc == -1) {
		(void)output_close(&out, false);
		(void)output_close(&removed, false);
		if (w->output == NULL)
			(void)err_prefix(&e, "the output is not complete");
		return ctl_fail(&e, EX_TEMPFAIL);
	}
	rc = output_close(&removed, true);
	rc2 = output_close(&out, rc == EX_OK);
	if (rc == EX_OK && rc2 == EX_OK)
		summary(w);
	return rc != EX_OK ? rc : rc2;
}

/* run - with the stream's scopes */
static int
run(struct ctl *ctl, struct wish *w)
{
	struct stream_set	*set;
	const struct stream	*s;
	struct err		 e = { "", 0 };
	unsigned long long	 size;
	int			 fd, rc;

	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	if (stream_set_load(ctl->conf, &set, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	if ((s = stream_find(set, w->stream)) == NULL) {
		stream_set_free(&set);
		return ctl_usage("cleanse", "no [stream %s] in %s", w->stream,
		    ctl->conf_path);
	}
	w->c.scopes = s->scope_ids;
	w->c.nscopes = s->nscopes;
	w->c.stops = stops;
	w->c.stops_arg = (void *)(uintptr_t)s;
	w->c.rules = ctl->rules;
	rc = EX_NOINPUT;
	if ((fd = open_input(w->c.name, &size)) != -1) {
		rc = with_outputs(ctl, w, fd, size);
		if (fd != STDIN_FILENO)
			(void)close(fd);
	}
	stream_set_free(&set);
	return rc;
}

int
cmd_cleanse(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "stream", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "column", required_argument, NULL, 'c' },
		{ "output", required_argument, NULL, 'o' },
		{ "removed", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct wish			w = { .c = { .stall = STALL } };
	int				ch, format;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("cleanse",
	    "Rows that may be mailed go to standard output, octet by octet; a "
	    "summary\nto standard error.\n"
	    "  --stream S      as the suppress milter would judge this stream\n"
	    "  --format F      txt, csv, jsonl; else by name and content\n"
	    "  --column C      of the address: name, or number from 1\n"
	    "  --output FILE   instead of standard output; whole or not at "
	    "all\n"
	    "  --removed FILE  the others: line, reason, scope number, row\n"
	    "  --timeout T     give up when a pipe is silent so long; 10m\n"
	    "  --json          the summary as a JSON object\n");
		case 's':
			w.stream = optarg;
			break;
		case 'f':
			if ((format = rows_format_parse(optarg)) == -1)
				return ctl_usage("cleanse", "--format \"%s\": "
				    "txt, csv or jsonl", optarg);
			w.c.format = (enum rows_format)format;
			break;
		case 'c':
			w.c.column = optarg;
			break;
		case 'o':
			w.output = optarg;
			break;
		case 'r':
			w.removed = optarg;
			break;
		case 't':
			if ((w.c.stall = (int)secs_parse(optarg)) == -1)
				return ctl_usage("cleanse", "--timeout \"%s\":"
				    " say 10m; 0s = none", optarg);
			break;
		case 'j':
			w.json = true;
			break;
		default:
			return ctl_usage_opt("cleanse", argv);
		}
	}
	if (optind != argc - 1)
		return ctl_usage("cleanse", "one file, please");
	if (w.stream == NULL)
		return ctl_usage("cleanse", "--stream is needed");
	w.c.name = argv[optind];
	w.c.progress = progress;
	w.c.arg = &w;
	return run(ctl, &w);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_import.c - mailweir import, rollback: whole lists */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codec.h"
#include "ctl/cmds.h"
#include "ctl/recipient.h"
#include "store/import.h"

#include "base/banned.h"

#define STALL	600	/* seconds that a pipe may be silent; --timeout */

struct progress {
	struct ctl_progress	p;
	const char		*phase;
	unsigned long long	 size;
};

/* What the options say. */
struct wish {
	struct import	 im;
	const char	*rejects;
	bool		 json;
	struct progress	 pr;
};

static void
progress(void *arg, const char *phase, uint64_t done, uint64_t total)
{
	struct progress	*pr = arg;

	if (strcmp(phase, "waiting") == 0) {
		if (pr->phase != NULL)
			ctl_progress_end(&pr->p);
		pr->phase = NULL;
		(void)fprintf(stderr, "mailweir: another import is loading "
		    "its list; waiting for it\n");
		return;
	}
	if (pr->phase != phase) {
		if (pr->phase != NULL)
			ctl_progress_end(&pr->p);
		ctl_progress_begin(&pr->p, phase, total != 0 ? total :
		    pr->size);
		pr->phase = phase;
	}
	ctl_progress(&pr->p, done);
}

/* percent - "10%" or "10"; -1 when it is none */
static double
percent(const char *s)
{
	char	*end;
	double	 d;

	errno = 0;
	d = strtod(s, &end);
	if (end == s || errno != 0 || !(d >= 0 && d <= 100) ||
	    (strcmp(end, "") != 0 && strcmp(end, "%") != 0))
		return -1;
	return d;
}

/* option - one of them; EX_OK or the exit status */
static int
option(struct wish *w, int ch, char **argv)
{
	struct import	*im = &w->im;
	int		 format;

	switch (ch) {
	case 's':
		im->scope = optarg;
		return EX_OK;
	case 'r':
		if ((im->reason = store_reason_parse(optarg)) == 0)
			return ctl_usage("import", "no reason \"%s\"", optarg);
		return EX_OK;
	case 'e':
		if (when_parse(optarg, &im->expires) == -1)
			return ctl_usage("import", "--expires \"%s\": say 30d "
			    "or 2027-01-31", optarg);
		if (im->expires != 0 && im->expires <= clock_now())
			return ctl_usage("import", "--expires %s is past",
			    optarg);
		return EX_OK;
	case 'f':
		if ((format = rows_format_parse(optarg)) == -1)
			return ctl_usage("import", "--format \"%s\": txt, csv "
			    "or jsonl", optarg);
		im->format = (enum rows_format)format;
		return EX_OK;
	case 'c':
		im->column = optarg;
		return EX_OK;
	case 'm':
		if ((im->max_shrink = percent(optarg)) < 0)
			return ctl_usage("import", "--max-shrink \"%s\": from "
			    "0%% to 100%%", optarg);
		return EX_OK;
	case 'R':
		w->rejects = optarg;
		return EX_OK;
	case 'n':
		im->note = optarg;
		return EX_OK;
	case 't':
		if ((im->stall = (int)secs_parse(optarg)) == -1)
			return ctl_usage("import", "--timeout \"%s\": say "
			    "10m; 0s = none", optarg);
		return EX_OK;
	default:
		return ctl_usage_opt("import", argv);
	}
}

static void
print_lines(const char *what, const uint32_t *lines, unsigned n)
{
	unsigned	i;

	if (n == 0)
		return;
	(void)printf("  %s, for instance, line", what);
	for (i = 0; i < n; i++)
		(void)printf(" %" PRIu32, lines[i]);
	(void)putchar('\n');
}

/* print_gone - recipients who would go, as the old list has them */
static void
print_gone(const struct import *im)
{
	const struct import_gone	*g;
	char				 hex[CODEC_HEX_SIZE(STORE_DIGEST)];
	char				 iso[CLOCK_ISO_SIZE];
	unsigned			 i;

	for (i = 0; i < im->ngone; i++) {
		g = &im->gone[i];
		codec_hex(g->digest, STORE_DIGEST, hex);
		(void)printf("  removed, for instance, id %s: %s", hex,
		    store_reason_name(g->reason));
		if (g->seen != 0)
			(void)printf(", of %.10s", clock_iso(g->seen, iso));
		if (g->expires != 0)
			(void)printf(", until %.10s", clock_iso(g->expires,
			    iso));
		(void)putchar('\n');
	}
}

static void
print_text(const struct import *im)
{
	if (im->export_of != NULL)
		(void)printf("export of %s\n", im->export_of);
	(void)printf("%" PRIu64 " rows, %" PRIu64 " rejected, %" PRIu64
	    " recipients\n", im->rows, im->rejected, im->distinct);
	(void)printf("scope %s: %s %" PRIu64 " added, %" PRIu64 " removed, %"
	    PRIu64 " unchanged; %" PRIu64 " before, %" PRIu64 " after\n",
	    im->scope, im->dry_run ? "would have" : "", im->added,
	    im->removed, im->unchanged, im->before, im->after);
	if (!im->dry_run)
		return;
	print_lines("added", im->added_lines, im->nadded_lines);
	print_lines("unchanged", im->same_lines, im->nsame_lines);
	print_gone(im);
	if (im->protected > 0)
		(void)printf("  %" PRIu64 " of the removed are complaint or "
		    "legal: needs --override and --note\n", im->protected);
}

/* lines_json - samples by line number */
static json_t *
lines_json(const uint32_t *lines, unsigned n)
{
	json_t		*j = json_array();
	unsigned	 i;

	for (i = 0; i < n; i++)
		(void)json_array_append_new(j, json_integer(lines[i]));
	return j;
}

/* gone_json - the same of recipients who go */
static json_t *
gone_json(const struct import *im)
{
	const struct import_gone	*g;
	char				 hex[CODEC_HEX_SIZE(STORE_DIGEST)];
	json_t				*j = json_array();
	unsigned			 i;

	for (i = 0; i < im->ngone; i++) {
		g = &im->gone[i];
		codec_hex(g->digest, STORE_DIGEST, hex);
		(void)json_array_append_new(j, json_pack("{s:s, s:s, s:I, s:I}",
		    "id", hex, "reason", store_reason_name(g->reason),
		    "seen", (json_int_t)g->seen,
		    "expires", (json_int_t)g->expires));
	}
	return j;
}

static void
print_json(const struct import *im)
{
	json_t	*j;

	j = json_pack("{s:s, s:s?, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
	    "s:I, s:I, s:I, s:o, s:o, s:o}", "scope", im->scope, "export_of",
	    im->export_of, "dry_run", im->dry_run,
	    "rows", (json_int_t)im->rows, "rejected", (json_int_t)im->rejected,
	    "recipients", (json_int_t)im->distinct,
	    "added", (json_int_t)im->added, "removed", (json_int_t)im->removed,
	    "unchanged", (json_int_t)im->unchanged,
	    "before", (json_int_t)im->before, "after", (json_int_t)im->after,
	    "protected", (json_int_t)im->protected,
	    "list", (json_int_t)im->list,
	    "added_lines", lines_json(im->added_lines, im->nadded_lines),
	    "unchanged_lines", lines_json(im->same_lines, im->nsame_lines),
	    "removed_samples", gone_json(im));
	if (j != NULL && json_dumpf(j, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(j);
}

/* run - the files, the store, the import */
static int
run(struct ctl *ctl, struct wish *w)
{
	struct err	e = { "", 0 };
	struct output	rejects = { .f = NULL };
	int		fd, rc;

	if ((rc = ctl_store(ctl, w->im.dry_run ? STORE_READ :
	    STORE_WRITE)) != EX_OK)
		return rc;
	if ((fd = open_input(w->im.name, &w->pr.size)) == -1)
		return EX_NOINPUT;
	if (w->rejects != NULL) {
		if ((rc = output_open(&rejects, w->rejects)) != EX_OK)
			return rc;
		w->im.rejects = rejects.f;
	}
	w->im.rules = ctl->rules;
	w->im.actor = ctl->actor;
	w->im.progress = progress;
	w->im.arg = &w->pr;
	rc = store_import(ctl->store, fd, &w->im, &e);
	if (w->pr.phase != NULL)
		ctl_progress_end(&w->pr.p);
	if (fd != STDIN_FILENO)
		(void)close(fd);
	/* also when it was refused: the rejected rows may be why */
	if (w->rejects != NULL && output_close(&rejects, true) != EX_OK &&
	    rc == 0)
		return EX_CANTCREAT;
	if (rc == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	if (w->json)
		print_json(&w->im);
	else
		print_text(&w->im);
	return EX_OK;
}

int
cmd_import(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "scope", required_argument, NULL, 's' },
		{ "reason", required_argument, NULL, 'r' },
		{ "expires", required_argument, NULL, 'e' },
		{ "format", required_argument, NULL, 'f' },
		{ "column", required_argument, NULL, 'c' },
		{ "replace", no_argument, NULL, 'p' },
		{ "dry-run", no_argument, NULL, 'd' },
		{ "max-shrink", required_argument, NULL, 'm' },
		{ "rejects", required_argument, NULL, 'R' },
		{ "override", no_argument, NULL, 'o' },
		{ "note", required_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct wish			w = { .im = { .max_shrink = -1,
					    .stall = STALL } };
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("import",
	    "Nothing changes unless all of it succeeds; `rollback` undoes it."
	    "\n  --scope S        into this scope\n"
	    "  --reason R       of every row; else as the rows say, or import\n"
	    "  --expires T      30d, 2027-01-31; else the reason's default\n"
	    "  --format F       txt, csv, jsonl; else by name and content\n"
	    "  --column C       of the address: name, or number from 1\n"
	    "  --replace        the scope's list; else rows are added to it\n"
	    "  --dry-run        print the difference, change nothing\n"
	    "  --max-shrink P   refuse to drop more than P% of a replaced "
	    "list\n"
	    "  --rejects FILE   rows without an address: line, why, row\n"
	    "  --override       may drop complaint and legal rows; needs "
	    "--note\n"
	    "  --note TEXT      for the journal\n"
	    "  --timeout T      give up when a pipe is silent so long; 10m\n"
	    "  --json           one JSON object\n");
		if (ch == 'p')
			w.im.replace = true;
		else if (ch == 'd')
			w.im.dry_run = true;
		else if (ch == 'o')
			w.im.override = true;
		else if (ch == 'j')
			w.json = true;
		else if ((rc = option(&w, ch, argv)) != EX_OK)
			return rc;
	}
	if (optind != argc - 1)
		return ctl_usage("import", "one file, please");
	if (w.im.scope == NULL || !store_scope_ok(w.im.scope))
		return ctl_usage("import", "--scope is needed: 1 to 64 of a-z "
		    "0-9 . _ - or *");
	if (w.im.max_shrink >= 0 && !w.im.replace)
		return ctl_usage("import", "--max-shrink goes with --replace");
	if (w.im.note != NULL && strlen(w.im.note) > STORE_NOTE_MAX)
		return ctl_usage("import", "--note: longer than %d octets",
		    STORE_NOTE_MAX);
	w.im.name = argv[optind];
	return run(ctl, &w);
}

int
cmd_rollback(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "note", required_argument, NULL, 'n' },
		{ "override", no_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct rollback			rb = { .actor = ctl->actor };
	struct err			e = { "", 0 };
	bool				json = false;
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("rollback",
			    "  --override   may drop complaint and legal rows "
			    "that came with it; needs --note\n"
			    "  --note TEXT  for the journal\n"
			    "  --json       one JSON object\n");
		if (ch == 'n')
			rb.note = optarg;
		else if (ch == 'o')
			rb.override = true;
		else if (ch == 'j')
			json = true;
		else
			return ctl_usage_opt("rollback", argv);
	}
	if (optind != argc - 1)
		return ctl_usage("rollback", "one scope, please");
	rb.scope = argv[optind];
	if (!store_scope_ok(rb.scope))
		return ctl_usage("rollback", "\"%s\" is no scope", rb.scope);
	if ((rc = ctl_store(ctl, STORE_WRITE)) != EX_OK)
		return rc;
	if (store_rollback(ctl->store, &rb, &e) == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	(void)printf(json ? "{\"scope\":\"%s\",\"before\":%" PRIu64
	    ",\"after\":%" PRIu64 "}\n" :
	    "scope %s: rolled back; its list had %" PRIu64
	    " recipients, has %" PRIu64 "\n", rb.scope, rb.before, rb.after);
	return EX_OK;
}

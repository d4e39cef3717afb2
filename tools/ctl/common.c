/* SPDX-License-Identifier: BSD-2-Clause */
/* common.c - what the sentences share: configuration, store, words, progress */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"

#include "base/banned.h"

#define DRAW_EVERY_US	200000	/* a progress line is drawn this often */

int
ctl_fail(const struct err *e, int dflt)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "mailweir: %s\n", e->msg);
	return e->code != 0 ? e->code : dflt;
}

int
ctl_conf(struct ctl *c)
{
	struct err	e = { "", 0 };

	if (c->rules != NULL)
		return EX_OK;
	if (c->conf == NULL && conf_read(c->conf_path, &c->conf, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	if (conf_bind(c->conf, conf_find(c->conf, "", NULL),
	    conf_common_params, &c->common, &e) == -1 ||
	    addr_rules_load(c->common.fold_local, &c->common.address_rules,
	    &c->rules, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	return EX_OK;
}

int
ctl_keys(struct ctl *c)
{
	struct err	e = { "", 0 };
	int		rc;

	if ((rc = ctl_conf(c)) != EX_OK)
		return rc;
	if (c->keys == NULL &&
	    store_keys_load(c->common.store_key_file, &c->keys, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	return EX_OK;
}

int
ctl_store(struct ctl *c, enum store_mode mode)
{
	struct err	e = { "", 0 };
	int		rc;

	if ((rc = ctl_keys(c)) != EX_OK)
		return rc;
	if (c->store == NULL && store_open_conf(c->conf, c->common.store_path,
	    mode, c->keys, &c->store, &e) == -1)
		return ctl_fail(&e, EX_UNAVAILABLE);
	return EX_OK;
}

static const struct ctl_cmd *
find(const char *name)
{
	const struct ctl_cmd	*c;

	for (c = ctl_cmds; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			break;
	return c;
}

int
ctl_usage(const char *cmd, const char *fmt, ...)
{
	const struct ctl_cmd	*c = find(cmd);
	va_list			 ap;

	(void)fflush(stdout);
	(void)fprintf(stderr, "mailweir: %s: ", cmd);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\nusage: mailweir %s %s\n", cmd,
	    c->synopsis != NULL ? c->synopsis : "");
	return EX_USAGE;
}

int
ctl_usage_opt(const char *cmd, char **argv)
{
	/* a long option is behind optind, a short one is in optopt */
	if (optind > 0 && strncmp(argv[optind - 1], "--", 2) == 0)
		return ctl_usage(cmd, "option %s is unknown, or lacks its "
		    "value", argv[optind - 1]);
	return ctl_usage(cmd, "option -%c is unknown, or lacks its value",
	    optopt);
}

int
ctl_help(const char *cmd, const char *options)
{
	const struct ctl_cmd	*c = find(cmd);

	(void)printf("usage: mailweir %s %s\n\n%s\n%s%s", cmd,
	    c->synopsis != NULL ? c->synopsis : "",
	    c->summary != NULL ? c->summary : "",
	    options != NULL && *options != '\0' ? "\n" : "",
	    options != NULL ? options : "");
	return EX_OK;
}

void
ctl_progress_begin(struct ctl_progress *p, const char *what,
    unsigned long long total)
{
	*p = (struct ctl_progress){ .what = what, .total = total };
	p->tty = isatty(STDERR_FILENO) == 1;
	p->began_us = clock_mono_us();
}

/* draw - one line over the one before */
static void
draw(const struct ctl_progress *p, unsigned long long done, long long now)
{
	double	secs = (double)(now - p->began_us) / 1e6;
	double	rate = secs > 0 ? (double)done / secs : 0;
	double	left;

	(void)fprintf(stderr, "\r%s: %llu", p->what, done);
	if (p->total > 0) {
		left = rate > 0 && done < p->total ?
		    (double)(p->total - done) / rate : 0;
		(void)fprintf(stderr, " of %llu (%.0f%%), %.0f/s, %.0f s left",
		    p->total, 100.0 * (double)done / (double)p->total, rate,
		    left);
	} else
		(void)fprintf(stderr, ", %.0f/s", rate);
	(void)fprintf(stderr, "\033[K");
}

void
ctl_progress(struct ctl_progress *p, unsigned long long done)
{
	long long	now;

	if (!p->tty)
		return;
	now = clock_mono_us();
	if (now - p->drawn_us < DRAW_EVERY_US)
		return;
	p->drawn_us = now;
	draw(p, done, now);
}

void
ctl_progress_end(struct ctl_progress *p)
{
	if (p->tty && p->drawn_us != 0)
		(void)fprintf(stderr, "\r\033[K");
}

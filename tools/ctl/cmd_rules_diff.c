/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_rules_diff.c - mailweir rules diff: what a change of rules would do to
 * yesterday's mail
 */
#include "ctl/cmd_rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/file.h"

#include "base/banned.h"

#define MESSAGE_MAX	(64u << 20)

/* How often each rule of a set hit where the other set's did not. */
struct side {
	struct rules		*r;
	struct rules_result	*res;		/* of the message at hand */
	size_t			*only;		/* per rule */
	const char		*mark;
};

struct diff {
	struct side	side[2];		/* old, new */
	size_t		mails, changed, failed;
	const struct rules_args *a;
};

/* hit_in - did a rule of that name hit on the other side? */
static bool
hit_in(const struct side *s, const char *name)
{
	size_t	rule = rules_find(s->r, name), i;

	for (i = 0; i < s->res->n; i++)
		if (s->res->v[i].rule == rule)
			return true;
	return false;
}

/* only_here - rules that hit on this side alone, counted and appended */
static void
only_here(struct side *here, const struct side *there, struct buf *out)
{
	struct rules_info	info;
	size_t			i;

	for (i = 0; i < here->res->n; i++) {
		rules_info(here->r, here->res->v[i].rule, &info);
		if (hit_in(there, info.name))
			continue;
		here->only[here->res->v[i].rule]++;
		(void)buf_addf(out, "%s%s%s", out->len > 0 ? "," : "",
		    here->mark, info.name);
	}
}

/* scan_both - the message under both sets. 0, or -1 after having said why */
static int
scan_both(struct diff *d, const char *raw, size_t len)
{
	static const struct view_limits	 lim = VIEW_LIMITS;
	struct view			*v;
	struct err			 e = { "", 0 };
	int				 i, rc = 0;

	for (i = 0; i < 2 && rc == 0; i++) {
		/* The links depend on the set's top-level domains. */
		if ((rc = view_open(raw, len, &lim, &v, &e)) == 0) {
			rc = rules_scan(d->side[i].r, v, &d->a->scan,
			    &d->side[i].res, &e);
			view_free(&v);
		}
	}
	if (rc == -1)
		(void)ctl_fail(&e, EX_OSERR);
	return rc;
}

/* one_mail - FILE, old and new score, +NEW and -OLD, if anything differs */
static void
one_mail(struct diff *d, const char *path)
{
	struct buf	 list = BUF_INIT(65536);
	struct err	 e = { "", 0 };
	double		 old, new;
	char		*raw;
	size_t		 len;

	if (file_read(path, MESSAGE_MAX, &raw, &len, &e) == -1) {
		(void)ctl_fail(&e, EX_NOINPUT);
		d->failed++;
		return;
	}
	d->side[0].res = d->side[1].res = NULL;
	if (scan_both(d, raw, len) == 0) {
		d->mails++;
		only_here(&d->side[1], &d->side[0], &list);
		only_here(&d->side[0], &d->side[1], &list);
		old = d->side[0].res->score;
		new = d->side[1].res->score;
		if (list.len > 0 || new - old > 0.0005 ||
		    old - new > 0.0005) {
			d->changed++;
			(void)printf("%s\t%.3f\t%.3f\t%s\n", path, old, new,
			    buf_str(&list));
		}
	} else
		d->failed++;
	rules_result_free(&d->side[0].res);
	rules_result_free(&d->side[1].res);
	buf_free(&list);
	free(raw);
}

/* folder - every file in it; of a Maildir, those in new and cur */
static int
folder(struct diff *d, const char *path, bool top)
{
	char		 name[4096];
	struct dirent	**list;
	struct stat	 st;
	int		 i, n;

	if ((n = scandir(path, &list, NULL, alphasort)) == -1) {
		(void)fprintf(stderr, "mailweir: %s: %s\n", path,
		    strerror(errno));
		return EX_NOINPUT;
	}
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.' && snprintf(name, sizeof name,
		    "%s/%s", path, list[i]->d_name) < (int)sizeof name &&
		    stat(name, &st) == 0) {
			if (S_ISREG(st.st_mode))
				one_mail(d, name);
			else if (S_ISDIR(st.st_mode) && top &&
			    (strcmp(list[i]->d_name, "cur") == 0 ||
			    strcmp(list[i]->d_name, "new") == 0))
				(void)folder(d, name, false);
		}
		free(list[i]);
	}
	free(list);
	return EX_OK;
}

/* summary - per rule, how many mails it newly hits or lets go */
static void
summary(const struct diff *d)
{
	struct rules_info	 info;
	const struct side	*s;
	size_t			 i;

	for (s = d->side; s < d->side + 2; s++)
		for (i = 0; i < rules_count(s->r); i++) {
			rules_info(s->r, i, &info);
			if (s->only[i] > 0)
				(void)printf("# %s%s\t%zu\n", s->mark,
				    info.name, s->only[i]);
		}
	(void)printf("# %zu of %zu mails differ\n", d->changed, d->mails);
}

int
rules_diff(struct ctl *ctl, struct rules_args *a)
{
	struct diff	d = { .side = { { .mark = "-" }, { .mark = "+" } },
			    .a = a };
	int		i, rc = EX_OK;

	a->npaths = 1;
	for (i = 0; i < 2 && rc == EX_OK; i++) {
		a->paths[0] = a->argv[i];
		if ((d.side[i].r = rules_open(ctl, a, true, &rc)) == NULL)
			break;
		d.side[i].only = calloc(rules_count(d.side[i].r) + 1,
		    sizeof *d.side[i].only);
		if (d.side[i].only == NULL)
			rc = EX_OSERR;
	}
	if (rc == EX_OK && (rc = folder(&d, a->argv[2], true)) == EX_OK) {
		summary(&d);
		rc = d.failed > 0 ? EX_NOINPUT : EX_OK;
	}
	for (i = 0; i < 2; i++) {
		free(d.side[i].only);
		rules_free(&d.side[i].r);
	}
	return rc;
}

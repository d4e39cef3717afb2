/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signed.c - see load_int.h: may the text of this file be used?
 *
 * What is verified are the very octets that are read as rules afterwards, so
 * nobody can change the file in between.
 */
#include "rules/load_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "rules/signer.h"

#include "base/banned.h"

/* Who stood for the file, by the names of the configuration. */
struct stood {
	const char	*author;
	const char	*approved[SIGS_MAX];
	size_t		 n;
};

/* again - has he signed it already? */
static bool
again(const struct stood *s, const char *who)
{
	size_t	i;

	if (s->author != NULL && strcmp(s->author, who) == 0)
		return true;
	for (i = 0; i < s->n; i++)
		if (strcmp(s->approved[i], who) == 0)
			return true;
	return false;
}

/* stand - one signature; false when something is wrong with it: a fault of
 * its line */
static bool
stand(struct loader *l, const struct sig *sig, const char *data, size_t len,
    struct stood *s)
{
	const char	*who = signers_name(l->signers, sig->key);
	int		 fits = who == NULL ? 0 : sig_fits(sig, data, len);

	l->line = sig->line;
	if (fits == -1)
		l->no_memory = true;
	else if (who == NULL)
		load_fault(l, true, "the key of %s is not among the signers "
		    "of this section", sig->name);
	else if (fits == 0)
		load_fault(l, true, "%s signed something else on %s: the "
		    "rules were changed since; sign them again", who,
		    sig->date);
	else if (again(s, who))
		load_fault(l, true, "%s twice: an approval is another "
		    "person's", who);
	else if (!sig->approval && s->author != NULL)
		load_fault(l, true, "signed by %s and by %s: a file has one "
		    "author, others approve", s->author, who);
	else {
		if (sig->approval)
			s->approved[s->n++] = who;
		else
			s->author = who;
		return true;
	}
	return false;
}

/* read_sigs - FILE.sig, if there is one; false when it cannot be used */
static bool
read_sigs(struct loader *l, const char *path, struct sigs *out)
{
	struct err	 why;
	char		*text, *rest;
	size_t		 len;
	int		 rc;

	out->n = 0;
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return true;
	if (file_read(path, SIG_FILE_MAX, &text, &len, &why) == -1) {
		load_fault(l, true, "%s", why.msg);
		return false;
	}
	if ((rc = sigs_parse(text, out, &why)) == -1) {
		l->line = (unsigned)strtoul(why.msg, &rest, 10);
		load_fault(l, true, "%s", rest + strspn(rest, ": "));
	}
	free(text);
	return rc == 0;
}

/* keep - the names, as long as the set lives */
static void
keep(struct loader *l, const struct stood *s, struct rules_file *f)
{
	struct buf	b = BUF_INIT((size_t)SIGS_MAX * (SIG_NAME + 2));
	size_t		i;

	for (i = 0; i < s->n; i++)
		(void)buf_addf(&b, "%s%s", i > 0 ? ", " : "", s->approved[i]);
	f->approved_by = rules_dup(l->r, buf_str(&b), b.len);
	if (s->author != NULL)
		f->signed_by = rules_dup(l->r, s->author, strlen(s->author));
	if (b.failed || f->approved_by == NULL || f->signed_by == NULL)
		l->no_memory = true;
	buf_free(&b);
}

/* new_file - one more of those that were read */
static struct rules_file *
new_file(struct loader *l)
{
	struct rules		*r = l->r;
	struct rules_file	*more = realloc(r->files, (r->nfiles + 1) *
				    sizeof *more);

	if (more == NULL) {
		l->no_memory = true;
		return NULL;
	}
	r->files = more;
	more[r->nfiles] = (struct rules_file){ l->file, "", "" };
	return &more[r->nfiles++];
}

/* enough - did those stand for it who have to? */
static void
enough(struct loader *l, const struct stood *s)
{
	if (s->author == NULL && (l->src->signature || s->n > 0))
		load_fault(l, true, "is not signed by its author (mailweir "
		    "rules sign)");
	else if (s->n < l->src->approvals)
		load_fault(l, true, "has %zu of %zu approvals (mailweir rules "
		    "approve)", s->n, l->src->approvals);
}

void
load_signed(struct loader *l, const char *data, size_t len)
{
	const char		*file = l->file;
	struct rules_file	*f = new_file(l);
	struct stood		 s = { .n = 0 };
	struct sigs		 sigs = { .n = 0 };
	struct buf		 path = BUF_INIT(4096);
	size_t			 i;
	bool			 good;

	if (f == NULL || l->signers == NULL)
		return;
	(void)buf_addf(&path, "%s.sig", file);
	l->file = rules_dup(l->r, buf_str(&path), path.len);
	if (path.failed || l->file == NULL)
		l->no_memory = true;
	good = !l->no_memory && read_sigs(l, l->file, &sigs);
	for (i = 0; i < sigs.n; i++)
		good &= stand(l, &sigs.v[i], data, len, &s);
	buf_free(&path);
	l->file = file;
	l->line = 0;
	if (good)
		enough(l, &s);
	keep(l, &s, f);
}

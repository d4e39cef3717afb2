/* SPDX-License-Identifier: BSD-2-Clause */
/* source.c - see source.h */
#include "rules/source.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "rules/signer.h"

#include "base/banned.h"

struct section {
	const char	*path, *owner;
	bool		 strict;
	struct conf_list may, streams, signers;
	bool		 require_signature;
	long		 approvals;
};

const struct conf_param rules_params[] = {
	CONF_STR(struct section, path, NULL,
	    "A rule file, or a folder: its files *.cf in order of name."),
	CONF_STR(struct section, owner, "",
	    "Who answers for these rules; named in the log."),
	CONF_BOOL(struct section, strict, "yes",
	    "Demand of each rule a description and an example that hits, and "
	    "refuse words that are not known. Set it to no for files written "
	    "for SpamAssassin."),
	CONF_LIST(struct section, may, "tag, hold, reject, notify",
	    "What `action` of these rules may do."),
	CONF_LIST(struct section, streams, "",
	    "The streams whose mail these rules look at. Empty: all."),
	CONF_LIST(struct section, signers, "",
	    "Who may sign these files: NAME:FILE of an Ed25519 public key in "
	    "PEM. A file with a signature that does not fit, or of another "
	    "key, is refused."),
	CONF_BOOL(struct section, require_signature, "no",
	    "Refuse a file that is not signed (mailweir rules sign)."),
	CONF_INT(struct section, approvals, "0", 0, SIGS_MAX - 1,
	    "Refuse a file that is not approved by so many signers besides "
	    "the one who signed it (mailweir rules approve)."),
	CONF_END
};

void
rules_source_init(struct rules_source *s, const char *path, bool strict)
{
	memset(s, 0, sizeof *s);
	s->path = path;
	s->strict = strict;
	s->owner = "";
	s->may_tag = s->may_hold = s->may_reject = s->may_notify = true;
}

/* set_may - the words of `may` */
static int
set_may(const struct conf_section *sec, const struct conf_list *may,
    struct rules_source *s, struct err *e)
{
	char	where[256];
	size_t	i;

	s->may_tag = s->may_hold = s->may_reject = s->may_notify = false;
	for (i = 0; i < may->n; i++) {
		if (strcmp(may->v[i], "tag") == 0)
			s->may_tag = true;
		else if (strcmp(may->v[i], "hold") == 0)
			s->may_hold = true;
		else if (strcmp(may->v[i], "reject") == 0)
			s->may_reject = true;
		else if (strcmp(may->v[i], "notify") == 0)
			s->may_notify = true;
		else if (strcmp(may->v[i], "none") != 0)
			return err_code(e, EX_CONFIG, "%s: want some of tag, "
			    "hold, reject, notify, or none, not \"%.40s\"",
			    conf_where(sec, "may", where, sizeof where),
			    may->v[i]);
	}
	return 0;
}

/* set_signers - who has to stand for a file */
static int
set_signers(const struct conf_section *sec, const struct section *s,
    struct rules_source *out, struct err *e)
{
	char	where[256];
	size_t	i;

	for (i = 0; i < s->signers.n; i++)
		if (!signer_ok(s->signers.v[i]))
			return err_code(e, EX_CONFIG, "%s: want NAME:FILE, not "
			    "\"%.80s\"", conf_where(sec, "signers", where,
			    sizeof where), s->signers.v[i]);
	if (s->signers.n == 0 && (s->require_signature || s->approvals > 0))
		return err_code(e, EX_CONFIG, "%s: without signers nobody can "
		    "sign", conf_where(sec, s->require_signature ?
		    "require_signature" : "approvals", where, sizeof where));
	out->signers = s->signers.n > 0 ? s->signers.v : NULL;
	out->signature = s->require_signature || s->approvals > 0;
	out->approvals = (size_t)s->approvals;
	return 0;
}

int
rules_sources(const struct conf *conf, const struct conf_list *plain,
    struct rules_source **out, size_t *n, struct err *e)
{
	const struct conf_section	*sec = NULL;
	struct rules_source		*v;
	struct section			 s;
	size_t				 count = plain != NULL ? plain->n : 0;
	size_t				 i;

	*n = 0;
	while ((sec = conf_next(conf, "rules", sec)) != NULL)
		count++;
	if ((v = calloc(count + 1, sizeof *v)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	while ((sec = conf_next(conf, "rules", sec)) != NULL) {
		if (conf_bind(conf, sec, rules_params, &s, e) == -1)
			goto fail;
		rules_source_init(&v[*n], s.path, s.strict);
		v[*n].owner = s.owner;
		v[*n].streams = s.streams.n > 0 ? s.streams.v : NULL;
		if (set_may(sec, &s.may, &v[*n], e) == -1 ||
		    set_signers(sec, &s, &v[*n], e) == -1)
			goto fail;
		(*n)++;
	}
	for (i = 0; plain != NULL && i < plain->n; i++)
		rules_source_init(&v[(*n)++], plain->v[i], false);
	*out = v;
	return 0;
fail:
	free(v);
	return -1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* source.c - see source.h */
#include "rules/source.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/banned.h"

struct section {
	const char	*path, *owner;
	bool		 strict;
	struct conf_list may, streams;
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
		if (set_may(sec, &s.may, &v[(*n)++], e) == -1)
			goto fail;
	}
	for (i = 0; plain != NULL && i < plain->n; i++)
		rules_source_init(&v[(*n)++], plain->v[i], false);
	*out = v;
	return 0;
fail:
	free(v);
	return -1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* settings.c - see settings.h */
#include "unsubscribe/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "unsubscribe/fid.h"
#include "unsubscribe/lines.h"

#include "base/banned.h"

const struct conf_param settings_params[] = {
	CONF_STR(struct settings, mailto_subject, "unsubscribe",
	    "Subject that the mailto link asks for; letters and digits. Empty: "
	    "none."),
	{ "split_server", CONF_T_STR, "",
	  offsetof(struct settings, split.split_server), 0, 0, NULL,
	  "Where copies go for multiple = split: HOST:PORT of an smtpd that "
	  "has these milters, too." },
	{ "split_timeout", CONF_T_SECS, "120s",
	  offsetof(struct settings, split.split_timeout), 1, 280, NULL,
	  "How long handing over all copies of a message may take; less than "
	  "milter_content_timeout of Postfix." },
	{ "split_memory", CONF_T_SECS, "5d",
	  offsetof(struct settings, split.split_memory), 60, 2592000, NULL,
	  "How long it is remembered who got a copy: longer than senders try "
	  "again." },
	CONF_END
};

const struct conf_schema settings_schemas[] = {
	{ "stream", true, { stream_params } },
	{ NULL, false, { NULL } }
};

/* check_settings - what the tables cannot say */
static int
check_settings(const struct conf *c, const struct snap *s, struct err *e)
{
	const struct conf_section	*sec;
	const struct stream		*st;
	char				 where[512];
	const char			*p = s->set.mailto_subject, *name;

	if (p[strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789._-")] != '\0')
		return err_set(e, "%s: \"%s\" has more than letters, digits "
		    "and . _ -", conf_where(conf_find(c, "unsubscribe", NULL),
		    "mailto_subject", where, sizeof where), p);
	for (sec = NULL; (sec = conf_next(c, "stream", sec)) != NULL;) {
		st = stream_find(s->streams, conf_section_name(sec));
		if (st != NULL && lines_check(st, &name, e) == -1)
			return conf_blame(sec, name, e);
		if (st != NULL && *st->feedback_id != '\0' &&
		    fid_check(st->feedback_id, e) == -1)
			return conf_blame(sec, "feedback_id", e);
	}
	return 0;
}

/* check_signing - require_signing is kept by mailweir-dkim (milters/dkim/
 * cover.c); a configuration without any would promise what nobody keeps */
static int
check_signing(const struct conf *c, const struct stream_set *set,
    struct err *e)
{
	const struct stream	*st;
	char			 where[512];
	size_t			 i;

	if (conf_next(c, "dkim", NULL) != NULL ||
	    conf_next(c, "key", NULL) != NULL)
		return 0;
	for (i = 0; (st = stream_at(set, i)) != NULL; i++)
		if (st->require_signing)
			return err_set(e, "%s: nothing signs here: there is "
			    "neither a [dkim] section nor a [key]",
			    conf_where(conf_find(c, "stream", st->name),
			    "require_signing", where, sizeof where));
	return 0;
}

/* load_split - if any stream wants it, what it needs must be there */
static int
load_split(const struct conf *c, struct snap *s, struct err *e)
{
	const struct stream	*st;
	const char		*name;
	char			 where[512];
	size_t			 i;

	for (i = 0; (st = stream_at(s->streams, i)) != NULL; i++) {
		if (st->multiple != STREAM_MULTI_SPLIT ||
		    st->unsubscribe == STREAM_UNSUB_OFF)
			continue;
		if (st->match_sasl.n > 0)
			return err_set(e, "%s: a copy comes back without a "
			    "login, and would not be of this stream: use "
			    "another condition", conf_where(conf_find(c,
			    "stream", st->name), "match_sasl", where,
			    sizeof where));
		if (s->split == NULL && split_new(&s->set.split,
		    s->common.state_dir, s->tokens, s->store, s->rules,
		    &s->split, &name, e) == -1)
			return conf_blame(conf_find(c, "unsubscribe", NULL),
			    name, e);
	}
	return 0;
}

/* load_keys - both files, if any stream makes tokens */
static int
load_keys(const struct conf *c, struct snap *s, struct err *e)
{
	const struct conf_section	*top = conf_find(c, "", NULL);
	const struct stream		*st;
	size_t				 i;

	for (i = 0; (st = stream_at(s->streams, i)) != NULL; i++) {
		s->headers |= st->unsubscribe != STREAM_UNSUB_OFF;
		s->sender |= *st->verp_address != '\0';
		s->body |= st->footer != STREAM_FOOTER_OFF;
		s->holds |= st->unsubscribe_missing == STREAM_MISSING_HOLD;
	}
	if (!s->headers && !s->sender)
		return 0;
	if (token_keys_load(s->common.token_key_file, &s->tokens, e) == -1)
		return conf_blame(top, "token_key_file", e);
	if (store_keys_load(s->common.store_key_file, &s->store, e) == -1)
		return conf_blame(top, "store_key_file", e);
	return 0;
}

void
settings_free(void *snap)
{
	struct snap	*s = snap;

	split_free(&s->split);
	store_keys_free(&s->store);
	token_keys_free(&s->tokens);
	stream_set_free(&s->streams);
	addr_rules_free(&s->rules);
	free(s);
}

int
settings_load(const struct conf *c, void **out, struct err *e)
{
	struct snap	*s;

	if ((s = calloc(1, sizeof *s)) == NULL)
		return err_set(e, "out of memory");
	if (conf_bind(c, conf_find(c, "", NULL), conf_common_params,
	    &s->common, e) == -1 ||
	    conf_bind(c, conf_find(c, "unsubscribe", NULL), settings_params,
	    &s->set, e) == -1 || stream_set_load(c, &s->streams, e) == -1)
		goto fail;
	if (addr_rules_load(s->common.fold_local, &s->common.address_rules,
	    &s->rules, e) == -1) {
		(void)conf_blame(conf_find(c, "", NULL), "address_rules", e);
		goto fail;
	}
	if (check_settings(c, s, e) == -1 ||
	    check_signing(c, s->streams, e) == -1 || load_keys(c, s, e) == -1 ||
	    load_split(c, s, e) == -1)
		goto fail;
	*out = s;
	return 0;
fail:
	settings_free(s);
	return -1;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* snap.c - a configuration of mailweir-web, loaded whole or not at all */
#include "web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/file.h"
#include "store/conf.h"
#include "web/hook.h"
#include "web/keys.h"
#include "web/page.h"

#include "base/banned.h"

#define LOGO_MAX	(256u << 10)
#define SCOPES_MAX	1024

const struct conf_schema web_schemas[] = {
	{ "", false, { conf_common_params } },
	WEB_SCHEMA,
	WEBHOOK_SCHEMA,
	FEEDBACK_SCHEMA,
	{ "stream", true, { stream_params } },
	STORE_SCHEMA,
	{ NULL, false, { NULL } }
};

/* wrong - "FILE:LINE: name: why" of a value of [web] */
static int
wrong(const struct snap *s, const char *name, const char *why, struct err *e)
{
	char	where[512];

	return err_code(e, EX_CONFIG, "%s: %s",
	    conf_where(conf_find(s->file, "web", NULL), name, where,
	    sizeof where), why);
}

/* sane - values that make sense one by one but not together */
static int
sane(const struct snap *s, struct err *e)
{
	const struct web_conf	*w = &s->web;
	size_t			 n = strlen(w->path), u = strlen(w->base_url);

	if (n < 2 || w->path[0] != '/' || w->path[n - 1] != '/' ||
	    strpbrk(w->path, " ?#%\"<>") != NULL)
		return wrong(s, "path", "begins and ends in /, as in /u/", e);
	if (u > 0 && (strncmp(w->base_url, "https://", 8) != 0 ||
	    w->base_url[u - 1] == '/' || u > 200 ||
	    strpbrk(w->base_url, " \"<>") != NULL))
		return wrong(s, "base_url", "write https://host, without a / "
		    "at the end", e);
	if (w->smtp[0] != '\0' && strchr(w->mail_from, '@') == NULL)
		return wrong(s, "mail_from", "an address is needed when smtp "
		    "is set", e);
	if (w->smtp[0] != '\0' && u == 0)
		return wrong(s, "base_url", "needed when smtp is set: mail "
		    "carries a link", e);
	if (w->mail_from[0] != '\0' &&
	    strpbrk(w->mail_from, " \r\n<>") != NULL)
		return wrong(s, "mail_from", "an address alone, user@host", e);
	if (page_color(w->brand_color, NULL) == -1)
		return wrong(s, "brand_color", "write it as #rrggbb", e);
	return 0;
}

static int
bind(struct snap *s, struct err *e)
{
	const struct conf	*c = s->file;

	if (conf_check(c, web_schemas, e) == -1 ||
	    conf_bind(c, conf_find(c, "", NULL), conf_common_params,
	    &s->common, e) == -1 ||
	    conf_bind(c, conf_find(c, "web", NULL), web_params, &s->web,
	    e) == -1)
		return -1;
	return sane(s, e);
}

/* scope_of - the entry of that name, made if there is none */
static struct web_scope *
scope_of(struct snap *s, const char *name)
{
	struct web_scope	*v;
	size_t			 i;

	for (i = 0; i < s->nscopes; i++)
		if (strcmp(s->scopes[i].name, name) == 0)
			return &s->scopes[i];
	if (s->nscopes == SCOPES_MAX || (v = realloc(s->scopes,
	    (s->nscopes + 1) * sizeof *v)) == NULL)
		return NULL;
	s->scopes = v;
	v += s->nscopes++;
	memset(v, 0, sizeof *v);
	v->name = name;
	v->id = store_scope_id(name);
	for (i = 0; i < WEB_LANGS; i++)
		v->titles[i] = name;
	return v;
}

/* titled - what [scope NAME] says of it */
static int
titled(struct snap *s, const struct conf_section *sec, struct err *e)
{
	struct web_scope	*ws;
	struct scope_conf	 sc;
	const char		*t;
	size_t			 i;

	if (!store_scope_ok(conf_section_name(sec)))
		return err_code(e, EX_CONFIG, "%s: [scope %s]: 1 to 64 of a-z "
		    "0-9 . _ - or *", conf_path(s->file),
		    conf_section_name(sec));
	if (conf_bind(s->file, sec, scope_params, &sc, e) == -1)
		return -1;
	if ((ws = scope_of(s, conf_section_name(sec))) == NULL)
		return err_set(e, "out of memory, or too many scopes");
	for (i = 0; i < WEB_LANGS; i++) {
		t = sc.titles[i][0] != '\0' ? sc.titles[i] : sc.title;
		if (*t != '\0')
			ws->titles[i] = t;
	}
	return 0;
}

/* load_scopes - those of streams and those that have a section */
static int
load_scopes(struct snap *s, struct err *e)
{
	const struct conf_section	*sec = NULL;
	const struct stream		*st;
	struct web_scope		*ws;
	size_t				 i, k;

	for (i = 0; i < stream_count(s->streams); i++) {
		st = stream_at(s->streams, i);
		for (k = 0; k < st->scopes.n + st->page_scopes.n; k++) {
			ws = scope_of(s, k < st->scopes.n ? st->scopes.v[k] :
			    st->page_scopes.v[k - st->scopes.n]);
			if (ws == NULL)
				return err_set(e, "out of memory, or too many "
				    "scopes");
			if (k == 0 && ws->stream == NULL)
				ws->stream = st;
		}
	}
	while ((sec = conf_next(s->file, "scope", sec)) != NULL)
		if (titled(s, sec, e) == -1)
			return -1;
	return 0;
}

/* load_logo - the image and its type by the file's ending */
static int
load_logo(struct snap *s, struct err *e)
{
	static const char *const	types[][2] = {
		{ ".png", "image/png" }, { ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" }, { ".svg", "image/svg+xml" },
		{ ".webp", "image/webp" },
	};
	const char			*dot = strrchr(s->web.logo, '.');
	size_t				 i;

	if (s->web.logo[0] == '\0')
		return 0;
	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		if (dot != NULL && strcasecmp(dot, types[i][0]) == 0)
			s->logo_type = types[i][1];
	if (s->logo_type == NULL)
		return wrong(s, "logo", "ends in none of .png .jpg .svg .webp",
		    e);
	return file_read(s->web.logo, LOGO_MAX, &s->logo, &s->logo_len, e);
}

static int
load(struct snap *s, struct err *e)
{
	const struct conf_section	*top = conf_find(s->file, "", NULL);

	if (addr_rules_load(s->common.fold_local, &s->common.address_rules,
	    &s->rules, e) == -1)
		return conf_blame(top, "address_rules", e);
	if (store_keys_load(s->common.store_key_file, &s->keys, e) == -1)
		return conf_blame(top, "store_key_file", e);
	if (token_keys_load(s->common.token_key_file, &s->tokens, e) == -1)
		return conf_blame(top, "token_key_file", e);
	if (stream_set_load(s->file, &s->streams, e) == -1 ||
	    load_scopes(s, e) == -1 || load_logo(s, e) == -1)
		return -1;
	if (s->web.api_key_file[0] != '\0' &&
	    api_keys_load(s->web.api_key_file, &s->api, e) == -1)
		return conf_blame(conf_find(s->file, "web", NULL),
		    "api_key_file", e);
	if (hooks_load(s, &s->hooks, e) == -1)
		return -1;
	store_keys_derive(s->keys, 0, "web ticket", s->ticket_key);
	return page_style(s, e);
}

int
snap_load(const char *path, struct snap **out, struct err *e)
{
	struct snap	*s = calloc(1, sizeof *s);

	*out = NULL;
	if (s == NULL)
		return err_set(e, "out of memory");
	atomic_init(&s->refs, 1);
	(void)pthread_mutex_init(&s->lock, NULL);
	if (conf_read(path, &s->file, e) == -1 || bind(s, e) == -1 ||
	    load(s, e) == -1) {
		snap_release(s);
		return -1;
	}
	*out = s;
	return 0;
}

void
snap_release(struct snap *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	store_close(&s->store);
	hooks_free(&s->hooks);
	api_keys_free(&s->api);
	stream_set_free(&s->streams);
	token_keys_free(&s->tokens);
	store_keys_free(&s->keys);
	addr_rules_free(&s->rules);
	OPENSSL_cleanse(s->ticket_key, sizeof s->ticket_key);
	free(s->scopes);
	free(s->logo);
	free(s->style);
	free(s->csp);
	conf_free(&s->file);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

struct store *
snap_store(struct snap *s, struct err *e)
{
	time_t	now = clock_mono_us() / 1000000 + 1;
	bool	opened;

	(void)pthread_mutex_lock(&s->lock);
	if (s->store == NULL && s->tried != now) {
		s->tried = now;
		(void)store_open_conf(s->file, s->common.store_path,
		    STORE_WRITE, s->keys, &s->store, e);
	} else if (s->store == NULL)
		(void)err_set(e, "the store cannot be opened");
	opened = s->store != NULL;
	(void)pthread_mutex_unlock(&s->lock);
	return opened ? s->store : NULL;
}

const struct web_scope *
snap_scope(const struct snap *s, uint32_t id)
{
	size_t	i;

	for (i = 0; i < s->nscopes; i++)
		if (s->scopes[i].id == id)
			return &s->scopes[i];
	return NULL;
}

const char *
web_title(const struct web_scope *s, enum lang l)
{
	return s->titles[l];
}

struct snap *
web_snap(struct web *w)
{
	struct snap	*s;

	(void)pthread_mutex_lock(&w->lock);
	s = w->snap;
	(void)atomic_fetch_add(&s->refs, 1);
	(void)pthread_mutex_unlock(&w->lock);
	return s;
}

void
web_swap(struct web *w, struct snap *s)
{
	struct snap	*old;

	(void)pthread_mutex_lock(&w->lock);
	old = w->snap;
	w->snap = s;
	(void)pthread_mutex_unlock(&w->lock);
	snap_release(old);
}

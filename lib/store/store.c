/* SPDX-License-Identifier: BSD-2-Clause */
/* store.c - see store.h */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "store/find.h"
#include "store/lists.h"

#include "base/banned.h"

#define SWEEP_MS	2000

int
store_create(const char *dir, struct err *e)
{
	return env_create(dir, (size_t)store_conf_default.map_size, e);
}

/* sweep - delete dead lists, for a moment; the next writer goes on */
static int
sweep(void *env)
{
	return lists_sweep(env, SWEEP_MS, NULL);
}

int
store_open_with(const char *dir, enum store_mode mode,
    const struct store_keys *keys, const struct store_conf *conf,
    struct store **out, struct err *e)
{
	struct store	*s;

	*out = NULL;
	if ((s = calloc(1, sizeof *s)) == NULL)
		return err_code(e, EX_OSERR, "store %s: no memory", dir);
	s->keys = keys;
	s->conf = *conf;
	if ((mode == STORE_WRITE && conf->seal_key_file[0] != '\0' &&
	    seal_load_public(conf->seal_key_file, &s->seal, e) == -1) ||
	    env_open(dir, mode == STORE_WRITE, (size_t)conf->map_size,
	    &s->env, e) == -1) {
		seal_free(&s->seal);
		free(s);
		return -1;
	}
	if (keys != NULL && store_keys_known(s, e) == -1) {
		store_close(&s);
		return -1;
	}
	if (mode == STORE_WRITE)	/* what killed imports left */
		(void)env_guard(s->env, sweep, s->env, NULL);
	*out = s;
	return 0;
}

int
store_open(const char *dir, enum store_mode mode,
    const struct store_keys *keys, struct store **out, struct err *e)
{
	return store_open_with(dir, mode, keys, &store_conf_default, out, e);
}

int
store_open_conf(const struct conf *conf, const char *dir,
    enum store_mode mode, const struct store_keys *keys, struct store **out,
    struct err *e)
{
	struct store_conf	c;

	*out = NULL;
	if (conf_bind(conf, conf_find(conf, "store", NULL), store_params, &c,
	    e) == -1)
		return -1;
	return store_open_with(dir, mode, keys, &c, out, e);
}

bool
store_names_address(const char *text)
{
	static const char	around[] = " \t\r\n,;:()<>[]\"'";
	const char		*at = text;

	while (at != NULL && (at = strchr(at, '@')) != NULL) {
		if (at > text && strchr(around, at[-1]) == NULL &&
		    at[1] != '\0' && strchr(around, at[1]) == NULL)
			return true;
		at++;
	}
	return false;
}

bool
store_evidence_ok(const char *text)
{
	return text == NULL || text[0] == '<' || !store_names_address(text);
}

bool
store_outdated(const struct store *s)
{
	return env_outdated(s->env);
}

void
store_close(struct store **sp)
{
	if (*sp == NULL)
		return;
	env_close(&(*sp)->env);
	seal_free(&(*sp)->seal);
	free(*sp);
	*sp = NULL;
}

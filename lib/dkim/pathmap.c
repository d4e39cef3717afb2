/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pathmap.c - rspamd's dkim_signing maps, read as they are, and the active keys
 * of a rotation
 *
 * path_map rows: `domain /path/$domain.$selector.key`; selector_map rows:
 * `domain selector`. A domain that one map lacks takes key_path or key_selector
 * instead; one that neither has is found by key_path alone (dtable.c).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "dkim/dtable_int.h"

#include "base/banned.h"

#define MAP_MAX	(64u << 20)

struct row {
	char	*domain, *value;	/* in the text */
};

struct map {
	char		*text;
	struct row	*v;
	size_t		 n, cap;
};

static void
free_map(struct map *m)
{
	free(m->text);
	free(m->v);
}

static int
by_domain(const void *a, const void *b)
{
	return strcasecmp(((const struct row *)a)->domain,
	    ((const struct row *)b)->domain);
}

/* one_row - "domain value"; comments and empty lines are none */
static int
one_row(struct map *m, char *p, const char *path, unsigned line,
    struct err *e)
{
	struct row	*v;
	char		*value;

	p += strspn(p, " \t\r");
	if (*p == '\0' || *p == '#')
		return 0;
	value = p + strcspn(p, " \t\r");
	if (*value != '\0')
		*value++ = '\0';
	value += strspn(value, " \t\r");
	value[strcspn(value, " \t\r#")] = '\0';
	if (*value == '\0')
		return err_code(e, EX_CONFIG, "%s:%u: %s: nothing behind it",
		    path, line, p);
	if (m->n == m->cap) {
		m->cap = m->cap == 0 ? 64 : m->cap * 2;
		if ((v = realloc(m->v, m->cap * sizeof *v)) == NULL)
			return err_code(e, EX_OSERR, "no memory");
		m->v = v;
	}
	m->v[m->n].domain = p;
	m->v[m->n++].value = value;
	return 0;
}

/* read_map - sorted by domain; an empty path is an empty map */
static int
read_map(const char *path, struct map *m, struct err *e)
{
	char		*p, *nl;
	size_t		 len;
	unsigned	 line = 1;

	memset(m, 0, sizeof *m);
	if (path[0] == '\0')
		return 0;
	if (file_read(path, MAP_MAX, &m->text, &len, e) == -1)
		return -1;
	for (p = m->text; p != NULL; p = nl, line++) {
		if ((nl = strchr(p, '\n')) != NULL)
			*nl++ = '\0';
		if (one_row(m, p, path, line, e) == -1)
			return -1;
	}
	if (m->n > 0)
		qsort(m->v, m->n, sizeof *m->v, by_domain);
	return 0;
}

/* value_of - the row's value, or dflt */
static const char *
value_of(const struct map *m, const char *domain, const char *dflt)
{
	struct row		 key = { NULL, NULL };
	const struct row	*r;

	memcpy(&key.domain, &domain, sizeof domain);
	r = m->n == 0 ? NULL : bsearch(&key, m->v, m->n, sizeof *m->v,
	    by_domain);
	return r != NULL ? r->value : dflt;
}

/* add_domain - an entry and its pattern; name NULL: the domain */
static int
add_domain(struct dtable *t, const char *name, const char *domain,
    const char *selector, const char *path, struct err *e)
{
	struct dtable_entry	 entry;
	struct dtable_slot	*s;
	char			*file, *c;

	if (selector[0] == '\0' || path[0] == '\0')
		return err_code(e, EX_CONFIG, "%s: has no %s", domain,
		    path[0] == '\0' ? "row in path_map, and there is no "
		    "key_path" : "row in selector_map, and there is no "
		    "key_selector");
	memset(&entry, 0, sizeof entry);
	if ((c = dtable_dup(t, domain, strlen(domain))) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	for (entry.name = entry.domain = c; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	entry.selector = dtable_dup(t, selector, strlen(selector));
	if (name != NULL)
		entry.name = dtable_dup(t, name, strlen(name));
	entry.passphrase_file = entry.identity = "";
	entry.file = path;
	file = entry.selector == NULL || entry.name == NULL ? NULL :
	    dtable_own(t, dtable_fill_in(&entry, entry.domain));
	if (file == NULL)
		return err_code(e, EX_OSERR, "no memory");
	entry.file = file;
	if ((s = dtable_add(t, &entry)) == NULL)
		return err_code(e, EX_OSERR, "no memory");
	(void)dtable_note_file(s);	/* absent: an event at use */
	return dtable_pattern(t, entry.domain, s->self, e);
}

int
pathmap_load(struct dtable *t, const struct dtable_options *o, struct err *e)
{
	struct map	paths, sels = { NULL, NULL, 0, 0 };
	size_t		i;
	int		rc = -1;

	if (read_map(o->path_map, &paths, e) == -1 ||
	    read_map(o->selector_map, &sels, e) == -1)
		goto done;
	for (i = 0; i < paths.n; i++)
		if (add_domain(t, NULL, paths.v[i].domain, value_of(&sels,
		    paths.v[i].domain, o->key_selector), paths.v[i].value,
		    e) == -1)
			goto done;
	for (i = 0; i < sels.n; i++)
		if (value_of(&paths, sels.v[i].domain, NULL) == NULL &&
		    add_domain(t, NULL, sels.v[i].domain, sels.v[i].value,
		    o->key_path, e) == -1)
			goto done;
	rc = 0;
done:
	free_map(&paths);
	free_map(&sels);
	return rc;
}

/* active_row - "domain selector file" */
static int
active_row(struct dtable *t, char *p, const char *path, struct err *e)
{
	char	*selector = p + strcspn(p, " "), *file;

	if (*p == '#' || *p == '\0')
		return 0;
	file = *selector == '\0' ? selector : selector + 1 +
	    strcspn(selector + 1, " ");
	if (*file == '\0' || file[1] == '\0')
		return err_code(e, EX_CONFIG, "%s: %s: not a line of this file",
		    path, p);
	*selector++ = '\0';
	*file++ = '\0';
	return add_domain(t, selector, p, selector, file, e);
}

int
active_load(struct dtable *t, const char *dir, struct err *e)
{
	char	path[PATH_MAX], *text, *p, *nl;
	size_t	len;
	int	rc = 0;

	if (dir[0] == '\0')
		return 0;
	(void)snprintf(path, sizeof path, "%s/active", dir);
	if (access(path, F_OK) == -1 && errno == ENOENT)
		return 0;		/* nothing is active yet */
	if (file_read(path, MAP_MAX, &text, &len, e) == -1)
		return -1;
	for (p = text; p != NULL && rc == 0; p = nl) {
		if ((nl = strchr(p, '\n')) != NULL)
			*nl++ = '\0';
		rc = active_row(t, p, path, e);
	}
	free(text);
	return rc;
}

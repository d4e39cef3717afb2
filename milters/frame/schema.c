/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.c - the sections of the configuration that a set of policies reads
 */
#include "frame/frame.h"

#include <string.h>

#include "conf/common.h"

#include "base/banned.h"

struct list {
	struct conf_schema	*v;
	size_t			 n, size;
};

/* add_table - one more table for a kind of section; the same one only once */
static int
add_table(struct list *l, const char *kind, bool named,
    const struct conf_param *table, struct err *e)
{
	struct conf_schema	*s;
	size_t			 i;

	for (s = l->v; s < l->v + l->n; s++)
		if (strcmp(s->kind, kind) == 0)
			break;
	if (s == l->v + l->n) {
		if (l->n + 1 >= l->size)
			return err_set(e, "too many kinds of section");
		memset(s, 0, sizeof *s);
		s->kind = kind;
		s->named = named;
		l->n++;
	}
	for (i = 0; table != NULL && i < CONF_TABLES; i++) {
		if (s->tables[i] == table)
			return 0;
		if (s->tables[i] == NULL) {
			s->tables[i] = table;
			return 0;
		}
	}
	return table == NULL ? 0 :
	    err_set(e, "too many tables for section [%s]", kind);
}

int
frame_schemas(const char *program, const struct frame_policy *const *policies,
    struct conf_schema *out, size_t size, struct err *e)
{
	const struct conf_schema	*s;
	const struct frame_policy	*p;
	struct list			 l = { out, 0, size };
	size_t				 i;

	memset(out, 0, size * sizeof *out);
	if (add_table(&l, "", false, conf_common_params, e) == -1 ||
	    add_table(&l, program, false, frame_params, e) == -1)
		return -1;
	for (; (p = *policies) != NULL; policies++) {
		if (add_table(&l, p->name, false, p->params, e) == -1 ||
		    add_table(&l, p->name, false, frame_params, e) == -1)
			return -1;
		for (s = p->schemas; s != NULL && s->kind != NULL; s++)
			for (i = 0; i < CONF_TABLES && s->tables[i] != NULL;
			    i++)
				if (add_table(&l, s->kind, s->named,
				    s->tables[i], e) == -1)
					return -1;
	}
	return 0;
}

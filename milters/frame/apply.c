/* SPDX-License-Identifier: BSD-2-Clause */
/* apply.c - see apply.h */
#include "frame/apply.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SPACED_SIZE	(PLAN_VALUE_MAX + 2)

/* spaced - " value" in room, or value itself where the MTA adds the space */
static char *
spaced(const struct edit *ed, bool leadspc, char *room)
{
	if (!leadspc)
		return ed->value;
	room[0] = ' ';
	memcpy(room + 1, ed->value, strlen(ed->value) + 1);
	return room;
}

/*
 * insert_at - the MTA's index of our position
 *
 * Our list has all fields but the Received that the MTA itself put on top and
 * never shows. 0 is above that; any other place is counted with it.
 */
static int
insert_at(size_t pos)
{
	return pos == 0 ? 0 : (int)pos + 1;
}

static int
apply_body(SMFICTX *ctx, const struct msg *m, const struct edit *ed)
{
	const struct edit	*later = ed + 1;

	/* a second text would be appended to the first */
	for (; later < m->plan.v + m->plan.n; later++)
		if (later->kind == EDIT_BODY)
			return MI_SUCCESS;
	return smfi_replacebody(ctx, (unsigned char *)m->body.data,
	    (int)m->body.len);
}

static int
apply_edit(SMFICTX *ctx, const struct msg *m, const struct edit *ed,
    bool leadspc, char *room)
{
	switch (ed->kind) {
	case EDIT_INSERT:
		return smfi_insheader(ctx, insert_at(ed->n), ed->name,
		    spaced(ed, leadspc, room));
	case EDIT_APPEND:
		return smfi_addheader(ctx, ed->name,
		    spaced(ed, leadspc, room));
	case EDIT_CHANGE:
		return smfi_chgheader(ctx, ed->name, (int)ed->n,
		    spaced(ed, leadspc, room));
	case EDIT_DELETE:
		return smfi_chgheader(ctx, ed->name, (int)ed->n, NULL);
	case EDIT_SENDER:
		return smfi_chgfrom(ctx, ed->value, NULL);
	case EDIT_ADD_RCPT:
		return smfi_addrcpt(ctx, ed->value);
	case EDIT_DELETE_RCPT:
		return smfi_delrcpt(ctx, ed->value);
	case EDIT_BODY:
		return apply_body(ctx, m, ed);
	case EDIT_QUARANTINE:
		return smfi_quarantine(ctx, ed->value);
	case EDIT_KINDS:
		break;
	}
	return MI_FAILURE;
}

int
apply_plan(SMFICTX *ctx, const struct msg *m, bool leadspc,
    enum edit_kind *failed)
{
	const struct edit	*ed;
	char			*room;
	int			 rc = 0;

	if (m->plan.n == 0)
		return 0;
	if ((room = malloc(SPACED_SIZE)) == NULL) {
		*failed = m->plan.v[0].kind;
		return -1;
	}
	for (ed = m->plan.v; ed < m->plan.v + m->plan.n; ed++) {
		if (apply_edit(ctx, m, ed, leadspc, room) != MI_SUCCESS) {
			*failed = ed->kind;
			rc = -1;
			break;
		}
	}
	free(room);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* edits.h - the way out, put into the message */
#ifndef UNSUBSCRIBE_EDITS_H
#define UNSUBSCRIBE_EDITS_H

#include "unsubscribe/work.h"

/* Everything that was decided goes into the plan: the footer, which is told in
 * visible and hidden, header fields, the sender, told in verp. 0; -1 with *e,
 * of which the message must be tempfailed. */
int	edits_plan(struct work *, struct err *e);

#endif

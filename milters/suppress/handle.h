/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handle.h - a store that may not be there yet, or be another one tomorrow
 *
 * A milter must run before and beyond its store: mail is then answered 451
 * and waits at its sender. Whoever asks for the store while it is away has it
 * looked for again, at most once a second for all threads together.
 */
#ifndef SUPPRESS_HANDLE_H
#define SUPPRESS_HANDLE_H

#include "conf/common.h"
#include "conf/conf.h"
#include "store/store.h"

struct handle;

/* conf and keys must outlive it. NULL without memory. Tries at once, and logs
 * store_unavailable if that fails. write: open it for writing too, if that is
 * possible (late.h). */
struct handle *handle_new(const struct conf *, const struct conf_common *,
	    const struct store_keys *, bool write);
void	handle_free(struct handle **);

/* The store; NULL with *e while it is away. Valid until handle_free(). */
struct store *handle_store(struct handle *, struct err *e);

#endif

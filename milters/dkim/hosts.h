/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hosts.h - is this client one of ours?
 *
 * Items: an address, a network (192.0.2.0/24, 2001:db8::/32), a host name, or
 * .domain for every name below it. "!" in front takes out again what another
 * item lets in; the most exact item is the one that counts. Names are those
 * that the MTA verified.
 */
#ifndef DKIM_HOSTS_H
#define DKIM_HOSTS_H

#include <stdbool.h>

#include "base/err.h"
#include "conf/conf.h"

struct hosts;

/* list must outlive the result. -1 with *e. */
int	hosts_load(const struct conf_list *list, struct hosts **,
	    struct err *e);
void	hosts_free(struct hosts **);
bool	hosts_has(const struct hosts *, const char *addr, const char *name);

#endif

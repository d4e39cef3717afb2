/* SPDX-License-Identifier: BSD-2-Clause */
/* client.h - whom a border of ours had its mail from, by its Received field */
#ifndef FEEDBACK_CLIENT_H
#define FEEDBACK_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"

#define CLIENT_SIZE	64	/* of an address as text */

/* The address in a Received field, if one of these wrote it: "from HELO (NAME
 * [192.0.2.1])", then "by BORDER" on a line of its own, as Postfix and Sendmail
 * write it. False when it is not surely so. */
bool	client_of(const char *value, size_t len,
	    const struct conf_list *borders, char out[CLIENT_SIZE]);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_dkim.h - the sentences that begin with "dkim" */
#ifndef CTL_CMD_DKIM_H
#define CTL_CMD_DKIM_H

#include <stdbool.h>

#include "ctl/ctl.h"
#include "dkim/ddns.h"
#include "dkim/drecord.h"
#include "dkim/dverify.h"

/* Where key records come from: a file of records, or DNS. */
struct ctl_records {
	struct drecord_set	*set;
	struct ddns		*dns;
};

/* keys: --keys FILE or NULL; servers: --dns or NULL. EX_OK, else printed. */
int	ctl_records_open(struct ctl_records *, const char *keys,
	    const char *servers);
void	ctl_records_close(struct ctl_records *);
int	ctl_records_find(void *records, const char *name, char *txt,
	    size_t size);	/* a dverify_lookup */

/* A file argument, "-" for standard input, whole. EX_OK (free it), else an
 * exit status, printed. */
int	ctl_slurp(const char *path, char **data, size_t *len);

int	cmd_dkim_check(struct ctl *, int argc, char **argv);
int	cmd_dkim_genkey(struct ctl *, int argc, char **argv);
int	cmd_dkim_import(struct ctl *, int argc, char **argv);
int	cmd_dkim_rotate(struct ctl *, int argc, char **argv);
int	cmd_dkim_sign(struct ctl *, int argc, char **argv);
int	cmd_dkim_verify(struct ctl *, int argc, char **argv);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_dkim.c - "mailweir dkim VERB": find the verb; what the verbs share */
#include "ctl/cmd_dkim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "ctl/cmds.h"

#include "base/banned.h"

#define MESSAGE_MAX	(256u << 20)	/* octets of a message file */

static const struct {
	const char	*name;
	int		(*run)(struct ctl *, int argc, char **argv);
} verbs[] = {
	{ "check", cmd_dkim_check },
	{ "genkey", cmd_dkim_genkey },
	{ "import-opendkim", cmd_dkim_import },
	{ "rotate", cmd_dkim_rotate },
	{ "sign", cmd_dkim_sign },
	{ "verify", cmd_dkim_verify },
	{ NULL, NULL }
};

int
cmd_dkim(struct ctl *ctl, int argc, char **argv)
{
	size_t	i;

	if (argc >= 2 && strcmp(argv[1], "--help") == 0)
		return ctl_help("dkim",
		    "  genkey  make a private key, print its DNS record\n"
		    "  check   are the records of all keys published and "
		    "right?\n"
		    "  import-opendkim  what mailweir.conf must say instead of "
		    "an opendkim.conf\n"
		    "  rotate  take the steps that are due for keys that "
		    "rotate\n"
		    "  sign    sign a message file as the milter would\n"
		    "  verify  check the signatures of message files\n"
		    "  `mailweir dkim VERB --help` tells more.\n");
	for (i = 0; argc >= 2 && verbs[i].name != NULL; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(ctl, argc - 1, argv + 1);
	return ctl_usage("dkim", "which one?");
}

int
ctl_records_open(struct ctl_records *r, const char *keys, const char *servers)
{
	struct ddns_options	o = { .servers = servers };
	struct err		e = { "", 0 };

	memset(r, 0, sizeof *r);
	if (keys != NULL && drecord_load(keys, &r->set, &e) == -1)
		return ctl_fail(&e, EX_NOINPUT);
	if (keys == NULL && ddns_open(&o, &r->dns, &e) == -1)
		return ctl_fail(&e, EX_UNAVAILABLE);
	return EX_OK;
}

void
ctl_records_close(struct ctl_records *r)
{
	drecord_free(&r->set);
	ddns_close(&r->dns);
}

int
ctl_records_find(void *arg, const char *name, char *txt, size_t size)
{
	struct ctl_records	*r = arg;

	return r->set != NULL ? drecord_lookup(r->set, name, txt, size) :
	    ddns_txt(r->dns, name, txt, size);
}

/* slurp_stdin - what is piped in */
static int
slurp_stdin(char **data, size_t *len)
{
	struct buf	 b = BUF_INIT(MESSAGE_MAX);
	char		*block = malloc(65536);
	size_t		 n;

	while (block != NULL && (n = fread(block, 1, 65536, stdin)) > 0)
		(void)buf_add(&b, block, n);
	free(block);
	*len = b.len;
	if (ferror(stdin) || block == NULL || (*data = buf_steal(&b)) ==
	    NULL) {
		buf_free(&b);
		(void)fprintf(stderr, "mailweir: -: cannot be read, or is "
		    "too large\n");
		return EX_NOINPUT;
	}
	return EX_OK;
}

int
ctl_slurp(const char *path, char **data, size_t *len)
{
	struct err	e = { "", 0 };

	if (strcmp(path, "-") == 0)
		return slurp_stdin(data, len);
	if (file_read(path, MESSAGE_MAX, data, len, &e) == -1)
		return ctl_fail(&e, EX_NOINPUT);
	return EX_OK;
}

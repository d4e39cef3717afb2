/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_verify.c - mailweir verify, backup, compact: the store as a whole */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/codec.h"
#include "ctl/cmds.h"
#include "store/admin.h"

#include "base/banned.h"

#define FAULTS_SHOWN	100

static void
fault(void *arg, const char *what)
{
	unsigned	*shown = arg;

	if ((*shown)++ < FAULTS_SHOWN)
		(void)fprintf(stderr, "mailweir: %s\n", what);
}

/* foreign - does the journal begin at a checkpoint that somebody else signed?
 * `journal verify --signer` takes one that was noted. */
static bool
foreign(const struct store_chain *c)
{
	char	signer[CODEC_HEX_SIZE(32)];

	if (!c->was_cut || c->signer_known)
		return false;
	codec_hex(c->signer, sizeof c->signer, signer);
	(void)fprintf(stderr, "mailweir: the journal begins at a checkpoint "
	    "signed by Ed25519 key %s, which no key of store_key_file derives: "
	    "put the old store key back, or compare with the key that you "
	    "noted (mailweir journal verify --signer)\n", signer);
	return true;
}

/* print_json - one object; no foreign signer when we signed, or nobody */
static void
print_json(const struct store_check *c, const char *head)
{
	char	signer[CODEC_HEX_SIZE(32) + 2] = "null";
	char	hex[CODEC_HEX_SIZE(32)];

	if (c->chain.was_cut && !c->chain.signer_known) {
		codec_hex(c->chain.signer, sizeof c->chain.signer, hex);
		(void)snprintf(signer, sizeof signer, "\"%s\"", hex);
	}
	(void)printf("{\"faults\":%" PRIu64 ",\"records\":%" PRIu64
	    ",\"entries\":%" PRIu64 ",\"lists\":%" PRIu64
	    ",\"rows\":%" PRIu64 ",\"head\":\"%s\""
	    ",\"foreign_signer\":%s}\n", c->faults, c->chain.records,
	    c->entries, c->lists, c->rows, head, signer);
}

int
cmd_verify(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct store_check		c;
	struct err			e = { "", 0 };
	char				hex[CODEC_HEX_SIZE(32)];
	unsigned			shown = 0;
	bool				json = false;
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("verify",
			    "  --json  one JSON object\n");
		if (ch != 'j')
			return ctl_usage_opt("verify", argv);
		json = true;
	}
	if (optind != argc)
		return ctl_usage("verify", "takes no argument");
	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	if (store_verify(ctl->store, &c, fault, &shown, &e) == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	codec_hex(c.chain.head, sizeof c.chain.head, hex);
	if (json)
		print_json(&c, hex);
	else
		(void)printf("%" PRIu64 " faults; %" PRIu64 " journal records, "
		    "%" PRIu64 " entries, %" PRIu64 " lists of %" PRIu64
		    " rows; head %s\n", c.faults, c.chain.records, c.entries,
		    c.lists, c.rows, hex);
	return foreign(&c.chain) || c.faults != 0 ? EX_DATAERR : EX_OK;
}

int
cmd_backup(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct err			e = { "", 0 };
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("backup",
	    "DIR must be absent or an empty folder. Programs may go on using "
	    "the store.\nTo restore: stop them, put DIR in the place of "
	    "store_path, start them.\nThe store key is not in it: keep that "
	    "elsewhere.\n");
		return ctl_usage_opt("backup", argv);
	}
	if (optind != argc - 1)
		return ctl_usage("backup", "one folder, please");
	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	if (store_backup(ctl->store, argv[optind], &e) == -1)
		return ctl_fail(&e, EX_CANTCREAT);
	(void)printf("%s: backup made and verified\n", argv[optind]);
	return EX_OK;
}

int
cmd_compact(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char			*dir;
	struct err			 e = { "", 0 };
	int				 ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("compact",
	    "Refused while a program has the store open. The file as it was "
	    "stays as\ndata.mdb.before in the store's folder: remove it when "
	    "all is well.\n");
		return ctl_usage_opt("compact", argv);
	}
	if (optind != argc)
		return ctl_usage("compact", "takes no argument");
	if ((rc = ctl_keys(ctl)) != EX_OK)
		return rc;
	dir = ctl->common.store_path;
	if (store_compact(ctl->conf, dir, ctl->keys, &e) == -1)
		return ctl_fail(&e, EX_CANTCREAT);
	(void)printf("%s: compacted and verified; the file as it was is "
	    "data.mdb.before there\n", dir);
	return EX_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_rekey.c - mailweir rekey, seal: from one store key to the next */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "ctl/cmds.h"
#include "ctl/recipient.h"
#include "store/admin.h"
#include "store/seal.h"

#include "base/banned.h"

#define STUCK_SHOWN	1000

static void
stuck(void *arg, const struct store_entry *en, const char *scope,
    uint32_t list, uint64_t rows, uint8_t key, bool kept)
{
	unsigned	*shown = arg;
	char		 id[ID_TEXT_SIZE];

	if (kept)
		(void)printf("scope %s: list %" PRIu32 " of %" PRIu64 " rows, "
		    "under key %u, is kept for `rollback`: the next import "
		    "of the scope drops it\n", scope, list, rows, key);
	else if (en == NULL)
		(void)printf("scope %s: list %" PRIu32 " of %" PRIu64 " rows "
		    "stands under key %u: import it afresh with --replace\n",
		    scope, list, rows, key);
	else if ((*shown)++ < STUCK_SHOWN)
		(void)printf("scope %s: %s %s has no sealed copy that opens\n",
		    scope, store_reason_name(en->reason),
		    id_text(&en->id, id));
}

/* summary - what moved and which keys must stay */
static void
summary(const struct store_rekey *rk, unsigned first, bool moved)
{
	unsigned	i;

	(void)printf("%" PRIu64 " entries %s key %u, %" PRIu64 " cannot; %"
	    PRIu64 " lists are under older keys\n", rk->moved,
	    moved ? "moved to" : "can move to", first, rk->stuck_entries,
	    rk->stuck_lists);
	for (i = 0; i < rk->nleft; i++)
		(void)printf("key %u is still needed: leave it in the key "
		    "file\n", rk->left[i]);
	if (moved && rk->nleft == 0)
		(void)printf("no older key is needed by the store; unsubscribe "
		    "links in mail already sent need it still\n");
}

int
cmd_rekey(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "private", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 }
	};
	unsigned			shown = 0;
	struct store_rekey		rk = { .actor = ctl->actor,
					    .stuck = stuck, .arg = &shown };
	struct seal_key			*key = NULL;
	struct err			e = { "", 0 };
	const char			*path = NULL;
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("rekey",
	    "First put a new key before the old ones in store_key_file and "
	    "reload every\nprogram. Then this moves the entries, while all "
	    "goes on. Without --private it\nonly says what can move.\n"
	    "  --private FILE  opens the sealed copies (mailweir seal "
	    "genkey)\n");
		if (ch != 'p')
			return ctl_usage_opt("rekey", argv);
		path = optarg;
	}
	if (optind != argc)
		return ctl_usage("rekey", "takes no argument");
	if ((rc = ctl_store(ctl, path != NULL ? STORE_WRITE :
	    STORE_READ)) != EX_OK)
		return rc;
	if (path != NULL && seal_load_private(path, &key, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	rk.private = key;
	rc = store_rekey(ctl->store, &rk, &e);
	seal_free(&key);
	summary(&rk, store_keys_id(ctl->keys, 0), path != NULL);
	return rc == -1 ? ctl_fail(&e, EX_TEMPFAIL) : EX_OK;
}

int
cmd_seal(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct err			e = { "", 0 };
	int				ch;

	(void)ctl;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch != 'h')
			return ctl_usage_opt("seal", argv);
		return ctl_help("seal",
	    "  genkey FILE  make FILE, the private key, and FILE.pub for "
	    "seal_key_file;\n               then take FILE away from this "
	    "machine\n");
	}
	if (optind != argc - 2 || strcmp(argv[optind], "genkey") != 0)
		return ctl_usage("seal", "genkey FILE?");
	if (seal_create(argv[optind + 1], &e) == -1)
		return ctl_fail(&e, EX_CANTCREAT);
	(void)printf("%s, %s.pub: made; keep the first away from this "
	    "machine\n", argv[optind + 1], argv[optind + 1]);
	return EX_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* common.c - see common.h */
#include "conf/common.h"

#include "base/banned.h"

const struct conf_param conf_common_params[] = {
	CONF_STR(struct conf_common, state_dir, "/var/lib/mailweir",
	    "Folder of what must outlive a restart."),
	CONF_STR(struct conf_common, run_dir, "/run/mailweir",
	    "Folder of sockets and counters."),
	CONF_STR(struct conf_common, store_path, "$state_dir/store",
	    "Folder of the suppression store."),
	CONF_STR(struct conf_common, store_key_file,
	    "/etc/mailweir/store.key",
	    "File of the keys that turn addresses into digests; a secret, "
	    "kept apart from the store. Without it the store is useless."),
	CONF_STR(struct conf_common, token_key_file,
	    "/etc/mailweir/token.key",
	    "File of the keys that sign unsubscribe tokens; a secret."),
	CONF_STR(struct conf_common, authority, "",
	    "Our name in Authentication-Results (RFC 8601). Empty: the name "
	    "of this host."),
	CONF_BOOL(struct conf_common, fold_local, "yes",
	    "Ann@example.com and ann@example.com are one mailbox. Never "
	    "change it once the store holds entries."),
	CONF_LIST(struct conf_common, address_rules, "",
	    "Which spellings are one mailbox at a domain: items "
	    "\"example.com:subaddress,dots\"; subaddress cuts \"+tag\", dots "
	    "drops the dots of the local part."),
	CONF_END
};

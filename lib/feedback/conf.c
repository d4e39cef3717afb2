/* SPDX-License-Identifier: BSD-2-Clause */
/* conf.c - see conf.h */
#include "feedback/conf.h"

#include "store/store.h"

#include "base/banned.h"

const struct conf_param feedback_params[] = {
	CONF_STR(struct feedback_conf, bounces, "",
	    "File of rows that say why a mail bounced, asked before the "
	    "built-in ones (bounces.conf). Empty: none."),
	CONF_STR(struct feedback_conf, park_dir, "$state_dir/parked",
	    "Folder of reports that are not believed or not understood."),
	CONF_INT(struct feedback_conf, park_max, "100000", 1, 1e8,
	    "How many reports may be parked; more are told 451 until "
	    "somebody clears the folder."),
	CONF_INT(struct feedback_conf, park_share, "1000", 1, 1e8,
	    "How many of them may come from one source: one client, else one "
	    "domain of the sender or author. Further ones are taken, logged "
	    "and not kept."),
	CONF_STR(struct feedback_conf, complaint_dir, "",
	    "Folder that gets a JSON file for each complaint that is believed "
	    "and new, for programs that answer it; they remove what they have "
	    "done. Empty: none."),
	CONF_STR(struct feedback_conf, bounce_scope, "*",
	    "Scope that a bounce goes to; * stops all mail to a dead "
	    "address."),
	CONF_STR(struct feedback_conf, complaint_scope, "",
	    "Scope that a complaint goes to. Empty: the one of the mail "
	    "complained about, as its token says."),
	CONF_STR(struct feedback_conf, default_scope, "*",
	    "Scope of a complaint or opt-out that is believed without a "
	    "token (see section [reporter])."),
	CONF_SECS(struct feedback_conf, token_max_age, "1y", 0, 1e10,
	    "Oldest token that makes a bounce or complaint believed; 0: any "
	    "age. An unsubscribe is honoured however old its token is."),
	CONF_LIST(struct feedback_conf, optout_replies, "",
	    "Scopes whose mail may be answered with \"unsubscribe\" in the "
	    "subject or first line. Empty: such answers are parked."),
	CONF_LIST(struct feedback_conf, our_domains, "",
	    "Domains that our own mail is signed for (d=). A listed reporter "
	    "that returns a mail without a token must return one with such a "
	    "signature."),
	CONF_STR(struct feedback_conf, dkim_records, "",
	    "File of DKIM key records, asked before DNS."),
	CONF_STR(struct feedback_conf, dns_servers, "",
	    "Servers to look DKIM keys and SPF records up at. Empty: those "
	    "of /etc/resolv.conf. none: ask nobody."),
	CONF_END
};

const struct conf_param ingest_params[] = {
	CONF_STR(struct ingest_conf, socket, "unix:$run_dir/ingest.sock",
	    "Where LMTP is spoken: unix:/path, inet:port@host."),
	CONF_STR(struct ingest_conf, socket_mode, "0660",
	    "Mode of a unix socket, octal."),
	CONF_INT(struct ingest_conf, max_connections, "100", 1, 10000,
	    "Connections at once; further ones are told 421."),
	CONF_INT(struct ingest_conf, max_recipients, "100", 1, 1000,
	    "Recipients of one message; further ones are told 452."),
	CONF_SIZE(struct ingest_conf, max_message_size, "64M", 1024,
	    256e6, "Largest message that is taken."),
	CONF_SIZE(struct ingest_conf, max_memory, "256M", 1024, 1e12,
	    "Messages held in memory at once, together; above it 452. More "
	    "than max_message_size, or the largest never passes."),
	CONF_SECS(struct ingest_conf, timeout, "5m", 1, 86400,
	    "How long a connection may be silent."),
	CONF_SECS(struct ingest_conf, data_timeout, "10m", 1, 86400,
	    "How long a message may take to arrive."),
	CONF_SECS(struct ingest_conf, stop_timeout, "30s", 1, 600,
	    "How long a stop waits for messages in hand."),
	CONF_SECS(struct ingest_conf, rescan, "60s", 1, 86400,
	    "--maildir: how often new is looked through, told or not."),
	CONF_END
};

/* scope - is the value a scope's name? */
static int
scope(const struct conf_section *s, const char *name, const char *value,
    struct err *e)
{
	char	where[300];

	return store_scope_ok(value) ? 0 : err_set(e, "%s: \"%s\" is no "
	    "scope's name ([a-z0-9._-], or *)", conf_where(s, name, where,
	    sizeof where), value);
}

int
feedback_conf_load(const struct conf *c, struct feedback_conf *out,
    struct err *e)
{
	const struct conf_section *s = conf_find(c, "feedback", NULL);
	size_t		 i;

	if (conf_bind(c, s, feedback_params, out, e) == -1 ||
	    scope(s, "bounce_scope", out->bounce_scope, e) == -1 ||
	    scope(s, "default_scope", out->default_scope, e) == -1)
		return -1;
	if (out->complaint_scope[0] != '\0' &&
	    scope(s, "complaint_scope", out->complaint_scope, e) == -1)
		return -1;
	for (i = 0; i < out->optout_replies.n; i++)
		if (scope(s, "optout_replies", out->optout_replies.v[i],
		    e) == -1)
			return -1;
	return 0;
}

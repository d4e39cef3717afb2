/* SPDX-License-Identifier: BSD-2-Clause */
/* params.c - see params.h */
#include "web/params.h"

#include "base/banned.h"

const struct conf_param web_params[] = {
	CONF_STR(struct web_conf, listen, "127.0.0.1:8580",
	    "Where the public pages are served: address:port, for the proxy "
	    "that speaks TLS; or fd:3 for a socket of systemd's."),
	CONF_STR(struct web_conf, api_listen, "127.0.0.1:8581",
	    "Where the JSON API is served; only with api_key_file."),
	CONF_STR(struct web_conf, admin_listen, "127.0.0.1:8582",
	    "Where /healthz and /metrics are served. Empty: nowhere."),
	CONF_INT(struct web_conf, threads, "2", 1, 64,
	    "Threads that serve public pages."),
	CONF_INT(struct web_conf, max_connections, "4096", 1, 100000,
	    "Public connections at once; more wait in the kernel's queue."),
	CONF_SIZE(struct web_conf, connection_memory, "16K", 4096, 1048576,
	    "Memory of one connection: its whole header must fit."),
	CONF_SECS(struct web_conf, idle_timeout, "60s", 1, 3600,
	    "How long a connection may be silent."),
	CONF_SECS(struct web_conf, request_timeout, "20s", 1, 600,
	    "How long a public request may take to arrive, whole."),
	CONF_SIZE(struct web_conf, max_body, "8K", 256, 1048576,
	    "Largest form that is taken."),
	CONF_SIZE(struct web_conf, hook_max_body, "1M", 4096, 16777216,
	    "Largest request that a web hook takes."),
	CONF_SIZE(struct web_conf, hook_max_memory, "32M", 4096, 4294967296.0,
	    "Requests of web hooks held at once; further ones are told 503."),
	CONF_INT(struct web_conf, max_pending, "4096", 1, 100000,
	    "Presses that may wait for the disk; further ones are told 503."),
	CONF_INT(struct web_conf, batch, "1024", 1, 65536,
	    "Presses that share one commit. 1: each has its own."),
	CONF_SECS(struct web_conf, stop_timeout, "30s", 0, 600,
	    "How long a stop waits for requests in hand."),
	CONF_STR(struct web_conf, base_url, "",
	    "How the world calls this server, https://u.example; for links "
	    "in confirmation mail."),
	CONF_STR(struct web_conf, path, "/u/",
	    "Path in front of the token, as in unsubscribe_url."),
	CONF_SECS(struct web_conf, token_max_age, "5y", 0, 6307200000.0,
	    "Links of older mail do not work any more. 0: they always do."),
	CONF_SECS(struct web_conf, undo_time, "1h", 60, 604800,
	    "How long the undo button of a page works."),
	CONF_SECS(struct web_conf, proof_time, "2d", 600, 2592000,
	    "How long the link of a confirmation mail works."),
	CONF_LIST(struct web_conf, trusted_proxies, "127.0.0.1, ::1",
	    "Addresses of proxies, whose X-Forwarded-For is believed."),
	CONF_INT(struct web_conf, client_rate, "0", 0, 1000000,
	    "Requests a minute from one client address (IPv6: one /64); more "
	    "are told 429. 0: no limit (mailbox providers press from few "
	    "addresses)."),
	CONF_INT(struct web_conf, mail_rate, "3", 1, 1000,
	    "Confirmation mails an hour to one recipient."),
	CONF_INT(struct web_conf, mail_client_rate, "20", 1, 100000,
	    "Confirmation mails an hour at the wish of one client address."),
	CONF_STR(struct web_conf, brand, "",
	    "Name that stands on the pages."),
	CONF_RAW(struct web_conf, brand_color, "#1a5fb4",
	    "Colour of buttons, #rrggbb."),
	CONF_STR(struct web_conf, logo, "",
	    "Image file (.png .jpg .svg .webp, at most 256K) for the pages."),
	CONF_STR(struct web_conf, postal_address, "",
	    "Postal address at the foot of the pages."),
	CONF_STR(struct web_conf, smtp, "",
	    "Server that takes confirmation mail, host:port. Empty: no such "
	    "mail, so nobody can subscribe again through the page."),
	CONF_STR(struct web_conf, mail_from, "",
	    "Sender of confirmation mail; needed with smtp."),
	CONF_SECS(struct web_conf, mail_timeout, "30s", 1, 600,
	    "How long one confirmation mail may take."),
	CONF_STR(struct web_conf, api_key_file, "",
	    "File of the API's keys, one \"NAME ROLE[,ROLE] SHA256\" a line; a "
	    "secret. Empty: no API."),
	CONF_INT(struct web_conf, api_rate, "100", 1, 1000000,
	    "API requests a second with one key; more are told 429."),
	CONF_INT(struct web_conf, api_max_connections, "64", 1, 1000,
	    "API connections at once, a thread each."),
	CONF_END
};

#define TITLE(lang, i, word)						\
	{ "title_" lang, CONF_T_STR, "",				\
	    offsetof(struct scope_conf, titles[i]), 0, 0, NULL,		\
	    "The title in " word ". Empty: title." }

const struct conf_param scope_params[] = {
	CONF_STR(struct scope_conf, title, "",
	    "What people call this mail. Empty: the scope's name."),
	TITLE("en", 0, "English"),
	TITLE("zh", 1, "Chinese"),
	TITLE("de", 2, "German"),
	TITLE("fr", 3, "French"),
	TITLE("es", 4, "Spanish"),
	TITLE("ja", 5, "Japanese"),
	CONF_END
};

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stream.h - kinds of mail: which one a message belongs to, what stops it
 *
 * A [stream NAME] section says how to recognise its mail, its class, the
 * scopes it obeys, and what each policy does with it. Streams are tried in
 * file order; the first whose every given condition holds wins; a stream
 * without conditions matches all. When none matches, the built-in stream
 * "default" (class personal, scope "*", no unsubscribe) is used; a section
 * [stream default] changes it, takes no conditions, and is tried last
 * wherever it stands. The scope "*", all mail, is obeyed by every stream.
 *
 * Which reason stops which class (doc/STREAMS; changed by `reasons`):
 *
 *	reason		bulk	transactional	security	personal
 *	optout		stop	-		-		-
 *	complaint	stop	-		-		-
 *	hard-bounce	stop	stop		stop		stop
 *	soft-bounce	stop	-		-		-
 *	invalid-domain	stop	stop		stop		stop
 *	manual		stop	stop		-		-
 *	import		stop	-		-		-
 *	legal		stop	stop		stop		stop
 *	trap		stop	stop		stop		stop
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"
#include "mail/header.h"
#include "store/reason.h"

enum stream_class {
	STREAM_BULK, STREAM_TRANSACTIONAL, STREAM_SECURITY, STREAM_PERSONAL,
	STREAM_CLASSES
};
enum stream_hit { STREAM_HIT_REJECT, STREAM_HIT_DISCARD, STREAM_HIT_OBSERVE };
enum stream_unsub {		/* the unsubscribe milter, per stream */
	STREAM_UNSUB_OFF,	/* touch nothing */
	STREAM_UNSUB_ADD,	/* keep a valid one; else ours */
	STREAM_UNSUB_KEEP,	/* keep whatever is there; ours if none is */
	STREAM_UNSUB_REPLACE,	/* ours instead of theirs */
	STREAM_UNSUB_REQUIRE	/* as add, and refuse what cannot get one */
};
enum stream_footer {		/* a visible way out at the end of the text */
	STREAM_FOOTER_OFF,
	STREAM_FOOTER_ADD,	/* where it can be */
	STREAM_FOOTER_REQUIRE	/* refuse a message that shows none */
};
enum stream_language {		/* of the footer that we bring along */
	STREAM_LANG_EN, STREAM_LANG_ZH, STREAM_LANG_DE, STREAM_LANG_FR,
	STREAM_LANG_ES, STREAM_LANG_JA, STREAM_LANGUAGES
};
enum stream_multi {		/* several recipients in one message */
	STREAM_MULTI_PAGE,	/* a list-level link without a recipient */
	STREAM_MULTI_SKIP,	/* no header */
	STREAM_MULTI_REJECT,	/* refuse the message */
	STREAM_MULTI_SPLIT	/* one message for each, through Postfix */
};

enum stream_missing {		/* require, and there can be no way out */
	STREAM_MISSING_REJECT,
	STREAM_MISSING_HOLD	/* into the hold queue */
};

#define STREAM_SCOPES	16	/* scopes a stream may obey */

struct stream {
	const char	*name;		/* of the section */
	size_t		 index;		/* position in the set */
	enum stream_class klass;
	struct conf_list match_sender;	/* "news@a.example", "@a.example",
					   ".a.example" (subdomains), "<>" */
	struct conf_list match_sasl;	/* SASL logins */
	struct conf_list match_client;	/* 192.0.2.0/24, 2001:db8::/32 */
	struct conf_list match_daemon;	/* {daemon_name}, or its port */
	struct conf_list match_header;	/* "List-Id:news.example",
					   "X-Campaign" (present); any one */
	struct conf_list scopes;	/* obeyed; the first is where an
					   unsubscribe from this stream goes;
					   ends in "*"; none given: the
					   stream's name */
	uint32_t	 scope_ids[STREAM_SCOPES];
	size_t		 nscopes;
	enum stream_hit	 hit;
	const char	*reply;		/* refusal text; "" = the default */
	struct conf_list reasons;	/* "optout:stop", "legal:pass" */
	bool		 stops[STORE_REASON_MAX];	/* for this class */

	enum stream_unsub unsubscribe;
	enum stream_multi multiple;
	enum stream_missing unsubscribe_missing;
	const char	*unsubscribe_url;	/* "https://u.example/u/",
						   token behind it */
	const char	*unsubscribe_mailto;	/* "u@u.example" becomes
						   u+TOKEN@u.example */
	struct conf_list page_scopes;	/* further scopes that the unsubscribe
					   page offers */
	const char	*list_id;	/* List-Id to add; "" = none */
	const char	*feedback_id;	/* "campaign:customer:kind:sender"
					   template; "" = none */
	const char	*verp_address;	/* "b@b.example" -> b+TOKEN@b.example
					   as envelope sender; "" = no VERP */
	const char	*cfbl_address;	/* complaints (RFC 9477); "" = none */
	enum stream_footer footer;
	enum stream_language footer_language;
	const char	*footer_text, *footer_html;	/* template; "" = by
							   language */
	const char	*list_name;	/* for readers; "" = its name */
	const char	*postal_address;
	bool		 require_signing;	/* one-click headers leave only
						   under a signature */

	double		 tag_score, hold_score, reject_score;	/* 0 = never */
	struct conf_list dkim_keys;	/* names of [key]; empty = by From */

	struct stream_match *match;	/* the conditions, compiled */
};

/* What may be known of a message. NULL matches no condition, but for headers,
 * which is NULL before the end of the message. */
struct stream_facts {
	const char		 *sender;	/* normalised, "" for <>;
						   NULL if unparseable */
	const char		 *sasl_login;
	const char		 *client_addr;	/* "192.0.2.1", "2001:db8::1" */
	const char		 *daemon_name, *daemon_port;
	const struct header_list *headers;
};

struct stream_set;

extern const struct conf_param stream_params[];

/* Load every [stream] section. conf must outlive the set. Values that make no
 * sense together are refused, as "FILE:LINE: name: why". */
int	stream_set_load(const struct conf *, struct stream_set **,
	    struct err *e);
void	stream_set_free(struct stream_set **);

/*
 * stream_match - the stream of a message
 *
 * Returns NULL when the answer depends on headers that are not there yet
 * (facts->headers NULL and a stream that could still win asks for one).
 * Threads: safe.
 */
const struct stream *stream_match(const struct stream_set *,
	    const struct stream_facts *);

const struct stream *stream_find(const struct stream_set *, const char *name);
/* In file order; the last one is "default". */
size_t	stream_count(const struct stream_set *);
const struct stream *stream_at(const struct stream_set *, size_t i);
bool	stream_uses_headers(const struct stream_set *);

const char *stream_class_name(enum stream_class);
const char *stream_language_name(enum stream_language);	/* "en" */

#endif

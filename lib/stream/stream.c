/* SPDX-License-Identifier: BSD-2-Clause */
/* stream.c - see stream.h */
#include "stream/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mail/addr.h"
#include "store/store.h"
#include "stream/match.h"

#include "base/banned.h"

#define USER_MAX	5	/* octets of u in u+TOKEN@host: 64 - 1 - 58 */
#define URL_MAX		900	/* octets; with the token one line of mail */

static const char *const class_names[] = {
	"bulk", "transactional", "security", "personal", NULL
};
static const char *const hit_names[] = {
	"reject", "discard", "observe", NULL
};
static const char *const unsub_names[] = {
	"off", "add", "keep", "replace", "require", NULL
};
static const char *const footer_names[] = { "off", "add", "require", NULL };
static const char *const language_names[] = {
	"en", "zh", "de", "fr", "es", "ja", NULL
};
static const char *const missing_names[] = { "reject", "hold", NULL };
static const char *const multi_names[] = {
	"page", "skip", "reject", "split", NULL
};

/* The matrix of stream.h: a bit for each class that the reason stops. */
#define BIT(klass)	(1u << STREAM_##klass)
#define ALL_CLASSES	(BIT(BULK) | BIT(TRANSACTIONAL) | BIT(SECURITY) | \
			BIT(PERSONAL))

static const unsigned	stop_table[STORE_REASON_MAX] = {
	[STORE_OPTOUT] = BIT(BULK),
	[STORE_COMPLAINT] = BIT(BULK),
	[STORE_HARD_BOUNCE] = ALL_CLASSES,
	[STORE_SOFT_BOUNCE] = BIT(BULK),
	[STORE_INVALID_DOMAIN] = ALL_CLASSES,
	[STORE_MANUAL] = BIT(BULK) | BIT(TRANSACTIONAL),
	[STORE_IMPORT] = BIT(BULK),
	[STORE_LEGAL] = ALL_CLASSES,
	[STORE_TRAP] = ALL_CLASSES,
};

const struct conf_param stream_params[] = {
	{ "class", CONF_T_ENUM, "personal", offsetof(struct stream, klass),
	  0, 0, class_names, "Kind of mail, which decides what stops it." },
	CONF_LIST(struct stream, match_sender, "",
	    "Envelope senders: user@domain (with * for any text), @domain, "
	    ".domain for all domains below it, <> for bounces."),
	CONF_LIST(struct stream, match_sasl, "",
	    "SASL logins; * stands for any text."),
	CONF_LIST(struct stream, match_client, "",
	    "Client addresses or networks, IPv4 and IPv6."),
	CONF_LIST(struct stream, match_daemon, "",
	    "The MTA's {daemon_name}, or its {daemon_port}; * stands for any "
	    "text."),
	CONF_LIST(struct stream, match_header, "",
	    "Header fields, one of which must be there: Name, or Name:value "
	    "where value is all of it, or what it has in <...>; * stands for "
	    "any text."),
	CONF_LIST(struct stream, scopes, "",
	    "Scopes that this stream obeys; an unsubscribe goes to the first. "
	    "Empty: the stream's name. The scope * is always obeyed."),
	CONF_ENUM(struct stream, hit, "reject", hit_names,
	    "What happens to mail for a suppressed recipient."),
	CONF_RAW(struct stream, reply, "",
	    "Text of the refusal. Empty: one that names stream and reason."),
	CONF_LIST(struct stream, reasons, "",
	    "Changes to what stops this stream: items \"reason:stop\" or "
	    "\"reason:pass\"."),
	CONF_ENUM(struct stream, unsubscribe, "off", unsub_names,
	    "Unsubscribe headers: off; add (a valid one stays), keep "
	    "(whatever is there stays), replace, require (as add, and refuse "
	    "a message that cannot get one)."),
	CONF_ENUM(struct stream, unsubscribe_missing, "reject", missing_names,
	    "What becomes of a message that must have an unsubscribe header "
	    "or footer (require) and cannot get one: reject, or hold for the "
	    "operator to look at."),
	CONF_ENUM(struct stream, multiple, "page", multi_names,
	    "A message to several recipients: page (a link that names "
	    "nobody), skip (no header), reject, or split (each gets a copy "
	    "of his own, through split_server)."),
	CONF_STR(struct stream, unsubscribe_url, "",
	    "Start of the one-click link, https://...; the token is put "
	    "behind it."),
	CONF_STR(struct stream, unsubscribe_mailto, "",
	    "Address that takes unsubscribe mail; u@host becomes "
	    "u+TOKEN@host."),
	CONF_LIST(struct stream, page_scopes, "",
	    "Further scopes that the unsubscribe page offers to whoever comes "
	    "from this stream; the first of scopes is always there."),
	CONF_STR(struct stream, list_id, "",
	    "List-Id to add where there is none: \"name.example\" or \"Text "
	    "<name.example>\"."),
	CONF_RAW(struct stream, feedback_id, "",
	    "Feedback-ID, four parts with colons; ${stream}, ${class}, "
	    "${list_id}, ${sender_domain}, ${month} and ${header:NAME} are "
	    "filled in."),
	CONF_STR(struct stream, verp_address, "",
	    "Return path with a token: b@host makes the envelope sender "
	    "b+TOKEN@host. Empty: leave the sender alone."),
	CONF_STR(struct stream, cfbl_address, "",
	    "Address for complaints (CFBL-Address, RFC 9477). Empty: none."),
	CONF_ENUM(struct stream, footer, "off", footer_names,
	    "A visible unsubscribe link at the end of the text: off, add "
	    "(where it can be), require (refuse a message that shows none)."),
	CONF_ENUM(struct stream, footer_language, "en", language_names,
	    "Language of the footer."),
	CONF_RAW(struct stream, footer_text, "",
	    "Footer of plain text, with ${unsubscribe_url}, ${list_name} and "
	    "${postal_address}; \\n is a new line. Empty: ours."),
	CONF_RAW(struct stream, footer_html, "",
	    "The same as HTML; what is filled in is escaped. Empty: made of "
	    "the plain one."),
	CONF_STR(struct stream, list_name, "",
	    "What readers call this mail. Empty: the stream's name."),
	CONF_STR(struct stream, postal_address, "",
	    "The sender's postal address, for the footer; \\n is a new line."),
	CONF_BOOL(struct stream, require_signing, "no",
	    "Refuse a message with one-click headers unless it is signed here, "
	    "and every signature covers both headers."),
	CONF_REAL(struct stream, tag_score, "0", 0, 100000,
	    "Score from which the keyword milter tags a message. 0: never."),
	CONF_REAL(struct stream, hold_score, "0", 0, 100000,
	    "Score from which it holds a message. 0: never."),
	CONF_REAL(struct stream, reject_score, "0", 0, 100000,
	    "Score from which it refuses a message. 0: never."),
	CONF_LIST(struct stream, dkim_keys, "",
	    "Names of [key] sections to sign with. Empty: by From domain."),
	CONF_END
};

struct stream_set {
	struct stream	*v;
	size_t		 n;		/* the last one is "default" */
	bool		 headers;
};

static const char	default_name[] = "default";
static const char	all_mail[] = "*";

/* set_scopes - the given ones or the stream's name, then "*", which alone is
 * the scope of [stream default] */
static int
set_scopes(struct stream *s, bool fallback, struct err *e)
{
	const char	**v;
	size_t		  i, n = 0;

	if ((v = calloc(s->scopes.n + 3, sizeof *v)) == NULL)
		return err_set(e, "out of memory");
	for (i = 0; i < s->scopes.n; i++)
		if (strcmp(s->scopes.v[i], all_mail) != 0 || i == 0)
			v[n++] = s->scopes.v[i];
	if (n == 0 && !fallback)
		v[n++] = s->name;
	if (n == 0 || strcmp(v[0], all_mail) != 0)
		v[n++] = all_mail;
	s->scopes = (struct conf_list){ v, n };
	s->nscopes = n;		/* the sign that scopes.v is ours to free */
	if (n > STREAM_SCOPES)
		return err_set(e, "more than %d scopes, * counted in",
		    STREAM_SCOPES);
	for (i = 0; i < n; i++) {
		if (!store_scope_ok(v[i]))
			return err_set(e, "%s: no name for a scope: want 1 to "
			    "64 of a-z 0-9 . _ - or *", v[i]);
		s->scope_ids[i] = store_scope_id(v[i]);
	}
	return 0;
}

/* set_stops - a column of the table, changed by `reasons` */
static int
set_stops(struct stream *s, struct err *e)
{
	char			 word[32];
	const char		*item, *colon;
	enum store_reason	 r;
	size_t			 i;

	for (i = 0; i < STORE_REASON_MAX; i++)
		s->stops[i] = (stop_table[i] >> s->klass & 1) != 0;
	for (i = 0; i < s->reasons.n; i++) {
		item = s->reasons.v[i];
		colon = strchr(item, ':');
		r = 0;
		if (colon != NULL && (size_t)(colon - item) < sizeof word) {
			memcpy(word, item, (size_t)(colon - item));
			word[colon - item] = '\0';
			r = store_reason_parse(word);
		}
		if (r == 0 || (strcmp(colon + 1, "stop") != 0 &&
		    strcmp(colon + 1, "pass") != 0))
			return err_set(e, "%s: want REASON:stop or "
			    "REASON:pass", item);
		s->stops[r] = strcmp(colon + 1, "stop") == 0;
	}
	return 0;
}

/* check_token_address - one that takes "+TOKEN" in its local part */
static int
check_token_address(const char *text, struct err *e)
{
	struct addr	 a;
	const char	*why;

	if (*text == '\0')
		return 0;
	if (addr_normal(text, strlen(text), NULL, &a, &why) != ADDR_OK ||
	    *text == '<')
		return err_set(e, "%s: %s", text, *text == '<' ?
		    "want an address without <>" : why);
	if (a.local_len > USER_MAX || strpbrk(a.text, "\"+[") != NULL)
		return err_set(e, "%s: want a plain user name of at most %d "
		    "characters, so that user+TOKEN fits", text, USER_MAX);
	return 0;
}

static int
check_url(const char *url, struct err *e)
{
	const char	*p;

	if (*url == '\0')
		return 0;
	if (strncasecmp(url, "https://", 8) != 0 || url[8] == '/' ||
	    url[8] == '\0')
		return err_set(e, "%s: must begin with https:// and a host",
		    url);
	if (strlen(url) > URL_MAX)
		return err_set(e, "%.40s...: longer than %d octets", url,
		    URL_MAX);
	for (p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("<>\"\\^`{|},", *p))
			return err_set(e, "%s: holds a character that must "
			    "be written as %%XX", url);
	return 0;
}

/* check_list_id - "name.example", or text and that in <...> (RFC 2919) */
static int
check_list_id(const char *id, struct err *e)
{
	const char	*open = strchr(id, '<'), *p = id;
	size_t		 n = strlen(id);

	if (*id == '\0')
		return 0;
	if (open != NULL) {
		p = open + 1;
		n = strcspn(p, ">");
		if (p[n] != '>' || p[n + 1] != '\0')
			return err_set(e, "%s: want Text <name.example>", id);
	}
	if (n == 0 || n > 255 || p[0] == '.' || p[n - 1] == '.' ||
	    memchr(p, '.', n) == NULL)
		return err_set(e, "%s: want a name with a dot, such as "
		    "news.example.com", id);
	for (; n > 0; n--, p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("<>()[],:;\\\"@", *p))
			return err_set(e, "%s: the name holds a character "
			    "that is not allowed", id);
	for (p = id; open != NULL && p < open; p++)
		if (*p < ' ' || *p >= 0x7f)
			return err_set(e, "%s: write text beyond ASCII as "
			    "an encoded word", id);
	return 0;
}

static int
check_cfbl(const char *text, struct err *e)
{
	struct addr	 a;
	const char	*why;

	if (*text == '\0' ||
	    addr_normal(text, strlen(text), NULL, &a, &why) == ADDR_OK)
		return 0;
	return err_set(e, "%s: %s", text, why);
}

/* check_unsubscribe - is there a way out to put into the header? */
static int
check_unsubscribe(const struct stream *s, const char **name, struct err *e)
{
	*name = "unsubscribe";
	if (s->unsubscribe == STREAM_UNSUB_REQUIRE &&
	    *s->unsubscribe_url == '\0')
		return err_set(e, "require needs unsubscribe_url: one-click "
		    "is https (RFC 8058)");
	if (s->unsubscribe != STREAM_UNSUB_OFF &&
	    *s->unsubscribe_url == '\0' && *s->unsubscribe_mailto == '\0')
		return err_set(e, "%s needs unsubscribe_url, best with "
		    "unsubscribe_mailto", unsub_names[s->unsubscribe]);
	*name = "footer";
	if (s->footer != STREAM_FOOTER_OFF &&
	    s->unsubscribe == STREAM_UNSUB_OFF)
		return err_set(e, "needs unsubscribe: a footer shows its "
		    "link");
	return 0;
}

/* finish - what the table cannot say; *name: the parameter at fault */
static int
finish(struct stream *s, bool fallback, const char **name, struct err *e)
{
	if (match_compile(s, name, e) == -1)
		return -1;
	*name = "match_sender";
	if (fallback && !match_unconditional(s))
		return err_set(e, "[stream default] is for what no other "
		    "stream matches; it takes no match_ conditions");
	*name = "scopes";
	if (set_scopes(s, fallback, e) == -1)
		return -1;
	*name = "reasons";
	if (set_stops(s, e) == -1)
		return -1;
	*name = "unsubscribe_url";
	if (check_url(s->unsubscribe_url, e) == -1)
		return -1;
	*name = "unsubscribe_mailto";
	if (check_token_address(s->unsubscribe_mailto, e) == -1)
		return -1;
	*name = "verp_address";
	if (check_token_address(s->verp_address, e) == -1)
		return -1;
	*name = "cfbl_address";
	if (check_cfbl(s->cfbl_address, e) == -1)
		return -1;
	*name = "list_id";
	if (check_list_id(s->list_id, e) == -1)
		return -1;
	return check_unsubscribe(s, name, e);
}

/* load_one - a section, or NULL for the built-in stream, into the next place */
static int
load_one(const struct conf *conf, const struct conf_section *sec,
    struct stream_set *set, struct err *e)
{
	struct stream	*s = &set->v[set->n];
	const char	*name;
	char		 where[512];
	bool		 fallback;

	s->name = sec != NULL ? conf_section_name(sec) : default_name;
	fallback = strcmp(s->name, default_name) == 0;
	if (sec == NULL)	/* a kind that nobody has: empty, all default */
		sec = conf_find(conf, default_name, NULL);
	if (conf_bind(conf, sec, stream_params, s, e) == -1)
		return -1;
	s->index = set->n++;
	if (finish(s, fallback, &name, e) == 0) {
		set->headers = set->headers || match_uses_headers(s);
		return 0;
	}
	if (e != NULL)
		e->code = EX_CONFIG;
	return err_prefix(e, "%s", conf_where(sec, name, where,
	    sizeof where));
}

int
stream_set_load(const struct conf *conf, struct stream_set **out,
    struct err *e)
{
	const struct conf_section	*sec, *dflt = NULL;
	struct stream_set		*set;
	size_t				 n = 1;

	*out = NULL;
	for (sec = NULL; (sec = conf_next(conf, "stream", sec)) != NULL;)
		n++;
	if ((set = calloc(1, sizeof *set)) == NULL ||
	    (set->v = calloc(n, sizeof *set->v)) == NULL) {
		free(set);
		return err_set(e, "streams: out of memory");
	}
	for (sec = NULL; (sec = conf_next(conf, "stream", sec)) != NULL;) {
		if (strcmp(conf_section_name(sec), default_name) == 0)
			dflt = sec;
		else if (load_one(conf, sec, set, e) == -1)
			goto fail;
	}
	if (load_one(conf, dflt, set, e) == -1)
		goto fail;
	*out = set;
	return 0;
fail:
	stream_set_free(&set);
	return -1;
}

void
stream_set_free(struct stream_set **set)
{
	struct stream	*s;
	size_t		 i;

	if (*set == NULL)
		return;
	for (i = 0; i < (*set)->n; i++) {
		s = &(*set)->v[i];
		match_free(s);
		if (s->nscopes > 0)	/* set_scopes() made the list */
			free((void *)(uintptr_t)s->scopes.v);
	}
	free((*set)->v);
	free(*set);
	*set = NULL;
}

const struct stream *
stream_match(const struct stream_set *set, const struct stream_facts *f)
{
	size_t	i;

	for (i = 0; i < set->n; i++)
		switch (match_test(&set->v[i], f)) {
		case MATCH_YES:
			return &set->v[i];
		case MATCH_NEEDS_HEADERS:
			return NULL;
		case MATCH_NO:
			break;
		}
	return &set->v[set->n - 1];	/* not reached: "default" matches */
}

const struct stream *
stream_find(const struct stream_set *set, const char *name)
{
	size_t	i;

	for (i = 0; i < set->n; i++)
		if (strcmp(set->v[i].name, name) == 0)
			return &set->v[i];
	return NULL;
}

size_t
stream_count(const struct stream_set *set)
{
	return set->n;
}

const struct stream *
stream_at(const struct stream_set *set, size_t i)
{
	return i < set->n ? &set->v[i] : NULL;
}

bool
stream_uses_headers(const struct stream_set *set)
{
	return set->headers;
}

const char *
stream_class_name(enum stream_class klass)
{
	return klass < STREAM_CLASSES ? class_names[klass] : "?";
}

const char *
stream_language_name(enum stream_language l)
{
	return l < STREAM_LANGUAGES ? language_names[l] : "?";
}

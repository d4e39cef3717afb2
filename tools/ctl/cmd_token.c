/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_token.c - mailweir token: make and read signed tokens, make their keys */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "ctl/cmds.h"
#include "stream/stream.h"
#include "token/token.h"

#include "base/banned.h"

#define DAY_SECONDS	86400

struct options {
	const char	*scope;
	const char	*stream;
	const char	*kind;
	const char	*file;
	long		 max_days;
	bool		 json;
};

/* load_keys - --file, or the configured one; NULL after having said why */
static struct token_keys *
load_keys(struct ctl *ctl, const struct options *o, int *rc)
{
	struct token_keys	*keys;
	struct err		 e = { "", 0 };

	if ((*rc = ctl_conf(ctl)) != EX_OK)
		return NULL;
	if (token_keys_load(o->file != NULL ? o->file :
	    ctl->common.token_key_file, &keys, &e) == -1)
		*rc = ctl_fail(&e, EX_CONFIG);
	return keys;
}

/* load_streams - all of them; NULL after having said why */
static struct stream_set *
load_streams(struct ctl *ctl, int *rc)
{
	struct stream_set	*set;
	struct err		 e = { "", 0 };

	if (stream_set_load(ctl->conf, &set, &e) == -1)
		*rc = ctl_fail(&e, EX_CONFIG);
	return set;
}

/* set_rcpt - the recipient's digest; "" makes a token that names nobody */
static int
set_rcpt(struct ctl *ctl, const char *address, struct token *t)
{
	struct addr	 a;
	struct store_id	 id;
	struct err	 e = { "", 0 };
	const char	*why;
	int		 rc;

	if (*address == '\0')
		return EX_OK;
	if (addr_normal(address, strlen(address), ctl->rules, &a, &why) !=
	    ADDR_OK) {
		err_set(&e, "%s: %s", address, why != NULL ? why :
		    "nobody's address");
		return ctl_fail(&e, EX_DATAERR);
	}
	if ((rc = ctl_keys(ctl)) != EX_OK)
		return rc;
	store_keys_address(ctl->keys, 0, &a, &id);
	t->store_key = id.key;
	memcpy(t->digest, id.digest, sizeof t->digest);
	return EX_OK;
}

/* print_made - both spellings, and what a stream makes of them */
static int
print_made(const struct token_keys *keys, const struct token *t,
    const struct stream *s)
{
	char		 url[TOKEN_URL_SIZE], mail[TOKEN_MAIL_SIZE];
	const char	*at;
	struct err	 e = { "", 0 };

	if (token_url(keys, t, url, &e) == -1 ||
	    token_mail(keys, t, mail, &e) == -1)
		return ctl_fail(&e, EX_SOFTWARE);
	(void)printf("url     %s\nmail    %s\n", url, mail);
	if (s != NULL && *s->unsubscribe_url != '\0')
		(void)printf("https   %s%s\n", s->unsubscribe_url, url);
	if (s != NULL && *s->unsubscribe_mailto != '\0') {
		at = strrchr(s->unsubscribe_mailto, '@');
		(void)printf("mailto  %.*s+%s%s\n",
		    (int)(at - s->unsubscribe_mailto), s->unsubscribe_mailto,
		    mail, at);
	}
	return EX_OK;
}

/* make_token - token make ADDRESS --scope S | --stream S [--kind K] */
static int
make_token(struct ctl *ctl, const struct options *o, const char *address)
{
	struct token		 t = { .kind = TOKEN_UNSUB };
	struct token_keys	*keys;
	struct stream_set	*set = NULL;
	const struct stream	*s = NULL;
	int			 rc;

	if ((o->scope == NULL) == (o->stream == NULL))
		return ctl_usage("token", "make wants --scope or --stream");
	if (o->kind != NULL)
		t.kind = token_kind_parse(o->kind);
	if (t.kind == 0)
		return ctl_usage("token", "%s: no kind of token; there are "
		    "unsubscribe, verp, cfbl and page", o->kind);
	if (o->scope != NULL && !store_scope_ok(o->scope))
		return ctl_usage("token", "%s: no name for a scope", o->scope);
	if ((keys = load_keys(ctl, o, &rc)) == NULL)
		return rc;
	if (o->stream != NULL && (set = load_streams(ctl, &rc)) == NULL)
		goto out;
	if (set != NULL && (s = stream_find(set, o->stream)) == NULL) {
		rc = ctl_usage("token", "no stream %s in %s", o->stream,
		    ctl->conf_path);
		goto out;
	}
	t.scope = s != NULL ? s->scope_ids[0] : store_scope_id(o->scope);
	t.day = (uint32_t)(clock_now() / DAY_SECONDS);
	if ((rc = set_rcpt(ctl, t.kind == TOKEN_PAGE ? "" : address, &t)) ==
	    EX_OK)
		rc = print_made(keys, &t, s);
out:
	stream_set_free(&set);
	token_keys_free(&keys);
	return rc;
}

/* find_token - the token in a link, an address or by itself */
static size_t
find_token(const char **text)
{
	const char	*p = *text, *q;

	p += strspn(p, "<");
	if (strncmp(p, "mailto:", 7) == 0)
		p += 7;
	if ((q = strrchr(p, '/')) != NULL)
		p = q + 1;
	if ((q = strchr(p, '+')) != NULL)
		p = q + 1;
	*text = p;
	return strcspn(p, "@?>#");
}

/* scope_name - the name of a scope of some stream, or its number */
static const char *
scope_name(const struct stream_set *set, uint32_t id, char out[16])
{
	const struct stream	*s;
	size_t			 i, k;

	for (i = 0; (s = stream_at(set, i)) != NULL; i++)
		for (k = 0; k < s->nscopes; k++)
			if (s->scope_ids[k] == id)
				return s->scopes.v[k];
	(void)snprintf(out, 16, "#%08x", (unsigned)id);
	return out;
}

/* print_read - one line a token */
static int
print_read(const struct options *o, enum token_result res,
    const struct token *t, const struct stream_set *set)
{
	char	 hex[CODEC_HEX_SIZE(sizeof t->digest)], num[16];
	char	 day[CLOCK_ISO_SIZE];
	json_t	*j;

	if (res != TOKEN_VALID && res != TOKEN_EXPIRED) {
		if (o->json)
			(void)printf("{\"result\":\"%s\"}\n",
			    token_result_name(res));
		else
			(void)printf("result=%s\n", token_result_name(res));
		return EX_DATAERR;
	}
	codec_hex(t->digest, sizeof t->digest, hex);
	clock_iso((time_t)t->day * DAY_SECONDS, day);
	day[10] = '\0';
	if (!o->json) {
		(void)printf("result=%s kind=%s scope=%s issued=%s "
		    "store_key=%u recipient=%s\n", token_result_name(res),
		    token_kind_name(t->kind), scope_name(set, t->scope, num),
		    day, t->store_key, t->store_key != 0 ? hex : "-");
		return res == TOKEN_VALID ? EX_OK : EX_DATAERR;
	}
	j = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "result",
	    token_result_name(res), "kind", token_kind_name(t->kind), "scope",
	    scope_name(set, t->scope, num), "issued", day, "store_key",
	    (int)t->store_key, "recipient", t->store_key != 0 ? hex : "");
	if (j != NULL && json_dumpf(j, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(j);
	return res == TOKEN_VALID ? EX_OK : EX_DATAERR;
}

/* read_tokens - token read TOKEN...; EX_DATAERR unless all are valid */
static int
read_tokens(struct ctl *ctl, const struct options *o, char **v)
{
	struct token_keys	*keys;
	struct stream_set	*set;
	struct token		 t;
	const char		*text;
	size_t			 len;
	int			 rc;

	if ((keys = load_keys(ctl, o, &rc)) == NULL)
		return rc;
	if ((set = load_streams(ctl, &rc)) == NULL) {
		token_keys_free(&keys);
		return rc;
	}
	for (; *v != NULL; v++) {
		text = *v;
		len = find_token(&text);
		if (print_read(o, token_read(keys, text, len,
		    (uint32_t)(clock_now() / DAY_SECONDS),
		    (uint32_t)o->max_days, &t), &t, set) != EX_OK)
			rc = EX_DATAERR;
	}
	stream_set_free(&set);
	token_keys_free(&keys);
	return rc;
}

/* change_keys - token genkey [FILE], token rotate [FILE] */
static int
change_keys(struct ctl *ctl, const char *path, bool rotate)
{
	struct err	e = { "", 0 };
	uint8_t		id = 1;
	int		rc;

	if (path == NULL) {
		if ((rc = ctl_conf(ctl)) != EX_OK)
			return rc;
		path = ctl->common.token_key_file;
	}
	if ((rotate ? token_keys_rotate(path, &id, &e) :
	    token_keys_create(path, &e)) == -1)
		return ctl_fail(&e, EX_CANTCREAT);
	(void)printf("%s: key %u signs%s\n", path, id, rotate ?
	    " once the programs have been reloaded: those that read tokens "
	    "first" : "");
	return EX_OK;
}

static const char	help_text[] =
    "  make ADDRESS --scope S | --stream S [--kind K]\n"
    "                   print a token of ours; with --stream its links, too\n"
    "  read TOKEN...    what it says, also in a link or an address\n"
    "  genkey [FILE]    a fresh key file; never replaces one\n"
    "  rotate [FILE]    a new key in front, the others verify on\n\n"
    "  --kind K         unsubscribe (default), verp, cfbl, page\n"
    "  --max-days N     tokens issued more than N days ago are expired\n"
    "  --keys FILE      key file, not token_key_file\n"
    "  --json           read: one object a token\n";

/* parse - the options; EX_OK, or -1 when the sentence is over with *rc */
static int
parse(int argc, char **argv, struct options *o, int *rc)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "keys", required_argument, NULL, 'f' },
		{ "kind", required_argument, NULL, 'k' },
		{ "max-days", required_argument, NULL, 'm' },
		{ "scope", required_argument, NULL, 's' },
		{ "stream", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	char				*end;
	int				 ch;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'f':	o->file = optarg;	break;
		case 'j':	o->json = true;		break;
		case 'k':	o->kind = optarg;	break;
		case 's':	o->scope = optarg;	break;
		case 't':	o->stream = optarg;	break;
		case 'm':
			o->max_days = strtol(optarg, &end, 10);
			if (*end == '\0' && end != optarg &&
			    o->max_days >= 0 && o->max_days <= 36500)
				break;
			*rc = ctl_usage("token", "--max-days wants a number "
			    "from 0 to 36500");
			return -1;
		case 'h':
			*rc = ctl_help("token", help_text);
			return -1;
		default:
			*rc = ctl_usage_opt("token", argv);
			return -1;
		}
	}
	return EX_OK;
}

int
cmd_token(struct ctl *ctl, int argc, char **argv)
{
	struct options	 o = { .max_days = 0 };
	const char	*verb;
	int		 rc;

	if (parse(argc, argv, &o, &rc) == -1)
		return rc;
	argc -= optind;
	argv += optind;
	if (argc == 0)
		return ctl_usage("token", "wants make, read, genkey or "
		    "rotate");
	verb = argv[0];
	if (strcmp(verb, "make") == 0 && argc <= 2)
		return argc == 2 || (o.kind != NULL && strcmp(o.kind,
		    "page") == 0) ? make_token(ctl, &o, argv[1]) :
		    ctl_usage("token", "make wants an address");
	if (strcmp(verb, "read") == 0 && argc >= 2)
		return read_tokens(ctl, &o, argv + 1);
	if (strcmp(verb, "genkey") == 0 && argc <= 2)
		return change_keys(ctl, argv[1], false);
	if (strcmp(verb, "rotate") == 0 && argc <= 2)
		return change_keys(ctl, argv[1], true);
	return ctl_usage("token", "\"%s\" with these arguments makes no "
	    "sentence", verb);
}

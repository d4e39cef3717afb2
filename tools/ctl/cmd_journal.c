/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_journal.c - mailweir journal show, export, verify: the audit trail */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/codec.h"
#include "ctl/cmds.h"
#include "ctl/recipient.h"
#include "store/admin.h"

#include "base/banned.h"

/* What the options say. */
struct wish {
	struct store_filter	 f;
	const char		*address;
	struct recipient	 who;
	const char		*signer;	/* a noted one, in hex */
	uint8_t			 head[32];	/* the same */
	bool			 head_given, json;
	long			 older;	/* seconds; -1 as configured */
};

static void
print_text(const struct store_event *ev)
{
	char	iso[CLOCK_ISO_SIZE], id[ID_TEXT_SIZE];
	char	safe[SAFE_SIZE(STORE_NOTE_MAX)];

	(void)printf("%" PRIu64 " %s %s %s", ev->seq,
	    clock_iso(ev->time_ms / 1000, iso),
	    safe_text(ev->actor, true, safe, sizeof safe), ev->op);
	if (ev->scope[0] != '\0')
		(void)printf(" scope=%s", ev->scope);
	if (ev->reason != 0)
		(void)printf(" reason=%s", store_reason_name(ev->reason));
	if (ev->id.key != 0)
		(void)printf(" id=%s", id_text(&ev->id, id));
	if (ev->domain)
		(void)printf(" domain");
	if (ev->count != 0)
		(void)printf(" count=%" PRIu32, ev->count);
	if (strcmp(ev->op, "late") == 0)
		(void)printf(" seconds=%" PRId64, ev->late);
	if (ev->source[0] != '\0')
		(void)printf(" source=%s", safe_text(ev->source, true, safe,
		    sizeof safe));
	if (ev->evidence[0] != '\0')
		(void)printf(" evidence=%s", safe_text(ev->evidence, true,
		    safe, sizeof safe));
	if (ev->list != 0)
		(void)printf(" list=%" PRIu32, ev->list);
	if (ev->file[0] != '\0')
		(void)printf(" rows=%" PRIu64 " file=%s", ev->rows,
		    safe_text(ev->file, true, safe, sizeof safe));
	if (ev->note[0] != '\0')
		(void)printf(" note=\"%s\"", safe_text(ev->note, false, safe,
		    sizeof safe));
	(void)putchar('\n');
}

/* text_or_null - a JSON string, null for ""; what is no UTF-8 as \xHH */
static json_t *
text_or_null(const char *s)
{
	char	 safe[SAFE_SIZE(STORE_NOTE_MAX)];
	json_t	*j;

	if (s[0] == '\0')
		return json_null();
	if ((j = json_string(s)) == NULL)
		j = json_string(safe_text(s, false, safe, sizeof safe));
	return j != NULL ? j : json_null();
}

static void
print_json(const struct store_event *ev)
{
	char	 iso[CLOCK_ISO_SIZE], id[ID_TEXT_SIZE];
	char	 hash[CODEC_HEX_SIZE(32)], digest[CODEC_HEX_SIZE(32)];
	json_t	*j;

	codec_hex(ev->hash, sizeof ev->hash, hash);
	codec_hex(ev->digest, sizeof ev->digest, digest);
	j = json_pack("{s:I, s:s, s:I, s:s, s:o, s:o, s:s?, s:s?, s:b, s:o, "
	    "s:o, s:o, s:s}", "seq", (json_int_t)ev->seq,
	    "time", clock_iso(ev->time_ms / 1000, iso),
	    "ms", (json_int_t)ev->time_ms, "op", ev->op,
	    "actor", text_or_null(ev->actor), "scope", text_or_null(ev->scope),
	    "reason", ev->reason != 0 ? store_reason_name(ev->reason) : NULL,
	    "id", ev->id.key != 0 ? id_text(&ev->id, id) : NULL,
	    "domain", ev->domain, "source", text_or_null(ev->source),
	    "evidence", text_or_null(ev->evidence),
	    "note", text_or_null(ev->note), "hash", hash);
	if (j != NULL && ev->count != 0)
		(void)json_object_set_new(j, "count",
		    json_integer(ev->count));
	if (j != NULL && strcmp(ev->op, "late") == 0)
		(void)json_object_set_new(j, "seconds",
		    json_integer((json_int_t)ev->late));
	if (j != NULL && ev->expires != 0)
		(void)json_object_set_new(j, "expires",
		    json_string(clock_iso(ev->expires, iso)));
	if (j != NULL && ev->list != 0)
		(void)json_object_set_new(j, "list", json_integer(ev->list));
	if (j != NULL && ev->file[0] != '\0') {
		(void)json_object_set_new(j, "file", text_or_null(ev->file));
		(void)json_object_set_new(j, "rows",
		    json_integer((json_int_t)ev->rows));
		(void)json_object_set_new(j, "digest", json_string(digest));
	}
	if (j != NULL && json_dumpf(j, stdout, JSON_COMPACT) == 0)
		(void)putchar('\n');
	json_decref(j);
}

static int
print(void *arg, const struct store_event *ev)
{
	const struct wish	*w = arg;

	if (w->json)
		print_json(ev);
	else
		print_text(ev);
	return ferror(stdout) != 0;
}

static int
show(struct ctl *ctl, struct wish *w)
{
	struct err	e = { "", 0 };
	int		rc;

	if ((rc = ctl_conf(ctl)) != EX_OK)
		return rc;
	if (w->address != NULL) {
		if ((rc = recipient_parse(ctl, w->address, &w->who)) != EX_OK)
			return rc;
		if (w->who.is_domain)
			w->f.domain = w->who.domain;
		else
			w->f.addr = &w->who.addr;
	}
	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	if (store_journal_each(ctl->store, &w->f, print, w, &e) == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	return EX_OK;
}

static void
progress(void *arg, uint64_t done, uint64_t total)
{
	struct ctl_progress	*p = arg;

	if (p->total == 0)
		ctl_progress_begin(p, "records", total);
	ctl_progress(p, done);
}

/* print_proof - signer: "" unless it begins at a checkpoint */
static void
print_proof(const struct store_chain *c, const char *signer, bool trusted,
    bool json)
{
	char	hex[CODEC_HEX_SIZE(32)];

	codec_hex(c->head, sizeof c->head, hex);
	if (json) {
		(void)printf("{\"sound\":%s,\"records\":%" PRIu64
		    ",\"first\":%" PRIu64 ",\"last\":%" PRIu64
		    ",\"head\":\"%s\"", trusted ? "true" : "false",
		    c->records, c->first, c->last, hex);
		if (c->was_cut)
			(void)printf(",\"signer\":\"%s\",\"signer_known\":%s",
			    signer, c->signer_known ? "true" : "false");
		(void)printf("}\n");
		return;
	}
	if (c->was_cut)
		(void)printf("begins at a checkpoint signed by Ed25519 key "
		    "%s\n", signer);
	(void)printf("%s: %" PRIu64 " records, from %" PRIu64 " to %" PRIu64
	    ", head %s\n", trusted ? "sound" : "not proven", c->records,
	    c->first, c->last, hex);
}

static int
verify(struct ctl *ctl, const struct wish *w)
{
	struct ctl_progress	p = { .total = 0 };
	struct store_chain	c = { .noted = w->head_given ? w->head :
				    NULL };
	struct err		e = { "", 0 };
	char			signer[CODEC_HEX_SIZE(32)] = "";
	bool			trusted;
	int			rc;

	if ((rc = ctl_store(ctl, STORE_READ)) != EX_OK)
		return rc;
	rc = store_journal_verify(ctl->store, &c, progress, &p, &e);
	if (p.total != 0)
		ctl_progress_end(&p);
	if (rc == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	if (c.was_cut)
		codec_hex(c.signer, sizeof c.signer, signer);
	trusted = !c.was_cut || c.signer_known || (w->signer != NULL &&
	    strcasecmp(w->signer, signer) == 0);
	print_proof(&c, signer, trusted, w->json);
	if (trusted)
		return EX_OK;
	(void)fprintf(stderr, "mailweir: no key of store_key_file derives the "
	    "key that signed its beginning: put the old store key back, or "
	    "give the key that you noted with --signer\n");
	return EX_DATAERR;
}

/* cut - forget old records; older: seconds, -1 as configured */
static int
cut(struct ctl *ctl, long older)
{
	struct store_conf	c;
	struct err		e = { "", 0 };
	uint64_t		n;
	int			rc;

	if ((rc = ctl_store(ctl, STORE_WRITE)) != EX_OK)
		return rc;
	if (older == -1) {
		if (conf_bind(ctl->conf, conf_find(ctl->conf, "store", NULL),
		    store_params, &c, &e) == -1)
			return ctl_fail(&e, EX_CONFIG);
		if ((older = c.journal_keep) == 0) {
			(void)printf("kept for ever (journal_keep = 0): "
			    "nothing cut\n");
			return EX_OK;
		}
	}
	if (store_journal_cut(ctl->store, (int64_t)clock_now() - older,
	    ctl->actor, &n, &e) == -1)
		return ctl_fail(&e, EX_TEMPFAIL);
	(void)printf("%" PRIu64 " records cut\n", n);
	return EX_OK;
}

/* option - one of them; EX_OK or the exit status */
static int
option(struct wish *w, int ch, char **argv)
{
	switch (ch) {
	case 's':
		w->f.scope = optarg;
		break;
	case 'a':
		w->f.actor = optarg;
		break;
	case 'f':
		if (since_parse(optarg, &w->f.from) == -1)
			return ctl_usage("journal", "--since \"%s\": "
			    "say 7d or 2026-01-31", optarg);
		break;
	case 't':
		if (since_parse(optarg, &w->f.to) == -1)
			return ctl_usage("journal", "--until \"%s\": "
			    "say 7d or 2026-01-31", optarg);
		break;
	case 'o':
		if ((w->older = secs_parse(optarg)) == -1)
			return ctl_usage("journal", "--older \"%s\": "
			    "say 365d", optarg);
		break;
	case 'H':
		if (codec_unhex(optarg, strlen(optarg), w->head,
		    sizeof w->head) != sizeof w->head)
			return ctl_usage("journal", "--head \"%s\": 64 "
			    "hex digits", optarg);
		w->head_given = true;
		break;
	case 'S':
		w->signer = optarg;
		break;
	case 'j':
		w->json = true;
		break;
	default:
		return ctl_usage_opt("journal", argv);
	}
	return EX_OK;
}

int
cmd_journal(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "scope", required_argument, NULL, 's' },
		{ "actor", required_argument, NULL, 'a' },
		{ "since", required_argument, NULL, 'f' },
		{ "until", required_argument, NULL, 't' },
		{ "older", required_argument, NULL, 'o' },
		{ "head", required_argument, NULL, 'H' },
		{ "signer", required_argument, NULL, 'S' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct wish			w = { .older = -1 };
	const char			*what;
	int				ch, rc;

	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (ch == 'h')
			return ctl_help("journal",
	    "  show [ADDRESS]  records, oldest first\n"
	    "  export          the same as JSON, one object a record\n"
	    "  verify          prove that none was altered, lost or moved; "
	    "prints the\n"
	    "                  head, to be kept elsewhere and compared\n"
	    "  cut             forget records older than journal_keep; the "
	    "rest verifies\n                  by a signed checkpoint\n"
	    "  --older T       than this instead: 365d\n"
	    "  --head HEX      a head noted earlier: it must be in the chain\n"
	    "  --signer HEX    a checkpoint's signer noted earlier: trust it\n"
	    "  --scope S       of this scope\n"
	    "  --actor A       by this user or program: user:root\n"
	    "  --since T       7d, 2026-01-31, or a full time\n"
	    "  --until T       the same\n"
	    "  --json          JSON\n");
		if ((rc = option(&w, ch, argv)) != EX_OK)
			return rc;
	}
	if (optind == argc)
		return ctl_usage("journal", "show, export, verify or cut?");
	what = argv[optind++];
	if (strcmp(what, "show") == 0 && optind < argc)
		w.address = argv[optind++];
	if (optind != argc)
		return ctl_usage("journal", "too many words");
	if (strcmp(what, "verify") == 0)
		return verify(ctl, &w);
	if (strcmp(what, "cut") == 0)
		return cut(ctl, w.older);
	if (strcmp(what, "export") == 0)
		w.json = true;
	else if (strcmp(what, "show") != 0)
		return ctl_usage("journal", "\"%s\": show, export, verify or "
		    "cut?",
		    what);
	return show(ctl, &w);
}

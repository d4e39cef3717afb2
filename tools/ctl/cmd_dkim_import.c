/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_dkim_import.c - mailweir dkim import-opendkim FILE
 *
 * Prints what mailweir.conf must say to sign as that opendkim.conf does, and,
 * as comments and on standard error, what it cannot carry over.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/file.h"
#include "ctl/cmd_dkim.h"
#include "dkim/dsign.h"

#include "base/banned.h"

#define CONF_MAX	(1u << 20)

/* What was read; NULL: not there. */
struct odk {
	const char	*file;
	char		*domain, *selector, *key_file, *key_table,
			*signing_table, *canon, *internal, *oversign, *sign,
			*omit, *ttl, *socket, *user, *umask;
	bool		 subdomains, multiple, remove, mode_v, mode_set,
			 mode_s;
	size_t		 lost;
	struct buf	 notes;
};

/* lose - one thing that does not come along */
static void
lose(struct odk *o, const char *name, const char *value, const char *why)
{
	o->lost++;
	(void)buf_addf(&o->notes, "# not carried over: %s %s: %s\n", name,
	    value, why);
}

/* Names that change nothing here, or that only matter to a verifier. */
static const char *const no_matter[] = {
	"Syslog", "SyslogSuccess", "SyslogFacility", "SyslogName",
	"LogWhy", "LogResults", "PidFile", "Background", "AutoRestart",
	"AutoRestartCount", "AutoRestartRate", "BaseDirectory",
	"ChangeRootDirectory", "TemporaryDirectory", "FixCRLF",
	"TrustAnchorFile", "Nameservers", "ResolverConfiguration", "DNSTimeout",
	"DNSConnect", "UnboundConfigFile", "AlwaysAddARHeader", "AuthservID",
	"AuthservIDWithJobID", "NoHeaderB",
	"RequireSafeKeys", "MaximumHeaders", "MilterDebug", "SoftStart",
	"On-BadSignature", "On-DNSError", "On-KeyNotFound",
	"On-NoSignature", "On-SignatureMissing", "ClockDrift", "SendReports",
	"ReportAddress", "ReportBccAddress", "RemoveARFrom", "RemoveARAll",
	"TestPublicKeys", "MTACommand", "SignatureAlgorithm", "QueryCache",
	"AllowSHA1Only", "MultipleSignaturesARF", NULL
};

/* Names that mean something here, and what. */
static const struct {
	const char	*name, *why;
} lost_names[] = {
	{ "BodyLengths", "l= is never written" },
	{ "BodyLengthDB", "l= is never written" },
	{ "MaximumSignedBytes", "l= is never written" },
	{ "DontSignMailTo", "see skip_rcpt_domains of [key] sections" },
	{ "PeerList", "let these clients past the milter in Postfix" },
	{ "ExternalIgnoreList", "mail of clients outside internal_hosts passes "
	    "unsigned without a line in the log, whoever they are" },
	{ "ExemptDomains", "leave these domains without a key" },
	{ "MacroList", "let another port of Postfix use the milter, or name "
	    "its clients in internal_hosts" },
	{ "SenderHeaders", "the From field decides; see sign_by" },
	{ "SenderMacro", "see sign_by" },
	{ "ResignMailTo", "mail is not signed anew" },
	{ "ResignAll", "mail is not signed anew" },
	{ "DiagnosticDirectory", "z= is never written" },
	{ "Diagnostics", "z= is never written" },
	{ "Quarantine", "signing does not quarantine" },
	{ "StrictHeaders", "broken headers are refused by bad_message" },
	{ "On-Default", "see on_error, bad_message" },
	{ "On-InternalError", "see on_error (tempfail)" },
	{ "On-SignatureError", "see on_error (tempfail) and bad_message "
	    "(pass)" },
	{ "On-Security", "see on_error" },
	{ "MinimumKeyBits", "RSA keys below 1024 bits are always refused" },
	{ "RedirectFailuresTo", "mail is not redirected" },
	{ "SetupPolicyScript", "there are no scripts" },
	{ "ScreenPolicyScript", "there are no scripts" },
	{ "FinalPolicyScript", "there are no scripts" },
	{ "VBR-Type", "VBR is not done" },
	{ "ATPSDomains", "ATPS is not done" },
	{ NULL, NULL }
};

static bool
is_yes(const char *v)
{
	return strchr("yYtT1", v[0]) != NULL;
}

/* keep - a value, the last one given */
static void
keep(char **where, const char *value)
{
	free(*where);
	*where = strdup(value);
}

/* set - one parameter of opendkim.conf */
static void
set(struct odk *o, const char *name, const char *value)
{
	const struct {
		const char	*name;
		char		**text;
		bool		*flag;
	} known[] = {
		{ "Domain", &o->domain, NULL },
		{ "Selector", &o->selector, NULL },
		{ "KeyFile", &o->key_file, NULL },
		{ "KeyTable", &o->key_table, NULL },
		{ "SigningTable", &o->signing_table, NULL },
		{ "Canonicalization", &o->canon, NULL },
		{ "InternalHosts", &o->internal, NULL },
		{ "OversignHeaders", &o->oversign, NULL },
		{ "SignHeaders", &o->sign, NULL },
		{ "OmitHeaders", &o->omit, NULL },
		{ "SignatureTTL", &o->ttl, NULL },
		{ "Socket", &o->socket, NULL },
		{ "UserID", &o->user, NULL },
		{ "UMask", &o->umask, NULL },
		{ "SubDomains", NULL, &o->subdomains },
		{ "MultipleSignatures", NULL, &o->multiple },
		{ "RemoveOldSignatures", NULL, &o->remove },
	};
	size_t	i;

	for (i = 0; i < sizeof known / sizeof *known; i++)
		if (strcasecmp(known[i].name, name) == 0) {
			if (known[i].text != NULL)
				keep(known[i].text, value);
			else
				*known[i].flag = is_yes(value);
			return;
		}
	if (strcasecmp(name, "Mode") == 0) {
		o->mode_set = true;
		o->mode_s = strchr(value, 's') != NULL;
		o->mode_v = strchr(value, 'v') != NULL;
		return;
	}
	for (i = 0; no_matter[i] != NULL; i++)
		if (strcasecmp(no_matter[i], name) == 0)
			return;
	for (i = 0; lost_names[i].name != NULL; i++)
		if (strcasecmp(lost_names[i].name, name) == 0) {
			lose(o, name, value, lost_names[i].why);
			return;
		}
	lose(o, name, value, "not known here");
}

/* read_conf - every "Name value" line */
static void
read_conf(struct odk *o, char *text)
{
	char	*p, *nl, *value;
	size_t	 n;

	for (p = text; p != NULL; p = nl) {
		if ((nl = strchr(p, '\n')) != NULL)
			*nl++ = '\0';
		p += strspn(p, " \t\r");
		p[strcspn(p, "#")] = '\0';
		n = strcspn(p, " \t\r");
		if (n == 0)
			continue;
		value = p + n + strspn(p + n, " \t\r");
		p[n] = '\0';
		for (n = strlen(value); n > 0 && strchr(" \t\r",
		    value[n - 1]) != NULL; )
			value[--n] = '\0';
		set(o, p, value);
	}
}

/*
 * members - the elements of a data set, one call each
 *
 * A list between commas, or a file of lines; the first word of a line.
 * Returns false for what is neither.
 */
static bool
members(const char *spec, void (*each)(void *arg, const char *item),
    void *arg)
{
	const char	*sep = ",", *path = spec;
	char		*text = NULL, *p, *end;
	struct err	 e;
	size_t		 len;

	if (strncmp(spec, "csl:", 4) == 0) {
		text = strdup(spec + 4);
	} else if (spec[0] == '/' || strncmp(spec, "file:", 5) == 0 ||
	    strncmp(spec, "refile:", 7) == 0) {
		path = spec[0] == '/' ? spec : strchr(spec, ':') + 1;
		if (file_read(path, CONF_MAX, &text, &len, &e) == -1)
			return false;
		sep = "\n";
	} else if (strchr(spec, ':') == NULL || strpbrk(spec, ",/") != NULL ||
	    spec[0] == '[') {
		text = strdup(spec);
	}
	if (text == NULL)
		return false;
	for (p = text; p != NULL; p = end) {
		if ((end = strpbrk(p, sep)) != NULL)
			*end++ = '\0';
		p += strspn(p, " \t\r");
		p[strcspn(p, " \t\r#")] = '\0';
		if (*p != '\0')
			each(arg, p);
	}
	free(text);
	return true;
}

/* put_item - one more element of a list parameter */
static void
put_item(void *arg, const char *item)
{
	int	*n = arg;

	(void)printf("%s%s", (*n)++ == 0 ? " " : ", ", item);
	if (*n % 4 == 0)
		(void)printf("\n   ");
}

/* put_list - "name = a, b, c" */
static void
put_list(struct odk *o, const char *ours, const char *theirs,
    const char *spec)
{
	int	n = 0;

	(void)printf("%s =", ours);
	if (!members(spec, put_item, &n))
		lose(o, theirs, spec, "the data set cannot be read");
	(void)printf("\n");
}

/* put_host - an element of InternalHosts, brackets taken off */
static void
put_host(void *arg, const char *item)
{
	char	text[300];
	size_t	i, n = 0;

	for (i = 0; item[i] != '\0' && n < sizeof text - 1; i++)
		if (item[i] != '[' && item[i] != ']')
			text[n++] = item[i];
	text[n] = '\0';
	put_item(arg, text);
}

static void
put_hosts(struct odk *o)
{
	int	n = 0;

	if (o->internal == NULL) {
		(void)printf("internal_hosts = 127.0.0.1\n");
		return;
	}
	(void)printf("internal_hosts =");
	if (!members(o->internal, put_host, &n))
		lose(o, "InternalHosts", o->internal,
		    "the data set cannot be read");
	(void)printf("\n");
}

/* put_canon - OpenDKIM's default is simple, for what is not said */
static void
put_canon(const struct odk *o)
{
	const char	*c = o->canon != NULL ? o->canon : "simple";

	(void)printf("canonicalization = %s%s\n", c,
	    strchr(c, '/') == NULL ? "/simple" : "");
}

/* put_delta - "*,+name,-name" changes a default list; others replace it */
static void
put_sign(struct odk *o)
{
	if (o->sign == NULL)
		return;
	if (strchr(o->sign, '*') == NULL) {
		put_list(o, "sign_headers", "SignHeaders", o->sign);
		return;
	}
	lose(o, "SignHeaders", o->sign, "changes to a default list; "
	    "sign_headers is a list of its own");
}

static void
put_socket(const struct odk *o)
{
	unsigned long	mask;

	if (o->socket != NULL)
		(void)printf("socket = %s%s\n",
		    strncmp(o->socket, "local:", 6) == 0 ? "unix:" :
		    o->socket[0] == '/' ? "unix:" : "",
		    strncmp(o->socket, "local:", 6) == 0 ? o->socket + 6 :
		    o->socket);
	if (o->umask != NULL) {
		mask = strtoul(o->umask, NULL, 8);
		(void)printf("socket_mode = %04lo\n", 0777 & ~mask & 0666);
	}
	if (o->user != NULL)
		(void)printf("user = %.*s\n", (int)strcspn(o->user, ":"),
		    o->user);
}

/* put_key - a [key] section for one domain of Domain */
static void
put_key(void *arg, const char *domain)
{
	const struct odk	*o = arg;

	(void)printf("\n[key %s]\ndomain = %s\nselector = %s\nfile = %s\n",
	    domain, domain, o->selector, o->key_file);
}

/* write_conf - the whole of it */
static void
write_conf(struct odk *o)
{
	if (o->mode_set && !o->mode_s)
		lose(o, "Mode", "v", "nothing is verified; do not run "
		    "mailweir-dkim for this");
	else if (!o->mode_set || o->mode_v)
		lose(o, "Mode", "v", "incoming mail is not verified");
	(void)printf("# from %s\n[dkim]\n", o->file);
	put_socket(o);
	put_canon(o);
	put_hosts(o);
	(void)printf("parent_domains = %s\n",
	    o->key_table == NULL && o->subdomains ? "yes" : "no");
	put_sign(o);
	put_list(o, "oversign_headers", "OversignHeaders",
	    o->oversign != NULL ? o->oversign : "From");
	(void)printf("oversign_present =\n");
	if (o->omit != NULL)
		lose(o, "OmitHeaders", o->omit, "see sign_headers");
	if (o->ttl != NULL)
		(void)printf("signature_ttl = %lds\n", strtol(o->ttl, NULL,
		    10));
	if (o->remove)
		(void)printf("# signatures of domains that we sign for\n"
		    "existing = remove\n");
	if (o->key_table != NULL)
		(void)printf("key_table = %s\n", o->key_table);
	if (o->signing_table != NULL)
		(void)printf("signing_table = %s\nsigning_table_all = %s\n",
		    o->signing_table, o->multiple ? "yes" : "no");
	if (o->key_table == NULL && o->domain != NULL &&
	    o->selector != NULL && o->key_file != NULL) {
		if (!members(o->domain, put_key, o))
			lose(o, "Domain", o->domain,
			    "the data set cannot be read");
	} else if (o->key_table == NULL || o->signing_table == NULL) {
		lose(o, "KeyTable", "", "neither KeyTable and SigningTable nor "
		    "Domain, Selector and KeyFile: nothing would be signed");
	}
	if (o->notes.len > 0)
		(void)printf("\n%s", buf_str(&o->notes));
}

static void
free_all(struct odk *o)
{
	free(o->domain); free(o->selector); free(o->key_file);
	free(o->key_table); free(o->signing_table); free(o->canon);
	free(o->internal); free(o->oversign); free(o->sign); free(o->omit);
	free(o->ttl); free(o->socket); free(o->user); free(o->umask);
	buf_free(&o->notes);
}

int
cmd_dkim_import(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	struct odk	 o;
	char		*text;
	size_t		 len;
	int		 ch, rc;

	(void)ctl;
	optind = 0;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1)
		return ch == 'h' ? ctl_help("dkim", "import-opendkim FILE\n"
		    "  Prints the sections of mailweir.conf that sign as this "
		    "opendkim.conf does;\n"
		    "  its tables are read where they are. What is lost stands "
		    "at the end.\n") : ctl_usage_opt("dkim", argv);
	if (argc - optind != 1)
		return ctl_usage("dkim", "import-opendkim wants one FILE");
	if ((rc = ctl_slurp(argv[optind], &text, &len)) != EX_OK)
		return rc;
	memset(&o, 0, sizeof o);
	o.file = argv[optind];
	buf_init(&o.notes, 1 << 16);
	read_conf(&o, text);
	write_conf(&o);
	if (o.lost > 0)
		(void)fprintf(stderr, "mailweir: %zu thing%s not carried "
		    "over; see the end of the output\n", o.lost,
		    o.lost == 1 ? "" : "s");
	free_all(&o);
	free(text);
	return EX_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * received.c - see received.h
 *
 * A template is text with places in braces:
 *
 *	{h} {r} {x} {i} {b} {d}	HELO, rDNS, both of them, address, "by", ident:
 *				one word; {h0} {d0}: may be empty
 *	{s}	words that may hold helo=... and ident=...
 *	{w} {*}	a word, anything: of no interest
 *	{~...}	a regular expression
 */
#include "rules/received.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/banned.h"

#define IP4	"(?:1\\d\\d|2[0-4]\\d|25[0-5]|\\d\\d?)(?:\\.(?:1\\d\\d|" \
		"2[0-4]\\d|25[0-5]|\\d\\d?)){3}"
#define IP6	"(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|" \
		"(?=[0-9a-f:.]*::)(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|" \
		"\\d{1,3}(?:\\.\\d{1,3}){3})?"
#define IP	"(?:\\b" IP4 "\\b|(?i:(?:IPv6:)?(?:" IP6 "))(?![a-f0-9:]))"
#define HELO	"{~(?:HELO|EHLO)}"
#define GROUPS	6
#define VALUE_MAX 8192

/* What a form says besides the words in it. */
enum {
	DNS = 1,	/* this MTA looks names up */
	NO_UNKNOWN = 2,	/* rDNS "unknown" means that there is none */
	SKIP = 4, FETCH = 8,
	NO_ID = 16,	/* the id that was found is none */
	IDENT = 32,	/* rDNS may hold ident@ */
	PICK = 64,	/* keep what it finds, go on */
	UNKNOWN_DNS = 128	/* DNS, unless rDNS says unknown */
};

/* Families: when a field shows its MTA, the forms of the others are passed
 * over. */
enum family {
	ANY, SMTPSVC, EXCHANGE, XMAIL, ECELERITY, EXIM, POSTFIX, SCALIX,
	DOMINO, FAMILIES
};

static const char *const family_marks[FAMILIES] = {
	[SMTPSVC] = " SMTPSVC",
	[EXCHANGE] = " with {~(?:Microsoft SMTP Server|mapi id)} {~(?:\\([^)]+"
	    "\\) )?\\d+\\.\\d+\\.\\d+\\.\\d+(?:$| )}",
	[XMAIL] = "[XMail ",
	[ECELERITY] = "(ecelerity{~\\b}",
	[EXIM] = "Exim",
	[POSTFIX] = " (Postfix) with",
	[SCALIX] = "(Scalix SMTP Relay",
	[DOMINO] = " (Lotus Domino ",
};

static const struct form {
	enum family	 family;
	const char	*text;		/* ^ = from the beginning */
	unsigned	 flags;
	const char	*mark;		/* must be in it; "!x": must not */
} forms[] = {
	{ ANY, "{i}{~\\b(?![.-]).{10,80}}by {b} with HTTP", 0,
	  "{~ \\((?:Squirrel|NaS)Mail authenticated user }" },
	{ ANY, "{i} by {b} ({~" IP "}) with HTTP (WebMailUI)", 0,
	  "aol.com" },

	{ SMTPSVC, "^{h0} ([{i}]{~[^)]{0,40}}) by {b} with Microsoft SMTPSVC",
	  0, NULL },
	{ SMTPSVC, "^mail pickup service by {w} with Microsoft SMTPSVC{~$}",
	  SKIP, NULL },
	{ EXCHANGE, "^{h} ({~\\[?}{i}{~(?:%[A-Z0-9._\\~-]*)?\\]?}) by {b} ",
	  NO_ID, NULL },
	{ XMAIL, "^{h} ({~\\[?}{i}{~\\]?:\\d+}) by {b}{~(?: \\(\\S+\\))?} "
	  "with [XMail", 0, NULL },
	{ ECELERITY, "^([{i}:{~\\d+}] helo={h}) by {b} ", 0, NULL },
	{ ECELERITY, "^{w} ([{i}:{~\\d+}]) by {b} ", 0, NULL },
	{ EXIM, "{~\\b}with local{~(?:-\\S+)?} ", SKIP, NULL },
	{ EXIM, "^[{i}] ({s}) by {b} ", 0, NULL },
	{ EXIM, "^{x} ([{i}]{s}) by {b} ", 0, NULL },
	{ EXIM, "^{x} [{i}]{~(?::\\d+)?} by {b} ", 0, NULL },
	{ EXIM, "^{r} ", PICK, NULL },
	{ EXIM, " ({h}) ", PICK, NULL },
	{ EXIM, " [{i}{~(?:\\.\\d+)?}] {*}by {b} ", 0, NULL },
	{ POSTFIX, "^{h} ({r} [{i}]) by {b} ", DNS | NO_UNKNOWN, NULL },
	{ POSTFIX, "^{h} ({r}[{i}]) by {b} ", DNS | NO_UNKNOWN, NULL },
	{ SCALIX, "^{h} ({~ ?}{i}) by {b}", 0, NULL },
	{ DOMINO, "^{h} ([{i}]) by {b} (Lotus", 0, NULL },

	{ ANY, "^{i} ([{~" IP "}]) by {b}", 0, "{~\\bwith HTTP\\b}" },
	{ ANY, "^{h} ({r} [{i}]{*}) by {b} (", DNS | IDENT,
	  "!{~ by \\S+ \\(qmail-\\S+\\) with }" },
	{ ANY, "^{h} ({r} [{i}]) by {b} with {w} (", DNS, NULL },
	{ ANY, "^{r} ([{i}] helo={h}) by {b} with ", 0, NULL },
	{ ANY, "^{h} (<unknown{~\\S*}>[{i}]) by {b} ", 0, NULL },
	{ ANY, "^{h} ({~(?=[^\\s[]+\\.[^\\s[]+\\[)}{r}[{i}]) by {b} ",
	    DNS, NULL },
	{ ANY, "^{h} ({d0}@[{i}]{*}) by {b} (", DNS, NULL },
	{ ANY, "^{i} {*}by {~(?=\\S+\\.hotmail\\.msn\\.com )}{b}", 0, NULL },
	{ ANY, "by {~(?=\\S+\\.hotmail\\.msn\\.com )}{b}", 0, NULL },
	{ ANY, "^{r} (" HELO " {h0}) ({i}) by {b} (qpsmtpd/{w}) with "
	  "{~E?SMTP}", 0, NULL },
	{ ANY, "^{r} (LHLO {h0}) ({i}) by {b} with LMTP", 0, NULL },
	{ ANY, "^{r} (" HELO " {h0}) [{i}] by {b} ({~[^)]+}) with {~E?SMTP}",
	  0, NULL },
	{ ANY, "^{h} ([{i}]) by {b} via smtpd (for {w}) with SMTP(", 0,
	  NULL },
#define QMAIL "{~( \\(envelope-sender <\\S+>\\))?} by {b}{~( \\(.+\\))* " \
	  "with (.* )?(SMTP|QMQP)(?! id )}"
	{ ANY, "^{r} (" HELO " {~(?=[^ ()]*\\))}{h0}) ({d0}@{~\\[?}{i}"
	  "{~\\]?})" QMAIL, UNKNOWN_DNS, NULL },
	{ ANY, "^{r} (" HELO " {~(?=[^ ()]*\\))}{h0}) ({~\\[?}{i}{~\\]?})"
	  QMAIL, UNKNOWN_DNS, NULL },
	{ ANY, "^{x} ({d0}@{~\\[?}{i}{~\\]?})" QMAIL, UNKNOWN_DNS, NULL },
	{ ANY, "^{x} ({~\\[?}{i}{~\\]?})" QMAIL, UNKNOWN_DNS, NULL },
	{ ANY, "^[{i}] by {b} via HTTP{~$}", 0, NULL },
	{ ANY, "^{w} ( [{i}]){~.*?} by {b} ", 0, NULL },
	{ ANY, "^({h} [{i}]) by {b} ", 0, NULL },
	{ ANY, "^[{i}] by {b} ", 0, NULL },
	{ ANY, "^({~\\[?}{i}{~\\]?}) by {b} ", 0, NULL },
	{ ANY, "^{h} [{i}] by {b} [{~" IP "}] with ", DNS, NULL },
	{ ANY, "^{h} [({i})] by {b} ({~" IP "}) ", 0, NULL },
	{ ANY, "^{h} ([{i}]) by {b} (", DNS, NULL },
	{ ANY, "^{h} (softdnserr [{i}]){~.*?} by {b}{~\\b}", 0, NULL },
	{ ANY, "^{h} ({r} [{i}]){~.*?} by {b}{~\\b}", DNS, NULL },
	{ ANY, "^{h} ([{i}{~(?:[.:]\\d+)?}]){~.*?} by {b} ", DNS, NULL },
	{ ANY, "with {~(?:POP3|IMAP)}", FETCH, NULL },
	{ ANY, "^{r} (" HELO " {~(?=[^)]*\\))}{h0}{~[^)]*}) ({d0}@{~\\[?}{i}"
	  "{~\\]?}){*} by {b} ", DNS, NULL },
	{ ANY, "^{r} (" HELO " {h0}{~[^)]*}) ({~\\[?}{i}{~\\]?}){*} by {b} ",
	  DNS, NULL },
	{ ANY, "^{x} ({d0}@{~\\[?}{i}{~\\]?}){*} by {b} ", DNS, NULL },
	{ ANY, "^{x} ({~\\[?}{i}{~\\]?}){*} by {b} ", DNS, NULL },
	{ ANY, "^{r}({i}) by {b} via smap ", DNS, NULL },
	{ ANY, "^{r}({i}, " HELO " {h0}) by {b} via smap ", DNS, NULL },
	{ ANY, "^{i} by {b} ({~(?:SMTPL|InterScan)\\b}", 0, NULL },
	{ ANY, "^{w} by {w} with BSMTP", SKIP, NULL },
	{ ANY, "^{r} (" HELO " {h0}) ({d}@{i}{~.*?}) by {b} with ", DNS,
	  NULL },
	{ ANY, "^{r} (" HELO " {h0}) ({i}{~.*?}) by {b} with ", DNS, NULL },
	{ ANY, "^[{i}] ({~(?:account \\S+ )?(?:HELO|EHLO) }{h0}) by {b} (",
	  0, NULL },
	{ ANY, "^{x} ([{i}] verified) by {b} (", DNS, " (CommuniGate Pro" },
	{ ANY, "^{w} ({w}) by {w} (Content Technologies ", SKIP, NULL },
	{ ANY, "^{h} ([{i}] [{w}]) by {b} with ", 0, NULL },
	{ ANY, "^{i} by {b} with ", 0, NULL },
	{ ANY, "^{h} ({r}[{i}]) by {b} ", DNS, NULL },
	{ ANY, "^[{i}]{w} (" HELO " {h0}) by {b} ", 0, NULL },
	{ ANY, "^{i} (" HELO " {h0}) by {b} ", 0, NULL },
	{ ANY, "^{h} [{i}] by {b} ", 0, NULL },
	{ ANY, "^{r}({i}) by {b} ", 0, NULL },
	{ ANY, "^{i} ({~[A-Za-z][^)]+}) by {b} with ", 0, NULL },
	{ ANY, "^[{i}] ({s}) by {b} ", 0, NULL },
	{ ANY, "^{r}({i}), claiming to be \"{h}\" via {w} by {b},", DNS,
	  NULL },
	{ ANY, "^{r}({i}) via {w} by {b},", DNS | NO_UNKNOWN, NULL },
	{ ANY, "^{h} ({w}@{i} with login) by {~(?=\\S+\\.yahoo\\.com )}{b} "
	  "with SMTP", 0, NULL },
	{ ANY, "^X-Originating-IP: {i}{~$}", 0, NULL },

#define LOCAL "{~(?:localhost(?:\\.localdomain)?|127\\.0\\.0\\.1|::1)}"
	{ ANY, "^{w} ({~[^\\s@]+}@" LOCAL ") by {w} (", SKIP, NULL },
	{ ANY, "^{w} {w} by {w} with local-{~e?}smtp ", SKIP, NULL },
	{ ANY, "^127.0.0.1 (AVG SMTP {w} [{w}])", SKIP, NULL },
	{ ANY, "^{w}@{w} by {w} ", SKIP, NULL },
	{ ANY, "^Unknown/Local (", SKIP, NULL },
	{ ANY, "^" LOCAL " ({~(?:\\S+@)?}" LOCAL "{~[)\\[]}", SKIP, NULL },
	{ ANY, "^{w} ({~(?:\\S+@)?}" LOCAL ") ", SKIP, NULL },
	{ ANY, "^{w} ({w}@{w} [" LOCAL "]) ", SKIP, NULL },
	{ ANY, "^(AUTH: {w}) by {w} with ", SKIP, NULL },
	{ ANY, "^localhost (localhost [[UNIX: localhost]]) by ", SKIP, NULL },
	{ ANY, "^{w} by {w} ({~.{0,100}}) with qmail-scanner", SKIP, NULL },
	{ ANY, "^{w} ([unix socket]) by {w} (Cyrus v", SKIP, NULL },
	{ ANY, "^{w} by {w} {~(?:with|via|for|\\()}", SKIP, NULL },
	{ ANY, "^{w} {~(?:(?:with|via|for) \\S+|\\(unverified\\)) by\\b}",
	  SKIP, NULL },
	{ ANY, "^{w} (unknown) by {w} (SG) with {~\\b}", SKIP, NULL },
	{ ANY, "^{w} ({w} [local]) by {w} (OpenSMTPD) with {~\\b}", SKIP,
	  NULL },
	{ ANY, "(LSMTP for", SKIP, NULL },
	{ ANY, "^([" LOCAL "]) with MailEnable ", SKIP, NULL },
	{ ANY, "^facebook.com ({~[^)]+}) by facebook.com with Thrift id "
	  "{w}{~$}", SKIP, NULL },
	{ ANY, "^{w} named {w} by gmailapi.google.com with HTTPREST{~$}",
	  SKIP, NULL },
	{ ANY, "^{w} id {w}{~$}", SKIP, NULL },
	{ ANY, "^[<{~.*? }(Jetsend", SKIP, NULL },
	/* Whatever it is, an address in brackets is who handed it over. */
	{ ANY, "^{h}{~[^-A-Za-z0-9.]}", PICK, NULL },
};

#define NFORMS	(sizeof forms / sizeof forms[0])

/* Ways to say that the client had logged in, and what they are called; group
 * 1, if any, is the name. */
static const struct {
	const char	*pattern, *name;
} auths[] = {
	{ " by .* with ((?:ES|L|UTF8S|UTF8L)MTPS?A|ASMTP|HTTP[SU]?)(?: |;|$)",
	  NULL },
	/* Google says so by the shape of its id alone. */
	{ " by mx\\.google\\.com with ESMTPS id [a-z0-9]{1,4}sm\\d{2,9}[a-z]{3}"
	  "\\.\\d{1,3}\\.\\d{4}\\.(?:[0-6]\\d\\.){4}[0-6]\\d.*\\(version=[^ ]+ "
	  "cipher=[^)]+\\)", "GMail" },
	{ "^from .*?(?:\\]\\)|\\)\\]) \\(AUTH: (LOGIN|PLAIN|DIGEST-MD5|"
	  "CRAM-MD5) \\S+(?:, .*?)?\\) by ", NULL },
	{ "^from .*?(?:\\](?: \\([^)]*\\))?\\)|\\)\\]) .*?\\(.*?authenticated"
	  ".*?\\).*? by", "Sendmail" },
	{ "from \\S* \\((?:HELO|EHLO) (\\S*)\\) \\[" IP "\\] by mail\\.gmx\\."
	  "(?:net|com) \\([^)]+\\) with E?SMTP", "GMX" },
	{ "\\) by .+ \\(\\d{1,2}\\.\\d\\.\\d{3}(?:\\.\\d{1,3})?\\) "
	  "\\(authenticated as .+\\) id ", "CriticalPath" },
	{ "\\) \\(Authenticated sender: \\S+\\) by \\S+ \\(([^)]+)\\) with ",
	  "Postfix" },
	{ "CommuniGate Pro (?:HTTP|SMTP|XIMSS|IMAP).* \\(account | \\(account "
	  ".*CommuniGate Pro (?:HTTP|SMTP|XIMSS|IMAP)", "Communigate" },
	{ " with Microsoft Exchange Server HTTP-DAV\\b", "HTTP-DAV" },
	{ " by .* \\(via (HTTP.?)\\)(?: |;|$)", NULL },
};

#define NAUTHS	(sizeof auths / sizeof auths[0])

/* Single words out of the field, before any form is tried. */
enum {
	X_DATE, X_NO_HOST, X_LOCAL_FOR, X_ID, X_HELO1, X_HELO2, X_BY,
	X_ENVFROM, X_IP, X_UPPER, X_NAVGW, X_LOCALUSER, X_SCANNER, X_MAX
};

static const char *const extras[X_MAX] = {
	[X_DATE] = "[\\s;]+(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\\d+ (?:Jan|"
	    "Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \\d+ \\d+:\\d+"
	    "(?::\\d+)? \\S+$",
	[X_NO_HOST] = "^(?i:from) (?!\\[[\\d.]+\\] )\\S+ (?i:by) [^\\s;]+ ?;",
	[X_LOCAL_FOR] = "\\bwith local for\\b",
	[X_ID] = " id <?([^\\s<>;]{3,})",
	[X_HELO1] = "\\bhelo=([-A-Za-z0-9.^+_&:=?!@%*$\\\\/]+)"
	    "(?:[^-A-Za-z0-9.^+_&:=?!@%*$\\\\/]|$)",
	[X_HELO2] = "\\b(?:HELO|EHLO) ([-A-Za-z0-9.^+_&:=?!@%*$\\\\/]+)"
	    "(?:[^-A-Za-z0-9.^+_&:=?!@%*$\\\\/]|$)",
	[X_BY] = " by (\\S+)(?:[^-A-Za-z0-9;.]|$)",
	[X_ENVFROM] = "(?i)(?:return-path:? |envelope-(?:sender|from)[ =])"
	    "(\\S+)\\b",
	[X_IP] = "\\[(" IP ")\\]",
	[X_UPPER] = "^\\S+ \\(\\S+ \\[" IP "\\]\\) BY \\S+ (?:\\([^)]+\\) WITH "
	    "SMTP )?ID <?\\S+?>?(?: FOR <[^>]+>)?$",
	[X_NAVGW] = "^\\S* \\[" IP "\\]\\) by \\S+ \\(NAVGW .*?\\) with ",
	[X_LOCALUSER] = "^\\S+@localhost\\) by \\S+ |^[^\\s@]+@[^)]+\\) by "
	    "\\S+\\(jqueuemail\\) id [^\\s;]+",
	[X_SCANNER] = "^\\S+ by \\S+ \\(.{0,100}\\) with qmail-scanner",
};

struct compiled {
	struct regex	*re;
	char		 place[GROUPS];	/* what group i is: "hrxibds" */
	size_t		 n;
};

struct received_forms {
	struct compiled	 form[NFORMS], mark[NFORMS], family[FAMILIES];
	struct regex	*auth[NAUTHS], *extra[X_MAX];
};

/* ---- templates -------------------------------------------------------- */

/* place - a place's pattern, by its letter */
static const char *
place(char c, bool empty)
{
	switch (c) {
	case 'i':	return "(" IP ")";
	case 's':	return "([^)]*?)";
	case 'w':	return "\\S+";
	case '*':	return ".*";
	default:	return empty ? "(\\S*)" : "(\\S+)";
	}
}

/* expression_end - the brace that closes "{~...}"; braces inside count */
static const char *
expression_end(const char *p)
{
	unsigned	depth = 1;

	for (;; p++) {
		if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
}

/* expression - what stands in "{~...}"; its groups do not count as places */
static int
expression(const char *p, const char *end, struct buf *out)
{
	bool	set = false;
	int	rc = 0;

	for (; p < end && rc == 0; p++) {
		if (*p == '\\') {
			rc = buf_add(out, p, 2);
			p++;
			continue;
		}
		if (*p == '[')
			set = true;
		else if (*p == ']')
			set = false;
		if (*p == '(' && p[1] != '?' && !set)
			rc = buf_adds(out, "(?:");
		else
			rc = buf_addc(out, *p);
	}
	return rc;
}

/* expand - a template as a pattern; which group is what goes into c */
static int
expand(const char *t, struct compiled *c, struct buf *out)
{
	const char	*end;
	int		 rc = 0;

	c->n = 0;
	if (*t == '^') {
		rc = buf_addc(out, '^');
		t++;
	}
	for (; *t != '\0' && rc == 0; t++) {
		if (*t != '{') {
			if (strchr("\\^$.|?*+()[]{}", *t) != NULL)
				rc = buf_addc(out, '\\');
			if (rc == 0)
				rc = buf_addc(out, *t);
			continue;
		}
		if (t[1] == '~') {
			end = expression_end(t + 2);
			rc = expression(t + 2, end, out);
			t = end;
			continue;
		}
		end = strchr(t, '}');
		if (t[1] != 'w' && t[1] != '*')
			c->place[c->n++] = t[1];
		rc = buf_adds(out, place(t[1], end - t > 2));
		t = end;
	}
	return rc;
}

static int
compile_text(const char *pattern, struct regex **re, struct err *e)
{
	struct regex_text	t = { .pattern = (char *)(uintptr_t)pattern };

	return regex_compile(&t, re, e);
}

static int
compile(const char *template, struct compiled *c, struct err *e)
{
	struct buf	b = BUF_INIT(8192);
	int		rc = expand(template, c, &b);

	if (rc == 0)
		rc = compile_text(buf_str(&b), &c->re, e);
	buf_free(&b);
	return rc;
}

struct received_forms *
received_forms_new(struct err *e)
{
	struct received_forms	*f;
	size_t			 i;
	int			 rc = 0;

	if ((f = calloc(1, sizeof *f)) == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	for (i = 0; i < NFORMS && rc == 0; i++) {
		rc = compile(forms[i].text, &f->form[i], e);
		if (rc == 0 && forms[i].mark != NULL)
			rc = compile(forms[i].mark + (forms[i].mark[0] ==
			    '!'), &f->mark[i], e);
	}
	for (i = ANY + 1; i < FAMILIES && rc == 0; i++)
		rc = compile(family_marks[i], &f->family[i], e);
	for (i = 0; i < NAUTHS && rc == 0; i++)
		rc = compile_text(auths[i].pattern, &f->auth[i], e);
	for (i = 0; i < X_MAX && rc == 0; i++)
		rc = compile_text(extras[i], &f->extra[i], e);
	if (rc == -1)
		received_forms_free(&f);
	return f;
}

void
received_forms_free(struct received_forms **fp)
{
	struct received_forms	*f;
	size_t			 i;

	if (fp == NULL || (f = *fp) == NULL)
		return;
	for (i = 0; i < NFORMS; i++) {
		regex_free(&f->form[i].re);
		regex_free(&f->mark[i].re);
	}
	for (i = 0; i < FAMILIES; i++)
		regex_free(&f->family[i].re);
	for (i = 0; i < NAUTHS; i++)
		regex_free(&f->auth[i]);
	for (i = 0; i < X_MAX; i++)
		regex_free(&f->extra[i]);
	free(f);
	*fp = NULL;
}

/* ---- one field -------------------------------------------------------- */

struct line {
	const struct received_forms	*f;
	struct regex_scratch		*re;
	char				*p;
	size_t				 n;
};

static bool
matches(const struct line *l, const struct regex *re)
{
	return regex_match(re, l->re, l->p, l->n, 0, NULL, NULL) ==
	    REGEX_MATCH;
}

/* copy - n octets of p, as many as fit */
static void
copy(char *to, size_t size, const char *p, size_t n)
{
	if (n >= size)
		n = size - 1;
	memcpy(to, p, n);
	to[n] = '\0';
}

/* pick - group 1 of a pattern; false when it does not match */
static bool
pick(const struct line *l, const struct regex *re, char *to, size_t size)
{
	size_t	at, end;

	if (regex_group(re, l->re, l->p, l->n, 1, &at, &end) != REGEX_MATCH)
		return false;
	copy(to, size, l->p + at, end - at);
	return true;
}

/* sub_words - helo=... and ident=... inside what stood in parentheses */
static void
sub_words(const char *p, size_t n, struct received *out)
{
	const char	*q;
	size_t		 k;

	if ((q = memmem(p, n, "helo=", 5)) != NULL) {
		q += 5;
		for (k = 0; q + k < p + n && q[k] != ' '; k++)
			;
		if (k > 0)
			copy(out->helo, sizeof out->helo, q, k);
	}
	if ((q = memmem(p, n, "ident=", 6)) != NULL) {
		q += 6;
		for (k = 0; q + k < p + n && q[k] != ' '; k++)
			;
		copy(out->ident, sizeof out->ident, q, k);
	}
}

/* take - what the groups of a form stand for */
static void
take(const struct line *l, const struct compiled *c, struct received *out)
{
	size_t	i, at, end;

	for (i = 0; i < c->n; i++) {
		if (regex_group_again(l->re, (unsigned)i + 1, &at, &end) !=
		    REGEX_MATCH)
			continue;
		switch (c->place[i]) {
		case 'h':
			copy(out->helo, sizeof out->helo, l->p + at,
			    end - at);
			break;
		case 'x':
			copy(out->helo, sizeof out->helo, l->p + at,
			    end - at);
			/* FALLTHROUGH */
		case 'r':
			copy(out->rdns, sizeof out->rdns, l->p + at,
			    end - at);
			break;
		case 'i':
			copy(out->ip, sizeof out->ip, l->p + at, end - at);
			break;
		case 'b':
			copy(out->by, sizeof out->by, l->p + at, end - at);
			break;
		case 'd':
			copy(out->ident, sizeof out->ident, l->p + at,
			    end - at);
			break;
		case 's':
			sub_words(l->p + at, end - at, out);
			break;
		default:
			break;
		}
	}
}

/* apply_flags - what a form says besides its words */
static void
apply_flags(unsigned flags, struct received *out)
{
	char	*at;

	out->looked_up = (flags & DNS) != 0;
	if ((flags & UNKNOWN_DNS) != 0) {
		out->looked_up = strcmp(out->rdns, "unknown") != 0;
		if (!out->looked_up)
			out->rdns[0] = '\0';
	}
	if ((flags & NO_UNKNOWN) != 0 && strcmp(out->rdns, "unknown") == 0)
		out->rdns[0] = '\0';
	if ((flags & NO_ID) != 0)
		out->id[0] = '\0';
	if ((flags & IDENT) != 0 &&
	    (at = strchr(out->rdns, '@')) != NULL) {
		*at = '\0';
		copy(out->ident, sizeof out->ident, strncmp(out->rdns,
		    "IDENT:", 6) == 0 ? out->rdns + 6 : out->rdns,
		    strlen(out->rdns));
		memmove(out->rdns, at + 1, strlen(at + 1) + 1);
	}
}

/* by_forms - the first form that fits */
static enum received_result
by_forms(const struct line *l, struct received *out)
{
	enum family	fam = ANY;
	size_t		i;

	for (i = ANY + 1; i < FAMILIES && fam == ANY; i++)
		if (matches(l, l->f->family[i].re))
			fam = (enum family)i;
	for (i = 0; i < NFORMS; i++) {
		if (forms[i].family != ANY && forms[i].family != fam)
			continue;
		if (forms[i].mark != NULL &&
		    matches(l, l->f->mark[i].re) == (forms[i].mark[0] == '!'))
			continue;
		if ((forms[i].flags & PICK) != 0 && forms[i].family == ANY &&
		    out->helo[0] != '\0')
			continue;
		if (!matches(l, l->f->form[i].re))
			continue;
		if ((forms[i].flags & SKIP) != 0)
			return RECEIVED_SKIP;
		if ((forms[i].flags & FETCH) != 0)
			return RECEIVED_FETCHED;
		take(l, &l->f->form[i], out);
		if ((forms[i].flags & PICK) != 0)
			continue;
		apply_flags(forms[i].flags, out);
		return RECEIVED_OK;
	}
	if (out->ip[0] == '\0')
		(void)pick(l, l->f->extra[X_IP], out->ip, sizeof out->ip);
	return out->ip[0] != '\0' && out->by[0] != '\0' ? RECEIVED_OK :
	    RECEIVED_UNKNOWN;
}

/* by_logins - did the client log in, and how is that said? */
static void
by_logins(const struct line *l, struct received *out)
{
	size_t	i;
	char	name[64];

	for (i = 0; i < NAUTHS; i++) {
		name[0] = '\0';
		if (!matches(l, l->f->auth[i]))
			continue;
		(void)pick(l, l->f->auth[i], name, sizeof name);
		if (auths[i].name == NULL || strcmp(name, auths[i].name) ==
		    0)
			copy(out->auth, sizeof out->auth, name,
			    strlen(name));
		else if (strcmp(auths[i].name, "Postfix") == 0)
			(void)snprintf(out->auth, sizeof out->auth,
			    "Postfix (%s)", name);
		else
			copy(out->auth, sizeof out->auth, auths[i].name,
			    strlen(auths[i].name));
		return;
	}
}

/* squeeze - runs of white space as one blank, none around, no ';' at the end */
static size_t
squeeze(const char *value, size_t len, char *to, size_t size)
{
	size_t	i, n = 0;

	for (i = 0; i < len && n + 1 < size; i++) {
		if (!isspace((unsigned char)value[i])) {
			to[n++] = value[i] == '\0' ? '!' : value[i];
			continue;
		}
		if (n > 0 && to[n - 1] != ' ')
			to[n++] = ' ';
	}
	while (n > 0 && (to[n - 1] == ' ' || to[n - 1] == ';'))
		n--;
	to[n] = '\0';
	return n;
}

/* flag_octets - what has a meaning in X-Spam-Relays becomes '!' */
static void
flag_octets(char *s)
{
	for (; *s != '\0'; s++)
		if (isspace((unsigned char)*s) ||
		    strchr("#[]()<>|", *s) != NULL)
			*s = '!';
}

/* is_private - networks that are not routed on the public Internet */
static bool
is_private(const char *ip)
{
	unsigned	a = 0, b = 0;

	if (strchr(ip, ':') != NULL)
		return strcasecmp(ip, "::1") == 0 ||
		    strncasecmp(ip, "fe80:", 5) == 0 ||
		    strncasecmp(ip, "fc", 2) == 0 ||
		    strncasecmp(ip, "fd", 2) == 0;
	for (; isdigit((unsigned char)*ip); ip++)
		a = a * 10 + (unsigned)(*ip - '0');
	if (*ip == '.')
		for (ip++; isdigit((unsigned char)*ip); ip++)
			b = b * 10 + (unsigned)(*ip - '0');
	return a == 10 || a == 127 || (a == 169 && b == 254) ||
	    (a == 172 && b >= 16 && b <= 31) || (a == 192 && b == 168) ||
	    (a == 100 && b >= 64 && b <= 127);
}

/* tidy_ip - without prefix, brackets, zone, and as IPv4 where it is that */
static void
tidy_ip(char *ip)
{
	char	*p = ip, *q;

	if (*p == '[')
		p++;
	if (strncasecmp(p, "ipv6:", 5) == 0)
		p += 5;
	p[strcspn(p, "]%")] = '\0';
	if ((q = strrchr(p, ':')) != NULL && strchr(q, '.') != NULL &&
	    strspn(p, "0:") + 5 == (size_t)(q + 1 - p) &&
	    strncasecmp(q - 4, "ffff", 4) == 0)
		p = q + 1;
	memmove(ip, p, strlen(p) + 1);
}

/* tidy - the parts as rules see them */
static void
tidy(struct received *out)
{
	size_t	n = strlen(out->rdns);
	char	*p;

	while (n > 0 && out->rdns[n - 1] == '.')
		out->rdns[--n] = '\0';
	if (strcasecmp(out->rdns, "unknown") == 0 || out->rdns[0] == '[')
		out->rdns[0] = '\0';
	tidy_ip(out->ip);
	n = strlen(out->by);
	if (n > 0 && out->by[n - 1] == ';')
		out->by[n - 1] = '\0';
	for (p = out->envfrom; *p == '<' || isspace((unsigned char)*p); p++)
		;
	memmove(out->envfrom, p, strlen(p) + 1);
	for (n = strlen(out->envfrom); n > 0 && (out->envfrom[n - 1] == '>' ||
	    isspace((unsigned char)out->envfrom[n - 1]));)
		out->envfrom[--n] = '\0';
	flag_octets(out->ip);
	flag_octets(out->rdns);
	flag_octets(out->helo);
	flag_octets(out->by);
	flag_octets(out->ident);
	flag_octets(out->envfrom);
	out->private_ip = is_private(out->ip);
}

/* cut_date - the time at the end says nothing of the host */
static void
cut_date(struct line *l)
{
	size_t	at;

	if (regex_match(l->f->extra[X_DATE], l->re, l->p, l->n, 0, &at,
	    NULL) == REGEX_MATCH) {
		l->n = at;
		l->p[at] = '\0';
	}
}

/* first_words - what stands in most forms at the same place */
static void
first_words(const struct line *l, struct received *out)
{
	(void)pick(l, l->f->extra[X_ID], out->id, sizeof out->id);
	if (!pick(l, l->f->extra[X_HELO1], out->helo, sizeof out->helo))
		(void)pick(l, l->f->extra[X_HELO2], out->helo,
		    sizeof out->helo);
	(void)pick(l, l->f->extra[X_BY], out->by, sizeof out->by);
	by_logins(l, out);
}

enum received_result
received_parse(const struct received_forms *f, struct regex_scratch *re,
    const char *value, size_t len, struct received *out, char *scanner_from)
{
	char			 text[VALUE_MAX], *by;
	struct line		 l = { .f = f, .re = re, .p = text };
	enum received_result	 rc;
	char			 from[RECEIVED_FIELD];

	memset(out, 0, sizeof *out);
	copy(from, sizeof from, scanner_from, strlen(scanner_from));
	scanner_from[0] = '\0';
	l.n = squeeze(value, len, text, sizeof text);
	if (strncasecmp(text, "from ", 5) != 0 &&
	    strncasecmp(text, "(from ", 6) != 0)
		return RECEIVED_SKIP;
	if (matches(&l, f->extra[X_LOCAL_FOR]) ||
	    matches(&l, f->extra[X_NO_HOST]))
		return RECEIVED_SKIP;
	cut_date(&l);
	if ((by = strstr(text, ")by ")) != NULL && l.n + 1 < sizeof text) {
		memmove(by + 2, by + 1, strlen(by + 1) + 1);
		by[1] = ' ';
		l.n++;
	}
	first_words(&l, out);
	if (strncmp(text, "from ", 5) == 0) {
		l.p += 5;
		l.n -= 5;
		out->has_envfrom = pick(&l, f->extra[X_ENVFROM],
		    out->envfrom, sizeof out->envfrom);
		if (matches(&l, f->extra[X_SCANNER]))
			copy(scanner_from, RECEIVED_FIELD, out->envfrom,
			    strlen(out->envfrom));
		rc = by_forms(&l, out);
	} else if (text[0] == '(' && matches(&l, f->extra[X_LOCALUSER]))
		return RECEIVED_SKIP;
	else {
		/* "FROM a (b [c]) BY d": rare enough to read it by halves */
		(void)pick(&l, f->extra[X_IP], out->ip, sizeof out->ip);
		rc = out->ip[0] != '\0' && out->by[0] != '\0' ? RECEIVED_OK :
		    RECEIVED_UNKNOWN;
	}
	if (rc != RECEIVED_OK)
		return rc;
	if (from[0] != '\0') {
		copy(out->envfrom, sizeof out->envfrom, from, strlen(from));
		out->has_envfrom = true;
	}
	tidy(out);
	return RECEIVED_OK;
}

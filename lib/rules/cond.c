/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cond.c - see rule.h: what stands behind `if`
 *
 * version, plugin(NAME), can(NAME::feature), has(...), local_tests_only,
 * mailweir, numbers, ! && || and comparisons. We answer as SpamAssassin 4.0.1
 * with the plugins that we have the words of.
 */
#include "rules/rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define SA_VERSION	4.000001
#define PERL_VERSION	5.036000
#define DEPTH_MAX	50

struct cond {
	const char	*p;
	bool		 plugins;
	unsigned	 depth;
	struct err	*e;
	bool		 bad;
};

static double	expr(struct cond *, int level);

static void
blanks(struct cond *c)
{
	while (isspace((unsigned char)*c->p))
		c->p++;
}

static bool
take(struct cond *c, const char *op)
{
	size_t	n = strlen(op);

	blanks(c);
	if (strncmp(c->p, op, n) != 0)
		return false;
	c->p += n;
	return true;
}

static double
fail(struct cond *c, const char *why)
{
	if (!c->bad)
		(void)err_set(c->e, "%s, at \"%.30s\"", why, c->p);
	c->bad = true;
	return 0;
}

static bool
word_is(const char *p, size_t n, const char *lit)
{
	return strlen(lit) == n && memcmp(p, lit, n) == 0;
}

/* have_plugin - one whose words we know */
static bool
have_plugin(const struct cond *c, const char *p, size_t n)
{
	static const char	prefix[] = "Mail::SpamAssassin::Plugin::";

	if (word_is(p, n, "Mailweir"))
		return true;
	if (n > sizeof prefix - 1 &&
	    memcmp(p, prefix, sizeof prefix - 1) == 0) {
		p += sizeof prefix - 1;
		n -= sizeof prefix - 1;
	}
	return word_is(p, n, "Check") || (c->plugins &&
	    (word_is(p, n, "MIMEHeader") || word_is(p, n, "ReplaceTags")));
}

/* have_feature - Mail::SpamAssassin::Conf::feature_x, of MIMEHeader, ours */
static bool
have_feature(const struct cond *c, const char *p, size_t n)
{
	static const char *const	features[] = {
		"feature_originating_ip_headers",
		"feature_dns_local_ports_permit_avoid",
		"feature_bayes_auto_learn_on_error",
		"feature_uri_host_listed", "feature_yesno_takes_args",
		"feature_bug6558_free", "feature_edns",
		"feature_dns_query_restriction", "feature_registryboundaries",
		"feature_geodb", "feature_dns_block_rule",
		"feature_compile_regexp", "feature_meta_rules_matching",
		"feature_subjprefix", "feature_bayes_stopwords",
		"feature_get_host", "feature_blocklist_welcomelist",
		"feature_welcomelist_blocklist",
		"feature_header_address_parser", "feature_local_tests_only",
		"feature_header_first_last", "feature_header_match_many",
		"feature_capture_rules", "has_tflags_nosubject",
		"has_tflags_nolog", "perl_min_version_5010000",
	}, *const mime[] = {
		"has_all_header", "has_tflags_range", "has_tflags_concat",
		"has_tflags_multiple", "has_capture_rules",
	};
	static const char		conf[] = "Mail::SpamAssassin::Conf::";
	static const char		mimeheader[] =
					"Mail::SpamAssassin::Plugin::"
					"MIMEHeader::";
	size_t				i;

	if (word_is(p, n, "Mailweir::rules"))
		return true;
	if (n > sizeof conf - 1 && memcmp(p, conf, sizeof conf - 1) == 0)
		for (i = 0; i < sizeof features / sizeof features[0]; i++)
			if (word_is(p + sizeof conf - 1, n - sizeof conf + 1,
			    features[i]))
				return true;
	if (c->plugins && n > sizeof mimeheader - 1 &&
	    memcmp(p, mimeheader, sizeof mimeheader - 1) == 0)
		for (i = 0; i < sizeof mime / sizeof mime[0]; i++)
			if (word_is(p + sizeof mimeheader - 1,
			    n - sizeof mimeheader + 1, mime[i]))
				return true;
	return false;
}

/* call - plugin(X), can(X), has(X), behind the name */
static double
call(struct cond *c, bool plugin)
{
	const char	*from;
	size_t		 n;

	if (!take(c, "("))
		return fail(c, "want ( behind plugin, can or has");
	blanks(c);
	for (from = c->p; isalnum((unsigned char)*c->p) || *c->p == '_' ||
	    *c->p == ':'; c->p++)
		;
	n = (size_t)(c->p - from);
	if (n == 0 || !take(c, ")"))
		return fail(c, "want a name and )");
	return plugin ? have_plugin(c, from, n) : have_feature(c, from, n);
}

static double
primary(struct cond *c)
{
	const char	*from;
	char		*end;
	double		 v;
	size_t		 n;

	blanks(c);
	if (++c->depth > DEPTH_MAX)
		return fail(c, "too deep");
	if (c->p[0] == '!' && c->p[1] != '=') {
		c->p++;
		v = primary(c) == 0;
	} else if (take(c, "(")) {
		v = expr(c, 0);
		if (!c->bad && !take(c, ")"))
			v = fail(c, "missing )");
	} else if (isdigit((unsigned char)*c->p)) {
		v = strtod(c->p, &end);
		c->p = end;
	} else {
		for (from = c->p; isalnum((unsigned char)*c->p) ||
		    *c->p == '_' || *c->p == ':'; c->p++)
			;
		n = (size_t)(c->p - from);
		if (word_is(from, n, "plugin"))
			v = call(c, true);
		else if (word_is(from, n, "can") || word_is(from, n, "has"))
			v = call(c, false);
		else if (word_is(from, n, "version"))
			v = SA_VERSION;
		else if (word_is(from, n, "perl_version"))
			v = PERL_VERSION;
		else if (word_is(from, n, "local_tests_only") ||
		    word_is(from, n, "mailweir"))
			v = 1;
		else
			v = fail(c, "do not understand the condition");
	}
	c->depth--;
	return v;
}

/* expr - || over && over comparisons */
static double
expr(struct cond *c, int level)
{
	double	v, w;

	if (level == 2) {
		v = primary(c);
		if (take(c, ">="))
			return v >= primary(c);
		if (take(c, "<="))
			return v <= primary(c);
		if (take(c, "=="))
			return v == primary(c);
		if (take(c, "!="))
			return v != primary(c);
		if (take(c, ">"))
			return v > primary(c);
		if (take(c, "<"))
			return v < primary(c);
		return v;
	}
	v = expr(c, level + 1);
	while (!c->bad && take(c, level == 0 ? "||" : "&&")) {
		w = expr(c, level + 1);
		v = level == 0 ? v != 0 || w != 0 : v != 0 && w != 0;
	}
	return v;
}

int
cond_eval(const char *text, bool plugins, struct err *e)
{
	struct cond	c = { .p = text, .plugins = plugins, .e = e };
	double		v = expr(&c, 0);

	blanks(&c);
	if (!c.bad && *c.p != '\0')
		(void)fail(&c, "do not understand the condition");
	return c.bad ? -1 : v != 0;
}

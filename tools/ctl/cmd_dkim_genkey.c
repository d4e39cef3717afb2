/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_dkim_genkey.c - mailweir dkim genkey: a key and its record */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/file.h"
#include "ctl/cmd_dkim.h"
#include "dkim/dkey.h"
#include "mail/addr.h"

#include "base/banned.h"

/* What the options said. */
struct want {
	const char	*domain, *selector, *out;
	enum dkey_alg	 alg;
	int		 bits;
	bool		 plain;		/* NAME DATA instead of zone form */
	bool		 testing;
};

static const char help[] =
    "genkey --domain D --selector S --out FILE [--algorithm rsa|ed25519]\n"
    "                    [--bits N] [--testing] [--plain]\n"
    "  FILE gets the private key, mode 0600; it must not exist. The DNS\n"
    "  record is printed as a line of a zone file.\n"
    "  --bits N   of an RSA key, 1024 to 4096 (2048)\n"
    "  --testing  put t=y into the record\n"
    "  --plain    print the record as NAME DATA\n";

/* parse_algorithm - "rsa", "ed25519" */
static int
parse_algorithm(const char *s, struct want *w)
{
	if (strcmp(s, "rsa") != 0 && strcmp(s, "ed25519") != 0)
		return -1;
	w->alg = s[0] == 'r' ? DKEY_RSA : DKEY_ED25519;
	return 0;
}

/* parse_bits - a number within bounds */
static int
parse_bits(const char *s, struct want *w)
{
	char	*end;
	long	 n = strtol(s, &end, 10);

	if (*s == '\0' || *end != '\0' || n < DKEY_BITS_MIN ||
	    n > DKEY_BITS_MAX)
		return -1;
	w->bits = (int)n;
	return 0;
}

/* print_record - what to publish */
static int
print_record(const struct dkey *key, const struct want *w, struct err *e)
{
	struct buf	data = BUF_INIT(DKEY_RECORD_MAX);
	struct buf	all = BUF_INIT(DKEY_RECORD_MAX);
	struct buf	line = BUF_INIT(2 * DKEY_RECORD_MAX);
	int		rc;

	rc = dkey_record(key, &data, e);
	(void)buf_adds(&all, buf_str(&data));
	if (w->testing)
		(void)buf_adds(&all, "; t=y");
	if (rc == 0 && w->plain)
		(void)buf_addf(&line, "%s._domainkey.%s %s\n", w->selector,
		    w->domain, buf_str(&all));
	else if (rc == 0)
		(void)drecord_zone(w->selector, w->domain, buf_str(&all),
		    &line);
	if (rc == 0)
		(void)fputs(buf_str(&line), stdout);
	buf_free(&data);
	buf_free(&all);
	buf_free(&line);
	return rc;
}

/* generate - the key into its file, then its record to standard output */
static int
generate(const struct want *w)
{
	struct err	 e = { "", 0 };
	struct dkey	*key = NULL;
	const char	*pem;
	int		 rc = EX_OK;

	if (dkey_generate(w->alg, w->bits, &key, &e) == -1)
		return ctl_fail(&e, EX_SOFTWARE);
	if ((pem = dkey_pem(key)) == NULL) {
		(void)err_code(&e, EX_OSERR, "no memory");
		rc = ctl_fail(&e, EX_OSERR);
	} else if (file_write_new(w->out, 0600, pem, strlen(pem), false,
	    &e) == -1 || print_record(key, w, &e) == -1) {
		rc = ctl_fail(&e, EX_CANTCREAT);
	}
	dkey_free(&key);
	return rc;
}

/* options - *w from the command line; EX_OK, -1 for "help was given" or a
 * usage error's status */
static int
options(int argc, char **argv, struct want *w)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "domain", required_argument, NULL, 'd' },
		{ "selector", required_argument, NULL, 's' },
		{ "out", required_argument, NULL, 'o' },
		{ "algorithm", required_argument, NULL, 'a' },
		{ "bits", required_argument, NULL, 'b' },
		{ "plain", no_argument, NULL, 'p' },
		{ "testing", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 }
	};
	int	ch;

	optind = 0;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			(void)ctl_help("dkim", help);
			return -1;
		case 'd':
			w->domain = optarg;
			break;
		case 's':
			w->selector = optarg;
			break;
		case 'o':
			w->out = optarg;
			break;
		case 'a':
			if (parse_algorithm(optarg, w) == -1)
				return ctl_usage("dkim", "--algorithm is rsa "
				    "or ed25519");
			break;
		case 'b':
			if (parse_bits(optarg, w) == -1)
				return ctl_usage("dkim", "--bits is from %d "
				    "to %d", DKEY_BITS_MIN, DKEY_BITS_MAX);
			break;
		case 'p':
			w->plain = true;
			break;
		case 'y':
			w->testing = true;
			break;
		default:
			return ctl_usage_opt("dkim", argv);
		}
	}
	return EX_OK;
}

int
cmd_dkim_genkey(struct ctl *ctl, int argc, char **argv)
{
	struct want	 w = { .alg = DKEY_RSA, .bits = 2048 };
	char		 domain[ADDR_DOMAIN_MAX + 1];
	const char	*why = "not a domain";
	int		 rc;

	(void)ctl;
	if ((rc = options(argc, argv, &w)) != EX_OK)
		return rc == -1 ? EX_OK : rc;
	if (optind != argc || w.domain == NULL || w.selector == NULL ||
	    w.out == NULL)
		return ctl_usage("dkim", "genkey wants --domain, --selector "
		    "and --out");
	if (addr_domain(w.domain, strlen(w.domain), domain, &why) != ADDR_OK)
		return ctl_usage("dkim", "%s: %s", w.domain, why);
	if (!dkey_selector_ok(w.selector))
		return ctl_usage("dkim", "%s: not a selector", w.selector);
	w.domain = domain;
	return generate(&w);
}

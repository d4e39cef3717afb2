/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_dkim_genkey.c - mailweir dkim genkey DOMAIN SELECTOR FILE */
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
	enum dkey_alg	 alg;
	int		 bits;
	bool		 plain;		/* NAME DATA instead of zone form */
	bool		 testing;
};

/* parse_type - "rsa", "ed25519" */
static int
parse_type(const char *s, struct want *w)
{
	if (strcmp(s, "rsa") != 0 && strcmp(s, "ed25519") != 0)
		return -1;
	w->alg = s[0] == 'r' ? DKEY_RSA : DKEY_ED25519;
	return 0;
}

/* print_record - what to publish */
static int
print_record(const struct dkey *key, const char *domain,
    const char *selector, const struct want *w, struct err *e)
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
		(void)buf_addf(&line, "%s._domainkey.%s %s\n", selector,
		    domain, buf_str(&all));
	else if (rc == 0)
		(void)drecord_zone(selector, domain, buf_str(&all), &line);
	if (rc == 0)
		(void)fputs(buf_str(&line), stdout);
	buf_free(&data);
	buf_free(&all);
	buf_free(&line);
	return rc;
}

/* generate - the key into its file, then its record to standard output */
static int
generate(const char *domain, const char *selector, const char *file,
    const struct want *w)
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
	} else if (file_write_new(file, 0600, pem, strlen(pem), false, &e) ==
	    -1 || print_record(key, domain, selector, w, &e) == -1) {
		rc = ctl_fail(&e, EX_CANTCREAT);
	}
	dkey_free(&key);
	return rc;
}

int
cmd_dkim_genkey(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "type", required_argument, NULL, 't' },
		{ "bits", required_argument, NULL, 'b' },
		{ "plain", no_argument, NULL, 'p' },
		{ "testing", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 }
	};
	struct want	 w = { DKEY_RSA, 2048, false, false };
	char		 domain[ADDR_DOMAIN_MAX + 1];
	const char	*why = "not a domain";
	int		 ch;

	(void)ctl;
	optind = 0;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("dkim",
			    "genkey DOMAIN SELECTOR FILE [--type rsa|ed25519] "
			    "[--bits N] [--testing] [--plain]\n"
			    "  FILE gets the private key, mode 0600; it must "
			    "not exist.\n"
			    "  The DNS record is printed as a line of a zone "
			    "file.\n"
			    "  --bits N   of an RSA key, 1024 to 4096 (2048)\n"
			    "  --testing  put t=y into the record\n"
			    "  --plain    print the record as NAME DATA\n");
		case 't':
			if (parse_type(optarg, &w) == -1)
				return ctl_usage("dkim", "--type is rsa or "
				    "ed25519");
			break;
		case 'b':
			w.bits = (int)strtol(optarg, NULL, 10);
			break;
		case 'p':
			w.plain = true;
			break;
		case 'y':
			w.testing = true;
			break;
		default:
			return ctl_usage_opt("dkim", argv);
		}
	}
	if (argc - optind != 3)
		return ctl_usage("dkim", "genkey wants DOMAIN SELECTOR FILE");
	if (addr_domain(argv[optind], strlen(argv[optind]), domain, &why) !=
	    ADDR_OK)
		return ctl_usage("dkim", "%s: %s", argv[optind], why);
	if (!dkey_selector_ok(argv[optind + 1]))
		return ctl_usage("dkim", "%s: not a selector",
		    argv[optind + 1]);
	return generate(domain, argv[optind + 1], argv[optind + 2], &w);
}

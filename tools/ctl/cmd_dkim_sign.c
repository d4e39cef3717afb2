/* SPDX-License-Identifier: BSD-2-Clause */
/* cmd_dkim_sign.c - mailweir dkim sign, dkim verify: message files */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <jansson.h>

#include "ctl/cmd_dkim.h"
#include "dkim/dkim.h"
#include "frame/drive.h"

#include "base/banned.h"

/* print_message - with the line ends that the file had */
static void
print_message(const char *p, size_t n, bool crlf)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (crlf || p[i] != '\r' || i + 1 == n || p[i + 1] != '\n')
			(void)putchar((unsigned char)p[i]);
}

/* sign_with - the policy, over one message */
static int
sign_with(struct ctl *ctl, struct drive_input *in)
{
	static const struct frame_policy *const policies[] = {
		&dkim_policy, NULL
	};
	struct drive_result	*r = NULL;
	struct drive		*d;
	struct err		 e = { "", 0 };
	const char		*msg, *lf;
	size_t			 len;
	int			 rc = EX_OK;

	if (drive_open(ctl->conf, policies, &d, &e) == -1)
		return ctl_fail(&e, EX_CONFIG);
	if (drive_run(d, in, &r, &e) == -1) {
		rc = ctl_fail(&e, EX_OSERR);
	} else if (strstr(drive_events(r), "dkim_signed ") == NULL) {
		(void)fprintf(stderr, "mailweir: not signed: %s",
		    drive_events(r));
		rc = EX_DATAERR;
	} else {
		msg = drive_message(r, &len);
		lf = memchr(in->raw, '\n', in->raw_len);
		print_message(msg, len, lf != NULL && lf > in->raw &&
		    lf[-1] == '\r');
	}
	drive_result_free(&r);
	drive_close(&d);
	return rc;
}

int
cmd_dkim_sign(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "from", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 }
	};
	static const char *const	rcpts[] = { NULL };
	struct drive_input		in;
	char				*raw;
	int				 ch, rc;

	memset(&in, 0, sizeof in);
	in.sender = "<>";
	in.rcpts = rcpts;
	optind = 0;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("dkim", "sign FILE [--from SENDER]\n"
			    "  Prints the message with the signatures that "
			    "mailweir-dkim would give it\n"
			    "  if it came from this machine. --from: the "
			    "envelope sender.\n");
		case 'f':
			in.sender = optarg;
			break;
		default:
			return ctl_usage_opt("dkim", argv);
		}
	}
	if (argc - optind != 1)
		return ctl_usage("dkim", "sign wants one FILE");
	if ((rc = ctl_conf(ctl)) != EX_OK ||
	    (rc = ctl_slurp(argv[optind], &raw, &in.raw_len)) != EX_OK)
		return rc;
	in.raw = raw;
	rc = sign_with(ctl, &in);
	free(raw);
	return rc;
}

/* --- verify ----------------------------------------------------------- */

static void
print_json(const char *file, const struct dverify_sig *s)
{
	json_t	*o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b}",
		    "file", file, "result", dverify_result_name(s->result),
		    "domain", s->domain, "selector", s->selector, "algorithm",
		    s->algorithm, "identity", s->identity, "bits", s->bits,
		    "testing", s->testing, "body_ok", s->body_ok);
	char	*text;

	if (o != NULL && s->why[0] != '\0')
		(void)json_object_set_new(o, "why", json_string(s->why));
	text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	(void)puts(text != NULL ? text : "{}");
	free(text);
	json_decref(o);
}

/* print_sig - one line for people, or one object */
static void
print_sig(const char *file, const struct dverify_sig *s, bool json)
{
	if (json) {
		print_json(file, s);
		return;
	}
	(void)printf("%s\t%s\td=%s s=%s a=%s bits=%d%s%s%s\n", file,
	    dverify_result_name(s->result), s->domain, s->selector,
	    s->algorithm, s->bits, s->testing ? " testing" : "",
	    s->why[0] != '\0' ? " why=" : "", s->why);
}

/* verify_one - EX_OK when every signature passes and there is one */
static int
verify_one(struct dverify *v, const char *file, bool json)
{
	struct dverify_out	*out = calloc(1, sizeof *out);
	struct err		 e = { "", 0 };
	char			*raw;
	size_t			 len, i;
	int			 rc;

	if (out == NULL || (rc = ctl_slurp(file, &raw, &len)) != EX_OK) {
		free(out);
		return out == NULL ? EX_OSERR : rc;
	}
	rc = EX_DATAERR;
	if (dverify_raw(v, raw, len, out, &e) == -1) {
		(void)err_prefix(&e, "%s", file);
		e.code = EX_DATAERR;
		rc = ctl_fail(&e, EX_DATAERR);
	} else if (out->n == 0) {
		(void)printf(json ? "{\"file\":\"%s\",\"result\":\"none\"}\n" :
		    "%s\tnone\n", file);
	} else {
		for (i = 0, rc = EX_OK; i < out->n; i++) {
			print_sig(file, &out->sig[i], json);
			if (out->sig[i].result != DVERIFY_PASS)
				rc = EX_DATAERR;
		}
	}
	free(raw);
	free(out);
	return rc;
}

/* verify_all - every file; the worst of their statuses */
static int
verify_all(struct ctl_records *rec, char **files, bool json)
{
	struct dverify	*v;
	struct err	 e = { "", 0 };
	int		 rc = EX_OK, one;

	if (dverify_open(ctl_records_find, rec, &v, &e) == -1)
		return ctl_fail(&e, EX_OSERR);
	for (; *files != NULL; files++)
		if ((one = verify_one(v, *files, json)) != EX_OK)
			rc = one;
	dverify_close(&v);
	return rc;
}

int
cmd_dkim_verify(struct ctl *ctl, int argc, char **argv)
{
	static const struct option	opts[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "keys", required_argument, NULL, 'k' },
		{ "dns", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 }
	};
	struct ctl_records	 rec;
	const char		*keys = NULL, *dns = NULL;
	bool			 json = false;
	int			 ch, rc;

	(void)ctl;
	optind = 0;
	while ((ch = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		switch (ch) {
		case 'h':
			return ctl_help("dkim", "verify FILE... [--keys "
			    "RECORDS] [--dns SERVERS] [--json]\n"
			    "  Succeeds when every message is signed and every "
			    "signature passes.\n"
			    "  --keys RECORDS  a file of key records, instead "
			    "of DNS\n"
			    "  --dns SERVERS   ask these, as "
			    "192.0.2.53:5353,...\n");
		case 'k':
			keys = optarg;
			break;
		case 'd':
			dns = optarg;
			break;
		case 'j':
			json = true;
			break;
		default:
			return ctl_usage_opt("dkim", argv);
		}
	}
	if (argc == optind)
		return ctl_usage("dkim", "verify wants a FILE");
	if ((rc = ctl_records_open(&rec, keys, dns)) == EX_OK)
		rc = verify_all(&rec, argv + optind, json);
	ctl_records_close(&rec);
	return rc;
}

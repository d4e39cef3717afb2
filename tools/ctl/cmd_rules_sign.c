/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmd_rules_sign.c - mailweir rules sign, rules approve: people stand for a
 * rule file (lib/rules/sig.h)
 */
#include "ctl/cmd_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/file.h"
#include "dkim/dkey.h"
#include "rules/sig.h"

#include "base/banned.h"

/* load_key - from a file that only its owner may read */
static int
load_key(const struct rules_args *a, struct dkey **key)
{
	struct err	e = { "", 0 };

	if (dkey_load(a->key, a->passphrase, key, &e) == -1)
		return ctl_fail(&e, EX_NOINPUT);
	if (dkey_alg(*key) == DKEY_ED25519)
		return EX_OK;
	dkey_free(key);
	(void)err_set(&e, "%s: want an Ed25519 key (openssl genpkey "
	    "-algorithm ed25519)", a->key);
	return ctl_fail(&e, EX_DATAERR);
}

/* make - a signature of this content, by this key, now */
static int
make(const struct dkey *key, const char *name, bool approval,
    const char *data, size_t len, struct sig *s, struct err *e)
{
	unsigned char	digest[32], octets[DKEY_SIG_MAX];
	size_t		n = 0;

	s->approval = approval;
	(void)snprintf(s->name, sizeof s->name, "%s", name);
	(void)clock_iso(clock_now(), s->date);
	if (dkey_public(key, s->key) == -1 ||
	    sig_digest(s, data, len, digest) == -1)
		return err_code(e, EX_OSERR, "no memory");
	if (dkey_sign(key, digest, octets, &n, e) == -1)
		return -1;
	if (n != SIG_OCTETS)
		return err_code(e, EX_SOFTWARE, "a signature of %zu octets",
		    n);
	memcpy(s->octets, octets, n);
	return 0;
}

/* read_sigs - those that are there: the author's, and approvals so far, each
 * of which must fit the file and none be of this key */
static int
read_sigs(const char *path, const char *data, size_t len,
    const unsigned char key[SIG_KEY], struct sigs *s, struct err *e)
{
	char	*text;
	size_t	 n, i;
	int	 rc;

	if (file_read(path, SIG_FILE_MAX, &text, &n, e) == -1)
		return err_prefix(e, "no signature to approve");
	rc = sigs_parse(text, s, e);
	free(text);
	if (rc == -1)
		return err_prefix(e, "%s", path);
	if (s->n == 0 || s->v[0].approval)
		return err_code(e, EX_DATAERR, "%s: its author has not signed "
		    "it", path);
	if (s->n == SIGS_MAX)
		return err_code(e, EX_DATAERR, "%s: has %d signatures, no "
		    "more are allowed", path, SIGS_MAX);
	for (i = 0; i < s->n; i++) {
		if (sig_fits(&s->v[i], data, len) != 1)
			return err_code(e, EX_DATAERR, "%s:%u: %s signed "
			    "something else: the rules were changed since; "
			    "their author has to sign them again", path,
			    s->v[i].line, s->v[i].name);
		if (memcmp(s->v[i].key, key, SIG_KEY) == 0)
			return err_code(e, EX_NOPERM, "%s:%u: signed with this "
			    "key already; an approval is another person's",
			    path, s->v[i].line);
	}
	return 0;
}

/* write_sigs - FILE.sig anew, whole or not at all */
static int
write_sigs(const char *path, const struct sigs *s, struct err *e)
{
	struct buf	b = BUF_INIT(SIG_FILE_MAX);
	size_t		i;
	int		rc = 0;

	for (i = 0; i < s->n && rc == 0; i++)
		rc = sig_print(&s->v[i], &b);
	if (rc == -1)
		(void)err_code(e, EX_OSERR, "no memory");
	else
		rc = file_write_new(path, 0644, b.data, b.len, true, e);
	buf_free(&b);
	return rc;
}

/* one - sign or approve one file */
static int
one(const struct dkey *key, const struct rules_args *a, const char *file,
    bool approval)
{
	struct err	 e = { "", 0 };
	struct sigs	 s = { .n = 0 };
	struct buf	 path = BUF_INIT(4096);
	unsigned char	 pub[SIG_KEY];
	char		*data, id[CODEC_B64_SIZE(SIG_KEY)];
	size_t		 len;
	int		 rc;

	if (file_read(file, RULES_FILE_MAX, &data, &len, &e) == -1)
		return ctl_fail(&e, EX_NOINPUT);
	rc = buf_addf(&path, "%s.sig", file) == -1 ||
	    dkey_public(key, pub) == -1 ? err_code(&e, EX_OSERR, "no memory") :
	    0;
	if (rc == 0 && approval)
		rc = read_sigs(path.data, data, len, pub, &s, &e);
	if (rc == 0)
		rc = make(key, a->name, approval, data, len, &s.v[s.n], &e);
	if (rc == 0) {
		s.n++;
		rc = write_sigs(path.data, &s, &e);
	}
	if (rc == 0) {
		(void)codec_b64url(pub, sizeof pub, id);
		(void)printf("%s: %s by %s, key %s\n", file, approval ?
		    "approved" : "signed", a->name, id);
	}
	buf_free(&path);
	free(data);
	return rc == -1 ? ctl_fail(&e, EX_SOFTWARE) : EX_OK;
}

/* set_name - by default, who runs this */
static int
set_name(const struct ctl *ctl, struct rules_args *a, char name[SIG_NAME])
{
	const char	*user = strchr(ctl->actor, ':');

	if (a->name == NULL && user != NULL) {
		(void)snprintf(name, SIG_NAME, "%.*s", (int)strcspn(user + 1,
		    "("), user + 1);
		a->name = name;
	}
	if (a->name == NULL || !sig_name_ok(a->name))
		return ctl_usage("rules", "--name: letters, digits and _ . -, "
		    "less than %d", SIG_NAME);
	return EX_OK;
}

/* each - all files, with one key */
static int
each(struct ctl *ctl, struct rules_args *a, bool approval)
{
	struct dkey	*key = NULL;
	char		 name[SIG_NAME];
	int		 i, rc, worst = EX_OK;

	if (a->key == NULL)
		return ctl_usage("rules", "%s wants --key FILE",
		    approval ? "approve" : "sign");
	if ((rc = set_name(ctl, a, name)) != EX_OK ||
	    (rc = load_key(a, &key)) != EX_OK)
		return rc;
	for (i = 0; i < a->argc; i++)
		if ((rc = one(key, a, a->argv[i], approval)) != EX_OK)
			worst = rc;
	dkey_free(&key);
	return worst;
}

int
rules_sign(struct ctl *ctl, struct rules_args *a)
{
	return each(ctl, a, false);
}

int
rules_approve(struct ctl *ctl, struct rules_args *a)
{
	return each(ctl, a, true);
}

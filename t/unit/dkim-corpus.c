/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dkim-corpus.c - both engines over folders of mail
 *
 * usage: dkim-corpus OUT EVERY FOLDER...
 *
 * Signs every mail (each EVERY-th, by name) with both engines and both keys,
 * relaxed and simple in turn; the engines must give the same bh=, and
 * libopendkim must pass every signature. OUT/NNNN.eml gets the message with its
 * native signatures, CRLF; OUT/keys the records. Ends with status 1 when
 * anything differs. Prints counts.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/file.h"
#include "dkim/dkey.h"
#include "dkim/drecord.h"
#include "dkim/dsign.h"
#include "dkim/dverify.h"

#define MAIL_MAX	(64u << 20)

static struct dkey	*rsa, *ed;
static struct dverify	*verifier;
static unsigned		 mails, refused, nofrom, bad, signatures, unaddressed;

static int
lookup(void *arg, const char *name, char *txt, size_t size)
{
	struct buf	b = BUF_INIT(DKEY_RECORD_MAX);
	struct err	e;

	(void)arg;
	if (dkey_record(name[0] == 'r' ? rsa : ed, &b, &e) == -1)
		return -1;
	(void)snprintf(txt, size, "%s", buf_str(&b));
	buf_free(&b);
	return 1;
}

/* One mail under work. */
struct mail {
	const char		*name;
	struct header_list	 h;
	const char		*body;
	size_t			 len;
};

/* bh_of - of a signature, for comparison */
static void
bh_of(const struct buf *v, char out[64])
{
	size_t		 n;
	const char	*p = drecord_tag(buf_str(v), "bh", &n);

	(void)snprintf(out, 64, "%.*s", p != NULL ? (int)n : 0,
	    p != NULL ? p : "");
}

/* sign - by one engine and key: 1 signed, 0 refused, -1 fault */
static int
sign(const struct mail *m, enum dsign_engine_id engine, enum canon canon,
    struct dkey *key, const char *selector, struct buf *value, struct err *e)
{
	static const char *const list[] = { "From", "To", "Cc", "Subject",
		"Date", "Message-ID", "Reply-To", "MIME-Version",
		"Content-Type", "List-*", NULL };
	static const char *const over[] = { "From", "Subject", NULL };
	struct dsign_options	 o = { .engine = engine, .header = canon,
		.body = canon, .sign = { list, 10 }, .oversign = { over, 2 } };
	struct dsign_tags	 t = { "corpus.example", selector, "",
				    1700000000 };
	struct dsign_policy	*p;
	struct dsign		*d;
	int			 rc = 1;

	if (dsign_policy_new(&o, &p, e) == -1 || dsign_begin(p, &d, e) == -1)
		return -1;
	if (dsign_body(d, m->body, m->len, e) == -1)
		rc = -1;
	else if (dsign_header(d, &m->h, e) == -1)
		rc = 0;
	else if (dsign_make(d, key, &t, value, e) == -1)
		rc = -1;
	dsign_end(&d);
	dsign_policy_free(&p);
	return rc;
}

/* passes - put the signature on top, and look at it with libopendkim */
static int
passes(struct mail *m, const struct buf *value)
{
	static struct dverify_out out;
	struct buf	 v = BUF_INIT(DSIGN_VALUE_MAX + 1);
	struct err	 e = { "", 0 };
	int		 ok;

	(void)buf_addc(&v, ' ');
	(void)buf_add(&v, value->data, value->len);
	signatures++;
	ok = header_insert(&m->h, 0, DSIGN_FIELD, v.data, v.len) == 0 &&
	    dverify_message(verifier, &m->h, m->body, m->len, &out, &e) == 0 &&
	    out.n > 0 && out.sig[0].result == DVERIFY_PASS;
	/* a From without address: the milter would find no key for it */
	if (!ok && strstr(e.msg, "determine sender") != NULL) {
		unaddressed++;
		signatures--;
		ok = 1;
	}
	if (!ok)
		printf("%s: %s\n%s\n", m->name, out.n > 0 ? out.sig[0].why :
		    e.msg, buf_str(value));
	buf_free(&v);
	return ok;
}

/* put - n octets with every bare LF as CRLF */
static void
put(FILE *f, const char *p, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++) {
		if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
			(void)putc('\r', f);
		(void)putc(p[i], f);
	}
}

/* save - the message as it stands, CRLF */
static void
save(const struct mail *m, const char *dir)
{
	char	 path[4096];
	FILE	*f;
	size_t	 i;

	(void)snprintf(path, sizeof path, "%s/%05u.eml", dir, mails);
	if ((f = fopen(path, "wb")) == NULL)
		return;
	for (i = 0; i < m->h.n; i++) {
		put(f, m->h.v[i].name, strlen(m->h.v[i].name));
		(void)putc(':', f);
		put(f, m->h.v[i].value, m->h.v[i].value_len);
		(void)fputs("\r\n", f);
	}
	(void)fputs("\r\n", f);
	put(f, m->body, m->len);
	if (m->len > 0 && m->body[m->len - 1] != '\n')
		(void)fputs("\r\n", f);
	(void)fclose(f);
}

/* both - all engines and keys over one mail */
static void
both(struct mail *m, const char *out)
{
	const enum canon canon = mails % 2 ? CANON_SIMPLE : CANON_RELAXED;
	struct buf	a = BUF_INIT(DSIGN_VALUE_MAX), b = a, c = a;
	struct err	e = { "", 0 };
	char		bh[2][64];
	unsigned	before = unaddressed;
	int		ra, rb;

	ra = sign(m, DSIGN_NATIVE, canon, rsa, "r", &a, &e);
	rb = sign(m, DSIGN_LIBOPENDKIM, canon, rsa, "r", &b, &e);
	if (ra != rb || ra == -1) {
		printf("%s: native %d, libopendkim %d: %s\n", m->name, ra, rb,
		    e.msg);
		bad++;
	} else if (ra == 0) {
		refused++;
		nofrom += strstr(e.msg, "no From") != NULL;
	} else {
		bh_of(&a, bh[0]);
		bh_of(&b, bh[1]);
		if (strcmp(bh[0], bh[1]) != 0 ||
		    sign(m, DSIGN_NATIVE, canon, ed, "e", &c, &e) != 1) {
			printf("%s: bh=%s, libopendkim bh=%s\n", m->name,
			    bh[0], bh[1]);
			bad++;
		} else {
			/* theirs first, then off it again */
			bad += !passes(m, &b);
			header_delete(&m->h, 0);
			bad += !passes(m, &a);
			bad += !passes(m, &c);
			if (unaddressed == before)
				save(m, out);
		}
	}
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
}

/* one_file - a mail, perhaps out of an mbox; signatures that it has are taken
 * off, so that only ours count */
static void
one_file(const char *path, const char *out)
{
	struct mail	 m = { .name = path };
	char		*raw;
	const char	*p;
	size_t		 len, i;
	struct err	 e;
	bool		 truncated;
	long		 at;

	if (file_read(path, MAIL_MAX, &raw, &len, &e) == -1)
		return;
	mails++;
	p = raw;
	if (len > 5 && strncmp(p, "From ", 5) == 0 &&
	    (p = memchr(raw, '\n', len)) != NULL)
		len -= (size_t)(++p - raw);
	header_list_init(&m.h);
	if (p != NULL && (at = header_parse(p, len, 20000, 1 << 24, &m.h,
	    &truncated)) >= 0) {
		for (i = m.h.n; i-- > 0; )
			if (strcasecmp(m.h.v[i].name, DSIGN_FIELD) == 0)
				header_delete(&m.h, i);
		m.body = p + at;
		m.len = len - (size_t)at;
		both(&m, out);
	}
	header_list_free(&m.h);
	free(raw);
}

static int
is_mail(const struct dirent *de)
{
	return de->d_name[0] != '.' && strstr(de->d_name, ".tsv") == NULL &&
	    strcmp(de->d_name, "SOURCE") != 0;
}

int
main(int argc, char **argv)
{
	struct dirent	**list;
	struct err	  e = { "", 0 };
	struct buf	  rec = BUF_INIT(DKEY_RECORD_MAX);
	char		  path[4096];
	FILE		 *f;
	int		  n, i, k, every;

	if (argc < 4 || (every = (int)strtol(argv[2], NULL, 10)) < 1)
		return 64;
	if (dkey_generate(DKEY_RSA, 2048, &rsa, &e) == -1 ||
	    dkey_generate(DKEY_ED25519, 0, &ed, &e) == -1 ||
	    dverify_open(lookup, NULL, &verifier, &e) == -1)
		return 70;
	(void)snprintf(path, sizeof path, "%s/keys", argv[1]);
	if ((f = fopen(path, "w")) == NULL)
		return 73;
	(void)dkey_record(rsa, &rec, &e);
	(void)fprintf(f, "r._domainkey.corpus.example %s\n", buf_str(&rec));
	buf_reset(&rec);
	(void)dkey_record(ed, &rec, &e);
	(void)fprintf(f, "e._domainkey.corpus.example %s\n", buf_str(&rec));
	(void)fclose(f);
	buf_free(&rec);
	for (i = 3; i < argc; i++) {
		if ((n = scandir(argv[i], &list, is_mail, alphasort)) == -1)
			continue;
		for (k = 0; k < n; k++) {
			(void)snprintf(path, sizeof path, "%s/%s", argv[i],
			    list[k]->d_name);
			if (k % every == 0)
				one_file(path, argv[1]);
			free(list[k]);
		}
		free(list);
	}
	printf("mails %u refused %u (no From %u) From without "
	    "address %u signatures verified %u faults %u\n", mails, refused,
	    nofrom, unaddressed / 3, signatures, bad);
	dverify_close(&verifier);
	dkey_free(&rsa);
	dkey_free(&ed);
	return bad > 0 || mails == 0;
}

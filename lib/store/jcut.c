/* SPDX-License-Identifier: BSD-2-Clause */
/* jcut.c - retention of the journal by signed checkpoints; see journal.h */
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/evp.h>

#include "store/admin.h"
#include "store/find.h"

#include "base/banned.h"

#define SIGNED		(CUT_SIZE - 64)
#define CHUNK		4096	/* records deleted in one transaction */
#define PURPOSE		"mailweir journal checkpoint"

/* signing_key - derived from the i-th store key */
static EVP_PKEY *
signing_key(const struct store_keys *keys, unsigned i)
{
	uint8_t		 seed[32];
	EVP_PKEY	*k;

	store_keys_derive(keys, i, PURPOSE, seed);
	k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed,
	    sizeof seed);
	explicit_bzero(seed, sizeof seed);
	return k;
}

/* signed_octets - what the signature covers */
static void
signed_octets(const uint8_t uuid[16], const uint8_t *cut,
    uint8_t out[16 + SIGNED])
{
	memcpy(out, uuid, 16);
	memcpy(out + 16, cut, SIGNED);
}

int
cut_sign(const struct store_keys *keys, const uint8_t uuid[16],
    struct cut *c, uint8_t out[CUT_SIZE], struct err *e)
{
	EVP_PKEY	*k = signing_key(keys, 0);
	EVP_MD_CTX	*md = EVP_MD_CTX_new();
	uint8_t		 text[16 + SIGNED];
	size_t		 n = sizeof c->pub, siglen = 64;
	bool		 ok;

	c->key = store_keys_id(keys, 0);
	ok = k != NULL && md != NULL &&
	    EVP_PKEY_get_raw_public_key(k, c->pub, &n) == 1;
	out[0] = 1;
	put64(out + 1, c->first);
	put64(out + 9, c->last);
	memcpy(out + 17, c->hash, HASH_SIZE);
	put64(out + 49, c->hlc);
	out[57] = c->key;
	memcpy(out + 58, c->pub, sizeof c->pub);
	signed_octets(uuid, out, text);
	ok = ok && EVP_DigestSignInit(md, NULL, NULL, NULL, k) == 1 &&
	    EVP_DigestSign(md, out + SIGNED, &siglen, text,
	    sizeof text) == 1;
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(k);
	return ok ? 0 : err_code(e, EX_OSERR, "journal: cannot sign a "
	    "checkpoint");
}

/* our_key - is this the public key that our store key derives? True also when
 * that store key is gone from the file: then anybody may have signed, and
 * `known` says so. */
static bool
our_key(const struct store_keys *keys, struct cut *c)
{
	uint8_t		 pub[32];
	size_t		 n = sizeof pub;
	EVP_PKEY	*k;
	unsigned	 i;
	bool		 same = true;

	c->known = false;
	for (i = 0; i < store_keys_count(keys); i++) {
		if (store_keys_id(keys, i) != c->key)
			continue;
		k = signing_key(keys, i);
		same = k != NULL &&
		    EVP_PKEY_get_raw_public_key(k, pub, &n) == 1 &&
		    memcmp(pub, c->pub, sizeof pub) == 0;
		EVP_PKEY_free(k);
		c->known = true;
	}
	return same;
}

int
cut_verify(const struct store_keys *keys, const uint8_t uuid[16],
    const uint8_t *p, size_t n, struct cut *c, struct err *e)
{
	uint8_t		 text[16 + SIGNED];
	EVP_MD_CTX	*md;
	EVP_PKEY	*k;
	bool		 ok;

	if (n != CUT_SIZE || p[0] != 1)
		return err_code(e, EX_DATAERR, "journal: begins without a "
		    "checkpoint");
	c->first = get64(p + 1);
	c->last = get64(p + 9);
	memcpy(c->hash, p + 17, HASH_SIZE);
	c->hlc = get64(p + 49);
	c->key = p[57];
	memcpy(c->pub, p + 58, sizeof c->pub);
	signed_octets(uuid, p, text);
	md = EVP_MD_CTX_new();
	k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, c->pub,
	    sizeof c->pub);
	ok = md != NULL && k != NULL && our_key(keys, c) &&
	    EVP_DigestVerifyInit(md, NULL, NULL, NULL, k) == 1 &&
	    EVP_DigestVerify(md, p + SIGNED, 64, text, sizeof text) == 1;
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(k);
	return ok ? 0 : err_code(e, EX_DATAERR, "journal: the checkpoint that "
	    "it begins at is forged");
}

/* -- cutting -------------------------------------------------------------- */

struct cutting {
	struct store	*s;
	struct env	*env;
	uint64_t	 before;	/* HLC */
	const char	*actor;
	uint64_t	*cut;
	struct err	*e;
};

/* find_last - the newest record before that time; times only grow, so halve.
 * 0 = none. */
static int
find_last(struct cutting *c, MDB_txn *txn, const struct head *h,
    struct cut *cut)
{
	uint64_t	lo = h->first, hi = h->seq, mid;
	uint8_t		key[8];
	struct jrec	j;
	MDB_val		v;
	int		rc;

	cut->last = 0;
	while (lo < hi) {		/* hi, the newest, always stays */
		mid = lo + (hi - lo) / 2;
		put64(key, mid);
		rc = env_get(c->env, txn, T_JOURNAL, key, sizeof key, &v);
		if (rc != 0)
			return env_fail(c->env, "read the journal", rc, c->e);
		if (jrec_unpack(mid, v.mv_data, v.mv_size, &j) == -1)
			return env_garbled(c->env, "the journal", c->e);
		if (j.hlc < c->before) {
			cut->last = mid;
			memcpy(cut->hash, j.hash, HASH_SIZE);
			lo = mid + 1;
		} else
			hi = mid;
	}
	return 0;
}

/* put_checkpoint - inside the transaction; 1 done, 0 nothing to cut, -1 */
static int
put_checkpoint(struct cutting *c, MDB_txn *txn)
{
	struct jrec	j = { .op = J_CUT, .actor = c->actor };
	struct head	h;
	struct cut	cut = { .last = 0 };
	uint8_t		packed[CUT_SIZE];
	char		note[80];
	int		rc;

	if (env_head(c->env, txn, &h, c->e) == -1 ||
	    find_last(c, txn, &h, &cut) == -1)
		return -1;
	if (cut.last == 0)
		return 0;
	cut.first = h.first;
	journal_stamp(&h, &j);
	cut.hlc = j.hlc;
	if (cut_sign(c->s->keys, c->env->uuid, &cut, packed, c->e) == -1)
		return -1;
	j.note_len = (size_t)snprintf(note, sizeof note, "records %" PRIu64
	    " to %" PRIu64, cut.first, cut.last);
	j.note = note;
	j.detail = packed;
	j.detail_len = sizeof packed;
	h.first = cut.last + 1;
	memcpy(h.before, cut.hash, HASH_SIZE);
	*c->cut = cut.last - cut.first + 1;
	if ((rc = journal_append(c->env, txn, &h, &j)) != 0 ||
	    (rc = env_put(c->env, txn, T_MAIN, "=cut", 4, packed,
	    sizeof packed, 0)) != 0 ||
	    (rc = env_set_head(c->env, txn, &h)) != 0)
		return env_fail(c->env, "cut the journal", rc, c->e);
	return 1;
}

/* drop_some - records before the first; 1 more are left, 0, -1 */
static int
drop_some(struct cutting *c, MDB_txn *txn)
{
	struct head	 h;
	MDB_cursor	*cur;
	MDB_val		 k, v;
	unsigned	 n;
	int		 rc;

	if (env_head(c->env, txn, &h, c->e) == -1)
		return -1;
	if ((rc = env_cursor(c->env, txn, T_JOURNAL, &cur)) != 0)
		return env_fail(c->env, "cut the journal", rc, c->e);
	rc = mdb_cursor_get(cur, &k, &v, MDB_FIRST);
	for (n = 0; n < CHUNK && rc == 0; n++) {
		if (k.mv_size != 8 || get64(k.mv_data) >= h.first)
			rc = MDB_NOTFOUND;
		else if ((rc = mdb_cursor_del(cur, 0)) == 0)
			rc = mdb_cursor_get(cur, &k, &v, MDB_NEXT);
	}
	env_cursor_done(cur);
	if (rc != 0 && rc != MDB_NOTFOUND)
		return env_fail(c->env, "cut the journal", rc, c->e);
	return rc == 0;
}

/* in_txn - one of the two above in a transaction; what it returned */
static int
in_txn(struct cutting *c, int (*fn)(struct cutting *, MDB_txn *))
{
	MDB_txn	*txn;
	int	 rc;

	if (env_begin(c->env, &txn, c->e) == -1)
		return -1;
	if ((rc = fn(c, txn)) == -1) {
		env_abort(c->env, txn);
		return -1;
	}
	return env_commit(c->env, txn, c->e) == -1 ? -1 : rc;
}

static int
cutting_run(void *arg)
{
	struct cutting	*c = arg;
	int		 rc;

	if (in_txn(c, put_checkpoint) == -1)
		return -1;
	/* also what a killed cut left */
	while ((rc = in_txn(c, drop_some)) == 1)
		;
	return rc;
}

int
store_journal_cut(struct store *s, int64_t before, const char *actor,
    uint64_t *cut, struct err *e)
{
	struct cutting	c = { .s = s, .env = s->env, .actor = actor,
			    .before = (uint64_t)before * 1000 << 16,
			    .cut = cut, .e = e };

	*cut = 0;
	if (before <= 0)	/* nothing is so old; do not wrap around */
		return 0;
	return env_guard(s->env, cutting_run, &c, e);
}

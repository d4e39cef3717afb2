/* SPDX-License-Identifier: BSD-2-Clause */
/* journal.c - see journal.h */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/journal.h"

#include <string.h>

#include <openssl/sha.h>

#include "base/clock.h"

#include "base/banned.h"

void
journal_stamp(struct head *h, struct jrec *j)
{
	uint64_t	now = (uint64_t)clock_now_ms() << 16;

	h->hlc = now > h->hlc ? now : h->hlc + 1;
	h->seq++;
	j->hlc = h->hlc;
	j->seq = h->seq;
}

void
journal_hash(const uint8_t before[HASH_SIZE], uint64_t seq,
    const uint8_t *record, size_t n, uint8_t out[HASH_SIZE])
{
	uint8_t		number[8];
	SHA256_CTX	c;

	put64(number, seq);
	SHA256_Init(&c);
	SHA256_Update(&c, before, HASH_SIZE);
	SHA256_Update(&c, number, sizeof number);
	SHA256_Update(&c, record + HASH_SIZE, n - HASH_SIZE);
	SHA256_Final(out, &c);
}

int
journal_append(struct env *env, MDB_txn *txn, struct head *h, struct jrec *j)
{
	uint8_t	key[8], record[JREC_SIZE_MAX];
	size_t	n;
	int	rc;

	n = jrec_pack(record, j);
	journal_hash(h->hash, j->seq, record, n, record);
	put64(key, j->seq);
	rc = env_put(env, txn, T_JOURNAL, key, sizeof key, record, n,
	    MDB_APPEND);
	if (rc == 0)
		memcpy(h->hash, record, HASH_SIZE);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* limit.c - see limit.h */
#include "web/limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/clock.h"

#include "base/banned.h"

#define ROWS	4096u	/* a power of two */
#define ROW	8u

struct bucket {
	uint64_t	who[2];		/* hash; 0 0: free */
	int64_t		at_us;		/* when level was true */
	double		level;		/* what is left */
};

struct limit {
	pthread_mutex_t	lock;
	uint8_t		key[16];
	struct bucket	v[ROWS][ROW];
};

int
limit_new(struct limit **out, struct err *e)
{
	struct limit	*l = calloc(1, sizeof *l);

	*out = NULL;
	if (l == NULL)
		return err_set(e, "out of memory");
	if (getrandom(l->key, sizeof l->key, 0) != sizeof l->key ||
	    pthread_mutex_init(&l->lock, NULL) != 0) {
		free(l);
		return err_set(e, "no random octets: %s", strerror(errno));
	}
	*out = l;
	return 0;
}

void
limit_free(struct limit **lp)
{
	if (*lp == NULL)
		return;
	(void)pthread_mutex_destroy(&(*lp)->lock);
	free(*lp);
	*lp = NULL;
}

/* name - the hash of (what, who) */
static int
name(const struct limit *l, char what, const void *who, size_t n,
    uint64_t out[2])
{
	uint8_t		in[256], md[EVP_MAX_MD_SIZE];
	unsigned	len;

	if (n > sizeof in - 1)
		n = sizeof in - 1;
	in[0] = (uint8_t)what;
	memcpy(in + 1, who, n);
	if (HMAC(EVP_sha256(), l->key, sizeof l->key, in, n + 1, md,
	    &len) == NULL)
		return -1;
	memcpy(out, md, 2 * sizeof *out);
	return 0;
}

/* find - his bucket, or the one that is least missed */
static struct bucket *
find(struct limit *l, const uint64_t who[2], bool *found)
{
	struct bucket	*row = l->v[who[0] & (ROWS - 1)], *old = row;
	unsigned	 i;

	for (i = 0; i < ROW; i++) {
		if (row[i].who[0] == who[0] && row[i].who[1] == who[1]) {
			*found = true;
			return &row[i];
		}
		if (row[i].at_us < old->at_us)
			old = &row[i];
	}
	*found = false;
	return old;
}

bool
limit_take(struct limit *l, char what, const void *who, size_t n, long rate,
    long seconds)
{
	struct bucket	*b;
	uint64_t	 id[2];
	int64_t		 now = clock_mono_us();
	bool		 found, ok;

	if (rate == 0)
		return true;
	if (name(l, what, who, n, id) == -1)
		return false;
	(void)pthread_mutex_lock(&l->lock);
	b = find(l, id, &found);
	if (!found) {
		memcpy(b->who, id, sizeof id);
		b->level = (double)rate;
	} else {
		b->level += (double)(now - b->at_us) / 1e6 * (double)rate /
		    (double)seconds;
		if (b->level > (double)rate)
			b->level = (double)rate;
	}
	b->at_us = now;
	if ((ok = b->level >= 1))
		b->level -= 1;
	(void)pthread_mutex_unlock(&l->lock);
	return ok;
}

bool
limit_client(struct limit *l, char what, const char *addr, long rate,
    long seconds)
{
	struct in6_addr	v6;

	if (inet_pton(AF_INET6, addr, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6))
		return limit_take(l, what, &v6, 8, rate, seconds);
	return limit_take(l, what, addr, strlen(addr), rate, seconds);
}

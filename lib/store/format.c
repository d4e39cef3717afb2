/* SPDX-License-Identifier: BSD-2-Clause */
/* format.c - see format.h and doc/STORE */
#include "store/format.h"

#include <string.h>

#include "base/banned.h"

void
ekey_pack(uint8_t key[EKEY_SIZE], const struct store_id *id, uint32_t scope,
    enum store_reason reason)
{
	key[0] = id->key;
	memcpy(key + 1, id->digest, STORE_DIGEST);
	put32(key + EKEY_ID_SIZE, scope);
	key[EKEY_SIZE - 1] = (uint8_t)reason;
}

int
ekey_unpack(const uint8_t *key, size_t n, struct store_id *id,
    uint32_t *scope, enum store_reason *reason)
{
	if (n != EKEY_SIZE || key[EKEY_SIZE - 1] == 0 ||
	    key[EKEY_SIZE - 1] >= STORE_REASON_MAX)
		return -1;
	id->key = key[0];
	memcpy(id->digest, key + 1, STORE_DIGEST);
	*scope = get32(key + EKEY_ID_SIZE);
	*reason = (enum store_reason)key[EKEY_SIZE - 1];
	return 0;
}

/* put_text - a length octet and the text; the octets written */
static size_t
put_text(uint8_t *out, const char *s, size_t max)
{
	size_t	n = strnlen(s, max);

	out[0] = (uint8_t)n;
	memcpy(out + 1, s, n);
	return n + 1;
}

/* get_text - the reverse into out[max + 1]; -1 when it does not fit */
static int
get_text(const uint8_t **p, const uint8_t *end, char *out, size_t max)
{
	size_t	n;

	if (*p == end)
		return -1;
	n = *(*p)++;
	if (n > max || n > (size_t)(end - *p))
		return -1;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n;
	return 0;
}

size_t
rec_pack(uint8_t *out, const struct rec *r)
{
	size_t	n = REC_FIXED;

	out[0] = 1;
	out[1] = r->flags;
	out[2] = r->rounds;
	put16(out + 3, r->score);
	put32(out + 5, r->count);
	put64(out + 9, (uint64_t)r->first);
	put64(out + 17, (uint64_t)r->last);
	put64(out + 25, (uint64_t)r->expires);
	put64(out + 33, (uint64_t)r->step);
	put64(out + 41, r->hlc);
	put64(out + 49, r->seq);
	n += put_text(out + n, r->source, STORE_SOURCE_MAX);
	n += put_text(out + n, r->evidence, STORE_EVIDENCE_MAX);
	return n;
}

int
rec_unpack(const uint8_t *p, size_t n, struct rec *r)
{
	const uint8_t	*end = p + n;

	if (n < REC_FIXED + 2 || p[0] != 1)
		return -1;
	r->flags = p[1];
	r->rounds = p[2];
	r->score = get16(p + 3);
	r->count = get32(p + 5);
	r->first = (int64_t)get64(p + 9);
	r->last = (int64_t)get64(p + 17);
	r->expires = (int64_t)get64(p + 25);
	r->step = (int64_t)get64(p + 33);
	r->hlc = get64(p + 41);
	r->seq = get64(p + 49);
	p += REC_FIXED;
	if (get_text(&p, end, r->source, STORE_SOURCE_MAX) == -1 ||
	    get_text(&p, end, r->evidence, STORE_EVIDENCE_MAX) == -1)
		return -1;
	return p == end ? 0 : -1;
}

void
lkey_pack(uint8_t key[LKEY_SIZE], uint32_t list,
    const uint8_t digest[STORE_DIGEST])
{
	put32(key, list);
	memcpy(key + 4, digest, STORE_DIGEST);
}

void
mark_pack(uint8_t out[MARK_SIZE], const struct mark *m)
{
	out[0] = (uint8_t)m->reason;
	out[1] = m->flags;
	put16(out + 2, m->expires);
	put16(out + 4, m->seen);
}

size_t
marks_pack(uint8_t out[LVALUE_MAX], const struct marks *m)
{
	unsigned	i;
	size_t		n = 0;

	for (i = 0; i < m->n; i++, n += MARK_SIZE)
		mark_pack(out + n, &m->m[i]);
	if (m->seq != 0) {
		put64(out + n, m->seq);
		n += 8;
	}
	return n;
}

int
marks_unpack(const uint8_t *p, size_t n, struct marks *out)
{
	unsigned	i;

	out->seq = 0;
	if (n % MARK_SIZE == 8 % MARK_SIZE && n >= 8) {
		n -= 8;
		out->seq = get64(p + n);
	}
	if (n == 0 || n % MARK_SIZE != 0 || n / MARK_SIZE > MARKS_MAX)
		return -1;
	out->n = (unsigned)(n / MARK_SIZE);
	for (i = 0; i < out->n; i++, p += MARK_SIZE) {
		if (p[0] == 0 || p[0] >= STORE_REASON_MAX)
			return -1;
		out->m[i].reason = (enum store_reason)p[0];
		out->m[i].flags = p[1];
		out->m[i].expires = get16(p + 2);
		out->m[i].seen = get16(p + 4);
	}
	return 0;
}

uint16_t
day_of(int64_t when)
{
	int64_t	day = when / 86400 - DAY_ZERO;

	if (when < 0 || day < 1)
		return 1;
	return day > UINT16_MAX ? UINT16_MAX : (uint16_t)day;
}

int64_t
day_time(uint16_t day)
{
	return ((int64_t)day + DAY_ZERO) * 86400;
}

size_t
scope_pack(uint8_t *out, const struct scope_rec *s)
{
	size_t	n;
	int	i;

	out[0] = 1;
	out[1] = s->can_rollback;
	put64(out + 2, s->imported);
	n = 10 + put_text(out + 10, s->name, STORE_SCOPE_MAX);
	out[n++] = s->nactive;
	for (i = 0; i < s->nactive; i++, n += 4)
		put32(out + n, s->active[i]);
	out[n++] = s->nprev;
	for (i = 0; i < s->nprev; i++, n += 4)
		put32(out + n, s->prev[i]);
	return n;
}

/* get_ids - a count and that many list ids */
static int
get_ids(const uint8_t **p, const uint8_t *end, uint8_t *n, uint32_t *ids)
{
	int	i;

	if (*p == end || **p > SCOPE_LISTS || end - *p - 1 < 4 * **p)
		return -1;
	*n = *(*p)++;
	for (i = 0; i < *n; i++, *p += 4)
		ids[i] = get32(*p);
	return 0;
}

int
scope_unpack(uint32_t id, const uint8_t *p, size_t n, struct scope_rec *s)
{
	const uint8_t	*end = p + n;

	if (n < 10 || p[0] != 1)
		return -1;
	s->id = id;
	s->can_rollback = p[1] != 0;
	s->imported = get64(p + 2);
	p += 10;
	if (get_text(&p, end, s->name, STORE_SCOPE_MAX) == -1 ||
	    get_ids(&p, end, &s->nactive, s->active) == -1 ||
	    get_ids(&p, end, &s->nprev, s->prev) == -1)
		return -1;
	return p == end ? 0 : -1;
}

#define RUN_FIXED	(1 + 1 + 1 + 1 + 4 + 8 + 8 + 8 + HASH_SIZE)

size_t
run_pack(uint8_t *out, const struct run_rec *r)
{
	size_t	n = RUN_FIXED;

	out[0] = 1;
	out[1] = (uint8_t)r->state;
	out[2] = r->key;
	out[3] = r->domains;
	put32(out + 4, r->scope);
	put64(out + 8, r->rows);
	put64(out + 16, r->lifted);
	put64(out + 24, r->hlc);
	memcpy(out + 32, r->digest, HASH_SIZE);
	n += put_text(out + n, r->actor, ACTOR_MAX);
	n += put_text(out + n, r->file, RUN_FILE_MAX);
	return n;
}

int
run_unpack(const uint8_t *p, size_t n, struct run_rec *r)
{
	const uint8_t	*end = p + n;

	if (n < RUN_FIXED || p[0] != 1 || p[1] < RUN_LOADING ||
	    p[1] > RUN_DROPPING)
		return -1;
	r->state = (enum run_state)p[1];
	r->key = p[2];
	r->domains = p[3] != 0;
	r->scope = get32(p + 4);
	r->rows = get64(p + 8);
	r->lifted = get64(p + 16);
	r->hlc = get64(p + 24);
	memcpy(r->digest, p + 32, HASH_SIZE);
	p += RUN_FIXED;
	if (get_text(&p, end, r->actor, ACTOR_MAX) == -1 ||
	    get_text(&p, end, r->file, RUN_FILE_MAX) == -1)
		return -1;
	return p == end ? 0 : -1;
}

size_t
jrec_pack(uint8_t *out, const struct jrec *r)
{
	uint8_t	*p = out + HASH_SIZE;

	memset(out, 0, JREC_FIXED);
	p[0] = 1;
	p[1] = (uint8_t)r->op;
	put64(p + 2, r->hlc);
	put32(p + 10, r->scope);
	p[14] = r->id.key;
	memcpy(p + 15, r->id.digest, STORE_DIGEST);
	p[31] = (uint8_t)r->reason;
	p[32] = r->domain;
	p += 33;
	p += put_text(p, r->actor, ACTOR_MAX);
	put16(p, (uint16_t)r->note_len);
	memcpy(p + 2, r->note_len != 0 ? r->note : "", r->note_len);
	p += 2 + r->note_len;
	put16(p, (uint16_t)r->detail_len);
	if (r->detail_len != 0)
		memcpy(p + 2, r->detail, r->detail_len);
	p += 2 + r->detail_len;
	return (size_t)(p - out);
}

int
jrec_unpack(uint64_t seq, const uint8_t *p, size_t n, struct jrec *r)
{
	const uint8_t	*end = p + n;

	if (n < JREC_FIXED + 1 || p[HASH_SIZE] != 1)
		return -1;
	r->seq = seq;
	memcpy(r->hash, p, HASH_SIZE);
	p += HASH_SIZE;
	if (p[1] == 0 || p[1] >= J_OP_MAX || p[31] >= STORE_REASON_MAX)
		return -1;
	r->op = (enum journal_op)p[1];
	r->hlc = get64(p + 2);
	r->scope = get32(p + 10);
	r->id.key = p[14];
	memcpy(r->id.digest, p + 15, STORE_DIGEST);
	r->reason = (enum store_reason)p[31];
	r->domain = p[32] != 0;
	p += 33;
	r->actor_len = *p++;
	if (r->actor_len > (size_t)(end - p))
		return -1;
	r->actor = (const char *)p;
	p += r->actor_len;
	if (end - p < 2 || get16(p) > end - p - 2)
		return -1;
	r->note_len = get16(p);
	r->note = (const char *)p + 2;
	p += 2 + r->note_len;
	if (end - p < 2 || get16(p) != end - p - 2)
		return -1;
	r->detail_len = get16(p);
	r->detail = p + 2;
	return 0;
}

void
head_pack(uint8_t out[HEAD_SIZE], const struct head *h)
{
	put64(out, h->seq);
	memcpy(out + 8, h->hash, HASH_SIZE);
	put64(out + 40, h->hlc);
	put64(out + 48, h->first);
	memcpy(out + 56, h->before, HASH_SIZE);
	put32(out + 88, h->next_list);
	put64(out + 92, h->gen);
}

int
head_unpack(const uint8_t *p, size_t n, struct head *h)
{
	if (n != HEAD_SIZE)
		return -1;
	h->seq = get64(p);
	memcpy(h->hash, p + 8, HASH_SIZE);
	h->hlc = get64(p + 40);
	h->first = get64(p + 48);
	memcpy(h->before, p + 56, HASH_SIZE);
	h->next_list = get32(p + 88);
	h->gen = get64(p + 92);
	return 0;
}

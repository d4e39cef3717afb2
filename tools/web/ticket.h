/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ticket.h - short-lived proofs that the page hands out
 *
 * An undo ticket stands in the page that answers a press: it takes back just
 * what that press changed. A proof ticket goes by mail to the address itself:
 * whoever has it reads the recipient's mail, and may subscribe again.
 *
 *	octet	0	kind
 *		1-4	made at, seconds since 1970, big endian
 *		5	store key id	) the recipient
 *		6-21	digest		)
 *		22-29	two scope numbers, the second may be 0
 *		30-45	first 16 octets of HMAC-SHA-256(ticket key, 0-29)
 *
 * The ticket key is derived from the store's key.
 */
#ifndef WEB_TICKET_H
#define WEB_TICKET_H

#include <stddef.h>
#include <stdint.h>

#include "base/codec.h"
#include "store/key.h"

#define TICKET_OCTETS	46
#define TICKET_SIZE	CODEC_B64_SIZE(TICKET_OCTETS)

enum ticket_kind { TICKET_UNDO = 1, TICKET_PROOF = 2 };

struct ticket {
	enum ticket_kind kind;
	int64_t		 made;
	struct store_id	 id;
	uint32_t	 scopes[2];
};

/* 0, or -1 when OpenSSL fails. */
int	ticket_write(const uint8_t key[32], const struct ticket *,
	    char out[TICKET_SIZE]);
/* 1 genuine, of this kind and not older than max_age; else 0. */
int	ticket_read(const uint8_t key[32], const char *text, size_t len,
	    enum ticket_kind, int64_t now, long max_age, struct ticket *);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token.h - one signed token for unsubscribe URL, mailto, VERP and CFBL id
 *
 * Says "this recipient, this scope, this day", made by us; holds no address
 * (the recipient is the store's keyed digest); costs no write per mail. Two
 * spellings of the same 36 octets: base32 lower case for mail local parts
 * (58 characters, survives case folding) and base64url for URLs (48).
 *
 *	octet	0	version (high nibble, 1) and kind (low nibble)
 *		1	token key id
 *		2	store key id		)
 *		3-18	recipient digest	) struct store_id; zero for a
 *		19-22	scope id			  list-level link
 *		23-24	issue day, days since 2020-01-01, big endian
 *		25	flags, zero
 *		26-35	first 10 octets of HMAC-SHA-256(token key, 0-25)
 *
 * Key file: "ID HEX [retired]" lines, # comments; a secret (base/file.h). The
 * first key that is not retired signs, all of them verify. Verification
 * compares in constant time, and takes as long for a key that we do not have.
 * doc/TOKEN has all of it with examples.
 */
#ifndef TOKEN_TOKEN_H
#define TOKEN_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/codec.h"
#include "base/err.h"

#define TOKEN_OCTETS	36
#define TOKEN_URL_SIZE	CODEC_B64_SIZE(TOKEN_OCTETS)
#define TOKEN_MAIL_SIZE	CODEC_B32_SIZE(TOKEN_OCTETS)

enum token_kind { TOKEN_UNSUB = 1, TOKEN_VERP, TOKEN_CFBL, TOKEN_PAGE,
	TOKEN_SPLIT };

enum token_result {
	TOKEN_VALID,
	TOKEN_NONE,	/* does not look like a token at all */
	TOKEN_FORGED,	/* shape right, signature wrong, or altered */
	TOKEN_UNKNOWN_KEY,	/* key id not in our file */
	TOKEN_EXPIRED,	/* genuine, older than max_days */
	TOKEN_VERSION	/* a later version of this program made it (the
			   signature of another version cannot be judged) */
};

struct token {
	enum token_kind	kind;
	uint8_t		store_key;	/* struct store_id, taken apart: this */
	uint8_t		digest[16];	/* layer knows nothing of the store */
	uint32_t	scope;
	uint32_t	day;		/* since 1970-01-01 */
};

struct token_keys;

int	token_keys_load(const char *path, struct token_keys **,
	    struct err *e);
void	token_keys_free(struct token_keys **);
/* Make a fresh key file with one random key, mode 0600; refuses to replace
 * one. */
int	token_keys_create(const char *path, struct err *e);
/* Put a fresh key in front and retire the others; the file changes at once or
 * not at all, and keeps its owner and mode. *id: of the new key. */
int	token_keys_rotate(const char *path, uint8_t *id, struct err *e);

/* out gets the text and NUL; day is rounded to what the format holds. 0, or
 * -1 when OpenSSL fails. Threads: safe. */
int	token_url(const struct token_keys *, const struct token *,
	    char out[TOKEN_URL_SIZE], struct err *e);
int	token_mail(const struct token_keys *, const struct token *,
	    char out[TOKEN_MAIL_SIZE], struct err *e);

/* Either spelling (told apart by length). today and max_days: expiry; 0 =
 * never expires. *out is filled only for TOKEN_VALID and TOKEN_EXPIRED. */
enum token_result token_read(const struct token_keys *, const char *text,
	    size_t len, uint32_t today, uint32_t max_days, struct token *out);

const char *token_result_name(enum token_result);	/* "valid", ... */
/* "unsubscribe", "verp", "cfbl", "page", "split"; the reverse gives 0 for
 * others. */
const char *token_kind_name(enum token_kind);
enum token_kind token_kind_parse(const char *name);

#endif

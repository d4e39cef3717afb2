/* SPDX-License-Identifier: BSD-2-Clause */
/* letter.c - see letter.h */
#include "web/letter.h"

#include <string.h>
#include <sys/random.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/codec.h"

#include "base/banned.h"

#define B64_LINE	57	/* octets of a base64 line of 76 */
#define WORD_MAX	42	/* octets of an encoded word: 56 of base64 */

/* add_base64 - lines of 76, each ended by CRLF */
static void
add_base64(struct buf *b, const char *p, size_t n)
{
	unsigned char	out[B64_LINE / 3 * 4 + 1];
	size_t		k;

	for (; n > 0; p += k, n -= k) {
		k = n < B64_LINE ? n : B64_LINE;
		(void)EVP_EncodeBlock(out, (const unsigned char *)p, (int)k);
		(void)buf_adds(b, (const char *)out);
		(void)buf_adds(b, "\r\n");
	}
}

/* add_words - UTF-8 as encoded words (RFC 2047), cut between characters */
static void
add_words(struct buf *b, const char *s)
{
	unsigned char	out[WORD_MAX / 3 * 4 + 4];
	size_t		k, n = strlen(s);

	for (; n > 0; s += k, n -= k) {
		k = n < WORD_MAX ? n : WORD_MAX;
		while (k < n && k > WORD_MAX - 4 &&
		    ((unsigned char)s[k] & 0xc0) == 0x80)
			k--;
		(void)EVP_EncodeBlock(out, (const unsigned char *)s, (int)k);
		(void)buf_addf(b, "=?UTF-8?B?%s?=%s", (const char *)out,
		    n > k ? "\r\n " : "");
	}
}

/* id - of a message, as good as never the same twice */
static void
id(char out[CODEC_HEX_SIZE(12)])
{
	unsigned char	rnd[12];

	if (getrandom(rnd, sizeof rnd, 0) != sizeof rnd)
		memset(rnd, 0, sizeof rnd);
	(void)codec_hex(rnd, sizeof rnd, out);
}

/* add_body - lines that end in CRLF, then base64 of them */
static void
add_body(struct buf *b, const char *text)
{
	struct buf	body = BUF_INIT(LETTER_MAX);

	for (; *text != '\0'; text++) {
		if (*text == '\n')
			(void)buf_addc(&body, '\r');
		(void)buf_addc(&body, *text);
	}
	if (body.failed)
		b->failed = true;
	else
		add_base64(b, buf_str(&body), body.len);
	buf_free(&body);
}

void
letter_write(struct buf *b, const struct letter *l)
{
	char		 date[CLOCK_RFC5322_SIZE], hex[CODEC_HEX_SIZE(12)];
	const char	*at = strrchr(l->from, '@');

	id(hex);
	(void)buf_adds(b, "From: ");
	if (l->brand[0] != '\0') {
		add_words(b, l->brand);
		(void)buf_adds(b, "\r\n ");
	}
	(void)buf_addf(b, "<%s>\r\nTo: <%s>\r\nSubject: ", l->from, l->to);
	add_words(b, l->subject);
	/* Auto-Submitted keeps vacation programs quiet */
	(void)buf_addf(b, "\r\nDate: %s\r\nMessage-ID: <%s%s>\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Language: %s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n",
	    clock_rfc5322(clock_now(), date), hex, at != NULL ? at : "@local",
	    l->lang);
	add_body(b, l->text);
}

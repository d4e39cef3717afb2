/* SPDX-License-Identifier: BSD-2-Clause */
/* codec.c - see codec.h */
#include "base/codec.h"

#include <stdint.h>
#include <string.h>

#include "base/banned.h"

static const char	hex_abc[] = "0123456789abcdef";
static const char	b32_abc[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char	b64_abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* encode - n octets in groups of `bits` bits, most significant first */
static size_t
encode(const char *abc, unsigned bits, const void *src, size_t n, char *out)
{
	const uint8_t	*p = src;
	uint32_t	 acc = 0, mask = (1u << bits) - 1;
	unsigned	 have = 0;
	size_t		 len = 0;

	while (n-- > 0) {
		acc = acc << 8 | *p++;
		have += 8;
		while (have >= bits) {
			have -= bits;
			out[len++] = abc[acc >> have & mask];
		}
	}
	if (have > 0)
		out[len++] = abc[acc << (bits - have) & mask];
	out[len] = '\0';
	return len;
}

/* value - the number that c stands for, or -1 */
static int
value(const char *abc, int fold, char c)
{
	const char	*at;

	if (fold && c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	if (c == '\0' || (at = strchr(abc, c)) == NULL)
		return -1;
	return (int)(at - abc);
}

static ssize_t
decode(const char *abc, unsigned bits, int fold, const char *s, size_t len,
    void *dst, size_t size)
{
	uint8_t		*out = dst;
	uint32_t	 acc = 0;
	unsigned	 have = 0;
	size_t		 n = 0;
	int		 v;

	while (len-- > 0) {
		if ((v = value(abc, fold, *s++)) == -1)
			return -1;
		acc = acc << bits | (uint32_t)v;
		have += bits;
		if (have >= 8) {
			if (n == size)
				return -1;
			have -= 8;
			out[n++] = (uint8_t)(acc >> have);
		}
	}
	/* a whole unused digit, or bits that no encoder leaves */
	if (have >= bits || (acc & ((1u << have) - 1)) != 0)
		return -1;
	return (ssize_t)n;
}

size_t
codec_hex(const void *p, size_t n, char *out)
{
	return encode(hex_abc, 4, p, n, out);
}

ssize_t
codec_unhex(const char *s, size_t len, void *out, size_t size)
{
	return decode(hex_abc, 4, 1, s, len, out, size);
}

size_t
codec_b32(const void *p, size_t n, char *out)
{
	return encode(b32_abc, 5, p, n, out);
}

ssize_t
codec_unb32(const char *s, size_t len, void *out, size_t size)
{
	return decode(b32_abc, 5, 1, s, len, out, size);
}

size_t
codec_b64url(const void *p, size_t n, char *out)
{
	return encode(b64_abc, 6, p, n, out);
}

ssize_t
codec_unb64url(const char *s, size_t len, void *out, size_t size)
{
	return decode(b64_abc, 6, 0, s, len, out, size);
}

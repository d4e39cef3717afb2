/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec.h - octets as text: hex, base32 (lower case), base64url
 *
 * Encoders write a NUL-terminated string and return its length; out must hold
 * CODEC_*_SIZE(n). Decoders accept exactly the encoder's alphabet (hex and
 * base32 in either case), no padding, no blanks, no stray bits; they return
 * the octets written, or -1.
 * Ref: RFC 4648 sections 5, 6 and 8.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stddef.h>
#include <sys/types.h>

#define CODEC_HEX_SIZE(n)	((n) * 2 + 1)
#define CODEC_B32_SIZE(n)	(((n) * 8 + 4) / 5 + 1)
#define CODEC_B64_SIZE(n)	(((n) * 4 + 2) / 3 + 1)

size_t	codec_hex(const void *p, size_t n, char *out);
ssize_t	codec_unhex(const char *s, size_t len, void *out, size_t size);
size_t	codec_b32(const void *p, size_t n, char *out);
ssize_t	codec_unb32(const char *s, size_t len, void *out, size_t size);
size_t	codec_b64url(const void *p, size_t n, char *out);
ssize_t	codec_unb64url(const char *s, size_t len, void *out, size_t size);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* charset.c - see charset.h */
#include "mail/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define NAME_MAX_LEN	40	/* longer than any charset anybody has */
#define U_REPLACEMENT	0xfffdUL

/* windows-1252, 0x80 to 0x9f; the holes are U+FFFD. */
static const uint16_t w1252[32] = {
	0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
	0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

int
charset_put(unsigned long cp, struct buf *out)
{
	char	 s[4];
	size_t	 n;

	if (cp < 0x80) {
		s[0] = (char)cp;
		n = 1;
	} else if (cp < 0x800) {
		s[0] = (char)(0xc0 | cp >> 6);
		s[1] = (char)(0x80 | (cp & 0x3f));
		n = 2;
	} else if (cp < 0x10000) {
		if (cp >= 0xd800 && cp < 0xe000)
			cp = U_REPLACEMENT;
		s[0] = (char)(0xe0 | cp >> 12);
		s[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		s[2] = (char)(0x80 | (cp & 0x3f));
		n = 3;
	} else if (cp < 0x110000) {
		s[0] = (char)(0xf0 | cp >> 18);
		s[1] = (char)(0x80 | (cp >> 12 & 0x3f));
		s[2] = (char)(0x80 | (cp >> 6 & 0x3f));
		s[3] = (char)(0x80 | (cp & 0x3f));
		n = 4;
	} else
		return charset_put(U_REPLACEMENT, out);
	return buf_add(out, s, n);
}

size_t
charset_utf8_len(const char *p, size_t n)
{
	const unsigned char	*u = (const unsigned char *)p;
	size_t			 len, i;

	if (u[0] < 0x80)
		return 1;
	if (u[0] < 0xc2 || u[0] > 0xf4)
		return 0;
	len = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
	if (len > n)
		return 0;
	for (i = 1; i < len; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if ((u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
	    (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f))
		return 0;
	return len;
}

/* ascii_run - octets at p that are plain ASCII */
static size_t
ascii_run(const char *p, size_t n)
{
	uint64_t	w;
	size_t		i = 0;

	while (n - i >= sizeof w) {
		memcpy(&w, p + i, sizeof w);
		if ((w & UINT64_C(0x8080808080808080)) != 0)
			break;
		i += sizeof w;
	}
	while (i < n && (unsigned char)p[i] < 0x80)
		i++;
	return i;
}

bool
charset_is_utf8(const char *p, size_t n)
{
	size_t	i = 0, len;

	for (;;) {
		i += ascii_run(p + i, n - i);
		if (i == n)
			return true;
		if ((len = charset_utf8_len(p + i, n - i)) == 0)
			return false;
		i += len;
	}
}

/* from_w1252 - every octet is some character */
static int
from_w1252(const char *p, size_t n, struct buf *out)
{
	size_t		i, run;
	unsigned char	c;

	for (i = 0; i < n;) {
		run = ascii_run(p + i, n - i);
		if (run > 0 && buf_add(out, p + i, run) == -1) {
			(void)buf_add_some(out, p + i, run);
			return 0;
		}
		if ((i += run) == n)
			break;
		c = (unsigned char)p[i++];
		if (charset_put(c < 0xa0 ? w1252[c - 0x80] : c, out) == -1)
			return 0;
	}
	return 0;
}

/* looks_utf16be - which end of UTF-16 without a mark comes first */
static bool
looks_utf16be(const char *p, size_t n)
{
	size_t	i, zero_even = 0, zero_odd = 0;

	for (i = 0; i + 1 < n; i += 2) {
		zero_even += p[i] == '\0';
		zero_odd += p[i + 1] == '\0';
	}
	return zero_even > zero_odd;
}

/* known_as - the name under which iconv does what mail programs do */
static const char *
known_as(const char *charset, const char *p, size_t n)
{
	static const struct {
		const char	*stated, *used;
	} names[] = {
		{ "gb2312", "GB18030" }, { "gbk", "GB18030" },
		{ "gb_2312-80", "GB18030" }, { "x-gbk", "GB18030" },
		{ "cp936", "GB18030" }, { "gb18030", "GB18030" },
		{ "gb-18030", "GB18030" }, { "gb18030-2000", "GB18030" },
		{ "ks_c_5601-1987", "CP949" }, { "euc-kr", "CP949" },
		{ "ks_c_5601", "CP949" }, { "ksc5601", "CP949" },
		{ "shift_jis", "CP932" }, { "x-sjis", "CP932" },
		{ "shift-jis", "CP932" }, { "sjis", "CP932" },
		{ "big5", "CP950" }, { "x-big5", "CP950" },
		{ "iso-2022-jp", "ISO-2022-JP-2" },
		{ "unicode-1-1-utf-7", "UTF-7" },
		{ "iso-8859-8-i", "ISO-8859-8" },
		{ "x-mac-roman", "MACINTOSH" }, { "x-roman8", "ROMAN8" },
	};
	size_t	i;

	if (strncasecmp(charset, "utf-16", 6) == 0 ||
	    strncasecmp(charset, "utf16", 5) == 0) {
		if (n >= 2 && (memcmp(p, "\xff\xfe", 2) == 0 ||
		    memcmp(p, "\xfe\xff", 2) == 0))
			return "UTF-16";
		return looks_utf16be(p, n) ? "UTF-16BE" : "UTF-16LE";
	}
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(charset, names[i].stated) == 0)
			return names[i].used;
	return charset;
}

/*
 * from_iconv - by the system's converter
 *
 * Returns 1 when done, 0 when the charset is unknown or, unless lossy, the
 * text does not convert (out is then as it was), -1 without memory.
 */
static int
from_iconv(const char *charset, const char *p, size_t n, bool lossy,
    struct buf *out)
{
	char	 tmp[4096], *in = (char *)(uintptr_t)p, *to;
	size_t	 left = n, room, before = out->len, r;
	iconv_t	 cd;
	int	 rc = 1;

	if (charset[0] == '\0' || strlen(charset) > NAME_MAX_LEN ||
	    strchr(charset, '/') != NULL)
		return 0;
	if ((cd = iconv_open("UTF-8", known_as(charset, p, n))) ==
	    (iconv_t)-1)
		return errno == ENOMEM ? -1 : 0;
	while (left > 0) {
		to = tmp;
		room = sizeof tmp;
		r = iconv(cd, &in, &left, &to, &room);
		if (to > tmp && buf_add(out, tmp, (size_t)(to - tmp)) == -1)
			break;			/* full: enough seen */
		if (r != (size_t)-1 || errno == E2BIG)
			continue;
		if (!lossy) {
			rc = 0;
			break;
		}
		in++;
		left--;
		if (charset_put(U_REPLACEMENT, out) == -1)
			break;
	}
	(void)iconv_close(cd);
	if (rc == 0 && out->len > before) {
		out->len = before;
		out->data[before] = '\0';
	}
	return rc;
}

/* is_w1252 - stated as Latin 1 or as what it is taken for */
static bool
is_w1252(const char *charset)
{
	return strcasecmp(charset, "iso-8859-1") == 0 ||
	    strcasecmp(charset, "iso8859-1") == 0 ||
	    strcasecmp(charset, "windows-1252") == 0 ||
	    strcasecmp(charset, "cp1252") == 0;
}

/* shifts - charsets whose octets below 0x80 need not be ASCII */
static bool
shifts(const char *charset)
{
	return strncasecmp(charset, "iso-2022", 8) == 0 ||
	    strncasecmp(charset, "utf-7", 5) == 0 ||
	    strcasecmp(charset, "unicode-1-1-utf-7") == 0 ||
	    strncasecmp(charset, "utf-16", 6) == 0 ||
	    strncasecmp(charset, "utf16", 5) == 0 ||
	    strncasecmp(charset, "utf-32", 6) == 0 ||
	    strncasecmp(charset, "hz", 2) == 0 ||
	    strncasecmp(charset, "csiso2022", 9) == 0;
}

int
charset_utf8(const char *charset, const char *p, size_t n, bool insist,
    struct buf *out)
{
	bool	ascii = ascii_run(p, n) == n, utf8;
	int	rc;

	if (n == 0)
		return 0;
	if (ascii && !shifts(charset)) {
		(void)buf_add_some(out, p, n);
		return 0;
	}
	utf8 = strncasecmp(charset, "utf-8", 5) == 0 ||
	    strcasecmp(charset, "utf8") == 0;
	if (!ascii && (!insist || utf8) && charset_is_utf8(p, n)) {
		(void)buf_add_some(out, p, n);
		return 0;
	}
	if (is_w1252(charset))
		return from_w1252(p, n, out);
	if (!utf8 || insist) {
		rc = from_iconv(utf8 ? "UTF-8" : charset, p, n, insist, out);
		if (rc != 0)
			return rc == -1 ? -1 : 0;
	}
	return from_w1252(p, n, out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_text.c - transfer encodings, charsets and encoded words, undone
 *
 * Only charsets of a list are handed to iconv: its name is chosen by the
 * sender, and iconv_open() loads modules by name.
 */
#include "mail/mime_int.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "base/banned.h"

#define CHUNK		3072	/* octets decoded at a time */
#define WORD_MAX	1024	/* octets of an encoded word; RFC 2047: 75 */
#define CHARSET_MAX	63	/* octets of a charset's name */
#define FFFD		"\xef\xbf\xbd"

static pthread_once_t	once = PTHREAD_ONCE_INIT;

void
mime_init(void)
{
	(void)pthread_once(&once, g_mime_init);
}

int
mime_undo(const char *encoding, const char *p, size_t n, struct buf *out)
{
	GMimeEncoding		st;
	GMimeContentEncoding	ce;
	char			tmp[CHUNK * 2];
	size_t			in, got;

	ce = g_mime_content_encoding_from_string(encoding);
	if (ce != GMIME_CONTENT_ENCODING_BASE64 &&
	    ce != GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
		(void)buf_add_some(out, p, n);
		return out->failed ? -1 : 0;
	}
	g_mime_encoding_init_decode(&st, ce);
	for (; n > 0 && out->len < out->max && !out->failed; p += in, n -= in) {
		in = n < CHUNK ? n : CHUNK;
		/* the decoder may hold a few octets over from the last step */
		got = g_mime_encoding_step(&st, p, in, tmp);
		(void)buf_add_some(out, tmp, got);
	}
	got = g_mime_encoding_flush(&st, p, 0, tmp);
	if (!out->failed)
		(void)buf_add_some(out, tmp, got);
	return out->failed ? -1 : 0;
}

/* Names that mail uses, and the one that glibc knows. The first entry of the
 * table that fits wins; a name that ends in * stands for a family. */
static const struct { const char *name, *icon; } charsets[] = {
	{ "us-ascii", "" }, { "ascii", "" }, { "utf-8", "UTF-8" },
	{ "utf8", "UTF-8" }, { "unicode-1-1-utf-8", "UTF-8" },
	{ "iso-8859-1", "WINDOWS-1252" }, { "latin1", "WINDOWS-1252" },
	{ "iso8859-1", "WINDOWS-1252" }, { "iso_8859-1", "WINDOWS-1252" },
	{ "windows-1252", "WINDOWS-1252" }, { "cp1252", "WINDOWS-1252" },
	{ "x-ansi", "WINDOWS-1252" },
	{ "iso-2022-jp*", "ISO-2022-JP-2" }, { "csiso2022jp", "ISO-2022-JP-2" },
	{ "shift_jis", "CP932" }, { "shift-jis", "CP932" },
	{ "sjis", "CP932" }, { "x-sjis", "CP932" }, { "cp932", "CP932" },
	{ "windows-31j", "CP932" }, { "ms_kanji", "CP932" },
	{ "euc-jp", "EUC-JP-MS" }, { "eucjp", "EUC-JP-MS" },
	{ "x-euc-jp", "EUC-JP-MS" },
	{ "gb2312", "GB18030" }, { "gbk", "GB18030" },
	{ "gb18030", "GB18030" }, { "cp936", "GB18030" },
	{ "x-gbk", "GB18030" }, { "hz-gb-2312", "HZ" },
	{ "big5", "BIG5" }, { "cp950", "CP950" },
	{ "big5-hkscs", "BIG5-HKSCS" },
	{ "euc-kr", "CP949" }, { "ks_c_5601-1987", "CP949" },
	{ "cp949", "CP949" }, { "iso-2022-kr", "ISO-2022-KR" },
	{ "koi8-r", "KOI8-R" }, { "koi8-u", "KOI8-U" },
	{ "utf-7", "UTF-7" }, { "utf-16", "UTF-16" },
	{ "utf-16le", "UTF-16LE" }, { "utf-16be", "UTF-16BE" },
	{ "utf-32", "UTF-32" },
	{ "tis-620", "TIS-620" }, { "windows-874", "CP874" },
	{ "macintosh", "MACINTOSH" }, { "cp437", "CP437" },
	{ "ibm437", "CP437" }, { "cp850", "CP850" }, { "ibm850", "CP850" },
	{ "cp852", "CP852" }, { "cp866", "CP866" }, { "ibm866", "CP866" },
	{ "iso-8859-2", "ISO-8859-2" }, { "iso-8859-3", "ISO-8859-3" },
	{ "iso-8859-4", "ISO-8859-4" }, { "iso-8859-5", "ISO-8859-5" },
	{ "iso-8859-6", "ISO-8859-6" }, { "iso-8859-7", "ISO-8859-7" },
	{ "iso-8859-8*", "ISO-8859-8" }, { "iso-8859-9", "ISO-8859-9" },
	{ "iso-8859-10", "ISO-8859-10" }, { "iso-8859-13", "ISO-8859-13" },
	{ "iso-8859-14", "ISO-8859-14" }, { "iso-8859-15", "ISO-8859-15" },
	{ "iso-8859-16", "ISO-8859-16" }, { "latin2", "ISO-8859-2" },
	{ "windows-1250", "CP1250" }, { "windows-1251", "CP1251" },
	{ "windows-1253", "CP1253" }, { "windows-1254", "CP1254" },
	{ "windows-1255", "CP1255" }, { "windows-1256", "CP1256" },
	{ "windows-1257", "CP1257" }, { "windows-1258", "CP1258" },
	{ "cp1250", "CP1250" }, { "cp1251", "CP1251" },
};

/* charset_of - iconv's name; "" = ASCII or unknown: look at the octets */
static const char *
charset_of(const char *name, size_t n)
{
	size_t	i, m;
	bool	family;

	for (i = 0; i < sizeof charsets / sizeof charsets[0]; i++) {
		m = strlen(charsets[i].name);
		family = charsets[i].name[m - 1] == '*';
		m -= family;
		if ((family ? n >= m : n == m) &&
		    strncasecmp(name, charsets[i].name, m) == 0)
			return charsets[i].icon;
	}
	return "";
}

/* utf8_len - octets of the well-formed sequence at p, 0 if it is none */
static size_t
utf8_len(const unsigned char *p, size_t n)
{
	size_t		i, k;
	unsigned	c = p[0], lo = 0x80, hi = 0xbf;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	k = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (c == 0xe0)
		lo = 0xa0;
	else if (c == 0xed)
		hi = 0x9f;
	else if (c == 0xf0)
		lo = 0x90;
	else if (c == 0xf4)
		hi = 0x8f;
	if (n < k || p[1] < lo || p[1] > hi)
		return 0;
	for (i = 2; i < k; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return k;
}

/* ascii_len - how many octets from p on are below 0x80 */
static size_t
ascii_len(const unsigned char *p, size_t n)
{
	size_t		i = 0;
	uint64_t	w;

	for (; i + 8 <= n; i += 8) {
		memcpy(&w, p + i, 8);
		if (w & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

/* guess - the charset of octets whose label says nothing */
static const char *
guess(const unsigned char *p, size_t n)
{
	const unsigned char	*esc;
	size_t			 i, k;

	/* an ISO-2022-JP announcer: ESC $ @, ESC $ B, ESC ( J */
	for (esc = p; (esc = memchr(esc, 0x1b,
	    (size_t)(p + n - esc))) != NULL; esc++)
		if (p + n - esc > 2 && esc[1] == '$' &&
		    (esc[2] == 'B' || esc[2] == '@'))
			return "ISO-2022-JP-2";
	for (i = 0; i < n; i += k) {
		i += ascii_len(p + i, n - i);
		if (i == n)
			break;
		if ((k = utf8_len(p + i, n - i)) == 0 && n - i > 3)
			return "WINDOWS-1252";
		if (k == 0)
			break;		/* cut in its middle */
	}
	return "UTF-8";
}

/* add_utf8 - copy what is well-formed, U+FFFD for the rest */
static void
add_utf8(const unsigned char *p, size_t n, struct buf *out)
{
	size_t	i = 0, k, start = 0;

	while (i < n && !out->failed) {
		i += ascii_len(p + i, n - i);
		if (i == n)
			break;
		if ((k = utf8_len(p + i, n - i)) > 0) {
			i += k;
			continue;
		}
		(void)buf_add_some(out, p + start, i - start);
		(void)buf_add_some(out, FFFD, 3);
		start = ++i;
	}
	if (!out->failed)
		(void)buf_add_some(out, p + start, n - start);
}

/*
 * pin - keep the converter's module loaded
 *
 * glibc loads it at the first iconv_open() and unloads it at the last
 * iconv_close(): once a mail, which costs more than the conversion. So the
 * first descriptor of each charset of the list stays open.
 */
static void
pin(const char *from)
{
	static atomic_flag	 done[sizeof charsets / sizeof charsets[0]];
	static iconv_t		 kept[sizeof charsets / sizeof charsets[0]];
	size_t			 i;

	for (i = 0; i < sizeof charsets / sizeof charsets[0]; i++) {
		if (strcmp(charsets[i].icon, from) != 0)
			continue;
		if (!atomic_flag_test_and_set(&done[i]) &&
		    (kept[i] = iconv_open("UTF-8", from)) == (iconv_t)-1)
			atomic_flag_clear(&done[i]);
		return;
	}
}

/* convert - through iconv; false when it does not know the charset */
static bool
convert(const char *from, const char *p, size_t n, struct buf *out)
{
	iconv_t	 cd = iconv_open("UTF-8", from);
	char	 tmp[4096], *in = (char *)(uintptr_t)p, *o;
	size_t	 left = n, room, rc;

	if (cd == (iconv_t)-1)
		return false;
	pin(from);
	while (left > 0 && out->len < out->max && !out->failed) {
		o = tmp;
		room = sizeof tmp;
		rc = iconv(cd, &in, &left, &o, &room);
		(void)buf_add_some(out, tmp, sizeof tmp - room);
		if (rc != (size_t)-1 || errno == E2BIG || out->failed)
			continue;
		(void)buf_add_some(out, FFFD, 3);
		in++;
		left--;
	}
	(void)iconv_close(cd);
	return true;
}

int
mime_to_utf8(const char *charset, const char *p, size_t n, struct buf *out)
{
	const unsigned char	*u = (const unsigned char *)p;
	const char		*icon = charset_of(charset, strlen(charset));

	if (icon[0] == '\0')
		icon = guess(u, n);
	if (strcmp(icon, "UTF-8") == 0 ||
	    (strcmp(icon, "WINDOWS-1252") == 0 && ascii_len(u, n) == n) ||
	    !convert(icon, p, n, out))
		add_utf8(u, n, out);
	return out->failed ? -1 : 0;
}

/* An encoded word's parts, all inside the value (RFC 2047 2). */
struct word {
	const char	*charset, *text;
	size_t		 charset_len, text_len;
	char		 enc;		/* 'B' or 'Q' */
	size_t		 len;		/* of the whole */
};

/* word_read - is there "=?charset?B?text?=" at p? */
static bool
word_read(const char *p, size_t n, struct word *w)
{
	const char	*q, *end, *lang, *stop;

	if (n > WORD_MAX)
		n = WORD_MAX;
	if (n < 8 || p[0] != '=' || p[1] != '?')
		return false;
	stop = p + n;
	w->charset = p + 2;
	q = memchr(w->charset, '?', n - 2 < CHARSET_MAX ? n - 2 : CHARSET_MAX);
	if (q == NULL || stop - q < 5 || q[2] != '?')
		return false;
	w->charset_len = (size_t)(q - w->charset);
	w->enc = (char)toupper((unsigned char)q[1]);
	w->text = q + 3;
	for (end = w->text; end + 1 < stop; end++)
		if (end[0] == '?' && end[1] == '=')
			break;
	if (end + 1 >= stop || (w->enc != 'B' && w->enc != 'Q') ||
	    w->charset_len == 0)
		return false;
	w->text_len = (size_t)(end - w->text);
	w->len = (size_t)(end + 2 - p);
	lang = memchr(w->charset, '*', w->charset_len);	/* RFC 2231 5 */
	if (lang != NULL)
		w->charset_len = (size_t)(lang - w->charset);
	return true;
}

/* nibble - of a hex digit, -1 for others */
static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* word_octets - the text of a word, still in its charset */
static void
word_octets(const struct word *w, struct buf *out)
{
	const char	*p = w->text;
	size_t		 i, n = w->text_len;

	if (w->enc == 'B') {
		(void)mime_undo("base64", p, n, out);
		return;
	}
	for (i = 0; i < n; i++) {
		if (p[i] == '=' && i + 2 < n && nibble(p[i + 1]) >= 0 &&
		    nibble(p[i + 2]) >= 0) {
			(void)buf_addc(out, (char)(nibble(p[i + 1]) << 4 |
			    nibble(p[i + 2])));
			i += 2;
		} else {
			(void)buf_addc(out, p[i] == '_' ? ' ' : p[i]);
		}
	}
}

/* A run of words of one charset: a character may be split over two. */
struct run {
	char		charset[CHARSET_MAX + 1];
	struct buf	octets;
};

static void
run_flush(struct run *r, struct buf *out)
{
	if (r->octets.len > 0)
		(void)mime_to_utf8(r->charset, r->octets.data, r->octets.len,
		    out);
	buf_reset(&r->octets);
}

static void
run_add(struct run *r, const struct word *w, struct buf *out)
{
	if (strlen(r->charset) != w->charset_len ||
	    strncasecmp(r->charset, w->charset, w->charset_len) != 0)
		run_flush(r, out);
	memcpy(r->charset, w->charset, w->charset_len);
	r->charset[w->charset_len] = '\0';
	word_octets(w, &r->octets);
}

/* blank - nothing but white space? */
static bool
blank(const char *p, size_t n)
{
	while (n > 0 && (*p == ' ' || *p == '\t'))
		p++, n--;
	return n == 0;
}

/* decode_words - an unfolded value */
static void
decode_words(const char *p, size_t n, struct run *r, struct buf *out)
{
	struct word	w;
	size_t		i = 0, start = 0;
	bool		after = false;		/* a word ended at start */

	while (i < n && !out->failed) {
		if (p[i] != '=' || !word_read(p + i, n - i, &w)) {
			i++;
			continue;
		}
		/* white space between two words is no text (RFC 2047 6.2) */
		if (i > start && !(after && blank(p + start, i - start))) {
			run_flush(r, out);
			(void)mime_to_utf8("", p + start, i - start, out);
		}
		run_add(r, &w, out);
		i += w.len;
		start = i;
		after = true;
	}
	run_flush(r, out);
	if (start < n && !out->failed)
		(void)mime_to_utf8("", p + start, n - start, out);
}

int
mime_header_text(const char *value, size_t len, struct buf *out)
{
	struct buf	flat = BUF_INIT(len + 1);
	struct run	r = { "", BUF_INIT(len + 1) };

	mime_init();
	(void)header_unfold(value, len, &flat);
	decode_words(buf_str(&flat), flat.len, &r, out);
	buf_free(&r.octets);
	buf_free(&flat);
	return out->failed ? -1 : 0;
}

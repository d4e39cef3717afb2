/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * footer_part.c - one text part: decode, add, encode
 *
 *	charset			the footer becomes	the part becomes
 *	UTF-8			itself			-
 *	says it			that charset's octets	-
 *	cannot, HTML		numeric references	-
 *	none or US-ASCII, text	itself			UTF-8
 *	cannot, text		itself			UTF-8, if its octets
 *							convert without loss
 *	not ASCII in ASCII's	-			nothing is added
 *	place (UTF-16, UTF-7)
 */
#include "mail/footer_int.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "mail/charset.h"
#include "mail/mime_int.h"

#include "base/banned.h"

#define LINE_MAX_QP	75	/* octets of a line, and "=" */
#define B64_LINE	57	/* octets that make a line of 76 */

/* What a part's charset allows. */
enum kind { KIND_UTF8, KIND_ASCII, KIND_OTHER, KIND_SHIFTS, KIND_NO };

static enum kind
kind_of(const char *charset)
{
	static const char *const no[] = {
		"utf-16", "utf16", "utf-32", "utf-7", "ucs-", "iso-10646",
		"hz-", "iso-2022-kr", "iso-2022-cn", "unicode-1-1-utf-7",
		"ebcdic", "ibm037", "ibm500", "cp037"
	};
	size_t	i;

	if (*charset == '\0' || strcmp(charset, "us-ascii") == 0 ||
	    strcmp(charset, "ascii") == 0)
		return KIND_ASCII;
	if (strcmp(charset, "utf-8") == 0 || strcmp(charset, "utf8") == 0)
		return KIND_UTF8;
	if (strncmp(charset, "iso-2022-jp", 11) == 0)
		return KIND_SHIFTS;
	for (i = 0; i < sizeof no / sizeof *no; i++)
		if (strncmp(charset, no[i], strlen(no[i])) == 0)
			return KIND_NO;
	return KIND_OTHER;
}

/* convert - whole and without loss: 1; 0 it does not go; -1 no memory */
static int
convert(const char *to, const char *from, const char *p, size_t n,
    struct buf *out)
{
	char	 tmp[4096], *in = (char *)(uintptr_t)p, *o;
	size_t	 left = n, room, r;
	iconv_t	 cd;
	int	 last = 0;

	/* no "//TRANSLIT" behind a name */
	if (strchr(to, '/') != NULL || strchr(from, '/') != NULL)
		return 0;
	if ((cd = iconv_open(to, from)) == (iconv_t)-1)
		return errno == ENOMEM ? -1 : 0;
	buf_reset(out);
	do {
		o = tmp;
		room = sizeof tmp;
		last = left == 0;
		r = last ? iconv(cd, NULL, NULL, &o, &room) :
		    iconv(cd, &in, &left, &o, &room);
		(void)buf_add(out, tmp, (size_t)(o - tmp));
		/* r > 0: some character was only like it */
		if (out->failed || (r != 0 && !(r == (size_t)-1 &&
		    errno == E2BIG)))
			break;
	} while (!last);
	(void)iconv_close(cd);
	if (out->failed)
		return -1;
	return last && r == 0;
}

static bool
is_ascii(const char *p, size_t n)
{
	for (; n > 0; n--, p++)
		if ((*p & 0x80) != 0 || *p == '\033')
			return false;
	return true;
}

/* references - characters beyond ASCII as &#NNN; */
static int
references(const char *s, struct buf *out)
{
	size_t		len, i, n = strlen(s);
	unsigned long	cp;

	buf_reset(out);
	for (; n > 0; s += len, n -= len) {
		if ((len = charset_utf8_len(s, n)) <= 1) {
			len = 1;
			(void)buf_addc(out, (*s & 0x80) != 0 ? '?' : *s);
			continue;
		}
		cp = (unsigned char)s[0] & (0xffu >> (len + 1));
		for (i = 1; i < len; i++)
			cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
		(void)buf_addf(out, "&#%lu;", cp);
	}
	return out->failed ? -1 : 0;
}

/* in_ascii - is an ISO-2022-JP text back in its single-octet state? */
static bool
in_ascii(const char *p, size_t n)
{
	for (; n > 2; n--)
		if (p[n - 3] == '\033')
			return p[n - 2] == '(';
	return true;
}

/*
 * lines_for - the footer in the part's charset, or both in UTF-8
 *
 * Returns 1 with it in out; 0 when the part's charset will not have it; -1.
 */
static int
lines_for(const struct footer *f, bool html, const char *charset,
    struct buf *part, struct footer_piece *piece, struct buf *out)
{
	const char	*s = html ? f->html : f->text;
	enum kind	 kind = kind_of(charset);
	struct buf	 tmp = BUF_INIT(part->max);
	int		 rc;

	if (kind == KIND_NO)
		return 0;
	if (is_ascii(s, strlen(s)) || kind == KIND_UTF8)
		return buf_adds(out, s) == -1 ? -1 : 1;
	if (html && kind != KIND_OTHER)
		return references(s, out) == -1 ? -1 : 1;
	if (kind == KIND_ASCII) {
		if (!charset_is_utf8(buf_str(part), part->len))
			return 0;
		piece->utf8 = true;
		return buf_adds(out, s) == -1 ? -1 : 1;
	}
	if ((rc = convert(charset, "UTF-8", s, strlen(s), out)) != 0)
		return rc;
	if (html)
		return references(s, out) == -1 ? -1 : 1;
	rc = convert("UTF-8", charset, buf_str(part), part->len, &tmp);
	if (rc == 1) {
		buf_free(part);
		*part = tmp;
		piece->utf8 = true;
		buf_reset(out);
		return buf_adds(out, s) == -1 ? -1 : 1;
	}
	buf_free(&tmp);
	return rc;
}

/* add_lines - with the line ends that the part has */
static void
add_lines(struct buf *out, const struct buf *lines, bool crlf)
{
	size_t	i;

	for (i = 0; i < lines->len; i++) {
		if (lines->data[i] == '\n' && crlf)
			(void)buf_addc(out, '\r');
		(void)buf_addc(out, lines->data[i]);
	}
}

/* join - the part with the lines in their place; NULL, or what forbids it */
static const char *
join(const struct buf *part, const struct buf *lines, bool html, bool shifts,
    struct buf *out)
{
	const char	*p = buf_str(part);
	bool		 crlf = strstr(p, "\r\n") != NULL ||
			     strchr(p, '\n') == NULL;
	size_t		 at = html ? footer_html_place(p, part->len) :
			     part->len;

	if (at == (size_t)-1)
		return "HTML that does not end";
	if (shifts && !in_ascii(p, at))
		return "charset";
	(void)buf_add(out, p, at);
	if (at > 0 && p[at - 1] != '\n')
		(void)buf_adds(out, crlf ? "\r\n" : "\n");
	add_lines(out, lines, crlf);
	(void)buf_add(out, p + at, part->len - at);
	return NULL;
}

/* put_qp - quoted-printable; a CRLF is the end of a line, all else is kept */
static void
put_qp(const char *p, size_t n, struct buf *out)
{
	size_t	i, col = 0;
	bool	last, plain;

	for (i = 0; i < n; i++) {
		if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n') {
			(void)buf_adds(out, "\r\n");
			i++;
			col = 0;
			continue;
		}
		last = i + 1 == n || (i + 2 < n && p[i + 1] == '\r' &&
		    p[i + 2] == '\n');
		plain = (p[i] > ' ' && p[i] <= '~' && p[i] != '=') ||
		    ((p[i] == ' ' || p[i] == '\t') && !last);
		/* what some hop may take for something else */
		if (col == 0 && (p[i] == '.' || p[i] == 'F' || p[i] == '-'))
			plain = false;
		if (col + (plain ? 1 : 3) > LINE_MAX_QP) {
			(void)buf_adds(out, "=\r\n");
			col = 0;
		}
		if (plain)
			(void)buf_addc(out, p[i]);
		else
			(void)buf_addf(out, "=%02X", (unsigned char)p[i]);
		col += plain ? 1 : 3;
	}
}

static void
put_base64(const char *p, size_t n, struct buf *out)
{
	static const char	abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char		o[3];
	char			q[4];
	size_t			i, k;

	for (i = 0; i < n; i += 3) {
		k = n - i < 3 ? n - i : 3;
		memset(o, 0, sizeof o);
		memcpy(o, p + i, k);
		q[0] = abc[o[0] >> 2];
		q[1] = abc[(o[0] & 3) << 4 | o[1] >> 4];
		q[2] = k > 1 ? abc[(o[1] & 15) << 2 | o[2] >> 6] : '=';
		q[3] = k > 2 ? abc[o[2] & 63] : '=';
		(void)buf_add(out, q, 4);
		if ((i + 3) % B64_LINE == 0 || i + 3 >= n)
			(void)buf_adds(out, "\r\n");
	}
}

/* encode - as the part was, or quoted-printable where that is too little */
static void
encode(const char *encoding, const struct buf *b, struct footer_piece *piece)
{
	const char	*p = buf_str(b);

	if (strcmp(encoding, "base64") == 0) {
		put_base64(p, b->len, &piece->text);
	} else if (strcmp(encoding, "quoted-printable") == 0) {
		put_qp(p, b->len, &piece->text);
	} else if ((*encoding == '\0' || strcmp(encoding, "7bit") == 0) &&
	    memchr(p, '\033', b->len) == NULL && !is_ascii(p, b->len)) {
		put_qp(p, b->len, &piece->text);
		piece->encoding = "quoted-printable";
	} else {
		(void)buf_add(&piece->text, p, b->len);
	}
}

/* known_encoding - one that we can undo and do again */
static bool
known_encoding(const char *s)
{
	return *s == '\0' || strcmp(s, "7bit") == 0 ||
	    strcmp(s, "8bit") == 0 || strcmp(s, "binary") == 0 ||
	    strcmp(s, "base64") == 0 || strcmp(s, "quoted-printable") == 0;
}

/* closed - what a decoded part must not be, or NULL */
static const char *
closed(const struct buf *b)
{
	const char	*p = buf_str(b);

	if (strlen(p) != b->len)
		return "NUL octet";
	if (strstr(p, "-----BEGIN PGP ") != NULL)
		return "signed or encrypted";
	return NULL;
}

int
footer_piece(const struct footer *f, bool html, const char *charset,
    const char *encoding, const char *p, size_t n, struct footer_piece *piece)
{
	struct buf	part, lines = BUF_INIT(FOOTER_ROOM), whole;
	int		rc = 1;

	memset(piece, 0, sizeof *piece);
	buf_init(&part, 4 * n + FOOTER_ROOM);
	buf_init(&whole, 4 * n + FOOTER_ROOM);
	buf_init(&piece->text, 12 * n + FOOTER_ROOM);
	if (!known_encoding(encoding))
		piece->why = "transfer encoding";
	else if (mime_undo(encoding, p, n, &part) == -1)
		rc = -1;
	else if (f->linked != NULL && f->linked(f->arg, buf_str(&part),
	    part.len))
		piece->linked = true;
	else if ((piece->why = closed(&part)) == NULL &&
	    (rc = lines_for(f, html, charset, &part, piece, &lines)) == 1 &&
	    (piece->why = join(&part, &lines, html, !piece->utf8 &&
	    kind_of(charset) == KIND_SHIFTS, &whole)) == NULL)
		encode(encoding, &whole, piece);
	if (rc == 0)
		piece->why = "charset";
	if (lines.failed || part.failed || whole.failed || piece->text.failed)
		rc = -1;
	buf_free(&part);
	buf_free(&lines);
	buf_free(&whole);
	return rc == -1 ? -1 : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* view_part.c - see view_int.h: transfer encodings */
#include "mail/view_int.h"

#include <stdint.h>
#include <string.h>

#include "base/banned.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* blanks_to_eol - octets of blanks at p if a line end follows them, else 0 */
static size_t
blanks_to_eol(const char *p, size_t n)
{
	size_t	i = 0;

	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	if (i < n && (p[i] == '\n' || (p[i] == '\r' && i + 1 < n &&
	    p[i + 1] == '\n')))
		return i;
	return 0;
}

/* eol - octets of the line end at p, 0 if there is none */
static size_t
eol(const char *p, size_t n)
{
	if (n > 0 && p[0] == '\n')
		return 1;
	return n > 1 && p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

int
view_unqp(const char *p, size_t n, bool header, struct buf *out)
{
	size_t	i = 0, from, k, blank_end = 0;

	while (i < n) {
		for (from = i; i < n && p[i] != '=' && p[i] != ' ' &&
		    p[i] != '\t' && !(header && p[i] == '_'); i++)
			;
		if (buf_add(out, p + from, i - from) == -1)
			return -1;
		if (i == n)
			break;
		if (p[i] == '_') {
			if (buf_addc(out, ' ') == -1)
				return -1;
			i++;
		} else if (p[i] != '=') {
			/* A run of blanks is measured once. */
			if (i >= blank_end) {
				if ((k = blanks_to_eol(p + i, n - i)) > 0) {
					i += k;
					continue;
				}
				for (blank_end = i; blank_end < n &&
				    (p[blank_end] == ' ' ||
				    p[blank_end] == '\t'); blank_end++)
					;
			}
			if (buf_addc(out, p[i++]) == -1)
				return -1;
		} else if (n - i > 2 && hex(p[i + 1]) >= 0 &&
		    hex(p[i + 2]) >= 0) {
			if (buf_addc(out, (char)(hex(p[i + 1]) * 16 +
			    hex(p[i + 2]))) == -1)
				return -1;
			i += 3;
		} else {
			k = blanks_to_eol(p + i + 1, n - i - 1);
			from = eol(p + i + 1 + k, n - i - 1 - k);
			if (from > 0)
				i += 1 + k + from;	/* soft line break */
			else if (buf_addc(out, p[i++]) == -1)
				return -1;
		}
	}
	return 0;
}

/* base64_digit - value of a digit, -1 for what is none */
static int
base64_digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* is_clean - nothing but digits, padding, blanks, and a whole number of
 * quadruples */
static bool
is_clean(const char *p, size_t n)
{
	size_t	i, digits = 0;

	for (i = 0; i < n; i++) {
		if (base64_digit((unsigned char)p[i]) != -1 || p[i] == '=')
			digits++;
		else if (p[i] != ' ' && (p[i] < '\t' || p[i] > '\r'))
			return false;
	}
	return digits % 4 == 0;
}

int
view_unbase64(const char *p, size_t n, struct buf *out)
{
	char		 tmp[768];
	uint32_t	 acc = 0;
	unsigned	 bits = 0;
	size_t		 i, k = 0;
	int		 d, inside = is_clean(p, n) ? 0 : 63;

	/* Padding at the end says nothing; what it is inside of the text is
	 * SpamAssassin's choice. */
	while (n > 0 && base64_digit((unsigned char)p[n - 1]) == -1)
		n--;
	for (i = 0; i < n; i++) {
		if ((d = base64_digit((unsigned char)p[i])) == -1) {
			if (p[i] != '=')
				continue;
			d = inside;
		}
		acc = acc << 6 | (uint32_t)d;
		if ((bits += 6) < 8)
			continue;
		bits -= 8;
		tmp[k++] = (char)(acc >> bits & 0xff);
		if (k == sizeof tmp) {
			if (buf_add(out, tmp, k) == -1)
				return -1;
			k = 0;
		}
	}
	return buf_add(out, tmp, k);
}

/* no_crlf - CRLF becomes LF, in place */
static void
no_crlf(struct buf *b)
{
	char	*from, *to, *end;

	if (b->len == 0 || (from = memchr(b->data, '\r', b->len)) == NULL)
		return;
	end = b->data + b->len;
	for (to = from; from < end; from++)
		if (*from != '\r' || from + 1 == end || from[1] != '\n')
			*to++ = *from;
	b->len = (size_t)(to - b->data);
	*to = '\0';
}

/* copy_wrapped - long lines split once for every multipart around them */
static int
copy_wrapped(const struct view_part *part, struct buf *out)
{
	const char	*p = part->body, *end = p + part->len, *nl, *stop;
	unsigned	 i;

	if (part->wraps == 0)
		return buf_add(out, p, part->len);
	while (p < end) {
		nl = memchr(p, '\n', (size_t)(end - p));
		stop = nl == NULL ? end : nl + 1;
		while (stop - p > VIEW_LINE_MAX) {
			if (buf_add(out, p, VIEW_LINE_MAX) == -1)
				return -1;
			for (i = 0; i < part->wraps; i++)
				if (buf_addc(out, '\n') == -1)
					return -1;
			p += VIEW_LINE_MAX;
		}
		if (buf_add(out, p, (size_t)(stop - p)) == -1)
			return -1;
		p = stop;
	}
	return 0;
}

int
view_part_decode(struct view *v, const struct view_part *part,
    struct buf *out)
{
	struct buf	wrapped = BUF_INIT(v->lim.octets * 2 + 64);
	int		rc = 0;

	if (strcmp(part->encoding, "base64") == 0) {
		(void)view_unbase64(part->body, part->len, out);
		if (strncmp(part->type, "text/", 5) == 0 ||
		    strncmp(part->type, "message/", 8) == 0)
			no_crlf(out);
	} else if (strcmp(part->encoding, "quoted-printable") == 0) {
		if (copy_wrapped(part, &wrapped) == 0)
			(void)view_unqp(buf_str(&wrapped), wrapped.len, false,
			    out);
		no_crlf(out);
	} else
		(void)copy_wrapped(part, out);
	if (out->failed) {
		v->truncated = true;
		if (out->len + 4096 < out->max)
			rc = -1;
		out->failed = false;
	}
	if (out->starved || wrapped.starved)
		rc = -1;
	buf_free(&wrapped);
	return rc;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* view_header.c - see view.h: RFC 2047 in header values, as rules expect it */
#include "mail/view_int.h"

#include <string.h>
#include <strings.h>

#include "mail/charset.h"
#include "base/banned.h"

#define CHARSET_MAX	40	/* octets of a charset's name */

/* One =?charset?B?text?= as it stands. */
struct word {
	const char	*charset, *text;
	size_t		 ncharset, ntext, len;	/* len: of the whole */
	bool		 base64;
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* plain_field - fields that hold no encoded words, whatever they look like */
static bool
plain_field(const char *name)
{
	static const char *const	names[] = {
		"Received", "Message-ID", "Resent-Message-ID", "Date",
		"Resent-Date", "MIME-Version", "References", "In-Reply-To"
	};
	size_t				i;

	if (strncasecmp(name, "List-", 5) == 0)
		return true;
	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

/* word_at - is there an encoded word at p? */
static bool
word_at(const char *p, const char *end, struct word *w)
{
	const char	*q = p + 2, *close;

	if (end - p < 8 || p[0] != '=' || p[1] != '?')
		return false;
	w->charset = q;
	while (q < end && ((*q >= 'A' && *q <= 'Z') || (*q >= 'a' &&
	    *q <= 'z') || (*q >= '0' && *q <= '9') || *q == '*' ||
	    *q == '_' || *q == '-'))
		q++;
	w->ncharset = (size_t)(q - w->charset);
	if (w->ncharset == 0 || end - q < 5 || q[0] != '?' || q[2] != '?' ||
	    strchr("bBqQ", q[1]) == NULL)
		return false;
	w->base64 = (q[1] | 0x20) == 'b';
	w->text = q + 3;
	close = memchr(w->text, '?', (size_t)(end - w->text));
	if (close == NULL || close + 1 == end || close[1] != '=')
		return false;
	w->ntext = (size_t)(close - w->text);
	w->len = (size_t)(close + 2 - p);
	return true;
}

/* same_charset - may two words' octets be joined before conversion? */
static bool
same_charset(const struct word *a, const struct word *b)
{
	return a->ncharset == b->ncharset &&
	    strncasecmp(a->charset, b->charset, a->ncharset) == 0;
}

/* flush - the octets collected from words of one charset, converted */
static int
flush(const struct word *w, struct buf *octets, struct buf *out)
{
	char		 cs[CHARSET_MAX + 1];
	const char	*star;
	size_t		 n = w->ncharset;

	/* RFC 2231 5: a language may follow the charset */
	if ((star = memchr(w->charset, '*', n)) != NULL)
		n = (size_t)(star - w->charset);
	if (n > CHARSET_MAX)
		n = CHARSET_MAX;
	memcpy(cs, w->charset, n);
	cs[n] = '\0';
	if (octets->starved || charset_utf8(cs, buf_str(octets), octets->len,
	    true, out) == -1 || out->starved)
		return -1;
	buf_reset(octets);
	return 0;
}

/* decode_words - encoded words replaced, blanks between two of them dropped */
static int
decode_words(const char *p, size_t n, struct buf *out)
{
	struct buf	 octets = BUF_INIT(n + 1);
	struct word	 w, last = { 0 };
	const char	*end = p + n, *q, *eq;
	bool		 open = false;
	int		 rc = 0;

	while (p < end && rc == 0) {
		if (word_at(p, end, &w)) {
			if (open && !same_charset(&last, &w))
				rc = flush(&last, &octets, out);
			if (w.base64)
				(void)view_unbase64(w.text, w.ntext, &octets);
			else
				(void)view_unqp(w.text, w.ntext, true,
				    &octets);
			last = w;
			open = true;
			p += w.len;
			for (q = p; q < end && is_space(*q); q++)
				;
			if (q > p && q < end && word_at(q, end, &w))
				p = q;
			continue;
		}
		if (open)
			rc = flush(&last, &octets, out);
		open = false;
		eq = memchr(p + 1, '=', (size_t)(end - p) - 1);
		if (eq == NULL)
			eq = end;
		(void)buf_add_some(out, p, (size_t)(eq - p));
		p = eq;
	}
	if (open && rc == 0)
		rc = flush(&last, &octets, out);
	buf_free(&octets);
	return rc;
}

/* unfold - line ends dropped, the blank behind one made a space, ends cut */
static int
unfold(const char *p, size_t n, struct buf *out)
{
	const char	*nl;
	size_t		 k;

	while (n > 0 && is_space(p[n - 1]))
		n--;
	while (n > 0 && is_space(*p)) {
		p++;
		n--;
	}
	while ((nl = memchr(p, '\n', n)) != NULL) {
		k = (size_t)(nl - p);
		if (buf_add(out, p, k > 0 && p[k - 1] == '\r' ? k - 1 : k) ==
		    -1)
			return -1;
		p += k + 1;
		n -= k + 1;
		if (n > 0 && (*p == ' ' || *p == '\t')) {
			while (n > 0 && (*p == ' ' || *p == '\t')) {
				p++;
				n--;
			}
			if (buf_addc(out, ' ') == -1)
				return -1;
		}
	}
	return buf_add(out, p, n);
}

int
view_decode_header(const char *name, const char *value, size_t len,
    struct buf *out)
{
	struct buf	 flat = BUF_INIT(len + 1), utf8 = BUF_INIT(4 * len + 4);
	const struct buf *from = &flat;
	size_t		 i;
	int		 rc = -1;

	if (unfold(value, len, &flat) == -1)
		goto done;
	for (i = 0; i < flat.len && (unsigned char)flat.data[i] < 0x80; i++)
		;
	if (i < flat.len) {
		if (charset_utf8("utf-8", flat.data, flat.len, false,
		    &utf8) == -1 || utf8.starved)
			goto done;
		from = &utf8;
	}
	if (plain_field(name) || from->len == 0 ||
	    memmem(from->data, from->len, "=?", 2) == NULL) {
		(void)buf_add_some(out, buf_str(from), from->len);
		rc = 0;
	} else
		rc = decode_words(from->data, from->len, out);
	if (out->starved)
		rc = -1;
done:
	buf_free(&utf8);
	buf_free(&flat);
	return rc;
}

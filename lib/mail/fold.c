/* SPDX-License-Identifier: BSD-2-Clause */
/* fold.c - see fold.h */
#include "mail/fold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include "mail/charset.h"
#include "base/banned.h"

/* Letters that look like a Latin one, by code point. */
static const struct {
	uint16_t	from;
	char		to;
} lookalikes[] = {
	{ 0x0131, 'i' }, { 0x0142, 'l' }, { 0x0251, 'a' }, { 0x0261, 'g' },
	{ 0x026a, 'i' }, { 0x0274, 'n' }, { 0x0280, 'r' }, { 0x028f, 'y' },
	{ 0x0299, 'b' }, { 0x029c, 'h' }, { 0x029f, 'l' },
	{ 0x03b1, 'a' }, { 0x03b5, 'e' }, { 0x03b7, 'n' }, { 0x03b9, 'i' },
	{ 0x03ba, 'k' }, { 0x03bd, 'v' }, { 0x03bf, 'o' }, { 0x03c1, 'p' },
	{ 0x03c4, 't' }, { 0x03c5, 'u' }, { 0x03c7, 'x' }, { 0x03c9, 'w' },
	{ 0x0430, 'a' }, { 0x0432, 'b' }, { 0x0433, 'r' }, { 0x0435, 'e' },
	{ 0x043a, 'k' }, { 0x043c, 'm' }, { 0x043d, 'h' }, { 0x043e, 'o' },
	{ 0x043f, 'n' }, { 0x0440, 'p' }, { 0x0441, 'c' }, { 0x0442, 't' },
	{ 0x0443, 'y' }, { 0x0445, 'x' }, { 0x0455, 's' }, { 0x0456, 'i' },
	{ 0x0458, 'j' }, { 0x04bb, 'h' }, { 0x04cf, 'l' }, { 0x0501, 'd' },
	{ 0x051b, 'q' }, { 0x051d, 'w' }, { 0x0561, 'w' }, { 0x0570, 'h' },
	{ 0x0578, 'n' }, { 0x057d, 'u' }, { 0x0585, 'o' },
};

/* unseen - takes no room on the page */
static bool
unseen(ucs4_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) ||
	    c == 0xfeff || (c >= 0xe0000 && c <= 0xe0fff) ||
	    (c >= 0x300 && c <= 0x36f);
}

static bool
blank(ucs4_t c)
{
	return c == ' ' || (c >= 9 && c <= 13) || c == 0x85 || c == 0xa0 ||
	    c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	    c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* no_blanks - of a script that is written without blanks between words */
static bool
no_blanks(ucs4_t c)
{
	return (c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1000 && c <= 0x109f) ||
	    (c >= 0x1780 && c <= 0x17ff) || (c >= 0x2e80 && c <= 0x2fff) ||
	    (c >= 0x3001 && c <= 0x312f) || (c >= 0x31a0 && c <= 0x4dbf) ||
	    (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
	    (c >= 0x20000 && c <= 0x3ffff);
}

static ucs4_t
look(ucs4_t c)
{
	size_t	lo = 0, hi = sizeof lookalikes / sizeof lookalikes[0], mid;

	if (c < lookalikes[0].from || c > lookalikes[hi - 1].from)
		return c;
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (lookalikes[mid].from < c)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < sizeof lookalikes / sizeof lookalikes[0] &&
	    lookalikes[lo].from == c ? (ucs4_t)lookalikes[lo].to : c;
}

/* What was written last, to know what a blank would stand between. */
struct tail {
	ucs4_t	last;		/* 0: nothing yet */
	bool	blank;		/* a blank is due before the next */
};

static int
put(struct tail *t, ucs4_t c, struct buf *out)
{
	if (blank(c)) {
		t->blank = t->last != 0;
		return 0;
	}
	if (unseen(c))
		return 0;
	if (t->blank && !(no_blanks(t->last) && no_blanks(c)) &&
	    buf_addc(out, ' ') == -1)
		return -1;
	t->blank = false;
	t->last = c;
	return charset_put(c, out);
}

static bool
is_ascii(const char *p, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] >= 0x80)
			return false;
	return true;
}

/* fold_ascii - the common case, without a table */
static int
fold_ascii(const char *p, size_t n, struct buf *out)
{
	struct tail	t = { 0, false };
	size_t		i;
	char		c;

	for (i = 0; i < n; i++) {
		c = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] | 0x20) : p[i];
		if (c == '\0')
			c = ' ';
		if (put(&t, (ucs4_t)c, out) == -1)
			return -1;
	}
	return 0;
}

/* points - UTF-8 as code points, NUL and what is not valid as blanks */
static uint32_t *
points(const char *p, size_t n, size_t *len)
{
	uint32_t	*v = malloc((n + 1) * sizeof *v);
	size_t		 i = 0, k;
	ucs4_t		 c;

	for (*len = 0; v != NULL && i < n; i += k) {
		if (p[i] == '\0' || (k = charset_utf8_len(p + i, n - i)) ==
		    0) {
			c = ' ';
			k = 1;
		} else
			(void)u8_mbtouc_unsafe(&c, (const uint8_t *)p + i,
			    k);
		v[(*len)++] = c;
	}
	return v;
}

int
fold_text(const char *p, size_t n, struct buf *out)
{
	struct tail	 t = { 0, false };
	uint32_t	*in, *flat = NULL, *low = NULL;
	size_t		 len, i;
	int		 rc = -1;

	if (is_ascii(p, n))
		return fold_ascii(p, n, out);
	if ((in = points(p, n, &len)) == NULL)
		return -1;
	if ((flat = u32_normalize(UNINORM_NFKD, in, len, NULL, &len)) ==
	    NULL ||
	    (low = u32_casefold(flat, len, NULL, NULL, NULL, &len)) == NULL)
		goto done;
	for (i = 0; i < len; i++)
		if (put(&t, look(low[i]), out) == -1)
			goto done;
	rc = 0;
done:
	free(low);
	free(flat);
	free(in);
	return rc;
}

/* part_of_word - letters and digits; of other scripts, whatever is not one of
 * those without blanks */
static bool
part_of_word(ucs4_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
	return !no_blanks(c) && !(c >= 0xa0 && c < 0xc0) &&
	    !(c >= 0x2010 && c <= 0x2bff);
}

bool
fold_border(const char *p, size_t n, size_t at)
{
	ucs4_t	before, behind;
	size_t	i = at;

	if (at == 0 || at >= n)
		return true;
	do {
		i--;
	} while (i > 0 && ((unsigned char)p[i] & 0xc0) == 0x80);
	(void)u8_mbtouc(&before, (const uint8_t *)p + i, at - i);
	(void)u8_mbtouc(&behind, (const uint8_t *)p + at, n - at);
	return !part_of_word(before) || !part_of_word(behind);
}

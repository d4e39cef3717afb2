/* SPDX-License-Identifier: BSD-2-Clause */
/* rows_json.c - rows that are a JSON object each; see rows_int.h */
#include "store/rows_int.h"

#include <ctype.h>
#include <string.h>

#include "base/banned.h"

/* json_hex4 - four hex digits as a number, or -1 */
static long
json_hex4(const char *p, const char *end)
{
	long	v = 0;
	int	i, c;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		c = (unsigned char)p[i];
		if (!isxdigit(c))
			return -1;
		v = v * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return v;
}

/* utf8 - one character; the octets written */
static size_t
utf8(unsigned long c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* json_escape - after a backslash; what follows, NULL when broken */
static const char *
json_escape(const char *p, const char *end, char out[4], size_t *n)
{
	static const char	from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char		*at;
	long			 c, low;

	*n = 1;
	if (p == end)
		return NULL;
	if (*p != 'u') {
		if (*p == '\0' || (at = strchr(from, *p)) == NULL)
			return NULL;
		out[0] = to[at - from];
		return p + 1;
	}
	if ((c = json_hex4(p + 1, end)) == -1)
		return NULL;
	p += 5;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' &&
	    p[1] == 'u' && (low = json_hex4(p + 2, end)) >= 0xdc00 &&
	    low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		p += 6;
	}
	if (c >= 0xd800 && c < 0xe000)
		return NULL;		/* half a pair */
	*n = utf8((unsigned long)c, out);
	return p;
}

/* json_string - after the first quote; what follows the last, or NULL */
static const char *
json_string(const char *p, const char *end, struct field *f)
{
	char	c[4];
	size_t	n, len = 0;

	while (p < end && *p != '"') {
		n = 1;
		c[0] = *p;
		if ((unsigned char)*p < ' ')
			return NULL;
		if (*p++ == '\\' && (p = json_escape(p, end, c, &n)) == NULL)
			return NULL;
		if (len + n <= sizeof f->copy)
			memcpy(f->copy + len, c, n);
		len += n;
	}
	f->p = f->copy;
	f->n = len < sizeof f->copy ? len : sizeof f->copy;
	return p < end ? p + 1 : NULL;
}

/* json_skip - any value that is no string: up to its end, brackets counted */
static const char *
json_skip(const char *p, const char *end, struct field *scratch)
{
	int	depth = 0;

	while (p < end) {
		if (depth == 0 && (*p == ',' || *p == '}'))
			return p;
		if (*p == '"') {
			if ((p = json_string(p + 1, end, scratch)) == NULL)
				return NULL;
			continue;
		}
		depth += *p == '{' || *p == '[';
		depth -= *p == '}' || *p == ']';
		p++;
	}
	return NULL;
}

/* json_wanted - the field that a member of this name goes to */
static struct field *
json_wanted(const struct rows *r, struct fields *out, const struct field *key)
{
	if (r->addr_key[0] != '\0' ? field_is(key, r->addr_key) :
	    field_is_addr(key)) {
		out->have_addr = true;
		return &out->addr;
	}
	if (field_is(key, "reason") || field_is(key, "SuppressionReason") ||
	    field_is(key, "type"))
		return &out->reason;
	if (field_is(key, "created") || field_is(key, "created_at") ||
	    field_is(key, "CreatedAt") || field_is(key, "LastUpdateTime") ||
	    field_is(key, "date"))
		return &out->date;
	return NULL;
}

const char *
rows_json(const struct rows *r, const char *p, const char *end,
    struct fields *out)
{
	static const char	broken[] = "not a JSON object";
	struct field		key, scratch, *to;

	p = blanks(p, end);
	if (p == end || *p++ != '{')
		return broken;
	for (p = blanks(p, end); p < end && *p != '}'; p = blanks(p, end)) {
		if (*p != '"' || (p = json_string(p + 1, end, &key)) == NULL)
			return broken;
		p = blanks(p, end);
		if (p == end || *p != ':')
			return broken;
		p = blanks(p + 1, end);
		to = json_wanted(r, out, &key);
		if (p < end && *p == '"')
			p = json_string(p + 1, end, to != NULL ? to :
			    &scratch);
		else
			p = json_skip(p, end, &scratch);
		if (p == NULL)
			return broken;
		p = blanks(p, end);
		if (p < end && *p == ',')
			p++;
		else if (p == end || *p != '}')
			return broken;
	}
	return p < end ? NULL : broken;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fields.c - blocks of "Name: value" lines: delivery-status, feedback-report
 *
 * More tolerant than a mail header: a line that is no field and not indented
 * belongs to the value before it, since real reports wrap their diagnostics
 * without white space.
 */
#include "feedback/parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"

#define ADDRESS_MAX	1000	/* octets; longer than any that is delivered */

/* split - "Name: value"; false when the line is none */
static bool
split(struct text line, struct field *f)
{
	size_t	i = 0, n;

	while (i < line.n && (isalnum((unsigned char)line.p[i]) ||
	    line.p[i] == '-' || line.p[i] == '_'))
		i++;
	n = i;
	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	if (n == 0 || n > 64 || i >= line.n || line.p[i] != ':')
		return false;
	f->name = (struct text){ line.p, n };
	f->value = text_trim((struct text){ line.p + i + 1,
	    line.n - i - 1 });
	return true;
}

/* extend - put a further line behind the value of the last field */
static void
extend(struct parse *ps, struct field *f, struct text line)
{
	struct buf	b = BUF_INIT(VALUE_MAX);

	line = text_trim(line);
	if (line.n == 0 || f->value.n >= VALUE_MAX)
		return;
	(void)buf_add_some(&b, f->value.p, f->value.n);
	if (b.len > 0)
		(void)buf_add_some(&b, " ", 1);
	(void)buf_add_some(&b, line.p, line.n);
	f->value.p = arena_dup(ps->arena, buf_str(&b), b.len);
	f->value.n = f->value.p[0] == '\0' ? 0 : b.len;
	buf_free(&b);
}

bool
fields_next(struct parse *ps, struct text *rest, struct fields *fs)
{
	struct text	line;
	struct field	f;

	fs->n = 0;
	while (text_line(rest, &line)) {
		if (text_trim(line).n == 0) {
			if (fs->n > 0)
				return true;
			continue;		/* empty lines before it */
		}
		if (line.p[0] != ' ' && line.p[0] != '\t' &&
		    split(line, &f)) {
			if (fs->n < FIELDS_MAX)
				fs->v[fs->n++] = f;
			continue;
		}
		if (fs->n > 0)
			extend(ps, &fs->v[fs->n - 1], line);
	}
	return fs->n > 0;
}

struct text
fields_get(const struct fields *fs, const char *name)
{
	size_t	i;

	for (i = 0; i < fs->n; i++)
		if (text_is(fs->v[i].name, name))
			return fs->v[i].value;
	return (struct text){ "", 0 };
}

/* unxtext - \x{HEX} of a utf-8-addr-xtext (RFC 6533 3) as UTF-8 */
static void
unxtext(struct text t, struct buf *out)
{
	unsigned long	cp;
	size_t		i, k;

	for (i = 0; i < t.n; i++) {
		if (t.n - i < 5 || memcmp(t.p + i, "\\x{", 3) != 0) {
			(void)buf_addc(out, t.p[i]);
			continue;
		}
		cp = 0;
		for (k = i + 3; k < t.n && k < i + 9 &&
		    isxdigit((unsigned char)t.p[k]); k++)
			cp = cp << 4 | (unsigned long)(isdigit(
			    (unsigned char)t.p[k]) ? t.p[k] - '0' :
			    (t.p[k] | 0x20) - 'a' + 10);
		if (k >= t.n || t.p[k] != '}' || cp < 0x20 || cp > 0x10ffff ||
		    (cp >= 0xd800 && cp < 0xe000)) {
			(void)buf_addc(out, t.p[i]);
			continue;
		}
		if (cp < 0x80) {
			(void)buf_addc(out, (char)cp);
		} else if (cp < 0x800) {
			(void)buf_addc(out, (char)(0xc0 | cp >> 6));
			(void)buf_addc(out, (char)(0x80 | (cp & 0x3f)));
		} else {
			if (cp < 0x10000) {
				(void)buf_addc(out, (char)(0xe0 | cp >> 12));
			} else {
				(void)buf_addc(out, (char)(0xf0 | cp >> 18));
				(void)buf_addc(out,
				    (char)(0x80 | (cp >> 12 & 0x3f)));
			}
			(void)buf_addc(out, (char)(0x80 | (cp >> 6 & 0x3f)));
			(void)buf_addc(out, (char)(0x80 | (cp & 0x3f)));
		}
		i = k;
	}
}

/* whole - is the value nothing but an address, however odd? */
static bool
whole(struct text v, struct text *addr)
{
	size_t	i;
	bool	at = false;

	if (v.n > 2 && v.p[0] == '<' && v.p[v.n - 1] == '>')
		v = (struct text){ v.p + 1, v.n - 2 };
	for (i = 0; i < v.n; i++) {
		if ((unsigned char)v.p[i] <= ' ' || v.p[i] == '<' ||
		    v.p[i] == '>' || v.p[i] == '(')
			return false;
		at |= v.p[i] == '@';
	}
	*addr = v;
	return at && v.n <= ADDRESS_MAX;
}

const char *
fields_address(struct parse *ps, struct text v)
{
	const char	*semi = memchr(v.p, ';', v.n);
	struct text	 type = { v.p, 0 }, addr;
	struct buf	 b = BUF_INIT(1024);
	const char	*out;
	size_t		 from = 0;

	if (semi != NULL) {
		type.n = (size_t)(semi - v.p);
		v.n -= (size_t)(semi + 1 - v.p);
		v.p = semi + 1;
	}
	v = text_trim(v);
	if (text_is(text_trim(type), "utf-8") &&
	    memmem(v.p, v.n, "\\x{", 3) != NULL) {
		unxtext(v, &b);
		v = (struct text){ buf_str(&b), b.len };
	}
	if (whole(v, &addr) || text_address(v, &from, &addr))
		out = arena_dup(ps->arena, addr.p, addr.n);
	else
		out = "";
	buf_free(&b);
	return out;
}

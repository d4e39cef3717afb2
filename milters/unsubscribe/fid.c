/* SPDX-License-Identifier: BSD-2-Clause */
/* fid.c - see fid.h */
#include "unsubscribe/fid.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#include "base/banned.h"

#define NAME_SIZE	96	/* octets of what stands in ${...} */

static const char *const words[] = {
	"stream", "class", "list_id", "sender_domain", "month"
};

enum { W_STREAM, W_CLASS, W_LIST_ID, W_DOMAIN, W_MONTH, W_HEADER, W_NONE };

static const char	header_word[] = "header:";

/* which - the word at "${", and its end behind "}"; the name is copied out */
static int
which(const char *p, const char **after, char name[NAME_SIZE])
{
	const char	*end = strchr(p, '}');
	size_t		 i, n;

	if (end == NULL || (n = (size_t)(end - p) - 2) >= NAME_SIZE)
		return W_NONE;
	memcpy(name, p + 2, n);
	name[n] = '\0';
	*after = end + 1;
	for (i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(name, words[i]) == 0)
			return (int)i;
	n = sizeof header_word - 1;
	if (strncmp(name, header_word, n) != 0 || !header_name_ok(name + n))
		return W_NONE;
	memmove(name, name + n, strlen(name + n) + 1);
	return W_HEADER;
}

/* check_sender_id - the last part */
static int
check_sender_id(const char *p, struct err *e)
{
	size_t	n;

	for (n = 0; isalnum((unsigned char)p[n]) && (p[n] & 0x80) == 0; n++)
		;
	if (p[n] != '\0' || n < 5 || n > 15)
		return err_set(e, "the last part, \"%s\", must be 5 to 15 "
		    "letters and digits that never change", p);
	return 0;
}

int
fid_check(const char *template, struct err *e)
{
	const char	*p = template, *after, *last = template;
	char		 name[NAME_SIZE];
	unsigned	 parts = 1;

	while (*p != '\0') {
		if (p[0] == '$') {
			if (p[1] != '{' || which(p, &after, name) == W_NONE)
				return err_set(e, "unknown %.40s; there are "
				    "${stream}, ${class}, ${list_id}, "
				    "${sender_domain}, ${month} and "
				    "${header:NAME}", p);
			p = after;
			continue;
		}
		if (*p <= ' ' || *p >= 0x7f)
			return err_set(e, "blanks and characters beyond "
			    "ASCII are not allowed");
		if (*p++ == ':') {
			parts++;
			last = p;
		}
	}
	if (parts != 4)
		return err_set(e, "has %u parts, want 4: a:b:c:SenderId",
		    parts);
	if (strlen(template) > FID_MAX / 2)
		return err_set(e, "longer than %d octets", FID_MAX / 2);
	return check_sender_id(last, e);
}

/* put_word - what is filled in, made harmless */
static void
put_word(struct buf *out, const char *s, size_t n)
{
	size_t	i, end = out->len + FID_WORD_MAX;

	if (n == 0)
		(void)buf_addc(out, '-');
	for (i = 0; i < n && out->len < end && !out->failed; i++)
		(void)buf_addc(out, (s[i] & 0x80) == 0 &&
		    (isalnum((unsigned char)s[i]) || strchr("._-", s[i]) !=
		    NULL) && s[i] != '\0' ? s[i] : '_');
}

/* put_list_id - what stands in <...>, or all of it */
static void
put_list_id(struct buf *out, const char *id)
{
	const char	*open = strchr(id, '<');

	if (open != NULL)
		put_word(out, open + 1, strcspn(open + 1, ">"));
	else
		put_word(out, id, strlen(id));
}

/* put_header - the first field of that name */
static void
put_header(struct buf *out, const struct header_list *l, const char *name)
{
	const struct header	*h = header_first(l, name);
	struct buf		 b = BUF_INIT(FID_WORD_MAX);

	/* a long value is cut, not lost: what fits is in the buffer */
	if (h != NULL)
		(void)header_unfold(h->value, h->value_len < FID_WORD_MAX ?
		    h->value_len : FID_WORD_MAX, &b);
	put_word(out, buf_str(&b), b.len);
	buf_free(&b);
}

/* put_month - "202611" */
static void
put_month(struct buf *out)
{
	time_t		now = clock_now();
	struct tm	tm;

	if (gmtime_r(&now, &tm) == NULL)
		(void)buf_addc(out, '-');
	else
		(void)buf_addf(out, "%04d%02d", tm.tm_year + 1900,
		    tm.tm_mon + 1);
}

int
fid_expand(const struct stream *s, const char *sender,
    const struct header_list *l, struct buf *out)
{
	const char	*p = s->feedback_id, *klass, *at;
	char		 name[NAME_SIZE];

	while (*p != '\0') {
		if (*p != '$') {
			(void)buf_addc(out, *p++);
			continue;
		}
		switch (which(p, &p, name)) {
		case W_STREAM:
			put_word(out, s->name, strlen(s->name));
			break;
		case W_CLASS:
			klass = stream_class_name(s->klass);
			put_word(out, klass, strlen(klass));
			break;
		case W_LIST_ID:
			put_list_id(out, s->list_id);
			break;
		case W_DOMAIN:
			at = strrchr(sender, '@');
			at = at != NULL ? at + 1 : "";
			put_word(out, at, strlen(at));
			break;
		case W_MONTH:
			put_month(out);
			break;
		case W_HEADER:
			put_header(out, l, name);
			break;
		default:	/* fid_check() let nothing else through */
			return -1;
		}
	}
	return out->failed ? -1 : 0;
}

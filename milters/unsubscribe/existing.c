/* SPDX-License-Identifier: BSD-2-Clause */
/* existing.c - see existing.h */
#include "unsubscribe/existing.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"

#include "base/banned.h"

#define VALUE_MAX	8192	/* octets; a longer header is nobody's link */
#define DEPTH_MAX	16	/* comments in comments */

/* What the URIs of a field are. */
struct uris {
	unsigned	https, http, others;
};

/* skip - white space and comments; NULL when a comment does not end */
static const char *
skip(const char *p)
{
	int	depth = 0;

	for (; *p != '\0'; p++) {
		if (depth > 0 && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '(' && ++depth > DEPTH_MAX)
			return NULL;
		else if (*p == ')' && depth > 0)
			depth--;
		else if (depth == 0 && strchr(" \t\r\n)", *p) == NULL)
			return p;
		else if (depth == 0 && *p == ')')
			return p;
	}
	return depth == 0 ? p : NULL;
}

/* uri - "<...>" at p, white space inside ignored; behind it, or NULL */
static const char *
uri(const char *p, struct uris *u)
{
	char	scheme[8];
	size_t	n = 0, len = 0;

	if (*p++ != '<')
		return NULL;
	for (; *p != '>'; p++) {
		if (strchr(" \t\r\n", *p) != NULL && *p != '\0')
			continue;
		if (*p <= ' ' || *p >= 0x7f || *p == '<')
			return NULL;
		if (n < sizeof scheme - 1)
			scheme[n++] = *p;
		len++;
	}
	scheme[n] = '\0';
	/* a host, or an address, stands behind the scheme */
	if (strncasecmp(scheme, "https:/", 7) == 0 && len > 9)
		u->https++;
	else if (strncasecmp(scheme, "http:/", 6) == 0)
		u->http++;
	else if (strchr(scheme, ':') != NULL || len > n)
		u->others++;
	else
		return NULL;
	return p + 1;
}

/* read_uris - a field's list of URIs; what is wrong with it, or NULL */
static const char *
read_uris(const char *p, struct uris *u)
{
	static const char	broken[] = "broken syntax";

	for (;;) {
		if ((p = skip(p)) == NULL || (p = uri(p, u)) == NULL ||
		    (p = skip(p)) == NULL)
			return broken;
		if (*p == '\0')
			return NULL;
		if (*p++ != ',')
			return broken;
	}
}

/* judge_link - the value of List-Unsubscribe; what is wrong, or NULL */
static const char *
judge_link(const struct header *h)
{
	struct buf	 b = BUF_INIT(VALUE_MAX);
	struct uris	 u = { 0, 0, 0 };
	const char	*why;

	if (header_unfold(h->value, h->value_len, &b) == -1)
		why = "too long";
	else if (strlen(buf_str(&b)) != b.len)
		why = "NUL octet";
	else if ((why = read_uris(buf_str(&b), &u)) == NULL) {
		if (u.http > 0)
			why = "http without TLS";
		else if (u.https == 0)
			why = "no https link";
		else if (u.https > 1)
			why = "several https links";
	}
	buf_free(&b);
	return why;
}

/* judge_post - the value of List-Unsubscribe-Post; what is wrong, or NULL */
static const char *
judge_post(const struct header *h)
{
	struct buf	 b = BUF_INIT(VALUE_MAX);
	const char	*why = NULL;

	if (header_unfold(h->value, h->value_len, &b) == -1 ||
	    strlen(buf_str(&b)) != b.len ||
	    strcasecmp(buf_str(&b), "List-Unsubscribe=One-Click") != 0)
		why = "List-Unsubscribe-Post is not List-Unsubscribe=One-Click";
	buf_free(&b);
	return why;
}

enum existing
existing_judge(const struct header_list *l, const char **why)
{
	size_t	links = header_count(l, "List-Unsubscribe"),
		posts = header_count(l, "List-Unsubscribe-Post");

	*why = "";
	if (links == 0 && posts == 0)
		return EXISTING_NONE;
	if (links == 0)
		*why = "List-Unsubscribe-Post alone";
	else if (links > 1)
		*why = "several List-Unsubscribe";
	else if (posts > 1)
		*why = "several List-Unsubscribe-Post";
	else if ((*why = judge_link(header_first(l, "List-Unsubscribe"))) ==
	    NULL) {
		if (posts == 0)
			*why = "no List-Unsubscribe-Post";
		else if ((*why = judge_post(header_first(l,
		    "List-Unsubscribe-Post"))) == NULL) {
			*why = "";
			return EXISTING_VALID;
		}
	}
	return EXISTING_INVALID;
}

int
existing_url(const struct header_list *l, struct buf *out)
{
	const struct header	*h = header_first(l, "List-Unsubscribe");
	struct buf		 b = BUF_INIT(VALUE_MAX);
	const char		*p;
	int			 rc = -1;

	if (h != NULL && header_unfold(h->value, h->value_len, &b) == 0)
		for (p = buf_str(&b); (p = strchr(p, '<')) != NULL;) {
			while (*++p == ' ' || *p == '\t')
				;
			if (strncasecmp(p, "https://", 8) == 0) {
				for (; *p != '\0' && *p != '>'; p++)
					if (*p > ' ')
						(void)buf_addc(out, *p);
				rc = *p == '>' && !out->failed ? 0 : -1;
				break;
			}
		}
	buf_free(&b);
	return rc;
}

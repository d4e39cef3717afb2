/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_param.c - Content-Type, -Disposition and -Transfer-Encoding of a part
 *
 * A field in plain form, as nearly all are, is read here; what has comments,
 * escapes, RFC 2231 or encoded words, or is broken, GMime reads, at ten times
 * the cost. A boundary that it cannot find is looked for in the text, since
 * without one the whole multipart would be lost.
 */
#include "mail/mime_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "base/banned.h"

#define PLAIN_MAX	16	/* parameters of a field in plain form */
#define PLAIN_TYPE	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
			"0123456789/+-._"
#define VALUE_MAX	8192	/* octets of a Content-Type that are read */

/* lower - a malloc'ed copy in lower case, at most max octets; "" for NULL */
static char *
lower(const char *s, size_t max)
{
	size_t	 i, n = s == NULL ? 0 : strnlen(s, max);
	char	*out = malloc(n + 1);

	if (out == NULL)
		return NULL;
	for (i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)s[i]);
	out[n] = '\0';
	return out;
}

/* copy - a malloc'ed copy; "" for NULL or for what is too long to be true */
static char *
copy(const char *s, size_t max)
{
	if (s == NULL || strnlen(s, max + 1) > max)
		s = "";
	return strdup(s);
}

/* value_text - the field unfolded, as a C string; free() it */
static char *
value_text(const struct header *h)
{
	struct buf	 b = BUF_INIT(VALUE_MAX);
	size_t		 i, n = h->value_len;
	char		*out;

	if (n > VALUE_MAX)
		n = VALUE_MAX;
	(void)header_unfold(h->value, n, &b);
	if ((out = buf_steal(&b)) == NULL)
		return NULL;
	for (i = 0; out[i] != '\0'; i++)
		if ((unsigned char)out[i] < ' ')
			out[i] = ' ';
	return out;
}

/* rescue_boundary - boundary=... in a field that GMime could not read */
static char *
rescue_boundary(const char *text)
{
	const char	*p = strcasestr(text, "boundary"), *end;
	char		*out;

	if (p == NULL)
		return strdup("");
	p += 8;
	p += strspn(p, " \t");
	if (*p++ != '=')
		return strdup("");
	p += strspn(p, " \t");
	if (*p == '"') {
		p++;
		end = strchr(p, '"');
		end = end != NULL ? end : p + strlen(p);
	} else {
		end = p + strcspn(p, "; \t");
	}
	if ((size_t)(end - p) > MIME_BOUNDARY_MAX)
		end = p;
	if ((out = malloc((size_t)(end - p) + 1)) == NULL)
		return NULL;
	memcpy(out, p, (size_t)(end - p));
	out[end - p] = '\0';
	return out;
}

/* A parameter in plain form; points into the field. */
struct plain {
	const char	*name, *value;
	size_t		 name_len, value_len;
};

/* plain_one - `; name=value` or `; name="value"` at *p; 1, 0 at the end, -1
 * when it is anything else */
static int
plain_one(const char **p, struct plain *out)
{
	const char	*s = *p + strspn(*p, " ");

	if (*s == '\0')
		return 0;
	if (*s++ != ';')
		return -1;
	s += strspn(s, " ");
	if (*s == '\0')
		return 0;
	out->name = s;
	while (isalnum((unsigned char)*s) || *s == '-' || *s == '_')
		s++;
	out->name_len = (size_t)(s - out->name);
	s += strspn(s, " ");
	if (out->name_len == 0 || *s++ != '=')
		return -1;
	s += strspn(s, " ");
	if (*s == '"') {
		out->value = ++s;
		out->value_len = strcspn(s, "\"\\");
		s += out->value_len;
		if (*s++ != '"')
			return -1;
	} else {
		out->value = s;
		out->value_len = strcspn(s, " ;\"(\\,");
		s += out->value_len;
		if (out->value_len == 0)
			return -1;
	}
	if (memmem(out->value, out->value_len, "=?", 2) != NULL)
		return -1;
	*p = s;
	return 1;
}

/* plain_all - every parameter behind the first word; -1: ask GMime */
static int
plain_all(const char *text, const char *word_end, struct plain v[PLAIN_MAX])
{
	const char	*p;
	int		 n = 0, rc;

	for (p = text; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			return -1;
	p = word_end;
	while ((rc = plain_one(&p, &v[n])) == 1)
		if (++n == PLAIN_MAX)
			return -1;
	return rc == 0 ? n : -1;
}

/* plain_get - the first parameter of that name, malloc'ed; "" if there is none
 * or it is longer than max */
static char *
plain_get(const struct plain *v, int n, const char *name, size_t max,
    bool fold)
{
	char	*out;
	size_t	 k;
	int	 i;

	for (i = 0; i < n; i++)
		if (strlen(name) == v[i].name_len &&
		    strncasecmp(v[i].name, name, v[i].name_len) == 0)
			break;
	if (i == n || v[i].value_len > max)
		return strdup("");
	out = strndup(v[i].value, v[i].value_len);
	for (k = 0; fold && out != NULL && k < v[i].value_len; k++)
		out[k] = (char)tolower((unsigned char)out[k]);
	return out;
}

/* plain_type - a Content-Type in plain form; false = ask GMime */
static bool
plain_type(const char *text, struct mime_param *p)
{
	struct plain	v[PLAIN_MAX];
	const char	*end;
	size_t		k;
	int		n;

	text += strspn(text, " ");
	end = text + strcspn(text, " ;");
	k = (size_t)(end - text);
	if (k > 127 || memchr(text, '/', k) == NULL ||
	    strspn(text, PLAIN_TYPE) != k ||
	    (n = plain_all(text, end, v)) == -1)
		return false;
	p->type = lower(text, k);
	p->charset = plain_get(v, n, "charset", 63, true);
	p->report_type = plain_get(v, n, "report-type", 63, true);
	p->boundary = plain_get(v, n, "boundary", MIME_BOUNDARY_MAX, false);
	p->filename = plain_get(v, n, "name", 1024, false);
	return true;
}

/* read_type - type, charset, boundary, report-type, name */
static int
read_type(const char *text, const char *fallback, struct mime_param *p)
{
	GMimeContentType	*ct = NULL;
	char			*type;

	if (text != NULL && plain_type(text, p)) {
		if (p->boundary != NULL && p->boundary[0] == '\0' &&
		    p->type != NULL &&
		    strncmp(p->type, "multipart/", 10) == 0) {
			free(p->boundary);
			p->boundary = rescue_boundary(text);
		}
		return 0;
	}
	if (text != NULL && strchr(text, '/') != NULL)
		ct = g_mime_content_type_parse(NULL, text);
	if (ct == NULL) {
		p->type = strdup(fallback);
		p->charset = strdup("");
		p->report_type = strdup("");
		p->boundary = strdup("");
		return 0;
	}
	type = g_mime_content_type_get_mime_type(ct);
	p->type = lower(type, 127);
	g_free(type);
	p->charset = lower(g_mime_content_type_get_parameter(ct, "charset"),
	    63);
	p->report_type = lower(g_mime_content_type_get_parameter(ct,
	    "report-type"), 63);
	p->boundary = copy(g_mime_content_type_get_parameter(ct, "boundary"),
	    MIME_BOUNDARY_MAX);
	if (p->boundary != NULL && p->boundary[0] == '\0' &&
	    g_mime_content_type_is_type(ct, "multipart", "*")) {
		free(p->boundary);
		p->boundary = rescue_boundary(text);
	}
	p->filename = copy(g_mime_content_type_get_parameter(ct, "name"),
	    1024);
	g_object_unref(ct);
	return 0;
}

/* read_disposition - the word, and a filename over Content-Type's name */
static void
read_disposition(const char *text, struct mime_param *p)
{
	GMimeContentDisposition	*d;
	struct plain		 v[PLAIN_MAX];
	const char		*name, *end;
	int			 n;

	text += strspn(text, " ");
	end = text + strspn(text, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
	if (end > text && (n = plain_all(text, end, v)) != -1) {
		p->disposition = lower(text, (size_t)(end - text) < 31 ?
		    (size_t)(end - text) : 31);
		for (; n > 0; n--)
			if (v[n - 1].name_len == 8 &&
			    strncasecmp(v[n - 1].name, "filename", 8) == 0)
				break;
		if (n > 0 && v[n - 1].value_len > 0 &&
		    v[n - 1].value_len <= 1024) {
			free(p->filename);
			p->filename = strndup(v[n - 1].value,
			    v[n - 1].value_len);
		}
		return;
	}
	if ((d = g_mime_content_disposition_parse(NULL, text)) == NULL)
		return;
	p->disposition = lower(g_mime_content_disposition_get_disposition(d),
	    31);
	name = g_mime_content_disposition_get_parameter(d, "filename");
	if (name != NULL && name[0] != '\0') {
		free(p->filename);
		p->filename = copy(name, 1024);
	}
	g_object_unref(d);
}

/* read_encoding - the first word of the field */
static char *
read_encoding(const char *text)
{
	char	*out, *end;

	text += strspn(text, " \t\"");
	if ((out = lower(text, 31)) != NULL) {
		end = out + strcspn(out, " \t;(\"");
		*end = '\0';
	}
	return out;
}

int
mime_param_read(const struct header_list *hl, const char *fallback,
    struct mime_param *p)
{
	const struct header	*h;
	char			*text = NULL;

	memset(p, 0, sizeof *p);
	if ((h = header_first(hl, "Content-Type")) != NULL &&
	    (text = value_text(h)) == NULL)
		return -1;
	(void)read_type(text, fallback, p);
	free(text);
	if ((h = header_first(hl, "Content-Disposition")) != NULL) {
		if ((text = value_text(h)) == NULL)
			return -1;
		read_disposition(text, p);
		free(text);
	}
	if ((h = header_first(hl, "Content-Transfer-Encoding")) != NULL) {
		if ((text = value_text(h)) == NULL)
			return -1;
		p->encoding = read_encoding(text);
		free(text);
	} else {
		p->encoding = strdup("");
	}
	if (p->filename == NULL)
		p->filename = strdup("");
	if (p->disposition == NULL)
		p->disposition = strdup("");
	return p->type != NULL && p->charset != NULL &&
	    p->report_type != NULL && p->boundary != NULL &&
	    p->filename != NULL && p->disposition != NULL &&
	    p->encoding != NULL ? 0 : -1;
}

void
mime_param_free(struct mime_param *p)
{
	free(p->type);
	free(p->charset);
	free(p->report_type);
	free(p->boundary);
	free(p->filename);
	free(p->disposition);
	free(p->encoding);
	memset(p, 0, sizeof *p);
}

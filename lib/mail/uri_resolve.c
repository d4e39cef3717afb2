/* SPDX-License-Identifier: BSD-2-Clause */
/* uri_resolve.c - see uri.h: relative links */
#include "mail/uri_int.h"

#include "base/banned.h"

struct parts {
	const char	*scheme, *host, *path, *query, *frag;	/* NULL: none */
	size_t		 nscheme, nhost, npath, nquery, nfrag;
};

/* split - RFC 3986 appendix B */
static void
split(const char *p, size_t n, struct parts *u)
{
	const char	*end = p + n, *q;

	memset(u, 0, sizeof *u);
	for (q = p; q < end && strchr(":/?#", *q) == NULL; q++)
		;
	if (q > p && q < end && *q == ':') {
		u->scheme = p;
		u->nscheme = (size_t)(q - p);
		p = q + 1;
	}
	if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
		for (q = p += 2; q < end && strchr("/?#", *q) == NULL; q++)
			;
		u->host = p;
		u->nhost = (size_t)(q - p);
		p = q;
	}
	for (q = p; q < end && *q != '?' && *q != '#'; q++)
		;
	u->path = p;
	u->npath = (size_t)(q - p);
	if (q < end && *q == '?') {
		for (p = ++q; q < end && *q != '#'; q++)
			;
		u->query = p;
		u->nquery = (size_t)(q - p);
	}
	if (q < end && *q == '#') {
		u->frag = q + 1;
		u->nfrag = (size_t)(end - q) - 1;
	}
}

/* put_path - without its "." and ".." segments, RFC 3986 5.2.4 */
static int
put_path(const char *p, size_t n, struct buf *out)
{
	const char	*end = p + n, *q;
	size_t		 from = out->len;

	if (n > 1 && p[0] == '.' && (p[1] == '/' || (n > 2 && p[1] == '.' &&
	    p[2] == '/')))
		p += p[1] == '/' ? 1 : 2;
	while (p < end) {
		for (q = *p == '/' ? p + 1 : p; q < end && *q != '/'; q++)
			;
		if (q - p == 2 && memcmp(p, "/.", 2) == 0) {
			if (q == end && buf_addc(out, '/') == -1)
				return -1;
		} else if (q - p == 3 && memcmp(p, "/..", 3) == 0) {
			while (out->len > from &&
			    out->data[out->len - 1] != '/')
				out->len--;
			if (out->len > from)
				out->len--;
			if (out->data != NULL)
				out->data[out->len] = '\0';
			if (q == end && buf_addc(out, '/') == -1)
				return -1;
		} else if (buf_add(out, p, (size_t)(q - p)) == -1)
			return -1;
		p = q;
	}
	return 0;
}

/* put_merged - a relative path behind the base's last slash */
static int
put_merged(const struct parts *b, const struct parts *r, struct buf *out)
{
	struct buf	t = BUF_INIT(4 * URI_MAX);
	size_t		n = b->npath;
	int		rc;

	if (b->host != NULL && n == 0)
		rc = buf_addc(&t, '/');
	else {
		while (n > 0 && b->path[n - 1] != '/')
			n--;
		rc = buf_add(&t, b->path, n);
	}
	if (rc == 0 && (rc = buf_add(&t, r->path, r->npath)) == 0)
		rc = put_path(buf_str(&t), t.len, out);
	buf_free(&t);
	return rc;
}

int
uri_resolve(const char *base, size_t base_len, const char *uri, size_t len,
    struct buf *out)
{
	struct parts		 b, r;
	const struct parts	*who;		/* gives scheme, host */
	bool			 path_of_base;
	int			 rc = 0;

	split(base, base_len, &b);
	split(uri, len, &r);
	if (r.scheme != NULL && b.scheme != NULL && r.nscheme == b.nscheme &&
	    memcmp(r.scheme, b.scheme, r.nscheme) == 0)
		r.scheme = NULL;
	who = r.scheme != NULL || r.host != NULL ? &r : &b;
	path_of_base = who == &b && r.npath == 0;
	if (r.scheme != NULL)
		rc = buf_addf(out, "%.*s:", (int)r.nscheme, r.scheme);
	else if (b.scheme != NULL)
		rc = buf_addf(out, "%.*s:", (int)b.nscheme, b.scheme);
	else if (who->host != NULL && starts(who->host, who->nhost, "www"))
		rc = buf_adds(out, "http:");
	else if (who->host != NULL && starts(who->host, who->nhost, "ftp"))
		rc = buf_adds(out, "ftp:");
	if (rc == 0 && who->host != NULL)
		rc = buf_addf(out, "//%.*s", (int)who->nhost, who->host);
	if (rc == 0 && path_of_base)
		rc = buf_add(out, b.path, b.npath);
	else if (rc == 0 && who == &b && r.path[0] != '/')
		rc = put_merged(&b, &r, out);
	else if (rc == 0)
		rc = put_path(r.path, r.npath, out);
	if (rc == 0 && path_of_base && r.query == NULL)
		r.query = b.query, r.nquery = b.nquery;
	if (rc == 0 && r.query != NULL)
		rc = buf_addf(out, "?%.*s", (int)r.nquery, r.query);
	if (rc == 0 && r.frag != NULL)
		rc = buf_addf(out, "#%.*s", (int)r.nfrag, r.frag);
	return rc;
}

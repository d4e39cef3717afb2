/* SPDX-License-Identifier: BSD-2-Clause */
/* visible.c - see visible.h */
#include "unsubscribe/visible.h"

#include <stdint.h>
#include <string.h>

#include "mail/footer.h"
#include "unsubscribe/lines.h"

#include "base/banned.h"

#define DECODED_MAX	(64u << 20)	/* octets of a text looked through */

/* What a link is compared with. */
struct wanted {
	const struct links	*l;
	const char		*url;
};

/* is_ours - is there, behind our address, a token for this recipient? */
static bool
is_ours(const struct links *l, const char *p, size_t n)
{
	struct store_id	id;
	struct token	t;

	if (n < TOKEN_URL_SIZE - 1 || l->tokens == NULL || token_read(
	    l->tokens, p, TOKEN_URL_SIZE - 1, 0, 0, &t) != TOKEN_VALID)
		return false;
	if (l->rcpt == NULL)
		return t.kind == TOKEN_PAGE;
	store_keys_address(l->store, 0, l->rcpt, &id);
	return t.kind == TOKEN_UNSUB && t.store_key == id.key &&
	    t.scope == l->stream->scope_ids[0] &&
	    memcmp(t.digest, id.digest, sizeof t.digest) == 0;
}

/* holds - the very link, or one of ours that is as good */
static bool
holds(const struct wanted *w, const char *p, size_t n)
{
	const char	*base = w->l->stream->unsubscribe_url, *at = p;
	size_t		 len = strlen(base), left;

	if (memmem(p, n, w->url, strlen(w->url)) != NULL)
		return true;
	while (len > 0 && (left = n - (size_t)(at - p)) > len &&
	    (at = memmem(at, left, base, len)) != NULL) {
		at += len;
		if (is_ours(w->l, at, n - (size_t)(at - p)))
			return true;
	}
	return false;
}

/* linked - the same, also where HTML writes & as &amp; */
static bool
linked(void *arg, const char *p, size_t n)
{
	static const char	amp[] = "&amp;";
	struct buf		b = BUF_INIT(DECODED_MAX);
	const char		*at;
	bool			yes = holds(arg, p, n);

	if (yes || memmem(p, n, amp, sizeof amp - 1) == NULL)
		return yes;
	while ((at = memmem(p, n, amp, sizeof amp - 1)) != NULL) {
		(void)buf_add(&b, p, (size_t)(at + 1 - p));
		n -= (size_t)(at - p) + sizeof amp - 1;
		p = at + sizeof amp - 1;
	}
	(void)buf_add(&b, p, n);
	yes = !b.failed && holds(arg, b.data, b.len);
	buf_free(&b);
	return yes;
}

/* set_field - one of the message's own, changed or added; "" leaves it */
static int
set_field(struct frame_msg *m, const char *name, const struct buf *value)
{
	if (value->len == 0)
		return 0;
	if (header_first(frame_headers(m), name) != NULL)
		return frame_change_header(m, name, 1, value->data);
	return frame_append_header(m, name, value->data);
}

/* put - what footer_add() made, into the plan */
static int
put(struct frame_msg *m, const struct footer_out *out, struct err *e)
{
	bool	mime = out->content_type.len > 0 || out->encoding.len > 0;

	if (set_field(m, "Content-Type", &out->content_type) == -1 ||
	    set_field(m, "Content-Transfer-Encoding", &out->encoding) == -1 ||
	    (mime && header_first(frame_headers(m), "MIME-Version") == NULL &&
	    frame_append_header(m, "MIME-Version", "1.0") == -1) ||
	    frame_replace_body(m, out->body.data, out->body.len) == -1)
		return err_set(e, "the plan refused the footer");
	return 0;
}

/* add - to a body that is whole */
static int
add(struct frame_msg *m, const struct links *l, const char *url,
    const char *body, size_t len, enum visible *what, const char **why,
    struct err *e)
{
	struct wanted		 w = { l, url };
	struct buf		 text = BUF_INIT(FOOTER_MAX);
	struct buf		 html = BUF_INIT(FOOTER_MAX);
	struct footer		 f = { .linked = linked, .arg = &w };
	struct footer_out	 out;
	int			 rc;

	if (lines_text(l->stream, url, &text) == -1 ||
	    lines_html(l->stream, url, &html) == -1) {
		buf_free(&text);
		buf_free(&html);
		return err_set(e, "footer: too long, or out of memory");
	}
	f.text = buf_str(&text);
	f.html = buf_str(&html);
	rc = footer_add(frame_headers(m), body, len, &f, &out, e);
	if (rc == 0 && out.added > 0) {
		*what = VISIBLE_ADDED;
		rc = put(m, &out, e);
	} else if (rc == 0 && out.linked > 0) {
		*what = VISIBLE_THERE;
	} else if (rc == 0) {
		*why = out.why;
	}
	footer_out_free(&out);
	buf_free(&text);
	buf_free(&html);
	return rc;
}

int
visible_add(struct frame_msg *m, const struct links *l, const char *url,
    enum visible *what, const char **why, struct err *e)
{
	const char	*body;
	uint64_t	 total;
	size_t		 len;

	*why = "";
	*what = VISIBLE_OFF;
	if (l->stream->footer == STREAM_FOOTER_OFF)
		return 0;
	*what = VISIBLE_NONE;
	body = frame_body(m, &len, &total);
	if (*url == '\0')
		*why = "there is no link";
	else if (total > len)
		*why = "larger than max_body";
	else
		return add(m, l, url, body, len, what, why, e);
	return 0;
}

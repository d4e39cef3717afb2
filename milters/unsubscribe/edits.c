/* SPDX-License-Identifier: BSD-2-Clause */
/* edits.c - see edits.h */
#include "unsubscribe/edits.h"

#include <string.h>

#include "base/buf.h"
#include "mail/header.h"
#include "unsubscribe/fid.h"
#include "unsubscribe/links.h"

#include "base/banned.h"

#define VALUE_MAX	4096	/* octets of a header of ours */

/* delete_all - every field of that name */
static int
delete_all(struct frame_msg *m, const char *name)
{
	size_t	n = header_count(frame_headers(m), name);

	for (; n > 0; n--)
		if (frame_delete_header(m, name, n) == -1)
			return -1;
	return 0;
}

/* put_unsubscribe - List-Unsubscribe and, for one recipient, one-click */
static int
put_unsubscribe(const struct work *w, const struct links *l, struct err *e)
{
	struct buf	b = BUF_INIT(VALUE_MAX);
	int		rc;

	if ((rc = links_unsubscribe(l, &b, e)) == 0 &&
	    (delete_all(w->m, "List-Unsubscribe") == -1 ||
	    delete_all(w->m, "List-Unsubscribe-Post") == -1 ||
	    frame_append_header(w->m, "List-Unsubscribe", buf_str(&b)) == -1 ||
	    (l->rcpt != NULL && *w->stream->unsubscribe_url != '\0' &&
	    frame_append_header(w->m, "List-Unsubscribe-Post",
	    "List-Unsubscribe=One-Click") == -1)))
		rc = err_set(e, "the plan refused the header");
	buf_free(&b);
	return rc;
}

/* put_list_id - if the stream names one and the message has none */
static int
put_list_id(const struct work *w, struct err *e)
{
	struct buf	 b = BUF_INIT(VALUE_MAX);
	const char	*id = w->stream->list_id;
	int		 rc = 0;

	if (*id == '\0' || header_first(w->headers, "List-Id") != NULL)
		return 0;
	if (strchr(id, '<') != NULL)
		(void)header_fold(sizeof "List-Id" - 1, id, false, &b);
	else
		(void)buf_addf(&b, "<%s>", id);
	if (b.failed || frame_append_header(w->m, "List-Id", buf_str(&b)) ==
	    -1)
		rc = err_set(e, "List-Id: the plan refused the header");
	buf_free(&b);
	return rc;
}

/* put_feedback_id - ours in place of any other: a forged one would put our
 * figures under someone else's name */
static int
put_feedback_id(const struct work *w, struct err *e)
{
	struct buf	b = BUF_INIT(FID_MAX);
	int		rc = 0;

	if (*w->stream->feedback_id == '\0')
		return 0;
	if (fid_expand(w->stream, w->sender.text, w->headers, &b) == -1)
		rc = err_set(e, "feedback_id of stream %s is longer than %d "
		    "octets for this message", w->stream->name, FID_MAX);
	else if (delete_all(w->m, "Feedback-ID") == -1 ||
	    frame_append_header(w->m, "Feedback-ID", buf_str(&b)) == -1)
		rc = err_set(e, "Feedback-ID: the plan refused the header");
	buf_free(&b);
	return rc;
}

/* put_cfbl - where complaints go (RFC 9477), and whose they are */
static int
put_cfbl(const struct work *w, const struct links *l, struct err *e)
{
	struct buf	b = BUF_INIT(VALUE_MAX);
	int		rc = 0;

	if (*w->stream->cfbl_address == '\0')
		return 0;
	(void)buf_addf(&b, "%s; report=arf", w->stream->cfbl_address);
	if (b.failed || delete_all(w->m, "CFBL-Address") == -1 ||
	    delete_all(w->m, "CFBL-Feedback-ID") == -1 ||
	    frame_append_header(w->m, "CFBL-Address", buf_str(&b)) == -1)
		rc = err_set(e, "CFBL-Address: the plan refused the header");
	buf_reset(&b);
	if (rc == 0 && (rc = links_cfbl(l, &b, e)) == 0 &&
	    frame_append_header(w->m, "CFBL-Feedback-ID", buf_str(&b)) == -1)
		rc = err_set(e, "CFBL-Feedback-ID: the plan refused it");
	buf_free(&b);
	return rc;
}

/* put_sender - VERP; a bounce has no return path to rewrite */
static int
put_sender(struct work *w, const struct links *l, struct err *e)
{
	struct buf	b = BUF_INIT(VALUE_MAX);
	int		rc;

	if (*w->stream->verp_address == '\0' || l->rcpt == NULL ||
	    w->sender.text[0] == '\0')
		return 0;
	if ((rc = links_sender(l, &b, e)) == 0 &&
	    frame_change_sender(w->m, buf_str(&b)) == -1)
		rc = err_set(e, "the plan refused the sender");
	w->verp = rc == 0;
	buf_free(&b);
	return rc;
}

/* put_footer - the link that the message has, for readers to see */
static int
put_footer(struct work *w, const struct links *l, struct err *e)
{
	struct buf	url = BUF_INIT(VALUE_MAX);
	int		rc = 0;

	if (w->action == DO_PERSONAL || w->action == DO_PAGE)
		rc = links_url(l, &url, e);
	else if (existing_url(w->headers, &url) == -1)
		buf_reset(&url);
	if (rc == 0)
		rc = visible_add(w->m, l, buf_str(&url), &w->visible,
		    &w->hidden, e);
	buf_free(&url);
	return rc;
}

int
edits_plan(struct work *w, struct err *e)
{
	struct links	l = { .tokens = w->snap->tokens,
	    .store = w->snap->store, .stream = w->stream,
	    .rcpt = w->who == WHO_ONE ? &w->rcpt : NULL,
	    .subject = w->snap->set.mailto_subject };

	if (w->stream->unsubscribe != STREAM_UNSUB_OFF) {
		if (put_footer(w, &l, e) == -1)
			return -1;
		if (w->visible == VISIBLE_NONE &&
		    w->stream->footer == STREAM_FOOTER_REQUIRE)
			return 0;	/* it will not leave */
		if ((w->action == DO_PERSONAL || w->action == DO_PAGE) &&
		    put_unsubscribe(w, &l, e) == -1)
			return -1;
		if (put_list_id(w, e) == -1 || put_feedback_id(w, e) == -1 ||
		    put_cfbl(w, &l, e) == -1)
			return -1;
	}
	return put_sender(w, &l, e);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* drive_print.c - a played message as lines or as one JSON object */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "frame/drive_int.h"
#include "frame/plan.h"

#include "base/banned.h"

void
drive_reply_text(enum frame_verdict v, const struct msg_reply *r,
    char out[DRIVE_REPLY_SIZE])
{
	out[0] = '\0';
	if (v == FRAME_REJECT || v == FRAME_TEMPFAIL)
		(void)snprintf(out, DRIVE_REPLY_SIZE, "%s %s %s", r->code,
		    r->status, r->text);
}

/* utf8_len - octets of the valid UTF-8 sequence at s, 0 if there is none */
static size_t
utf8_len(const unsigned char *s, size_t n)
{
	size_t	k, i;

	k = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 :
	    *s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;
	if (k == 0 || k > n)
		return 0;
	for (i = 1; i < k; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return k;
}

/* json_string - quoted; what is not UTF-8 becomes U+FFFD */
static void
json_string(FILE *f, const char *text, size_t n)
{
	const unsigned char	*s = (const unsigned char *)text;
	size_t			 k;

	(void)fputc('"', f);
	for (; n > 0; s += k, n -= k) {
		if ((k = utf8_len(s, n)) == 0) {
			(void)fputs("\\ufffd", f);
			k = 1;
		} else if (*s == '"' || *s == '\\') {
			(void)fprintf(f, "\\%c", *s);
		} else if (*s < ' ' || *s == 0x7f) {
			(void)fprintf(f, "\\u%04x", *s);
		} else {
			(void)fwrite(s, 1, k, f);
		}
	}
	(void)fputc('"', f);
}

/* member - ,"name":"value" */
static void
member(FILE *f, const char *sep, const char *name, const char *value)
{
	(void)fprintf(f, "%s\"%s\":", sep, name);
	json_string(f, value, strlen(value));
}

static void
json_edits(const struct plan *p, FILE *f)
{
	const struct edit	*ed;

	(void)fputs(",\"edits\":[", f);
	for (ed = p->v; ed < p->v + p->n; ed++) {
		member(f, ed == p->v ? "{" : ",{", "policy", ed->by);
		member(f, ",", "edit", plan_kind_name(ed->kind));
		if (ed->name != NULL)
			member(f, ",", "name", ed->name);
		if (ed->kind <= EDIT_DELETE && ed->kind != EDIT_APPEND)
			(void)fprintf(f, ",\"n\":%zu", ed->n);
		if (ed->value != NULL)
			member(f, ",", "value", ed->value);
		(void)fputc('}', f);
	}
	(void)fputc(']', f);
}

static void
json_lines(const char *name, const char *text, FILE *f)
{
	const char	*nl, *sep = "";

	(void)fprintf(f, ",\"%s\":[", name);
	for (; (nl = strchr(text, '\n')) != NULL; text = nl + 1) {
		(void)fputs(sep, f);
		json_string(f, text, (size_t)(nl - text));
		sep = ",";
	}
	(void)fputc(']', f);
}

static void
print_json(const struct drive_result *r, FILE *f)
{
	const struct drive_rcpt	*c;

	member(f, "{", "verdict", msg_verdict_name(r->msg->verdict));
	member(f, ",", "policy", r->msg->by != NULL ? r->msg->by : "");
	member(f, ",", "reply", r->reply);
	(void)fputs(",\"recipients\":[", f);
	for (c = r->rcpts; c < r->rcpts + r->nrcpts; c++) {
		member(f, c == r->rcpts ? "{" : ",{", "address", c->rcpt);
		member(f, ",", "verdict", msg_verdict_name(c->verdict));
		member(f, ",", "reply", c->reply);
		(void)fputc('}', f);
	}
	(void)fputc(']', f);
	json_edits(&r->msg->plan, f);
	json_lines("events", buf_str(&r->events), f);
	(void)fputs("}\n", f);
}

/* print_lines - every line of text with a word in front */
static void
print_lines(const char *word, const char *text, FILE *f)
{
	const char	*nl;

	for (; (nl = strchr(text, '\n')) != NULL; text = nl + 1)
		(void)fprintf(f, "%s %.*s\n", word, (int)(nl - text), text);
}

static void
print_edits(const struct plan *p, FILE *f)
{
	const struct edit	*ed;
	struct buf		 line;

	buf_init(&line, 2 * PLAN_VALUE_MAX + 256);
	for (ed = p->v; ed < p->v + p->n; ed++) {
		buf_reset(&line);
		(void)plan_print_edit(ed, &line);
		(void)fprintf(f, "edit %s: %s\n", ed->by, buf_str(&line));
	}
	buf_free(&line);
}

void
drive_print(const struct drive_result *r, bool json, FILE *f)
{
	const struct drive_rcpt	*c;

	if (json) {
		print_json(r, f);
		return;
	}
	for (c = r->rcpts; c < r->rcpts + r->nrcpts; c++)
		(void)fprintf(f, "recipient %s: %s%s%s\n", c->rcpt,
		    msg_verdict_name(c->verdict), c->reply[0] ? " " : "",
		    c->reply);
	print_lines("event", buf_str(&r->events), f);
	print_edits(&r->msg->plan, f);
	(void)fprintf(f, "verdict %s", msg_verdict_name(r->msg->verdict));
	if (r->msg->verdict != FRAME_CONTINUE)
		(void)fprintf(f, " by %s", r->msg->by);
	else if (r->msg->pass)
		(void)fprintf(f, ", over a limit, unprocessed");
	(void)fprintf(f, "%s%s\n", r->reply[0] ? ": " : "", r->reply);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* page.c - see page.h */
#include "web/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/banned.h"

#define STYLE_MAX	16384
#define CARD_LIGHT	"#ffffff"
#define CARD_DARK	"#1d2126"
#define EDGE		3.0	/* contrast of a button with its card, at least
				   (WCAG 2, 1.4.11) */
#define CSP_MAX		1024

/* %s: button, text on it, light and dark. Text keeps a contrast of 4.5 and
 * more on its ground, edges of what can be pressed 3, in both schemes. */
static const char	sheet[] =
    ":root{color-scheme:light dark;--bg:#f4f6f8;--card:" CARD_LIGHT ";"
    "--fg:#1a1d21;--dim:#4f5862;--line:#dce1e6;--edge:#7b858f;--ok:#e8f5ec;"
    "--act:%s;--on:%s}"
    "@media(prefers-color-scheme:dark){:root{--bg:#121518;--card:" CARD_DARK
    ";--fg:#eceef0;--dim:#b0b8c1;--line:#31373e;--edge:#838d97;--ok:#173527;"
    "--act:%s;--on:%s}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--bg);color:var(--fg);"
    "font:1.0625rem/1.6 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'Noto Sans','Noto Sans CJK SC','Noto Sans CJK JP',sans-serif}"
    "header,main,footer{max-width:38rem;margin:0 auto;padding:0 1.25rem}"
    "header{padding-top:2.5rem}"
    "header img{display:block;max-height:3rem;max-width:100%%}"
    ".brand{margin:0;font-weight:600;letter-spacing:.01em}"
    "main{margin-top:2rem;margin-bottom:2rem;color:var(--dim)}"
    "h1{font-size:1.875rem;line-height:1.2;margin:0 0 .75rem;"
    "letter-spacing:-.015em;text-wrap:balance}"
    "h2{font-size:1.125rem;line-height:1.4;margin:0}"
    "h1,h2,label,.told{color:var(--fg)}"
    "p{margin:.25rem 0 .75rem;overflow-wrap:anywhere}"
    "ul{list-style:none;margin:1.75rem 0;padding:0}"
    ".card,.told{background:var(--card);border:1px solid var(--line);"
    "border-radius:.875rem;padding:1.25rem 1.375rem;margin:0 0 1rem;"
    "box-shadow:0 1px 2px rgb(0 0 0/.05)}"
    ".told{background:var(--ok);margin:1.25rem 0 1.75rem}"
    ".card p:last-child,.told p:last-child{margin-bottom:0}"
    "form{margin:.875rem 0 0}"
    "label{display:block;font-weight:600;margin:.5rem 0 .25rem}"
    "input[type=email]{width:100%%;font:inherit;"
    "padding:.6rem .75rem;min-height:2.875rem;color:var(--fg);"
    "background:var(--bg);border:1px solid var(--edge);"
    "border-radius:.5rem;margin-bottom:.875rem}"
    "button{font:inherit;font-weight:600;line-height:1.35;"
    "min-height:2.875rem;padding:.625rem 1.25rem;border-radius:.5rem;"
    "cursor:pointer;color:var(--fg);background:transparent;"
    "border:1px solid var(--edge);max-width:100%%;overflow-wrap:anywhere;"
    "text-wrap:balance}"
    "button:hover{border-color:var(--fg)}"
    "button.main{color:var(--on);background:var(--act);"
    "border-color:transparent}"
    "button.main:hover{filter:brightness(.94)}"
    "summary{cursor:pointer;padding:.6rem 0;text-decoration:underline;"
    "text-underline-offset:.2em}"
    ":focus-visible{outline:3px solid var(--fg);outline-offset:3px}"
    "footer{color:var(--dim);padding-bottom:2.5rem;font-size:.9375rem}"
    "address{font-style:normal;white-space:pre-line}"
    "@media(max-width:30rem){header{padding-top:1.5rem}"
    "main{margin-top:1.5rem}h1{font-size:1.625rem}button{width:100%%}}"
    "@media(prefers-contrast:more){:root{--dim:var(--fg);--line:var(--fg);"
    "--edge:var(--fg)}}";

int
page_color(const char *text, unsigned rgb[3])
{
	unsigned	c[3];
	char		end;

	if (strlen(text) != 7 || text[0] != '#' ||
	    strspn(text + 1, "0123456789abcdefABCDEF") != 6 ||
	    sscanf(text + 1, "%2x%2x%2x%c", &c[0], &c[1], &c[2], &end) != 3)
		return -1;
	if (rgb != NULL)
		memcpy(rgb, c, sizeof c);
	return 0;
}

/* linear - the light of one colour channel (WCAG 2, relative luminance) */
static double
linear(unsigned v)
{
	double	x = v / 255.0;

	return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

/* light - relative luminance */
static double
light(const unsigned rgb[3])
{
	return 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) +
	    0.0722 * linear(rgb[2]);
}

static double
contrast(double a, double b)
{
	return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
}

/*
 * button_colors - the brand's colour, made darker or lighter until it stands
 * out from the card, and black or white on it, whichever reads better
 */
static void
button_colors(const char *brand, const char *card, char act[8], char on[8])
{
	unsigned	c[3] = { 0, 0, 0 }, ground[3] = { 0, 0, 0 };
	unsigned	i, to;

	(void)page_color(brand, c);
	(void)page_color(card, ground);
	to = light(ground) > 0.5 ? 0 : 255;
	while (contrast(light(c), light(ground)) < EDGE)
		for (i = 0; i < 3; i++)
			c[i] = to == 0 ? c[i] * 15 / 16 :
			    255 - (255 - c[i]) * 15 / 16;
	(void)snprintf(act, 8, "#%02x%02x%02x", c[0], c[1], c[2]);
	(void)snprintf(on, 8, "%s", contrast(light(c), 0) >
	    contrast(light(c), 1) ? "#000000" : "#ffffff");
}

int
page_style(struct snap *s, struct err *e)
{
	unsigned char	md[SHA256_DIGEST_LENGTH], b64[64];
	struct buf	b = BUF_INIT(STYLE_MAX), c = BUF_INIT(CSP_MAX);
	char		act[2][8], on[2][8];

	button_colors(s->web.brand_color, CARD_LIGHT, act[0], on[0]);
	button_colors(s->web.brand_color, CARD_DARK, act[1], on[1]);
	(void)buf_addf(&b, sheet, act[0], on[0], act[1], on[1]);
	SHA256((const unsigned char *)buf_str(&b), b.len, md);
	(void)EVP_EncodeBlock(b64, md, sizeof md);
	(void)buf_addf(&c, "default-src 'none'; style-src 'sha256-%s'; "
	    "img-src 'self'; form-action 'self'; base-uri 'none'; "
	    "frame-ancestors 'none'", (const char *)b64);
	s->style = buf_steal(&b);
	s->csp = buf_steal(&c);
	buf_free(&b);
	buf_free(&c);
	return s->style != NULL && s->csp != NULL ? 0 :
	    err_set(e, "out of memory");
}

/* -- pieces ---------------------------------------------------------------- */

/* esc - text as HTML, in elements and in quoted attributes */
static void
esc(struct buf *b, const char *s)
{
	size_t	n;

	while (*s != '\0') {
		n = strcspn(s, "&<>\"'");
		(void)buf_add(b, s, n);
		s += n;
		switch (*s) {
		case '&':	(void)buf_adds(b, "&amp;");	break;
		case '<':	(void)buf_adds(b, "&lt;");	break;
		case '>':	(void)buf_adds(b, "&gt;");	break;
		case '"':	(void)buf_adds(b, "&quot;");	break;
		case '\'':	(void)buf_adds(b, "&#39;");	break;
		default:	return;
		}
		s++;
	}
}

/* fill - t with its arguments, each through add() */
static void
fill(struct buf *b, const char *t, const char *a1, const char *a2,
    void (*put)(struct buf *, const char *))
{
	const char	*d;

	for (; (d = strchr(t, '$')) != NULL; t = d + 2) {
		(void)buf_add(b, t, (size_t)(d - t));
		if (d[1] == '1' && a1 != NULL)
			put(b, a1);
		else if (d[1] == '2' && a2 != NULL)
			put(b, a2);
	}
	(void)buf_adds(b, t);
}

static void
put_raw(struct buf *b, const char *s)
{
	(void)buf_adds(b, s);
}

void
page_fill(struct buf *b, const char *t, const char *a1, const char *a2)
{
	fill(b, t, a1, a2, put_raw);
}

/* say - one of our own sentences; its argument is not ours and is escaped */
static void
say(struct buf *b, enum lang l, enum text t, const char *a1)
{
	fill(b, text_of(l, t), a1, NULL, esc);
}

static void
say_p(struct buf *b, enum lang l, enum text t, const char *a1)
{
	(void)buf_adds(b, "<p>");
	say(b, l, t, a1);
	(void)buf_adds(b, "</p>");
}

/* open_page - up to the heading, which is title */
static void
open_page(struct buf *b, const struct snap *s, enum lang l, enum text title)
{
	(void)buf_addf(b, "<!doctype html><html lang=\"%s\"><head>"
	    "<meta charset=\"utf-8\"><meta name=\"viewport\" "
	    "content=\"width=device-width,initial-scale=1\">"
	    "<meta name=\"robots\" content=\"noindex,nofollow\"><title>",
	    lang_tag(l));
	say(b, l, title, NULL);
	if (s->web.brand[0] != '\0') {
		(void)buf_adds(b, " – ");
		esc(b, s->web.brand);
	}
	/* not by buf_addf: the sheet is most of the page */
	(void)buf_adds(b, "</title><style>");
	(void)buf_adds(b, s->style);
	(void)buf_adds(b, "</style></head><body>");
	if (s->logo != NULL) {
		(void)buf_adds(b, "<header><img src=\"");
		esc(b, s->web.path);
		(void)buf_adds(b, "logo\" alt=\"");
		esc(b, s->web.brand);
		(void)buf_adds(b, "\"></header>");
	} else if (s->web.brand[0] != '\0') {
		(void)buf_adds(b, "<header><p class=\"brand\">");
		esc(b, s->web.brand);
		(void)buf_adds(b, "</p></header>");
	}
	(void)buf_adds(b, "<main><h1>");
	say(b, l, title, NULL);
	(void)buf_adds(b, "</h1>");
}

static void
close_page(struct buf *b, const struct snap *s)
{
	(void)buf_adds(b, "</main>");
	if (s->web.postal_address[0] != '\0') {
		(void)buf_adds(b, "<footer><address>");
		esc(b, s->web.postal_address);
		(void)buf_adds(b, "</address></footer>");
	}
	(void)buf_adds(b, "</body></html>\n");
}

/* form - a hidden action, and scope or ticket; the caller adds the rest */
static void
form(struct buf *b, const char *action, const char *name, const char *value)
{
	(void)buf_addf(b, "<form method=\"post\"><input type=\"hidden\" "
	    "name=\"action\" value=\"%s\">", action);
	if (name != NULL)
		(void)buf_addf(b, "<input type=\"hidden\" name=\"%s\" "
		    "value=\"%s\">", name, value);
}

static void
button(struct buf *b, enum lang l, enum text t, const char *a1, bool first)
{
	(void)buf_addf(b, "<button type=\"submit\"%s>",
	    first ? " class=\"main\"" : "");
	say(b, l, t, a1);
	(void)buf_adds(b, "</button></form>");
}

static void
address_input(struct buf *b, enum lang l, const char *id)
{
	(void)buf_addf(b, "<label for=\"a%s\">", id);
	say(b, l, T_ADDRESS, NULL);
	(void)buf_addf(b, "</label><input type=\"email\" id=\"a%s\" "
	    "name=\"address\" autocomplete=\"email\" maxlength=\"320\" "
	    "required>", id);
}

/* -- pages ----------------------------------------------------------------- */

/* list - one card */
static void
list(struct buf *b, enum lang l, const struct page_view *v, size_t i)
{
	const struct page_list	*p = &v->v[i];
	const char		*title = web_title(p->scope, l);
	char			 id[16];

	(void)snprintf(id, sizeof id, "%08x", p->scope->id);
	(void)buf_adds(b, "<li class=\"card\"><h2>");
	esc(b, title);
	(void)buf_adds(b, "</h2>");
	if (p->state == PAGE_ON) {
		say_p(b, l, T_ON, NULL);
		form(b, "off", "scope", id);
		button(b, l, T_BTN_FROM, title, i == 0 && !v->told);
	} else
		say_p(b, l, p->state == PAGE_OFF ? T_OFF : T_OFF_OTHER, NULL);
	if (p->state == PAGE_OFF && v->mail) {
		(void)buf_adds(b, "<details><summary>");
		say(b, l, T_AGAIN_LIST, title);
		(void)buf_adds(b, "</summary>");
		say_p(b, l, T_AGAIN_HOW, NULL);
		form(b, "again", "scope", id);
		address_input(b, l, id);
		button(b, l, T_BTN_SEND, NULL, true);
		(void)buf_adds(b, "</details>");
	}
	(void)buf_adds(b, "</li>");
}

/* told - the message in front, with its undo button */
static void
told(struct buf *b, enum lang l, const struct page_view *v)
{
	(void)buf_adds(b, "<div class=\"told\" role=\"status\">");
	say_p(b, l, v->message, v->message_arg);
	if (v->undo != NULL) {
		say_p(b, l, T_UNDO, NULL);
		form(b, "undo", "ticket", v->undo);
		button(b, l, T_BTN_UNDO, NULL, true);
	}
	(void)buf_adds(b, "</div>");
}

void
page_lists(struct buf *b, const struct snap *s, enum lang l,
    const struct page_view *v)
{
	size_t	i;

	open_page(b, s, l, v->title);
	if (v->told)
		told(b, l, v);
	else
		say_p(b, l, T_INTRO, NULL);
	(void)buf_adds(b, "<ul>");
	for (i = 0; i < v->n; i++)
		list(b, l, v, i);
	(void)buf_adds(b, "<li class=\"card\"><h2>");
	say(b, l, T_ALL_HEAD, NULL);
	(void)buf_adds(b, "</h2>");
	if (v->all_off)
		say_p(b, l, T_OFF, NULL);
	else {
		say_p(b, l, T_ALL_HINT, NULL);
		form(b, "all", NULL, NULL);
		button(b, l, T_BTN_ALL, NULL, v->n == 0 && !v->told);
	}
	(void)buf_adds(b, "</li></ul>");
	say_p(b, l, T_NEEDED, NULL);
	close_page(b, s);
}

void
page_plain(struct buf *b, const struct snap *s, enum lang l, enum text title,
    enum text message, const char *arg)
{
	open_page(b, s, l, title);
	say_p(b, l, message, arg);
	close_page(b, s);
}

void
page_ask(struct buf *b, const struct snap *s, enum lang l)
{
	open_page(b, s, l, T_TITLE);
	if (s->web.smtp[0] == '\0')
		say_p(b, l, T_ASK_NO_MAIL, NULL);
	else {
		say_p(b, l, T_ASK, NULL);
		(void)buf_adds(b, "<div class=\"card\">");
		form(b, "ask", NULL, NULL);
		address_input(b, l, "0");
		button(b, l, T_BTN_SEND, NULL, true);
		(void)buf_adds(b, "</div>");
	}
	say_p(b, l, T_NEEDED, NULL);
	close_page(b, s);
}

void
page_confirm(struct buf *b, const struct snap *s, enum lang l,
    const char *list_title)
{
	open_page(b, s, l, T_CONFIRM_TITLE);
	say_p(b, l, T_CONFIRM, list_title);
	form(b, "confirm", NULL, NULL);
	button(b, l, T_BTN_CONFIRM, NULL, true);
	close_page(b, s);
}
